"""ECDSA verification on any curve: arguments checked, work handed out, verdicts read. What
secp256k1/ecdsa.py and p256/ecdsa.py give out.
"""

from functools import partial
from typing import Any

import numpy as np

from . import _choice, _cpu_keys, _cpu_signatures, _cpu_terms, _offload, _pool
from ._columns import BytesLike, ColumnLike, column
from ._devices import cpu_of, trusted_of
from ._items import KEYS_PER_CORE, LANES, decided, demand_ok
from ._prepared import KeysLike, PreparedKeys, key_column
from ._verdicts import Verdicts

__all__ = ["COMPACT_WIDTHS", "DIGEST_WIDTHS", "KEY_WIDTHS", "Ecdsa", "flags_of"]

KEY_WIDTHS = (33, 65, 64)
COMPACT_WIDTHS = (64,)
DIGEST_WIDTHS = (32,)
NAMES = "key", "signature", "digest"


class Ecdsa:
    """ECDSA over one curve: what the public modules of the curves give out as functions."""

    def __init__(self, curve: str) -> None:
        """curve: as the C ABI spells it."""
        self._curve = curve
        self._scheme = f"{curve}.ecdsa"

    def verify_many(
        self,
        keys: KeysLike,
        signatures: ColumnLike,
        digests: ColumnLike,
        *,
        encoding: str = "compact",
        low_s: bool = False,
        hybrid_keys: bool = False,
        key_form: str = "any",
        device: str | None = None,
        threads: int | None = None,
    ) -> Verdicts:
        """Verifies n signatures and returns one verdict for each, in order.

        keys: 33 bytes (02/03, x), 65 bytes (04, x, y) or 64 bytes (x, y), mixed at will unless
        packed; or what `prepare` made of them.
        signatures: 64 bytes (r, s) each if `encoding` is "compact" (WebAuthn, JOSE, TEE quotes);
        "der" is strict DER (BIP 66, X.509, Fabric); "der-lax" also takes lengths and numbers that
        BER would write, as Bitcoin's historic parser does; neither has a sighash byte.
        digests: 32 bytes each. They fix n.
        Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items.
        low_s: s > n/2 is BAD_SIGNATURE (Ethereum since Homestead, Bitcoin's relay policy, Fabric);
        the standard takes both.
        hybrid_keys: 65-byte keys may also start with 06 or 07 (ANSI X9.62, historic Bitcoin; parity
        must agree).
        key_form: "sec1" takes no keys of 64 bytes, "compressed" only those of 33; others are
        BAD_KEY. It matters where a key comes as somebody else wrote it, as in a Bitcoin script
        ("sec1") or a Cosmos transaction ("compressed").
        device: "cpu" or a name from `devices()`; one beside the CPU computes points, and its wrong
        answers change no verdict (`use`). None: what is measured to be done first (`verilane
        devices --calibrate`), the CPU where nothing is. threads: cores to use at most; None takes
        all.

        Raises TypeError for what is not bytes-like; ValueError for columns that do not fit each
        other, an unknown encoding or device; DeviceUnavailable for a named device that is missing.
        An item's own faults give its verdict.
        """
        code = _encoding(encoding)
        flags = flags_of(low_s, hybrid_keys, key_form)
        isa, trusted = cpu_of(device), trusted_of(device)
        d = column("digests", digests, widths=DIGEST_WIDTHS)
        if isinstance(keys, PreparedKeys) and (hybrid_keys or key_form != "any"):
            name = "hybrid_keys" if hybrid_keys else "key_form"
            raise ValueError(f"{name}: prepare() has decided this for prepared keys")
        k = key_column(keys, self._scheme, widths=KEY_WIDTHS, n=d.n, fixed_by="digests")
        widths = COMPACT_WIDTHS if encoding == "compact" else None
        s = column("signatures", signatures, widths=widths, n=d.n)
        options: Any = {"curve": self._curve, "encoding": code, "flags": flags, "isa": isa}
        batch = _offload.Batch(
            self._scheme,
            d.n,
            (k, s, d),
            partial(_cpu_signatures.ecdsa_verify, **options),
            partial(_cpu_terms.ecdsa_terms, **options),
            threads,
            summable=self._curve == "secp256k1",
        )
        return decided(_choice.verify(batch, device, trusted))

    def prepare(
        self,
        keys: ColumnLike,
        *,
        hybrid_keys: bool = False,
        key_form: str = "any",
        device: str | None = None,
        threads: int | None = None,
    ) -> PreparedKeys:
        """Decodes keys once, for many calls of `verify_many`, which then takes no square roots.

        Takes keys in the forms that `verify_many` takes; packed ones must be an array of shape (n,
        width) or Arrow fixed-size binary, since flat bytes do not tell their number. 64 bytes of
        memory a key. A key that is none is kept as such, and its items are BAD_KEY. Exceptions are
        those of `verify_many`.
        """
        isa = cpu_of(device)
        k = column("keys", keys, widths=KEY_WIDTHS)
        points = np.zeros((k.n, _cpu_keys.POINT_ROW), np.uint8)
        flags = flags_of(False, hybrid_keys, key_form)
        work = _cpu_keys.decode_keys(points, k, curve=self._curve, flags=flags, isa=isa)
        _pool.run(k.n, work, threads=threads, least=KEYS_PER_CORE, grain=LANES)
        return PreparedKeys.of_points(self._scheme, points)

    def verify(
        self,
        key: BytesLike,
        signature: BytesLike,
        digest: BytesLike,
        *,
        encoding: str = "compact",
        low_s: bool = False,
        hybrid_keys: bool = False,
        key_form: str = "any",
        device: str | None = None,
    ) -> None:
        """Verifies one signature: returns None if it is valid, else raises InvalidSignature with
        the verdict.

        Takes one item of what `verify_many` takes; of any length, since a wrong length is a verdict
        too.
        """
        code = _encoding(encoding)
        flags = flags_of(low_s, hybrid_keys, key_form)
        verify = partial(_cpu_signatures.ecdsa_verify_one, self._curve)
        demand_ok(verify, NAMES, (key, signature, digest), code, flags, cpu_of(device))


def _encoding(name: str) -> int:
    return _named("encoding", name, _cpu_signatures.ENCODINGS)


def _named(what: str, name: str, known: dict[str, int]) -> int:
    try:
        return known[name]
    except (KeyError, TypeError):
        raise ValueError(f"no {what} is named {name!r}; there are: {', '.join(known)}") from None


def flags_of(low_s: bool, hybrid_keys: bool, key_form: str) -> int:
    """Returns the options as C takes them. ValueError for a key form that there is not."""
    flags = _cpu_signatures.LOW_S if low_s else 0
    flags |= _cpu_signatures.HYBRID_KEYS if hybrid_keys else 0
    return flags | _named("key form", key_form, _cpu_signatures.KEY_FORMS)
