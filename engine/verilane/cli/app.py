"""The commands. What they do is in audit.py; what `verify` takes, in signatures.py."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .. import __version__, _cpu, _device_hashes
from .._devices import devices, use
from .._verdicts import Verdict
from ..errors import DeviceUnavailable
from . import audit, rates
from .benchmarks import bench
from .options import BAD_USE, INTERRUPTED, NOT_VALID, DeviceName, Threads, takes
from .serve import serve
from .signatures import BatchSize, Digests, LowS, Signatures, VerifyOptions
from .stream import BadInput, Reader
from .trees import merkle_app

__all__ = ["app"]

app = typer.Typer(
    help="Verify many signatures at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(merkle_app, name="merkle")
app.command()(bench)
app.command()(serve)

File = Annotated[Path, typer.Argument(metavar="FILE.parquet", help="The file to read.")]


@app.command()
@takes(VerifyOptions)
def verify(options: VerifyOptions, file: File) -> None:
    """Verify every signature in a Parquet file.

    Exit status: 0 if every verdict is OK (with --expected: as expected), 1 if not, 2 for bad
    use or bad input. What was verified before bad input or Ctrl-C is kept in --out.
    """
    try:
        check = options.check()
    except BadInput as error:
        _stop(audit.Tally(), str(error), BAD_USE)

    def job(reader: Reader, tally: audit.Tally) -> None:
        audit.verify(
            reader,
            tally,
            check,
            expected=options.expected,
            out=options.out,
            batch_size=options.batch_size,
        )

    _report_on(file, check.names, options.expected, options.device, job)


@app.command()
def recover(
    file: File,
    signatures: Signatures,
    digests: Digests,
    low_s: LowS = False,
    parity_ids: Annotated[
        bool,
        typer.Option("--parity-ids", help="Take recovery ids 2 and 3 for bad (as Ethereum does)."),
    ] = False,
    expected: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of the 64-byte keys (x, y) expected.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="KEYS.parquet", help="Write row numbers, verdicts and keys here."),
    ] = None,
    threads: Threads = None,
    device: DeviceName = None,
    batch_size: BatchSize = 65536,
) -> None:
    """Recover the public key of every secp256k1 ECDSA signature in a Parquet file.

    A signature is 65 bytes: r, s and the recovery id 0 to 3.

    Exit status: 0 if every key is recovered (with --expected: as expected), 1 if not, 2 for bad
    use or bad input. What was recovered before bad input or Ctrl-C is kept in --out.
    """

    def job(reader: Reader, tally: audit.Tally) -> None:
        audit.recover(
            reader,
            tally,
            signatures=signatures,
            digests=digests,
            expected=expected,
            out=out,
            batch_size=batch_size,
            low_s=low_s,
            parity_ids=parity_ids,
            threads=threads,
        )

    _report_on(file, [signatures, digests], expected, device, job)


@app.command("devices")
def list_devices(
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Also measure how fast each device verifies, show from how many items on it beats "
            "the CPU, and keep that for calls that name no device. A few seconds; longer where "
            "kernels must be compiled.",
        ),
    ] = False,
) -> None:
    """List every device and instruction set, its lanes, and why one is missing."""
    table = Table("device", "signature lanes", "SHA-256 lanes", "here", box=None)
    for device in devices():
        lanes = [str(number or "-") for number in (device.signature_lanes, device.hash_lanes)]
        there = f"yes: {device.title}" if device.title else "yes"
        here = there if device.available else f"no: {device.missing}"
        table.add_row(device.name, *lanes, escape(here))
    Console().print(table)
    if calibrate:
        rates.calibrate()


@app.command()
def selftest() -> None:
    """Run the known answers of every device and instruction set that this machine has."""
    tests = {f"cpu:{isa.name}": partial(_cpu.selftest, isa.number) for isa in _cpu.isas()}
    failed = False
    for device in devices():
        test = tests.get(device.name) or partial(_device_hashes.selftest, device.name)
        try:
            result = "ok" if test() else "FAILED"
        except DeviceUnavailable as error:
            result = f"skipped: {device.missing or error}"
        failed |= result == "FAILED"
        print(f"{device.name:<14} {result}")
    if failed:
        raise typer.Exit(NOT_VALID)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"verilane {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Verify many signatures at once. Everything is public data: nothing here is constant time."""


def _report_on(
    file: Path,
    columns: list[str],
    expected: str | None,
    device: str | None,
    job: Callable[[Reader, audit.Tally], None],
) -> None:
    """Runs a job over a file, prints its tally, and ends with the exit status that it deserves."""
    tally = audit.Tally()
    try:
        reader = Reader(file, columns if expected is None else [*columns, expected])
        with nullcontext() if device is None else use(device):
            job(reader, tally)
    except (BadInput, ValueError, DeviceUnavailable) as error:
        _stop(tally, str(error), BAD_USE)
    except KeyboardInterrupt:
        _stop(tally, "interrupted", INTERRUPTED)
    _print(tally, expected)
    raise typer.Exit(NOT_VALID if tally.failures else 0)


def _stop(tally: audit.Tally, why: str, status: int) -> NoReturn:
    done = f" (after {tally.rows:,} rows)" if tally.rows else ""
    print_error(f"verilane: {why}{done}")
    raise typer.Exit(status)


def print_error(line: str) -> None:
    """Prints one line on stderr."""
    typer.echo(line, err=True)


def _print(tally: audit.Tally, expected: str | None) -> None:
    rate = tally.rows / tally.seconds if tally.seconds else 0.0
    print(f"{tally.rows:,} signatures in {tally.seconds:.2f} s, {rate:,.0f} a second")
    for verdict in Verdict:
        if tally.counts[verdict] != 0:
            print(f"  {verdict.name:<14}{tally.counts[verdict]:>14,}  {verdict.reason}")
    what = "not OK" if expected is None else "not as expected"
    print(f"{what}: {tally.failures:,} rows")
    for row, verdict in tally.first_failures:
        print(f"  row {row}: {verdict}")
    if tally.failures > len(tally.first_failures):
        print("  ...")
