"""What becomes of items that nobody waits for: a thread takes what C has completed, many at a time,
and gives it to whoever asked.
"""

import contextlib
import itertools
import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable
from typing import Any, Protocol

from .._cpu_verifier import Engine, error_of
from ..errors import VerifierForked

__all__ = ["Dispatcher", "Waiter"]

_log = logging.getLogger("verilane")


class Waiter(Protocol):
    """Who asked: one future, or many."""

    def settle(self, result: int) -> Any:
        """Takes the result of C; returns what is to be told to an event loop, or None."""

    def fail(self, error: Exception) -> None:
        """Ends without a verdict, in a forked child: runs nobody's callbacks."""


class Dispatcher:
    """The waiters of one engine, by the tags that C gives back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[int, Waiter] = {}
        self._tags = itertools.count()
        self._lock = threading.Lock()
        self.telling = threading.RLock()
        """Held while futures are told, so that no fork comes in between. A callback may fork."""
        self._thread: threading.Thread | None = None
        _all.add(self)

    def add(self, waiter: Waiter) -> int:
        """Returns the tag for a call of submit, which is to be made next."""
        if self._thread is None:
            self._start()
        tag = next(self._tags)
        self._waiting[tag] = waiter
        return tag

    def drop(self, tag: int) -> None:
        """Takes a waiter back whose call failed."""
        self._waiting.pop(tag, None)

    def join(self, timeout: float | None = None) -> None:
        """Waits until all that C has completed is told, or for so many seconds; the engine is
        closed already.
        """
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="verilane-verifier", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            count, completions = self._engine.collect(-1)
            if count < 0:
                break
            self._settle(completions)
        error = error_of(count, self._engine.isa)
        for tag in list(self._waiting):  # nobody, unless C broke its word
            waiter = self._waiting.pop(tag, None)
            if waiter is not None and error is not None:
                waiter.fail(error)

    def _settle(self, completions: Iterable[tuple[int, int]]) -> None:
        for_loops: dict[Any, list[Any]] = {}
        with self.telling:
            for tag, result in completions:
                waiter = self._waiting.pop(tag)
                try:
                    told = waiter.settle(result)
                except BaseException:  # of a callback, as SystemExit: the others have to be told
                    _log.exception("a future's callback raised")
                    continue
                if told is not None:
                    loop, what = told
                    for_loops.setdefault(loop, []).append(what)
            for loop, what in for_loops.items():
                _tell_loop(loop, what)

    def after_fork(self) -> None:
        """In the child no worker and no thread of ours is left."""
        self._lock, self.telling = threading.Lock(), threading.RLock()
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting.values():
            waiter.fail(VerifierForked("the verifier belongs to the parent process"))


def _tell_loop(loop: Any, what: list[Any]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_run_all, what)


def _run_all(what: list[Any]) -> None:
    for function, argument in what:
        function(argument)


_all: "weakref.WeakSet[Dispatcher]" = weakref.WeakSet()
_forking = threading.local()
# A callback may wait for whoever forks: then the child has to do without futures that were being
# told, and nobody waits for ever.
_PATIENCE = 1.0


def _before_fork() -> None:
    until = time.monotonic() + _PATIENCE
    locks = [dispatcher.telling for dispatcher in sorted(_all, key=id)]
    _forking.held = [
        lock for lock in locks if lock.acquire(timeout=max(until - time.monotonic(), 0))
    ]


def _after_in_parent() -> None:
    for lock in _forking.held:
        lock.release()


def _after_in_child() -> None:
    for dispatcher in list(_all):
        dispatcher.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
