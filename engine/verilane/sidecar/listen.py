"""The server's doors: a Unix socket, TCP with TLS, and the endpoint for Prometheus."""

import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from .errors import BadSetup
from .front import Door
from .metrics import Endpoint, Metrics
from .sockets import OwnSocket

__all__ = ["Tls", "address_of", "credentials_of", "doors_of", "name_of", "scraped"]


class Tls(NamedTuple):
    """PEM files. client_ca: who signs callers' certificates; None: anybody may call."""

    cert: Path
    key: Path
    client_ca: Path | None = None


@contextmanager
def doors_of(
    unix: str | None, users: frozenset[int], tcp: tuple[str, int] | None
) -> Iterator[tuple[str, list[Door]]]:
    """Yields a private directory and the doors, whose targets lie in it."""
    if unix is None:
        directory, own = tempfile.mkdtemp(prefix="verilane-"), None
    else:
        own = OwnSocket(unix, mode=0o666 if users else 0o600)
        directory = own.directory
    doors = []
    try:
        if own is not None:
            allowed = frozenset({0, os.geteuid(), *users})
            doors.append(Door(own.socket, os.path.join(directory, "grpc"), allowed))
        if tcp is not None:
            doors.append(Door(_bound(*tcp), os.path.join(directory, "tls"), None))
        yield directory, doors
    finally:
        for door in doors:
            door.listener.close()
        if own is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            own.close()


def _bound(host: str, port: int) -> socket.socket:
    """Returns a listening TCP socket."""
    made = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        if made is not None:
            made.close()
        raise BadSetup(f"{host}:{port}: {error.strerror}") from None
    return made


_BACKLOG = 1024


def name_of(listener: socket.socket) -> str:
    """Returns where a TCP socket listens, as "host:port"."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def credentials_of(tls: Tls) -> Any:
    """Returns gRPC's credentials. Raises BadSetup for files that are not there, or do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _tried(tls.cert, lambda: context.load_cert_chain(tls.cert, tls.key, password=_no_password))
    if tls.client_ca is not None:
        _tried(tls.client_ca, lambda: context.load_verify_locations(tls.client_ca))
    client_ca = None if tls.client_ca is None else tls.client_ca.read_bytes()
    pair = tls.key.read_bytes(), tls.cert.read_bytes()
    return grpc.ssl_server_credentials(
        [pair], root_certificates=client_ca, require_client_auth=client_ca is not None
    )


def _tried(path: Path, load: Any) -> None:
    try:
        load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise BadSetup(f"{getattr(error, 'filename', None) or path}: {reason}") from None


def _no_password() -> str:
    raise ValueError("the key is locked with a password: give one that is not")


@asynccontextmanager
async def scraped(where: str | None, metrics: Metrics) -> AsyncIterator[str | None]:
    """Serves /metrics; yields where. where: "unix:PATH" or "HOST:PORT"; None: nowhere."""
    if where is None:
        yield None
        return
    own, name = None, where
    if where.startswith("unix:"):
        own = OwnSocket(where.removeprefix("unix:"))
        listener = own.socket
    else:
        listener = _bound(*address_of(where))
        name = name_of(listener)
    endpoint = Endpoint(metrics, listener)
    try:
        await endpoint.open()
        yield name
    finally:
        endpoint.close()
        listener.close()
        if own is not None:
            own.close()


def address_of(text: str) -> tuple[str, int]:
    """Returns host and port of "HOST:PORT" ("[::1]:80" too). Raises BadSetup for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise BadSetup(f"{text}: expected HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)
