"""The verifier's large batches on devices beside the CPU."""

import time
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

import faulty_device
from blocking_device import Blocking
from faulty_device import FAILURES, WRONG, Faulty
from faulty_place import NAME, installed
from paced_device import Paced, rates
from verifier_items import LANES, batch_of, in_thread, lane_items, mismatching, valid
from verifier_on_devices import FEW, MISMATCH, OK, bulk, on_device, opened, times
from verifier_on_devices import few as few
from verilane import (
    DeviceUnavailable,
    Verdict,
    _choice,
    _devices,
    use,
)
from verilane._choice import Chooser
from verilane._trust import Trusted
from verilane.verifier import Batch, Priority, Rules, Verifier

pytestmark = pytest.mark.usefixtures("faulty_kind")

# ---- Verdicts ----


@pytest.mark.parametrize("lane", range(len(LANES)))
def test_every_lane(lane: int) -> None:
    """The verdicts are those of the scheme's own verify_many, and the device was asked."""
    installed(Faulty())
    items, verdicts = lane_items(lane)
    items, verdicts = times(items, 400), times(verdicts, 400)
    with on_device(cache=0) as verifier:
        assert list(verifier.verify_many(items)) == verdicts
        stats = verifier.stats()
        assert stats["devices"][NAME]["items"] > 0
        assert stats["batches"] == 1
        assert stats["verdicts"][Priority.BLOCK] == [verdicts.count(each) for each in Verdict]


@pytest.mark.parametrize("fault", [*WRONG, *FAILURES], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("scheme", ["secp256k1.ecdsa", "ed25519"])
def test_faults_change_no_verdict(fault: Any, scheme: str) -> None:
    """Nor is anything lost: what a device in quarantine does not do the workers do."""
    items, verdicts = lane_items(LANES.index((Rules(scheme), False)))
    device = Faulty(fault=fault, after=1 << 30)
    trusted = installed(device)
    with on_device(cache=0) as verifier:
        opened(verifier, scheme)
        device.after = 0
        parts = [slice(start, start + 70) for start in range(0, len(items) - 70, 70)]
        futures = [verifier.submit_many(items[part]) for part in parts]
        while trusted.usable and not all(future.done() for future in futures):
            time.sleep(0.001)
        verifier.close()
        for future, part in zip(futures, parts, strict=True):
            assert list(future.result(0)) == verdicts[part]
    assert device.injected or fault is faulty_device.not_reduced  # x + p seldom fits


def test_small_calls_make_a_large_batch() -> None:
    items, verdicts = lane_items(LANES.index((Rules("ed25519"), False)))
    device = Blocking()
    installed(device)
    with on_device(cache=0) as verifier:
        futures = [verifier.submit(item) for item in times(items, FEW - 1)]
        assert not any(future.done() for future in futures)
        futures.append(verifier.submit(items[0]))
        wanted = [*times(verdicts, FEW - 1), verdicts[0]]
        assert [future.result(60) for future in futures] == wanted
        assert verifier.stats()["devices"][NAME]["launches"] == 1


def test_users_of_sm2() -> None:
    """Items of different user IDs are one batch."""
    installed(Faulty())
    made = list(zip(*lane_items(LANES.index((Rules("sm2"), False))), strict=True))
    other = Rules("sm2", user_id=b"somebody else")
    some, rest = made[:100], made[100:200]
    with on_device(cache=0) as verifier:
        future = verifier.submit_many([item for item, _ in some[: FEW // 2]])
        strangers = [item._replace(rules=other) for item, _ in rest]
        results = verifier.submit_many(strangers).result(60)
        assert list(future.result(60)) == [verdict for _, verdict in some[: FEW // 2]]
        for verdict, (_, before) in zip(results, rest, strict=True):
            assert verdict == (MISMATCH if before == OK else before)
        assert verifier.stats()["batches"] == 1


# ---- The cache ----


def test_what_a_device_found_valid_is_known() -> None:
    device = Faulty()
    installed(device)
    items = valid("secp256k1.ecdsa", 100)
    bad = [mismatching(item) for item in items]
    with on_device() as verifier:
        for _ in range(2):
            assert list(verifier.verify_many([*items, *bad])) == [OK] * 100 + [MISMATCH] * 100
        stats = verifier.stats()
        assert (stats["cache_hits"], stats["cache_misses"]) == (100, 300)
        assert stats["cache_items"] == 100
        asked = device.asked
        assert verifier.verify_many(items).all_ok
        assert device.asked == asked
        assert verifier.verify(items[0]) == OK
        assert verifier.stats()["cache_hits"] == 201


def test_memory_that_changes() -> None:
    """What is judged and remembered is the copy: not what a caller writes there meanwhile."""
    device = Blocking()
    installed(device)
    items = [item for item in valid("secp256k1.ecdsa", 50) if len(item.key or b"") == 33]
    columns = [
        np.tile(np.frombuffer(b"".join(column), np.uint8).reshape(len(items), -1), (5, 1))
        for column in zip(*(item[1:] for item in items), strict=True)
    ]
    with on_device() as verifier:
        opened(verifier)
        known = verifier.stats()["cache_items"]
        device.stopped.set()
        changed = Batch("secp256k1.ecdsa", *columns)
        digests = columns[2]
        digests ^= 1
        fresh: Future[Any] = in_thread(lambda: verifier.verify_many(changed))
        assert device.entered.wait(60)
        digests ^= 1
        device.resume()
        assert {*fresh.result(60)} == {MISMATCH}
        assert verifier.stats()["cache_items"] == known


# ---- Classes, sources ----


def test_the_most_urgent_class_comes_first() -> None:
    device = Blocking()
    installed(device)
    with on_device(cache=0) as verifier:
        opened(verifier)
        device.stopped.set()
        first = bulk(verifier, 100)
        assert device.entered.wait(60)
        batch = batch_of(valid("secp256k1.ecdsa", 60), 2)
        futures = [verifier.submit_many(batch, priority=p) for p in reversed(list(Priority)[1:])]
        order: list[int] = []
        for number, future in enumerate(futures):
            future.add_done_callback(lambda _, number=number: order.append(number))
        device.resume()
        assert all(future.result(60).all_ok for future in [*futures, first])
        assert order == [2, 1, 0]


@pytest.mark.parametrize("scheme", ["secp256k1.ecdsa", "ed25519"])
def test_bad_sources_are_the_workers(scheme: str) -> None:
    """Who sent a bad signature can't fill a device's batches with them."""
    installed(Faulty())
    items = valid(scheme, 60) * 2
    with on_device(cache=0, suspect_time=60.0) as verifier:

        def ask(source: int) -> Any:
            return verifier.submit_many([*items, mismatching(items[0])], source=source)

        assert ask(7).result(60).count(OK) == 120
        assert verifier.stats()["suspects"] == 1
        asked = verifier.stats()["devices"][NAME]["items"]
        apart = ask(7)
        assert ask(8).result(60).count(OK) == 120
        assert verifier.stats()["devices"][NAME]["items"] == 2 * asked
        assert not apart.done()


# ---- Which device ----


def test_names() -> None:
    with pytest.raises(ValueError, match="no device is named"):
        Verifier(device="abacus")
    with pytest.raises(DeviceUnavailable):
        Verifier(device="opencl:77")
    installed(Faulty())
    with use("cpu"), Verifier() as verifier:
        assert verifier._lines == []


def test_the_callers_use_holds() -> None:
    """The device of a `with use` block, and how far it is trusted: P-256 is not summable."""
    device = Faulty()
    installed(device)
    with use(NAME, strict=True):
        verifier = on_device(device=None, cache=0)
    with verifier:
        first = bulk(verifier, 200, "p256.ecdsa")
        assert bulk(verifier, 200).result(60).all_ok
        assert verifier.stats()["devices"][NAME]["items"] > 100
        assert not first.done()


def test_a_place(place: str) -> None:
    """The devices that are here."""
    items, verdicts = lane_items(LANES.index((Rules("secp256k1.ecdsa"), False)))
    with on_device(device=place, cache=0) as verifier:
        assert list(verifier.verify_many(times(items, 300))) == times(verdicts, 300)
        (counts,) = verifier.stats()["devices"].values()
        assert counts["items"] > 100
        assert counts["busy_us"] > 0


def test_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody names a device: one that was measured gets what gains by it, when it is open."""
    monkeypatch.setitem(_devices._makers, "paced", "paced_device:Paced")
    device = Paced()
    trusted = Trusted(device)
    patient = rates(start=5.0, cpu=0.1)  # other processes run here too
    monkeypatch.setattr(_choice, "_one", Chooser(patient, lambda name: trusted))
    with on_device(device=None, cache=0) as verifier:
        waiting = bulk(verifier, 1000)
        assert waiting.result(60).all_ok  # it waits for the device, as the workers do for company
        stats = verifier.stats()["devices"]
        assert stats[device.name]["launches"] == 1
        few = bulk(verifier, 500)
        assert bulk(verifier, 1000, "p256.ecdsa").result(60).all_ok
        assert not few.done()


def test_nothing_was_measured() -> None:
    with Verifier(threads=1) as verifier:
        assert verifier._lines == []
        assert verifier.stats()["devices"] == {}


# ---- Counters ----


def test_prometheus() -> None:
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    installed(Faulty())
    items, verdicts = lane_items(LANES.index((Rules("secp256k1.ecdsa"), False)))
    with on_device(cache=0) as verifier:
        verifier.register(registry, name="node")
        sample = registry.get_sample_value
        device = {"device": NAME}
        assert sample("node_device_items_total", device) is None
        assert list(verifier.verify_many(times(items, 300))) == times(verdicts, 300)
        counts = verifier.stats()["devices"][NAME]
        assert sample("node_device_items_total", device) == counts["items"] > 0
        assert sample("node_device_redone_total", device) == counts["redone"]
        assert sample("node_device_failures_total", device) == 0
        assert sample("node_device_seconds_count", device) == counts["launches"] == 1
        assert sample("node_device_seconds_sum", device) == counts["busy_us"] / 1e6 > 0
        assert sample("node_device_seconds_bucket", {**device, "le": "+Inf"}) == 1
        assert sample("node_batch_size_sum") == 300
        assert sample("node_wait_seconds_count", {"class": "block"}) == 300
