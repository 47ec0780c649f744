"""Hashes on a device that is not the CPU: messages, and Merkle nodes that stay there.

Data goes up in parts that fit the device's memory. Before the first use of a hash on a device, its
kernels must give the CPU's own answers.
"""

import threading
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _cpu
from ._columns import Column
from ._machine import Buffer, Machine
from ._machines import machine
from .errors import DeviceFailure, DeviceUnavailable

__all__ = ["Hasher", "Part", "hasher", "parts", "selftest"]

# Bytes of messages at a time: enough for any device to be busy, and no launch takes long.
_PART_BYTES = 1 << 28

# What kernels may read beyond the last message.
_BEYOND = 8

_NO_PREFIX = 0x100


class Part(NamedTuple):
    """Messages start..stop of a column, on a device. offsets: None where they are packed."""

    start: int
    stop: int
    data: Buffer
    offsets: Buffer | None


def parts(machine: Machine, column: Column, item_bytes: int) -> Iterator[Part]:
    """Yields all messages of a column, a part at a time. item_bytes: what the caller needs beside
    for every message.

    Raises DeviceFailure for a message that does not fit.
    """
    limit = min(_PART_BYTES, machine.largest_buffer, machine.memory // 2) - _BEYOND
    most = machine.room(4, item_bytes)
    start = 0
    while start < column.n:
        if column.offsets is None:
            stop = start + limit // max(column.width, 1)
            first, last = start * column.width, 0
        else:
            first = int(column.offsets[start])
            stop = int(np.searchsorted(column.offsets, first + limit, side="right")) - 1
        stop = min(max(stop, start + 1), start + most, column.n)
        if column.offsets is None:
            last, offsets = stop * column.width, None
        else:
            last = int(column.offsets[stop])
            offsets = (column.offsets[start : stop + 1] - first).astype(np.uint32)
        if last - first > machine.largest_buffer - _BEYOND or last - first >= 1 << 31:
            raise DeviceFailure(
                f"{machine.name}: a message of {last - first} bytes does not fit its memory"
            )
        data = machine.buffer(last - first + _BEYOND)
        machine.write(data, column.data[first:last])
        yield Part(start, stop, data, None if offsets is None else machine.upload(offsets))
        start = stop


class Hasher:
    """One hash on one device. Each method starts work on the device and waits for nothing, unless
    it returns something.

    Places in a Buffer of digests or nodes count in digests: 32 bytes, of "sha512" 64.
    """

    def __init__(self, machine: Machine, hash: _cpu.Hash) -> None:
        self.machine, self.hash = machine, hash
        self._program = machine.program(f"hash_{hash.name.replace('-', '_')}.cl")
        # The hashes of 64-byte blocks have a path of their own for 01 || left || right.
        self._has_prefixed_nodes = hash.name in ("sha256", "sm3")

    def messages(
        self,
        digests: Buffer,
        first: int,
        part: Part,
        *,
        width: int = 0,
        prefix: int | None = None,
    ) -> None:
        """Puts the digests of a part from digest `first` on. width: of packed messages. prefix: a
        byte before every message.
        """
        n = part.stop - part.start
        if part.offsets is None:
            self.rows(digests, first, part.data, 0, n, width=width, prefix=prefix)
            return
        byte = _NO_PREFIX if prefix is None else prefix
        self.machine.launch(
            self._program, "hash_ragged", n, digests, first, part.data, part.offsets, byte
        )

    def rows(
        self,
        digests: Buffer,
        first: int,
        data: Buffer,
        start: int,
        n: int,
        *,
        width: int,
        prefix: int | None = None,
    ) -> None:
        """The same for n messages of `width` bytes, from byte `start` of a buffer on."""
        byte, begin = _NO_PREFIX if prefix is None else prefix, np.uint64(start)
        self.machine.launch(
            self._program, "hash_packed", n, digests, first, data, begin, width, byte
        )

    def nodes(
        self,
        nodes: Buffer,
        first: int,
        pairs: Buffer,
        start: int,
        n: int,
        *,
        prefix: int | None = None,
        is_sorted: bool = False,
    ) -> None:
        """Puts the parents of n pairs of nodes, the first of which is node `start` (an even place),
        from node `first` on. is_sorted: the smaller child of a pair is hashed first.
        """
        if prefix is None or self._has_prefixed_nodes:
            kernel = "hash_nodes" if prefix is None else "hash_nodes_prefixed"
            self.machine.launch(
                self._program, kernel, n, nodes, first, pairs, start // 2, int(is_sorted)
            )
        else:
            self.rows(nodes, first, pairs, 32 * start, n, width=64, prefix=prefix)

    def digest(self, digests: NDArray[np.uint8], messages: Column) -> None:
        """Fills `digests` (n, size) and waits for them."""
        size = self.hash.size
        for part in parts(self.machine, messages, size):
            out = self.machine.buffer(size * (part.stop - part.start))
            self.messages(out, 0, part, width=messages.width)
            self.machine.read(digests[part.start : part.stop], out)


_lock = threading.Lock()
_hashers: dict[tuple[str, str], tuple[Hasher, int]] = {}  # tested after so many failures


def selftest(name: str) -> bool:
    """Whether every hash gives the right answers on a device. DeviceUnavailable if it is missing,
    or a kernel can't be built.
    """
    where = machine(name)
    return all(_answers_are_right(Hasher(where, hash)) for hash in _cpu.HASHES.values())


def hasher(machine: Machine, hash: _cpu.Hash) -> Hasher:
    """Returns a hash on a device, built and checked at the first call, and checked again when the
    device has failed at something since.

    Raises DeviceUnavailable if it can't be built, or gives wrong answers.
    """
    key = machine.name, hash.name
    with _lock:
        made, failures = _hashers.pop(key, (None, 0))
        if made is None or made.machine is not machine or failures != machine.failures:
            made = Hasher(machine, hash)
            failures = machine.failures
            if not _answers_are_right(made):
                raise DeviceUnavailable(
                    f"{machine.name} can't be used: its {hash.name} digests came out wrong"
                )
        _hashers[key] = made, failures
        return made


# ---- The known answers: the CPU's, which has its own ones (csrc/selftest_hash.c) ----


_LENGTHS = (*range(300), 500, 1000)


def _answers_are_right(made: Hasher) -> bool:
    """Whether all kernels of a hash give the right answers, in every lane of several groups."""
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(_LENGTHS)])
    data = (np.arange(int(ends[-1])) * 0x9E3779B1 >> 13).astype(np.uint8)
    if not _digests_are_right(made, Column(data, ends, 0, len(_LENGTHS))):
        return False
    width = 63
    packed = Column(data, None, width, len(data) // width)
    if not _digests_are_right(made, packed):
        return False
    return made.hash.size != 32 or all(
        _nodes_are_right(made, data[: len(data) // 64 * 64].reshape(-1, 64), prefix, is_sorted)
        for prefix in (None, 0x01)
        for is_sorted in (False, True)
        if not (prefix and is_sorted)
    )


def _on_cpu(hash: _cpu.Hash, messages: Column) -> NDArray[np.uint8]:
    digests = np.zeros((messages.n, hash.size), np.uint8)
    _cpu.digest(digests, messages, hash=hash, isa=_cpu.AUTO)(0, messages.n)
    return digests


def _digests_are_right(made: Hasher, messages: Column) -> bool:
    digests = np.zeros((messages.n, made.hash.size), np.uint8)
    made.digest(digests, messages)
    return np.array_equal(digests, _on_cpu(made.hash, messages))


def _nodes_are_right(
    made: Hasher, pairs: NDArray[np.uint8], prefix: int | None, is_sorted: bool
) -> bool:
    n, machine = len(pairs), made.machine
    expected = pairs
    if is_sorted:
        halves = pairs.reshape(n, 2, 32)
        swaps = [bytes(left) > bytes(right) for left, right in halves]
        expected = np.where(np.array(swaps)[:, None, None], halves[:, ::-1], halves)
    before = np.full((n, 0 if prefix is None else 1), prefix or 0, np.uint8)
    rows = np.hstack([before, expected.reshape(n, 64)])
    out = machine.buffer(32 * n)
    made.nodes(out, 0, machine.upload(pairs), 0, n, prefix=prefix, is_sorted=is_sorted)
    nodes = np.zeros((n, 32), np.uint8)
    machine.read(nodes, out)
    column = Column(np.ascontiguousarray(rows).reshape(-1), None, rows.shape[1], n)
    return np.array_equal(nodes, _on_cpu(made.hash, column))
