"""The progress bar: on stderr, and only where a person sits in front of it."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

__all__ = ["Progress"]


class Progress:
    """Shows how many of `rows` are done, how many a second, and the time left."""

    def __init__(self, rows: int) -> None:
        console = Console(stderr=True)
        self._seen = console.is_terminal
        self._bar = RichProgress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=rows, rate=0.0)
        self._done = 0
        self._began = time.perf_counter()

    def advance(self, rows: int) -> None:
        """Notes that `rows` more are done."""
        self._done += rows
        rate = self._done / (time.perf_counter() - self._began)
        self._bar.update(self._task, advance=rows, rate=rate)

    def __enter__(self) -> "Progress":
        if self._seen:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._seen:
            self._bar.stop()
