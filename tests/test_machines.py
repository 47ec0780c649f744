"""Devices beside the CPU, whichever driver shows them: programs, failures, memory, threads."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from forks import needs_fork
from reference.merkle import rfc6962_root
from verilane import (
    DeviceUnavailable,
    _device_hashes,
    _kernel_text,
    _machines,
    hashes,
    merkle,
    use,
)
from verilane.errors import DeviceFailure


def places(name: str) -> Any:
    """Those of its kind."""
    return _machines._BACKENDS[name.partition(":")[0]]


@pytest.fixture
def machine(place: str) -> Any:
    """Every device, newly opened: what a test does to it stays with the test."""
    device = next(device for found, device in places(place).all() if found.name == place)
    return places(place)._open(place, device)


def gathers(machine: Any) -> bool:
    """Whether a kernel does what it should."""
    rows = np.arange(320, dtype=np.uint8).reshape(10, 32)
    order = np.array([3, 9, 0, 3], np.uint32)
    out, result = machine.buffer(4 * 32), np.empty((4, 32), np.uint8)
    given = machine.upload(rows), np.uint64(0), machine.upload(order)
    machine.launch(machine.program("nodes.cl"), "nodes_gather", 4, out, *given, 8)
    machine.read(result, out)
    return bool((result == rows[order]).all())


# ---- Names ----


def test_names(machine: Any) -> None:
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


def test_proofs_stay_on_the_cpu(machine: Any) -> None:
    with pytest.raises(DeviceUnavailable, match="name a device of the CPU for this call"):
        merkle.verify_proofs(bytes(32), [], [], [], [], device=machine.name)
    with use(machine.name), pytest.raises(DeviceUnavailable, match="name a device of the CPU"):
        merkle.verify_proofs(bytes(32), [], [], [], [])


# ---- Failures ----


def test_a_text_that_can_not_be_built(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = _kernel_text.Text("bad.cl", "__kernel void f(__global int *a) { a[0] = nope; }", "00")
    monkeypatch.setattr(_kernel_text, "flatten", lambda entry: bad)
    with pytest.raises(DeviceFailure, match=r"(?s)could not build bad\.cl: .*nope"):
        machine.program("bad.cl")


def test_memory_that_is_not_there(machine: Any) -> None:
    with pytest.raises(DeviceFailure, match=rf"{machine.name} could not lend \d+ bytes of memory"):
        machine.buffer(1 << 60)
    assert gathers(machine)


def test_kernels_and_arguments_that_are_not_there(machine: Any) -> None:
    program = machine.program("nodes.cl")
    with pytest.raises(DeviceFailure, match="could not run nodes_nothing"):
        machine.launch(program, "nodes_nothing", 1)
    with pytest.raises(TypeError):
        machine.launch(program, "nodes_gather", 1, machine.buffer(32))
    assert gathers(machine)


def test_wrong_answers_are_found(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is not used for a hash whose kernels give other digests than the CPU."""
    monkeypatch.setattr(_device_hashes, "_hashers", {})
    monkeypatch.setattr(places(machine.name), "opened", {machine.name: machine})
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
    machine: Any, monkeypatch: pytest.MonkeyPatch
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


@needs_fork
def test_after_a_fork(machine: Any) -> None:
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
def test_batches_are_cut_to_the_memory(machine: Any, memory: int) -> None:
    machine.memory, machine.largest_buffer = memory, memory // 2
    kind = hashes._cpu.HASHES["sha512"]
    on = _device_hashes.Hasher(machine, kind)
    for data in (MESSAGES, np.frombuffer(b"".join(MESSAGES), np.uint8)[:99_000].reshape(-1, 99)):
        messages = _device_hashes.Column(*hashes.column("data", data, widths=None))
        assert len([*_device_hashes.parts(machine, messages, 64)]) > 1
        digests = np.zeros((messages.n, 64), np.uint8)
        on.digest(digests, messages)
        assert (digests == hashes.digest_many(data, "sha512")).all()


def test_a_message_that_does_not_fit(machine: Any) -> None:
    machine.memory, machine.largest_buffer = 4096, 2048
    on = _device_hashes.Hasher(machine, hashes._cpu.HASHES["sha256"])
    messages = hashes.column("data", [b"a", bytes(2041), b"b"], widths=None)
    with pytest.raises(DeviceFailure, match="a message of 2041 bytes does not fit its memory"):
        on.digest(np.zeros((3, 32), np.uint8), messages)
    fits = hashes.column("data", [b"a", bytes(2040), b"b"], widths=None)
    digests = np.zeros((3, 32), np.uint8)
    on.digest(digests, fits)
    assert digests[1].tobytes() == hashlib.sha256(bytes(2040)).digest()


def test_room(machine: Any) -> None:
    machine.memory, machine.largest_buffer = 1000, 400
    assert machine.room(1) == 400
    assert machine.room(100, 1) == 4
    assert machine.room(20, 20, 20) == 16
    assert machine.room(5000) == 1
    machine.memory = machine.largest_buffer = 1 << 50
    assert machine.room(1) + machine.local_size <= 1 << 31


def test_many_threads(machine: Any) -> None:
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
