"""Where a batch is verified that names no device, and what was measured for that."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offload_items import WAYS, Way, codes
from paced_device import CPU_EACH, NAME, Paced, rates
from verilane import (
    DeviceUnavailable,
    _background,
    _choice,
    _devices,
    _offload,
    _pool,
    _rates,
    _samples,
    secp256k1,
    use,
)
from verilane._choice import CURVES, LEAST, Chooser
from verilane._rates import Rates
from verilane._trust import Trusted

SECP = WAYS[0]


class Clock:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture(autouse=True)
def _makers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_devices._makers, "paced", "paced_device:Paced")
    monkeypatch.setattr(_devices, "_trusted", {})


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trusted]:
    """Makes a device the one that this process has measured."""

    def install(device: Paced, measured: Rates, clock: Any = time.monotonic) -> Trusted:
        trusted = Trusted(device)
        monkeypatch.setattr(_choice, "_one", Chooser(measured, lambda name: trusted, clock))
        return trusted

    return install


def chooser() -> Chooser:
    assert _choice._one is not None
    return _choice._one


def learn(device: Paced, verify: Callable[..., Any]) -> None:
    """Has the device meet its questions before: then it is as fast as it says. No launch of it is
    counted.
    """
    stalls, device.stalls = device.stalls, []
    start, each, device.start, device.each = device.start, device.each, 0.0, 0.0
    _devices._trusted[NAME, False] = Trusted(device)
    verify(device=NAME)
    device.start, device.each, device.stalls = start, each, stalls
    device.launches.clear()


def open_for(way: Way) -> None:
    """Opens the device as a first batch does, and waits for it."""
    (candidate,) = chooser()._candidates
    chooser()._open(candidate, CURVES[way.scheme])
    assert candidate.trusted is not None and not candidate.refused
    paced = candidate.trusted.points
    assert isinstance(paced, Paced)
    paced.launches.clear()


def many(n: int) -> tuple[list[Any], list[int]]:
    """Columns of n items, one in a hundred of which is not valid, and their verdicts."""
    keys, signatures, digests = _samples.samples("secp256k1.ecdsa").repeated(n)
    digests = digests.copy()
    digests[::100, 5] ^= 1
    verdicts = np.ones(n, int)
    verdicts[::100] = 5
    return [keys, signatures, digests], verdicts.tolist()


# ---- Where ----


@pytest.mark.parametrize("way", [WAYS[i] for i in (0, 1, 5, 8)], ids=lambda way: way.name)
def test_a_fast_device_gets_the_work(way: Way, choose: Any) -> None:
    device = Paced()
    trusted = choose(device, rates())
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


# ---- Opening ----


def test_the_first_batch_does_not_wait(choose: Any) -> None:
    """It is the CPU's, and so are all until the device is open."""
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    choose(device, rates())
    learn(device, partial(codes, SECP, rows))
    device.stalls = [1.0]
    start = time.monotonic()
    assert codes(SECP, rows) == [1] * 600
    assert time.monotonic() - start < 0.9
    deadline = time.monotonic() + 60
    while not chooser()._candidates[0].is_ready("secp256k1", 600):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    device.launches.clear()
    assert codes(SECP, rows) == [1] * 600
    assert device.launches == [600]


def test_a_device_that_can_not_be_opened(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def missing(name: str) -> Trusted:
        calls.append(name)
        raise DeviceUnavailable(f"{name} is missing here: it was sold")

    monkeypatch.setattr(_choice, "_one", Chooser(rates(), missing))
    rows = (SECP.honest(100) * 6)[:600]
    with caplog.at_level(logging.WARNING, "verilane"):
        for _ in range(3):
            assert codes(SECP, rows) == [1] * 600
            time.sleep(0.05)
    assert calls == [NAME]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f"{NAME} is missing here: it was sold: the CPU goes on alone"]


def test_another_device_than_was_measured(choose: Any, caplog: pytest.LogCaptureFixture) -> None:
    device = Paced()
    device.identity = "another driver"
    choose(device, rates())
    chooser()._open(chooser()._candidates[0], "secp256k1")
    assert "is not what it was when it was measured" in caplog.text
    assert codes(SECP, (SECP.honest(100) * 6)[:600]) == [1] * 600
    assert device.launches == []


# ---- First use ----


def test_much_work_has_devices_measured_once(choose: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the first call, and no call waits: the CPU goes on until it is told."""
    asked: list[Callable[[Rates], None]] = []
    monkeypatch.setattr(_background, "WORTH_MEASURING", 2000)
    monkeypatch.setattr(_background, "measure", asked.append)
    monkeypatch.setattr(_choice, "_one", Chooser(None))
    rows = (SECP.honest(100) * 6)[:600]
    for calls in range(1, 12):
        assert codes(SECP, rows) == [1] * 600
        assert codes(SECP, rows[:100]) == [1] * 100, "small ones do not count"
        assert len(asked) == (calls >= 4)
    asked[0](rates())
    (candidate,) = chooser()._candidates
    assert candidate.name == NAME


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork(choose: Any, cache: Path) -> None:
    """Nothing of the parent's devices is used, and the child's calls find their own way."""
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    learn(device, partial(codes, SECP, rows))
    trusted = choose(device, rates())
    open_for(SECP)
    _rates.store(rates())
    _devices._trusted[NAME, False] = trusted
    child = os.fork()
    if child == 0:
        right = codes(SECP, rows) == [1] * 600
        time.sleep(0.2)
        right = right and codes(SECP, rows) == [1] * 600 and device.launches == []
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert codes(SECP, rows) == [1] * 600
    assert device.launches == [600]


# ---- Names ----


def test_names_go_first(choose: Any, isa: str) -> None:
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    learn(device, partial(codes, SECP, rows))
    choose(device, rates())
    open_for(SECP)
    for name in ("cpu", isa):
        assert codes(SECP, rows, device=name) == [1] * 600
        with use(name):
            assert codes(SECP, rows) == [1] * 600
    assert device.launches == []
    assert codes(SECP, rows) == [1] * 600
    assert device.launches == [600]


SCRIPT = """
import subprocess, sys
def refuse(*_, **__):
    raise AssertionError("a process was started")
subprocess.Popen = refuse
from verilane import secp256k1, _choice, _samples
for n in (10, 5000):
    assert secp256k1.ecdsa.verify_many(*_samples.samples("secp256k1.ecdsa").repeated(n)).all_ok
assert not {"pyopencl", "numba", "verilane._calibration"} & set(sys.modules), "drivers were loaded"
print(len((_choice._one and _choice._one._candidates) or ()))
"""


@pytest.mark.parametrize("name", ["cpu", ""])
def test_nothing_is_loaded_without_need(name: str, cache: Path) -> None:
    """Whether a device was measured that gains nothing, or none was."""
    for measured in (None, rates(each=1.0)):
        if measured is not None:
            _rates.store(measured)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "VERILANE_DEVICE": name, "VERILANE_CACHE": str(cache)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{int(measured is not None and not name)}\n"
