"""Which device a batch runs on when nobody named one: what is expected to be done first.

Expected from what was measured on this machine (_rates.py), corrected by what is seen since, and
from what is already queued. Devices are opened in the background: until one is ready, and wherever
one disappoints, the CPU does the work. Without measurements it does all of it; they are made once,
in the background too, when much has been verified and a driver's Python package is installed.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from . import _background, _offload, _pool, _rates
from ._cpu_terms import CURVES
from ._device_worker import Worker
from ._devices import is_automatic, is_strict, trusted_of
from ._offload import BLOCK, Batch, Codes, Sharing
from ._points import identity_of
from ._rates import ONE_BY_ONE, DeviceTimes, Rates
from ._trust import Trusted
from .errors import DeviceUnavailable

__all__ = ["LEAST", "Asked", "Chooser", "chooser", "verify"]

LEAST = 512
"""Batches of fewer items are the CPU's: not even a file is looked at."""

# From here on a batch may be shared out.
_SHARED_LEAST = 1 << 14
_SHARES = 16
# So many times fewer of a small batch's items may come to the device: the rest has faults.
_FAULTY = 16
# What is expected to be gained must be more than what expectations are wrong by.
_MARGIN = 0.9
# A device that took more than twice what was expected of it is left alone, longer each time.
_LATE, _SLACK = 2, 0.01
_REST, _MOST_REST = 60.0, 3600.0
# How far what was measured is corrected, and how fast.
_CORRECTION, _WEIGHT = 8.0, 0.2

_log = logging.getLogger("verilane")


def verify(batch: Batch, device: str | None, trusted: Trusted | None) -> Codes:
    """Returns the verdicts, as numbers. device, trusted: what the call named, and what that is."""
    if not is_automatic(device):
        return _offload.verify(batch, trusted, strict=is_strict())
    if batch.n < LEAST:
        return _offload.verify(batch, None)
    return chooser().verify(batch)


class _Queue:
    """When what was begun somewhere will be done, as far as anyone knows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._free_at, self._under_way = 0.0, 0

    def wait(self) -> float:
        """Returns the seconds until it is free."""
        return max(0.0, self._free_at - self._clock()) if self._under_way else 0.0

    @contextmanager
    def busy(self, seconds: float) -> Iterator[None]:
        """Adds work that is expected to take so long, until it is done."""
        with self._lock:
            self._free_at = self._clock() + self.wait() + seconds
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


class _Candidate:
    """A device that was measured."""

    def __init__(self, name: str, times: DeviceTimes, clock: Callable[[], float]) -> None:
        self.name, self.times, self._clock = name, times, clock
        self.queue = _Queue(clock)
        self.trusted: Trusted | None = None
        self.refused = False
        self.opening: set[str] = set()
        self._factor, self._rests, self._rests_until = 1.0, 0, 0.0

    def launch(self, curve: str, n: int) -> float:
        """Returns the seconds that n items are expected to take, in launches of what fits."""
        size = min(n, self.times.rooms.get(curve, BLOCK), BLOCK)
        whole, rest = divmod(n, max(size, 1))
        times = self.times.launch[curve]
        return self._factor * (whole * times.of(size) + (times.of(rest) if rest else 0.0))

    def measured(self, curve: str, workload: str) -> bool:
        """Whether it may be asked at all."""
        at_rest = self._clock() < self._rests_until
        known = curve in self.times.launch and workload in self.times.host
        return known and not self.refused and not at_rest

    def is_ready(self, curve: str, n: int) -> bool:
        """Whether a launch of n items, or of what fits, would start at once."""
        trusted = self.trusted
        if trusted is None or trusted.hangs():
            return False
        return trusted.is_tried(curve, min(n, BLOCK, trusted.room(curve)))

    def took(self, curve: str, n: int, seconds: float | None) -> None:
        """Learns from a launch."""
        expected = self.launch(curve, n)
        if seconds is None or seconds > _LATE * expected + _SLACK:
            self._rests_until = self._clock() + min(_REST * 2**self._rests, _MOST_REST)
            self._rests += 1
            return
        self._rests = 0
        wanted = self._factor * (1 - _WEIGHT + _WEIGHT * seconds / expected)
        self._factor = min(max(wanted, 1 / _CORRECTION), _CORRECTION)


class Asked(NamedTuple):
    """As much of a batch as is looked at to choose; members are those of Batch."""

    scheme: str
    n: int
    threads: int | None
    summable: bool


class _Plan(NamedTuple):
    finish: float
    items: int  # the device's
    candidate: _Candidate | None


class Chooser:
    """All that one process knows of its devices. opened(name): makes a device's points."""

    def __init__(
        self,
        rates: Rates | None,
        opened: Callable[[str], Trusted | None] = trusted_of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opened, self._clock = opened, clock
        self._cpu = _Queue(clock)
        self._worker: Worker | None = None
        self._verified = 0
        self._take(rates)

    def _take(self, rates: Rates | None) -> None:
        devices = {} if rates is None else rates.devices
        self._candidates = [_Candidate(name, each, self._clock) for name, each in devices.items()]
        self._least = {} if rates is None else _least(rates)
        self._rates = rates

    def verify(self, batch: Batch) -> Codes:
        """Returns the verdicts of a batch, as numbers."""
        rates = self._rates
        if rates is None:
            self._count(batch.n)
            return _offload.verify(batch, None)
        work = _Work(batch, rates)
        if work.n < self._least.get(work.workload, math.inf):
            return _offload.verify(batch, None)
        plan = self._plan(work)
        if plan.candidate is None or not self._is_ready(plan.candidate, work, plan.items):
            return self._on_cpu(batch, work)
        return self._shared(batch, work, plan.candidate, plan.items)

    # ---- For those who have a queue of their own ----

    @property
    def devices(self) -> int:
        """How many devices were measured; 0 where no batch gains by any of them."""
        return len(self._candidates) if any(map(math.isfinite, self._least.values())) else 0

    def least(self, asked: Asked) -> int:
        """Returns from how many items like these on it is worth asking for a part; 0: never."""
        least = math.inf if self._rates is None else self._least.get(_workload(asked), math.inf)
        return 0 if math.isinf(least) else max(LEAST, math.ceil(least))

    def part(self, asked: Asked) -> int:
        """Returns how many of so many items a device should do now, while cores do the others. It
        is ready then; where it is not, it is made ready in the background, and this is 0.
        """
        if self._rates is None:
            return 0
        work = _Work(asked, self._rates)
        plan = self._plan(work)
        if plan.candidate is None or not self._is_ready(plan.candidate, work, plan.items):
            return 0
        return plan.items

    def _count(self, n: int) -> None:
        """Has rates measured in the background, once and if that could be of use."""
        self._verified += n
        if self._verified >= _background.WORTH_MEASURING:
            self._verified = -(1 << 62)
            _background.measure(self._take)

    # ---- Where ----

    def _plan(self, work: "_Work") -> _Plan:
        """Returns what is expected to be done first."""
        waits = self._cpu.wait()
        alone = _Plan(waits + work.cpu(work.n), 0, None)
        best = alone._replace(finish=_MARGIN * alone.finish)
        for each in self._candidates:
            if each.measured(work.curve, work.workload):
                best = min(best, *self._ways(each, work, waits), key=lambda plan: plan.finish)
        return best

    def _ways(self, candidate: _Candidate, work: "_Work", waits: float) -> Iterator[_Plan]:
        """Yields what a device could do of a batch, and when all of it would be done."""
        times, n = candidate.times, work.n
        if times.shares_cores:
            finish = waits + work.host(times, n) + candidate.launch(work.curve, n)
            yield _Plan(finish, n, candidate)
            return
        shares = range(1, _SHARES) if n >= _SHARED_LEAST else ()
        for share in (*shares, _SHARES):
            items = -(-n * share // _SHARES)
            first = work.host(times, min(items, BLOCK))
            there = candidate.queue.wait() + first + candidate.launch(work.curve, items)
            here = waits + work.host(times, items) + (work.cpu(n - items) if items < n else 0.0)
            yield _Plan(max(there, here), items, candidate)

    def _is_ready(self, candidate: _Candidate, work: "_Work", items: int) -> bool:
        """Whether a device can start at once; else it is made ready, while the CPU goes on."""
        curve, trusted = work.curve, candidate.trusted
        if candidate.is_ready(curve, items):
            return True
        if trusted is not None and not trusted.usable:
            candidate.refused = True
        elif curve not in candidate.opening and not (trusted is not None and trusted.hangs()):
            candidate.opening.add(curve)
            if self._worker is None:
                self._worker = Worker("verilane opens devices")
            self._worker.ask(partial(self._open, candidate, curve))
        return False

    def _open(self, candidate: _Candidate, curve: str) -> None:
        try:
            trusted = candidate.trusted or self._opened(candidate.name)
            if trusted is None:
                raise DeviceUnavailable(f"{candidate.name} is the CPU")
            if identity_of(trusted.points) != candidate.times.identity:
                raise DeviceUnavailable(
                    f"{candidate.name} is not what it was when it was measured: run "
                    "`verilane devices --calibrate`"
                )
            if not trusted.open(curve):
                raise DeviceUnavailable(f"{candidate.name} {trusted.missing or 'is being opened'}")
            trusted.try_up_to(curve, LEAST // _FAULTY)
            candidate.trusted = trusted
        except Exception as error:  # whatever a driver raises, the CPU goes on
            candidate.refused = True
            _log.warning("%s: the CPU goes on alone", error)
        finally:
            candidate.opening.discard(curve)

    # ---- Doing it ----

    def _on_cpu(self, batch: Batch, work: "_Work") -> Codes:
        with self._cpu.busy(work.cpu(work.n)):
            return _offload.verify(batch, None)

    def _shared(self, batch: Batch, work: "_Work", candidate: _Candidate, items: int) -> Codes:
        curve, times = work.curve, candidate.times
        launch = partial(candidate.launch, curve)
        # Half of what a launch costs may be its start, or what it was planned to be.
        least = max(LEAST, int(times.launch[curve].start * times.launch[curve].rate))
        least = min(least, items)
        sharing = Sharing(
            items / work.n,
            BLOCK,
            least,
            launch,
            work.cpu,
            partial(candidate.took, curve),
        )
        here = work.host(times, items) + (work.cpu(work.n - items) if items < work.n else 0.0)
        with self._cpu.busy(here), candidate.queue.busy(launch(items)):
            return _offload.verify(batch, candidate.trusted, sharing=sharing)


def _least(rates: Rates) -> dict[str, float]:
    """Returns for each workload from how many items on it is worth looking at devices."""
    least: dict[str, float] = {}
    for name, times in rates.devices.items():
        for workload in times.host.keys() & rates.cpu.keys():
            curve = "ed25519" if workload == ONE_BY_ONE else CURVES.get(workload, "")
            alone = rates.break_even(name, workload, curve) or math.inf
            # Half of it, as the CPU may be busy; with a GPU that is slower a batch may be shared.
            here = alone / 2 if times.shares_cores else min(alone / 2, _SHARED_LEAST)
            least[workload] = min(least.get(workload, math.inf), here)
    return least


def _workload(batch: Batch | Asked) -> str:
    one_by_one = batch.scheme == "ed25519" and not batch.summable
    return ONE_BY_ONE if one_by_one else batch.scheme


class _Work:
    """One batch, and what it costs the CPU."""

    def __init__(self, batch: Batch | Asked, rates: Rates) -> None:
        self.n, self.curve, self.workload = batch.n, CURVES[batch.scheme], _workload(batch)
        self._scale = rates.cores / min(_pool.cores(), batch.threads or _pool.cores())
        self._rates = rates

    def cpu(self, n: int) -> float:
        """Returns the seconds for verifying n items."""
        return self._scale * self._rates.cpu[self.workload].of(n)

    def host(self, times: DeviceTimes, n: int) -> float:
        """Returns the seconds for what comes before and after a device."""
        return self._scale * times.host[self.workload].of(n)


# ---- This process ----


_one: Chooser | None = None
_lock = threading.Lock()


def chooser() -> Chooser:
    """Returns the one of this process."""
    global _one
    if _one is None:
        with _lock:
            _one = _one or Chooser(_rates.load())
    return _one


def _after_fork() -> None:
    """Drivers do not survive a fork, nor do threads."""
    global _one, _lock
    _one, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
