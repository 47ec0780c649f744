"""ECDSA over secp256k1: verification by SEC 1 v2.0 section 4.1.4, key recovery by section 4.1.6.

Everything here is public data: nothing is constant time. A digest is given, never made: which hash
a chain signs is the chain's business.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_items, _cpu_signatures, _ecdsa, _recovery
from .._columns import BytesLike, ColumnLike, column
from .._devices import cpu_of, trusted_of
from .._ecdsa import COMPACT_WIDTHS as COMPACT_WIDTHS
from .._ecdsa import DIGEST_WIDTHS as DIGEST_WIDTHS
from .._ecdsa import KEY_WIDTHS as KEY_WIDTHS
from .._items import OK, decided, item
from .._prepared import KeysLike, PreparedKeys
from .._verdicts import Verdicts
from ..errors import InvalidSignature

__all__ = ["prepare", "recover", "recover_many", "verify", "verify_many"]

RECOVERABLE_WIDTHS = (65,)

Keys: TypeAlias = NDArray[np.uint8]


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
    signatures: 64 bytes (r, s) each if `encoding` is "compact"; "der" is strict DER as BIP 66
    defines it, "der-lax" what Bitcoin's historic parser takes; both without a sighash byte.
    digests: 32 bytes each. They fix n.
    Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items.
    low_s: s > n/2 is BAD_SIGNATURE (Ethereum since Homestead, Bitcoin's relay policy); the standard
    takes both.
    hybrid_keys: 65-byte keys may also start with 06 or 07 (historic Bitcoin; parity must agree).
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
        "secp256k1",
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
        "secp256k1",
        keys,
        hybrid_keys=hybrid_keys,
        key_form=key_form,
        device=device,
        threads=threads,
    )


def recover_many(
    signatures: ColumnLike,
    digests: ColumnLike,
    *,
    low_s: bool = False,
    parity_ids: bool = False,
    device: str | None = None,
    threads: int | None = None,
) -> tuple[Keys, Verdicts]:
    """Recovers the public keys that made n signatures: returns them as (n, 64) uint8, x and y, and
    one verdict each.

    signatures: 65 bytes each, r, s and the recovery id 0 to 3 (bit 0: parity of R's y; bit 1: R's x
    is r + n).
    digests: 32 bytes each. They fix n.
    parity_ids: ids 2 and 3 are BAD_SIGNATURE. Ethereum knows 0 and 1 only (v - 27, or the parity of
    typed transactions); the standard takes all four.
    A row is zero unless its verdict is OK; BAD_SIGNATURE also says that (r, id) is no point, or
    that the key would be the point at infinity. Options and exceptions are those of `verify_many`.
    device: None is the CPU. What another one finds random sums on the CPU prove, always.
    """
    flags = _recovery_flags(low_s, parity_ids)
    isa, trusted = cpu_of(device), trusted_of(device)
    d = column("digests", digests, widths=DIGEST_WIDTHS)
    s = column("signatures", signatures, widths=RECOVERABLE_WIDTHS, n=d.n)
    keys = np.zeros((d.n, 64), np.uint8)
    codes = _recovery.recover(keys, s, d, trusted, flags=flags, isa=isa, threads=threads)
    return keys, decided(codes)


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
        "secp256k1",
        key,
        signature,
        digest,
        encoding=encoding,
        low_s=low_s,
        hybrid_keys=hybrid_keys,
        key_form=key_form,
        device=device,
    )


def recover(
    signature: BytesLike,
    digest: BytesLike,
    *,
    low_s: bool = False,
    parity_ids: bool = False,
    device: str | None = None,
) -> bytes:
    """Recovers the public key that made one signature: returns 64 bytes, x and y.

    signature: 65 bytes, r, s and the recovery id 0 to 3. Options are those of `recover_many`.
    Raises InvalidSignature with the verdict if there is none.
    """
    flags = _recovery_flags(low_s, parity_ids)
    isa = cpu_of(device)
    key, verdict = _cpu_items.ecdsa_recover_one(
        item("signature", signature), item("digest", digest), flags, isa
    )
    if verdict != OK:
        raise InvalidSignature(decided(np.array([verdict], np.uint8))[0])
    return key


def _recovery_flags(low_s: bool, parity_ids: bool) -> int:
    return (_cpu_signatures.LOW_S if low_s else 0) | (
        _cpu_signatures.PARITY_IDS if parity_ids else 0
    )
