"""Whatever a device does, and whenever: the rules of test_verifier_stateful.py beside one that is
right, wrong, slow, silent or lost from any moment on.
"""

import contextlib
import random
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

import faulty_device
from faulty_device import FAILURES, WRONG, Faulty
from faulty_place import NAME, installed
from forks import needs_fork
from test_verifier_stateful import KNOWN, NAMED, Front, timeouts
from verifier_items import LANES, batch_of, valid
from verilane import Busy, Verdict, VerifierClosed, _devices, use
from verilane.verifier import Item, Priority, Verifier, places

VOTE = valid("ed25519", 1)[0]
PER_LANE = len(KNOWN) // len(LANES)


lanes = st.integers(0, len(LANES) - 1)
counts = st.integers(1, 150)
classes = st.sampled_from([Priority.BULK, Priority.BLOCK, Priority.MEMPOOL, Priority.CONSENSUS])
few_sources = st.sampled_from([0, 0, 0, 1])


def _some(lane: int, count: int) -> tuple[list[Item], list[Verdict]]:
    """Items of one lane, each of them as often as it takes."""
    pairs = KNOWN[lane * PER_LANE : (lane + 1) * PER_LANE]
    chosen: list[tuple[Item, Verdict]] = (pairs * count)[:count]
    return [item for item, _ in chosen], [verdict for _, verdict in chosen]


def slow(device: Faulty, curve: str, r: Any, flags: Any, rng: random.Random) -> None:
    """Right, but late."""
    device.released.wait(0.02)


def breaks(device: Faulty, curve: str, r: Any, flags: Any, rng: random.Random) -> None:
    """What no driver should raise."""
    raise KeyboardInterrupt


class Beside(Front):
    """A verifier with a device, which goes wrong at some time."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.device = Faulty(most=150)
        self.drained = True

    @initialize(
        least=st.sampled_from([4, 1, 30]),
        threads=st.integers(1, 3),
        queue=st.sampled_from([65536, 200]),
        memory=st.sampled_from([1 << 28, 1 << 28, 20_000]),
        cache=st.sampled_from([0, 200]),
        max_wait=st.sampled_from([0.1, 0.02, 0.0]),
        strict=st.booleans(),
    )
    def make(self, *, least: int, strict: bool, **options: Any) -> None:
        """Workers that wait for company leave some of it to the device."""
        self.patch.setitem(_devices._makers, "faulty", "faulty_device:open_device")
        self.patch.setattr(_devices, "_trusted", {})
        self.patch.setattr(places, "LEAST", least)
        self.trusted = installed(self.device, deadline=0.2)
        for curve in faulty_device.SCHEME_OF:  # it goes wrong later than that
            assert self.trusted.open(curve)
            self.trusted.try_up_to(curve, 1)
        with use(NAME, strict=strict):
            self.verifier = Verifier(**options)

    @rule(lane=lanes, count=counts, priority=classes, source=few_sources, timeout=timeouts)
    def one_lane(self, lane: int, count: int, **options: Any) -> None:
        """What makes a batch for a device."""
        items, verdicts = _some(lane, count)
        self._ask(lambda: self._open.submit_many(items, **options), verdicts)

    @rule(lane=lanes, count=counts, priority=classes)
    def one_lane_and_wait(self, lane: int, count: int, **options: Any) -> None:
        items, verdicts = _some(lane, count)
        future: Future[Any] = Future()
        batch = batch_of(items)
        if items[0].key is None:
            batch = batch._replace(keys=None)
        try:
            future.set_result(self._open.verify_many(batch, **options))
        except (*NAMED, ValueError) as error:
            future.set_exception(error)
        self.asked.append((future, verdicts))

    @rule(
        fault=st.one_of(
            st.sampled_from([slow, breaks, *FAILURES]),
            st.sampled_from(WRONG),
            st.just(faulty_device.hangs),
        )
    )
    def goes_wrong(self, fault: Any) -> None:
        """From now on."""
        self.device.after, self.device.fault = self.device.calls, fault

    @rule()
    def is_well_again(self) -> None:
        self.device.fault = None

    @rule()
    def vote(self) -> None:
        """Has its verdict whatever the device does."""
        with contextlib.suppress(Busy, VerifierClosed):
            assert self._open.verify(VOTE, priority=Priority.CONSENSUS) == Verdict.OK

    @rule(drain=st.booleans(), really=st.integers(0, 3))
    def close(self, drain: bool, really: int) -> None:  # type: ignore[override]
        """Not as often as all else, since little happens after it."""
        if not really:
            self.drained = self.drained and drain
            super().close(drain)

    @invariant()
    def nobody_asks_a_device_in_quarantine(self) -> None:
        """Its thread ends, with nothing in its hands."""
        if self.verifier is not None and not self.trusted.usable:
            (line,) = self.verifier._lines
            line._thread.join(30)
            assert not line._thread.is_alive()

    def teardown(self) -> None:
        try:
            super().teardown()
            if self.verifier is not None and self.drained:
                stats = self.verifier.stats()
                decided = sum(each["items"] for each in stats["devices"].values())
                assert decided <= sum(map(sum, stats["verdicts"]))
        finally:
            self.device.released.set()
            self.patch.undo()


@needs_fork
class TestBeside(Beside.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(max_examples=60, stateful_step_count=25)
