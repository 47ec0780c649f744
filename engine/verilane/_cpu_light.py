"""What light clients' proofs are read with: with _cpu.py, all that sees `verilane._native`."""

import numpy as np
from numpy.typing import NDArray

from ._cpu import AUTO, _bytes_at, _check
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = ["copy_slices", "partial_trees", "wire_fields"]

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


def copy_slices(out: Bytes, places: Ints, data: Bytes, starts: Ints, lengths: Ints) -> None:
    """Copies data[starts[i] : starts[i] + lengths[i]] to out[places[i] :]."""
    result = _lib.vl_copy_slices(
        _bytes_at(out),
        len(out),
        _ints(places),
        len(places),
        _ffi.from_buffer("uint8_t[]", data),
        len(data),
        _ints(starts),
        _ints(lengths),
    )
    _check(result, AUTO)


def wire_fields(
    data: Bytes, starts: Ints, ends: Ints, types: bytes
) -> tuple[NDArray[np.uint64], Bytes]:
    """Returns the fields (5, k) of n messages: message, number, value, start and end; and which
    messages are good (n,). types: the wire type of every tag, 255 for none.
    """
    n, count = len(starts), _ffi.new("size_t *")
    capacity = int((ends - starts).sum()) // 2
    fields, good = np.empty((5, capacity), np.uint64), np.zeros(n, np.uint8)
    result = _lib.vl_wire_fields(
        count,
        _ffi.from_buffer("uint64_t[]", fields.reshape(-1)),
        capacity,
        _bytes_at(good),
        n,
        _ffi.from_buffer("uint8_t[]", data),
        len(data),
        _ints(starts),
        _ints(ends),
        _ffi.from_buffer("int8_t[]", types),
    )
    _check(result, AUTO)
    return fields[:, : count[0]], good


def partial_trees(
    data: Bytes,
    good: Bytes,
    totals: Ints,
    hash_counts: Ints,
    hashes: Ints,
    sizes: Ints,
    flags: Ints,
) -> Ints:
    """Returns the nodes (7, k) of the trees that are good: tree, height, number, left, right, place
    and flag; and clears in `good` (n,) those that are not.
    """
    n, count = len(totals), _ffi.new("size_t *")
    capacity = int(np.where(good, np.minimum(8 * sizes, 33 * (hash_counts + 1)), 0).sum())
    nodes = np.empty((7, capacity), np.int64)
    result = _lib.vl_partial_trees(
        count,
        _ints(nodes.reshape(-1)),
        capacity,
        _bytes_at(good),
        n,
        _ffi.from_buffer("uint8_t[]", data),
        len(data),
        *[_ints(column) for column in (totals, hash_counts, hashes, sizes, flags)],
    )
    _check(result, AUTO)
    return nodes[:, : count[0]]


def _ints(array: Ints) -> object:
    return _ffi.from_buffer("int64_t[]", np.ascontiguousarray(array))
