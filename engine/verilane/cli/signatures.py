"""What `verilane verify` takes: which signatures, of which scheme, and what is asked of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from . import audit
from .options import DeviceName, Threads
from .stream import BadInput

__all__ = ["BatchSize", "Digests", "LowS", "Signatures", "VerifyOptions"]


class Scheme(str, Enum):
    """What can be verified."""

    SECP256K1_ECDSA = "secp256k1-ecdsa"
    P256_ECDSA = "p256-ecdsa"
    BIP340 = "bip340"
    ED25519 = "ed25519"
    SM2 = "sm2"


class Rule(str, Enum):
    """What an Ed25519 signature must be."""

    ZIP215 = "zip215"
    RFC8032 = "rfc8032"
    OPENSSL = "openssl"
    STRICT = "strict"


class Encoding(str, Enum):
    """How a signature is written."""

    COMPACT = "compact"
    DER = "der"
    DER_LAX = "der-lax"
    FISCO = "fisco"


class KeyForm(str, Enum):
    """How a public key may be written."""

    ANY = "any"
    SEC1 = "sec1"
    COMPRESSED = "compressed"


Signatures = Annotated[str, typer.Option(metavar="COL", help="Column of the signatures.")]
Digests = Annotated[str, typer.Option(metavar="COL", help="Column of the 32-byte digests.")]
LowS = Annotated[bool, typer.Option("--low-s", help="Take s > n/2 for a bad signature.")]
BatchSize = Annotated[
    int, typer.Option(min=1, max=1 << 24, help="Rows to hold in memory at a time.")
]


@dataclass(frozen=True)
class VerifyOptions:
    """The options of the command."""

    scheme: Annotated[Scheme, typer.Option(help="The signature scheme.")]
    signatures: Signatures
    keys: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the public keys (fisco has them itself)."),
    ] = None
    digests: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the 32-byte digests (ECDSA, or sm2)."),
    ] = None
    messages: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the messages (bip340, ed25519, sm2)."),
    ] = None
    encoding: Annotated[Encoding, typer.Option(help="How signatures are written.")] = (
        Encoding.COMPACT
    )
    low_s: LowS = False
    hybrid_keys: Annotated[
        bool, typer.Option("--hybrid-keys", help="Take 65-byte keys that begin with 06 or 07.")
    ] = False
    key_form: Annotated[
        KeyForm, typer.Option(help="sec1: no keys of 64 bytes; compressed: keys of 33 bytes only.")
    ] = KeyForm.ANY
    rule: Annotated[
        Rule | None, typer.Option(help="What Ed25519 signatures must be (default: zip215).")
    ] = None
    user_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="SM2's user ID for all rows (default: 1234567812345678)."),
    ] = None
    user_ids: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of SM2's user IDs.")
    ] = None
    expected: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of what should come out: true for OK and false for any other verdict, "
            "or verdict codes (1 to 5), or verdict names.",
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(metavar="VERDICTS.parquet", help="Write row numbers and verdicts here."),
    ] = None
    threads: Threads = None
    device: DeviceName = None
    batch_size: BatchSize = 65536

    def check(self) -> audit.Check:
        """Returns what is done with a row. BadInput: an option is missing, or means nothing."""
        if self.scheme is not Scheme.SM2:
            self._refuse(user_id=self.user_id, user_ids=self.user_ids)
        if self.scheme in (Scheme.SECP256K1_ECDSA, Scheme.P256_ECDSA):
            return self._ecdsa()
        if self.scheme is Scheme.SM2:
            return self._sm2()
        return self._of_messages()

    def _ecdsa(self) -> audit.Check:
        self._refuse(messages=self.messages, rule=self.rule)
        self._refuse_encoding(Encoding.FISCO)
        return audit.ecdsa_check(
            self.scheme.value,
            self._require("keys", self.keys),
            self.signatures,
            self._require("digests", self.digests),
            encoding=self.encoding.value,
            low_s=self.low_s,
            hybrid_keys=self.hybrid_keys,
            key_form=self.key_form.value,
            threads=self.threads,
        )

    def _sm2(self) -> audit.Check:
        self._refuse(low_s=self.low_s, hybrid_keys=self.hybrid_keys, rule=self.rule)
        self._refuse(key_form=self.key_form is not KeyForm.ANY)
        self._refuse_encoding(Encoding.DER_LAX)
        keys = self.keys
        if self.encoding is not Encoding.FISCO:
            keys = self._require("keys", keys)
        self._require_one(messages=self.messages, digests=self.digests)
        _at_most_one(user_id=self.user_id, user_ids=self.user_ids, digests=self.digests)
        return audit.sm2_check(
            keys,
            self.signatures,
            self.messages,
            digests=self.digests,
            user_ids=self.user_ids,
            user_id=self.user_id,
            encoding=self.encoding.value,
            threads=self.threads,
        )

    def _of_messages(self) -> audit.Check:
        """BIP-340 and Ed25519."""
        self._refuse(digests=self.digests, low_s=self.low_s, hybrid_keys=self.hybrid_keys)
        self._refuse(key_form=self.key_form is not KeyForm.ANY)
        self._refuse(encoding=self.encoding is not Encoding.COMPACT)
        columns = (
            self._require("keys", self.keys),
            self.signatures,
            self._require("messages", self.messages),
        )
        if self.scheme is Scheme.BIP340:
            self._refuse(rule=self.rule)
            return audit.schnorr_check(*columns, threads=self.threads)
        rule = (self.rule or Rule.ZIP215).value
        return audit.ed25519_check(*columns, rule=rule, threads=self.threads)

    def _require(self, option: str, value: str | None) -> str:
        """Returns the value of an option that the scheme needs."""
        if value is None:
            raise BadInput(f"--scheme {self.scheme.value} needs --{option}")
        return value

    def _require_one(self, **options: str | None) -> None:
        """Refuses a run where none of several options is given, or more than one."""
        if not any(options.values()):
            raise BadInput(f"--scheme {self.scheme.value} needs {_listed(options)}")
        _at_most_one(**options)

    def _refuse_encoding(self, other: Encoding) -> None:
        if self.encoding is other:
            raise BadInput(f"--scheme {self.scheme.value} takes no --encoding {other.value}")

    def _refuse(self, **options: object) -> None:
        """Refuses a run where an option was given that means nothing for the scheme."""
        for name, value in options.items():
            if value:
                raise BadInput(f"--scheme {self.scheme.value} takes no {_listed([name])}")


def _at_most_one(**options: str | None) -> None:
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise BadInput(f"at most one of {_listed(given)} can be given")


def _listed(options: Iterable[str]) -> str:
    return " or ".join("--" + name.replace("_", "-") for name in options)
