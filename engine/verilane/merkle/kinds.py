"""What a call on a Merkle tree works with: the tree's kind, its hash, and where it runs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _cpu, _cpu_trees, _device_hashes, _pool
from .._columns import Column, ColumnLike, column
from .._cpu_trees import KINDS, TreeKind
from .._devices import isa_of, machine_of

__all__ = [
    "KINDS",
    "Run",
    "is_flat",
    "leaf_column",
    "levels_above",
    "open_device_run",
    "open_run",
    "size_of",
]

# What is worth a core: 4,096 leaves take 130 us, a few times what it costs to wake a thread.
LEAVES_PER_CORE = 1 << 12

# Threads work on subtrees: what C reduces at a time (2^11 leaves, of a tree of width 16 16^2), and
# few enough nodes for a single thread to finish.
_HEIGHTS = {2: 11, 16: 2}


@dataclass(frozen=True, slots=True)
class Run:
    """What a call hashes with: the tree's kind, the numbers of its hash and of the ISA in C, and
    the cores that it may use.
    """

    kind: TreeKind
    hash: int
    isa: int
    threads: int | None

    def height(self) -> int:
        """Of the subtrees that `nodes` had best be asked for, for a root."""
        return _HEIGHTS[self.kind.width]

    def empty(self, n: int) -> Any:
        """Returns memory for n nodes, where they are hashed: an array (n, 32), or what stands for
        one.
        """
        return np.empty((n, 32), np.uint8)

    def zero(self, level: int) -> bytes:
        """Returns the node over zeros alone, on a level of an SSZ tree."""
        none = np.zeros((0, 32), np.uint8)
        return self.root(none, height=0, total=1 << level)[0]

    def options(self) -> dict[str, int]:
        """What every call into C takes last."""
        return {"tree": self.kind.number, "hash": self.hash, "isa": self.isa}

    def nodes(
        self, leaves: Column, *, height: int, first: int, total: int, out: NDArray[np.uint8]
    ) -> bool:
        """Fills `out` with the nodes on one level over these leaves, the first of which is leaf
        `first` of `total`; returns whether equal neighbours were paired below.
        """
        work, mutated = _cpu_trees.nodes(
            out, leaves, first=first, total=total, height=height, **self.options()
        )
        grain = self.kind.width**height
        _pool.run(leaves.n, work, threads=self.threads, least=LEAVES_PER_CORE, grain=grain)
        return mutated()

    def parents(
        self,
        out: NDArray[np.uint8],
        children: NDArray[np.uint8],
        *,
        nodes: int,
        level: int,
        first: int = 0,
        groups: "NDArray[np.uint64] | None" = None,
    ) -> NDArray[np.intp]:
        """Fills `out` with the parents of groups of a level that has `nodes` nodes: `groups`, or
        those from `first` on. Returns which of them pair equal neighbours (in a Bitcoin tree).
        """
        equal = None
        if self.kind.lone == _cpu_trees.LoneRule.TWICE:
            equal = np.zeros(len(out), np.uint8)
        work = _cpu_trees.parents(
            out,
            children,
            groups=groups,
            first=first,
            nodes=nodes,
            level=level,
            equal=equal,
            **self.options(),
        )
        least = 2 * LEAVES_PER_CORE // self.kind.width
        _pool.run(len(out), work, threads=self.threads, least=least)
        return np.zeros(0, np.intp) if equal is None else np.flatnonzero(equal)

    def pairs(self, children: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Returns the parents (n, 32) of pairs (n, 64) in a tree of width 2."""
        out = np.zeros((len(children), 32), np.uint8)
        groups = np.zeros(len(children), np.uint64)
        self.parents(out, children, groups=groups, nodes=2, level=0)
        return out

    def root(self, nodes: NDArray[np.uint8], *, height: int, total: int) -> tuple[bytes, bool]:
        """Returns the root over all nodes (m, 32) of one level, and whether equal neighbours were
        paired above it.
        """
        return _cpu_trees.root(nodes, total=total, height=height, **self.options())


def open_run(
    tree: str, hash: str | None, *, device: str | None = None, threads: int | None = None
) -> Run:
    """Raises ValueError for a tree, a hash or a device that there is not, DeviceUnavailable for a
    device that is missing here, or not the CPU.
    """
    kind, number = _chosen(tree, hash)
    return Run(kind, number, isa_of(device), threads)


def open_device_run(
    tree: str, hash: str | None, *, device: str | None = None, threads: int | None = None
) -> Run:
    """As open_run; a device that is not the CPU will do."""
    machine = machine_of(device)
    if machine is None:
        return open_run(tree, hash, device=device, threads=threads)
    from .device import DeviceRun

    kind, number = _chosen(tree, hash)
    hasher = _device_hashes.hasher(machine, _cpu.HASHES[hash or kind.hash])
    return DeviceRun(kind, number, _cpu.AUTO, threads, hasher)


def _chosen(tree: str, hash: str | None) -> tuple[TreeKind, int]:
    """Returns the tree's kind and the number of its hash."""
    kind = KINDS.get(tree) if isinstance(tree, str) else None
    if kind is None:
        raise ValueError(f"no tree is named {tree!r}; there are: {', '.join(KINDS)}")
    if hash is not None and hash not in kind.hashes:
        raise ValueError(f"tree {tree!r} has no hash {hash!r}; there is: {', '.join(kind.hashes)}")
    return kind, _cpu.HASHES[hash or kind.hash].number


# Flat bytes have no other mark of where one leaf ends: they are hashes.
_FLAT_WIDTHS = (32,)


def leaf_column(leaves: ColumnLike, kind: TreeKind) -> Column:
    """Returns the leaves of a request as a Column. Raises ValueError for one of a wrong length."""
    items = column("leaves", leaves, widths=_FLAT_WIDTHS if is_flat(leaves) else None)
    if not kind.hashed_leaves and items.n:
        _check_sizes(items, kind.name)
    return items


def is_flat(leaves: Any) -> bool:
    """Tells plain bytes, which do not say where one item ends, from other columns."""
    if isinstance(leaves, (list, tuple)):
        return False
    try:
        return memoryview(leaves).ndim == 1
    except (TypeError, ValueError):
        return False


def _check_sizes(leaves: Column, tree: str) -> None:
    if leaves.offsets is None:
        item, found = 0, leaves.width
    else:
        sizes = np.diff(leaves.offsets)
        item = int(np.argmax(sizes != 32))
        found = int(sizes[item])
    if found != 32:
        article = "an" if tree[0] in "aeiou" or tree == "ssz" else "a"
        raise ValueError(f"leaves: item {item} has {found} bytes; {article} {tree} leaf has 32")


def size_of(kind: TreeKind, n: int, limit: int | None) -> int:
    """Returns how many leaves the tree's shape is that of: n, or an SSZ tree's limit.

    Raises ValueError for a limit where there is none, or below n.
    """
    if kind.lone != _cpu_trees.LoneRule.ZERO:
        if limit is not None:
            raise ValueError(f"limit: a {kind.name!r} tree has none")
        return n
    if limit is None:
        return n
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise TypeError(f"limit: expected a number, got {type(limit).__name__}")
    if not n <= limit <= 1 << 62:
        raise ValueError(f"limit: {limit}, expected {n} (the leaves) to 2^62")
    return limit


def levels_above(size: int, width: int) -> int:
    """Returns how many levels a tree of `size` leaves has above them."""
    levels = 0
    while size > 1:
        size = -(-size // width)
        levels += 1
    return levels
