"""What modules of proofs have in common: roots, blocks of a batch, and codes of verdicts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .._columns import Column, ColumnLike, column
from .._verdicts import Verdict
from .ragged import Bytes, Ints, rows, take_part

__all__ = ["BLOCK", "Roots", "blocks", "is_flat", "one_or_all", "verdict_codes"]

Mask = NDArray[np.bool_]

# Proofs that are checked together: enough for lanes and NumPy, and few enough for the cache.
BLOCK, _BLOCK_BYTES = 1024, 1 << 20


def is_flat(value: object) -> bool:
    """Tells plain bytes, which do not say where one item ends, from other columns."""
    if isinstance(value, (list, tuple)):
        return False
    try:
        return memoryview(value).ndim == 1  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def one_or_all(name: str, value: Column, n: int, fixed_by: str) -> Column:
    """Returns the column if it has n items, or one that stands for all."""
    if value.n not in (1, n):
        raise ValueError(f"{name}: {value.n} items, expected 1 or {n} ({fixed_by})")
    return value


class Roots:
    """n roots of `width` bytes, or one for all."""

    def __init__(
        self, value: ColumnLike, n: int, width: int, name: str = "roots", fixed_by: str = "keys"
    ) -> None:
        given = column(name, value, widths=(width,) if is_flat(value) else None)
        self._column, self._width = one_or_all(name, given, n, fixed_by), width

    def rows(self, start: int, stop: int) -> tuple[Bytes, Mask]:
        """Returns the roots start..stop as rows, and which of them have the right length."""
        one = self._column.n == 1
        part = take_part(self._column, 0 if one else start, 1 if one else stop)
        good = part.end - part.start == self._width
        found = np.zeros((len(good), self._width), np.uint8)
        found[good] = rows(part.data, part.start[good], self._width)
        if one:
            found, good = np.repeat(found, stop - start, axis=0), np.repeat(good, stop - start)
        return found, good


def blocks(sizes: Column, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Splits start..stop into blocks that are short in items and in the bytes of this column."""
    ends: Ints = np.arange(sizes.n + 1) * sizes.width if sizes.offsets is None else sizes.offsets
    while start < stop:
        most = int(np.searchsorted(ends, ends[start] + _BLOCK_BYTES, side="right")) - 1
        last = min(max(most, start + 1), start + BLOCK, stop)
        yield start, last
        start = last


def verdict_codes(no_key: Mask, malformed: Mask, no_message: Mask, wrong: Mask) -> Bytes:
    """Returns the first fault's code in the verdicts' order, or OK's."""
    faults = (
        (no_key, Verdict.BAD_KEY),
        (malformed, Verdict.BAD_SIGNATURE),
        (no_message, Verdict.BAD_MESSAGE),
        (wrong, Verdict.MISMATCH),
    )
    codes = np.select([mask for mask, _ in faults], [int(code) for _, code in faults], Verdict.OK)
    return codes.astype(np.uint8)
