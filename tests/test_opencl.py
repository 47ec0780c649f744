"""The OpenCL runtime: devices and why one is missing, kept programs, failures, memory, threads."""

import builtins
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference.merkle import rfc6962_root
from verilane import (
    DeviceUnavailable,
    _device_hashes,
    _kernel_cache,
    _kernel_text,
    _opencl,
    devices,
    hashes,
    merkle,
    use,
)
from verilane.errors import DeviceFailure


@pytest.fixture(params=[place.name for place in _opencl.found()])
def machine(request: pytest.FixtureRequest) -> _opencl.Machine:
    """Every OpenCL device, newly opened: what a test does to it stays with the test."""
    place, device = next(each for each in _opencl._look() if each[0].name == request.param)
    if place.missing is not None:
        pytest.skip(f"{place.name}: {place.missing}")
    return _opencl.Machine(place.name, device)


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if no device had been looked for."""
    monkeypatch.setattr(_opencl, "_places", None)
    monkeypatch.setattr(_opencl, "_machines", {})
    return


# ---- Programs ----


def gathers(machine: _opencl.Machine) -> bool:
    """Whether a kernel does what it should."""
    rows = np.arange(320, dtype=np.uint8).reshape(10, 32)
    order = np.array([3, 9, 0, 3], np.uint32)
    out, result = machine.buffer(4 * 32), np.empty((4, 32), np.uint8)
    given = machine.upload(rows), np.uint64(0), machine.upload(order)
    machine.launch(machine.program("nodes.cl"), "nodes_gather", 4, out, *given, 8)
    machine.read(result, out)
    return bool((result == rows[order]).all())


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


# ---- What is missing ----


def test_without_pyopencl(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    (place,) = _opencl.found()
    assert place.name == "opencl:0"
    assert place.missing == "pyopencl is not installed: pip install 'verilane[opencl]'"
    for name in ("opencl", "opencl:0"):
        with pytest.raises(DeviceUnavailable, match=r"opencl:0 is missing here: pyopencl is not"):
            merkle.root([b"leaf"], device=name)
    assert devices()[-1].missing == place.missing
    assert hashes.digest_many([b""]).shape == (1, 32)


def test_without_a_loader(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def failing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyopencl":
            raise ImportError("libOpenCL.so.1: cannot open shared object file")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", failing)
    (place,) = _opencl.found()
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
    (place,) = _opencl.found()
    assert place.missing is not None
    assert place.missing.startswith("no OpenCL driver is installed: ")
    monkeypatch.setattr(cl, "get_platforms", list)
    monkeypatch.setattr(_opencl, "_places", None)
    assert _opencl.found() == [place]


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
    real = cl.get_platforms()
    broken = Broken(cl.RuntimeError("clGetDeviceIDs failed: OUT_OF_HOST_MEMORY"))
    monkeypatch.setattr(cl, "get_platforms", lambda: [broken, *real])
    first, *rest = _opencl.found()
    assert first.missing == "a driver is broken: clGetDeviceIDs failed: OUT_OF_HOST_MEMORY"
    assert [place.name for place in rest] == [f"opencl:{i}" for i in range(1, 1 + len(rest))]
    with pytest.raises(DeviceUnavailable, match="a driver is broken"):
        _opencl.machine("opencl:0")
    usable = [place.name for place in rest if place.missing is None]
    if usable:
        assert _opencl.machine("opencl").name == usable[0]


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


# ---- Names ----


def test_names(machine: _opencl.Machine) -> None:
    leaf = [b"leaf"]
    root = merkle.root(leaf)
    assert merkle.root(leaf, device=machine.name) == root
    with use(machine.name):
        assert merkle.root(leaf) == root
    with pytest.raises(DeviceUnavailable, match=r"opencl:99 is missing here: drivers list opencl"):
        merkle.root(leaf, device="opencl:99")
    with pytest.raises(DeviceUnavailable), use("opencl:99"):
        pass
    for name in ("opencl:", "opencl:x", "opencl:-1", "OpenCL:0"):
        with pytest.raises(ValueError, match="no device is named"):
            merkle.root(leaf, device=name)
    with pytest.raises(TypeError):
        merkle.root(leaf, device=0)  # type: ignore[arg-type]


def test_proofs_stay_on_the_cpu(machine: _opencl.Machine) -> None:
    with pytest.raises(DeviceUnavailable, match="name a device of the CPU for this call"):
        merkle.verify_proofs(bytes(32), [], [], [], [], device=machine.name)
    with use(machine.name), pytest.raises(DeviceUnavailable, match="name a device of the CPU"):
        merkle.verify_proofs(bytes(32), [], [], [], [])


# ---- Failures ----


def test_a_text_that_can_not_be_built(
    machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = _kernel_text.Text("bad.cl", "__kernel void f(__global int *a) { a[0] = nope; }", "00")
    monkeypatch.setattr(_kernel_text, "flatten", lambda entry: bad)
    with pytest.raises(DeviceFailure, match=r"(?s)could not build bad\.cl: .*nope"):
        machine.program("bad.cl")


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


def test_memory_that_is_not_there(machine: _opencl.Machine) -> None:
    with pytest.raises(DeviceFailure, match=rf"{machine.name} could not lend \d+ bytes of memory"):
        machine.buffer(1 << 60)
    assert gathers(machine)


def test_kernels_and_arguments_that_are_not_there(machine: _opencl.Machine) -> None:
    program = machine.program("nodes.cl")
    with pytest.raises(DeviceFailure, match="could not run nodes_nothing"):
        machine.launch(program, "nodes_nothing", 1)
    with pytest.raises(TypeError):
        machine.launch(program, "nodes_gather", 1, machine.buffer(32))
    assert gathers(machine)


def test_wrong_answers_are_found(machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is not used for a hash whose kernels give other digests than the CPU."""
    monkeypatch.setattr(_device_hashes, "_hashers", {})
    monkeypatch.setattr(_opencl, "_machines", {machine.name: machine})
    read = machine.read

    def lying(array: Any, *rest: Any) -> None:
        read(array, *rest)
        array.reshape(-1)[-1] ^= 1

    with monkeypatch.context() as patch:
        patch.setattr(machine, "read", lying)
        with pytest.raises(DeviceUnavailable, match="its sm3 digests came out wrong"):
            hashes.digest_many([b"abc"], "sm3", device=machine.name)
    assert hashes.digest_many([b"abc"], "sm3", device=machine.name).shape == (1, 32)


def test_a_device_that_failed_is_tested_again(
    machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_device_hashes, "_hashers", {})
    tests: list[str] = []
    real = _device_hashes._answers_are_right

    def counted(made: _device_hashes.Hasher) -> bool:
        tests.append(made.hash.name)
        return real(made)

    monkeypatch.setattr(_device_hashes, "_answers_are_right", counted)
    kind = hashes._cpu.HASHES["sm3"]
    assert _device_hashes.hasher(machine, kind) is _device_hashes.hasher(machine, kind)
    assert tests == ["sm3"]
    with pytest.raises(DeviceFailure):
        machine.buffer(1 << 60)
    _device_hashes.hasher(machine, kind)
    assert tests == ["sm3", "sm3"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork(machine: _opencl.Machine) -> None:
    program = f"""
import os, sys
from verilane import DeviceUnavailable, devices, hashes
hashes.digest_many([b"abc"], device={machine.name!r})
child = os.fork()
if child == 0:
    try:
        hashes.digest_many([b"abc"], device={machine.name!r})
    except DeviceUnavailable as error:
        there = [each.missing for each in devices() if each.name == {machine.name!r}]
        os._exit(0 if "fork" in str(error) and "fork" in there[0] else 1)
    os._exit(2)
_, status = os.waitpid(child, 0)
hashes.digest_many([b"abc"], device={machine.name!r})
sys.exit(os.waitstatus_to_exitcode(status))
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0


# ---- Little memory, many threads ----


MESSAGES = [bytes([i % 251]) * (i * 37 % 300) for i in range(3000)]


@pytest.mark.parametrize("memory", [4096, 10_000, 100_000])
def test_batches_are_cut_to_the_memory(machine: _opencl.Machine, memory: int) -> None:
    machine.memory, machine.largest_buffer = memory, memory // 2
    kind = hashes._cpu.HASHES["sha512"]
    on = _device_hashes.Hasher(machine, kind)
    for data in (MESSAGES, np.frombuffer(b"".join(MESSAGES), np.uint8)[:99_000].reshape(-1, 99)):
        messages = _device_hashes.Column(*hashes.column("data", data, widths=None))
        assert len([*_device_hashes.parts(machine, messages, 64)]) > 1
        digests = np.zeros((messages.n, 64), np.uint8)
        on.digest(digests, messages)
        assert (digests == hashes.digest_many(data, "sha512")).all()


def test_a_message_that_does_not_fit(machine: _opencl.Machine) -> None:
    machine.memory, machine.largest_buffer = 4096, 2048
    on = _device_hashes.Hasher(machine, hashes._cpu.HASHES["sha256"])
    messages = hashes.column("data", [b"a", bytes(2041), b"b"], widths=None)
    with pytest.raises(DeviceFailure, match="a message of 2041 bytes does not fit its memory"):
        on.digest(np.zeros((3, 32), np.uint8), messages)
    fits = hashes.column("data", [b"a", bytes(2040), b"b"], widths=None)
    digests = np.zeros((3, 32), np.uint8)
    on.digest(digests, fits)
    assert digests[1].tobytes() == hashlib.sha256(bytes(2040)).digest()


def test_room(machine: _opencl.Machine) -> None:
    machine.memory, machine.largest_buffer = 1000, 400
    assert machine.room(1) == 400
    assert machine.room(100, 1) == 4
    assert machine.room(20, 20, 20) == 16
    assert machine.room(5000) == 1
    machine.memory = machine.largest_buffer = 1 << 50
    assert machine.room(1) + machine.local_size <= 1 << 31


def test_many_threads(machine: _opencl.Machine) -> None:
    """Threads share a device, its kernels and their first build."""
    names = list(hashes._cpu.HASHES)
    expected = {name: hashes.digest_many(MESSAGES, name) for name in names}
    leaves = MESSAGES[:999]
    root = rfc6962_root(leaves)

    def work(i: int) -> bool:
        name = names[i % len(names)]
        digests = hashes.digest_many(MESSAGES, name, device=machine.name)
        same = bool((digests == expected[name]).all())
        return same and merkle.root(leaves, device=machine.name) == root

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(56)))
