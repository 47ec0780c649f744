"""The measurements themselves, and the JSON that they are kept in."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any

from .. import merkle
from . import items, peers
from .contenders import PEER, SCHEMES, VERILANE, Contender, Scheme, contenders, singles
from .machine import cores, describe
from .measure import Run, Timing, interleaved, percentiles

__all__ = ["FORMAT", "Plan", "Results", "measure", "steps"]

FORMAT = "verilane bench 1"

SLOWEST = 1.0
"""Seconds: who would take longer for a batch, by its rate at the size before, is left out of it.
"""

_TREES = (
    ("rfc6962", "RFC 6962 (SHA-256)", peers.hashlib_root),
    ("bitcoin", "Bitcoin (double SHA-256)", peers.hashlib_bitcoin_root),
    ("openzeppelin", "OpenZeppelin (Keccak-256)", None),
    ("fisco3", "FISCO BCOS 3 (SM3)", None),
)
_HASHES = {"fisco3": "sm3"}
_LATENCIES = (1, 16, 64, 256)


@dataclass(frozen=True)
class Plan:
    """What to measure: batch sizes, tree sizes, seconds for each batch size, calls for each
    percentile.
    """

    schemes: tuple[str, ...]
    with_peers: bool = True
    sizes: tuple[int, ...] = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536)
    leaves: tuple[int, ...] = (16, 256, 4096, 1 << 16, 1 << 20)
    seconds: float = 1.5
    calls: int = 1000

    @classmethod
    def quick(cls, schemes: tuple[str, ...], with_peers: bool = True) -> "Plan":
        """Fewer sizes, a tenth of the time."""
        return cls(
            schemes,
            with_peers,
            (1, 16, 256, 4096),
            (16, 256, 4096, 1 << 16),
            seconds=0.3,
            calls=200,
        )


@dataclass
class Results:
    """Rows as dictionaries: what the JSON file holds."""

    plan: Plan
    machine: dict[str, Any] = field(default_factory=describe)
    began: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat("T", "seconds"))
    seconds: float = 0.0
    complete: bool = False
    left_out: list[str] = field(default_factory=list)
    throughput: list[dict[str, Any]] = field(default_factory=list)
    latency: list[dict[str, Any]] = field(default_factory=list)
    merkle: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Everything, the format's name first."""
        return {"format": FORMAT, **asdict(self)}


Step = tuple[str, Callable[[], None]]


def steps(results: Results) -> Iterator[Step]:
    """Yields what is to be done: a name for people, and the work, which adds rows to `results`."""
    plan = results.plan
    chosen = [scheme for scheme in SCHEMES if scheme.name in plan.schemes]
    for scheme in chosen:
        if scheme.missing is not None:
            results.left_out.append(f"{scheme.name}: {scheme.missing} is not installed")
            continue
        rates: dict[str, float] = {}
        for n in plan.sizes:
            yield f"{scheme.name}, {n:,} items", partial(_throughput, results, scheme, n, rates)
        yield f"{scheme.name}, latency", partial(_latency, results, scheme)
    for tree, title, loop in _TREES:
        for n in plan.leaves:
            yield f"{tree}, {n:,} leaves", partial(_merkle, results, tree, title, loop, n)


def measure(results: Results, step: Callable[[str, int, int], None]) -> None:
    """Does all steps; `step` is told the name of each before, its place and how many there are."""
    began = time.perf_counter()
    todo = list(steps(results))
    try:
        for place, (name, work) in enumerate(todo):
            step(name, place, len(todo))
            work()
        results.complete = True
    finally:
        results.seconds = time.perf_counter() - began


def _throughput(results: Results, scheme: Scheme, n: int, rates: dict[str, float]) -> None:
    runs = contenders(scheme, n, with_peers=results.plan.with_peers)
    quick = {who: run for who, run in runs.items() if n * rates.get(who.name, 0.0) <= SLOWEST}
    named = {who.name: run for who, run in quick.items()}
    timings = interleaved(named, results.plan.seconds)
    for who in quick:
        timing = timings[who.name]
        rates[who.name] = timing.median / n
        row = {"scheme": scheme.name, "title": scheme.title, "n": n, **asdict(who)}
        results.throughput.append({**row, **_numbers(timing)})


def _latency(results: Results, scheme: Scheme) -> None:
    plan = results.plan
    runs: list[tuple[str, int, Run]] = [
        (name, 1, run) for name, run in singles(scheme, with_peers=plan.with_peers).items()
    ]
    for n in _LATENCIES[1:]:
        columns = [items.packed(column) for column in scheme.rows(n)]
        runs.append(("Verilane", n, partial(scheme.many, *columns, threads=1, device="cpu")))
    for name, n, run in runs:
        ranks = percentiles(run, max(100, plan.calls // n))
        numbers = {f"p{rank}": seconds for rank, seconds in ranks.items()}
        results.latency.append({"scheme": scheme.name, "n": n, "name": name, **numbers})


def _merkle(results: Results, tree: str, title: str, loop: Any, n: int) -> None:
    data = items.leaves(n)
    runs: dict[Contender, Run] = {}
    for threads in dict.fromkeys((1, cores())):
        name = "Verilane" if threads == 1 else f"Verilane, {threads} threads"
        run = partial(
            merkle.root, data, tree, hash=_HASHES.get(tree), threads=threads, device="cpu"
        )
        runs[Contender(name, VERILANE, "cpu", threads)] = run
    if loop is not None and results.plan.with_peers and n <= 1 << 16:
        as_list = [leaf.tobytes() for leaf in data]
        runs[Contender("hashlib", PEER, "", 1)] = partial(loop, as_list)
    timings = interleaved({who.name: run for who, run in runs.items()}, results.plan.seconds)
    for who in runs:
        row = {"tree": tree, "title": title, "n": n, **asdict(who)}
        results.merkle.append({**row, **_numbers(timings[who.name])})


def _numbers(timing: Timing) -> dict[str, float]:
    return {
        "seconds": timing.median,
        "low": timing.low,
        "high": timing.high,
        "rounds": timing.rounds,
    }
