"""Parquet in, Parquet out, in batches: a file may be larger than memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["BadInput", "Reader", "Writer"]

READ_AHEAD = 1 << 20


class BadInput(Exception):
    """What the user gave can't be used; the text is the one line to print."""


class Reader:
    """The named columns of a Parquet file, batch by batch."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.path = path
        try:
            # Read as it is needed: by default whole row groups are fetched ahead and kept.
            self._file = pq.ParquetFile(
                path, pre_buffer=False, buffer_size=READ_AHEAD, page_checksum_verification=True
            )
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{path}: {_one_line(error)}") from None
        self.rows: int = self._file.metadata.num_rows
        self.schema: pa.Schema = self._file.schema_arrow
        self._columns = columns
        for name in columns:
            count = self.schema.names.count(name)
            if count > 1:
                raise BadInput(f"{path}: {count} columns are named {name!r}")
            if count == 0:
                there = ", ".join(self.schema.names)
                raise BadInput(f"{path}: no column {name!r}; there are: {there}")

    def check(self, name: str, widths: tuple[int, ...] | None) -> None:
        """Raises BadInput unless the column holds bytes, and, where the width is fixed, a right
        one.
        """
        kind = _value_type(self.schema.field(name).type)
        if pa.types.is_fixed_size_binary(kind):
            if widths is not None and kind.byte_width not in widths:
                wanted = " or ".join(map(str, widths))
                raise BadInput(
                    f"{self.path}: column {name!r} holds {kind.byte_width} bytes a row, "
                    f"expected {wanted}"
                )
        elif not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            raise BadInput(f"{self.path}: column {name!r} holds {kind}, expected bytes")

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """Yields the rows in order, at most `size` at a time. Raises BadInput where the file is
        damaged.
        """
        first = 0
        try:
            for batch in self._file.iter_batches(size, columns=self._columns):
                for name in self._columns:
                    self._check_nulls(name, batch.column(name), first)
                yield batch
                first += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise BadInput(
                f"{self.path}: unreadable after row {first}: {_one_line(error)}"
            ) from None
        if first != self.rows:
            raise BadInput(f"{self.path}: {first} rows, but its footer says {self.rows}")

    def _check_nulls(self, name: str, values: pa.Array, first: int) -> None:
        if values.null_count:
            row = first + values.is_null().index(True).as_py()
            raise BadInput(f"{self.path}: column {name!r} is null in row {row}")


class Writer:
    """A Parquet file that holds what was written so far, whatever ends the run. Does nothing
    without a path.
    """

    def __init__(self, path: Path | None, schema: pa.Schema, source: Path) -> None:
        self._writer: Any = None
        if path is None:
            return
        if path.exists() and path.samefile(source):
            raise BadInput(f"{path}: the results can't replace the file that is read")
        try:
            self._writer = pq.ParquetWriter(path, schema)
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{path}: {_one_line(error)}") from None
        self._path, self._schema = path, schema

    def write(self, columns: list[Any]) -> None:
        """Appends one batch: a value or an array for each column of the schema."""
        if self._writer is None:
            return
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        try:
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{self._path}: {_one_line(error)}") from None

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._writer is None:
            return
        try:
            self._writer.close()
        except (OSError, pa.ArrowException) as failure:
            if error is None:
                raise BadInput(f"{self._path}: {_one_line(failure)}") from None


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
