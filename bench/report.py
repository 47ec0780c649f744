"""Draws the JSON of `pytest bench --benchmark-json=FILE` as Markdown: `python bench/report.py
FILE`.

One table per group; the ratio to the group's base row (coincurve or hashlib, keys parsed in the
loop, one thread) stands first, what was measured beside it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any


def head(data: dict[str, Any]) -> Iterator[str]:
    """What the figures have to name: machine, compiler, versions, command."""
    info = data["machine_info"]
    yield from (f"- {name}: {value}" for name, value in info["verilane"].items())
    yield f"- command: `{info['command']}`"
    yield f"- date: {data['datetime'][:16]}"


def row(benchmark: dict[str, Any]) -> str:
    """One row: ratio, then absolute figures, then how sure they are."""
    stats, extra = benchmark["stats"], benchmark["extra_info"]
    ratio = f"{extra['ratio']:.2f}" if "ratio" in extra else "-"
    if extra.get("base"):
        ratio = "1 (base)"
    return (
        f"| {benchmark['name'].removeprefix('test_')} | {ratio} "
        f"| {stats['median'] / extra['n'] * 1e6:.4g} | {extra['items_per_second']:,} "
        f"| {stats['iqr'] / stats['median']:.0%} | {stats['rounds']} |"
    )


def place(benchmark: dict[str, Any]) -> tuple[str, int]:
    """Groups of one operation stand together, by rising batch size."""
    return benchmark["group"].split(", n = ")[0], benchmark["extra_info"]["n"]


def tables(data: dict[str, Any]) -> Iterator[str]:
    """A table per group, its rows by falling speed."""
    ordered = sorted(data["benchmarks"], key=place)
    for group, rows in groupby(ordered, key=lambda each: each["group"]):
        yield f"\n### {group}\n"
        yield "| row | ratio | µs per item | items/s | spread (IQR/median) | rounds |"
        yield "|---|---|---|---|---|---|"
        yield from map(row, sorted(rows, key=lambda each: -each["extra_info"]["items_per_second"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="what --benchmark-json wrote")
    data = json.loads(parser.parse_args().file.read_text())
    print("\n".join([*head(data), *tables(data)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
