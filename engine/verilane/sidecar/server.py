"""The server: what it is told, how it starts, and how it stops."""

import asyncio
import gc
import os
import resource
import signal
import sys
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TextIO

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .. import __version__
from .._devices import cpu_of, trusted_of
from ..errors import DeviceUnavailable
from .budget import Budget
from .budget import Connection as Counted
from .calls import Calls
from .engine import Engine
from .errors import BadSetup
from .front import Connection, Front
from .listen import Tls, credentials_of, doors_of, name_of, scraped
from .log import Log
from .metrics import Metrics
from .service import NAME, Limits, Service

__all__ = ["Config", "serve"]


class Config(NamedTuple):
    """unix: path of a socket. users: ids of other users who may connect to it. tcp: host and port,
    with tls. metrics: "unix:PATH" or "HOST:PORT". drain: seconds that batches have on the way out.
    patience: seconds that callers may hold more than the limit. threads, device: as verify_many
    takes them. cache: valid items of small batches that are remembered.
    """

    unix: str | None = None
    users: frozenset[int] = frozenset()
    tcp: tuple[str, int] | None = None
    tls: Tls | None = None
    metrics: str | None = None
    limits: Limits = Limits()
    drain: float = 30.0
    patience: float = 5.0
    threads: int | None = None
    device: str | None = None
    cache: int = 0


def serve(config: Config, log_to: TextIO = sys.stderr) -> None:
    """Serves until SIGTERM or SIGINT, then answers what it has read. A second signal ends it at
    once. Raises BadSetup where it can't start.
    """
    try:
        cpu_of(config.device), trusted_of(config.device)
    except (ValueError, DeviceUnavailable) as error:
        raise BadSetup(str(error)) from None
    log = Log(log_to)
    try:
        asyncio.run(_Server(config, log).run())
    finally:
        log.close()


class _Server:
    """One run of the server."""

    def __init__(self, config: Config, log: Log) -> None:
        most = _with_files(config.limits.connections)
        self._config, self._log = config, log
        self._limits = config.limits._replace(connections=most)
        self._metrics = Metrics()

    async def run(self) -> None:
        """Starts, serves, drains, stops."""
        self._stop, self._force = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        async with AsyncExitStack() as stack:
            await self._serve(stack)
        self._log.event("stopped")

    def _signalled(self) -> None:
        (self._force if self._stop.is_set() else self._stop).set()

    async def _serve(self, stack: AsyncExitStack) -> None:
        config, log, metrics = self._config, self._log, self._metrics
        credentials = None if config.tls is None else credentials_of(config.tls)
        directory, doors = stack.enter_context(doors_of(config.unix, config.users, config.tcp))
        endpoint = await stack.enter_async_context(scraped(config.metrics, metrics))
        front = Front(
            directory, self._budget(), most=self._limits.connections, log=log, metrics=metrics
        )
        engine = Engine(
            metrics,
            threads=config.threads,
            device=config.device,
            cache=config.cache,
            memory=self._limits.held_bytes,
        )
        service = Service(engine, front, self._limits, log=log, metrics=metrics)
        server, states = await _grpc_server(service)
        for door in doors:
            if door.users is not None:
                server.add_insecure_port(f"unix:{door.target}")
            else:
                server.add_secure_port(f"unix:{door.target}", credentials)
        await server.start()
        for door in doors:
            front.open(door)
        tcp = [name_of(door.listener) for door in doors if door.users is None]
        log.event(
            "serving",
            version=__version__,
            unix=config.unix,
            tcp=tcp[0] if tcp else None,
            client_certificates=config.tls.client_ca is not None if config.tls else None,
            metrics=endpoint,
            connections=self._limits.connections,
            pid=os.getpid(),
        )
        # What is here now stays: nobody has to look through it for garbage again and again.
        gc.collect()
        gc.freeze()
        await self._stop.wait()
        await self._drain(server, states, front, service)
        engine.close()

    def _budget(self) -> Budget:
        limits = self._limits
        budget = Budget(
            limits.held_bytes,
            _CALLS * limits.message_bytes,
            patience=self._config.patience,
            on_cut=self._cut,
        )
        self._metrics.held.set_function(lambda: budget.held)
        return budget

    def _cut(self, connection: Counted, held: int) -> None:
        assert isinstance(connection, Connection)
        self._metrics.refused.labels("held_too_much").inc()
        self._log.event("connection_cut", connection=connection.name, held_bytes=held)

    async def _drain(self, server: Any, states: Any, front: Front, service: Service) -> None:
        """Lets nobody in, answers what was read, and ends all calls."""
        self._log.event("draining", streams=service.streams, seconds=self._config.drain)
        await front.close()
        service.drain()
        # Whoever watches the state and reads slowly would hold this up.
        told = asyncio.create_task(states.enter_graceful_shutdown())
        idle = asyncio.create_task(service.idle())
        force = asyncio.create_task(self._force.wait())
        await asyncio.wait(
            {idle, force}, timeout=self._config.drain, return_when=asyncio.FIRST_COMPLETED
        )
        if service.streams:
            self._log.event("cut_short", streams=service.streams)
        await server.stop(_LAST_WORDS)
        front.cut()
        for task in (told, idle, force):
            task.cancel()


# Calls at a time on one connection: Verify, health, reflection; more of them wait.
_CALLS = 8
# Seconds for what is answered already, and for calls that never end (health, reflection).
_LAST_WORDS = 0.5


async def _grpc_server(service: Service) -> tuple[Any, Any]:
    """Returns gRPC's server, and the service that tells its health."""
    server = grpc.aio.server(
        interceptors=[Calls(service.front)],
        options=[
            ("grpc.max_receive_message_length", service.limits.message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", _CALLS),
            ("grpc.server_handshake_timeout_ms", 10_000),
            ("grpc.max_connection_idle_ms", 600_000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ],
    )
    server.add_generic_rpc_handlers((service.handler(),))
    states = _Health(service)
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    await states.set(NAME, health_pb2.HealthCheckResponse.SERVING)
    reflection.enable_server_reflection(
        (NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    return server, states


class _Health(health.aio.HealthServicer):  # type: ignore[misc]
    """grpc.health.v1. What its callers have sent is not held."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        self._service.read(context)
        return await super().Check(request, context)

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802
        self._service.read(context)
        if request.service in self._server_status:
            await super().Watch(request, context)
            return
        # gRPC's own would keep every name that anybody has ever asked for.
        unknown = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        await context.write(health_pb2.HealthCheckResponse(status=unknown))
        await asyncio.Event().wait()


def _with_files(connections: int) -> int:
    """Returns how many connections there may be, of so many, with the files that this process may
    open: three each. Raises that limit where it can.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        connections = min(connections, (soft - _OTHER_FILES) // 3)
    if connections < 1:
        raise BadSetup(f"this process may open {soft} files: too few")
    return connections


_OTHER_FILES = 100
