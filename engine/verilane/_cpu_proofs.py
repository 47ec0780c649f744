"""Ethereum's tries on the CPU, as cffi shows them: beside _cpu.py and _cpu_trees.py."""

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu import Work, _bytes_at, _check, _Lent, _scratch
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = ["TRIE_NODE_WORDS", "trie_leaves", "trie_roots", "trie_verify"]

TRIE_NODE_WORDS: int = _lib.VL_TRIE_NODE_WORDS

# Nodes of so many proofs as fit into this are copied, checked and hashed together: what stays in a
# second-level cache beside the scratch.
_MEMORY = 1 << 18


def trie_leaves(
    nodes: NDArray[np.uint64], items: Column, starts: NDArray[np.int64], *, isa: int
) -> Work:
    """Returns the work that fills `nodes` (n, TRIE_NODE_WORDS) with the leaves of n items.

    starts: where in the items each trie begins, and n; ascending from 0 on. No item may be empty.
    """
    to, lent = (
        _ffi.from_buffer("uint64_t[]", nodes.reshape(-1), require_writable=True),
        _Lent(items),
    )
    begin, tries = _ffi.from_buffer("int64_t[]", starts), len(starts) - 1

    def work(start: int, stop: int) -> None:
        result = _lib.vl_trie_leaves(
            to, stop - start, lent.at(start), start, tries, begin, isa, *_scratch()
        )
        _check(result, isa)

    return work


def trie_roots(
    roots: NDArray[np.uint8], nodes: NDArray[np.uint64], starts: NDArray[np.int64], *, isa: int
) -> Work:
    """Returns the work that fills `roots` (tries, 32) from all the leaves, and uses them up."""
    out = _bytes_at(roots)
    given = _ffi.from_buffer("uint64_t[]", nodes.reshape(-1), require_writable=True)
    begin = _ffi.from_buffer("int64_t[]", starts)

    def work(start: int, stop: int) -> None:
        result = _lib.vl_trie_roots(
            out + 32 * start,
            stop - start,
            given + TRIE_NODE_WORDS * int(starts[start]),
            begin + start,
            isa,
            *_scratch(),
        )
        _check(result, isa)

    return work


def trie_verify(
    verdicts: NDArray[np.uint8],
    roots: Column,
    keys: Column,
    values: Column | None,
    nodes: Column,
    starts: NDArray[np.int64],
    *,
    hash_keys: bool,
    longest: int,
    found: "NDArray[np.int64] | None",
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,) and, if it is given, `found` (n, 2).

    roots: n, or one for all. values: None where any will do. starts: where in the nodes each proof
    begins, and their number; ascending. longest: bytes of the longest proof.
    """
    out, single, lent_roots = _bytes_at(verdicts), roots.n == 1, _Lent(roots)
    lent_keys, lent_nodes = _Lent(keys), _Lent(nodes)
    lent_values = None if values is None else _Lent(values)
    begin = _ffi.from_buffer("int64_t[]", starts)
    ranges = _ffi.NULL if found is None else _ffi.from_buffer("int64_t[]", found.reshape(-1))

    def work(start: int, stop: int) -> None:
        memory = np.empty(max(_MEMORY, longest), np.uint8)
        result = _lib.vl_trie_verify(
            out + start,
            ranges if found is None else ranges + 2 * start,
            stop - start,
            1 if single else stop - start,
            lent_roots.at(0 if single else start),
            lent_keys.at(start),
            _ffi.NULL if lent_values is None else lent_values.at(start),
            lent_nodes.at(0),
            begin + start,
            hash_keys,
            _bytes_at(memory),
            len(memory),
            isa,
            *_scratch(),
        )
        _check(result, isa)

    return work
