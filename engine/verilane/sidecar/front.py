"""The sockets that callers connect to, in front of gRPC's own.

gRPC's library accepts connections itself and asks nobody who is there: its local credentials never
look at the peer (https://github.com/grpc/grpc/issues/28755). So it listens in a private directory,
and callers connect here: the kernel says who they are, and whoever may come in is joined with gRPC
by handing bytes to and fro. What gRPC calls the peer then names the connection, so that its bytes
can be counted.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from .budget import Account, Budget
from .log import Log
from .metrics import Metrics
from .sockets import peer_of

__all__ = ["Connection", "Door", "Front"]

# Bytes read at a time: memory that is used again. A fresh piece of so many bytes costs ten times as
# much as reading into it, since the allocator fetches it from the kernel and gives it back.
_CHUNK = 1 << 18


class Door(NamedTuple):
    """A listening socket, and what lies behind. target: path of gRPC's socket. users: who may come
    in over a Unix socket; None: anybody (TLS knows better).
    """

    listener: socket.socket
    target: str
    users: frozenset[int] | None


class Front:
    """All doors, and the connections that came in by them."""

    def __init__(
        self, directory: str, budget: Budget, *, most: int, log: Log, metrics: Metrics
    ) -> None:
        """directory: where connections get their names. most: connections at a time."""
        self._directory, self._budget, self._most = directory, budget, most
        self._log, self._metrics = log, metrics
        self._connections: dict[str, Connection] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._doors: list[Door] = []
        self._number = 0
        # One for all: what is read is sent, or copied, before anything else is read.
        self.buffer = memoryview(bytearray(_CHUNK))

    def open(self, door: Door) -> None:
        """Lets callers in from now on."""
        door.listener.setblocking(False)
        self._doors.append(door)
        self._tasks.append(asyncio.create_task(self._accept(door)))

    def account(self, peer: str) -> Account | None:
        """Returns the account of what gRPC calls the peer of a call; None if it is gone."""
        connection = self._connections.get(os.path.basename(peer))
        return None if connection is None else connection.account

    async def close(self) -> None:
        """Lets nobody in any more; who is in may stay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for door in self._doors:
            door.listener.close()

    def cut(self) -> None:
        """Ends all connections."""
        for connection in list(self._connections.values()):
            connection.cut()

    async def _accept(self, door: Door) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                caller, _ = await loop.sock_accept(door.listener)
            except OSError as error:  # out of descriptors, as a rule: they come back
                self._log.event("accept_failed", reason=error.strerror)
                await asyncio.sleep(_PAUSE)
                continue
            refusal = self._why_not(caller, door)
            if refusal is not None:
                caller.close()
                self._metrics.refused.labels(refusal).inc()
                continue
            try:
                await self._let_in(caller, door)
            except OSError as error:
                caller.close()
                self._log.event("accept_failed", reason=error.strerror)

    def _why_not(self, caller: socket.socket, door: Door) -> str | None:
        """Returns why a caller may not come in; None: it may."""
        if door.users is not None:
            try:
                peer = peer_of(caller)
            except OSError as error:
                self._log.event("peer_refused", reason=str(error))
                return "peer"
            if peer.uid not in door.users:
                self._log.event("peer_refused", uid=peer.uid, pid=peer.pid or None)
                return "peer"
        # Over TCP anybody may come: something is left to those who come over the Unix socket.
        left = self._most // 8 if door.users is None and len(self._doors) > 1 else 0
        if len(self._connections) >= self._most - left:
            self._log.event("connection_refused", connections=self._most - left)
            return "too_many"
        return None

    async def _let_in(self, caller: socket.socket, door: Door) -> None:
        name = f"c{self._number:08x}"
        self._number = (self._number + 1) % (1 << 32)
        inner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            inner.setblocking(False)
            # What was read goes on in one piece; the kernel may give less.
            inner.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _CHUNK)
            path = os.path.join(self._directory, name)
            inner.bind(path)
            try:
                await asyncio.get_running_loop().sock_connect(inner, door.target)
            finally:
                os.unlink(path)  # the name stays, as long as the connection
        except BaseException:
            inner.close()
            raise
        caller.setblocking(False)
        self._connections[name] = Connection(self, self._budget, name, caller, inner)
        self._metrics.connections.set(len(self._connections))

    def gone(self, name: str) -> None:
        """A connection has ended."""
        if self._connections.pop(name, None) is not None:
            self._metrics.connections.set(len(self._connections))


_PAUSE = 0.1


class Connection:
    """A caller and gRPC, joined. Each is read as fast as the other one takes it."""

    def __init__(
        self, front: Front, budget: Budget, name: str, caller: socket.socket, inner: socket.socket
    ) -> None:
        """Hands bytes on from now on; both sockets are its own."""
        self.name = name
        self._front = front
        self.account = budget.open(self)
        self._ends = (caller, inner)
        self._closed = False
        self._up = _Way(self, caller, inner, front.buffer, self.account.came)
        self._down = _Way(self, inner, caller, front.buffer, _ignored)

    def pause(self) -> None:
        """Reads nothing from the caller until `resume`."""
        self._up.hold(_BUDGET)

    def resume(self) -> None:
        """Reads on."""
        self._up.release(_BUDGET)

    def cut(self) -> None:
        """Ends the connection, and forgets what is still on its way."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        for end in self._ends:
            loop.remove_reader(end)
            loop.remove_writer(end)
            end.close()
        self.account.close()
        self._front.gone(self.name)


def _ignored(_: int) -> None:
    """What gRPC has sent is gRPC's business."""


# Reasons not to read a socket: the budget, bytes that the other one has not taken yet.
_BUDGET, _PENDING = 1, 2


class _Way:
    """One direction of a connection: what comes from one socket goes to the other, and nothing more
    is read until it has.
    """

    def __init__(
        self,
        connection: Connection,
        source: socket.socket,
        to: socket.socket,
        buffer: memoryview,
        came: Callable[[int], None],
    ) -> None:
        self._connection, self._source, self._to = connection, source, to
        self._buffer, self._came = buffer, came
        self._loop = asyncio.get_running_loop()
        self._reasons = 0
        self._pending = b""
        self._loop.add_reader(source, self._read)

    def hold(self, reason: int) -> None:
        """Reads no more, for one reason or another."""
        if not self._reasons:
            self._loop.remove_reader(self._source)
        self._reasons |= reason

    def release(self, reason: int) -> None:
        """Reads on, once no reason is left."""
        self._reasons &= ~reason
        if not self._reasons:
            self._loop.add_reader(self._source, self._read)

    def _read(self) -> None:
        try:
            n = self._source.recv_into(self._buffer)
            if n == 0:
                self._connection.cut()
                return
            sent = self._send(self._buffer[:n])
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._connection.cut()
            return
        if sent < n:
            self._pending = bytes(self._buffer[sent:n])
            self.hold(_PENDING)
            self._loop.add_writer(self._to, self._write)
        self._came(n)

    def _write(self) -> None:
        try:
            self._pending = self._pending[self._send(self._pending) :]
        except OSError:
            self._connection.cut()
            return
        if not self._pending:
            self._loop.remove_writer(self._to)
            self.release(_PENDING)

    def _send(self, data: "memoryview | bytes") -> int:
        """Returns how many bytes were taken."""
        try:
            return self._to.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
