"""A device that computes points, and how far it is believed (DESIGN: "Trust in a device").

Before its first use, and after every error, a device must give known answers, for each curve and
size of a launch. It is asked for R = u G + v Q and never told what R is compared with. It gets its
items in a secret order; what it writes to is filled with what no answer looks like; a target is
asked for once (_cpu_terms.Recent). A device that was wrong once, or is silent for too long, is not
used again in this process: quarantine.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._cpu_terms import CURVES, Recent, Terms
from ._device_worker import Ticket, Turn, Worker
from ._known_points import known
from ._points import Points
from .errors import DeviceFailure, DeviceUnavailable

__all__ = ["Answers", "Launch", "Trusted"]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

_log = logging.getLogger("verilane")

# Seconds. The first launch of a size may have to wait for a compiler.
_DEADLINE = 30.0
_FIRST_DEADLINE = 600.0
# Errors (not wrong answers) after which a device is given up.
_MOST_FAILURES = 3
# A flag that is neither yes nor no.
_UNWRITTEN = 0xA5
# Memory of batches that is kept for the next ones, one for each thread that verifies at once.
_MOST_SPARE = 4


class Launch(NamedTuple):
    """Items on their way through a device. items: which rows of what was given, in the order in
    which the device has them; rows that it must not have are missing. r and exceptional are written
    meanwhile. own: whose turn it is.
    """

    scheme: str
    items: NDArray[np.intp]
    terms: Terms
    r: Words
    exceptional: Codes
    poison: Words
    ticket: Ticket
    own: object


class Answers(NamedTuple):
    """What a device answered: to the rows `items` the points r (n, 8). Nothing is believed yet."""

    items: NDArray[np.intp]
    terms: Terms
    r: Words


class _Memory(NamedTuple):
    """What a launch needs; one is under way at a time."""

    terms: Terms
    r: Words
    exceptional: Codes


def _poison(r: Words, exceptional: Codes) -> Words:
    """Fills memory for answers with what is none; returns the row that is on no curve, new for each
    launch.
    """
    row = np.frombuffer(os.urandom(64), np.uint64)
    r[...] = row
    exceptional[...] = _UNWRITTEN
    return row


class Trusted:
    """One device. All methods are thread-safe; one launch is under way at a time."""

    def __init__(self, points: Points, *, deadline: float = _DEADLINE) -> None:
        self.points, self.name, self.deadline = points, points.name, deadline
        self.missing: str | None = None
        """Why it is in quarantine, or None."""
        self._failures = 0
        self._tested: set[tuple[str, int]] = set()
        self._rooms: dict[str, int] = {}
        self._lock = Turn()  # held from launch to answers
        self._worker: Worker | None = None
        self._last: Ticket | None = None
        self._recent = Recent()
        self._memory: _Memory | None = None  # of the launch that is under way
        self._spare: list[Terms] = []
        self._random = np.random.default_rng(int.from_bytes(os.urandom(32), "big"))
        self._process = os.getpid()

    @property
    def usable(self) -> bool:
        """Whether it may be asked: it is not in quarantine, nor left behind by a fork."""
        return self.missing is None and self._process == os.getpid()

    @property
    def last_seconds(self) -> float:
        """What the last call took that is over."""
        return 0.0 if self._last is None else self._last.seconds

    def quarantine(self, reason: str) -> None:
        """Gives the device up for as long as this process lives, and says so once."""
        if self.missing is None:
            self.missing = reason
            _log.warning("%s %s: it is not used any more, the CPU goes on alone", self.name, reason)

    # ---- Known answers ----

    def open(self, curve: str) -> bool:
        """Tries a device that has not been used for this curve yet: DeviceUnavailable if it fails.
        Returns whether it may be asked: one that is in quarantine stays there, and nothing is
        raised; nor does a signal's handler wait for what it interrupted.
        """
        owner = object()
        try:
            if not self._lock.acquire(owner) or not self.usable:
                return False
            if curve in self._rooms:
                return True
            self._ask_room(curve)
            self._try(curve, len(known(curve).hard))
            if not self.usable:
                raise DeviceUnavailable(f"{self.name} can't be used: it {self.missing}")
        except DeviceFailure as error:
            raise DeviceUnavailable(f"{self.name} can't be used: {error}") from error
        finally:
            self._lock.release(owner)
        return True

    def room(self, curve: str) -> int:
        """Returns how many items a launch should have, at most; 1 at least."""
        return max(1, self._rooms.get(curve, 1))

    def _ask_room(self, curve: str) -> None:
        rooms: list[int] = []
        ticket = self._asked(lambda: rooms.append(self.points.room(curve)))
        if self._wait(ticket, max(self.deadline, _FIRST_DEADLINE)):
            self._rooms[curve] = rooms[0]

    def _try(self, curve: str, n: int) -> None:
        """Makes sure that known answers came out right for launches as large as this one."""
        size = curve, n.bit_length()
        if size in self._tested or not self.usable:
            return
        items = known(curve).repeated(n)
        r, exceptional = np.empty((n, 8), np.uint64), np.empty(n, np.uint8)
        _poison(r, exceptional)
        ticket = self._ask(curve, r, exceptional, items.terms)
        if not self._wait(ticket, max(self.deadline, _FIRST_DEADLINE)):
            return
        given = exceptional == 0
        right = (r == items.r).all(axis=1) & (items.infinite == 0)
        if (given & ~right).any() or (~given & ~items.hard).any() or (exceptional > 1).any():
            self.quarantine(f"gave wrong answers to known questions on {curve}")
            return
        self._tested.add(size)

    def is_tried(self, curve: str, n: int) -> bool:
        """Whether a launch of n items would start at once: no known answers are due."""
        return self.usable and (curve, n.bit_length()) in self._tested

    def try_at(self, curve: str, n: int) -> None:
        """Has known answers come out right for launches as large as n items. DeviceFailure if the
        device fails.
        """
        owner = object()
        try:
            if self._lock.acquire(owner):
                self._try(curve, n)
        finally:
            self._lock.release(owner)

    def try_up_to(self, curve: str, least: int) -> None:
        """The same for launches of all sizes from `least` items on."""
        most = self.room(curve)
        for bits in range(min(least, most).bit_length(), most.bit_length() + 1):
            self.try_at(curve, min(most, (1 << bits) - 1))

    # ---- Launches ----

    def hangs(self) -> bool:
        """Whether a launch that nobody waits for is still under way; after the deadline the device
        is in quarantine.
        """
        last = self._last
        if last is None or self._lock.locked() or last.wait(0):
            return False
        if time.monotonic() - last.asked > self.deadline:
            self._give_up(self.deadline)
        return True

    def launch(
        self,
        scheme: str,
        terms: Terms,
        rows: NDArray[np.intp],
        *,
        owner: object = None,
        within: float | None = None,
        blind: bool = True,
    ) -> Launch | None:
        """Starts with these rows; None if the device can't be used, or may not have any of them.
        Nobody else can launch anything until `answers` or `abandon` is done with what is returned,
        or `leave` with the owner.
        within: seconds to wait for others; then, or if known answers are due, it is None as well.
        blind: answers are to be compared with targets, each of which is asked for once.
        """
        launch, own = None, object()
        wait, at_once = (-1.0, False) if within is None else (within, True)
        try:
            if self._lock.acquire(own, owner, timeout=wait):
                launch = self._launch(scheme, terms, rows, own, at_once, blind)
        except DeviceFailure:
            pass
        except BaseException:
            self.leave(own)
            raise
        finally:
            if launch is None:
                self._lock.release(own)
        return launch

    def _launch(
        self,
        scheme: str,
        terms: Terms,
        rows: NDArray[np.intp],
        own: object,
        at_once: bool,
        blind: bool,
    ) -> Launch | None:
        if not self.usable:
            return None
        memory = self._memory_for(len(rows))
        items = self._random.permutation(rows)
        asked = terms.take(items, memory.terms)
        unfit = self._recent.enter(asked, scheme=scheme) if blind else np.zeros(0, np.bool_)
        if unfit.any():
            kept = np.flatnonzero(~unfit)
            items, asked = items[kept], asked.take(kept)
        curve, n = CURVES[scheme], len(items)
        if not n or (at_once and not self.is_tried(curve, n)):
            return None
        self._try(curve, n)
        if not self.usable:
            return None
        r, exceptional = memory.r[:n], memory.exceptional[:n]
        poison = _poison(r, exceptional)
        ticket = self._ask(curve, r, exceptional, asked)
        return Launch(scheme, items, asked, r, exceptional, poison, ticket, own)

    @contextmanager
    def answers(self, launch: Launch) -> Iterator[Answers | None]:
        """Waits for a launch, and yields its answers; None if nothing came, or nothing that looks
        like answers. Items that the device had no answer for are left out. Whoever judges them does
        it in the `with` block.
        """
        try:
            yield self._collect(launch)
        except BaseException:
            self._forget()
            raise
        finally:
            self._lock.release(launch.own)

    def abandon(self, launch: Launch) -> None:
        """Nobody wants the answers of a launch."""
        self.leave(launch.own)

    def leave(self, owner: object) -> None:
        """The same for whatever launch this owner has under way, if it has one."""
        if self._lock.is_of(owner):
            self._forget()
            self._lock.release(owner)

    def _forget(self) -> None:
        """Somebody left in the middle: what the device holds is overwritten with known answers
        before it is asked again.
        """
        self._tested.clear()
        self._memory = None  # a launch may still write to it

    def _collect(self, launch: Launch) -> Answers | None:
        try:
            if not self._wait(launch.ticket, self.deadline):
                return None
        except DeviceFailure:
            return None
        r, exceptional = launch.r, launch.exceptional
        given = np.flatnonzero(exceptional == 0)
        like_poison = given[r[given, 0] == launch.poison[0]]
        if (exceptional > 1).any() or (r[like_poison] == launch.poison).all(axis=1).any():
            self.quarantine("left answers unwritten")
            return None
        if len(given) == len(r):
            return Answers(launch.items, launch.terms, r)
        return Answers(launch.items[given], launch.terms.take(given), r[given])

    def enter_answers(self, scheme: str, terms: Terms) -> NDArray[np.bool_]:
        """Remembers answers that were not what was expected, as if they had been targets: whoever
        expects one of them later may not ask this device. Returns which somebody has asked for
        already. To be called in the `with` block of `answers`.
        """
        return self._recent.enter(terms, scheme=scheme, always=True)

    # ---- Memory: touching new pages takes longer than all that is done with them ----

    def _memory_for(self, n: int) -> "_Memory":
        if self._memory is None or len(self._memory.r) < n:
            self._memory = _Memory(
                Terms.empty(n), np.empty((n, 8), np.uint64), np.empty(n, np.uint8)
            )
        return self._memory

    def lend(self, n: int) -> Terms:
        """Returns memory for n rows or more, whatever it holds."""
        with suppress(IndexError):
            lent = self._spare.pop()
            if len(lent.u) >= n:
                return lent
        return Terms.empty(n)

    def give_back(self, terms: Terms) -> None:
        """What was lent is not needed any more."""
        if len(self._spare) < _MOST_SPARE:
            self._spare.append(terms)

    # ---- Calls ----

    def _ask(self, curve: str, r: Words, exceptional: Codes, terms: Terms) -> Ticket:
        u, v, q, _ = terms  # of targets a device hears nothing
        return self._asked(lambda: self.points.double_mul(curve, r, exceptional, u, v, q))

    def _asked(self, call: Callable[[], None]) -> Ticket:
        if self._worker is None:
            self._worker = Worker(f"verilane {self.name}")
        self._last = self._worker.ask(call)
        return self._last

    def _give_up(self, seconds: float) -> None:
        self.quarantine(f"did not answer within {seconds:g} s")
        self.points.kill()

    def _wait(self, ticket: Ticket, seconds: float) -> bool:
        """Returns whether the call ended; False: the device is in quarantine. DeviceFailure if it
        failed.
        """
        if not ticket.wait(seconds):
            self._give_up(seconds)
            return False
        error = ticket.error  # whatever it is, the CPU goes on
        if error is None:
            return True
        self._tested.clear()
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self.quarantine(f"failed {self._failures} times, at last: {error}")
        raise DeviceFailure(f"{self.name}: {error}") from error
