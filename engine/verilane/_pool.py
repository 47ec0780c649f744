"""Runs a batch on several cores. C releases the GIL, so plain threads do."""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._cpu import Work

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["cores", "run"]

# A core gets its share in parts, so that one that is slowed down does not keep the others waiting.
# C works in blocks of 512 (VL_BLOCK): shorter parts cost more an item. No part is so long that
# Ctrl-C has to wait.
_PARTS_PER_CORE = 4
_SHORTEST_PART = 1 << 9
_LONGEST_PART = 1 << 15


def run(n: int, work: Work, *, threads: int | None, least: int, grain: int = 1) -> None:
    """Calls work(start, stop) until 0..n is done; every start is a multiple of `grain`.

    threads: how many cores at most; None takes all, 1 stays in the caller. least: items that are
    worth a core; a batch of fewer than two times `least` stays in the caller too.
    """
    workers = min(cores() if threads is None else _checked(threads), n // least)
    if workers <= 1 and n <= _LONGEST_PART:
        work(0, n)
        return
    workers = max(workers, 1)
    share = -(-n // workers)
    size = min(max(-(-share // _PARTS_PER_CORE), min(share, _SHORTEST_PART)), _LONGEST_PART)
    size = max(-(-size // grain) * grain, grain)
    starts = deque(range(0, n, size))

    def drain() -> None:
        while True:
            try:
                start = starts.popleft()
            except IndexError:
                return
            work(start, min(start + size, n))

    helpers = _submit(drain, min(workers, len(starts)) - 1)
    try:
        drain()
    finally:
        starts.clear()  # nothing is left, unless an exception ends the batch early
        for helper in helpers:
            if not helper.cancel():
                helper.result()


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


def _submit(drain: Callable[[], None], helpers: int) -> "list[Future[None]]":
    """Starts `drain` on up to `helpers` other threads. Fewer do no harm: whoever runs drains
    all.
    """
    global _executor
    if helpers < 1:
        return []
    with _lock:
        try:
            if _executor is None:
                from concurrent.futures import ThreadPoolExecutor

                _executor = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="verilane")
            return [_executor.submit(drain) for _ in range(helpers)]
        except RuntimeError:  # the interpreter is shutting down: no new threads
            return []


def _after_fork() -> None:
    """Threads do not survive a fork, and the lock may have been held by one of them."""
    global _executor, _lock
    _executor = None
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
