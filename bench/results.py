"""What `verilane bench` measured, as text: `python bench/results.py > bench/RESULTS.md`.

bench/runs/ has a JSON file for each machine: `bench.json` of a run of `verilane bench --out DIR`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from verilane.benchmark.summary import best_by_size, by_contender, costs, schemes_of

RUNS = Path(__file__).parent / "runs"
Row = dict[str, Any]
HEAD = """\
<!-- Made by bench/results.py. -->
# What was measured

Each part is one run of `verilane bench` on one machine, where everybody took turns on the same
data. `verilane bench --from FILE --out DIR` draws its charts. Times are medians of rounds on a
shared machine; they move by 10 to 25 % from run to run, the ratios by less.
"""


def table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yields the lines of a table, its first column to the left."""
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join([":--"] + ["--:"] * (len(head) - 1)) + " |"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def microseconds(row: Row | None) -> str:
    """For one item."""
    if row is None:
        return ""
    return short(row["seconds"] / row["n"] * 1e6)


def short(number: float) -> str:
    """With three digits that count, or all before the point."""
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def which(rows: list[Row]) -> Iterator[str]:
    """Yields the fastest device at each size, and its lead over the fastest peer."""
    sizes = sorted({row["n"] for row in rows})
    lines = []
    for scheme, title in schemes_of(rows).items():
        mine = [row for row in rows if row["scheme"] == scheme]
        ours, theirs = best_by_size(mine, "verilane"), best_by_size(mine, "peer")
        cells = [title]
        for n in sizes:
            cell = ours[n]["name"].removeprefix("Verilane ") if n in ours else "-"
            if n in ours and n in theirs:
                cell += f" {theirs[n]['seconds'] / ours[n]['seconds']:.1f}"
            cells.append(cell)
        lines.append(cells)
    yield "## The fastest at each batch size, and how many times as fast as the fastest peer"
    yield ""
    yield from table(["", *(f"{n:,}" for n in sizes)], lines)


def throughput(rows: list[Row], key: str = "scheme", unit: str = "a signature") -> Iterator[str]:
    """Yields a table for each scheme: who, by size."""
    for name, title in schemes_of(rows, key).items():
        mine = [row for row in rows if row[key] == name]
        sizes = sorted({row["n"] for row in mine})
        yield f"### {title}: µs {unit}"
        yield ""
        lines = []
        for who, line in by_contender(mine).items():
            at = {row["n"]: row for row in line}
            lines.append([who, *(microseconds(at.get(n)) for n in sizes)])
        yield from table(["", *(f"{n:,}" for n in sizes)], lines)


def latency(rows: list[Row], titles: dict[str, str]) -> Iterator[str]:
    """Yields how long single calls take."""
    yield "## Single calls, one thread: µs that half, 90 % and 99 % of them took at most"
    yield ""
    lines = [
        [
            f"{titles[row['scheme']]}, {row['name']}",
            f"{row['n']:,}",
            *(short(row[rank] * 1e6) for rank in ("p50", "p90", "p99")),
        ]
        for row in rows
    ]
    yield from table(["", "items", "50 %", "90 %", "99 %"], lines)


def spent(rows: list[Row], cores: int) -> Iterator[str]:
    """Yields what a million signatures take."""
    yield "## A million signatures"
    yield ""
    lines = [
        [
            row["title"],
            row["name"],
            f"{row['n']:,}",
            f"{row['seconds']:.2f}",
            f"{row['core_seconds']:.2f}",
        ]
        for row in costs(rows, cores, None)
    ]
    yield from table(["", "who", "in a call", "seconds", "core seconds"], lines)


def of_run(results: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of one run."""
    machine, rows = results["machine"], results["throughput"]
    yield f"# {machine['processor']}, {machine['cores']} cores"
    yield ""
    peers = ", ".join(f"{name} {version}" for name, version in machine["peers"].items())
    yield (
        f"{results['began'][:10]}, {results['seconds']:.0f} seconds, at commit "
        f"{machine['commit']}; {machine['system']}, Python {machine['python']}, "
        f"{machine['compiler']}; {peers}."
    )
    yield ""
    if not results["complete"]:
        yield "**The run was ended before it was complete.**"
        yield ""
    yield from which(rows)
    yield "## Throughput"
    yield ""
    yield from throughput(rows)
    yield from spent(rows, machine["cores"])
    yield from latency(results["latency"], schemes_of(rows))
    yield "## Merkle roots"
    yield ""
    yield from throughput(results["merkle"], "tree", "a leaf")


def text() -> str:
    """Returns the whole file."""
    lines = [HEAD]
    for path in sorted(RUNS.glob("*.json")):
        lines += of_run(json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(text(), end="")
