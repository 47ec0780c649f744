"""A client's thread: it sends what waits, takes the answers, connects again, and does without."""

import os
import random
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc

from . import verilane_pb2 as pb
from .errors import Refused, SidecarUnavailable
from .profiles import Answer, judge
from .sockets import why_not_to_be_trusted
from .verilane_pb2_grpc import VerifierStub
from .work import Piece, Queue, batch_of

__all__ = ["Link", "Target", "target_of"]

# Seconds between attempts to connect: doubled each time, and up to half of it taken off by chance.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
# Seconds for the first answer, which says what the server takes.
_GREETING = 5.0
# A piece that the server fails at, or is lost with, so often is not asked again.
_MOST_FAILURES = 10
# What waits is sent together, up to so much: a message costs as much as some hundred items. Larger
# ones would let the server's cores wait for each other.
_ITEMS, _BYTES = 2048, 1 << 20
_CODES = bytes(range(1, 6))
_VERIFY = f"/{pb.DESCRIPTOR.services_by_name['Verifier'].full_name}/Verify"


class Target(NamedTuple):
    """Where the sidecar is. users: whose Unix socket is believed; the rest is for TLS."""

    address: str
    path: str | None
    users: frozenset[int]
    root_certificates: bytes | None = None
    private_key: bytes | None = None
    certificate_chain: bytes | None = None

    def channel(self) -> Any:
        """Returns a new channel. Raises SidecarUnavailable for a socket not to be believed."""
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 10_000),
        ]
        if self.path is None:
            credentials = grpc.ssl_channel_credentials(
                self.root_certificates, self.private_key, self.certificate_chain
            )
            return grpc.secure_channel(self.address, credentials, options)
        reason = why_not_to_be_trusted(self.path, set(self.users))
        if reason is not None:
            raise SidecarUnavailable(reason)
        return grpc.insecure_channel(self.address, options)


def target_of(text: str, *, users: "frozenset[int] | set[int] | None") -> Target:
    """Returns what a client's target means: a path, "unix:PATH", or "HOST:PORT"."""
    is_path = text.startswith("unix:") or "/" in text
    path = os.path.abspath(text.removeprefix("unix:")) if is_path else None
    if path is None and not text.rpartition(":")[2].isdecimal():
        raise ValueError(f"target: expected a path or HOST:PORT, got {text!r}")
    believed = frozenset({0, os.geteuid()} if users is None else users)
    return Target(text if path is None else f"unix:{path}", path, believed)


class Link:
    """The one thread that settles pieces, whether the sidecar answers or not."""

    def __init__(
        self,
        target: Target,
        queue: Queue,
        *,
        fallback: bool,
        patience: float | None,
        device: str | None,
        threads: int | None,
    ) -> None:
        self._target, self._queue = target, queue
        self._fallback, self._patience = fallback, patience
        self._device, self._threads = device, threads
        self._thread: threading.Thread | None = None
        self._call: Any = None
        self._down_since: float | None = None
        self._failures = 0
        self.closed = False

    def wake(self) -> None:
        """There is something to do."""
        with self._queue.changed:
            if self._thread is None and not self.closed:
                thread = threading.Thread(target=self._run, name="verilane-sidecar", daemon=True)
                thread.start()  # which may fail: then the next one may not
                self._thread = thread

    def close(self) -> None:
        """Ends the thread, and fails what has no answer."""
        with self._queue.changed:
            self.closed = True
            if self._call is not None:
                self._call.cancel()
            self._queue.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        queue = self._queue
        while True:
            with queue.changed:
                queue.changed.wait_for(lambda: queue.ready() or self.closed)
            if self.closed:
                break
            reason = self._talk()
            queue.lost()
            if not self.closed:
                self._do_without(reason)
        while (piece := queue.next_to_settle()) is not None:
            piece.job.fail(SidecarUnavailable("the Client was closed"))

    # ---- With the sidecar ----

    def _talk(self) -> str:
        """Asks the sidecar until the connection ends; returns why it did."""
        channel = None
        try:
            channel = self._target.channel()
            stub: Any = VerifierStub(channel)  # type: ignore[no-untyped-call]
            limits = stub.GetLimits(pb.LimitsRequest(), timeout=_GREETING)
            # Batches are encoded by hand.
            verify = channel.stream_stream(_VERIFY, response_deserializer=pb.BatchStatus.FromString)
            self._converse(verify, limits)
        except grpc.RpcError as error:
            return f"{self._target.address}: {_words(error)}"
        except (SidecarUnavailable, _Nonsense) as error:
            return str(error)
        finally:
            if channel is not None:
                channel.close()
        return f"{self._target.address}: the stream ended"

    def _converse(self, verify: Any, limits: "pb.Limits") -> None:
        over = threading.Event()
        call = verify(self._requests(limits, over))
        with self._queue.changed:
            self._call = call
            if self.closed:
                call.cancel()
        try:
            for status in call:
                self._take(status)
        finally:
            over.set()
            with self._queue.changed:
                self._call = None
                self._queue.changed.notify_all()
            call.cancel()

    def _requests(self, limits: "pb.Limits", over: threading.Event) -> "Iterator[bytes]":
        """Yields batches as they come. As many as the server reads ahead are under way: what comes
        meanwhile waits, and goes together.
        """
        queue = self._queue
        items, octets = min(limits.batch_items, _ITEMS), min(limits.message_bytes, _BYTES)
        while True:
            with queue.changed:
                queue.most = limits.stream_batches
                queue.changed.wait_for(lambda: queue.ready() or over.is_set() or self.closed)
                if over.is_set() or self.closed:
                    return
                # Under the lock: what counts as sent is lost when this connection is.
                number, pieces = queue.send(items, octets)
            if pieces and pieces[0].failures >= _MOST_FAILURES:
                self._queue.answered(number)
                error = SidecarUnavailable("the sidecar is lost whenever it is asked")
                self._settle(pieces[0], error)
            elif pieces:
                message = batch_of(pieces, number)
                count = sum(map(len, pieces))
                if count <= limits.batch_items and len(message) <= limits.message_bytes:
                    yield message
                else:
                    self._cut(number, limits)

    def _cut(self, number: int, limits: "pb.Limits") -> None:
        """Pieces are too much for this server: they go in halves, or are settled without it."""
        for piece in reversed(self._queue.answered(number)):
            if len(piece) > 1:
                self._queue.take_back(list(piece.halves()))
            else:
                words = f"an item of {piece.size} bytes: this sidecar takes {limits.message_bytes}"
                self._settle(piece, Refused(words))

    def _take(self, status: "pb.BatchStatus") -> None:
        """Settles what one answer is about. Raises _Nonsense for one that can't be."""
        pieces = self._queue.answered(status.id)
        if not pieces:
            raise _Nonsense("the sidecar answers what nobody has asked")
        if status.outcome == pb.BatchStatus.REFUSED and len(pieces) == 1:
            pieces[0].job.fail(Refused(f"the sidecar refuses: {status.reason}"))
        elif status.outcome != pb.BatchStatus.DONE:
            self._again(pieces, f"the sidecar failed: {status.reason}")
            return
        elif not _fits(status, pieces):
            self._again(pieces, "the sidecar's answer is none")
            raise _Nonsense("the sidecar's answer is none")
        else:
            _hand_out(status, pieces)
        self._down_since, self._failures = None, 0

    def _again(self, pieces: list[Piece], reason: str) -> None:
        for piece in reversed(pieces):
            piece.failures += 1
            if piece.failures < _MOST_FAILURES:
                self._queue.take_back([piece])
            else:
                self._settle(piece, SidecarUnavailable(reason))

    # ---- Without it ----

    def _do_without(self, reason: str) -> None:
        """Waits until it is time to connect again, and settles what has waited too long."""
        now = time.monotonic()
        if self._down_since is None:
            self._down_since = now
        pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 16)
        until = now + pause * random.uniform(0.5, 1)
        impatient = self._patience is not None and now - self._down_since >= self._patience
        queue = self._queue
        while impatient and not self.closed and (piece := queue.next_to_settle()) is not None:
            self._settle(piece, SidecarUnavailable(reason))
            if self._fallback and time.monotonic() > until:
                return
        with queue.changed:
            queue.changed.wait_for(lambda: self.closed, max(until - time.monotonic(), 0))

    def _settle(self, piece: Piece, error: Exception) -> None:
        """Verifies a piece here, or fails its job."""
        if not self._fallback:
            piece.job.fail(error)
            return
        try:
            batch = pb.Batch.FromString(batch_of([piece]))
            answer = judge(batch, device=self._device, threads=self._threads)
        except Exception as own:  # this thread has to live
            piece.job.fail(own)
        else:
            piece.job.answer(piece.first, answer)


class _Nonsense(Exception):
    """The server does not keep to the contract."""


def _fits(status: "pb.BatchStatus", pieces: list[Piece]) -> bool:
    """Whether an answer has a verdict for each item, and a key where there should be one."""
    n = sum(map(len, pieces))
    return (
        len(status.verdicts) == n
        and not status.verdicts.translate(None, _CODES)
        and len(status.keys) == (64 * n if pieces[0].job.keyed else 0)
    )


def _hand_out(status: "pb.BatchStatus", pieces: list[Piece]) -> None:
    """Gives each piece its part of an answer."""
    verdicts, keys, start = status.verdicts, status.keys, 0
    for piece in pieces:
        end = start + len(piece)
        piece.job.answer(piece.first, Answer(verdicts[start:end], keys[64 * start : 64 * end]))
        start = end


def _words(error: Any) -> str:
    return f"{error.code().name}: {error.details()}"
