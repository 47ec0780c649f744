"""The server's log: a line of JSON for each event, with no byte of what is verified in it."""

import json
import queue
import threading
import time
from datetime import datetime, timezone
from typing import TextIO

__all__ = ["Log"]


class Log:
    """Writes events from a thread of its own, so that whoever reads them slowly holds nobody up.

    Of an event that comes too often, `burst` lines a second are written; a later one says how many
    are missing.
    """

    def __init__(self, stream: TextIO, *, burst: int = 20, backlog: int = 1000) -> None:
        self._stream, self._burst = stream, burst
        self._lines: queue.Queue[str | None] = queue.Queue(backlog)
        self._seen: dict[str, tuple[int, int]] = {}
        self._missing: dict[str, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="verilane-log", daemon=True)
        self._thread.start()

    def event(self, name: str, **fields: "str | int | float | bool | None") -> None:
        """Writes one line: when, what, and the fields that are not None."""
        with self._lock:
            second = int(time.monotonic())
            last, count = self._seen.get(name, (second, 0))
            count = count + 1 if last == second else 1
            self._seen[name] = second, count
            if count > self._burst:
                self._missing[name] = self._missing.get(name, 0) + 1
                return
            missing = self._missing.pop(name, None)
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            line = {"time": now, "event": name, **fields, "missing": missing}
            text = json.dumps({key: value for key, value in line.items() if value is not None})
            try:
                self._lines.put_nowait(text)
            except queue.Full:
                self._missing[name] = (missing or 0) + 1

    def close(self) -> None:
        """Waits, but not for long, until all is written."""
        try:
            self._lines.put(None, timeout=1)
        except queue.Full:
            return
        self._thread.join(1)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads it any more
                return
