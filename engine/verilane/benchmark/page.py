"""One HTML page of a run, which needs nothing beside itself: no script, no network."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .charts import costs_chart, latency_chart, merkle_chart, overtaking, throughput_chart
from .summary import Row, best_by_size, costs, schemes_of

__all__ = ["page"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff;
  max-width: 72rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.6rem; border-bottom: 1px solid #ddd; }
.lead { color: #555; margin-top: .2rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #e4e4e4; }
th:first-child, td:first-child { text-align: left; }
td small { color: #666; display: block; }
svg { width: 100%; height: auto; }
.wide { overflow-x: auto; }
.note { color: #8a4b00; }
@media (prefers-color-scheme: dark) { svg { background: #fff; } }
"""


def page(results: dict[str, Any], price: float | None = None) -> str:
    """Returns the page of what Results.as_json gives. price: dollars per hour of this machine."""
    rows, machine = results["throughput"], results["machine"]
    titles = schemes_of(rows)
    parts = [
        f"<h1>Verilane {escape(machine['verilane'])}</h1>",
        f'<p class="lead">{escape(machine["processor"])}, {machine["cores"]} cores; '
        f"{escape(results['began'])}; {results['seconds']:.0f} seconds.</p>",
        *_notes(results),
    ]
    if rows:
        spent = costs(rows, machine["cores"], price)
        parts += [
            "<h2>Which device, at which batch size</h2>",
            "<p>The fastest way for so many signatures in one call, and how many times as fast it "
            "is as the fastest peer. <code>device=None</code> is meant to choose it.</p>",
            _which(rows),
            "<h2>Throughput</h2>",
            "<p>Dotted lines: from there on it takes less time than one thread of the CPU.</p>",
            throughput_chart(rows),
            "<h2>A million signatures</h2>",
            costs_chart(spent),
            _costs_table(spent, price),
        ]
    if results["latency"]:
        parts += [
            "<h2>Latency</h2>",
            "<p>Single calls on one thread, one after the other: half of them, 90 and 99 % of them "
            "took no longer.</p>",
            latency_chart(results["latency"], titles),
        ]
    if results["merkle"]:
        parts += ["<h2>Merkle roots</h2>", merkle_chart(results["merkle"])]
    parts += ["<h2>Machine and versions</h2>", _machine(machine)]
    return _document("\n".join(parts))


def _document(body: str) -> str:
    # The policy lets nothing be loaded; the icon is an empty one, or browsers ask for it.
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>Verilane benchmark</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _notes(results: dict[str, Any]) -> list[str]:
    notes = list(results["left_out"])
    if not results["complete"]:
        notes.append("the run was ended before it was complete")
    return [f'<p class="note">Left out: {escape(note)}.</p>' for note in notes]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells of `rows` are HTML."""
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rest = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{first}</tr>\n{rest}</table></div>'


def _which(rows: list[Row]) -> str:
    sizes = sorted({row["n"] for row in rows})
    lines = []
    for scheme, title in schemes_of(rows).items():
        mine = [row for row in rows if row["scheme"] == scheme]
        ours, theirs = best_by_size(mine, "verilane"), best_by_size(mine, "peer")
        cells = [escape(title)]
        for n in sizes:
            cells.append(_cell(ours.get(n), theirs.get(n)))
        from_there = [f"{escape(name)}: {at:,.0f}" for name, at in overtaking(mine).items()]
        cells.append("<br>".join(from_there) or "-")
        lines.append(cells)
    return _table(["", *(f"{n:,}" for n in sizes), "better from"], lines)


def _cell(ours: Row | None, theirs: Row | None) -> str:
    if ours is None:
        return "-"
    name = ours["name"].removeprefix("Verilane ")
    if theirs is None:
        return f"<small>{escape(name)}</small>"
    ratio = theirs["seconds"] / ours["seconds"]
    return f"{ratio:.1f}&times;<small>{escape(name)}</small>"


def _costs_table(rows: list[Row], price: float | None) -> str:
    head = ["", "who", "signatures in a call", "seconds", "core seconds"]
    lines = []
    for row in rows:
        cells = [
            escape(row["title"]),
            escape(row["name"]),
            f"{row['n']:,}",
            f"{row['seconds']:.2f}",
            f"{row['core_seconds']:.2f}",
        ]
        if price is not None:
            cells.append(f"{row['dollars']:.5f}")
        lines.append(cells)
    return _table([*head, f"$ at {price:g} an hour"] if price is not None else head, lines)


def _machine(machine: dict[str, Any]) -> str:
    shown = {name: _plain(value) for name, value in machine.items()}
    return _table(["", ""], [(escape(name), escape(value)) for name, value in shown.items()])


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
