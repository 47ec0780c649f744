"""Batches of a verifier that are verified elsewhere (csrc/binding.h), as cffi shows them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu_verifier import Engine, Request
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = ["LANES", "MEMORY", "TIMEOUT", "UNDECIDED", "Lender", "Loan", "Offer", "lane_of"]

LANES: int = _lib.vl_verifier_lanes()
"""A scheme under each of its rules is one, and has a number below this."""

TIMEOUT: int = _lib.VL_ERROR_TIMEOUT
MEMORY: int = _lib.VL_ERROR_MEMORY
UNDECIDED: int = _lib.VL_ERROR_SELFTEST
"""What an item gets that nobody could decide."""


def lane_of(request: Request, *, keyless: bool) -> int:
    """Returns the lane of what is asked, or an error."""
    return _lib.vl_verifier_lane(request.at, keyless)  # type: ignore[no-any-return]


class Offer(NamedTuple):
    """So many items of a lane wait in a class."""

    priority: int
    lane: int
    items: int


class Loan:
    """Items that were taken out of a verifier's queue, and have to be given back, once. Columns are
    the loan's memory: until then.
    """

    def __init__(self, engine: Engine, at: Any) -> None:
        self._engine, self._at = engine, at
        columns = _ffi.new("vl_column[4]")
        self.n: int = _lib.vl_loan_columns(at, columns)
        self.keys, self.signatures, self.messages, self.user_ids = (
            _column(each, self.n) for each in columns
        )

    def give_back(self, verdicts: NDArray[np.uint8] | None, error: int = UNDECIDED) -> None:
        """Gives the items their verdicts (n,), or all of them this error."""
        if verdicts is None:
            _lib.vl_verifier_take_back(self._engine._at, self._at, _ffi.NULL, error)
            return
        given = np.ascontiguousarray(verdicts, np.uint8)
        if given.shape != (self.n,):
            raise ValueError(f"{given.shape} verdicts for {self.n} items")
        lent = _ffi.from_buffer("uint8_t[]", given)
        _lib.vl_verifier_take_back(self._engine._at, self._at, lent, 0)


def _column(lent: Any, n: int) -> Column:
    offsets = np.frombuffer(_ffi.buffer(lent.offsets, 8 * (n + 1)), np.int64)
    data = np.frombuffer(_ffi.buffer(lent.data, max(int(offsets[n]), 1)), np.uint8)
    return Column(data, offsets, 0, n)


class Lender:
    """Takes batches out of an engine's queue, in one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wait(self, least: NDArray[np.uint64], timeout_us: int) -> tuple[int, Offer]:
        """Waits until least[lane] items of a lane wait in one class (0: none of this lane): returns
        VL_SUCCESS and what waits, or an error. timeout_us: -1: for ever.
        """
        offer = _ffi.new("vl_offer *")
        numbers = _ffi.from_buffer("uint64_t[]", least)
        result = _lib.vl_verifier_await(self._engine._at, offer, numbers, timeout_us)
        return result, Offer(offer.priority, offer.lane, offer.items)

    def lend(self, offer: Offer, *, least: int, most: int) -> Loan | None:
        """Returns up to `most` items of what was offered; None where fewer than `least` are left,
        or nothing that the cache does not know, and where there is no memory.
        """
        loan = _ffi.new("vl_loan **")
        asked = _ffi.new("vl_offer *", offer)
        if _lib.vl_verifier_lend(self._engine._at, loan, asked, least, most) or not loan[0]:
            return None
        try:
            return Loan(self._engine, loan[0])
        except BaseException:  # whoever closes would wait for it for ever
            _lib.vl_verifier_take_back(self._engine._at, loan[0], _ffi.NULL, MEMORY)
            raise
