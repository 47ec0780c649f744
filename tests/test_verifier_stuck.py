"""A verifier's device that does not come back, or that takes its process along."""

import gc
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import faulty_device
from blocking_device import Blocking
from faulty_device import Faulty
from faulty_place import NAME, installed
from forks import needs_fork, succeeds_in_a_child
from verifier_items import in_thread, mismatching, valid
from verifier_on_devices import MISMATCH, OK, VOTE, bulk, on_device, opened, times
from verifier_on_devices import few as few
from verilane import (
    Busy,
    VerifierClosed,
    VerifierForked,
    use,
)
from verilane.verifier import Item, Priority, Verifier

pytestmark = pytest.mark.usefixtures("faulty_kind")

# ---- A device that does not come back ----


@pytest.fixture
def stuck() -> "Iterator[tuple[Verifier, Blocking, Future[Any]]]":
    """A verifier, and 200 items that its device does not give back."""
    device = Blocking()
    installed(device)
    verifier = on_device(max_wait={Priority.BULK: 3600.0}, memory=1 << 20)
    opened(verifier)
    device.stopped.set()
    items = [mismatching(item) for item in times(valid("secp256k1.ecdsa", 50), 200)]
    future = verifier.submit_many(items, priority=Priority.BULK)
    assert device.entered.wait(60)
    yield verifier, device, future
    device.resume()
    verifier.close()


def test_nobody_waits_for_a_launch(stuck: Any) -> None:
    """All other items have their verdicts while the device has none: votes above all."""
    verifier, device, future = stuck
    assert verifier.verify(VOTE, priority=Priority.CONSENSUS) == OK
    votes = [verifier.submit(item, priority=Priority.CONSENSUS) for item in valid("ed25519", 60)]
    assert {vote.result(60) for vote in votes} == {OK}
    blocks = verifier.submit_many(times(valid("secp256k1.ecdsa", 60), 2000))
    pool = verifier.submit_many(valid("p256.ecdsa", 60), priority=Priority.MEMPOOL)
    assert blocks.result(60).all_ok and pool.result(60).all_ok
    assert len(device.launched) == 1
    assert not future.done()
    device.resume()
    assert {*future.result(60)} == {MISMATCH}


def test_votes_are_never_lent() -> None:
    device = Faulty()
    installed(device)
    with on_device(cache=0) as verifier:
        votes = verifier.submit_many(valid("ed25519", 60) * 4, priority=Priority.CONSENSUS)
        assert not votes.done()
        assert bulk(verifier, 200, "ed25519").result(60).all_ok
        assert not votes.done()
        verifier.close()
        assert votes.result(0).all_ok
        assert verifier.stats()["devices"][NAME]["items"] <= 200


def test_what_it_holds_counts(stuck: Any) -> None:
    """Its items are begun: they can't be cancelled, and their bytes are not free."""
    verifier, device, future = stuck
    stats = verifier.stats()
    assert stats["depth"] == [0, 0, 0, 0]
    assert stats["bytes"] > 200 * 100
    assert stats["tickets"] == 1
    size = (1 << 20) - stats["bytes"]  # what is left for a vote
    rules, key, signature, _ = VOTE

    def vote(length: int) -> "Future[Any]":
        item = Item(rules, key, signature, bytes(length))
        return verifier.submit(item, priority=Priority.CONSENSUS)

    with pytest.raises(Busy):
        vote(size)
    device.resume()
    assert {*future.result(60)} == {MISMATCH}
    fits = vote(size)
    verifier.close()
    assert fits.result(0) == MISMATCH


def test_closing_without_it(stuck: Any) -> None:
    """Who does not drain does not wait for a device; what it answers later is nobody's."""
    verifier, device, future = stuck
    verifier.close(drain=False)
    assert isinstance(future.exception(0), VerifierClosed)
    stats = verifier.stats()
    assert stats["bytes"] == stats["tickets"] == 0
    assert stats["errors"][Priority.BULK][9] == 200
    device.resume()
    time.sleep(0.1)
    assert verifier.stats()["verdicts"][Priority.BULK][MISMATCH] == 0


def test_draining_waits_for_it(stuck: Any) -> None:
    verifier, device, future = stuck
    closing = in_thread(verifier.close)
    time.sleep(0.1)
    assert not closing.done() and not future.done()
    device.resume()
    closing.result(60)
    assert {*future.result(0)} == {MISMATCH}


def test_who_drains_may_lose_patience(stuck: Any) -> None:
    verifier, _, future = stuck
    closing = in_thread(verifier.close)
    time.sleep(0.05)
    verifier.close(drain=False)
    closing.result(60)
    assert isinstance(future.exception(0), VerifierClosed)


@needs_fork
def test_fork(stuck: Any) -> None:
    verifier, device, future = stuck

    def child() -> bool:
        assert isinstance(future.exception(0), VerifierForked)
        with pytest.raises(VerifierForked):
            verifier.verify(VOTE)
        verifier.close()
        with Verifier(threads=1) as another:
            return another.submit(VOTE).result(30) == OK

    assert succeeds_in_a_child(child)
    device.resume()
    assert {*future.result(60)} == {MISMATCH}


def test_a_device_that_hangs() -> None:
    """It is given up after its deadline, and the CPU does its items and all others."""
    device = Faulty(fault=faulty_device.hangs, after=1 << 30)
    trusted = installed(device, deadline=0.3)
    with on_device(cache=0) as verifier:
        assert bulk(verifier).result(60).all_ok
        device.after = 0
        assert bulk(verifier).result(60).all_ok
        assert trusted.missing is not None
        counts = verifier.stats()["devices"][NAME]
        assert (counts["launches"], counts["failures"]) == (2, 1)
        assert counts["items"] == counts["redone"] > 0
        more = bulk(verifier, 2000)
        verifier.close()
        assert more.result(0).all_ok
        assert verifier.stats()["devices"][NAME]["launches"] == 2


def test_a_device_that_fails_when_it_is_opened() -> None:
    """No item ever waits for it."""
    installed(Faulty(fault=faulty_device.zeros))
    with Verifier(device=NAME, threads=1) as verifier:
        assert bulk(verifier, 3000).result(60).all_ok
        assert verifier.stats()["devices"] == {}


@pytest.mark.parametrize("which", [1, 3], ids=["crash", "kill"])
def test_a_driver_that_takes_its_process_along(which: int) -> None:
    """It has one of its own, which dies at its second call and whenever it is started again."""
    with use(f"faulty:{which}", isolated=True):
        verifier = on_device(device=None, cache=0, max_wait=0.05)
    with verifier:
        for _ in range(5):
            assert bulk(verifier, 1000).result(60).all_ok


def test_a_verifier_that_is_forgotten() -> None:
    """Its device's thread does not keep it alive, and ends with it."""
    installed(Faulty())
    verifier = on_device()
    (line,) = verifier._lines
    assert line._thread.is_alive()
    known = weakref.ref(verifier)
    del verifier
    gc.collect()
    assert known() is None
    line._thread.join(30)
    assert not line._thread.is_alive()
