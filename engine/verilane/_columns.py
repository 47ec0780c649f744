"""Columns of byte strings, brought into the two forms that C takes: packed and ragged.

This is the only file that checks lengths; whoever holds a Column may trust it.
"""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Buffer

    BytesLike: TypeAlias = Buffer
else:
    BytesLike = Any

__all__ = ["BytesLike", "Column", "ColumnLike", "Widths", "column", "take"]

ColumnLike: TypeAlias = "BytesLike | Sequence[BytesLike] | tuple[BytesLike, Any] | Any"
"""Packed (bytes, memoryview, NumPy `(n, w)` uint8, Arrow fixed-size binary), ragged (`(data,
offsets)`, Arrow binary), or a sequence of bytes-like items. Arrow arrays are known by their
protocol, hence Any."""

Widths: TypeAlias = "tuple[int, ...] | None"


class Column(NamedTuple):
    """n byte strings in one piece of memory.

    Packed when `offsets` is None: item i is data[i * width : (i + 1) * width]. Ragged otherwise:
    `offsets` holds n + 1 ascending int64 within data, item i is data[offsets[i] : offsets[i + 1]],
    and `width` is 0.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64] | None
    width: int
    n: int


def take(column: Column, items: NDArray[np.intp]) -> Column:
    """Returns these items, in this order. What is packed stays packed; rows that offsets say in any
    order (_prepared.key_column) are not copied.
    """
    n, offsets = len(items), column.offsets
    if offsets is not None and column.width:
        return Column(column.data, offsets[items], column.width, n)
    if offsets is None:
        rows = column.data.reshape(column.n, column.width)[items]
        return Column(rows.reshape(-1), None, column.width, n)
    starts = offsets[items]
    lengths = np.maximum(offsets[items + 1] - starts, 0)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    places = np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])
    return Column(column.data[places], ends, 0, n)


def column(
    name: str,
    value: ColumnLike,
    *,
    widths: Widths,
    n: int | None = None,
    fixed_by: str = "digests",
) -> Column:
    """Returns `value` as a Column, without copying what is packed, ragged or one Arrow chunk
    already.

    name: for error messages. widths: what a packed item may measure, in bytes; None allows any
    width, but then flat bytes have no meaning. n: how many items there must be; None takes what
    there are. fixed_by: the column that fixes n, for error messages. An item of a *sequence* or of
    a ragged column may have any length: that is data, and its verdict says so.

    Raises TypeError for what is not bytes-like; ValueError for a wrong number of items or a wrong
    width, for offsets out of order, and for Arrow nulls.
    """
    if type(value) is bytes:  # the commonest, and of the shortest calls
        result = _flat(name, np.frombuffer(value, np.uint8), widths, n)
    elif isinstance(value, np.ndarray):
        result = _array(name, value, widths, n)
    elif isinstance(value, tuple) and len(value) == 2 and _is_offsets(value[1]):
        result = _ragged(name, value[0], value[1])
    elif isinstance(value, (list, tuple)):
        result = _sequence(name, value)
    elif hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__"):
        result = _arrow(name, value, widths)
    elif isinstance(value, Sequence) and not isinstance(value, (str, *_BUFFERS)):
        result = _sequence(name, list(value))
    else:
        result = _array(name, _buffer(name, value), widths, n)
    if n is not None and result.n != n:
        raise ValueError(f"{name}: {result.n} items, but {n} {fixed_by}")
    return result


_BUFFERS = (bytes, bytearray, memoryview, array)


def _buffer(name: str, value: Any) -> NDArray[np.uint8]:
    """Returns the memory of a bytes-like object as uint8, in its own shape."""
    try:
        view = memoryview(value)
    except TypeError:
        raise TypeError(
            f"{name}: expected bytes or a column of bytes, got {type(value).__name__}"
        ) from None
    if view.itemsize != 1:
        raise TypeError(f"{name}: expected bytes, got a buffer of items of {view.itemsize} bytes")
    return np.asarray(view).view(np.uint8)


def _array(name: str, value: NDArray[Any], widths: Widths, n: int | None) -> Column:
    """A NumPy array: (n, w) is packed, one dimension is flat packed bytes, objects are a
    sequence.
    """
    if value.dtype == object and value.ndim == 1:
        return _sequence(name, value.tolist())
    if value.dtype != np.uint8:
        raise TypeError(f"{name}: expected bytes (uint8), got an array of {value.dtype}")
    if value.ndim == 1:
        return _flat(name, value, widths, n)
    if value.ndim != 2:
        raise ValueError(f"{name}: expected an array of shape (n, width), got {value.shape}")
    return _packed(
        name, np.ascontiguousarray(value).reshape(-1), value.shape[1], value.shape[0], widths
    )


def _flat(name: str, data: NDArray[np.uint8], widths: Widths, n: int | None) -> Column:
    """Flat bytes: n tells the width, or a single allowed width tells n."""
    size = len(data)
    if widths is None:
        raise ValueError(
            f"{name}: items have no fixed width here: "
            "give a sequence, (data, offsets) or an array of shape (n, width)"
        )
    if n is None:
        if len(widths) != 1:
            raise ValueError(f"{name}: {size} flat bytes could have any width of {_listed(widths)}")
        width = widths[0]
        if size % width:
            raise ValueError(f"{name}: {size} bytes are no multiple of {width}")
        n = size // width
    elif n == 0:
        if size:
            raise ValueError(f"{name}: {size} bytes for 0 items")
        width = widths[0]
    else:
        width = size // n
        if width * n != size or width not in widths:
            raise ValueError(f"{name}: {size} bytes for {n} items, of {_listed(widths)} bytes each")
    return Column(data if data.flags.c_contiguous else data.copy(), None, width, n)


def _packed(name: str, data: NDArray[np.uint8], width: int, n: int, widths: Widths) -> Column:
    if widths is not None and width not in widths:
        raise ValueError(f"{name}: items of {width} bytes, expected {_listed(widths)}")
    return Column(data, None, width, n)


def _listed(widths: tuple[int, ...]) -> str:
    return " or ".join(map(str, widths))


def _is_offsets(value: object) -> bool:
    """Tells `(data, offsets)` from a tuple of two items: no offsets are bytes-like."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype != np.uint8)
    if isinstance(value, (array, memoryview)):
        return value.itemsize > 1
    return isinstance(value, list)


def _ragged(name: str, data: BytesLike, offsets: Any) -> Column:
    given = np.asarray(offsets)
    if given.ndim != 1 or (given.dtype.kind not in "iu" and given.size):
        raise TypeError(
            f"{name}: offsets must be a row of integers, got {given.dtype} of shape {given.shape}"
        )
    # A copy, whoever owns them: what is checked below must be what C reads.
    ascending = given.astype(np.int64)
    flat = data if isinstance(data, np.ndarray) else _buffer(name, data)
    if flat.dtype != np.uint8 or flat.ndim != 1:
        raise TypeError(
            f"{name}: ragged data must be flat bytes, got {flat.dtype} of shape {flat.shape}"
        )
    return _checked_ragged(name, np.ascontiguousarray(flat), np.ascontiguousarray(ascending))


def _checked_ragged(name: str, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Column:
    n = len(offsets) - 1
    if n < 0:
        raise ValueError(f"{name}: 0 offsets, expected one more than there are items")
    if offsets[0] < 0 or offsets[-1] > len(data):
        raise ValueError(
            f"{name}: offsets from {offsets[0]} to {offsets[-1]} leave the data ({len(data)} bytes)"
        )
    if not (offsets[1:] >= offsets[:-1]).all():
        first = int(np.flatnonzero(offsets[1:] < offsets[:-1])[0])
        raise ValueError(
            f"{name}: offsets out of order: {offsets[first]} is followed by {offsets[first + 1]}"
        )
    return Column(data, offsets, 0, n)


def _sequence(name: str, items: Sequence[Any]) -> Column:
    """Items of any length; equal lengths become packed. It runs before every batch, hence the care
    for speed. The items can change while they are read (another thread, a bytearray): what counts
    is the joined copy, and lengths that do not fit it are refused.
    """
    items = tuple(items)
    try:
        joined = b"".join(items)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    n, data = len(items), np.frombuffer(joined, np.uint8)
    lengths = _lengths(name, items, len(joined))
    if n and (lengths == lengths[0]).all():
        return Column(data, None, int(lengths[0]), n)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Column(data, offsets, 0, n)


def _lengths(name: str, items: Sequence[Any], total: int) -> NDArray[Any]:
    """Returns the items' sizes in bytes, which add up to `total`."""
    lengths: NDArray[Any]
    try:
        # bytes(map(...)) is the fastest loop over lengths that Python has, up to 255.
        lengths = np.frombuffer(bytes(map(len, items)), np.uint8)
    except ValueError:
        lengths = np.fromiter(map(len, items), np.int64, len(items))
    if lengths.sum(dtype=np.int64) != total:
        # len() is no size for a buffer of wider items or of more dimensions.
        lengths = np.fromiter((memoryview(item).nbytes for item in items), np.int64, len(items))
    if len(lengths) != len(items) or lengths.sum() != total or (lengths < 0).any():
        raise ValueError(f"{name}: the items changed while they were read")
    return lengths


def _arrow(name: str, value: Any, widths: Widths) -> Column:
    """Anything that speaks the Arrow PyCapsule protocol; pyarrow reads it."""
    try:
        import pyarrow as pa
    except ImportError:
        raise TypeError(
            f"{name}: reading an Arrow column needs pyarrow: pip install 'verilane[arrow]'"
        ) from None
    if not isinstance(value, (pa.Array, pa.ChunkedArray)):
        value = pa.chunked_array(value) if hasattr(value, "__arrow_c_stream__") else pa.array(value)
    _without_nulls(name, _valid(name, value))
    if not isinstance(value, pa.ChunkedArray):
        return _arrow_chunk(name, value, widths)
    if value.num_chunks == 1:
        return _arrow_chunk(name, value.chunk(0), widths)
    empty = pa.array([], value.type)
    return _joined([_arrow_chunk(name, chunk, widths) for chunk in [empty, *value.chunks]])


def _valid(name: str, value: Any) -> Any:
    """Refuses what promises more rows than its memory holds, as an IPC file may. What came through
    the C data interface has no size to be held against.
    """
    import pyarrow as pa

    whole = pa.types.is_dictionary(value.type) or pa.types.is_binary_view(value.type)
    try:
        value.validate(full=whole)  # whole: every index of a dictionary, every view
    except ValueError as error:  # ArrowInvalid
        raise ValueError(f"{name}: a broken Arrow array: {error}") from None
    return value


def _without_nulls(name: str, value: Any) -> Any:
    if value.null_count:
        raise ValueError(f"{name}: {value.null_count} of {len(value)} values are null")
    return value


def _arrow_chunk(name: str, chunk: Any, widths: Widths) -> Column:
    import pyarrow as pa

    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return _arrow_chunk(name, _without_nulls(name, chunk.dictionary_decode()), widths)
    if pa.types.is_binary_view(kind):
        return _arrow_chunk(name, chunk.cast(pa.large_binary()), widths)
    n, start = len(chunk), chunk.offset
    if pa.types.is_fixed_size_binary(kind):
        width = kind.byte_width
        data = _arrow_buffer(chunk.buffers()[1], np.uint8)[start * width : (start + n) * width]
        return _packed(name, data, width, n, widths)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise TypeError(f"{name}: expected an Arrow binary column, got {kind}")
    _, ends, data = chunk.buffers()
    integer = np.int64 if pa.types.is_large_binary(kind) else np.int32
    offsets = _arrow_buffer(ends, integer)[start : start + n + 1] if n else np.zeros(1, np.int64)
    return _checked_ragged(name, _arrow_buffer(data, np.uint8), offsets.astype(np.int64))


def _arrow_buffer(buffer: Any, dtype: type[np.generic]) -> NDArray[Any]:
    return (
        np.frombuffer(buffer, dtype) if buffer is not None and buffer.size else np.zeros(0, dtype)
    )


def _joined(columns: list[Column]) -> Column:
    """One Column from the chunks of a chunked array (all packed, or all ragged)."""
    n = sum(part.n for part in columns)
    if columns[0].offsets is None:
        return Column(np.concatenate([part.data for part in columns]), None, columns[0].width, n)
    data, ends, base = [], [np.zeros(1, np.int64)], 0
    for part in columns:
        assert part.offsets is not None
        first, last = part.offsets[0], part.offsets[-1]
        data.append(part.data[first:last])
        ends.append(part.offsets[1:] - first + base)
        base += int(last - first)
    return Column(np.concatenate(data), np.concatenate(ends), 0, n)
