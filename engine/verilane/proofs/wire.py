"""A strict reader of protobuf's wire format, which reads many messages in step, field by field.

Strict, since the set of accepted encodings is a rule here: no unknown field or wire type, no
second copy of a field that is not repeated, varints as short as can be, repeated numbers packed.
What the encoders of Go (gogoproto), Rust (prost) and JavaScript write passes; default values may be
written or left out, fields come in any order. The usual libraries take more than that, and differ.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

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

    def __init__(self, m: int, good: Mask, columns: tuple[Ints, Ints, Numbers, Ints, Ints]) -> None:
        self.good = good
        self._m = m
        self._message, self._number, self._value, self._start, self._end = columns

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
    tags = [-1] * 256
    for number, kind in types.items():
        tags[number << 3 | kind] = kind
    good, columns = _read(part, start, end, tags)
    return Fields(len(start), good, columns)


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


# Of fewer messages, fields are read one by one: a step of NumPy's costs as much as 20 fields.
_FEW = 16

_Step = tuple[Ints, Ints, Ints, Numbers, Ints, Ints]
_NONE = np.zeros(0, np.int64)
_NOTHING = _NONE, _NONE, np.zeros(0, np.uint64), _NONE, _NONE


def _read(
    part: Part, start: Ints, end: Ints, tags: list[int]
) -> tuple[Mask, tuple[Ints, Ints, Numbers, Ints, Ints]]:
    """Returns which messages are good, and all fields' message, number, value, start and end.

    tags: the wire type that follows each tag, -1 for those that there are not.
    """
    good = np.ones(len(start), bool)
    if not len(start):
        return good, _NOTHING
    cursor, table = start.copy(), np.array(tags)
    steps: list[_Step] = []
    going = np.flatnonzero(cursor < end)
    while len(going) >= _FEW:
        step, right = _step(part.data, going, cursor[going], end[going], table)
        good[going[~right]] = False
        steps.append((step[0], np.full(len(step[0]), len(steps)), *step[1:]))
        going, after = step[0], step[-1]
        cursor[going] = after
        going = going[after < end[going]]
    read = len(steps)
    for i in going.tolist():
        rest = _rest(part.memory, int(cursor[i]), int(end[i]), tags)
        good[i] = rest is not None
        if rest is not None:
            k = len(rest)
            number, _, at, after = rest.astype(np.int64).T
            place = read + np.arange(k)
            steps.append((np.full(k, i), place, number, rest[:, 1], at, after))
    return good, _by_message(len(start), steps)


def _step(
    data: Bytes, which: Ints, at: Ints, stop: Ints, tags: Ints
) -> tuple[tuple[Ints, Ints, Numbers, Ints, Ints], Mask]:
    """Reads the next field of each message: returns the columns of those that could be read, and
    which those are.
    """
    tag = data[at].astype(np.int64)
    kind = tags[tag]
    value, after, right = read_varints(data, at + 1, stop)
    is_bytes = kind == BYTES
    # No length leads beyond the end, so that it fits 63 bits and the sum is exact.
    right &= (kind >= 0) & (~is_bytes | (value <= (stop - after).clip(0).astype(np.uint64)))
    which, tag, value, after = which[right], tag[right], value[right], after[right]
    ends = np.where(is_bytes[right], after + value.astype(np.int64), after)
    return (which, tag >> 3, value, after, ends), right


def _rest(memory: bytes, at: int, stop: int, tags: list[int]) -> "Numbers | None":
    """Reads all fields of one message, as _step does: rows of number, value, start and end; or
    None.
    """
    fields = array("Q")
    while at < stop:
        tag, at = memory[at], at + 1
        kind = tags[tag]
        value, shift, byte = 0, 0, 128
        while byte > 127:
            if at == stop or shift > 63:
                return None
            byte, at = memory[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
        if kind < 0 or (byte == 0 and shift > 7) or value >> 64:
            return None
        end = at + value if kind == BYTES else at
        if end > stop:
            return None
        fields.extend((tag >> 3, value, at, end))
        at = end
    return np.array(fields, np.uint64).reshape(-1, 4)


def _by_message(m: int, steps: list[_Step]) -> tuple[Ints, Ints, Numbers, Ints, Ints]:
    """Returns the columns of all steps, sorted by message; the second one counts its fields."""
    kinds = (np.int64, np.int64, np.int64, np.uint64, np.int64, np.int64)
    message, place, number, value, start, end = (
        np.concatenate([np.zeros(0, kind), *[step[i] for step in steps]])
        for i, kind in enumerate(kinds)
    )
    first = ragged(np.bincount(message, minlength=m).astype(np.int64))
    order = np.empty(len(message), np.int64)
    order[first[message] + place] = np.arange(len(message))
    return message[order], number[order], value[order], start[order], end[order]
