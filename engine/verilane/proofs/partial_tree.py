"""Bitcoin's partial Merkle trees, many at once: read, walked in step, and hashed level by level.

Source: BIP 37 (Parsing a partial merkle tree object) and Bitcoin Core's CPartialMerkleTree.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _cpu
from .._columns import Column
from .ragged import Bytes, Ints, Part, rows

__all__ = ["HEADER", "Frames", "Trees", "read_frames", "walk"]

Mask = NDArray[np.bool_]

HEADER, NODE = 80, 32

# Of fewer trees, nodes are visited one by one: a step of NumPy's costs as much as 16 of those.
_FEW = 16
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
    """Visited nodes, a row each: the tree, height and number on its level; its parent's row (-1 for
    the root); the place of its hash, -1 for a node that is made of its children; its flag.
    """

    tree: Ints
    height: Ints
    number: Ints
    parent: Ints
    place: Ints
    flag: Ints


def walk(part: Part, frames: Frames, isa: int) -> Trees:
    """Walks the trees whose frames are good, and hashes their nodes."""
    visits = _Visits(part, frames)
    visits.run()
    good = visits.used_up()
    nodes = visits.nodes(good)
    values, twins = _hash(part.data, nodes, isa)
    good[nodes.tree[twins]] = False
    roots = np.zeros((len(good), NODE), np.uint8)
    tops = nodes.parent < 0
    roots[nodes.tree[tops]] = values[tops]
    leaves = np.flatnonzero(nodes.height == 0)
    matched = nodes.flag[leaves] == 1
    return Trees(good, roots, nodes.tree[leaves], nodes.number[leaves], values[leaves], matched)


class _Visits:
    """The visits to all nodes, depth first, in all trees at once.

    Of each tree: the node to visit (height, index), the flags and hashes used, the row of the node
    that is open on each level, and `waiting`, a bit for each level on which a right child comes
    later. The lowest of those is next: it is the right neighbour of the node of that level which
    the walk is under.
    """

    def __init__(self, part: Part, frames: Frames) -> None:
        n = len(frames.good)
        self._part, self._frames = part, frames
        self._good = frames.good.copy()
        self._height, self._index = _bit_lengths(frames.total - 1), np.zeros(n, np.int64)
        self._flags, self._hashes, self._waiting = np.zeros((3, n), np.int64)
        self._open = np.full((n, _LEVELS + 1), -1, np.int64)
        self._steps: list[_Nodes] = []
        self._row = 0

    def run(self) -> None:
        going = np.flatnonzero(self._good)
        while len(going) >= _FEW:
            going = self._step(going)
        for tree in going.tolist():
            self._rest(tree)

    def _step(self, which: Ints) -> Ints:
        """Visits a node of each of these trees; returns those that go on."""
        frames, data = self._frames, self._part.data
        which = self._enough(which, self._flags[which] < 8 * frames.flag_count[which])
        bit = self._flags[which]
        flag = (data[frames.flags[which] + (bit >> 3)] >> (bit & 7) & 1).astype(np.int64)
        takes = (self._height[which] == 0) | (flag == 0)
        enough = ~takes | (self._hashes[which] < frames.hash_count[which])
        which, flag, takes = self._enough(which, enough), flag[enough], takes[enough]
        height, index = self._height[which], self._index[which]
        place = np.where(takes, frames.hashes[which] + NODE * self._hashes[which], -1)
        parent = self._open[which, height + 1]
        self._steps.append(_Nodes(which, height, index, parent, place, flag))
        self._open[which, height] = self._row + np.arange(len(which))
        self._row += len(which)
        self._flags[which] += 1
        self._hashes[which] += takes

        below = np.maximum(height - 1, 0)
        has_right = 2 * index + 1 < _width(frames.total[which], below)
        waiting = self._waiting[which] | np.where(~takes & has_right, 1 << below, 0)
        lowest = waiting & -waiting
        level = _bit_lengths(lowest) - 1
        neighbour = index >> np.maximum(level - height, 0) | 1
        self._waiting[which] = np.where(takes, waiting ^ lowest, waiting)
        self._height[which] = np.where(takes, level, below)
        self._index[which] = np.where(takes, neighbour, 2 * index)
        going: Ints = which[~takes | (waiting != 0)]
        return going

    def _enough(self, which: Ints, enough: Mask) -> Ints:
        self._good[which[~enough]] = False
        kept: Ints = which[enough]
        return kept

    def _rest(self, tree: int) -> None:
        """Visits what is left of one tree, as _step does."""
        frames, memory = self._frames, self._part.memory
        flag_count, hash_count = int(frames.flag_count[tree]), int(frames.hash_count[tree])
        first_flag, first_hash = int(frames.flags[tree]), int(frames.hashes[tree])
        total, row = int(frames.total[tree]), self._row
        height, index = int(self._height[tree]), int(self._index[tree])
        used, bit = int(self._hashes[tree]), int(self._flags[tree])
        waiting, open_rows = int(self._waiting[tree]), self._open[tree].tolist()
        visited = []
        while height >= 0:
            if bit == 8 * flag_count:
                break
            flag = memory[first_flag + (bit >> 3)] >> (bit & 7) & 1
            takes = height == 0 or not flag
            if takes and used == hash_count:
                break
            place = first_hash + NODE * used if takes else -1
            visited.append((tree, height, index, open_rows[height + 1], place, flag))
            open_rows[height] = row
            row, bit, used = row + 1, bit + 1, used + takes
            if not takes:
                height, index = height - 1, 2 * index
                if index + 1 < total + (1 << height) - 1 >> height:
                    waiting |= 1 << height
                continue
            level = (waiting & -waiting).bit_length() - 1
            if level >= 0:
                index = index >> (level - height) | 1
            waiting &= waiting - 1
            height = level
        self._good[tree] = height < 0
        self._hashes[tree], self._flags[tree], self._row = used, bit, row
        if visited:
            self._steps.append(_Nodes(*np.array(visited, np.int64).T))

    def used_up(self) -> Mask:
        """Returns the trees that have used all hashes, and all flags but for what fills the last
        byte with zeros.
        """
        frames, bit = self._frames, self._flags
        good: Mask = self._good & (self._hashes == frames.hash_count)
        good &= (bit + 7) // 8 == frames.flag_count
        last = self._part.data[np.where(good, frames.flags + (bit >> 3), 0)]
        good &= (bit & 7 == 0) | (last >> (bit & 7) == 0)
        return good

    def nodes(self, good: Mask) -> _Nodes:
        """Returns the nodes of good trees."""
        columns = zip(*self._steps, strict=True) if self._steps else [[]] * len(_Nodes._fields)
        every = _Nodes(*[np.concatenate([np.zeros(0, np.int64), *column]) for column in columns])
        kept = good[every.tree]
        row = np.append(np.cumsum(kept) - 1, -1)  # the root's parent is -1
        nodes = _Nodes(*[column[kept] for column in every])
        return nodes._replace(parent=row[nodes.parent])


def _bit_lengths(numbers: Ints) -> Ints:
    """Returns how many bits numbers below 2^53 have; 0 for 0."""
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int64)


def _width(total: Ints, height: Ints) -> Ints:
    """Returns how many nodes a level has."""
    return total + (1 << height) - 1 >> height


def _hash(data: Bytes, nodes: _Nodes, isa: int) -> tuple[Bytes, Mask]:
    """Returns the hashes of all nodes (m, 32), and which are made of two equal children
    (CVE-2012-2459).
    """
    m = len(nodes.tree)
    values, twins = np.zeros((m, NODE), np.uint8), np.zeros(m, bool)
    given = np.flatnonzero(nodes.place >= 0)
    values[given] = rows(data, nodes.place[given], NODE)
    children = np.full((m, 2), -1, np.int64)
    below = np.flatnonzero(nodes.parent >= 0)
    children[nodes.parent[below], nodes.number[below] & 1] = below
    made = np.flatnonzero(nodes.place < 0)
    made = made[np.argsort(nodes.height[made], kind="stable")]
    ends = np.searchsorted(nodes.height[made], np.arange(1, _LEVELS + 1))
    for first, last in pairwise(ends):
        if first == last:
            continue
        level = made[first:last]
        left, right = children[level].T
        alone = right < 0
        pairs = values[np.stack([left, np.where(alone, left, right)], axis=1)]
        twins[level] = ~alone & (pairs[:, 0] == pairs[:, 1]).all(axis=1)
        digests = np.zeros((len(level), NODE), np.uint8)
        column = Column(pairs.reshape(-1), None, 2 * NODE, len(level))
        _cpu.digest(digests, column, hash=_SHA256D, isa=isa)(0, len(level))
        values[level] = digests
    return values, twins


_SHA256D = _cpu.HASHES["sha256d"]
