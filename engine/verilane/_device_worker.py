"""A thread that talks to one device, so that whoever waits for an answer waits no longer than it
wants to.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Ticket", "Turn", "Worker"]


class _Turn(NamedTuple):
    thread: int
    owners: tuple[object, ...]
    once: list[None]

    def is_of(self, owner: object) -> bool:
        return any(each is owner for each in self.owners)


_NOBODYS = _Turn(0, (), [])


class Turn:
    """A lock that is held from one call to another, until `release` is told whose it was: as often
    and as late as one likes.

    A thread that has it does not wait for itself: a signal handler, which may have interrupted that
    very thread, does not get it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = _NOBODYS

    def acquire(self, *owners: object, timeout: float = -1) -> bool:
        """Returns whether it could be had within so many seconds; -1 waits for ever."""
        me = threading.get_ident()
        if self._turn.thread == me or not self._lock.acquire(timeout=timeout):
            return False
        self._turn = _Turn(me, owners, [None])
        return True

    def release(self, owner: object) -> None:
        """Does nothing if it is not this owner's, or not any more."""
        turn = self._turn
        if not turn.is_of(owner):
            return
        try:
            turn.once.pop()
        except IndexError:  # another thread was faster: one that collects garbage, say
            return
        self._turn = _NOBODYS
        self._lock.release()

    def locked(self) -> bool:
        """Whether anybody has it."""
        return self._lock.locked()

    def is_of(self, owner: object) -> bool:
        """Whether this owner has it."""
        return self._turn.is_of(owner)


class Ticket:
    """One call that a worker was asked to make."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._done = threading.Event()
        self.error: BaseException | None = None
        """What the call raised, once it is over."""
        self.asked = time.monotonic()
        self.seconds = 0.0
        """What the call took, once it is over."""

    def run(self) -> None:
        """Makes the call."""
        start = time.monotonic()
        try:
            self._call()
        except BaseException as error:
            self.error = error
        finally:
            self.seconds = time.monotonic() - start
            self._done.set()

    def wait(self, seconds: float) -> bool:
        """Returns whether the call is over."""
        return self._done.wait(seconds)


class Worker:
    """Makes calls one after the other. One that never returns keeps the thread for good; it is a
    daemon, and the process ends without it.
    """

    def __init__(self, name: str) -> None:
        self._tickets: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        # Free-standing, so that a worker that nobody refers to any more can be collected.
        threading.Thread(target=_work, args=(self._tickets,), name=name, daemon=True).start()

    def ask(self, call: Callable[[], None]) -> Ticket:
        """Has a call made, and waits for nothing."""
        ticket = Ticket(call)
        self._tickets.put(ticket)
        return ticket

    def __del__(self) -> None:
        self._tickets.put(None)


def _work(tickets: "queue.SimpleQueue[Ticket | None]") -> None:
    while (ticket := tickets.get()) is not None:
        ticket.run()
        del ticket
