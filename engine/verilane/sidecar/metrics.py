"""What the server counts, and where Prometheus reads it: GET /metrics, over TCP or Unix sockets."""

import asyncio
import socket

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from .._verdicts import Verdict

__all__ = ["Endpoint", "Metrics"]

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_ITEMS = tuple(float(1 << bits) for bits in range(0, 17, 2))


class Metrics:
    """Counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = to = CollectorRegistry()
        self.items = Counter(
            "verilane_items", "Items verified, by verdict.", ["scheme", "verdict"], registry=to
        )
        self.batches = Counter(
            "verilane_batches", "Batches answered, by outcome.", ["scheme", "outcome"], registry=to
        )
        self.sizes = Histogram(
            "verilane_batch_items", "Items in a batch.", registry=to, buckets=_ITEMS
        )
        self.waits = Histogram(
            "verilane_wait_seconds",
            "From a large batch's arrival until its verification begins.",
            registry=to,
            buckets=_SECONDS,
        )
        self.work = Histogram(
            "verilane_verify_seconds",
            "Verification of a large batch.",
            ["scheme"],
            registry=to,
            buckets=_SECONDS,
        )
        self.together = Histogram(
            "verilane_together_seconds",
            "From a small batch's arrival until it is verified, together with others.",
            registry=to,
            buckets=_SECONDS,
        )
        self.waiting = Gauge(
            "verilane_batches_under_way", "Batches read and not verified.", registry=to
        )
        self.streams = Gauge("verilane_streams", "Open Verify streams.", registry=to)
        self.connections = Gauge("verilane_connections", "Open connections.", registry=to)
        self.held = Gauge("verilane_held_bytes", "Bytes of callers held.", registry=to)
        self.refused = Counter(
            "verilane_refused_connections", "Connections refused or cut off.", ["why"], registry=to
        )

    def count(self, scheme: str, verdicts: bytes) -> None:
        """Counts one batch's verdicts."""
        left = len(verdicts)
        for verdict in Verdict:
            if left == 0:
                break
            number = verdicts.count(int(verdict))
            if number:
                self.items.labels(scheme, verdict.name).inc(number)
                left -= number


class Endpoint:
    """A small HTTP server that knows one page."""

    def __init__(self, metrics: Metrics, listener: socket.socket) -> None:
        self._metrics, self._listener = metrics, listener
        self._server: asyncio.Server | None = None
        self._open = 0

    async def open(self) -> None:
        """Answers from now on."""
        start = (
            asyncio.start_unix_server
            if self._listener.family == socket.AF_UNIX
            else asyncio.start_server
        )
        self._server = await start(self._answer, sock=self._listener, limit=_LONGEST_HEAD)

    def close(self) -> None:
        """Answers nobody any more."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _MOST_OPEN:
                await asyncio.wait_for(self._exchange(reader, writer), _SECONDS_TO_ASK)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        except asyncio.LimitOverrunError:  # a head longer than any scraper's
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.partition(b" ")
        page = rest.partition(b" ")[0].partition(b"?")[0]
        if page != b"/metrics":
            status, body = "404 Not Found", b"there is /metrics\n"
        elif method not in (b"GET", b"HEAD"):
            status, body = "405 Method Not Allowed", b"GET it\n"
        else:
            status, body = "200 OK", generate_latest(self._metrics.registry)
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE_LATEST}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        writer.write(head if method == b"HEAD" else head + body)
        await writer.drain()


_LONGEST_HEAD = 1 << 14
_MOST_OPEN = 16
_SECONDS_TO_ASK = 5
