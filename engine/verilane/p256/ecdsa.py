"""ECDSA over P-256 (NIST P-256, secp256r1, prime256v1): verification by SEC 1 v2.0 section 4.1.4
and FIPS 186-5 section 6.4.2.

Everything here is public data: nothing is constant time. A digest is given, never made: for a hash
longer than 32 bytes it is its leftmost 32 bytes, a shorter one is padded with zeros on the left.
"""

from .. import _ecdsa
from .._columns import BytesLike, ColumnLike
from .._ecdsa import COMPACT_WIDTHS as COMPACT_WIDTHS
from .._ecdsa import DIGEST_WIDTHS as DIGEST_WIDTHS
from .._ecdsa import KEY_WIDTHS as KEY_WIDTHS
from .._prepared import KeysLike, PreparedKeys
from .._verdicts import Verdicts

__all__ = ["prepare", "verify", "verify_many"]


def verify_many(
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

    keys: 33 bytes (02/03, x), 65 bytes (04, x, y) or 64 bytes (x, y), mixed at will unless packed;
    or what `prepare` made of them.
    signatures: 64 bytes (r, s) each if `encoding` is "compact" (WebAuthn, JOSE, TEE quotes); "der"
    is strict DER (X.509, Fabric); "der-lax" also takes lengths and numbers that BER would write.
    digests: 32 bytes each. They fix n.
    Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items.
    low_s: s > n/2 is BAD_SIGNATURE (Fabric's rule); the standard takes both.
    hybrid_keys: 65-byte keys may also start with 06 or 07 (ANSI X9.62; parity must agree).
    key_form: "sec1" takes no keys of 64 bytes, "compressed" only those of 33; others are BAD_KEY.
    It matters where a key comes as somebody else wrote it, as in a Bitcoin script ("sec1") or a
    Cosmos transaction ("compressed").
    device: "cpu" or a name from `devices()`; one beside the CPU computes points, and its wrong
    answers change no verdict (`use`). None: what is measured to be done first (`verilane devices
    --calibrate`), the CPU where nothing is. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for columns that do not fit each other,
    an unknown encoding or device; DeviceUnavailable for a named device that is missing. An item's
    own faults give its verdict.
    """
    return _ecdsa.verify_many(
        "p256",
        keys,
        signatures,
        digests,
        encoding=encoding,
        low_s=low_s,
        hybrid_keys=hybrid_keys,
        key_form=key_form,
        device=device,
        threads=threads,
    )


def prepare(
    keys: ColumnLike,
    *,
    hybrid_keys: bool = False,
    key_form: str = "any",
    device: str | None = None,
    threads: int | None = None,
) -> PreparedKeys:
    """Decodes keys once, for many calls of `verify_many`, which then takes no square roots.

    Takes keys in the forms that `verify_many` takes; packed ones must be an array of shape (n,
    width) or Arrow fixed-size binary, since flat bytes do not tell their number. 64 bytes of memory
    a key. A key that is none is kept as such, and its items are BAD_KEY. Exceptions are those of
    `verify_many`.
    """
    return _ecdsa.prepare(
        "p256", keys, hybrid_keys=hybrid_keys, key_form=key_form, device=device, threads=threads
    )


def verify(
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
    """Verifies one signature: returns None if it is valid, else raises InvalidSignature with the
    verdict.

    Takes one item of what `verify_many` takes; of any length, since a wrong length is a verdict
    too.
    """
    _ecdsa.verify(
        "p256",
        key,
        signature,
        digest,
        encoding=encoding,
        low_s=low_s,
        hybrid_keys=hybrid_keys,
        key_form=key_form,
        device=device,
    )
