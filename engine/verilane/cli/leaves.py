"""What the leaves of a tree are read from: files, the lines of one, or a Parquet file's column."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .stream import BadInput, Reader

__all__ = ["Batch", "Columns", "Files", "Lines", "Source", "read_file"]

# What is held in memory at a time, unless a single leaf is larger.
BATCH_BYTES = 1 << 26
BATCH_LEAVES = 1 << 16


class Batch(NamedTuple):
    """The next leaves, and by how much the progress bar moves."""

    leaves: list[bytes]
    progress: int


class Source:
    """Leaves in order. `steps`: what the progress bar counts up to."""

    steps: int

    def batches(self) -> Iterator[Batch]:
        """Yields all leaves. Raises BadInput, naming the file, for one that can't be read or that
        changes while it is.
        """
        raise NotImplementedError

    def number(self, leaf: str) -> int:
        """Returns the number of the leaf that a user means. Raises BadInput."""
        if not leaf.isascii() or not leaf.isdecimal():
            raise BadInput(f"--leaf {leaf}: expected the number of a leaf (the first one is 0)")
        return int(leaf)

    def name(self, number: int) -> str | None:
        """Returns what a leaf is called, where it has a name."""
        return None

    def paths(self) -> list[Path]:
        """Returns the files that are read."""
        raise NotImplementedError


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


class Unchanged:
    """A file that must be the same when the block ends as when it began, and a regular one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Any:
        try:
            status = os.stat(self.path)
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{self.path}: not a regular file")
            self._file = self.path.open("rb")
        except OSError as error:
            raise BadInput(f"{self.path}: {_reason(error)}") from None
        self._before = _state(status)
        return self._file

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        with self._file:
            if isinstance(error, OSError):
                raise BadInput(f"{self.path}: {_reason(error)}") from None
            if error is not None:
                return
            try:
                now = _state(os.stat(self.path))
            except OSError:
                now = ()
            if _state(os.fstat(self._file.fileno())) != self._before or now != self._before:
                raise BadInput(f"{self.path}: changed while it was read")


def read_file(path: Path) -> bytes:
    """Returns what a file holds. Raises BadInput."""
    with Unchanged(path) as file:
        data: bytes = file.read()
        return data


class Files(Source):
    """A leaf is a whole file. A folder stands for the files below it, sorted by their paths as
    bytes; links to folders are not followed.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._paths = [
            file for path in paths for file in (_walk(path) if path.is_dir() else [path])
        ]
        self.steps = len(self._paths)

    def paths(self) -> list[Path]:
        """Returns the files that are read."""
        return self._paths

    def batches(self) -> Iterator[Batch]:
        """Yields all leaves."""
        leaves, size = [], 0
        for path in self._paths:
            leaves.append(read_file(path))
            size += len(leaves[-1])
            if size >= BATCH_BYTES or len(leaves) == BATCH_LEAVES:
                yield Batch(leaves, len(leaves))
                leaves, size = [], 0
        yield Batch(leaves, len(leaves))

    def number(self, leaf: str) -> int:
        """Returns the number of the file of this path, or of this name if there is but one, or of
        this number.
        """
        named = [i for i, path in enumerate(self._paths) if path == Path(leaf)]
        named = named or [i for i, path in enumerate(self._paths) if path.name == leaf]
        if len(named) > 1:
            raise BadInput(f"--leaf {leaf}: {len(named)} files have this name; give a path")
        if not named and not leaf.isdecimal():
            raise BadInput(f"--leaf {leaf}: no such file among the leaves")
        return named[0] if named else super().number(leaf)

    def name(self, number: int) -> str | None:
        """Returns the path of a leaf."""
        return str(self._paths[number])


def _walk(folder: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        raise BadInput(f"{error.filename}: {_reason(error)}") from None

    found = [
        Path(place) / name for place, _, names in os.walk(folder, onerror=fail) for name in names
    ]
    return sorted(found, key=lambda path: os.fsencode(path))


class Lines(Source):
    """A leaf is a line, without the newline that ends it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with Unchanged(path) as file:
            self.steps = os.fstat(file.fileno()).st_size

    def paths(self) -> list[Path]:
        """Returns the file that is read."""
        return [self._path]

    def batches(self) -> Iterator[Batch]:
        """Yields all leaves."""
        with Unchanged(self._path) as file:
            leaves, size = [], 0
            for line in file:
                leaves.append(line.removesuffix(b"\n"))
                size += len(line)
                if size >= BATCH_BYTES or len(leaves) == BATCH_LEAVES:
                    yield Batch(leaves, size)
                    leaves, size = [], 0
            yield Batch(leaves, size)


class Columns(Source):
    """A leaf is a row's value in a column of bytes of a Parquet file."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._reader = Reader(path, [name])
        self._reader.check(name, None)
        self.steps = self._reader.rows

    def paths(self) -> list[Path]:
        """Returns the file that is read."""
        return [self._path]

    def batches(self) -> Iterator[Batch]:
        """Yields all leaves."""
        with Unchanged(self._path):
            for batch in self._reader.batches(BATCH_LEAVES):
                values = batch.column(self._name).to_pylist()
                yield Batch(values, len(values))
