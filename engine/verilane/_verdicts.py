"""Verdict (one item) and Verdicts (a batch). Neither has a truth value: `if verdict:` would read as
"valid".
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NoReturn, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Verdict", "Verdicts"]


class Verdict(IntEnum):
    """What was found out about one item. When several faults hold, the first in this order is
    given.
    """

    UNDECIDED = 0
    """Never returned; what fresh output memory means."""
    OK = 1
    """The signature is valid."""
    BAD_KEY = 2
    """Not an encoding of a point on the curve."""
    BAD_SIGNATURE = 3
    """Encoding, range or policy (low-S) of the signature; in recovery also: no key can be
    recovered.
    """
    BAD_MESSAGE = 4
    """A digest of a wrong length, or an SM2 user ID that is too long."""
    MISMATCH = 5
    """Everything is well formed, but the equation does not hold."""

    @property
    def reason(self) -> str:
        """The verdict in words."""
        return _REASONS[self]

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verdict has no truth value: compare it, verdict == Verdict.OK")

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.name, spec)


_REASONS = {
    Verdict.UNDECIDED: "not decided",
    Verdict.OK: "valid",
    Verdict.BAD_KEY: "not an encoding of a point on the curve",
    Verdict.BAD_SIGNATURE: "encoding, range or policy of the signature",
    Verdict.BAD_MESSAGE: "a digest of a wrong length, or a user ID that is too long",
    Verdict.MISMATCH: "well formed, but the equation does not hold",
}


class Verdicts:
    """One Verdict per item, in the order of the items.

    `len(v)`, `v[i]` (a Verdict), `v[a:b]` (Verdicts) and iteration work as for a list; `v.codes` is
    the same as a read-only NumPy array of uint8.
    """

    __slots__ = ("_codes",)
    _codes: NDArray[np.uint8]

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        # On bytes of its own: an array that nobody can make writable again.
        self._codes: NDArray[np.uint8] = np.frombuffer(codes.tobytes(), np.uint8)

    @property
    def all_ok(self) -> bool:
        """True if every verdict is OK (also when there is none at all)."""
        return bool((self._codes == _OK).all())

    @property
    def failed(self) -> NDArray[np.intp]:
        """Indices of the items whose verdict is not OK, ascending."""
        return np.flatnonzero(self._codes != _OK)

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The verdicts' numbers: shape (n,), uint8, read-only."""
        return self._codes

    def numpy(self) -> NDArray[np.uint8]:
        """Returns `codes`."""
        return self._codes

    def count(self, verdict: Verdict) -> int:
        """Returns how many items have this verdict."""
        return int(np.count_nonzero(self._codes == int(verdict)))

    def counts(self) -> dict[Verdict, int]:
        """Returns the number of items of each verdict that occurs, in the order of the codes."""
        numbers = np.bincount(self._codes, minlength=len(Verdict))
        return {verdict: int(numbers[verdict]) for verdict in Verdict if numbers[verdict] > 0}

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, index: int) -> Verdict: ...
    @overload
    def __getitem__(self, index: slice) -> "Verdicts": ...
    def __getitem__(self, index: int | slice) -> "Verdict | Verdicts":
        if isinstance(index, slice):
            return Verdicts(self._codes[index])
        return Verdict(self._codes.item(index))

    def __iter__(self) -> Iterator[Verdict]:
        return map(_VERDICTS.__getitem__, self._codes.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Verdicts):
            return NotImplemented
        return np.array_equal(self._codes, other._codes)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("Verdicts have no truth value: use verdicts.all_ok")

    def __repr__(self) -> str:
        if self.all_ok:
            return f"<Verdicts: {len(self)} of {len(self)} OK>"
        counts = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        return f"<Verdicts: {len(self)} items: {counts}>"


_VERDICTS = tuple(Verdict)
_OK = int(Verdict.OK)
