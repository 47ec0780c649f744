"""The verifier's figures, each beside its target: `python bench/verifier_figures.py`.

Both sides run in turn, A B, B A, because a shared machine drifts; the ratio is that of the medians.
`--soak MINUTES` runs callers of all kinds for so long instead, and looks at the memory.
Exit status 1 when a target is missed.
"""

import argparse
import asyncio
import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import verifier_work as work

from verilane.benchmark.machine import cores, describe
from verilane.verifier import Priority, Verifier

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from verifier_native import ask

NATIVE, PYTHON = 1 << 15, 1 << 13


def seconds(run: work.Run) -> float:
    start = time.perf_counter()
    if not run():
        raise SystemExit("a wrong verdict")
    return time.perf_counter() - start


def interleaved(ours: work.Run, theirs: work.Run, rounds: int) -> tuple[float, float]:
    """Medians of both, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for run in (ours, theirs):
        run()
    for index in range(rounds):
        for side in (0, 1) if index % 2 == 0 else (1, 0):
            times[side].append(seconds((ours, theirs)[side]))
    return statistics.median(times[0]), statistics.median(times[1])


def ratio(name: str, target: float, ours: work.Run, theirs: work.Run, n: int, rounds: int) -> bool:
    """Prints how many times the peer's throughput ours is."""
    a, b = interleaved(ours, theirs, rounds)
    print(
        f"{name}: {n / a:,.0f} items/s, libsecp256k1 {n / b:,.0f}: {b / a:.2f} times "
        f"(target {target})",
        flush=True,
    )
    return b / a >= target


def single_call(verifier: Verifier, rounds: int) -> bool:
    """What a verifier that has nothing else to do adds to one call."""
    a, b = interleaved(work.one_call(verifier), work.one_call_without(), rounds)
    added = (a - b) / 200 * 1e6
    print(
        f"one call: {a / 200 * 1e6:.1f} us, without verifier {b / 200 * 1e6:.1f}: {added:+.1f} us"
    )
    return added <= 30


def waits_of_votes(threads: int, n: int) -> bool:
    """p99 of CONSENSUS items, one every millisecond, while `threads` native callers keep the
    mempool going, and once more while many thousands of its items wait.
    """
    right = True
    for name, load in (("callers", _callers), ("backlog", _backlog)):
        with work.quiet_verifier() as verifier:
            stop = threading.Event()
            running = threading.Thread(target=load, args=(verifier, stop, threads))
            running.start()
            time.sleep(0.3)
            columns = work.rows(n)
            request = work.request(Priority.CONSENSUS)
            results, took, _ = ask(verifier._engine, request, columns, threads=1, pause_us=1000)
            stop.set()
            running.join()
            assert (results == 1).all()
            waits = verifier.stats()["waits"][Priority.CONSENSUS]
            p50, p99 = (float(np.percentile(took, q)) / 1e6 for q in (50, 99))
            print(
                f"votes, mempool of {name}: whole call p50 {p50:.2f} ms, p99 {p99:.2f} ms; "
                f"wait for a worker p99 below {_percentile(waits, 0.99) / 1000:.2f} ms (target 5)",
                flush=True,
            )
            right &= _percentile(waits, 0.99) <= 8192 and p99 <= 5
    return right


def _percentile(buckets: list[int], q: float) -> float:
    """Upper bound of the bucket that the quantile is in, in us."""
    total, bound = 0, 0.0
    for i, count in enumerate(buckets):
        total += count
        bound = 2.0**i
        if total >= q * sum(buckets):
            break
    return bound


def _callers(verifier: Verifier, stop: threading.Event, threads: int) -> None:
    columns = work.rows(1 << 14)
    request = work.request(Priority.MEMPOOL)
    while not stop.is_set():
        ask(verifier._engine, request, columns, threads=threads)


def _backlog(verifier: Verifier, stop: threading.Event, threads: int) -> None:
    run = work.python_many(verifier, 1 << 14)
    while not stop.is_set():
        run()


# ---- Soak ----


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def soak(minutes: float) -> bool:
    """Callers of all kinds; the cache on, some sources bad, some items late or cancelled."""
    end = time.monotonic() + 60 * minutes
    given = work.items(4096)
    bad = [item._replace(message=bytes(32)) for item in given[:64]]

    def blocking(verifier: Verifier, number: int) -> None:
        while time.monotonic() < end:
            for item in given[number::64]:
                verifier.verify(item, priority=Priority.MEMPOOL, source=number)

    def futures(verifier: Verifier, number: int) -> None:
        while time.monotonic() < end:
            asked = [verifier.submit(item, source=7) for item in given[:500]]
            asked += [verifier.submit(item, source=13, timeout=1e-4) for item in bad]
            for future in asked[::5]:
                future.cancel()
            for future in asked:
                if not future.cancelled():
                    future.exception()

    def loop(verifier: Verifier, number: int) -> None:
        async def main() -> None:
            while time.monotonic() < end:
                await asyncio.gather(*(verifier.averify(item) for item in given[:1024]))

        asyncio.run(main())

    def many(verifier: Verifier, number: int) -> None:
        run = work.python_many(verifier, 1 << 13)
        while time.monotonic() < end:
            run()

    with Verifier(cache=2000) as verifier:
        doors: list[Callable[[Verifier, int], None]] = [*[blocking] * 4, futures, loop, many]
        threads = [
            threading.Thread(target=door, args=(verifier, i)) for i, door in enumerate(doors)
        ]
        for thread in threads:
            thread.start()
        sizes = []
        while time.monotonic() < end:
            time.sleep(min(20, 20 * minutes))
            gc.collect()
            sizes.append(resident_mb())
            done = sum(map(sum, verifier.stats()["verdicts"]))
            print(f"{sizes[-1]:.1f} MB, {done:,} verdicts", flush=True)
        for thread in threads:
            thread.join()
        stats = verifier.stats()
    grown = sizes[-1] - statistics.median(sizes[len(sizes) // 10 : len(sizes) // 4 + 1])
    print(f"grown by {grown:.1f} MB; tickets {stats['tickets']}, bytes {stats['bytes']}")
    return grown < 8 and stats["tickets"] == stats["bytes"] == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    arguments = parser.parse_args()
    print(describe(), f"{cores()} cores", flush=True)
    if arguments.soak:
        raise SystemExit(not soak(arguments.soak))
    rounds, peer = arguments.rounds, work.native(None, NATIVE)
    pools = {
        "coincurve in 64 threads": work.python_coincurve(PYTHON),
        "coincurve in a thread a core": work.python_coincurve_pool(PYTHON),
    }
    with work.quiet_verifier() as verifier:
        right = [ratio("64 native threads", 4, work.native(verifier, NATIVE), peer, NATIVE, rounds)]
        for name, target, make in (
            ("64 Python threads", 0.9, work.python_blocking),
            ("submit_many of columns", 4, work.python_many),
            ("submit_many of items", 4, work.python_many_items),
            ("averify", 1.5, work.python_loop),
        ):
            ours = make(verifier, PYTHON)
            for pool, theirs in pools.items():
                right.append(ratio(f"{name}, {pool}", target, ours, theirs, PYTHON, rounds))
        right.append(single_call(verifier, rounds))
    right.append(waits_of_votes(64, 2000))
    raise SystemExit(not all(right))


if __name__ == "__main__":
    main()
