"""What light clients' proofs are read with, at its bounds: C refuses what would lead beyond memory.

Everything else is tested through `verilane.proofs`.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verilane import InternalError, _cpu_light
from verilane.proofs.ics23.claims import first_around
from verilane.proofs.ragged import Part
from verilane.proofs.wire import BYTES, NUMBER, read_fields, read_packed


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def test_slices_stay_in_memory() -> None:
    data, out = np.arange(10, dtype=np.uint8), np.zeros(8, np.uint8)
    _cpu_light.copy_slices(out, ints(0, 3, 8), data, ints(5, 0, 10), ints(2, 5, 0))
    assert out.tolist() == [5, 6, 0, 0, 1, 2, 3, 4]
    for place, start, length in (
        (0, 9, 2),
        (7, 0, 2),
        (-1, 0, 1),
        (0, -1, 1),
        (0, 0, -1),
        (0, 11, 0),
        (9, 0, 0),
        (0, 1, 2**63 - 1),
        (2**63 - 1, 0, 1),
        (0, 2**63 - 1, 1),
    ):
        with pytest.raises(InternalError):
            _cpu_light.copy_slices(out, ints(place), data, ints(start), ints(length))


def test_messages_stay_in_memory() -> None:
    data, types = np.zeros(10, np.uint8), b"\xff" * 256
    for start, end in ((0, 11), (-1, 3), (5, 4), (11, 11)):
        with pytest.raises(InternalError):
            _cpu_light.wire_fields(data, ints(0, start), ints(9, end), types)


def test_flags_stay_in_memory() -> None:
    data = np.full(10, 255, np.uint8)
    for total, hashes, place, flags, at in (
        (3, 1, 0, 11, 0),
        (3, 1, 0, 5, 6),
        (3, 1, 0, 1, -1),
        (3, -1, 0, 1, 0),
        (0, 1, 0, 1, 0),
        (2**32, 1, 0, 1, 0),
        (3, 1, -1, 1, 0),
    ):
        good = np.ones(1, np.uint8)
        columns = [ints(value) for value in (total, hashes, place, flags, at)]
        with pytest.raises(InternalError):
            _cpu_light.partial_trees(data, good, *columns)
    highest = [ints(value) for value in (2**32 - 1, 0, 0, 10, 0)]
    good = np.ones(1, np.uint8)
    assert _cpu_light.partial_trees(data, good, *highest).shape == (7, 0)
    assert good.tolist() == [0]


def part_of(rows: list[bytes]) -> Part:
    memory = b"".join(rows) + bytes(128)
    ends = np.cumsum([0, *map(len, rows)])
    return Part(memory, np.frombuffer(memory, np.uint8), ends[:-1], ends[1:])


def varint(data: bytes) -> tuple[int, bytes] | None:
    for i, byte in enumerate(data[:10]):
        if byte < 128:
            value = sum((each & 127) << 7 * k for k, each in enumerate(data[: i + 1]))
            minimal = i == 0 or byte > 0
            return (value, data[i + 1 :]) if minimal and value < 1 << 64 else None
    return None


# Mostly bytes of which fields are made.
BYTE = st.sampled_from([0, 1, 2, 8, 10, 18, 127, 128, 129, 255]) | st.integers(0, 255)
ROW = st.lists(BYTE, max_size=24).map(bytes)


@given(st.lists(ROW, max_size=12))
def test_packed_numbers(rows: list[bytes]) -> None:
    part = part_of(rows)
    row, value, good = read_packed(part, part.start, part.end)
    for i, data in enumerate(rows):
        numbers = []
        while data:
            found = varint(data)
            if found is None:
                break
            number, data = found
            numbers.append(number)
        assert good[i] == (not data)
        if good[i]:
            assert value[row == i].tolist() == numbers


@given(st.lists(ROW, max_size=12))
def test_fields(rows: list[bytes]) -> None:
    part = part_of(rows)
    fields = read_fields(part, part.start, part.end, {1: NUMBER, 2: BYTES})
    number, (start, end, there) = fields.number(1), fields.slice(2)
    for i, data in enumerate(rows):
        seen: dict[int, Any] = {}
        good = True
        while data and good:
            tag, found = data[0], varint(data[1:])
            good = found is not None and tag in (1 << 3 | NUMBER, 2 << 3 | BYTES)
            good &= tag >> 3 not in seen
            if found is not None and good:
                seen[tag >> 3], data = found
                if tag & 7 == BYTES:
                    good = seen[2] <= len(data)
                    seen[2], data = data[: seen[2]], data[seen[2] :]
        assert fields.good[i] == good
        if good:
            assert number[i] == seen.get(1, 0)
            assert there[i] == (2 in seen)
            assert part.memory[start[i] : end[i]] == seen.get(2, b"")


END = st.none() | st.binary(min_size=1, max_size=2)


@given(
    st.lists(st.tuples(END, END), max_size=12),
    st.lists(st.binary(min_size=1, max_size=2), max_size=12),
)
def test_first_gap_around_a_key(ends: list[Any], keys: list[bytes]) -> None:
    gaps = [(left, right, row) for row, (left, right) in enumerate(ends, 5)]
    wanted = [
        next(
            (
                row
                for left, right, row in gaps
                if (left is None or left < key) and (right is None or key < right)
            ),
            -1,
        )
        for key in keys
    ]
    gaps.sort(key=lambda gap: (gap[0] is not None, gap[0] or b""))
    assert first_around(gaps, keys) == wanted
