"""ECDSA over secp256k1: verification by SEC 1 v2.0 section 4.1.4, key recovery by section 4.1.6.

Everything here is public data: nothing is constant time. A digest is given, never made: which hash
a chain signs is the chain's business.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_items, _cpu_signatures, _recovery
from .._columns import BytesLike, ColumnLike, column
from .._devices import cpu_of, trusted_of
from .._ecdsa import COMPACT_WIDTHS as COMPACT_WIDTHS
from .._ecdsa import DIGEST_WIDTHS as DIGEST_WIDTHS
from .._ecdsa import KEY_WIDTHS as KEY_WIDTHS
from .._ecdsa import Ecdsa
from .._items import OK, decided, item
from .._verdicts import Verdicts
from ..errors import InvalidSignature

__all__ = ["prepare", "recover", "recover_many", "verify", "verify_many"]

RECOVERABLE_WIDTHS = (65,)

Keys: TypeAlias = NDArray[np.uint8]


_SECP256K1 = Ecdsa("secp256k1")

verify_many = _SECP256K1.verify_many
prepare = _SECP256K1.prepare
verify = _SECP256K1.verify


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
