"""Keys that were decoded once, for many batches."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._columns import Column, ColumnLike, Widths, column
from ._verdicts import Verdict, Verdicts

__all__ = ["KeysLike", "PreparedKeys", "key_column"]

KeysLike: TypeAlias = "ColumnLike | PreparedKeys"
"""What `verify_many` takes for keys."""


class PreparedKeys:
    """Public keys of one scheme, decoded and decompressed: what a scheme's `prepare` returns, and
    what its `verify_many` takes in place of `keys`.

    A key takes 64 bytes. One that is no key stays in its place: its items are BAD_KEY, and
    `verdicts` tells beforehand. `take` repeats and reorders: a validator set is prepared once, then
    `prepared.take(who_signed)` are the keys of a batch. Immutable, and safe to share by threads.
    """

    __slots__ = ("_points", "_scheme")

    def __init__(self, scheme: str, points: NDArray[np.uint8]) -> None:
        """points: (n, 64), x and y, zero where there is no key; they are not copied."""
        self._scheme = scheme
        self._points = points.view()
        self._points.flags.writeable = False

    @property
    def scheme(self) -> str:
        """The scheme whose `prepare` made them, such as "secp256k1.ecdsa"."""
        return self._scheme

    @property
    def nbytes(self) -> int:
        """Bytes of memory that they take: 64 for each key."""
        return int(self._points.nbytes)

    @property
    def verdicts(self) -> Verdicts:
        """One verdict for each key: OK or BAD_KEY."""
        good = self._points.any(axis=1)
        codes = np.where(good, int(Verdict.OK), int(Verdict.BAD_KEY))
        return Verdicts(codes.astype(np.uint8))

    def take(self, indices: Any) -> "PreparedKeys":
        """Returns the keys with these indices, in this order; any may occur more than once.

        indices: a sequence or array of integers. Raises IndexError for one that is out of range
        (negative ones count from the end), TypeError for what is no integer.
        """
        where = np.asarray(indices)
        if where.ndim != 1 or (where.dtype.kind not in "iu" and where.size):
            raise TypeError(
                f"indices: expected a row of integers, got {where.dtype} of shape {where.shape}"
            )
        if where.size and not (-len(self) <= where.min() and where.max() < len(self)):
            raise IndexError(f"indices: from {where.min()} to {where.max()}, of {len(self)} keys")
        return PreparedKeys(self._scheme, self._points[where.astype(np.intp)])

    def __len__(self) -> int:
        return len(self._points)

    def __repr__(self) -> str:
        return f"<PreparedKeys: {len(self)} for {self._scheme}>"


def key_column(keys: KeysLike, scheme: str, *, widths: Widths, n: int, fixed_by: str) -> Column:
    """Returns keys as a Column: prepared ones as they are, x and y in 64 bytes.

    Raises TypeError for keys of another scheme; else as column() does.
    """
    if not isinstance(keys, PreparedKeys):
        return column("keys", keys, widths=widths, n=n, fixed_by=fixed_by)
    if keys.scheme != scheme:
        raise TypeError(f"keys: prepared for {keys.scheme}, not for {scheme}")
    if len(keys) != n:
        raise ValueError(f"keys: {len(keys)} items, but {n} {fixed_by}")
    return Column(keys._points.reshape(-1), None, 64, n)
