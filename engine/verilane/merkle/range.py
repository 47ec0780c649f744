"""A compact range: what is left of a log when its leaves may be forgotten."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import BytesLike, ColumnLike
from .._items import item
from ..errors import MutatedTree
from .kinds import Run, leaf_column, levels_above, open_run, size_of
from .roots import checked_option, length_of, mix_in

__all__ = ["Range"]

Nodes = NDArray[np.uint8]


class Range:
    """The leaves first..stop of a log that only grows, kept as the highest nodes over them that
    nothing added later can change: O(log n) of them, 32 bytes each.

    Ranges that follow each other can be merged, so that a log can be hashed in pieces. A range that
    begins with leaf 0 has its tree's root. Every kind of tree has ranges but "openzeppelin". (They
    are the compact ranges of transparency-dev/merkle, docs/compact_ranges.md.)
    """

    def __init__(
        self,
        leaves: ColumnLike = (),
        tree: str = "rfc6962",
        hash: str | None = None,
        *,
        first: int = 0,
        limit: int | None = None,
        length: "int | str | None" = None,
        on_duplicate: str = "raise",
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        """Makes the range of these leaves, the first of which has the number `first`.

        leaves, tree, hash, limit, length, on_duplicate, threads, device: as in `merkle.Tree`.

        Raises what `merkle.root` raises; ValueError for a negative `first` and for "openzeppelin".
        """
        self._run: Run = open_run(tree, hash, device=device, threads=threads)
        if self._run.kind.is_sorted:
            raise ValueError("an 'openzeppelin' tree has another shape for every size: no ranges")
        checked_option(on_duplicate)
        self._raises, self._limit, self._length = on_duplicate == "raise", limit, length
        length_of(self._run, length, 0)
        self._first = self._stop = _number("first", first)
        self._mutated = False
        # Of each level, runs of neighbours: a number on the level, and nodes from there on. None
        # holds a whole group.
        self._levels: list[list[tuple[int, Nodes]]] = []
        self.append(leaves)

    @classmethod
    def from_nodes(
        cls,
        nodes: BytesLike,
        first: int,
        stop: int,
        tree: str = "rfc6962",
        hash: str | None = None,
        **options: Any,
    ) -> "Range":
        """Returns the range that `nodes` were taken of. options: as when it was made.

        Raises ValueError for a number of nodes that first and stop do not ask for.
        """
        result = cls((), tree, hash, first=first, **options)
        if _number("stop", stop) < first:
            raise ValueError(f"stop: {stop}, expected {first} (the first leaf) or more")
        pieces = _pieces(first, stop, result._run.kind.width)
        given, count = item("nodes", nodes), sum(size for _, _, size in pieces)
        if len(given) != 32 * count:
            raise ValueError(f"nodes: {len(given)} bytes, expected {count} nodes of 32")
        rows, at = np.frombuffer(given, np.uint8).reshape(-1, 32), 0
        for level, start, size in pieces:
            result._absorb(level, start, rows[at : at + size])
            at += size
        result._stop = stop
        return result

    def __len__(self) -> int:
        return self._stop - self._first

    @property
    def first(self) -> int:
        """The number of the first leaf."""
        return self._first

    @property
    def stop(self) -> int:
        """The number of the leaf that would come next."""
        return self._stop

    @property
    def nodes(self) -> bytes:
        """All that is kept, from left to right, 32 bytes each: `from_nodes` takes it."""
        found = []
        for level, start, size in _pieces(self._first, self._stop, self._run.kind.width):
            for at, rows in self._levels[level]:
                if at <= start < at + len(rows):
                    found.append(rows[start - at : start - at + size].tobytes())
        return b"".join(found)

    def append(self, leaves: ColumnLike) -> None:
        """Adds leaves at the right. Raises what `merkle.root` raises."""
        items = leaf_column(leaves, self._run.kind)
        total = size_of(self._run.kind, self._stop + items.n, self._limit)
        if items.n == 0:
            return
        rows = np.empty((items.n, 32), np.uint8)
        self._run.nodes(items, height=0, first=self._stop, total=total, out=rows)
        self._absorb(0, self._stop, rows)
        self._stop += items.n

    def merge(self, other: "Range") -> None:
        """Adds the leaves of a range that begins where this one ends.

        Raises ValueError for a range of another tree or hash, and one that begins elsewhere.
        """
        if (self._run.kind, self._run.hash) != (other._run.kind, other._run.hash):
            raise ValueError("other: a range of another tree or hash")
        if other._first != self._stop:
            raise ValueError(f"other: begins with leaf {other._first}, expected {self._stop}")
        size_of(self._run.kind, other._stop, self._limit)
        kept = [list(runs) for runs in other._levels]
        for level, runs in enumerate(kept):
            for start, rows in runs:
                self._absorb(level, start, rows)
        self._stop = other._stop
        self._mutated |= other._mutated

    def _absorb(self, level: int, start: int, rows: Nodes) -> None:
        """Adds neighbours on a level, and makes parents of every group that is whole then."""
        width = self._run.kind.width
        while len(rows):
            while len(self._levels) <= level:
                self._levels.append([])
            start, rows = self._joined(level, start, rows)
            first, stop = -(-start // width), (start + len(rows)) // width
            if first >= stop:
                self._levels[level].append((start, rows))
                return
            left, right = width * first - start, width * stop - start
            for at, piece in ((start, rows[:left]), (start + right, rows[right:])):
                if len(piece):
                    self._levels[level].append((at, piece.copy()))
            parents = np.empty((stop - first, 32), np.uint8)
            groups = rows[left:right].reshape(-1, 32 * width)
            self._note(
                self._run.parents(parents, groups, nodes=width * stop, level=level, first=first)
            )
            level, start, rows = level + 1, first, parents

    def _joined(self, level: int, start: int, rows: Nodes) -> tuple[int, Nodes]:
        """Takes from the level what lies beside these nodes, and returns all of it."""
        for run in list(self._levels[level]):
            at, kept = run
            if at + len(kept) == start:
                start, rows = at, np.concatenate([kept, rows])
            elif start + len(rows) == at:
                rows = np.concatenate([rows, kept])
            else:
                continue
            self._levels[level] = [each for each in self._levels[level] if each is not run]
        return start, rows

    def _note(self, equal: NDArray[np.intp]) -> None:
        self._mutated |= bool(len(equal))

    @property
    def root(self) -> bytes:
        """The 32-byte root of the tree over the leaves 0..stop.

        Raises ValueError where the range does not begin with leaf 0; MutatedTree as `merkle.root`.
        """
        if self._first:
            raise ValueError(f"a range from leaf {self._first} on has no root")
        total = size_of(self._run.kind, self._stop, self._limit)
        height = levels_above(self._stop, self._run.kind.width)
        top = np.zeros((0, 32), np.uint8)
        before = self._mutated
        for level in range(height + 1):
            kept = self._levels[level] if level < len(self._levels) else []
            top = np.concatenate([*[rows for _, rows in kept], top])
            if level < height and len(top):
                top = self._last_parent(top, level)
        root = self._run.root(top, height=height, total=total)[0]
        mutated, self._mutated = self._mutated, before
        chunk = length_of(self._run, self._length, self._stop)
        root = root if chunk is None else mix_in(self._run, root, chunk)
        if mutated and self._raises:
            raise MutatedTree(root)
        return root

    def _last_parent(self, rows: Nodes, level: int) -> Nodes:
        """Returns the parent (1, 32) of the last nodes on a level."""
        width, parent = self._run.kind.width, np.empty((1, 32), np.uint8)
        nodes = -(-self._stop // width**level)
        group = np.zeros((width, 32), np.uint8)
        group[: len(rows)] = rows
        first = (nodes - 1) // width
        self._note(
            self._run.parents(parent, group.reshape(1, -1), nodes=nodes, level=level, first=first)
        )
        return parent


def _number(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    if not 0 <= value <= 1 << 62:
        raise ValueError(f"{name}: {value}, expected 0 to 2^62")
    return value


def _pieces(first: int, stop: int, width: int) -> list[tuple[int, int, int]]:
    """Returns what the range first..stop keeps, from left to right: level, number, how many."""
    left, right, level = [], [], 0
    while first < stop:
        inner, outer = -(-first // width), stop // width
        if inner > outer:
            left.append((level, first, stop - first))
            break
        left.append((level, first, width * inner - first))
        right.append((level, width * outer, stop - width * outer))
        first, stop, level = inner, outer, level + 1
    return [piece for piece in [*left, *reversed(right)] if piece[2]]
