"""What a person wants to know of a run: who to ask at which batch size, from where on another
device is the better one, and what a million verifications cost.
"""

from collections.abc import Iterable
from typing import Any

__all__ = ["best_by_size", "break_even", "by_contender", "costs", "schemes_of"]

Row = dict[str, Any]


def schemes_of(rows: Iterable[Row], key: str = "scheme") -> dict[str, str]:
    """Returns the names that occur, in order, and their titles."""
    return {row[key]: row["title"] for row in rows}


def by_contender(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Returns the rows of each line of a chart, Verilane's first, by rising n."""
    ordered = sorted(rows, key=lambda row: (row["kind"] == "peer", row["threads"], row["n"]))
    lines: dict[str, list[Row]] = {}
    for row in ordered:
        lines.setdefault(row["name"], []).append(row)
    return lines


def best_by_size(rows: Iterable[Row], kind: str) -> dict[int, Row]:
    """Returns the fastest of a kind ("verilane", "peer") at each batch size."""
    best: dict[int, Row] = {}
    for row in rows:
        n = row["n"]
        if row["kind"] == kind and (n not in best or row["seconds"] < best[n]["seconds"]):
            best[n] = row
    return dict(sorted(best.items()))


def break_even(slow: Iterable[Row], fast: Iterable[Row]) -> float | None:
    """Returns the batch size from which on `fast` takes less time than `slow` at every larger size,
    between two measured ones by straight lines; None where it does not at the largest.
    """
    theirs: dict[int, float] = {row["n"]: row["seconds"] for row in slow}
    gains = sorted(
        (row["n"], theirs[row["n"]] - row["seconds"]) for row in fast if row["n"] in theirs
    )
    if not gains or gains[-1][1] <= 0:
        return None
    at: float = gains[-1][0]
    gain: float = gains[-1][1]
    for n, other in reversed(gains[:-1]):
        if other <= 0:
            return float(n + (at - n) * -other / (gain - other))
        at, gain = n, other
    return float(at)


def costs(rows: Iterable[Row], cores: int, price: float | None) -> list[Row]:
    """Returns what a million verifications take in the largest batch of each scheme: core seconds
    and, with a price in dollars per hour of the whole machine, dollars.
    """
    rows = list(rows)
    out: list[Row] = []
    for scheme, title in schemes_of(rows).items():
        for kind in ("verilane", "peer"):
            best = best_by_size((row for row in rows if row["scheme"] == scheme), kind)
            for row in list(best.values())[-1:]:
                seconds = row["seconds"] / row["n"] * 1e6
                cost = None if price is None else seconds / 3600 * price
                out.append(
                    {
                        "title": title,
                        "kind": kind,
                        "name": row["name"],
                        "n": row["n"],
                        "seconds": seconds,
                        "core_seconds": seconds * min(cores, row["threads"]),
                        "dollars": cost,
                    }
                )
    return out
