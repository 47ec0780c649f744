"""Merkle trees on the CPU, as cffi shows them: with _cpu.py, all that sees `verilane._native`."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu import HASHES, Work, _bytes_at, _check, _Lent, _scratch, _text
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = ["KINDS", "LoneRule", "TreeKind", "nodes", "parents", "root", "verify_proofs"]


class LoneRule:
    """What becomes of a last node that is alone."""

    UP: int = _lib.VL_LONE_UP
    TWICE: int = _lib.VL_LONE_TWICE
    HASH: int = _lib.VL_LONE_HASH
    ZERO: int = _lib.VL_LONE_ZERO


class TreeKind(NamedTuple):
    """One row of C's table. hash: its own; hashes: all that it takes. lone: of LoneRule. width:
    children of a node. is_sorted: the smaller child comes first, so that a proof has no index.
    hashed_leaves: leaves are any bytes; otherwise they have 32. indexed: these are hashed after
    rlp(index). leaf_prefix, node_prefix: the byte before a leaf, before two nodes, or None.
    """

    number: int
    name: str
    hash: str
    hashes: tuple[str, ...]
    hashed_leaves: bool
    lone: int
    width: int
    is_sorted: bool
    indexed: bool
    leaf_prefix: int | None
    node_prefix: int | None


_SIZE_32 = tuple(name for name, hash in HASHES.items() if hash.size == 32)
_NAMES = {hash.number: name for name, hash in HASHES.items()}


def _kind(number: int) -> TreeKind:
    facts = _ffi.new("vl_tree_facts *")
    _check(_lib.vl_tree_describe(facts, number), 0)
    own = _NAMES[facts.hash]
    return TreeKind(
        number,
        _text(_lib.vl_tree_name(number)) or "",
        own,
        (own,) if facts.only_hash else _SIZE_32,
        facts.leaf == _lib.VL_LEAF_HASHED,
        facts.lone,
        facts.width,
        bool(facts.sorted),
        facts.leaf == _lib.VL_LEAF_INDEXED,
        None if facts.leaf_prefix < 0 else facts.leaf_prefix,
        None if facts.node_prefix < 0 else facts.node_prefix,
    )


KINDS: dict[str, TreeKind] = {kind.name: kind for kind in map(_kind, range(_lib.vl_tree_count()))}


def nodes(
    out: NDArray[np.uint8],
    leaves: Column,
    *,
    first: int,
    total: int,
    height: int,
    tree: int,
    hash: int,
    isa: int,
) -> tuple[Work, Callable[[], bool]]:
    """Returns the work that fills `out` (ceil(n / width^height), 32) with the nodes over these
    leaves, the first of which is leaf `first` of `total`; and what tells afterwards if equal
    neighbours were paired in a Bitcoin tree.

    The starts of the work's parts must be multiples of width^height.
    """
    to, lent = _bytes_at(out), _Lent(leaves)
    shift = height * _SHIFTS[tree]
    seen: list[bool] = []

    def work(start: int, stop: int) -> None:
        mutated, part = _ffi.new("int *", 0), lent.at(start)
        result = _lib.vl_merkle_nodes(
            to + 32 * (start >> shift),
            mutated,
            stop - start,
            part,
            first + start,
            total,
            height,
            tree,
            hash,
            isa,
            *_scratch(),
        )
        _check(result, isa)
        if mutated[0]:
            seen.append(True)

    return work, lambda: bool(seen)


_SHIFTS = {kind.number: kind.width.bit_length() - 1 for kind in KINDS.values()}


def root(
    nodes: NDArray[np.uint8], *, total: int, height: int, tree: int, hash: int, isa: int
) -> tuple[bytes, bool]:
    """Returns the root over all nodes (m, 32) on level `height` of a tree with `total` leaves, and
    whether equal neighbours were paired in a Bitcoin tree.
    """
    result, mutated = _ffi.new("uint8_t[32]"), _ffi.new("int *", 0)
    given = _ffi.from_buffer("uint8_t[]", nodes.reshape(-1))
    error = _lib.vl_merkle_root(
        result, mutated, len(nodes), given, total, height, tree, hash, isa, *_scratch()
    )
    _check(error, isa)
    return _ffi.buffer(result)[:], bool(mutated[0])


def parents(
    out: NDArray[np.uint8],
    children: NDArray[np.uint8],
    *,
    groups: "NDArray[np.uint64] | None",
    first: int,
    nodes: int,
    level: int,
    equal: "NDArray[np.uint8] | None",
    tree: int,
    hash: int,
    isa: int,
) -> Work:
    """Returns the work that fills `out` (n, 32) with the parents of groups of nodes on a level.

    children: rows of width * 32 bytes. groups: the groups' numbers, None: from `first` on. nodes:
    how many nodes the level has. equal: (n,) or None, 1 where equal neighbours are paired.
    """
    width = 32 << _SHIFTS[tree]
    to, given = _bytes_at(out), _ffi.from_buffer("uint8_t[]", children.reshape(-1))
    numbers = _ffi.NULL if groups is None else _ffi.from_buffer("uint64_t[]", groups)
    flags = _ffi.NULL if equal is None else _bytes_at(equal)

    def work(start: int, stop: int) -> None:
        result = _lib.vl_merkle_parents(
            to + 32 * start,
            flags if equal is None else flags + start,
            stop - start,
            given + width * start,
            numbers if groups is None else numbers + start,
            first + start,
            nodes,
            level,
            tree,
            hash,
            isa,
            *_scratch(),
        )
        _check(result, isa)

    return work


def verify_proofs(
    verdicts: NDArray[np.uint8],
    roots: Column,
    leaves: Column,
    proofs: Column,
    *,
    indices: "NDArray[np.uint64] | None",
    sizes: "NDArray[np.uint64] | None",
    leaf_hashes: bool,
    tree: int,
    hash: int,
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,). roots: n, or one for all."""
    out, lent = _bytes_at(verdicts), [_Lent(column) for column in (leaves, proofs)]
    lent_roots, single = _Lent(roots), roots.n == 1
    numbers = [
        _ffi.NULL if column is None else _ffi.from_buffer("uint64_t[]", column)
        for column in (indices, sizes)
    ]

    def work(start: int, stop: int) -> None:
        result = _lib.vl_merkle_verify_proofs(
            out + start,
            stop - start,
            1 if single else stop - start,
            lent_roots.at(0 if single else start),
            *[column.at(start) for column in lent],
            *[at if at == _ffi.NULL else at + start for at in numbers],
            leaf_hashes,
            tree,
            hash,
            isa,
            *_scratch(),
        )
        _check(result, isa)

    return work
