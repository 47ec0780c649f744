"""A client's batches as they go over the wire: written by hand, so that bytes are copied once.

protobuf's library would copy them some seven times, each time into memory that it fetches from the
kernel anew: half of what a batch costs its client. What is written here is what it would write.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._columns import Column
from . import verilane_pb2 as pb

__all__ = ["Part", "encoded"]

Part: TypeAlias = "tuple[Column, int, int]"
"""Items of a column: from a first one up to a last one."""

_BATCH = pb.Batch.DESCRIPTOR.fields_by_name
_VARINT, _BYTES = 0, 2


def encoded(
    number: int, profile: bytes, count: int, columns: dict[str, list[Part]], priority: int = 0
) -> bytes:
    """Returns a Batch. profile: as it is encoded. columns: by their names in a Batch, of each the
    parts that its items come from, in order.
    """
    pieces: list[bytes | memoryview] = [
        _number("id", number),
        *_message("profile", [profile]),
        _number("count", count),
    ]
    for name in sorted(columns, key=_number_of):
        pieces += _message(name, _column(columns[name]))
    pieces.append(_number("priority", priority))
    return b"".join(pieces)


def _column(parts: list[Part]) -> "list[bytes | memoryview]":
    """Returns a Column: without offsets where all items have one length."""
    widths = {column.width for column, _, _ in parts}
    if len(widths) == 1 and all(column.offsets is None for column, _, _ in parts):
        width = widths.pop()
        return _bytes(_DATA, [c.data[a * width : b * width].data for c, a, b in parts])
    data: list[bytes | memoryview] = []
    ends = [np.zeros(1, np.int64)]
    for column, first, last in parts:
        offsets = _offsets(column)
        start, end = int(offsets[first]), int(offsets[last])
        data.append(column.data[start:end].data)
        ends.append(offsets[first + 1 : last + 1] - start + ends[-1][-1])
    offsets_of_all = np.concatenate(ends).astype("<u4").tobytes()
    return _bytes(_DATA, data) + _bytes(_OFFSETS, [offsets_of_all])


def _offsets(column: Column) -> "NDArray[np.int64]":
    if column.offsets is None:
        return np.arange(column.n + 1) * column.width
    return column.offsets


def _message(name: str, pieces: "list[bytes | memoryview]") -> "list[bytes | memoryview]":
    """Returns a field that is a message: there, even if nothing is in it."""
    return [_tag(name, _BYTES), _varint(sum(map(len, pieces))), *pieces]


def _bytes(tag: bytes, pieces: "list[bytes | memoryview]") -> "list[bytes | memoryview]":
    """Returns a field of bytes; no bytes are its default, which is not written."""
    size = sum(map(len, pieces))
    return [tag, _varint(size), *pieces] if size else []


def _number(name: str, value: int) -> bytes:
    return _tag(name, _VARINT) + _varint(value) if value else b""


def _tag(name: str, kind: int) -> bytes:
    return _varint(_number_of(name) << 3 | kind)


def _number_of(name: str) -> int:
    number: int = _BATCH[name].number
    return number


def _varint(value: int) -> bytes:
    """Returns seven bits a byte, the lowest first; all but the last byte have their top bit set."""
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


_COLUMN = pb.Column.DESCRIPTOR.fields_by_name
_DATA, _OFFSETS = (_varint(_COLUMN[name].number << 3 | _BYTES) for name in ("data", "offsets"))
