"""Futures of single items and of batches."""

import threading
from concurrent.futures import Future, InvalidStateError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._cpu_verifier import CANCELLED, Engine, error_of
from .._items import decided
from .._verdicts import Verdict, Verdicts

__all__ = ["BatchFuture", "ItemFuture", "Part", "verdict_of", "verdicts_of"]

_VERDICTS = tuple(Verdict)


def verdict_of(result: int, isa: int) -> Verdict:
    """Returns the verdict, or raises what stands for the error."""
    if result > 0:
        return _VERDICTS[result]
    error = error_of(result, isa)
    raise error or decided_nothing()


def decided_nothing() -> Exception:
    """Returns the InternalError of an item that was left undecided."""
    try:
        decided(np.zeros(1, np.uint8))
    except Exception as error:
        return error
    raise AssertionError  # an undecided item is an error


def verdicts_of(results: NDArray[np.uint8], isa: int) -> Verdicts:
    """Returns the verdicts of a batch, or raises the error of the first item that has none."""
    without = np.flatnonzero(results.view(np.int8) < 0)
    if len(without):
        error = error_of(int(results.view(np.int8)[without[0]]), isa)
        if error is not None:
            raise error
    return decided(results)


class _Asked(Future[Any]):
    """A future that C settles. Cancelling it takes its items out of the queue."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self.tickets: list[int] = []

    def cancel(self) -> bool:
        """Returns whether it was cancelled; False when it is done."""
        cancelled = super().cancel()
        if cancelled:
            for ticket in self.tickets:
                self._engine.cancel(ticket)
        return cancelled

    def fail(self, error: Exception) -> None:
        """In a forked child: locks may be held by threads that are gone, and callbacks are the
        parent's business.
        """
        self._condition = threading.Condition()
        self._done_callbacks: list[Any] = []
        if not self.done():
            self.set_exception(error)

    def _end(self, result: Any = None, error: BaseException | None = None) -> None:
        try:
            if error is None:
                self.set_result(result)
            else:
                self.set_exception(error)
        except InvalidStateError:  # it was cancelled
            pass


class ItemFuture(_Asked):
    """Of one item: its Verdict."""

    def settle(self, result: int) -> None:
        """Takes what C says."""
        if result > 0:
            self._end(_VERDICTS[result])
        elif result == CANCELLED:
            super().cancel()
        else:
            self._end(error=error_of(result, self._engine.isa) or decided_nothing())


class BatchFuture(_Asked):
    """Of many items: their Verdicts, when all parts are there."""

    def __init__(self, engine: Engine, n: int) -> None:
        super().__init__(engine)
        self._results = np.zeros(n, np.uint8)
        self._parts = 0
        self._counting = threading.Lock()

    def expect(self, parts: int) -> None:
        """Says how many parts there will be, before the first is asked."""
        self._parts = parts
        if parts == 0:
            self._finish()

    def took(self, places: NDArray[np.intp] | None, results: NDArray[np.uint8]) -> None:
        """Takes a part's results; places None: they are all, in order."""
        if places is None:
            self._results = results
        else:
            self._results[places] = results
        with self._counting:
            self._parts -= 1
            last = self._parts == 0
        if last:
            self._finish()

    def _finish(self) -> None:
        try:
            verdicts = verdicts_of(self._results, self._engine.isa)
        except Exception as error:
            self._end(error=error)
        else:
            self._end(verdicts)


class Part:
    """A call of submit_many that a BatchFuture waits for. Holds the memory that C writes to."""

    def __init__(self, future: BatchFuture, n: int, places: NDArray[np.intp] | None = None) -> None:
        self.results = np.zeros(n, np.uint8)
        self._future, self._places = future, places

    def settle(self, result: int) -> None:
        """Takes what C says."""
        self._future.took(self._places, self.results)

    def fail(self, error: Exception) -> None:
        """As of _Asked."""
        self._future.fail(error)
