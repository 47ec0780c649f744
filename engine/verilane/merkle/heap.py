"""The nodes of an OpenZeppelin tree: a heap of 2n - 1, kept in reverse order.

That library makes node i of the nodes 2i + 1 and 2i + 2, and puts leaf i at 2n - 2 - i. In reverse
order leaf i is node i, and node n + k is made of the nodes 2k and 2k + 1.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .._columns import Column
from .kinds import Run
from .levels import distinct
from .paths import Paths

__all__ = ["Heap"]

Nodes = NDArray[np.uint8]
Indices = NDArray[np.int64]


class Heap:
    """All nodes of a tree of sorted pairs. Its shape is another one for every size: adding leaves
    hashes all of it again.
    """

    def __init__(self, run: Run, capacity: int, memory: Nodes | None = None) -> None:
        self.run = run
        self.n = 0
        self.equal: set[tuple[int, int]] = set()
        self.capacity = capacity
        self._rows = run.empty(2 * capacity) if memory is None else memory

    @staticmethod
    def rows(capacity: int, width: int) -> int:
        """Returns how many nodes of 32 bytes there must be room for."""
        return width * capacity

    def _rounds(self) -> Iterator[tuple[int, int]]:
        """Yields which pairs, first and last one plus one, can be hashed at once, in turn."""
        first, nodes = 0, self.n
        while nodes < 2 * self.n - 1:
            stop = nodes // 2
            yield first, stop
            nodes += stop - first
            first = stop

    def _pairs(self) -> Nodes:
        return self._rows.reshape(-1, 64)

    def grow(self, capacity: int) -> None:
        """Moves to memory for more leaves."""
        before, self.capacity = self._rows, capacity
        self._rows = self.run.empty(2 * capacity)
        self._rows[: self.n] = before[: self.n]

    def append(self, leaves: Column, total: int) -> None:
        """Adds leaves at the right, for which there is room."""
        out = self._rows[self.n : self.n + leaves.n]
        self.run.nodes(leaves, height=0, first=self.n, total=total, out=out)
        self.n += leaves.n
        for first, stop in self._rounds():
            out = self._rows[self.n + first : self.n + stop]
            self.run.parents(out, self._pairs()[first:stop], nodes=2 * self.n, level=0)

    def update(self, indices: Indices, nodes: Nodes) -> None:
        """Replaces leaves, round by round. indices: ascending, without repeats."""
        self._rows[indices] = nodes
        for _, stop in self._rounds():
            below = int(np.searchsorted(indices, 2 * stop))
            pairs = distinct(indices[:below] // 2)
            out = self.run.empty(len(pairs))
            self.run.parents(out, self._pairs().take(pairs, axis=0), nodes=2 * self.n, level=0)
            self._rows[self.n + pairs] = out
            indices = np.concatenate([indices[below:], self.n + pairs])

    def find_equal(self) -> None:
        """Equal neighbours mean nothing here."""

    def root(self, total: int) -> bytes:
        """Returns the root. ValueError where there is no leaf."""
        if self.n == 0:
            raise ValueError("an openzeppelin tree has at least one leaf")
        return bytes(self._rows[2 * self.n - 2])

    def paths(self, indices: Indices, total: int) -> Paths:
        """Returns what proves each of these leaves by itself."""
        found, top = Paths(len(indices)), 2 * self.n - 2
        indices = indices.copy()
        while (below := indices < top).any():
            found.add(below.astype(np.int64), self._picked(indices[below] ^ 1))
            indices[below] = self.n + indices[below] // 2
        return found

    def shared_path(self, indices: Indices) -> tuple[Nodes, list[bool]]:
        """Returns what proves these leaves together: nodes, and for every step whether its second
        node is known already (getMultiProof of @openzeppelin/merkle-tree, src/core.ts).
        """
        stack, at = indices.tolist(), 0
        proof: list[int] = []
        flags: list[bool] = []
        while stack[at] < 2 * self.n - 2:
            node = stack[at]
            known = at + 1 < len(stack) and stack[at + 1] == node ^ 1
            flags.append(known)
            if not known:
                proof.append(node ^ 1)
            at += 2 if known else 1
            stack.append(self.n + node // 2)
        return self._picked(np.array(proof, np.int64)), flags

    def _picked(self, indices: Indices) -> Nodes:
        return np.asarray(self._rows.take(indices, axis=0))
