"""A CUDA device's streams, on the driver of fake_cuda.py, which does nothing before it has to. Run
by test_cuda.py.
"""

import random
import threading
from typing import Any

import numpy as np
import pytest

from verilane import _cuda, _cuda_machine
from verilane.errors import DeviceFailure

ROWS, ROW = 512, 32


@pytest.fixture
def machine() -> Any:
    place, gpu = _cuda.places.all()[0]
    assert place.title.startswith("plain C")
    return _cuda_machine.Machine(place.name, gpu)


class Model:
    """Buffers on the device, and what they should hold."""

    def __init__(self, machine: Any, seed: int, works: tuple[int, ...]) -> None:
        self.machine, self.random, self.works = machine, random.Random(seed), works
        self.numbers = np.random.default_rng(seed)
        self.held = [self.new() for _ in range(4)]

    def rows(self, n: int = ROWS) -> np.ndarray[Any, Any]:
        return self.numbers.integers(0, 256, (n, ROW), np.uint8)

    def new(self) -> tuple[Any, np.ndarray[Any, Any]]:
        rows = self.rows()
        return self.machine.upload(rows), rows

    def step(self) -> bool:
        """Does something; returns whether what was read was right."""
        machine, what = self.machine, self.random.choice(self.works)
        i, j = self.random.sample(range(4), 2)
        (buffer, rows), (other, there) = self.held[i], self.held[j]
        if what == 0:
            n = self.random.randrange(1, ROWS)
            at, new = self.random.randrange(ROWS - n + 1), self.rows(n)
            given = new.copy()
            machine.write(buffer, given, at * ROW)
            given[:] = 0  # it may change as soon as that returns
            rows[at : at + n] = new
        elif what == 1:
            half = ROWS // 2
            machine.copy(buffer, 0, other, half * ROW, half * ROW)
            rows[:half] = there[half:]
        elif what == 2 and self.random.random() < 0.2:
            machine.fill(buffer, 7)
            rows[:] = 7
        elif what == 3:
            picked = self.numbers.integers(0, ROWS, ROWS).astype(np.uint32)
            arguments = buffer, other, np.uint64(0), machine.upload(picked), ROW // 4
            machine.launch(machine.program("nodes.cl"), "nodes_gather", ROWS, *arguments)
            rows[:] = there[picked]
        elif what == 4:
            self.held[i] = self.new()  # what it had may be used again
        elif what == 5:
            got = np.empty_like(rows)
            machine.read(got, buffer)
            return bool((got == rows).all())
        return True


def is_right(machine: Any, seed: int, *, gathers: bool = True) -> bool:
    model = Model(machine, seed, (0, 1, 2, 3, 3, 4, 5) if gathers else (0, 1, 2, 4, 5))
    return all(model.step() for _ in range(300))


def test_order_of_work(machine: Any) -> None:
    assert all(is_right(machine, seed) for seed in range(10))


def test_order_of_work_in_many_threads(machine: Any) -> None:
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda seed=seed: found.append(is_right(machine, seed)))
        for seed in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


@pytest.mark.parametrize("broken", ["wait", "touch", "piece"])
def test_order_that_is_not_kept_shows(
    machine: Any, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without what keeps streams in order, the driver gives wrong answers. No kernels: they would
    read wherever indices that are not there yet point to.
    """
    from numba.cuda.cudadrv import driver

    if broken == "wait":
        monkeypatch.setattr(driver.Event, "wait", lambda *_: None)
    elif broken == "touch":
        monkeypatch.setattr(
            _cuda_machine._Buffer, "last", property(lambda _: None, lambda *_: None)
        )
        monkeypatch.setattr(_cuda_machine, "_last", lambda _: machine._in.touch())
    else:
        monkeypatch.setattr(_cuda_machine._Piece, "wait", lambda _: None)
    assert not all(is_right(machine, seed, gathers=False) for seed in range(10))


def test_large_copies(machine: Any) -> None:
    """Through more pieces of pinned memory than there are."""
    size = _cuda_machine._PIECE * (_cuda_machine._PIECES + 2) + 12345
    data = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    buffer = machine.buffer(size + 100)
    machine.write(buffer, data, 100)
    got = np.zeros(size, np.uint8)
    machine.read(got, buffer, 100)
    assert (got == data).all()
    with pytest.raises(DeviceFailure, match=r"\d+ bytes at 101 are not in \d+"):
        machine.write(buffer, data, 101)
    with pytest.raises(DeviceFailure):
        machine.read(got, buffer, 101)


def test_memory_is_used_again(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.cuda.cudadrv.driver import driver

    lent: list[int] = []
    real = driver.cuMemAlloc
    monkeypatch.setattr(driver, "cuMemAlloc", lambda size: lent.append(size) or real(size))
    for _ in range(5):
        for size in (1000, 1_000_000):
            machine.upload(np.zeros(size, np.uint8))
    assert len(lent) == 2
    # What lies spare is given back when it is too much, or in the way of something else.
    machine.memory = 10_000_000
    for size in range(1_000_000, 20_000_000, 1_000_000):
        machine.buffer(size)
    spare = sum(size * len(each) for size, each in machine._spare.items())
    assert spare <= machine.memory + 25_000_000
    machine.memory = 1 << 40
    for size in range(100_000_000, 1_000_000_000, 100_000_000):
        machine.buffer(size)
