"""The nodes of a tree, level by level, in one piece of memory: NumPy's, or a device's."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import Column
from .._cpu_trees import LoneRule
from .kinds import Run, levels_above
from .paths import Paths, group_members

__all__ = ["Levels"]

Nodes = NDArray[np.uint8]
Indices = NDArray[np.int64]


def slots_of(capacity: int, width: int) -> list[int]:
    """Returns how many nodes each level has room for, so that every group of children is whole."""
    slots = []
    while capacity > 1:
        groups = -(-capacity // width)
        slots.append(groups * width)
        capacity = groups
    return [*slots, 1]


class Levels:
    """All nodes of a tree whose groups of children are neighbours: every kind but sorted pairs.

    Level k starts at a fixed place for its capacity, so that leaves can be added without moving
    anything. In a Bitcoin tree, `equal` holds the (level, group) of every pair of equal neighbours.
    """

    def __init__(self, run: Run, capacity: int, memory: Nodes | None = None) -> None:
        self.run = run
        self.n = 0
        self.equal: set[tuple[int, int]] = set()
        self._take(capacity, memory)

    @staticmethod
    def rows(capacity: int, width: int) -> int:
        """Returns how many nodes of 32 bytes there must be room for."""
        return sum(slots_of(capacity, width))

    def _take(self, capacity: int, memory: Nodes | None) -> None:
        slots = slots_of(capacity, self.run.kind.width)
        rows = self.run.empty(sum(slots)) if memory is None else memory
        starts = np.cumsum([0, *slots])
        self.capacity = capacity
        self._levels = [rows[a : a + size] for a, size in zip(starts, slots, strict=False)]

    def _sizes(self) -> Iterator[tuple[int, int]]:
        """Yields every level that has one above it, with its number of nodes."""
        m = self.n
        for level in range(levels_above(self.n, self.run.kind.width)):
            yield level, m
            m = -(-m // self.run.kind.width)

    def _groups(self, level: int) -> Nodes:
        """A level's groups of children, one a row."""
        return self._levels[level].reshape(-1, 32 * self.run.kind.width)

    # ---- Changes ----

    def grow(self, capacity: int) -> None:
        """Moves to memory for more leaves."""
        before = self._levels
        self._take(capacity, None)
        for old, new in zip(before, self._levels, strict=False):
            new[: len(old)] = old

    def append(self, leaves: Column, total: int) -> None:
        """Adds leaves at the right, for which there is room. total: the leaves that the tree's
        shape is that of.
        """
        start, stop = self.n, self.n + leaves.n
        out = self._levels[0][start:stop]
        self.run.nodes(leaves, height=0, first=start, total=total, out=out)
        self.n = stop
        self._refresh_from(start)

    def _refresh_from(self, first: int) -> None:
        """Hashes what lies above the leaves from `first` on."""
        width = self.run.kind.width
        for level, m in self._sizes():
            first //= width
            stop = -(-m // width)
            out, groups = self._levels[level + 1][first:stop], self._groups(level)[first:stop]
            found = self.run.parents(out, groups, nodes=m, level=level, first=first)
            self._note(level, range(first, stop), first + found)

    def update(self, indices: Indices, nodes: Nodes) -> None:
        """Replaces leaves (their hashes), level by level. indices: ascending, without repeats."""
        self._levels[0][indices] = nodes
        for level, m in self._sizes():
            groups = distinct(indices // self.run.kind.width)
            out = self.run.empty(len(groups))
            children = self._groups(level).take(groups, axis=0)
            numbers = groups.astype(np.uint64)
            found = self.run.parents(out, children, nodes=m, level=level, groups=numbers)
            self._levels[level + 1][groups] = out
            self._note(level, groups.tolist() if self.equal else (), groups[found])
            indices = groups

    def _note(self, level: int, groups: Any, equal: NDArray[Any]) -> None:
        if self.equal:
            self.equal.difference_update((level, int(group)) for group in groups)
        self.equal.update((level, int(group)) for group in equal)

    def find_equal(self) -> None:
        """Notes all pairs of equal neighbours anew, from the nodes alone."""
        if self.run.kind.lone != LoneRule.TWICE:
            return
        for level, m in self._sizes():
            pairs = np.asarray(self._levels[level][: m - m % 2]).reshape(-1, 2, 32)
            self._note(level, (), np.flatnonzero((pairs[:, 0] == pairs[:, 1]).all(axis=1)))

    # ---- What it holds ----

    def root(self, total: int) -> bytes:
        """Returns the root. total: as in append."""
        height = levels_above(self.n, self.run.kind.width)
        top = self._levels[height][: min(self.n, 1)]
        return self.run.root(np.asarray(top), height=height, total=total)[0]

    def node(self, level: int, index: int) -> Nodes:
        """Returns one node (32,) that the tree holds."""
        row: Nodes = self._levels[level][index]
        return row

    def _level(self, level: int) -> tuple[Nodes, int]:
        """Returns a level's nodes, and how many there are: one above the highest, too."""
        m = self.n
        for _ in range(level):
            m = -(-m // self.run.kind.width)
        return self._levels[min(level, len(self._levels) - 1)], m

    def paths(self, indices: Indices, total: int) -> Paths:
        """Returns what proves each of these leaves by itself. total: as in append."""
        found, width = Paths(len(indices)), self.run.kind.width
        step = self._siblings if width == 2 else self._others
        for level in range(levels_above(total, width)):
            found.add(*step(level, indices))
            indices = indices // width
        return found

    def _siblings(self, level: int, indices: Indices) -> tuple[Indices, Nodes]:
        """Returns how many siblings each node has on a level of a binary tree, and all of them."""
        rows, m = self._level(level)
        wanted = indices ^ 1
        there = wanted < m
        if there.all():
            return there.astype(np.int64), _taken(rows, wanted)
        if self.run.kind.lone in (LoneRule.UP, LoneRule.HASH):
            return there.astype(np.int64), _taken(rows, wanted[there])
        nodes = _taken(rows, np.where(there, wanted, indices))
        if self.run.kind.lone == LoneRule.ZERO:
            nodes[~there] = np.frombuffer(self.run.zero(level), np.uint8)
        return np.ones(len(indices), np.int64), nodes

    def _others(self, level: int, indices: Indices) -> tuple[Indices, Nodes]:
        """The same for a wider tree, whose groups at the end of a level are what there is."""
        rows, m = self._level(level)
        members = group_members(self.run.kind, indices)
        wanted = (members != indices[:, None]) & (members < m)
        return wanted.sum(axis=1), _taken(rows, members[wanted])

    def shared_path(self, indices: Indices, total: int) -> Nodes:
        """Returns what proves these leaves together: as multiproofs are, level by level, what can't
        be made from what is known. indices: ascending, without repeats.
        """
        found = []
        for level in range(levels_above(total, self.run.kind.width)):
            rows, m = self._level(level)
            groups = distinct(indices // self.run.kind.width)
            members = group_members(self.run.kind, groups * self.run.kind.width)
            wanted = members[~np.isin(members, indices)]
            there = wanted < m
            if self.run.kind.lone == LoneRule.ZERO:
                nodes = _taken(rows, np.where(there, wanted, 0))
                nodes[~there] = np.frombuffer(self.run.zero(level), np.uint8)
            else:
                nodes = _taken(rows, wanted[there])
            found.append(nodes)
            indices = groups
        return np.concatenate([np.zeros((0, 32), np.uint8), *found])


def _taken(rows: Any, indices: Indices) -> Nodes:
    """Returns a copy of these rows, from wherever they are."""
    return np.asarray(rows.take(indices, axis=0))


def distinct(ascending: Indices) -> Indices:
    """Returns the numbers of a row that ascends, each once."""
    keep = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=keep[1:])
    return ascending[keep]
