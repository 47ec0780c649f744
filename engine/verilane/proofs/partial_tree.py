"""Bitcoin's partial Merkle trees, many at once: read, walked, and hashed level by level.

Source: BIP 37 (Parsing a partial merkle tree object) and Bitcoin Core's CPartialMerkleTree.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _cpu, _cpu_light
from .._columns import Column
from .ragged import Bytes, Ints, Part, fill, rows

__all__ = ["HEADER", "Frames", "Trees", "read_frames", "walk"]

Mask = NDArray[np.bool_]

HEADER, NODE = 80, 32

# No tree is higher: the number of transactions has 32 bits.
_LEVELS = 33


class Frames(NamedTuple):
    """Where the parts of merkleblocks lie: the hashes, and the bytes of flags. good: where all
    lengths agree; total: the transactions in the block.
    """

    good: Mask
    total: Ints
    hash_count: Ints
    hashes: Ints
    flag_count: Ints
    flags: Ints


class Trees(NamedTuple):
    """What comes of n partial trees. good: nothing is missing in them, nothing left over, and no
    two siblings are equal. roots: (n, 32). Leaves: whose they are, their number in the block, their
    hash, and whether they are matched.
    """

    good: Mask
    roots: Bytes
    tree: Ints
    number: Ints
    leaf: Bytes
    matched: Mask


def read_frames(part: Part, most: int) -> Frames:
    """Reads header, total, hashes and flags of blocks with up to `most` transactions."""
    start, end = part.start, part.end
    good = end - start >= HEADER + 4
    at = np.where(good, start + HEADER, 0)
    total = rows(part.data, at, 4).view("<u4").reshape(-1).astype(np.int64)
    good &= (total > 0) & (total <= most)
    hash_count, hashes, read = _compact_sizes(part.data, at + 4, end)
    # There is a hash for each transaction at most, and a flag for each hash at least.
    good &= read & (hash_count <= total) & (hash_count <= (end - hashes) // NODE)
    hashes, hash_count = np.where(good, hashes, 0), np.where(good, hash_count, 0)
    flag_count, flags, read = _compact_sizes(part.data, hashes + NODE * hash_count, end)
    good &= read & (flags + flag_count == end) & (8 * flag_count >= hash_count)
    return Frames(good, total, hash_count, hashes, flag_count, flags)


def _compact_sizes(data: Bytes, at: Ints, stop: Ints) -> tuple[Ints, Ints, Mask]:
    """Reads Bitcoin's lengths of up to 32 bits, as short as can be: returns them, where they end,
    and which could be read.
    """
    word = rows(data, np.minimum(at, stop), 5).astype(np.int64)
    first = word[:, 0]
    two = word[:, 1] | word[:, 2] << 8
    four = two | word[:, 3] << 16 | word[:, 4] << 24
    is_two, is_four = first == 253, first == 254
    value = np.select([is_two, is_four], [two, four], first)
    after = at + np.select([is_two, is_four], [3, 5], 1)
    shortest = np.select([is_two, is_four], [two > 252, four > 0xFFFF], first < 253)
    return value, after, (after <= stop) & shortest


class _Nodes(NamedTuple):
    """Visited nodes, a row each: the tree, height and number on its level; the rows of its children
    (-1 for none); the place of its hash, -1 for a node that is made of its children; its flag.
    """

    tree: Ints
    height: Ints
    number: Ints
    left: Ints
    right: Ints
    place: Ints
    flag: Ints


def walk(part: Part, frames: Frames, isa: int) -> Trees:
    """Walks the trees whose frames are good, and hashes their nodes."""
    used = frames.good.astype(np.uint8)
    nodes = _Nodes(*_cpu_light.partial_trees(part.data, used, *frames[1:]))
    good = used == 1
    values, twins = _hash(part.data, nodes, isa)
    good[nodes.tree[twins]] = False
    roots = np.zeros((len(good), NODE), np.uint8)
    tops = np.flatnonzero(np.diff(nodes.tree, prepend=-1))  # a tree's first node is its root
    roots[nodes.tree[tops]] = values[tops]
    leaves = np.flatnonzero(nodes.height == 0)
    matched = nodes.flag[leaves] == 1
    return Trees(good, roots, nodes.tree[leaves], nodes.number[leaves], values[leaves], matched)


def _hash(data: Bytes, nodes: _Nodes, isa: int) -> tuple[Bytes, Mask]:
    """Returns the hashes of all nodes (m, 32), and which are made of two equal children
    (CVE-2012-2459).
    """
    m = len(nodes.tree)
    values, twins = np.zeros((m, NODE), np.uint8), np.zeros(m, bool)
    given = np.flatnonzero(nodes.place >= 0)
    fill(values.reshape(-1), NODE * given, (data, nodes.place[given], np.full(len(given), NODE)))
    made = np.flatnonzero(nodes.place < 0)
    made = made[np.argsort(nodes.height[made], kind="stable")]
    ends = np.searchsorted(nodes.height[made], np.arange(1, _LEVELS + 1))
    for first, last in pairwise(ends):
        if first == last:
            continue
        level = made[first:last]
        left, right = nodes.left[level], nodes.right[level]
        alone = right < 0
        pairs = values.take(np.stack([left, np.where(alone, left, right)], axis=1), axis=0)
        twins[level] = ~alone & (pairs[:, 0] == pairs[:, 1]).all(axis=1)
        digests = np.zeros((len(level), NODE), np.uint8)
        column = Column(pairs.reshape(-1), None, 2 * NODE, len(level))
        _cpu.digest(digests, column, hash=_SHA256D, isa=isa)(0, len(level))
        values[level] = digests
    return values, twins


_SHA256D = _cpu.HASHES["sha256d"]
