"""The service Verifier of verilane.proto."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from .. import __version__
from . import verilane_pb2 as pb
from .budget import Account
from .coalesce import SMALL_BYTES
from .engine import Engine
from .errors import Refused
from .front import Front
from .log import Log
from .metrics import Metrics
from .profiles import NAMES, Answer

if TYPE_CHECKING:
    from .._verdicts import Verdicts

__all__ = ["NAME", "Limits", "Service"]

NAME: str = pb.DESCRIPTOR.services_by_name["Verifier"].full_name

_DONE = pb.BatchStatus.DONE
_REFUSED = pb.BatchStatus.REFUSED
_FAILED = pb.BatchStatus.FAILED
_OUTCOMES = {_DONE: "done", _REFUSED: "refused", _FAILED: "failed"}
_TAG_BYTES, _KEY_BYTES = 8, 64
_SMALL_ANSWER = 1 << 14


class Limits(NamedTuple):
    """What callers may ask for. batch_items: items in one batch. message_bytes: of one batch, as it
    is sent. stream_batches: of one stream, read and without an answer. held_bytes: of all callers,
    before they are held back. connections: at a time.
    """

    batch_items: int = 8192
    message_bytes: int = 4 << 20
    stream_batches: int = 4
    held_bytes: int = 256 << 20
    connections: int = 1024


class Work(NamedTuple):
    """A batch that is being verified. status: what became of it, once the future is done; None: it
    was no batch.
    """

    future: "Future[Any]"
    status: Callable[[], bytes | None]


class Service:
    """Answers batches, from as many streams as there are.

    Of large ones the event loop sees bytes only: workers decode them, and encode what became of
    them. For small ones that would cost more than it helps.
    """

    def __init__(
        self, engine: Engine, front: Front, limits: Limits, *, log: Log, metrics: Metrics
    ) -> None:
        self.engine, self.front, self.limits = engine, front, limits
        self.log, self.metrics = log, metrics
        self._streams: set[_Stream] = set()
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.told = Mailbox()

    def handler(self) -> Any:
        """Returns the service as gRPC takes it."""
        methods = {
            "Verify": grpc.stream_stream_rpc_method_handler(self.verify),
            "GetLimits": grpc.unary_unary_rpc_method_handler(self.get_limits),
        }
        return grpc.method_handlers_generic_handler(NAME, methods)

    async def verify(self, _: Any, context: Any) -> None:
        """Reads batches and writes their statuses until the caller has ended its side."""
        account = self.front.account(context.peer())
        if self._draining or account is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, _DRAINING)
            return
        stream = _Stream(self, context, account)
        self._streams.add(stream)
        self._empty.clear()
        self.metrics.streams.set(len(self._streams))
        try:
            await stream.run()
        finally:
            self._streams.discard(stream)
            self.metrics.streams.set(len(self._streams))
            if not self._streams:
                self._empty.set()
        if stream.broken:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a message that is no Batch")
        if stream.drained:
            await context.abort(grpc.StatusCode.UNAVAILABLE, _DRAINING)

    async def get_limits(self, _: bytes, context: Any) -> bytes:
        """Returns what this server takes."""
        self.read(context)
        limits = pb.Limits(
            batch_items=self.limits.batch_items,
            message_bytes=self.limits.message_bytes,
            stream_batches=self.limits.stream_batches,
            version=__version__,
        )
        return bytes(limits.SerializeToString())

    def read(self, context: Any) -> None:
        """A call's message, of no account, was read: what the caller has sent is not held."""
        account = self.front.account(context.peer())
        if account is not None:
            account.message(0)

    async def idle(self) -> None:
        """Returns when no stream is open."""
        await self._empty.wait()

    def drain(self) -> None:
        """Reads no batch any more; those that were read are answered, then their streams end."""
        self._draining = True
        for stream in list(self._streams):
            stream.drain()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def begin(self, message: bytes, source: int) -> Work:
        """Has a message's batch verified."""
        work = self._together(message, source) if len(message) <= SMALL_BYTES else None
        if work is not None:
            return work
        future = self.engine.submit(partial(self.status, message))
        return Work(future, future.result)

    def _together(self, message: bytes, source: int) -> Work | None:
        """Has a small batch verified with others; None for one that is not for that. What is wrong
        with a batch is said by `status`.
        """
        came = time.perf_counter()
        try:
            batch = pb.Batch.FromString(message)
            self._demand(batch)
            future = self.engine.coalesce(batch, source)
        except Exception:
            return None
        return None if future is None else Work(future, partial(self._found, batch, came, future))

    def _found(self, batch: "pb.Batch", came: float, future: "Future[Verdicts]") -> bytes:
        """Returns what became of a batch that was verified with others."""
        self.metrics.together.observe(time.perf_counter() - came)
        try:
            return self._done(batch, Answer(future.result().codes.tobytes()))
        except Exception as error:  # it is closed, or given up for what is more urgent
            return self._broken(batch, error)

    def status(self, message: bytes, came: float) -> bytes | None:
        """Returns what became of a batch; None for a message that is none. On a worker."""
        try:
            batch = pb.Batch.FromString(message)
        except DecodeError:
            return None
        try:
            self._demand(batch)
            return self._done(batch, self.engine.answer(batch, came))
        except Refused as error:
            self.log.event("batch_refused", reason=str(error))
            return self._failed(batch, _REFUSED, str(error))
        except Exception as error:  # whatever goes wrong costs this batch alone
            return self._broken(batch, error)

    def _demand(self, batch: "pb.Batch") -> None:
        if batch.count > self.limits.batch_items:
            raise Refused(f"{batch.count} items, of {self.limits.batch_items} at most")
        if batch.tags and len(batch.tags) != _TAG_BYTES * batch.count:
            raise Refused(f"{len(batch.tags)} bytes of tags for {batch.count} items")
        recovers = batch.profile.scheme == pb.SECP256K1_RECOVER
        answer = batch.count * (1 + _KEY_BYTES if recovers else 1)
        if answer > _SMALL_ANSWER and answer > 3 * batch.ByteSize():
            # Nobody has counted that memory, and few bytes would be enough to fill it.
            raise Refused(f"{answer} bytes of answer for a batch of {batch.ByteSize()} bytes")

    def _done(self, batch: "pb.Batch", answer: "Answer") -> bytes:
        scheme = NAMES[batch.profile.scheme]
        self.metrics.batches.labels(scheme, _OUTCOMES[_DONE]).inc()
        self.metrics.sizes.observe(batch.count)
        self.metrics.count(scheme, answer.verdicts)
        status = pb.BatchStatus(
            id=batch.id, verdicts=answer.verdicts, tags=batch.tags, keys=answer.keys
        )
        return bytes(status.SerializeToString())

    def _broken(self, batch: "pb.Batch", error: Exception) -> bytes:
        self.log.event("batch_failed", reason=f"{type(error).__name__}: {error}")
        return self._failed(batch, _FAILED, type(error).__name__)

    def _failed(self, batch: "pb.Batch", outcome: Any, reason: str) -> bytes:
        scheme = NAMES.get(batch.profile.scheme, "none")
        self.metrics.batches.labels(scheme, _OUTCOMES[outcome]).inc()
        status = pb.BatchStatus(id=batch.id, outcome=outcome, reason=reason, tags=batch.tags)
        return bytes(status.SerializeToString())


_DRAINING = "this server is stopping: batches without an answer may be sent elsewhere"


class _Stream:
    """One call of Verify: batches are read ahead of their answers, but only so many."""

    def __init__(self, service: Service, context: Any, account: Account) -> None:
        self._service, self._context, self._account = service, context, account
        self._room = asyncio.Semaphore(service.limits.stream_batches)
        self._statuses: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._works: set[Work] = set()
        self._held = 0
        self._ended = False
        self.drained = self.broken = False

    def drain(self) -> None:
        """Reads no more; answers what was read."""
        self.drained = True
        if self._reader is not None:
            self._reader.cancel()

    async def run(self) -> None:
        """Returns when all that was read is answered, and no more will come."""
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._end_if_last())
        try:
            while (status := await self._statuses.get()) is not None:
                await self._context.write(status)
                self._hold(-len(status))
                self._room.release()
        finally:
            self._reader.cancel()
            for work in self._works:
                work.future.cancel()
            self._hold(-self._held)
            self._ended = True
        if not self._reader.cancelled():
            self._reader.result()

    async def _read(self) -> None:
        service = self._service
        while not self.broken:
            await self._room.acquire()
            message = await self._context.read()
            if message is grpc.aio.EOF:
                return
            size = len(message)
            self._account.message(size)
            self._held += size
            work = service.begin(message, self._account.source)
            self._works.add(work)
            work.future.add_done_callback(partial(self._finished, size, work))

    def _finished(self, size: int, work: Work, future: "Future[Any]") -> None:
        """A batch is done, or cancelled, with the stream. On any thread."""
        if not future.cancelled():
            self._service.told.put(partial(self._answered, size, work))

    def _answered(self, size: int, work: Work) -> None:
        if self._ended:  # nobody waits for it, and nothing is held for it
            return
        self._works.discard(work)
        status = work.status()
        if status is None:
            self.broken = True
        else:
            self._hold(len(status) - size)
            self._statuses.put_nowait(status)
        self._end_if_last()

    def _hold(self, n: int) -> None:
        """Holds n bytes more of the caller's, or less."""
        self._held += n
        self._account.change(n)

    def _end_if_last(self) -> None:
        assert self._reader is not None
        if self.broken or (self._reader.done() and not self._works):
            self._statuses.put_nowait(None)


class Mailbox:
    """What other threads have for the event loop: it is woken once for all that comes meanwhile."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = False

    def put(self, call: Callable[[], None]) -> None:
        """Has the loop call something. On any thread."""
        self._calls.append(call)
        if not self._woken:  # else it has not begun to look, and will see this too
            self._woken = True
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        self._woken = False
        for _ in range(len(self._calls)):
            self._loop.call_soon(self._calls.popleft())
