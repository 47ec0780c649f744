"""Large batches on a device: a thread beside the workers takes them out of the same queue.

Why a thread that takes, and not calls that go elsewhere: what is queued is one queue, with one set
of bounds, deadlines, tickets and counters, and one cache. Many small calls make a large batch as
well as one large call does; workers and device share what waits as fast as each of them is; and
where a device fails there is nothing to be handed back, since workers never stopped.
"""

import contextvars
import logging
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._cpu_loans import LANES, MEMORY, TIMEOUT, UNDECIDED, Lender, Loan, Offer
from .._cpu_verifier import Engine
from .._offload import Done, metered
from .places import Place
from .schemes import lanes, verify_loan

__all__ = ["Line", "stats_of"]

_log = logging.getLogger("verilane")

# A device that is not ready, or does not gain now, is asked again after so long.
_PAUSE_US = 50_000
_NOTHING = np.zeros(LANES, np.uint64)
_MOMENT = 0.2
# Buckets of launches by time, as the waits of csrc/verilane_verifier.h.
_BUCKETS = 26
# What comes before and after a device takes a twentieth of what verifying takes.
_WORKERS_PER_THREAD = 4


class Line:
    """One device's thread. It knows the engine, not the Verifier, which may be forgotten."""

    def __init__(self, engine: Engine, place: Place, workers: int) -> None:
        self._lender, self._place = Lender(engine), place
        self._threads = max(1, workers // _WORKERS_PER_THREAD)
        self._least = np.zeros(LANES, np.uint64)
        self._counts: dict[str, _Counts] = {}
        # use() holds for whoever made the verifier.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(
            target=run, args=(self._run,), name="verilane-verifier-device", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Waits for its end, the engine being closed: a moment, since opening a device takes longer
        and holds no items.
        """
        if self._thread is not threading.current_thread():
            self._thread.join(_MOMENT)

    # ---- In the thread ----

    def _run(self) -> None:
        result = 0
        while result in (0, TIMEOUT) and not self._place.is_gone():
            for lane, (rules, _) in lanes().items():
                self._least[lane] = self._place.least(rules)
            result, offer = self._lender.wait(self._least, -1)
            if result == 0 and not self._serve(offer):
                result, _ = self._lender.wait(_NOTHING, _PAUSE_US)

    def _serve(self, offer: Offer) -> bool:
        """Takes a batch and verifies it. Returns whether the device was ready."""
        rules, _ = lanes()[offer.lane]
        part = self._place.part(rules, offer.items)
        if not part:
            return False
        least = min(part, int(self._least[offer.lane]))
        loan = self._lender.lend(offer, least=least, most=part)
        if loan is not None:
            self._verify(loan, offer.lane)
        return True

    def _verify(self, loan: Loan, lane: int) -> None:
        """Whatever happens, the items get back what they were lent for."""
        codes, error = None, UNDECIDED
        try:
            codes = self._codes(loan, lane)
        except MemoryError:
            error = MEMORY
        finally:
            loan.give_back(codes, error)

    def _codes(self, loan: Loan, lane: int) -> NDArray[np.uint8]:
        try:
            with metered(self._count):
                return verify_loan(loan, lane, device=self._place.name, threads=self._threads)
        except Exception as error:  # whatever a driver raises, the CPU goes on
            _log.warning("%s: the CPU does the batch", error)
            return verify_loan(loan, lane, device="cpu", threads=self._threads)

    # ---- Counters ----

    def _count(self, done: Done) -> None:
        counts = self._counts.get(done.device)
        if counts is None:
            counts = _Counts()
            self._counts = {**self._counts, done.device: counts}
        counts.add(done)

    def add_to(self, stats: dict[str, dict[str, Any]]) -> None:
        """Adds what its devices did, by their names."""
        for name, counts in self._counts.items():
            counts.add_to(stats.setdefault(name, _Counts().as_dict()))


class _Counts:
    """What one device did for one line."""

    def __init__(self) -> None:
        self._numbers = {"launches": 0, "failures": 0, "items": 0, "redone": 0, "busy_us": 0}
        self._times = [0] * _BUCKETS

    def add(self, done: Done) -> None:
        us = round(done.seconds * 1e6)
        for key, more in (
            ("failures", int(done.failed)),
            ("items", done.decided),
            ("redone", done.items - done.decided),
            ("busy_us", us),
            ("launches", 1),
        ):
            self._numbers[key] += more
        self._times[min(us.bit_length(), _BUCKETS - 1)] += 1

    def as_dict(self) -> dict[str, Any]:
        return {**self._numbers, "times": list(self._times)}

    def add_to(self, stats: dict[str, Any]) -> None:
        for key, number in self._numbers.items():
            stats[key] += number
        stats["times"] = [a + b for a, b in zip(stats["times"], self._times, strict=True)]


def stats_of(lines: "list[Line]") -> dict[str, dict[str, Any]]:
    """Returns what all devices did, by their names."""
    stats: dict[str, dict[str, Any]] = {}
    for line in lines:
        line.add_to(stats)
    return stats
