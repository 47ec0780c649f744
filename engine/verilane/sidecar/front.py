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

# So much may wait for one that reads slowly, before the other one is not read any more.
_HIGH_WATER = 1 << 16


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
        if len(self._connections) >= self._most:
            self._log.event("connection_refused", connections=self._most)
            return "too_many"
        return None

    async def _let_in(self, caller: socket.socket, door: Door) -> None:
        name = f"c{self._number:08x}"
        self._number = (self._number + 1) % (1 << 32)
        inner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            inner.setblocking(False)
            path = os.path.join(self._directory, name)
            inner.bind(path)
            try:
                await asyncio.get_running_loop().sock_connect(inner, door.target)
            finally:
                os.unlink(path)  # the name stays, as long as the connection
        except BaseException:
            inner.close()
            raise
        connection = Connection(self, self._budget, name)
        self._connections[name] = connection
        self._metrics.connections.set(len(self._connections))
        await connection.join(caller, inner)

    def gone(self, name: str) -> None:
        """A connection has ended."""
        if self._connections.pop(name, None) is not None:
            self._metrics.connections.set(len(self._connections))


_PAUSE = 0.1


class Connection:
    """A caller and gRPC, joined. Each is read as fast as the other one takes it."""

    def __init__(self, front: Front, budget: Budget, name: str) -> None:
        self.name = name
        self._front = front
        self.account = budget.open(self)
        self._caller = _End(self.account.came, self._lost)
        self._inner = _End(lambda n: None, self._lost)
        self._caller.other, self._inner.other = self._inner, self._caller

    async def join(self, caller: socket.socket, inner: socket.socket) -> None:
        """Hands bytes on from now on."""
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self._inner, inner)
        await loop.connect_accepted_socket(lambda: self._caller, caller)

    def pause(self) -> None:
        """Reads nothing from the caller until `resume`."""
        self._caller.hold(_BUDGET)

    def resume(self) -> None:
        """Reads on."""
        self._caller.release(_BUDGET)

    def cut(self) -> None:
        """Ends the connection, and forgets what is still on its way."""
        for end in (self._caller, self._inner):
            if end.transport is not None:
                end.transport.abort()

    def _lost(self) -> None:
        self.account.close()
        self._front.gone(self.name)


_BUDGET, _OTHER = 1, 2


class _End(asyncio.Protocol):
    """One end of a joined connection. Reasons not to read it: the budget, the other end's pace."""

    other: "_End"

    def __init__(self, came: Callable[[int], None], lost: Callable[[], None]) -> None:
        self.transport: asyncio.Transport | None = None
        self._came, self._lost = came, lost
        self._reasons = 0
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        for data in self.other._early:
            transport.write(data)
        self.other._early.clear()

    def data_received(self, data: bytes) -> None:
        if self.other.transport is None:
            self._early.append(data)
        else:
            self.other.transport.write(data)
        self._came(len(data))

    def pause_writing(self) -> None:
        self.other.hold(_OTHER)

    def resume_writing(self) -> None:
        self.other.release(_OTHER)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other.transport is not None:
            self.other.transport.close()
        self._lost()

    def hold(self, reason: int) -> None:
        """Reads no more, for one reason or another."""
        if not self._reasons and self.transport is not None:
            self.transport.pause_reading()
        self._reasons |= reason

    def release(self, reason: int) -> None:
        """Reads on, once no reason is left."""
        self._reasons &= ~reason
        if not self._reasons and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
