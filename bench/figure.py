"""One figure that the project promises, as compare.py measures it."""

from collections.abc import Callable
from dataclasses import dataclass

Run = Callable[[], object]
LARGE = 16384


@dataclass(frozen=True)
class Figure:
    """ours against theirs for the same n items. The ratio is `better` (how many times faster ours
    is, at least the target) or a cost (how many times as long ours takes, at most the target)."""

    name: str
    n: int
    ours: Run
    theirs: Run
    target: float | None
    better: bool = True
    note: str = ""
    threads: int = 1
