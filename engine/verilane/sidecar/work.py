"""What a client was asked: batches cut into pieces, and the pieces that have no answer yet."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from itertools import chain
from typing import Any

import numpy as np

from .._columns import Column
from .._items import decided
from . import verilane_pb2 as pb
from .profiles import PRIORITIES, Answer
from .wire import encoded

__all__ = ["Job", "Piece", "Queue", "batch_of"]

_log = logging.getLogger("verilane")


class Job:
    """One batch of the caller's: its columns, its future, and the answers of its pieces."""

    def __init__(
        self,
        profile: "pb.Profile",
        columns: dict[str, Column],
        *,
        keyed: bool,
        priority: str = "block",
    ) -> None:
        """columns: of one length, by their names in a Batch; nobody else may write to them.
        keyed: the future gives keys (n, 64) and verdicts, not verdicts alone. priority: of
        PRIORITIES.
        """
        self.columns, self.keyed, self.priority = columns, keyed, priority
        self.profile = profile.SerializeToString(deterministic=True)
        self.kind = (self.profile, priority, *sorted(columns))
        """What jobs must have in common for their items to share a batch."""
        self.n = next(iter(columns.values())).n
        self.future: Future[Any] = Future()
        self._codes = np.zeros(self.n, np.uint8)
        self._keys = np.zeros((self.n if keyed else 0, 64), np.uint8)
        self._missing = self.n
        self._lock = threading.Lock()
        if self.n == 0:
            self._finish()

    def answer(self, first: int, answer: Answer) -> None:
        """The items from `first` on have their verdicts."""
        n = len(answer.verdicts)
        with self._lock:
            self._codes[first : first + n] = np.frombuffer(answer.verdicts, np.uint8)
            if self.keyed:
                keys = np.frombuffer(answer.keys, np.uint8).reshape(n, 64)
                self._keys[first : first + n] = keys
            self._missing -= n
            if self._missing:
                return
        self._finish()

    def fail(self, error: BaseException) -> None:
        """There will be no verdicts."""
        self._end(self.future.set_exception, error)

    def _finish(self) -> None:
        verdicts = decided(self._codes)
        self._end(self.future.set_result, (self._keys, verdicts) if self.keyed else verdicts)

    def _end(self, give: Callable[[Any], None], what: Any) -> None:
        try:
            give(what)
        except InvalidStateError:  # failed before, or cancelled
            pass
        except BaseException:  # of a callback, as SystemExit: this thread has others to tell
            _log.exception("a future's callback raised")


class Piece:
    """What is sent at a time: the items first up to last of a job."""

    __slots__ = ("failures", "first", "job", "last", "size")

    def __init__(self, job: Job, first: int, last: int, *, failures: int = 0) -> None:
        self.job, self.first, self.last = job, first, last
        self.failures = failures
        self.size = sum(_size(column, first, last) for column in job.columns.values())

    def __len__(self) -> int:
        return self.last - self.first

    def halves(self) -> "tuple[Piece, Piece]":
        """Returns it as two pieces."""
        middle = (self.first + self.last) // 2
        return (
            Piece(self.job, self.first, middle, failures=self.failures),
            Piece(self.job, middle, self.last, failures=self.failures),
        )

    def cut(self, items: int, octets: int) -> "list[Piece]":
        """Returns it as pieces of so many items and bytes at most. One item may have more bytes."""
        if len(self) > items:
            starts = range(self.first, self.last, items)
            parts = [Piece(self.job, start, min(start + items, self.last)) for start in starts]
        elif self.size > octets and len(self) > 1:
            parts = list(self.halves())
        else:
            return [self]
        return [piece for part in parts for piece in part.cut(items, octets)]


def batch_of(pieces: list[Piece], number: int = 0) -> bytes:
    """Returns pieces of one kind as they are sent: a Batch, encoded."""
    columns = {
        name: [(piece.job.columns[name], piece.first, piece.last) for piece in pieces]
        for name in pieces[0].job.columns
    }
    job, count = pieces[0].job, sum(map(len, pieces))
    return encoded(number, job.profile, count, columns, PRIORITIES[job.priority])


# What Batch's own fields take, more or less; an offset takes 4 bytes.
_OVERHEAD = 32


def _size(column: Column, first: int, last: int) -> int:
    if column.offsets is None:
        return _OVERHEAD + (last - first) * column.width
    length = int(column.offsets[last] - column.offsets[first])
    return _OVERHEAD + length + 4 * (last - first + 1)


class _Line:
    """Pieces that wait, by their priority."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Piece]] = {name: deque() for name in _URGENT_FIRST}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Piece]:
        return chain.from_iterable(self._lines.values())

    def extend(self, pieces: list[Piece]) -> None:
        """Appends each to those of its priority."""
        for piece in pieces:
            self._lines[piece.job.priority].append(piece)

    def appendleft(self, piece: Piece) -> None:
        """Puts it before the others of its priority."""
        self._lines[piece.job.priority].appendleft(piece)

    def first(self) -> Piece | None:
        """Returns the next one, which stays."""
        return next(iter(self), None)

    def popleft(self) -> Piece:
        """Removes the next one."""
        return next(line for line in self._lines.values() if line).popleft()


_URGENT_FIRST = ("consensus", "block", "mempool", "bulk")


class Queue:
    """The pieces without an answer: those that wait, the most urgent first and else in order, and
    those that were sent.

    A piece leaves it once, whoever answers it: a second answer finds nothing.
    """

    def __init__(self) -> None:
        lock = threading.RLock()
        self.changed = threading.Condition(lock)
        """There is something to send. Whoever has nothing to do is not woken: that costs others."""
        self.room = threading.Condition(lock)
        """There is less without an answer."""
        self.most = 0
        """Numbers without an answer at a time; 0: as many as there are."""
        self.bytes = 0
        self._waiting = _Line()
        self._sent: dict[int, list[Piece]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting) + sum(map(len, self._sent.values()))

    def ready(self) -> bool:
        """Whether there is a piece that may be sent now."""
        return self._waiting.first() is not None and (not self.most or len(self._sent) < self.most)

    def put(self, pieces: list[Piece]) -> None:
        """Appends new pieces."""
        with self.changed:
            self._waiting.extend(pieces)
            self.bytes += sum(piece.size for piece in pieces)
            self._tell()

    def take_back(self, pieces: list[Piece]) -> None:
        """Pieces that were taken have no answer after all: they come before all others."""
        with self.changed:
            for piece in reversed(pieces):
                self._waiting.appendleft(piece)
            self.bytes += sum(piece.size for piece in pieces)
            self._tell()

    def send(self, items: int, octets: int) -> tuple[int, list[Piece]]:
        """Returns a number and the next pieces, which count as sent with it from now on: the first
        that waits, and those behind it that are of its kind, up to so many items and bytes. What
        had no answer once goes alone. No pieces: none waits.
        """
        pieces: list[Piece] = []
        with self.changed:
            while (piece := self._waiting.first()) is not None:
                if piece.job.future.done():  # cancelled, or failed
                    self._gone(self._waiting.popleft())
                    continue
                items, octets = items - len(piece), octets - piece.size
                if pieces and (
                    items < 0
                    or octets < 0
                    or piece.failures
                    or pieces[0].failures
                    or piece.job.kind != pieces[0].job.kind
                ):
                    break
                pieces.append(self._waiting.popleft())
            if pieces:
                self._number += 1  # anew each time: an old answer is no answer
                self._sent[self._number] = pieces
            return self._number, pieces

    def answered(self, number: int) -> list[Piece]:
        """Removes the pieces that were sent with a number; there may be none."""
        with self.changed:
            pieces = self._sent.pop(number, [])
            for piece in pieces:
                self._gone(piece)
            self._tell()
            return pieces

    def next_to_settle(self) -> Piece | None:
        """Removes the next piece that waits."""
        with self.changed:
            if self._waiting.first() is None:
                return None
            piece = self._waiting.popleft()
            self._gone(piece)
            return piece

    def lost(self) -> None:
        """What was sent was lost, perhaps: it waits again, in order, before all that is new."""
        with self.changed:
            for number in sorted(self._sent, reverse=True):
                for piece in reversed(self._sent[number]):
                    piece.failures += 1
                    self._waiting.appendleft(piece)
            self._sent.clear()

    def _tell(self) -> None:
        if self.ready():
            self.changed.notify_all()

    def _gone(self, piece: Piece) -> None:
        self.bytes -= piece.size
        self.room.notify_all()
