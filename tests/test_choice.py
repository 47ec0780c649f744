"""Where a batch is verified that names no device, and what was measured for that."""

import threading
import time
from functools import partial
from typing import Any

import numpy as np
import pytest

from builds import by_its_speed
from chosen_device import SECP, Clock, chooser, learn, many, open_for
from offload_items import WAYS, Way, codes
from paced_device import CPU_EACH, NAME, Paced, patient_rates, rates
from verilane import (
    _choice,
    _offload,
    _pool,
    secp256k1,
)
from verilane._choice import LEAST, Chooser

pytestmark = pytest.mark.usefixtures("paced_kind")

# ---- Where ----


@by_its_speed
@pytest.mark.parametrize("way", [WAYS[i] for i in (0, 1, 5, 8)], ids=lambda way: way.name)
def test_a_fast_device_gets_the_work(way: Way, choose: Any) -> None:
    device = Paced()
    trusted = choose(device, patient_rates())
    rows = [*way.honest(100) * 6, *way.rows[:150]]
    learn(device, partial(codes, way, rows))
    open_for(way)
    assert codes(way, rows) == [row.verdict for row in rows]
    assert sum(device.launches) > len(rows) / 2
    assert trusted.missing is None
    assert codes(way, rows[: LEAST - 1]) == [row.verdict for row in rows[: LEAST - 1]]
    assert len(device.launches) == 1, "a small batch is the CPU's"


def test_a_slow_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not even opened."""
    names: list[str] = []
    slow = rates(each=2 * CPU_EACH, shares_cores=True)
    monkeypatch.setattr(_choice, "_one", Chooser(slow, names.append))
    columns, verdicts = many(1 << 15)
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert names == []


@pytest.mark.parametrize(
    ("n", "expected"), [(511, 0), (600, 0), (2000, 2000), (1 << 13, 1 << 13), (1 << 20, 0.9)]
)
def test_what_is_planned(n: int, expected: float) -> None:
    """The start of a launch makes it too much for a small batch; a large one is shared out as both
    are fast: of 11 items the device does 10.
    """
    plan = planned(Chooser(rates(start=0.006, each=1e-6)), n)
    if n >= 1 << 20:
        assert expected <= plan.items / n < 1
    else:
        assert plan.items == expected


def planned(chooser: Chooser, n: int, threads: int | None = None) -> Any:
    work = _choice._Work(_batch(n, threads), chooser._rates)  # type: ignore[arg-type]
    return chooser._plan(work)


def _batch(n: int, threads: int | None = None) -> _offload.Batch:
    def nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is to be verified")

    return _offload.Batch("secp256k1.ecdsa", n, (), nothing, nothing, threads)


def test_what_is_queued_counts() -> None:
    chooser = Chooser(rates(each=5e-6))
    (device,) = chooser._candidates
    assert planned(chooser, 5000).items == 5000
    with device.queue.busy(0.03):
        assert planned(chooser, 5000).items == 0
        with chooser._cpu.busy(0.03):
            assert planned(chooser, 5000).items == 5000
    assert planned(chooser, 5000).items == 5000
    chooser = Chooser(rates(each=1.5 * CPU_EACH))
    assert planned(chooser, 5000).items == 0
    with chooser._cpu.busy(0.1):
        assert planned(chooser, 5000).items == 5000, "of the CPU it needs little"
    clock = Clock()
    chooser = Chooser(rates(each=5e-6), clock=clock)
    with chooser._candidates[0].queue.busy(10):
        clock.ahead = 11
        assert planned(chooser, 5000).items == 5000, "it is late, and may be done any moment"


def test_the_cpu_s_cores_count() -> None:
    """Rates are those of all cores."""
    cores = _pool.cores()
    chooser = Chooser(rates(each=1.5 * CPU_EACH * cores, cores=cores))
    assert planned(chooser, 5000).items == 0
    chooser = Chooser(rates(each=0.5 * CPU_EACH, cores=16 * cores))
    assert planned(chooser, 5000).items == 5000


def test_a_device_on_the_cpu_is_not_shared_with() -> None:
    """What it does the CPU would have to wait for."""
    for each in (CPU_EACH / 2, CPU_EACH * 2):
        chooser = Chooser(rates(each=each, shares_cores=True))
        assert planned(chooser, 1 << 18).items in (0, 1 << 18)


def test_unknown_workloads_are_the_cpu_s(choose: Any) -> None:
    device = Paced()
    measured = rates()
    measured.cpu.pop("p256.ecdsa")
    measured.cpu["of another version"] = measured.cpu["sm2"]
    measured.devices[NAME].host["of another version"] = measured.cpu["sm2"]
    measured.devices[NAME].host.pop("sm2")
    choose(device, measured)
    for way in (WAYS[1], WAYS[3]):
        rows = (way.honest(100) * 6)[:600]
        assert codes(way, rows) == [row.verdict for row in rows]
    assert device.launches == []


# ---- Sharing ----


def test_a_large_batch_is_shared_out(choose: Any) -> None:
    columns, verdicts = many(1 << 16)
    device = Paced(start=0.0, each=8e-6)
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    trusted = choose(device, rates(start=0.0005, each=8e-6, cpu=8e-6))
    open_for(SECP)
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert len(device.launches) > 1
    assert 0.05 < sum(device.launches) / len(verdicts) < 0.9, device.launches
    assert trusted.missing is None


def test_a_device_that_becomes_slow_loses_the_work(choose: Any) -> None:
    columns, verdicts = many(1 << 15)
    device = Paced(each=1e-6)
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    clock = Clock()
    trusted = choose(device, rates(each=4e-6, room=1 << 13), clock)
    open_for(SECP)
    device.stalls = [0.0, 20.0]
    start = time.monotonic()
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert time.monotonic() - start < 15, "nobody waited for it"
    assert 1 <= len(device.launches) <= 2
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert len(device.launches) <= 2, "it is left alone"
    device.killed.set()  # the launch ends
    while trusted.hangs():
        time.sleep(0.01)
    device.killed.clear()
    device.launches.clear()
    for ahead, asked in ((50.0, False), (4000.0, True)):
        clock.ahead = ahead
        codes(SECP, (SECP.honest(100) * 6)[:600])
        assert (chooser()._candidates[0].measured("secp256k1", SECP.scheme)) == asked
    open_for(SECP)
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert sum(device.launches) > 1 << 13, "it gets another chance"
    assert trusted.missing is None


def test_a_device_that_hangs_is_put_away(choose: Any, caplog: pytest.LogCaptureFixture) -> None:
    columns, verdicts = many(1 << 14)
    device = Paced()
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    clock = Clock()
    trusted = choose(device, rates(room=1 << 13), clock)
    trusted.deadline = 0.5
    open_for(SECP)
    device.stalls = [600.0]
    for wait in (0.0, 0.6, 0.0):
        assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
        time.sleep(wait)
        clock.ahead += 61
    assert trusted.missing == "did not answer within 0.5 s"
    assert device.killed.is_set()
    assert chooser()._candidates[0].refused


def test_a_device_that_fails_loses_the_work(choose: Any) -> None:
    columns, verdicts = many(1 << 14)
    device = Paced()
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    clock = Clock()
    trusted = choose(device, rates(room=1 << 13), clock)
    open_for(SECP)
    device.error = RuntimeError("it fell off the bus")
    for _ in range(8):
        assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
        clock.ahead += 4000
        time.sleep(0.05)  # it is opened anew meanwhile, and fails again
    assert chooser()._candidates[0].refused or "failed 3 times" in str(trusted.missing)


def test_wrong_answers_of_a_shared_batch(choose: Any) -> None:
    columns, verdicts = many(1 << 15)

    class Wrong(Paced):
        wrong = -1

        def double_mul(self, curve: str, r: Any, *rest: Any) -> None:
            super().double_mul(curve, r, *rest)
            if len(self.launches) == self.wrong:
                r[::7, 3] ^= np.uint64(8)

    device = Wrong()
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    trusted = choose(device, rates(each=4e-6, room=1 << 13))
    open_for(SECP)
    device.wrong = 2
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert trusted.missing == "gave a wrong answer"
    assert len(device.launches) <= 3
    assert secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts
    assert len(device.launches) <= 3


def test_many_threads(choose: Any) -> None:
    columns, verdicts = many(6000)
    device = Paced()
    learn(device, partial(secp256k1.ecdsa.verify_many, *columns))
    choose(device, rates(each=2e-6))
    open_for(SECP)
    found: list[bool] = []

    def verify() -> None:
        for _ in range(3):
            found.append(secp256k1.ecdsa.verify_many(*columns).numpy().tolist() == verdicts)

    threads = [threading.Thread(target=verify) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 18
    assert device.launches
