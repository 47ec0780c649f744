"""Keys that are decoded once, as cffi shows it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu import Work, _bytes_at, _check, _Lent, _scratch
from ._native import lib as _lib

__all__ = ["ED25519_ROW", "POINT_ROW", "decode_keys", "prepare_ed25519_keys"]

POINT_ROW = 64
"""Bytes of a decoded point: x and y."""
ED25519_ROW: int = _lib.vl_ed25519_prepared_size()
"""Bytes of a prepared Ed25519 key."""

_DECODE: dict[str, Any] = {
    "secp256k1": _lib.vl_secp256k1_decode_keys,
    "p256": _lib.vl_p256_decode_keys,
    "sm2": _lib.vl_sm2_decode_keys,
}


def decode_keys(
    points: NDArray[np.uint8], keys: Column, *, curve: str, flags: int, isa: int
) -> Work:
    """Returns the work that fills `points` (n, 64): x and y, or zeros where there is no key. curve:
    "secp256k1", "p256" or "sm2".
    """
    out, lent, decode = _bytes_at(points), _Lent(keys), _DECODE[curve]

    def work(start: int, stop: int) -> None:
        first = out + POINT_ROW * start
        _check(decode(first, stop - start, lent.at(start), flags, isa, *_scratch()), isa)

    return work


def prepare_ed25519_keys(
    rows: NDArray[np.uint8], verdicts: NDArray[np.uint8], keys: Column, *, isa: int
) -> Work:
    """Returns the work that fills `rows` (n, ED25519_ROW), aligned to 8 bytes at least, and
    `verdicts` (n,).
    """
    out, codes, lent = _bytes_at(rows), _bytes_at(verdicts), _Lent(keys)

    def work(start: int, stop: int) -> None:
        result = _lib.vl_ed25519_prepare_keys(
            out + ED25519_ROW * start,
            codes + start,
            stop - start,
            lent.at(start),
            isa,
            *_scratch(),
        )
        _check(result, isa)

    return work
