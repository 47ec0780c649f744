"""How long things take: in turn, round by round, because a shared machine drifts by 10 to 20 %
within seconds; medians, because what disturbs only ever adds.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Run", "Timing", "interleaved", "percentiles"]

Run = Callable[[], object]

SHORTEST = 0.005
"""Seconds: a call that takes less is repeated until it does not, so that the clock is fine enough.
"""


@dataclass(frozen=True)
class Timing:
    """Seconds for one call: median and quartiles over `rounds` rounds."""

    median: float
    low: float
    high: float
    rounds: int


def _seconds(run: Run, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def interleaved(runs: Mapping[str, Run], seconds: float, most: int = 51) -> dict[str, Timing]:
    """Times all of `runs` in turn for about `seconds` in all: 3 to `most` rounds, after one that
    builds tables and warms caches.
    """
    for run in runs.values():
        run()
    once = {name: _seconds(run, 1) for name, run in runs.items()}
    calls = {name: max(1, round(SHORTEST / max(each, 1e-9))) for name, each in once.items()}
    of_a_round = sum(calls[name] * each for name, each in once.items())
    rounds = min(most, max(3, round(seconds / of_a_round)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)
    for _ in range(rounds):
        for name in order:
            times[name].append(_seconds(runs[name], calls[name]))
        order.reverse()
    return {name: _timing(each) for name, each in times.items()}


def _timing(times: list[float]) -> Timing:
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    return Timing(median, low, high, len(times))


def percentiles(run: Run, calls: int, ranks: tuple[int, ...] = (50, 90, 99)) -> dict[int, float]:
    """Returns the ranks' percentiles of the seconds that single calls take, one after the other."""
    run()
    times = [_seconds(run, 1) for _ in range(calls)]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {rank: cuts[rank - 1] for rank in ranks}
