"""Benchmarks: how a row is measured, and what is noted beside it.

Rows of one group are the same work on the same data. The JSON (--benchmark-json=FILE) is what
report.py turns into a table; for a verdict on a target, compare.py interleaves the two sides.
"""

import shlex
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from verilane.benchmark.machine import describe

BUDGET = 1.5  # seconds that the rounds of one row may take


@pytest.fixture
def measure(benchmark: Any) -> Callable[..., Any]:
    """measure(run, n, base=False): rounds of run(), which does n items; one, with
    --benchmark-disable. base: the row of the group that others are divided by. Returns what run()
    returned."""

    def measured(run: Callable[[], Any], n: int, *, base: bool = False) -> Any:
        if benchmark.disabled:
            return benchmark(run)
        run()
        start = time.perf_counter()
        result = run()
        once = time.perf_counter() - start
        iterations = max(1, round(0.002 / once))
        rounds = min(60, max(5, round(BUDGET / (once * iterations))))
        benchmark.pedantic(run, rounds=rounds, iterations=iterations)
        median = benchmark.stats.stats.median
        benchmark.extra_info.update(n=n, base=base, items_per_second=round(n / median))
        return result

    return measured


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    machine_info["verilane"] = describe()
    machine_info["command"] = shlex.join(["pytest", *sys.argv[1:]])


def pytest_benchmark_update_json(benchmarks: list[Any], output_json: dict[str, Any]) -> None:
    """Adds to every row how many times the speed of its group's base row it has."""
    rows = output_json["benchmarks"]
    base = {row["group"]: row["stats"]["median"] for row in rows if row["extra_info"].get("base")}
    for row in rows:
        if row["group"] in base:
            row["extra_info"]["ratio"] = round(base[row["group"]] / row["stats"]["median"], 3)
