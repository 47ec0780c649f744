"""Paths from leaves to the root: the other children of every group that a path goes through."""

import numpy as np
from numpy.typing import NDArray

from .._cpu_trees import TreeKind

__all__ = ["Paths", "group_members"]


def group_members(kind: TreeKind, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the numbers (n, width) of all nodes in the group of each, even those beyond the last
    one.
    """
    first: NDArray[np.int64] = indices - indices % kind.width
    return first[:, None] + np.arange(kind.width)


class Paths:
    """The nodes of n paths, which grow level by level."""

    def __init__(self, n: int) -> None:
        self._lengths = np.zeros(n, np.int64)
        self._steps: list[tuple[NDArray[np.int64], NDArray[np.uint8]]] = []

    def add(self, counts: NDArray[np.int64], nodes: NDArray[np.uint8]) -> None:
        """Adds counts[i] nodes to path i; `nodes` holds path 0's, then path 1's, and so on."""
        self._lengths += counts
        self._steps.append((counts, nodes))

    def add_to_all(self, node: bytes) -> None:
        """Adds the same node to every path."""
        n = len(self._lengths)
        nodes = np.broadcast_to(np.frombuffer(node, np.uint8), (n, 32))
        self.add(np.ones(n, np.int64), nodes)

    def column(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Returns the paths as a ragged column: bytes, and n + 1 offsets."""
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._lengths)])
        out = np.empty((int(ends[-1]), 32), np.uint8)
        at = ends[:-1].copy()
        for counts, nodes in self._steps:
            if (counts == 1).all():
                out[at] = nodes
            else:
                within = np.arange(len(nodes)) - np.repeat(np.cumsum(counts) - counts, counts)
                out[np.repeat(at, counts) + within] = nodes
            at += counts
        return out.reshape(-1), 32 * ends
