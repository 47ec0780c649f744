"""Verifies a batch on a device that need not be trusted. The CPU does what comes before the points
and what comes after them.

Blind comparing, always: the device gets u, v and Q of an item; the CPU compares its R with a target
that the device does not have. An R that meets it is as good as a proof: no fault finds it, only the
right sum, or whoever made the signature (who gets nothing from it unless he has the device, too).
Any other answer proves nothing, and the CPU does the item again. It also does R again: a device
whose R was another one is in quarantine from there on, and all of the block is done on the CPU.

Two things could still make a wrong answer meet a target. It is another item's R, from a buffer that
was not written or a slot that was mixed up: so a target is asked for once, an R that met no target
is remembered as if it were one, and slots are secret. Or it is -R: the sign, which counts in
BIP-340 and Ed25519, is one bit that a device could hit upon. Where that is too much, `strict` has
all R of a block checked by random sums, which no wrong R survives, however it came about.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _cpu, _cpu_terms, _pool
from ._columns import Column, take
from ._cpu import Work
from ._cpu_terms import CURVES, Terms
from ._items import LANES, SIGNATURES_PER_CORE
from ._trust import Answers, Launch, Trusted

__all__ = ["BLOCK", "Batch", "Done", "Run", "Sharing", "metered", "verify"]

Codes = NDArray[np.uint8]
Indices = NDArray[np.intp]
Columns = tuple[Column | None, ...]

_OK = 1
_UNDECIDED = 0

# Most items of a launch: 25 MB of host memory, and some milliseconds of a GPU.
BLOCK = 1 << 17
# What the CPU does at a time of a shared batch, so that the device never waits for it for long.
_CHUNK_SECONDS = 0.02
# A launch of a shared batch is given up after so many times what it should take, and some slack.
_PATIENCE = 2
_SLACK = 0.01
# A block of which more than an eighth is left to the CPU is an attack or a fault: it does the rest.
_LEFT_SHARE = 8
_LEFT_LEAST = 8
# Comparing an answer takes some 50 ns.
_JUDGED_PER_CORE = 4096
# C checks so many points by one sum (VL_BLOCK).
_SUMMED = 1024


class Batch(NamedTuple):
    """What is to be verified, and how the CPU does it.

    verify(codes, *columns): the work that decides items of columns. terms(terms, codes, *columns,
    first=): the work up to the points. threads, shortest: as _pool.run has them. fixed: the places
    of columns that belong to no item. summable: whether a random sum can check points (strict).
    """

    scheme: str
    n: int
    columns: Columns
    verify: Callable[..., Work]
    terms: Callable[..., Work]
    threads: int | None
    shortest: int = 1
    fixed: tuple[int, ...] = ()
    summable: bool = False

    def run(self, n: int, work: Work, *, least: int = SIGNATURES_PER_CORE) -> None:
        """Does work on n items on several cores."""
        shortest = self.shortest
        _pool.run(n, work, threads=self.threads, least=least, grain=LANES, shortest=shortest)

    def decide(self, codes: Codes, start: int, stop: int) -> None:
        """Has the CPU do these items."""
        work = self.verify(codes, *self.columns)
        self.run(stop - start, lambda first, last: work(start + first, start + last))


class Sharing(NamedTuple):
    """How a batch is shared out: the device takes blocks from its start on; the CPU, whenever it
    would wait for the device, items from its end.

    share: the device's part of what is left. most: items of a block, at most; where there would be
    fewer than `least` the CPU does the rest. launch(n), cpu(n): the seconds that are expected.
    took(n, seconds): is told what each launch took, None for one that failed or was given up.
    """

    share: float
    most: int
    least: int
    launch: Callable[[int], float]
    cpu: Callable[[int], float]
    took: Callable[[int, float | None], None]


class Done(NamedTuple):
    """One launch that is over, or that nobody waits for any more. items: that the device was asked
    for; decided: that its answers were right for. seconds: what it took. failed: there were no
    answers, or wrong ones.
    """

    device: str
    items: int
    decided: int
    seconds: float
    failed: bool


_meter: ContextVar[Callable[[Done], None] | None] = ContextVar("verilane_meter", default=None)


@contextmanager
def metered(tell: Callable[[Done], None]) -> Iterator[None]:
    """Has the calls of a `with` block, in this context, tell of each launch."""
    token = _meter.set(tell)
    try:
        yield
    finally:
        _meter.reset(token)


class _Block(NamedTuple):
    """Items start..stop, and what is known of them."""

    start: int
    stop: int
    codes: Codes
    terms: Terms
    live: Indices


def verify(
    batch: Batch, device: Trusted | None, *, strict: bool = False, sharing: Sharing | None = None
) -> Codes:
    """Returns the verdicts, as numbers. device None: the CPU does it all. sharing None: the device
    does all that it can; else it must have been opened.
    """
    codes = np.zeros(batch.n, np.uint8)
    if device is not None and (not device.usable or (strict and not batch.summable) or not batch.n):
        device = None
    # With `sharing` it is open already, and nobody is to be waited for.
    if device is None or (sharing is None and not device.open(CURVES[batch.scheme])):
        batch.decide(codes, 0, batch.n)
        return codes
    start, stop = Run(batch, device, codes, strict, sharing).blocks()
    if start < stop:
        batch.decide(codes, start, stop)
    return codes


class Run:
    """One batch on one device."""

    blind = True
    """Whether answers are compared: then a target is asked for once."""

    def __init__(
        self,
        batch: Batch,
        device: Trusted,
        codes: Codes,
        strict: bool,
        sharing: Sharing | None,
    ) -> None:
        self._batch, self._device, self._codes, self._strict = batch, device, codes, strict
        self._on = True  # whether the device gets more blocks
        self._sharing = sharing
        self._end = batch.n  # from here on the CPU is done
        room = max(1, min(device.room(CURVES[batch.scheme]), BLOCK))
        if sharing is None:
            self._size = -(-batch.n // -(-batch.n // room))
        else:
            self._size = max(1, min(room, sharing.most))

    def blocks(self) -> tuple[int, int]:
        """Does block after block; returns which items are left when the device is done. While it
        has one the CPU prepares the next.
        """
        terms = self._device.lend(min(self._size, self._batch.n))
        under_way: tuple[_Block, Launch | None] | None = None
        start = 0
        try:
            while self._on and (stop := self._stop_of(start)) > start:
                block = self._prepare(start, stop, terms)
                start = block.stop
                if under_way is not None:
                    self._help(under_way[1], start)
                    last, under_way = under_way, None
                    self._finish(*last)
                under_way = block, self._launch(block)
            if under_way is not None:
                self._help(under_way[1], start)
                last, under_way = under_way, None
                self._finish(*last)
        finally:
            self._device.leave(self)
            self._device.give_back(terms)
        return start, self._end

    def _stop_of(self, start: int) -> int:
        """Returns where the device's next block ends: at its start where there is to be none."""
        left, sharing = self._end - start, self._sharing
        if sharing is None:
            return min(start + self._size, self._end)
        wanted = math.ceil(left * sharing.share)
        return start + (min(wanted, self._size) if wanted >= sharing.least else 0)

    def _prepare(self, start: int, stop: int, memory: Terms) -> _Block:
        """What the block holds in `memory` is not needed any more once it is launched."""
        batch, n = self._batch, stop - start
        codes, terms = np.zeros(n, np.uint8), memory.first(n)
        batch.run(n, batch.terms(terms, codes, *batch.columns, first=start))
        return _Block(start, stop, codes, terms, np.flatnonzero(codes == _UNDECIDED))

    def _launch(self, block: _Block) -> Launch | None:
        if not (self._on and len(block.live)):
            return None
        n, sharing = len(block.live), self._sharing
        within = None if sharing is None else _PATIENCE * sharing.launch(n) + _SLACK
        return self._device.launch(
            self._batch.scheme,
            block.terms,
            block.live,
            owner=self,
            within=within,
            blind=self.blind,
        )

    def _help(self, launch: Launch | None, start: int) -> None:
        """While the device is at work, the CPU does items from the end on, `start` at most."""
        sharing, batch = self._sharing, self._batch
        if sharing is None or launch is None:
            return
        expected = sharing.launch(len(launch.items))
        cores = min(_pool.cores(), batch.threads or _pool.cores())
        least = cores * max(batch.shortest, 4 * SIGNATURES_PER_CORE)
        per_second = least / sharing.cpu(least)
        while self._end > start and not launch.ticket.wait(0):
            left = expected - (time.monotonic() - launch.ticket.asked)
            seconds = min(max(left / 2, 0), _CHUNK_SECONDS)
            first = max(start, self._end - max(least, int(seconds * per_second)))
            batch.decide(self._codes, first, self._end)
            self._end = first

    def _finish(self, block: _Block, launch: Launch | None) -> None:
        if launch is not None and self._is_late(launch):
            self._device.abandon(launch)
            self._on = False
        elif launch is not None:
            with self._device.answers(launch) as answers:
                self._tell(launch, answers)
                if answers is None:
                    self._on = False
                else:
                    self._judge(block, answers)
        undecided = np.flatnonzero(block.codes == _UNDECIDED)
        if launch is not None:
            self._report(launch, len(block.live) - len(undecided))
        limit = max(_LEFT_LEAST, len(block.codes) // _LEFT_SHARE)
        self._on = self._on and self._device.usable and len(undecided) <= limit
        self._codes[block.start : block.stop] = block.codes
        self._confirm(block.start + undecided)

    def _is_late(self, launch: Launch) -> bool:
        """Waits for a launch of a shared batch, but not much longer than it should take: the CPU
        does its items sooner than a device that hangs.
        """
        sharing = self._sharing
        if sharing is None:
            return False
        due = launch.ticket.asked + _PATIENCE * sharing.launch(len(launch.items)) + _SLACK
        if launch.ticket.wait(max(due - time.monotonic(), 0)):
            return False
        sharing.took(len(launch.items), None)
        return True

    def _tell(self, launch: Launch, answers: Answers | None) -> None:
        if self._sharing is not None:
            seconds = None if answers is None else launch.ticket.seconds
            self._sharing.took(len(launch.items), seconds)

    def _report(self, launch: Launch, decided: int) -> None:
        tell, ticket = _meter.get(), launch.ticket
        if tell is None:
            return
        seconds = ticket.seconds or time.monotonic() - ticket.asked
        failed = not (self._on and self._device.usable)
        tell(Done(self._device.name, len(launch.items), decided, seconds, failed))

    # ---- Answers ----

    def _judge(self, block: _Block, answers: Answers) -> None:
        """Sets the codes of items that the answers show to be valid."""
        batch, n = self._batch, len(answers.items)
        met = np.zeros(n, np.uint8)
        work = _cpu_terms.judge(met, answers.r, answers.terms.targets, scheme=batch.scheme)
        batch.run(n, work, least=_JUDGED_PER_CORE)
        refused = np.flatnonzero(met != _OK)
        if self._strict:
            right = self._sums_hold(answers)
        else:
            right = self._repeat(answers, refused)
        if not right:
            self._device.quarantine("gave a wrong answer")
            return
        if len(refused):
            met[self._asked_elsewhere(answers, refused)] = _UNDECIDED
        block.codes[answers.items] = met

    def _sums_hold(self, answers: Answers) -> bool:
        held: list[bool] = []
        work = _cpu_terms.sums_hold(
            held, answers.r, answers.terms, scheme=self._batch.scheme, isa=_cpu.AUTO
        )
        threads, least = self._batch.threads, SIGNATURES_PER_CORE
        n, shortest = len(answers.items), _SUMMED
        _pool.run(n, work, threads=threads, least=least, grain=LANES, shortest=shortest)
        return all(held)

    def _repeat(self, answers: Answers, refused: Indices) -> bool:
        """Whether the CPU's own points are those of the device, for items that are refused."""
        n = len(refused)
        if not n:
            return True
        r, infinite = np.empty((n, 8), np.uint64), np.empty(n, np.uint8)
        work = _cpu_terms.double_mul(
            r, infinite, answers.terms.take(refused), scheme=self._batch.scheme, isa=_cpu.AUTO
        )
        self._batch.run(n, work)
        return np.array_equal(r, answers.r[refused]) and not infinite.any()

    def _asked_elsewhere(self, answers: Answers, refused: Indices) -> Indices:
        """Returns which items expect an R that the device gave for another one, right as it was."""
        scheme = self._batch.scheme
        given = _cpu_terms.targets_of(answers.r[refused], scheme=scheme)
        terms = answers.terms.take(refused)._replace(targets=given)
        known = self._device.enter_answers(scheme, terms)
        if not known.any():
            return np.zeros(0, np.intp)
        rows = {row.tobytes() for row in terms.targets[known]}
        return np.array(
            [i for i, row in enumerate(answers.terms.targets) if row.tobytes() in rows], np.intp
        )

    # ---- The CPU's own verdicts ----

    def _confirm(self, items: Indices) -> None:
        batch, n = self._batch, len(items)
        if not n:
            return
        columns = [
            each if each is None or place in batch.fixed else take(each, items)
            for place, each in enumerate(batch.columns)
        ]
        codes = np.zeros(n, np.uint8)
        batch.run(n, batch.verify(codes, *columns))
        self._codes[items] = codes
