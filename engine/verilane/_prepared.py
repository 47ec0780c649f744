"""Keys that were decoded once, for many batches."""

from typing import Any, TypeAlias, TypeVar

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

    A key takes 64 bytes; one of Ed25519 takes 6400, with tables of its multiples. One that is no
    key stays in its place: its items are BAD_KEY, and `verdicts` tells beforehand. `take` repeats
    and reorders: a validator set is prepared once, then `prepared.take(who_signed)` are the keys of
    a batch. Immutable, and safe to share by threads; pickled, they go to other processes.
    """

    __slots__ = ("_codes", "_places", "_rows", "_scheme")

    def __init__(
        self,
        scheme: str,
        rows: NDArray[np.uint8],
        codes: NDArray[np.uint8],
        places: "NDArray[np.int64] | None" = None,
    ) -> None:
        """rows: (m, width), zero where there is no key. codes: (n,), the verdict of each key.
        places: (n,), the row of each key; None if key i is row i. Nothing is copied. IndexError
        for a place where there is no row.
        """
        if places is not None and places.size and not 0 <= places.min() <= places.max() < len(rows):
            raise IndexError(f"places: from {places.min()} to {places.max()}, of {len(rows)} rows")
        self._scheme = scheme
        self._rows = _read_only(rows)
        self._codes = _read_only(codes)
        self._places = None if places is None else _read_only(places)

    @classmethod
    def of_points(cls, scheme: str, points: NDArray[np.uint8]) -> "PreparedKeys":
        """points: (n, 64), x and y, zero where there is no key; they are not copied."""
        codes = np.where(points.any(axis=1), int(Verdict.OK), int(Verdict.BAD_KEY))
        return cls(scheme, points, codes.astype(np.uint8))

    @property
    def scheme(self) -> str:
        """The scheme whose `prepare` made them, such as "secp256k1.ecdsa"."""
        return self._scheme

    @property
    def nbytes(self) -> int:
        """Bytes of memory that they take: 64 for each key, or 6400 with Ed25519. Those that `take`
        made of Ed25519's take 8 more each, and share the tables of all.
        """
        return int(self._rows.nbytes) + (0 if self._places is None else int(self._places.nbytes))

    @property
    def verdicts(self) -> Verdicts:
        """One verdict for each key: OK or BAD_KEY."""
        return Verdicts(self._codes)

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
        where = where.astype(np.int64)
        codes = self._codes[where]
        if self._rows.shape[1] <= _COPIED:
            return PreparedKeys(self._scheme, self._rows[where], codes)
        all_places = np.arange(len(self)) if self._places is None else self._places
        return PreparedKeys(self._scheme, self._rows, codes, all_places[where])

    def __reduce__(self) -> "tuple[Any, ...]":
        return _unpickled, (self._scheme, self._rows, self._codes, self._places)

    def __len__(self) -> int:
        return len(self._codes)

    def __repr__(self) -> str:
        return f"<PreparedKeys: {len(self)} for {self._scheme}>"


def _unpickled(
    scheme: str,
    rows: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    places: "NDArray[np.int64] | None",
) -> PreparedKeys:
    """Returns them with rows where C can read them: a pickle's buffers may lie anywhere."""
    aligned = rows if rows.ctypes.data % _WORD == 0 else rows.copy()
    return PreparedKeys(scheme, aligned, codes, places)


_T = TypeVar("_T", bound=np.generic)

_WORD = 8

# Rows of so many bytes are copied by take(), larger ones are shared.
_COPIED = 256


def _read_only(array: NDArray[_T]) -> NDArray[_T]:
    view: NDArray[_T] = array.view()
    view.flags.writeable = False
    return view


def key_column(
    keys: KeysLike,
    scheme: str,
    *,
    widths: Widths,
    n: "int | None" = None,
    fixed_by: str = "items",
    row: int = 64,
) -> Column:
    """Returns keys as a Column: prepared ones as they are, packed rows, or rows with as many
    offsets, which then say in any order where a row starts (VL_PREPARED_KEYS).

    row: bytes of a prepared key. Raises TypeError for keys of another scheme, or with other rows;
    else as column() does. n None: what there are.
    """
    if not isinstance(keys, PreparedKeys):
        return column("keys", keys, widths=widths, n=n, fixed_by=fixed_by)
    if keys.scheme != scheme:
        raise TypeError(f"keys: prepared for {keys.scheme}, not for {scheme}")
    if n is not None and len(keys) != n:
        raise ValueError(f"keys: {len(keys)} items, but {n} {fixed_by}")
    width = keys._rows.shape[1]
    if width != row:
        raise TypeError(f"keys: prepared with rows of {width} bytes, not of {row}")
    places = keys._places
    if places is None and width > _COPIED:
        places = np.arange(len(keys))  # who takes some of them takes places, and copies no rows
    offsets = None if places is None else places * width
    return Column(keys._rows.reshape(-1), offsets, width, len(keys))
