"""When a device that was measured is opened, by whom, and what goes before it."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chosen_device import SECP, chooser, learn, open_for
from forks import needs_fork, succeeds_in_a_child
from offload_items import codes
from paced_device import NAME, Paced, patient_rates, rates
from verilane import (
    DeviceUnavailable,
    _background,
    _choice,
    _devices,
    _rates,
    use,
)
from verilane._choice import Chooser
from verilane._rates import Rates
from verilane._trust import Trusted

pytestmark = pytest.mark.usefixtures("paced_kind")

# ---- Opening ----


def test_the_first_batch_does_not_wait(choose: Any) -> None:
    """It is the CPU's, and so are all until the device is open."""
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    choose(device, patient_rates())
    learn(device, partial(codes, SECP, rows))
    device.stalls = [3.0]
    start = time.monotonic()
    assert codes(SECP, rows) == [1] * 600
    assert time.monotonic() - start < 2.5
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


@needs_fork
def test_after_a_fork(choose: Any, cache: Path) -> None:
    """Nothing of the parent's devices is used, and the child's calls find their own way."""
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    learn(device, partial(codes, SECP, rows))
    trusted = choose(device, patient_rates())
    open_for(SECP)
    _rates.store(patient_rates())
    _devices._trusted[NAME, False] = trusted

    def child() -> bool:
        right = codes(SECP, rows) == [1] * 600
        time.sleep(0.2)
        return right and codes(SECP, rows) == [1] * 600 and device.launches == []

    assert succeeds_in_a_child(child)
    assert codes(SECP, rows) == [1] * 600
    assert device.launches == [600]


# ---- Names ----


def test_names_go_first(choose: Any, isa: str) -> None:
    rows = (SECP.honest(100) * 6)[:600]
    device = Paced()
    learn(device, partial(codes, SECP, rows))
    choose(device, patient_rates())
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
