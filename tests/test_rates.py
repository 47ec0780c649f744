"""What was measured: how it is read, kept, and made."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from paced_device import NAME, rates
from verilane import _background, _calibration, _rates, _samples, devices
from verilane._rates import Rates, Times

# ---- Reading ----


def test_times() -> None:
    times = Times((10, 100, 1000), (1.0, 2.0, 20.0))
    assert times.of(1) == times.of(10) == 1.0
    assert times.of(55) == pytest.approx(1.5)
    assert times.of(100) == pytest.approx(2.0)
    assert times.of(550) == pytest.approx(11.0)
    assert times.of(2000) == pytest.approx(40.0)
    assert times.rate == pytest.approx(50)
    assert times.start == pytest.approx(1 - 10 * 19 / 990)
    one = Times((100,), (2.0,))
    assert (one.of(1), one.of(100), one.of(300), one.start) == (2.0, 2.0, 6.0, 0.0)
    falling = Times((10, 20), (2.0, 1.0))
    assert falling.of(100) == 2.0, "noise does not make time run backwards"


@pytest.mark.parametrize(
    ("start", "each", "expected"),
    [(0.0, 1e-6, 1), (0.01, 1e-6, 1177), (1.0, 1e-6, 117_648), (0.0, 1e-5, None), (30, 9e-6, None)],
)
def test_break_even(start: float, each: float, expected: int | None) -> None:
    """start + (each + host) n < cpu n, to 2 %."""
    found = rates(start=start, each=each).break_even(NAME, "sm2", "sm2")
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected <= found <= expected * 1.02 + 1
    assert rates().break_even(NAME, "sm2", "nothing") is None


# ---- Keeping ----


def test_kept(cache: Path) -> None:
    assert _rates.load() is None
    measured = rates()
    _rates.store(measured)
    assert _rates.load() == measured
    (file,) = cache.iterdir()
    for content in (b"", b"x", file.read_bytes()[:-1], file.read_bytes() + b" "):
        file.write_bytes(content)
        assert _rates.load() is None
    _rates.store(measured)
    assert _rates.load() == measured


def test_nowhere_to_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (tmp_path / "file" / "cache", Path("/proc/nothing"), Path("/dev/null")):
        (tmp_path / "file").write_bytes(b"")
        monkeypatch.setenv("VERILANE_CACHE", str(place))
        _rates.store(rates())
        assert _rates.load() is None


def changed(path: tuple[Any, ...], value: Any) -> bytes:
    made = json.loads(_rates.as_json(rates()))
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        changed(("cores",), 0),
        changed(("cores",), "many"),
        changed(("cpu", "sm2"), []),
        changed(("cpu", "sm2"), [[1, 1e-6], [1, 2e-6]]),
        changed(("cpu", "sm2"), [[0, 1e-6]]),
        changed(("cpu", "sm2"), [[1, 0]]),
        changed(("cpu", "sm2"), [[1, -1.0]]),
        changed(("cpu", "sm2"), [[1, float("nan")]]),
        changed(("cpu", "sm2"), [[1, float("inf")]]),
        changed(("cpu", "sm2"), [[1, 2, 3]]),
        changed(("cpu",), None),
        changed(("devices",), []),
        changed(("devices", NAME), None),
        changed(("devices", NAME), {}),
        changed(("devices", NAME, "rooms"), {"sm2": None}),
        changed(("devices", NAME, "launch"), {"sm2": [["a", 1]]}),
    ],
)
def test_what_is_not_rates(content: bytes) -> None:
    """A file of somebody else's, or of another version, is none at all."""
    assert _rates.from_json(content) is None


def test_another_machine_s_are_not_found(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _rates.store(rates())
    monkeypatch.setattr(_rates, "_cpu_model", lambda: "another CPU")
    assert _rates.load() is None


# ---- Measuring ----


def test_measuring(cache: Path) -> None:
    """Every device that is here, and what it is compared with; one that computes on the CPU gains
    nothing, and the CPU's own lanes are chosen.
    """
    measured, reasons = _calibration.measure(all_devices=True)
    assert _rates.load() == measured
    names = {each.name for each in _calibration.WORKLOADS}
    trees = {each.name for each in _calibration.TREES}
    assert set(measured.cpu) == names | trees
    others = [device for device in devices() if device.kind != "cpu"]
    assert {*measured.devices, *reasons} == {device.name for device in others}
    for device in others:
        if device.missing is not None:
            assert reasons[device.name] == device.missing
            continue
        times = measured.devices[device.name]
        assert times.identity != device.name
        assert set(times.host) == names
        assert set(times.rooms) == {each.curve for each in _calibration.WORKLOADS}
        assert set(times.launch) == set(times.rooms) | trees
        if times.shares_cores:
            for each in _calibration.WORKLOADS:
                assert measured.break_even(device.name, each.name, each.curve) is None
            for tree in trees:
                assert measured.break_even_of_roots(device.name, tree) is None
    assert all(each.sizes[0] == (64 if name in trees else 1) for name, each in measured.cpu.items())


def test_measuring_in_the_background(cache: Path) -> None:
    """In another process. What the CPU computes with is not worth a try there."""
    pytest.importorskip("pyopencl")
    found: list[Rates] = []
    thread = _background.measure(found.append)
    assert thread is not None
    thread.join(300)
    (measured,) = found
    assert _rates.load() == measured
    for times in measured.devices.values():
        assert bool(times.launch) != times.shares_cores


def test_measuring_fails_quietly(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyopencl")
    found: list[Rates] = []
    for start in ("raise SystemExit(3)", "print('nothing')", "import os; os.kill(os.getpid(), 11)"):
        monkeypatch.setattr(_background, "_START", start)
        thread = _background.measure(found.append)
        assert thread is not None
        thread.join(60)
    monkeypatch.setattr("sys.executable", str(cache / "nothing"))
    thread = _background.measure(found.append)
    assert thread is not None
    thread.join(60)
    monkeypatch.setattr("sys.executable", None)
    assert _background.measure(found.append) is None
    monkeypatch.setattr(_background, "_PACKAGES", ("verilane_nothing", "verilane_nothing.at.all"))
    monkeypatch.setattr("sys.executable", os.devnull)
    assert _background.measure(found.append) is None
    assert found == []


def test_samples_are_valid(isa: str) -> None:
    """And none is another one's twin."""
    for each in _calibration.WORKLOADS:
        columns = _samples.samples(each.scheme)
        assert each.verify(*columns, device=isa).all_ok
        assert len({row.tobytes() for row in columns.signatures}) == _samples.SIZE
        more = columns.repeated(_samples.SIZE + 3)
        assert (more.keys[-3:] == columns.keys[:3]).all()


def test_what_the_command_shows(cache: Path) -> None:
    """A table for each device, one line a scheme; what is measured is kept."""
    pytest.importorskip("rich")
    from cli_files import run

    result = run("devices", "--calibrate")
    assert result.returncode == 0, result
    assert "break-even" in result.stdout
    measured = _rates.load()
    assert measured is not None
    for each in (*_calibration.WORKLOADS, *_calibration.TREES):
        lines = [
            line for line in result.stdout.splitlines() if line.split("  ")[0].strip() == each.name
        ]
        assert len(lines) == max(1, len(measured.devices)), (each.name, result.stdout)
        for times, line in zip(measured.devices.values(), lines, strict=False):
            if times.shares_cores:
                assert line.split()[-1] == "never"
    for device in devices():
        if device.kind != "cpu":
            assert device.name in result.stdout
