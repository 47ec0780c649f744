"""Memory of OpenCL devices: copies beside kernels, as on a GPU, and what does not fit."""

from typing import Any

import numpy as np
import pytest

import opencl_machines
from verilane import _device_curves, _device_hashes, _known_points, _opencl, hashes, merkle
from verilane.errors import DeviceFailure


@pytest.fixture(params=opencl_machines.NAMES)
def machine(request: pytest.FixtureRequest) -> _opencl.Machine:
    return opencl_machines.opened(request.param)


# ---- Copies beside kernels, as on a GPU ----


@pytest.fixture
def overlapping(machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch) -> _opencl.Machine:
    """The device with a queue for copies, small parts, and nothing else known of it."""
    import pyopencl as cl

    machine._copies = cl.CommandQueue(machine._context)
    machine.overlaps, machine.lanes = True, 8
    monkeypatch.setattr(_opencl.places, "opened", {machine.name: machine})
    monkeypatch.setattr(_device_hashes, "_hashers", {})
    return machine


@pytest.mark.parametrize("name", _device_curves.CURVES)
@pytest.mark.parametrize("n", [1, 31, 33, 150])
def test_points_in_parts(overlapping: _opencl.Machine, name: str, n: int) -> None:
    """While one part is computed the next goes up; two of them are there at a time."""
    items = _known_points.known(name).repeated(n)
    curve = _device_curves.Weierstrass if name != "ed25519" else _device_curves.Edwards
    made = curve(overlapping, name)
    u, v, q, _ = items.terms
    found = made.double_mul(u, v, q)  # type: ignore[attr-defined]
    r, exceptional = found if isinstance(found, tuple) else (found, np.zeros(n, np.uint8))
    given = exceptional == 0
    assert (r[given] == items.r[given]).all()
    assert given[~items.hard].all()


def test_parts_share_the_memory(
    overlapping: _opencl.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them are there at once. Each keeps all lanes busy."""
    sizes: list[int] = []
    curve = _device_curves.Weierstrass(overlapping, "p256")
    begin = curve._begin

    def counted(*columns: Any) -> Any:
        sizes.append(len(columns[0]))
        return begin(*columns)

    monkeypatch.setattr(curve, "_begin", counted)

    def parts(n: int) -> list[int]:
        sizes.clear()
        curve.double_mul(*_known_points.known("p256").repeated(n).terms[:3])
        return sizes

    assert parts(100) == [32, 32, 32, 4]
    assert parts(300) == [96, 96, 96, 12]
    overlapping.memory = sum(curve.SIZES) * 20
    assert parts(25) == [10, 10, 5]
    overlapping.overlaps, overlapping._copies = False, overlapping._queue
    assert parts(25) == [20, 5]
    assert parts(0) == []


def test_hashes_and_trees_beside_copies(overlapping: _opencl.Machine) -> None:
    """Nodes that are written, hashed, picked and read in turn, without waiting in between."""
    leaves = [bytes([i % 251, i // 251]) * 16 for i in range(1500)]
    for kind in merkle.kinds.KINDS:
        here, there = (
            merkle.Tree(leaves[:1000], kind, device=d) for d in ("cpu", overlapping.name)
        )
        for tree in (here, there):
            tree.update_many([3, 500, 999], leaves[-3:])
            tree.append(leaves[1000:1300])
        assert here.root == there.root, kind
        for left, right in zip(here.proofs([0, 3, 1299]), there.proofs([0, 3, 1299]), strict=True):
            assert (left == right).all()
    digests = hashes.digest_many(leaves, "sha256", device=overlapping.name)
    assert (digests == hashes.digest_many(leaves, "sha256")).all()


# ---- What does not fit ----


def test_what_the_driver_does_not_lend(machine: _opencl.Machine) -> None:
    most = machine.largest_buffer
    text = f"{machine.name} could not lend {most + 1} bytes of memory: the driver lends {most}"
    with pytest.raises(DeviceFailure, match=text):
        machine.buffer(most + 1)


def test_a_tree_that_does_not_fit(
    machine: _opencl.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level is one piece. What is there stays as it was."""
    monkeypatch.setattr(_opencl.places, "opened", {machine.name: machine})
    monkeypatch.setattr(_device_hashes, "_hashers", {})
    leaves = [bytes([i % 251, i // 251]) * 16 for i in range(3000)]
    tree = merkle.Tree(leaves, device=machine.name)
    root = tree.root
    machine._most = machine.largest_buffer = 32 * 4096
    with pytest.raises(DeviceFailure, match="the driver lends 131072 at a time"):
        merkle.Tree(leaves + leaves, device=machine.name)
    with pytest.raises(DeviceFailure, match="the driver lends 131072 at a time"):
        tree.append(leaves)
    assert tree.root == root == merkle.root(leaves)
    assert len(tree) == 3000
    assert merkle.root(leaves * 2, device=machine.name) == merkle.root(leaves * 2)
