"""OpenCL devices: kept programs, and why one is missing. What they do: test_machines.py."""

import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from test_machines import gathers
from verilane import (
    DeviceUnavailable,
    _kernel_cache,
    _kernel_text,
    _opencl,
    devices,
    hashes,
    merkle,
)


@pytest.fixture(params=[place.name for place in _opencl.places.found()])
def machine(request: pytest.FixtureRequest) -> _opencl.Machine:
    """Every OpenCL device, newly opened: what a test does to it stays with the test."""
    place, device = next(each for each in _opencl.places.all() if each[0].name == request.param)
    if place.missing is not None:
        pytest.skip(f"{place.name}: {place.missing}")
    return _opencl.Machine(place.name, device)


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if no device had been looked for."""
    monkeypatch.setattr(_opencl.places, "listed", None)
    monkeypatch.setattr(_opencl.places, "opened", {})
    return


# ---- Programs ----


@pytest.mark.parametrize("damage", [None, "flip", "empty", "not a program"])
def test_built_programs_are_kept(
    machine: _opencl.Machine, cache: Path, damage: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyopencl as cl

    machine._keeps_builds = False
    assert gathers(machine)
    (kept,) = cache.iterdir()
    if damage == "flip":
        content = bytearray(kept.read_bytes())
        content[-1] ^= 1
        kept.write_bytes(content)
    elif damage == "empty":
        kept.write_bytes(b"")
    elif damage == "not a program":
        _kernel_cache.store(kept.name, b"not a program")
    sources: list[Any] = []
    real = cl.Program

    def counting(context: Any, source: Any, *rest: Any) -> Any:
        if not rest:
            sources.append(source)
        return real(context, source, *rest)

    monkeypatch.setattr(cl, "Program", counting)
    machine._programs.clear()
    assert gathers(machine)
    assert len(sources) == (0 if damage is None else 1)
    machine._programs.clear()
    assert gathers(machine)  # what was damaged has been mended
    assert len(sources) == (0 if damage is None else 1)


def test_pyopencl_keeps_no_programs(
    machine: _opencl.Machine, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own cache unpickles what it finds, waits a minute for the lock of a process that was
    killed, and raises KeyError where it can't write.
    """
    from pyopencl import characterize

    monkeypatch.setattr(characterize, "has_src_build_cache", lambda _: False)
    monkeypatch.delenv("PYOPENCL_CACHE_FAILURE_FATAL", raising=False)
    for number, keeps_builds in enumerate((False, True)):
        theirs = tmp_path / str(number)
        monkeypatch.setenv("XDG_CACHE_HOME", str(theirs))
        machine._keeps_builds = keeps_builds
        machine._programs.clear()
        assert gathers(machine)
        assert not (theirs / "pyopencl").exists()


def test_a_compiler_s_remarks_are_not_shown(
    machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    text = "#warning a remark\n__kernel void f(__global uint *a, uint n) { a[0] = n; }"
    remarked = _kernel_text.Text("remarked.cl", text, "00")
    monkeypatch.setattr(_kernel_text, "flatten", lambda entry: remarked)
    out, result = machine.buffer(4), np.zeros(1, np.uint32)
    machine.launch(machine.program("remarked.cl"), "f", 1, out)
    machine.read(result, out)
    assert result[0] == 1
    assert not recwarn.list


# ---- What is missing ----


def test_without_pyopencl(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    (place,) = _opencl.places.found()
    assert place.name == "opencl:0"
    assert place.missing == "pyopencl is not installed: pip install 'verilane[opencl]'"
    for name in ("opencl", "opencl:0"):
        with pytest.raises(DeviceUnavailable, match=r"opencl:0 is missing here: pyopencl is not"):
            merkle.root([b"leaf"], device=name)
    assert [each.missing for each in devices() if each.kind == "opencl"] == [place.missing]
    assert hashes.digest_many([b""]).shape == (1, 32)


def test_without_a_loader(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def failing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyopencl":
            raise ImportError("libOpenCL.so.1: cannot open shared object file")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", failing)
    (place,) = _opencl.places.found()
    assert place.missing is not None
    assert re.search(r"can't be loaded: libOpenCL\.so\.1", place.missing)


class Broken:
    """A platform whose driver fails, or an error that a driver gives."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_devices(self) -> list[Any]:
        raise self.error


def test_without_a_driver(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cl = pytest.importorskip("pyopencl")

    def none() -> list[Any]:
        raise no_platform()

    monkeypatch.setattr(cl, "get_platforms", none)
    (place,) = _opencl.places.found()
    assert place.missing is not None
    assert place.missing.startswith("no OpenCL driver is installed: ")
    monkeypatch.setattr(cl, "get_platforms", list)
    monkeypatch.setattr(_opencl.places, "listed", None)
    assert _opencl.places.found() == [place]


def no_platform() -> Exception:
    """The error that a loader gives where there is no driver."""
    import pyopencl as cl

    class Nothing(cl.LogicError):
        code = cl.status_code.PLATFORM_NOT_FOUND_KHR

    return Nothing("clGetPlatformIDs failed: PLATFORM_NOT_FOUND_KHR")


def test_a_broken_driver_costs_only_its_own_place(
    unopened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cl = pytest.importorskip("pyopencl")
    try:
        real = cl.get_platforms()
    except cl.LogicError as error:
        if error.code != cl.status_code.PLATFORM_NOT_FOUND_KHR:
            raise
        real = []
    broken = Broken(cl.RuntimeError("clGetDeviceIDs failed: OUT_OF_HOST_MEMORY"))
    monkeypatch.setattr(cl, "get_platforms", lambda: [broken, *real])
    first, *rest = _opencl.places.found()
    assert first.missing == "a driver is broken: clGetDeviceIDs failed: OUT_OF_HOST_MEMORY"
    assert len(rest) == sum(len(platform.get_devices()) for platform in real)
    assert [place.name for place in rest] == [f"opencl:{i}" for i in range(1, 1 + len(rest))]
    with pytest.raises(DeviceUnavailable, match="a driver is broken"):
        _opencl.places.machine("opencl:0")
    usable = [place.name for place in rest if place.missing is None]
    if usable:
        assert _opencl.places.machine("opencl").name == usable[0]


class Thing:
    """Stands for a device in _unfit."""

    available = compiler_available = endian_little = True
    profile, opencl_c_version = "FULL_PROFILE", "OpenCL C 1.2 of nobody"

    def __init__(self, **differs: Any) -> None:
        self.__dict__.update(differs)


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({}, None),
        ({"opencl_c_version": "OpenCL C 3.0 "}, None),
        ({"opencl_c_version": "OpenCL C 1.1 old"}, "it has OpenCL C 1.1, and 1.2 is needed"),
        ({"available": False}, "its driver says that it is not available"),
        ({"compiler_available": False}, "its driver has no compiler"),
        ({"endian_little": False}, "it is big-endian"),
        ({"profile": "EMBEDDED_PROFILE"}, "it has OpenCL's embedded profile only"),
    ],
)
def test_devices_that_will_not_do(differs: dict[str, Any], reason: str | None) -> None:
    assert _opencl._unfit(Thing(**differs)) == reason
