"""The pool: batches are complete whatever becomes of the threads, also in signal handlers."""

import hashlib
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from verilane import _pool, merkle

LEAVES = np.arange(((1 << 14) + 5) * 32, dtype=np.uint32).astype(np.uint8).reshape(-1, 32)


def run_counted(n: int, **options: int) -> list[int]:
    """Returns how often each item was done."""
    done = np.zeros(n, np.int64)

    def work(start: int, stop: int) -> None:
        done[start:stop] += 1

    _pool.run(n, work, **options)
    return done.tolist()


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100, 1000, 100_003])
@pytest.mark.parametrize("threads", [1, 2, 3, 10**6])
def test_every_item_once(n: int, threads: int) -> None:
    assert run_counted(n, threads=threads, least=1) == [1] * n


def refuse_from(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Lets the system refuse the `number`-th new thread and those after it."""
    start, started = threading.Thread.start, []

    def limited(self: threading.Thread) -> None:
        started.append(self)
        if len(started) >= number:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_threads_that_can_not_start(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    expected = merkle.root(LEAVES, threads=1)
    monkeypatch.setattr(_pool, "_executor", None)
    monkeypatch.setattr(_pool.os, "cpu_count", lambda: 4)
    refuse_from(monkeypatch, number)
    for _ in range(50):
        assert run_counted(1000, threads=4, least=1) == [1] * 1000
        assert merkle.root(LEAVES, threads=4) == expected


def test_an_exception_of_a_helper_is_raised() -> None:
    def work(start: int, stop: int) -> None:
        if start:
            raise KeyError(start)

    with pytest.raises(KeyError):
        _pool.run(1000, work, threads=2, least=1)


REENTRY = """
import signal
from verilane import merkle

leaves, seen = bytes(32) * ((1 << 13) + 1), []
expected = merkle.root(leaves, threads=1)

def handler(number, frame):
    seen.append(merkle.root(leaves, threads=2) == expected)
    if len(seen) < 300:  # anew: a slow machine would never get out of handlers
        signal.setitimer(signal.ITIMER_REAL, 0.0003)

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0003)
while len(seen) < 300:
    assert merkle.root(leaves, threads=2) == expected
assert all(seen)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_signal_handlers_may_verify() -> None:
    subprocess.run([sys.executable, "-c", REENTRY], check=True, timeout=120)


def test_root_is_hashlibs() -> None:
    level = [hashlib.sha256(b"\0" + bytes(leaf)).digest() for leaf in LEAVES[: 1 << 12]]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs]
    assert merkle.root(LEAVES[: 1 << 12], threads=2) == level[0]


# ---- The pool ----


@pytest.mark.parametrize("n", [0, 1, 2, 7, 64, 1000, 40_000, 100_000])
@pytest.mark.parametrize("threads", [1, 2, 5, None])
@pytest.mark.parametrize("grain", [1, 8, 1024])
def test_pool_does_every_item_once(n: int, threads: int | None, grain: int) -> None:
    done = np.zeros(n, np.uint8)
    starts = []

    def work(start: int, stop: int) -> None:
        starts.append(start)
        done[start:stop] += 1

    _pool.run(n, work, threads=threads, least=1, grain=grain)
    assert (done == 1).all()
    assert all(start % grain == 0 for start in starts)


def test_pool_uses_other_threads() -> None:
    """Two parts that wait for each other can't be done by one thread."""
    meeting = threading.Barrier(2, timeout=30)
    _pool.run(2, lambda start, stop: meeting.wait() and None, threads=2, least=1)


def test_small_batches_stay_in_the_caller() -> None:
    seen = set()
    _pool.run(127, lambda start, stop: seen.add(threading.get_ident()), threads=8, least=64)
    assert seen == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 3])
def test_pool_passes_exceptions_on(threads: int) -> None:
    def work(start: int, stop: int) -> None:
        if start >= 40_000:
            raise LookupError(start)

    with pytest.raises(LookupError):
        _pool.run(100_000, work, threads=threads, least=1)


def test_pool_from_many_threads() -> None:
    def job(seed: int) -> int:
        done = np.zeros(5_000, np.int64)

        def work(start: int, stop: int) -> None:
            done[start:stop] += np.arange(start, stop) * seed

        _pool.run(len(done), work, threads=3, least=1)
        return int(done.sum())

    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(job, range(100)))
    assert results == [seed * 5_000 * 4_999 // 2 for seed in range(100)]
