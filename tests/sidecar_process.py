"""What the sidecar's tests share: a server in a process of its own, and its log."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grpc")
pytest.importorskip("prometheus_client")


class Sidecar:
    """`verilane serve`, and the events that it has logged."""

    def __init__(self, *options: Any, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "verilane", "serve", *map(str, options)],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self.other_lines: list[str] = []
        self._new: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                event = json.loads(line)
            except ValueError:
                self.other_lines.append(line)
                continue
            self.events.append(event)
            self._new.put(event)

    def wait_for(self, name: str, timeout: float = 120) -> dict[str, Any]:
        """The next event of a name, of those that nobody has waited for yet."""
        while True:
            try:
                event = self._new.get(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"no {name}: {self.events} {self.other_lines}") from None
            if event["event"] == name:
                return event

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 120) -> int:
        if self.process.poll() is None:
            self.send(number)
        status = self.process.wait(timeout)
        self._reader.join(10)
        return status

    def memory(self) -> int:
        """Bytes of memory that it has now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def cpu_seconds(self) -> float:
        """CPU time of its threads that there are."""
        times = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in times) / 1e9

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@contextmanager
def sidecar(*options: Any, **environment: str) -> Iterator[Sidecar]:
    """A server that serves when the block begins; it is killed where the block leaves it alive."""
    server = Sidecar(*options, **environment)
    try:
        server.wait_for("serving")
        yield server
    finally:
        server.process.kill()
        server.process.wait(10)


def metric(text: str, name: str, **labels: str) -> float:
    """One sample of what Prometheus would read."""
    from prometheus_client.parser import text_string_to_metric_families

    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def scrape(path: str, request: bytes = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(request)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts).decode()


def sample(path: str, name: str, **labels: str) -> float:
    """One number of a server's metrics."""
    head, _, body = scrape(f"{path}.metrics").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    return metric(body, name, **labels)
