"""Slices of one piece of memory, many at once."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_light
from .._columns import Column

__all__ = [
    "Bytes",
    "Ints",
    "Part",
    "Piece",
    "fill",
    "join",
    "ragged",
    "rows",
    "rows_of",
    "take_part",
]

Bytes: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int64]
Piece: TypeAlias = "tuple[Bytes, Ints, Ints]"
"""n slices: the memory, where each starts, and its length."""

# Zeros after the last item, so that a few bytes may be read from any place in it.
_PADDING = 128


class Part(NamedTuple):
    """Some items of a column in memory of their own: what is checked there is what is used.

    Item i is memory[start[i] : end[i]]; `data` is the same memory as an array.
    """

    memory: bytes
    data: Bytes
    start: Ints
    end: Ints

    def item(self, i: int) -> bytes:
        """Returns item i."""
        return self.memory[self.start[i] : self.end[i]]

    def items(self) -> list[bytes]:
        """Returns all items."""
        memory = self.memory
        return [memory[a:b] for a, b in zip(self.start.tolist(), self.end.tolist(), strict=True)]


def take_part(column: Column, start: int, stop: int) -> Part:
    """Returns a copy of the items start..stop."""
    if column.offsets is None:
        ends = np.arange(stop - start + 1, dtype=np.int64) * column.width
        first = start * column.width
    else:
        first = int(column.offsets[start])
        ends = column.offsets[start : stop + 1] - first
    memory = column.data[first : first + int(ends[-1])].tobytes() + bytes(_PADDING)
    return Part(memory, np.frombuffer(memory, np.uint8), ends[:-1], ends[1:])


def ragged(lengths: Ints) -> Ints:
    """Returns the n + 1 offsets of items of these lengths, one after the other."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def fill(out: Bytes, places: Ints, piece: Piece) -> None:
    """Copies slice i to out[places[i]:]."""
    memory, start, length = piece
    _cpu_light.copy_slices(out, places, memory, start, length)


def join(pieces: Sequence[Piece]) -> Column:
    """Returns n items, each of them one slice of every piece, in this order."""
    lengths = [length for _, _, length in pieces]
    offsets = ragged(np.sum(lengths, axis=0, dtype=np.int64))
    out, places = np.empty(int(offsets[-1]), np.uint8), offsets[:-1].copy()
    for piece, length in zip(pieces, lengths, strict=True):
        fill(out, places, piece)
        places += length
    return Column(out, offsets, 0, len(offsets) - 1)


def rows_of(table: Bytes) -> Piece:
    """Returns all rows of an array (n, width)."""
    n, width = table.shape
    return table.reshape(-1), np.arange(n) * width, np.full(n, width)


def rows(memory: Bytes, start: Ints, width: int) -> Bytes:
    """Returns the `width` bytes from every start: (n, width). None may lead beyond the memory."""
    found = np.empty((len(start), width), np.uint8)
    out, places, widths = rows_of(found)
    fill(out, places, (memory, start, widths))
    return found
