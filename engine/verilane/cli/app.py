"""The commands and their options. What they do is in audit.py."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from enum import Enum
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
from .options import BAD_USE, INTERRUPTED, NOT_VALID, DeviceName, Threads
from .serve import serve
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


class Scheme(str, Enum):
    """What can be verified."""

    SECP256K1_ECDSA = "secp256k1-ecdsa"
    P256_ECDSA = "p256-ecdsa"
    BIP340 = "bip340"
    ED25519 = "ed25519"
    SM2 = "sm2"


class Rule(str, Enum):
    """What an Ed25519 signature must be."""

    ZIP215 = "zip215"
    RFC8032 = "rfc8032"
    OPENSSL = "openssl"
    STRICT = "strict"


class Encoding(str, Enum):
    """How a signature is written."""

    COMPACT = "compact"
    DER = "der"
    DER_LAX = "der-lax"
    FISCO = "fisco"


class KeyForm(str, Enum):
    """How a public key may be written."""

    ANY = "any"
    SEC1 = "sec1"
    COMPRESSED = "compressed"


File = Annotated[Path, typer.Argument(metavar="FILE.parquet", help="The file to read.")]
Signatures = Annotated[str, typer.Option(metavar="COL", help="Column of the signatures.")]
Digests = Annotated[str, typer.Option(metavar="COL", help="Column of the 32-byte digests.")]
LowS = Annotated[bool, typer.Option("--low-s", help="Take s > n/2 for a bad signature.")]
BatchSize = Annotated[
    int, typer.Option(min=1, max=1 << 24, help="Rows to hold in memory at a time.")
]


@app.command()
def verify(
    file: File,
    scheme: Annotated[Scheme, typer.Option(help="The signature scheme.")],
    signatures: Signatures,
    keys: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the public keys (fisco has them itself)."),
    ] = None,
    digests: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the 32-byte digests (ECDSA, or sm2)."),
    ] = None,
    messages: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of the messages (bip340, ed25519, sm2)."),
    ] = None,
    encoding: Annotated[Encoding, typer.Option(help="How signatures are written.")] = (
        Encoding.COMPACT
    ),
    low_s: LowS = False,
    hybrid_keys: Annotated[
        bool, typer.Option("--hybrid-keys", help="Take 65-byte keys that begin with 06 or 07.")
    ] = False,
    key_form: Annotated[
        KeyForm, typer.Option(help="sec1: no keys of 64 bytes; compressed: keys of 33 bytes only.")
    ] = KeyForm.ANY,
    rule: Annotated[
        Rule | None, typer.Option(help="What Ed25519 signatures must be (default: zip215).")
    ] = None,
    user_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="SM2's user ID for all rows (default: 1234567812345678)."),
    ] = None,
    user_ids: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of SM2's user IDs.")
    ] = None,
    expected: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of what should come out: true for OK and false for any other verdict, "
            "or verdict codes (1 to 5), or verdict names.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="VERDICTS.parquet", help="Write row numbers and verdicts here."),
    ] = None,
    threads: Threads = None,
    device: DeviceName = None,
    batch_size: BatchSize = 65536,
) -> None:
    """Verify every signature in a Parquet file.

    Exit status: 0 if every verdict is OK (with --expected: as expected), 1 if not, 2 for bad
    use or bad input. What was verified before bad input or Ctrl-C is kept in --out.
    """
    if scheme is not Scheme.SM2:
        _refuse(scheme, user_id=user_id, user_ids=user_ids)
    if scheme in (Scheme.SECP256K1_ECDSA, Scheme.P256_ECDSA):
        _refuse(scheme, messages=messages, rule=rule)
        _refuse_encoding(scheme, encoding, Encoding.FISCO)
        check = audit.ecdsa_check(
            scheme.value,
            _require(scheme, "keys", keys),
            signatures,
            _require(scheme, "digests", digests),
            encoding=encoding.value,
            low_s=low_s,
            hybrid_keys=hybrid_keys,
            key_form=key_form.value,
            threads=threads,
        )
    elif scheme is Scheme.SM2:
        _refuse(scheme, low_s=low_s, hybrid_keys=hybrid_keys, rule=rule)
        _refuse(scheme, key_form=key_form is not KeyForm.ANY)
        _refuse_encoding(scheme, encoding, Encoding.DER_LAX)
        if encoding is not Encoding.FISCO:
            keys = _require(scheme, "keys", keys)
        _require_one(scheme, messages=messages, digests=digests)
        _at_most_one(user_id=user_id, user_ids=user_ids, digests=digests)
        check = audit.sm2_check(
            keys,
            signatures,
            messages,
            digests=digests,
            user_ids=user_ids,
            user_id=user_id,
            encoding=encoding.value,
            threads=threads,
        )
    else:
        _refuse(scheme, digests=digests, low_s=low_s, hybrid_keys=hybrid_keys)
        _refuse(scheme, key_form=key_form is not KeyForm.ANY)
        _refuse(scheme, encoding=encoding is not Encoding.COMPACT)
        keys = _require(scheme, "keys", keys)
        signed = _require(scheme, "messages", messages)
        if scheme is Scheme.BIP340:
            _refuse(scheme, rule=rule)
            check = audit.schnorr_check(keys, signatures, signed, threads=threads)
        else:
            named = (rule or Rule.ZIP215).value
            check = audit.ed25519_check(keys, signatures, signed, rule=named, threads=threads)

    def job(reader: Reader, tally: audit.Tally) -> None:
        audit.verify(reader, tally, check, expected=expected, out=out, batch_size=batch_size)

    _report_on(file, check.names, expected, device, job)


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


def _require(scheme: Scheme, option: str, value: str | None) -> str:
    """Returns the value of an option that the scheme needs."""
    if value is None:
        _stop(audit.Tally(), f"--scheme {scheme.value} needs --{option}", BAD_USE)
    return value


def _require_one(scheme: Scheme, **options: str | None) -> None:
    """Ends the run where none of several options is given, or more than one."""
    if not any(options.values()):
        _stop(audit.Tally(), f"--scheme {scheme.value} needs {_listed(options)}", BAD_USE)
    _at_most_one(**options)


def _at_most_one(**options: str | None) -> None:
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        _stop(audit.Tally(), f"at most one of {_listed(given)} can be given", BAD_USE)


def _listed(options: Iterable[str]) -> str:
    return " or ".join("--" + name.replace("_", "-") for name in options)


def _refuse_encoding(scheme: Scheme, encoding: Encoding, other: Encoding) -> None:
    if encoding is other:
        _stop(audit.Tally(), f"--scheme {scheme.value} takes no --encoding {other.value}", BAD_USE)


def _refuse(scheme: Scheme, **options: object) -> None:
    """Ends the run where an option was given that means nothing for the scheme."""
    for name, value in options.items():
        if value:
            option = name.replace("_", "-")
            _stop(audit.Tally(), f"--scheme {scheme.value} takes no --{option}", BAD_USE)


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
