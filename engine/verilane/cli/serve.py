"""The command `verilane serve`. Its libraries (gRPC and others) come with the extra "serve"."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import VerilaneError
from .options import BAD_USE, DeviceName, Threads

__all__ = ["serve"]

_LIBRARIES = ("google", "grpc", "grpc_health", "grpc_reflection", "prometheus_client")
_MIB = 1 << 20


def serve(
    unix: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Listen on a Unix socket, for this user and root."),
    ] = None,
    allow_uid: Annotated[
        list[int] | None,
        typer.Option(metavar="UID", min=0, help="Another user who may connect to it. Repeatable."),
    ] = None,
    tcp: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Listen on TCP too, with TLS.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE.pem", help="Certificate chain for --tcp.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE.pem", help="Its private key.")
    ] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE.pem", help="Who signs callers' certificates (else: anybody)."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Serve Prometheus: HOST:PORT, or unix:PATH."),
    ] = None,
    max_items: Annotated[int, typer.Option(min=1, max=1 << 20, help="Items in one batch.")] = 8192,
    max_message: Annotated[
        int, typer.Option(metavar="MIB", min=1, max=512, help="Size of one batch.")
    ] = 4,
    max_held: Annotated[
        int,
        typer.Option(metavar="MIB", min=1, help="Callers' bytes in memory, before they must wait."),
    ] = 256,
    max_batches: Annotated[
        int, typer.Option(min=1, max=1024, help="Batches of one stream without an answer.")
    ] = 4,
    max_connections: Annotated[
        int, typer.Option(min=1, max=1 << 20, help="Connections at a time.")
    ] = 1024,
    drain: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="For batches, when it has to stop.")
    ] = 30.0,
    threads: Threads = None,
    device: DeviceName = None,
    cache: Annotated[
        int, typer.Option(min=0, help="Valid items of small batches to remember, 16 bytes each.")
    ] = 0,
) -> None:
    """Verify for other processes, over gRPC (verilane.proto in the package is the contract).

    SIGTERM or Ctrl-C: no batch is read any more, those that were read are answered, then it ends.
    Exit status: 0 if it was stopped so, 2 for bad use. It logs a line of JSON for each event.
    """
    # What gRPC's library has to say about bytes that are no HTTP/2 is of no use to anybody.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        from ..sidecar.listen import Tls, address_of
        from ..sidecar.server import Config
        from ..sidecar.server import serve as run
        from ..sidecar.service import Limits
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise _stop(f"serve needs {error.name}: pip install 'verilane[serve]'") from None
    if unix is None and tcp is None:
        raise _stop("nowhere to listen: give --unix PATH (or --tcp HOST:PORT)")
    if allow_uid and unix is None:
        raise _stop("--allow-uid needs --unix")
    if max_held < max_message:
        raise _stop("--max-held is less than --max-message")
    tls = None
    if tcp is not None:
        if tls_cert is None or tls_key is None:
            raise _stop("--tcp needs --tls-cert and --tls-key")
        tls = Tls(tls_cert, tls_key, tls_client_ca)
    elif tls_cert or tls_key or tls_client_ca:
        raise _stop("--tls-cert, --tls-key and --tls-client-ca need --tcp")
    limits = Limits(
        batch_items=max_items,
        message_bytes=max_message * _MIB,
        stream_batches=max_batches,
        held_bytes=max_held * _MIB,
        connections=max_connections,
    )
    try:
        run(
            Config(
                unix=unix,
                users=frozenset(allow_uid or ()),
                tcp=None if tcp is None else address_of(tcp),
                tls=tls,
                metrics=metrics,
                limits=limits,
                drain=drain,
                threads=threads,
                device=device,
                cache=cache,
            )
        )
    except VerilaneError as error:
        raise _stop(str(error)) from None


def _stop(why: str) -> Any:
    typer.echo(f"verilane: {why}", err=True)
    return typer.Exit(BAD_USE)
