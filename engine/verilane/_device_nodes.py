"""Rows of Merkle nodes in a device's memory, with what trees need of a NumPy array of uint8."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._machine import Buffer, Machine

__all__ = ["NODE", "DeviceNodes"]

NODE = 32


class DeviceNodes:
    """n rows of one node or more, neighbours in a Buffer, from node `first` on.

    As with an array (n, row bytes): a slice or another shape is a view, and assigning to one copies
    into it. What `take` picks stays on the device; np.asarray and a single row bring it here.
    """

    def __init__(self, machine: Machine, buffer: Buffer, first: int, n: int, width: int) -> None:
        self.machine, self.buffer, self.first, self.n, self.width = machine, buffer, first, n, width

    @classmethod
    def empty(cls, machine: Machine, n: int, width: int = 1) -> "DeviceNodes":
        """Returns memory for n rows of `width` nodes, whatever it holds."""
        return cls(machine, machine.buffer(NODE * n * width), 0, n, width)

    @classmethod
    def of(cls, machine: Machine, rows: NDArray[np.uint8]) -> "DeviceNodes":
        """Returns a copy of rows (n, 32 width)."""
        return cls(machine, machine.upload(rows), 0, len(rows), rows.shape[1] // NODE)

    def __len__(self) -> int:
        return self.n

    @property
    def _start(self) -> int:
        return NODE * self.first

    @property
    def _size(self) -> int:
        return NODE * self.width * self.n

    def _program(self) -> Any:
        return self.machine.program("nodes.cl")

    def reshape(self, rows: int, row_bytes: int) -> "DeviceNodes":
        """Returns the same nodes in rows of another size. rows: -1 takes what there are; a number
        may take in what lies behind them.
        """
        width = row_bytes // NODE
        n = self.n * self.width // width if rows < 0 else rows
        return DeviceNodes(self.machine, self.buffer, self.first, n, width)

    def take(self, indices: NDArray[Any], axis: int = 0) -> "DeviceNodes":
        """Returns a copy of these rows, on the device."""
        taken = DeviceNodes.empty(self.machine, len(indices), self.width)
        numbers = self.machine.upload(indices.astype(np.uint32))
        self.machine.launch(
            self._program(),
            "nodes_gather",
            len(indices),
            taken.buffer,
            self.buffer,
            np.uint64(self._start // 4),
            numbers,
            8 * self.width,
        )
        return taken

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            start, stop, _ = which.indices(self.n)
            first, n = self.first + start * self.width, max(stop - start, 0)
            return DeviceNodes(self.machine, self.buffer, first, n, self.width)
        row = which % self.n
        return np.asarray(self[row : row + 1])[0]

    def __setitem__(self, which: Any, rows: Any) -> None:
        if isinstance(which, slice):
            self[which]._assign(rows)
            return
        given = rows[:] if isinstance(rows, DeviceNodes) else DeviceNodes.of(self.machine, rows)
        assert given.first == 0
        numbers = self.machine.upload(which.astype(np.uint32))
        self.machine.launch(
            self._program(),
            "nodes_scatter",
            len(which),
            self.buffer,
            np.uint64(self._start // 4),
            given.buffer,
            numbers,
            8 * self.width,
        )

    def _assign(self, rows: Any) -> None:
        if isinstance(rows, DeviceNodes):
            self.machine.copy(self.buffer, self._start, rows.buffer, rows._start, rows._size)
        else:
            self.machine.write(self.buffer, rows, self._start)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.uint8]:
        rows = np.empty((self.n, NODE * self.width), np.uint8)
        self.machine.read(rows, self.buffer, self._start)
        return rows
