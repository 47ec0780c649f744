"""Runs a batch on several cores. C releases the GIL, so plain threads do."""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._cpu import Work

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["cores", "run"]

# A core gets its share in parts, so that one that is slowed down does not keep the others waiting.
# No part is so long that Ctrl-C has to wait.
_PARTS_PER_CORE = 4
_LONGEST_PART = 1 << 15


def run(
    n: int, work: Work, *, threads: int | None, least: int, grain: int = 1, shortest: int = 1
) -> None:
    """Calls work(start, stop) until 0..n is done; every start is a multiple of `grain`.

    threads: how many cores at most; None takes all, 1 stays in the caller. least: items that are
    worth a core; a batch of fewer than two times `least` stays in the caller too. shortest: parts
    of fewer items cost more an item; they are made only where a core would have none.
    """
    workers = min(cores() if threads is None else _checked(threads), n // least)
    if workers <= 1 and n <= _LONGEST_PART:
        work(0, n)
        return
    workers = max(workers, 1)
    size = max(-(-n // (workers * _PARTS_PER_CORE)), min(shortest, -(-n // workers)))
    size = min(size, _LONGEST_PART)
    size = max(-(-size // grain) * grain, grain)
    batch = _Batch(n, size, work)
    _ask_for_help(batch.drain, min(workers, batch.parts) - 1)
    try:
        batch.drain()
    finally:
        batch.finish()


class _Batch:
    """The parts of one batch. Any number of threads may drain it, early or late, or never: whoever
    waits for it waits for parts that were taken, not for threads that were asked.
    """

    def __init__(self, n: int, size: int, work: Work) -> None:
        self._n, self._size, self._work = n, size, work
        self._starts = deque(range(0, n, size))
        self._at_work: set[object] = set()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self.parts = len(self._starts)

    def drain(self) -> None:
        """Does parts until none is left."""
        token = object()
        try:
            self._at_work.add(token)  # before a part is taken, so that nobody misses it
            while True:
                try:
                    start = self._starts.popleft()
                except IndexError:
                    return
                self._work(start, min(start + self._size, self._n))
        except BaseException as error:
            self._error = error
            self._starts.clear()
        finally:
            with self._changed:
                self._at_work.discard(token)
                self._changed.notify_all()

    def finish(self) -> None:
        """Waits until no part is at work; raises what went wrong in any of them."""
        self._starts.clear()  # nothing is left, unless an exception ends the batch early
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work)
        if self._error is not None:
            raise self._error


def cores() -> int:
    """Returns how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked(threads: int) -> int:
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise TypeError(f"threads: expected a number, got {type(threads).__name__}")
    if threads < 1:
        raise ValueError(f"threads: expected 1 or more, got {threads}")
    return threads


_executor: "ThreadPoolExecutor | None" = None
_lock = threading.Lock()


def _ask_for_help(drain: Callable[[], None], helpers: int) -> None:
    """Asks up to `helpers` other threads to `drain`; fewer do no harm, whoever runs drains all.

    Nobody waits here: a signal handler may have interrupted this very function in its own thread,
    and then does its batch alone. Nor does a thread that can't be started: what was asked of it
    stays in the executor's queue, and finds nothing left when it comes.
    """
    global _executor
    if helpers < 1 or not _lock.acquire(blocking=False):
        return
    try:
        most = os.cpu_count() or 1
        if _executor is None:
            from concurrent.futures import ThreadPoolExecutor

            _executor = ThreadPoolExecutor(most, thread_name_prefix="verilane")
        for _ in range(min(helpers, most)):
            _executor.submit(drain)
    except RuntimeError:  # no thread can be started, or the interpreter is shutting down
        pass
    finally:
        _lock.release()


def _after_fork() -> None:
    """Threads do not survive a fork, and the lock may have been held by one of them."""
    global _executor, _lock
    _executor = None
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
