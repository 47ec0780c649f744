"""Whatever a device does, and whenever: the rules of test_verifier_stateful.py beside one that may be
right, wrong, slow, silent or lost from any moment on.
"""

import contextlib
import os
import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

import faulty_device
from faulty_device import FAILURES, WRONG, Faulty
from faulty_place import NAME, installed
from test_verifier_stateful import KNOWN, Front, priorities, sources, timeouts
from verifier_items import LANES, valid
from verilane import Busy, Verdict, VerifierClosed, _devices, use
from verilane.verifier import Item, Priority, Verifier, places

VOTE = valid("ed25519", 1)[0]
PER_LANE = len(KNOWN) // len(LANES)


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
        self.device = Faulty()
        self.drained = True

    @initialize(
        least=st.sampled_from([1, 4, 30]),
        threads=st.integers(1, 3),
        queue=st.sampled_from([20, 65536]),
        tickets=st.sampled_from([4, 65536]),
        memory=st.sampled_from([20_000, 1 << 28]),
        cache=st.sampled_from([0, 200]),
        max_wait=st.sampled_from([0.0, 0.005, 0.05]),
        strict=st.booleans(),
    )
    def make(self, *, least: int, strict: bool, **options: Any) -> None:
        """Workers that wait for company leave some of it to the device."""
        self.patch.setitem(_devices._makers, "faulty", "faulty_device:open_device")
        self.patch.setattr(_devices, "_trusted", {})
        self.patch.setattr(places, "LEAST", least)
        self.trusted = installed(self.device, deadline=0.2)
        with use(NAME, strict=strict):
            self.verifier = Verifier(**options)

    @rule(
        lane=st.integers(0, len(LANES) - 1),
        count=st.integers(1, 150),
        priority=priorities,
        source=sources,
        timeout=timeouts,
    )
    def one_lane(self, lane: int, count: int, **options: Any) -> None:
        """What makes a batch for a device."""
        pairs = KNOWN[lane * PER_LANE : (lane + 1) * PER_LANE]
        chosen: list[tuple[Item, Verdict]] = (pairs * count)[:count]
        items, verdicts = [item for item, _ in chosen], [verdict for _, verdict in chosen]
        self._ask(lambda: self._open.submit_many(items, **options), verdicts)

    @rule(fault=st.sampled_from([*WRONG, *FAILURES, faulty_device.hangs, slow, breaks]))
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

    @rule(drain=st.booleans())
    def close(self, drain: bool) -> None:
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
class TestBeside(Beside.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(max_examples=40, stateful_step_count=25)
