"""Every form that a column may have gives the same Column, without a copy where none is needed."""

import mmap
import random
import struct
from array import array
from collections import UserList
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verilane import secp256k1
from verilane._columns import Column, column

pa = pytest.importorskip("pyarrow")

WIDTHS = (33, 65, 64)
RNG = random.Random("columns")
ROWS = [RNG.randbytes(33) for _ in range(20)]
RAGGED = [RNG.randbytes(RNG.choice([0, 1, 33, 64, 65, 300])) for _ in range(50)]
PACKED = b"".join(ROWS)


def items_of(c: Column) -> list[bytes]:
    """What C would read."""
    data = c.data.tobytes()
    if c.offsets is None:
        return [data[i * c.width : (i + 1) * c.width] for i in range(c.n)]
    ends = c.offsets.tolist()
    return [data[first:last] for first, last in pairwise(ends)]


def offsets_of(items: list[bytes]) -> list[int]:
    ends = [0]
    for item in items:
        ends.append(ends[-1] + len(item))
    return ends


def as_mmap(data: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(data))
    memory.write(data)
    return memory


PACKED_FORMS: dict[str, Callable[[], Any]] = {
    "bytes": lambda: PACKED,
    "bytearray": lambda: bytearray(PACKED),
    "memoryview": lambda: memoryview(PACKED),
    "array": lambda: array("B", PACKED),
    "mmap": lambda: as_mmap(PACKED),
    "numpy flat": lambda: np.frombuffer(PACKED, np.uint8),
    "numpy rows": lambda: np.frombuffer(PACKED, np.uint8).reshape(20, 33),
    "memoryview of rows": lambda: memoryview(np.frombuffer(PACKED, np.uint8).reshape(20, 33)),
    "arrow fixed-size binary": lambda: pa.array(ROWS, pa.binary(33)),
    "arrow slice": lambda: pa.array([bytes(33), *ROWS, bytes(33)], pa.binary(33))[1:21],
    "one arrow chunk": lambda: pa.chunked_array([pa.array(ROWS, pa.binary(33))]),
}


@pytest.mark.parametrize("form", PACKED_FORMS)
def test_packed_is_not_copied(form: str) -> None:
    value = PACKED_FORMS[form]()
    result = column("keys", value, widths=WIDTHS, n=20)
    assert items_of(result) == ROWS
    assert (result.width, result.offsets) == (33, None)
    if form.startswith(("arrow", "one arrow")):
        chunk = value.chunk(0) if form.startswith("one") else value
        memory = np.frombuffer(chunk.buffers()[1], np.uint8)
    else:
        memory = np.asarray(memoryview(value)).view(np.uint8)
    assert np.shares_memory(result.data, memory)


NOT_CONTIGUOUS = {
    "fortran order": lambda rows: np.asfortranarray(rows),
    "every other row": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "every other byte": lambda rows: np.repeat(rows, 2, axis=1)[:, ::2],
    "backwards": lambda rows: np.ascontiguousarray(rows[::-1])[::-1],
    "flat backwards": lambda rows: np.ascontiguousarray(rows.reshape(-1)[::-1])[::-1],
    "memoryview step": lambda rows: memoryview(np.repeat(rows.reshape(-1), 2))[::2],
}


@pytest.mark.parametrize("form", NOT_CONTIGUOUS)
def test_strides_are_followed(form: str) -> None:
    rows = np.frombuffer(PACKED, np.uint8).reshape(20, 33)
    result = column("keys", NOT_CONTIGUOUS[form](rows), widths=WIDTHS, n=20)
    assert items_of(result) == ROWS
    assert result.data.flags.c_contiguous


def arrow_forms(kind: Any) -> list[Any]:
    whole = pa.array(RAGGED, kind)
    padded = pa.array([b"before", *RAGGED, b"after"], kind)
    return [
        whole,
        padded[1:-1],
        pa.chunked_array([whole]),
        pa.chunked_array([whole[:7], whole[7:7], padded[8:30], whole[29:]]),
    ]


def ragged_forms() -> list[Any]:
    data, ends = b"".join(RAGGED), offsets_of(RAGGED)
    gap = np.array(ends) + 3
    return [
        RAGGED,
        tuple(RAGGED),
        UserList(RAGGED),
        [bytearray(item) for item in RAGGED],
        [memoryview(item) for item in RAGGED],
        [np.frombuffer(item, np.uint8) for item in RAGGED],
        np.array([*RAGGED, None], dtype=object)[:-1],
        (data, ends),
        (bytearray(data), np.array(ends)),
        (np.frombuffer(data, np.uint8), np.array(ends, np.int32)),
        (memoryview(data), array("q", ends)),
        (data, np.array(ends, np.uint64)),
        (data, np.array(ends, ">i8")),
        (data, np.repeat(np.array(ends), 2)[::2]),
        (b"xyz" + data + b"more", gap),
        *arrow_forms(pa.binary()),
        *arrow_forms(pa.large_binary()),
        *arrow_forms(pa.binary_view()),
        pa.array(RAGGED, pa.binary()).dictionary_encode(),
    ]


@pytest.mark.parametrize("form", range(len(ragged_forms())))
def test_ragged_forms(form: int) -> None:
    result = column("signatures", ragged_forms()[form], widths=None, n=len(RAGGED))
    assert items_of(result) == RAGGED
    assert result.offsets is not None
    assert result.offsets.dtype == np.int64
    assert result.offsets.flags.c_contiguous


def test_offsets_are_copied_and_data_is_not() -> None:
    data = b"".join(RAGGED)
    ends = np.array(offsets_of(RAGGED))
    result = column("signatures", (data, ends), widths=None)
    assert not np.shares_memory(result.offsets, ends), "somebody could still write to them"
    ends.flags.writeable = False
    result = column("signatures", (data, ends), widths=None)
    assert not np.shares_memory(result.offsets, ends), "a view of them could be writable"
    array_ = pa.array(RAGGED, pa.large_binary())
    result = column("signatures", array_, widths=None)
    assert not np.shares_memory(result.offsets, np.frombuffer(array_.buffers()[1], np.int64))
    assert np.shares_memory(result.data, np.frombuffer(array_.buffers()[2], np.uint8))


class Changing(bytes):
    """An item that puts a longer one in its list's next place when its length is asked."""

    def __len__(self) -> int:
        self.victims[1] = bytes(1 << 20)
        return super().__len__()


@pytest.mark.parametrize("size", [64, 300])
def test_a_list_that_changes_while_it_is_read(size: int) -> None:
    victims = [Changing(size), bytes(size), bytes(size)]
    victims[0].victims = victims
    assert items_of(column("signatures", victims, widths=None)) == [bytes(size)] * 3


class Growing(bytearray):
    """A buffer that grows when its length is asked."""

    def __len__(self) -> int:
        self.extend(bytes(1 << 16))
        return super().__len__()


def test_an_item_that_grows_while_it_is_read() -> None:
    with pytest.raises(ValueError, match="changed while they were read"):
        column("signatures", [Growing(64), bytes(64)], widths=None)


def test_null_behind_a_dictionary() -> None:
    values = pa.array([bytes(64), None], pa.binary(64))
    array_ = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), values)
    with pytest.raises(ValueError, match="1 of 2 values are null"):
        column("signatures", array_, widths=(64,))


def test_a_tuple_of_two_items_is_a_sequence() -> None:
    pair = (ROWS[0], ROWS[1])
    assert items_of(column("keys", pair, widths=WIDTHS, n=2)) == list(pair)
    arrays = tuple(np.frombuffer(row, np.uint8) for row in pair)
    assert items_of(column("keys", arrays, widths=WIDTHS, n=2)) == list(pair)
    views = tuple(memoryview(row) for row in pair)
    assert items_of(column("keys", views, widths=WIDTHS, n=2)) == list(pair)


@given(st.lists(st.binary(max_size=300)))
def test_any_sequence(items: list[bytes]) -> None:
    assert items_of(column("x", items, widths=None)) == items
    assert items_of(column("x", pa.array(items, pa.binary()), widths=None)) == items
    both = (b"".join(items), np.array(offsets_of(items)))
    assert items_of(column("x", both, widths=None)) == items


def test_items_of_wider_numbers_count_as_bytes() -> None:
    items = [array("I", [1, 2]), array("I", [3]), b"abcd", np.zeros((2, 3), np.uint8)]
    wanted = [memoryview(item).tobytes() for item in items]
    assert items_of(column("x", items, widths=None)) == wanted


@pytest.mark.parametrize(
    "empty",
    [
        b"",
        bytearray(),
        [],
        (),
        np.zeros((0, 33), np.uint8),
        np.zeros(0, np.uint8),
        (b"", [0]),
        (b"abc", np.array([2])),
        *(pa.array([], kind) for kind in (pa.binary(), pa.large_binary(), pa.binary(33))),
        *(pa.chunked_array([], kind) for kind in (pa.binary(), pa.large_binary(), pa.binary(33))),
    ],
)
def test_empty_columns(empty: Any) -> None:
    assert column("keys", empty, widths=WIDTHS, n=0).n == 0
    result = secp256k1.ecdsa.verify_many(empty, [], b"")
    assert (len(result), result.all_ok, len(result.failed)) == (0, True, 0)


WRONG_TYPES = {
    "str": "a" * 660,
    "None": None,
    "int": 5,
    "dict": {b"a": b"b"},
    "set": {b"a"},
    "generator": (row for row in ROWS),
    "list of str": ["a"] * 20,
    "list of int": [1] * 20,
    "list of None": [None] * 20,
    "list with one str": [*ROWS[:19], "a" * 33],
    "int64 array": np.zeros((20, 33), np.int64),
    "float array": np.zeros((20, 33)),
    "array of str": np.array(["a"] * 20),
    "wide memoryview": memoryview(array("I", [0] * 165)),
    "arrow int": pa.array([1] * 20),
    "arrow string": pa.array(["a" * 33] * 20),
    "arrow list": pa.array([[1]] * 20),
    "float offsets": (PACKED, np.linspace(0, 660, 21)),
    "offsets without a row": (PACKED, np.zeros((3, 7), np.int64)),
    "ragged str": ("a" * 660, list(range(0, 661, 33))),
    "ragged int": (5, [0, 5]),
    "ragged int64": (np.zeros(660, np.int64), list(range(0, 661, 33))),
}


@pytest.mark.parametrize("form", WRONG_TYPES)
def test_wrong_types(form: str) -> None:
    with pytest.raises(TypeError, match="keys"):
        column("keys", WRONG_TYPES[form], widths=WIDTHS, n=20)


ROWS_ARRAY = np.frombuffer(PACKED, np.uint8).reshape(20, 33)
WRONG_VALUES = {
    "no multiple": (PACKED[:-1], "659 bytes for 20 items"),
    "width of no key": (bytes(20 * 34), "680 bytes for 20 items, of 33 or 65 or 64"),
    "too few rows": (ROWS_ARRAY[:19], "19 items, but 20 digests"),
    "too many items": ([*ROWS, b""], "21 items, but 20 digests"),
    "wrong width of rows": (ROWS_ARRAY[:, :32], "32 bytes, expected 33 or 65 or 64"),
    "three dimensions": (ROWS_ARRAY.reshape(2, 10, 33), r"\(2, 10, 33\)"),
    "arrow width": (pa.array([b"ab"] * 20, pa.binary(2)), "2 bytes, expected 33"),
    "arrow nulls": (pa.array([*ROWS[:18], None, None], pa.binary()), "2 of 20 values are null"),
    "arrow fixed nulls": (pa.array([*ROWS[:19], None], pa.binary(33)), "1 of 20 values are null"),
    "arrow chunk nulls": (pa.chunked_array([ROWS[:19], [None]], pa.binary()), "1 of 20"),
    "arrow length": (pa.array(ROWS[:3], pa.binary()), "3 items, but 20 digests"),
    "offsets down": ((PACKED, [0, 33, 32, *range(99, 628, 33), 660]), "33 is followed by 32"),
    "offsets negative": ((PACKED, [-1, *range(33, 661, 33)]), "from -1 to 660"),
    "offsets past the end": (
        (PACKED, [*range(0, 660, 33), 661]),
        r"from 0 to 661 .* \(660 bytes\)",
    ),
    "offsets past 2^63": (
        (PACKED, np.array([0, *[2**63] * 20], np.uint64)),
        "leave the data|order",
    ),
    "no offsets": ((PACKED, []), "0 offsets"),
    "offsets of fewer": ((PACKED, [0, 33]), "1 items, but 20 digests"),
}


@pytest.mark.parametrize("form", WRONG_VALUES)
def test_wrong_values(form: str) -> None:
    value, message = WRONG_VALUES[form]
    with pytest.raises(ValueError, match=message):
        column("keys", value, widths=WIDTHS, n=20)


def broken(array: Any, size: int, smaller: int) -> Any:
    """An array as read from an IPC stream that was tampered with: a buffer of `size` bytes is said
    to have `smaller` ones.
    """
    sink, schema = pa.BufferOutputStream(), pa.schema([("column", array.type)])
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.record_batch([array], schema))
    written = sink.getvalue().to_pybytes()
    old, new = struct.pack("<q", size), struct.pack("<q", smaller)
    assert old in written  # the metadata come first
    return pa.ipc.open_stream(written.replace(old, new, 1)).read_all()["column"]


FIXED = pa.array(ROWS, pa.binary(33))
BROKEN_ARROW = {
    "fixed size": lambda: broken(FIXED, 660, 659),
    "fixed size, sliced": lambda: broken(FIXED, 660, 33)[5:],
    "too few offsets": lambda: broken(pa.array(ROWS, pa.binary()), 84, 80),
    "data too short": lambda: broken(pa.array(ROWS, pa.binary()), 660, 659),
    "view past its data": lambda: broken(pa.array(ROWS, pa.binary_view()), 660, 659),
    "index past the dictionary": lambda: pa.DictionaryArray.from_arrays(
        pa.array([5] * 20, pa.int32()), pa.array(ROWS[:5], pa.binary()), safe=False
    ),
    "one broken chunk": lambda: pa.chunked_array(
        [pa.array(ROWS[:2], pa.binary(33)), *broken(FIXED[2:], 594, 593).chunks]
    ),
}


@pytest.mark.parametrize("form", BROKEN_ARROW)
def test_arrow_that_promises_more_than_it_holds(form: str) -> None:
    with pytest.raises(ValueError, match="keys: a broken Arrow array"):
        column("keys", BROKEN_ARROW[form](), widths=WIDTHS, n=20)


def test_digests_fix_n() -> None:
    assert column("digests", bytes(96), widths=(32,)).n == 3
    with pytest.raises(ValueError, match="95 bytes are no multiple of 32"):
        column("digests", bytes(95), widths=(32,))
    with pytest.raises(ValueError, match="31 bytes, expected 32"):
        column("digests", np.zeros((3, 31), np.uint8), widths=(32,))
    with pytest.raises(ValueError, match="no fixed width"):
        column("signatures", bytes(210), widths=None, n=3)
