"""A strict reader of protobuf's wire format, for many messages at once.

Strict, since the set of accepted encodings is a rule here: no unknown field or wire type, no
second copy of a field that is not repeated, varints as short as can be, repeated numbers packed.
What the encoders of Go (gogoproto), Rust (prost) and JavaScript write passes; default values may be
written or left out, fields come in any order. The usual libraries take more than that, and differ.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_light
from .ragged import Bytes, Ints, Part, ragged

__all__ = ["BYTES", "NUMBER", "Fields", "read_fields", "read_packed", "read_varints"]

NUMBER, BYTES = 0, 2
"""Wire types: a varint, and bytes after their length."""

Numbers = NDArray[np.uint64]
Mask = NDArray[np.bool_]


def read_varints(data: Bytes, at: Ints, stop: Ints) -> tuple[Numbers, Ints, Mask]:
    """Reads a number at each place: returns the numbers, where they end, and which there are.

    Requires `data` to have a byte more than any `stop` says.
    """
    byte = data[np.minimum(at, stop)]
    good = at < stop
    value, after = (byte & 127).astype(np.uint64), at + 1
    going = np.flatnonzero(good & (byte > 127))
    for shift in range(7, 70, 7):
        if not len(going):
            return value, after, good
        place = after[going]
        byte = data[np.minimum(place, stop[going])]
        # Nothing beyond 64 bits, and no zero byte at the end, which would only make it longer.
        right = (place < stop[going]) & (byte != 0) & ((shift < 63) | (byte == 1))
        good[going] = right
        value[going] |= (byte & 127).astype(np.uint64) << np.uint64(shift)
        after[going] += 1
        going = going[right & (byte > 127)]
    return value, after, good


class Fields:
    """The fields of m messages of one type: of message 0, then of message 1, and so on.

    good: which messages could be read. What is asked of the others is not to be used.
    """

    def __init__(self, good: Mask, columns: Numbers) -> None:
        self.good = good
        self._m = len(good)
        self._message, self._number, _, self._start, self._end = columns.view(np.int64)
        self._value = columns[2]

    def number(self, field: int) -> Numbers:
        """Returns the number that this field holds in every message; 0 where it is not there."""
        out = np.zeros(self._m, np.uint64)
        which = self._single(field)
        out[self._message[which]] = self._value[which]
        return out

    def slice(self, field: int) -> tuple[Ints, Ints, Mask]:
        """Returns where this field's bytes start and end in every message (0, 0 without it), and
        where it is there.
        """
        start, end = np.zeros(self._m, np.int64), np.zeros(self._m, np.int64)
        there = np.zeros(self._m, bool)
        which = self._single(field)
        at = self._message[which]
        start[at], end[at], there[at] = self._start[which], self._end[which], True
        return start, end, there

    def repeated(self, field: int) -> tuple[Ints, Ints, Ints]:
        """Returns, for each time that this field is there: the message, start and end."""
        which = self._where(field)
        return self._message[which], self._start[which], self._end[which]

    def _where(self, field: int) -> NDArray[np.intp]:
        return np.flatnonzero(self._number == field)

    def _single(self, field: int) -> NDArray[np.intp]:
        which = self._where(field)
        self.good &= np.bincount(self._message[which], minlength=self._m) <= 1
        return which


def read_fields(part: Part, start: Ints, end: Ints, types: Mapping[int, int]) -> Fields:
    """Reads m messages, which lie in a Part's memory from start[i] to end[i], and whose fields have
    these wire types.

    Requires field numbers below 16: a tag is one byte.
    """
    tags = bytearray(b"\xff" * 256)
    for number, kind in types.items():
        tags[number << 3 | kind] = kind
    columns, good = _cpu_light.wire_fields(part.data, start, end, bytes(tags))
    return Fields(good.astype(bool), columns)


def read_packed(part: Part, start: Ints, end: Ints) -> tuple[Ints, Numbers, Mask]:
    """Reads m rows of varints: returns each number's row and value, and which rows are good."""
    offsets = ragged(end - start)
    row = np.repeat(np.arange(len(start)), end - start)
    place = np.arange(len(row)) - offsets[row] + start[row]
    # A number begins with its row, or after a byte that ends one.
    begins = np.append(True, part.data[place[:-1]] < 128)[: len(row)]
    begins[offsets[:-1][end > start]] = True
    row = row[begins]
    value, _, right = read_varints(part.data, place[begins], end[row])
    good = np.ones(len(start), bool)
    good[row[~right]] = False
    return row, value, good
