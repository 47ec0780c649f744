"""A Merkle tree that is kept: its root, proofs, and changes that touch only what they must."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import BytesLike, Column, ColumnLike
from .._cpu_trees import LoneRule
from ..errors import MutatedTree
from .consistency import consistency_path
from .heap import Heap
from .kinds import Run, leaf_column, open_device_run, open_run, size_of
from .levels import Levels
from .multiproof import MultiProof
from .roots import checked_option, length_of, mix_in

__all__ = ["Tree"]


class Tree:
    """A Merkle tree with all its nodes: 64 bytes a leaf (34.2 in a "fisco2" tree).

    Reading is thread-safe; changes must not run beside anything else.
    """

    def __init__(
        self,
        leaves: ColumnLike = (),
        tree: str = "rfc6962",
        hash: str | None = None,
        *,
        limit: int | None = None,
        length: "int | str | None" = None,
        on_duplicate: str = "raise",
        buffer: Any = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        """Builds a tree over n leaves, in order.

        leaves, tree, hash, limit, on_duplicate, threads, device: as in `merkle.root`. length: as
        there; "leaves" follows `append`.
        buffer: writable bytes that the nodes shall live in, such as a memory map of a file (the
        tree may then be larger than memory; `Tree.open` finds it again); as many leaves fit as
        `Tree.bytes_for` says. None: memory of the tree's own, twice as much whenever it is full.
        On a device that is not the CPU that is the device's memory: leaves go there once, and only
        what is asked for comes back; what it hashed is not checked, unless you do it.

        Raises what `merkle.root` raises; ValueError for a buffer that is too small.
        """
        self._set_up(tree, hash, limit, length, on_duplicate, threads, device)
        items = leaf_column(leaves, self._run.kind)
        self._check_room(items.n)
        self._nodes = self._store(max(items.n, 1), buffer)
        self._append(items)

    @classmethod
    def open(
        cls,
        buffer: Any,
        size: int,
        tree: str = "rfc6962",
        hash: str | None = None,
        *,
        limit: int | None = None,
        length: "int | str | None" = None,
        on_duplicate: str = "raise",
        threads: int | None = None,
        device: str | None = None,
    ) -> "Tree":
        """Returns the tree of `size` leaves that another Tree left in a buffer of this length, with
        the same options. Nothing is hashed: what the buffer holds is believed.
        """
        opened = cls.__new__(cls)
        opened._set_up(tree, hash, limit, length, on_duplicate, threads, device)
        opened._check_room(size)
        opened._nodes = opened._store(max(size, 1), buffer)
        opened._nodes.n = size
        opened._nodes.find_equal()
        return opened

    @staticmethod
    def bytes_for(leaves: int, tree: str = "rfc6962") -> int:
        """Returns how many bytes a buffer needs for a tree with so many leaves."""
        kind = open_run(tree, None).kind
        store = Heap if kind.is_sorted else Levels
        return 32 * store.rows(max(leaves, 1), kind.width)

    def _set_up(
        self,
        tree: str,
        hash: str | None,
        limit: int | None,
        length: "int | str | None",
        on_duplicate: str,
        threads: int | None,
        device: str | None,
    ) -> None:
        self._run: Run = open_device_run(tree, hash, device=device, threads=threads)
        checked_option(on_duplicate)
        self._raises = on_duplicate == "raise"
        self._limit, self._length = limit, length
        self._root: bytes | None = None
        self._fixed = False
        self._length_chunk(0)

    def _store(self, capacity: int, buffer: Any) -> Levels | Heap:
        store = Heap if self._run.kind.is_sorted else Levels
        if buffer is None:
            return store(self._run, capacity)
        if not isinstance(self._run.empty(0), np.ndarray):
            raise ValueError("buffer: the nodes of a tree on a device are in the device's memory")
        self._fixed = True
        memory = np.frombuffer(buffer, np.uint8)
        if not memory.flags.writeable:
            raise TypeError("buffer: expected writable bytes")
        width, rows = self._run.kind.width, len(memory) // 32
        if store.rows(capacity, width) > rows:
            need = 32 * store.rows(capacity, width)
            raise ValueError(f"buffer: {len(memory)} bytes, expected {need} or more")
        most = _largest(lambda leaves: store.rows(leaves, width) <= rows, capacity, rows)
        memory = memory[: 32 * store.rows(most, width)]
        return store(self._run, most, memory.reshape(-1, 32))

    def _length_chunk(self, n: int) -> bytes | None:
        return length_of(self._run, self._length, n)

    def _check_room(self, n: int) -> None:
        size_of(self._run.kind, n, self._limit)

    def _shape(self) -> int:
        """How many leaves the tree's shape is that of."""
        return size_of(self._run.kind, len(self), self._limit)

    # ---- What it is ----

    def __len__(self) -> int:
        return self._nodes.n

    @property
    def root(self) -> bytes:
        """The 32-byte root. Raises MutatedTree as `merkle.root` does; ValueError for an
        "openzeppelin" tree without leaves.
        """
        if self._root is None:
            top = self._nodes.root(self._shape())
            chunk = self._length_chunk(len(self))
            self._root = top if chunk is None else mix_in(self._run, top, chunk)
        if self._nodes.equal and self._raises:
            raise MutatedTree(self._root)
        return self._root

    @property
    def proof_size(self) -> int:
        """What `verify_proofs` takes as the size for this tree's proofs: the number of leaves; of
        an "ssz" tree the next power of two of its limit, twice that where a length is mixed in.
        """
        if self._run.kind.lone != LoneRule.ZERO:
            return len(self)
        size: int = 1 << max(self._shape() - 1, 0).bit_length()
        return size if self._length is None else 2 * size

    # ---- Proofs ----

    def proof(self, index: int) -> bytes:
        """Returns the inclusion proof of one leaf, as `verify_proofs` takes it. Raises ValueError
        for an index that the tree does not have.
        """
        return bytes(self.proofs([index])[0])

    def proofs(self, indices: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Returns the inclusion proofs of many leaves: a ragged column, bytes and offsets."""
        paths = self._nodes.paths(self._indices(indices), self._shape())
        chunk = self._length_chunk(len(self))
        if chunk is not None:
            paths.add_to_all(chunk)
        return paths.column()

    def multiproof(self, indices: Any) -> MultiProof:
        """Returns one proof for several leaves, in ascending order and without repeats; ValueError
        for others, and for none at all.
        """
        wanted = self._indices(indices)
        if len(wanted) == 0 or (wanted[1:] <= wanted[:-1]).any():
            raise ValueError("indices: expected one or more, ascending, without repeats")
        if isinstance(self._nodes, Heap):
            rows, flags = self._nodes.shared_path(wanted)
            return MultiProof(rows.tobytes(), tuple(flags))
        nodes = self._nodes.shared_path(wanted, self._shape()).tobytes()
        chunk = self._length_chunk(len(self))
        return MultiProof(nodes if chunk is None else nodes + chunk)

    def consistency_proof(self, old_size: int) -> bytes:
        """Returns the proof that the tree of the first `old_size` leaves is a beginning of this one
        (RFC 6962 section 2.1.2, RFC 9162 section 2.1.4). "rfc6962" and "plain" only.

        Raises ValueError for a size of 0, one above the tree's, and for another kind of tree.
        """
        if isinstance(self._nodes, Heap):
            raise ValueError("an 'openzeppelin' tree has no consistency proofs")
        return consistency_path(self._nodes, old_size)

    def _indices(self, indices: Any) -> NDArray[np.int64]:
        """Returns the indices of a request. Raises ValueError for one that the tree lacks."""
        given = np.asarray(indices)
        if given.size == 0:
            return np.zeros(0, np.int64)
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise TypeError(f"indices: expected a row of integers, got {given.dtype} {given.shape}")
        wrong = (given < 0) | (given >= len(self))
        if wrong.any():
            raise ValueError(f"index {given[wrong][0]}: the tree has {len(self)} leaves")
        return given.astype(np.int64)

    # ---- Changes ----

    def append(self, leaves: ColumnLike) -> None:
        """Adds leaves at the right. Touches what lies above them; an "openzeppelin" tree is hashed
        anew, since it has another shape for every size.

        Raises what `merkle.root` raises; ValueError where the caller's buffer has no room.
        """
        self._append(leaf_column(leaves, self._run.kind))

    def _append(self, items: Column) -> None:
        n = len(self) + items.n
        total = size_of(self._run.kind, n, self._limit)
        if n > self._nodes.capacity:
            if self._fixed:
                raise ValueError(f"buffer: room for {self._nodes.capacity} leaves, not for {n}")
            self._nodes.grow(max(n, 2 * self._nodes.capacity))
        self._root = None
        if items.n:
            self._nodes.append(items, total)

    def update(self, index: int, leaf: BytesLike) -> None:
        """Replaces one leaf. Raises ValueError for an index that the tree does not have."""
        self.update_many([index], [leaf])

    def update_many(self, indices: Any, leaves: ColumnLike) -> None:
        """Replaces many leaves, level by level in lanes. indices: in any order; of a leaf that is
        named twice, the last value counts. leaves: as many.
        """
        wanted = self._indices(indices)
        items = leaf_column(leaves, self._run.kind)
        if items.n != len(wanted):
            raise ValueError(f"leaves: {items.n} items, but {len(wanted)} indices")
        if items.n == 0:
            return
        nodes = np.empty((items.n, 32), np.uint8)
        self._run.nodes(items, height=0, first=0, total=items.n, out=nodes)
        ascending, last = np.unique(wanted[::-1], return_index=True)
        self._root = None
        self._nodes.update(ascending, nodes[items.n - 1 - last])


def _largest(fits: Any, low: int, high: int) -> int:
    """Returns the largest number from `low`, which fits, to `high` that fits."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
