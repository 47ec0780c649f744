"""The charts of the page, as SVG that stands in the page itself."""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .summary import Row, break_even, by_contender, schemes_of

__all__ = ["costs_chart", "latency_chart", "merkle_chart", "throughput_chart"]

# Okabe and Ito's colours, which colour-blind people tell apart. Peers are grey.
_OURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_PEERS = ("#555555", "#999999", "#777777", "#BBBBBB")
_STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}


def _draw(name: str, panels: int, draw: Callable[[list[Axes]], None], columns: int = 2) -> str:
    """Returns <svg>...</svg> with `panels` axes in rows."""
    rows = -(-panels // columns)
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(5.6 * columns, 4.3 * rows), layout="constrained")
        axes = [figure.add_subplot(rows, columns, place + 1) for place in range(panels)]
        draw(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text: str = out.getvalue()
    return text[text.index("<svg") :]


def _lines(axes: Axes, rows: list[Row], title: str) -> None:
    """Items a second over n, both logarithmic, a line for each contender."""
    ours, theirs = iter(_OURS * 3), iter(_PEERS * 3)
    for name, line in by_contender(rows).items():
        peer = line[0]["kind"] == "peer"
        axes.plot(
            [row["n"] for row in line],
            [row["n"] / row["seconds"] for row in line],
            marker="o",
            markersize=3.5,
            linewidth=1.6,
            linestyle="--" if peer else "-",
            color=next(theirs if peer else ours),
            label=name,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda n, _: f"{n:,.0f}")
    axes.yaxis.set_major_formatter(lambda rate, _: _short(rate))
    axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)


def throughput_chart(rows: list[Row]) -> str:
    """A panel for each scheme: signatures a second against the batch size. A vertical line marks
    where a device overtakes the CPU.
    """
    schemes = schemes_of(rows)

    def draw(panels: list[Axes]) -> None:
        for axes, (scheme, title) in zip(panels, schemes.items(), strict=True):
            mine = [row for row in rows if row["scheme"] == scheme]
            _lines(axes, mine, title)
            axes.set_xlabel("signatures in a call")
            axes.set_ylabel("signatures a second")
            for name, at in overtaking(mine).items():
                axes.axvline(at, color="#444444", linewidth=0.8, linestyle=":")
                axes.annotate(
                    f"{name} from {at:,.0f}",
                    (at, 0.02),
                    xycoords=("data", "axes fraction"),
                    rotation=90,
                    fontsize=8,
                    va="bottom",
                    ha="right",
                )

    return _draw("throughput", len(schemes), draw)


def overtaking(rows: Iterable[Row]) -> dict[str, float]:
    """Returns the batch size from which on each device, and all cores, beat one thread of the CPU's
    fastest instruction set; those that never do, or always, are left out.
    """
    lines = by_contender(row for row in rows if row["kind"] != "peer")
    single = {name: line for name, line in lines.items() if line[0]["threads"] == 1}
    on_cpu = {name: line for name, line in single.items() if line[0]["device"].startswith("cpu")}
    if not on_cpu:
        return {}
    base = min(on_cpu.values(), key=lambda line: line[-1]["seconds"] / line[-1]["n"])
    smallest = min(row["n"] for row in base)
    out = {}
    for name, line in lines.items():
        if line is base or name in on_cpu:
            continue
        at = break_even(base, line)
        if at is not None and at > smallest:
            out[name.removeprefix("Verilane ")] = at
    return out


def merkle_chart(rows: list[Row]) -> str:
    """A panel for each kind of tree: leaves a second against the number of leaves."""
    trees = schemes_of(rows, "tree")

    def draw(panels: list[Axes]) -> None:
        for axes, (tree, title) in zip(panels, trees.items(), strict=True):
            _lines(axes, [row for row in rows if row["tree"] == tree], title)
            axes.set_xlabel("leaves of 32 bytes")
            axes.set_ylabel("leaves a second")

    return _draw("merkle", len(trees), draw)


def latency_chart(rows: list[Row], titles: Mapping[str, str]) -> str:
    """A panel for each scheme: the percentiles of single calls."""
    schemes = list(dict.fromkeys(row["scheme"] for row in rows))

    def draw(panels: list[Axes]) -> None:
        for axes, scheme in zip(panels, schemes, strict=True):
            mine = [row for row in rows if row["scheme"] == scheme]
            labels = [_call(row) for row in mine]
            for percentile, colour in (("p99", "#bcd8ea"), ("p90", "#6baed6"), ("p50", "#0072B2")):
                microseconds = [row[percentile] * 1e6 for row in mine]
                axes.barh(labels, microseconds, color=colour, label=percentile, height=0.65)
            axes.invert_yaxis()
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: _short(value))
            axes.set_xlabel("microseconds a call")
            axes.set_title(titles[scheme], fontsize=11, loc="left", fontweight="bold")
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3)

    return _draw("latency", len(schemes), draw)


def _call(row: Row) -> str:
    return f"{row['name']}, {'one' if row['n'] == 1 else row['n']}"


def costs_chart(rows: list[Row]) -> str:
    """Core seconds for a million verifications, ours beside the best peer's."""
    titles = list(dict.fromkeys(row["title"] for row in rows))

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        for shift, kind, colour in ((-0.2, "verilane", "#0072B2"), (0.2, "peer", "#999999")):
            mine: dict[str, Any] = {row["title"]: row for row in rows if row["kind"] == kind}
            there = [title for title in titles if title in mine]
            values = [mine[title]["core_seconds"] for title in there]
            bars = axes.barh(
                [titles.index(title) + shift for title in there],
                values,
                height=0.36,
                color=colour,
                label="Verilane" if kind == "verilane" else "the fastest peer",
            )
            axes.bar_label(bars, [f" {value:.1f} s" for value in values], fontsize=8.5)
        axes.set_yticks(range(len(titles)), titles)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("core seconds for a million signatures")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)

    return _draw("costs", 1, draw, columns=2)


def _short(number: float) -> str:
    """12,000 as 12 k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g} {letter}"
    return f"{number:g}"
