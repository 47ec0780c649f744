"""The command `verilane bench`. What it measures is in verilane.benchmark."""

import importlib.util
import json
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .options import BAD_USE, INTERRUPTED
from .stream import BadInput

__all__ = ["bench"]

# What the extra "bench" brings: the module's name and the package's.
_NEEDED = {"matplotlib": "matplotlib", "coincurve": "coincurve", "nacl": "PyNaCl"}
_NEEDED["cryptography"] = "cryptography"


class BenchScheme(str, Enum):
    """What can be measured."""

    SECP256K1_ECDSA = "secp256k1-ecdsa"
    SECP256K1_RECOVER = "secp256k1-recover"
    BIP340 = "bip340"
    ED25519 = "ed25519"
    P256_ECDSA = "p256-ecdsa"
    SM2 = "sm2"


def bench(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Write bench.json and bench.html in this folder.")
    ] = Path("verilane-bench"),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer sizes: a minute or two.")] = False,
    peers: Annotated[bool, typer.Option(help="Measure other libraries beside Verilane.")] = True,
    scheme: Annotated[
        list[BenchScheme] | None, typer.Option(help="Only this scheme (may be given again).")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0, help="Time for each batch size (default: 1.5, --quick: 0.3)."),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option(min=0, metavar="DOLLARS", help="What this machine costs an hour."),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option("--from", metavar="BENCH.json", help="Measure nothing: draw this run again."),
    ] = None,
) -> None:
    """Measure signatures and Merkle trees on every device here, beside other libraries.

    Writes a JSON file and one HTML page with charts, which needs no network: which device is the
    fastest at which batch size, throughput, latency, what a million verifications cost. Ctrl-C
    keeps what was measured.
    """
    try:
        status = _run(out, quick, peers, scheme or list(BenchScheme), seconds, price, draw)
    except (BadInput, OSError) as error:
        typer.echo(f"verilane: {error}", err=True)
        status = BAD_USE
    raise typer.Exit(status)


def _run(
    out: Path,
    quick: bool,
    peers: bool,
    schemes: list[BenchScheme],
    seconds: float | None,
    price: float | None,
    draw: Path | None,
) -> int:
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise BadInput(f"bench needs {', '.join(missing)}: pip install 'verilane[bench]'")
    out.mkdir(parents=True, exist_ok=True)
    if draw is not None:
        return _write(out, _read(draw), price)
    from ..benchmark.run import Plan, Results, measure

    names = tuple(each.value for each in schemes)
    plan = Plan.quick(names, peers) if quick else Plan(names, peers)
    results = Results(plan if seconds is None else replace(plan, seconds=seconds))
    status = 0
    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)
        try:
            measure(
                results,
                lambda name, done, total: bar.update(
                    task, description=name, completed=done, total=total
                ),
            )
        except KeyboardInterrupt:
            typer.echo("verilane: interrupted", err=True)
            status = INTERRUPTED
    return _write(out, results.as_json(), price) or status


def _read(file: Path) -> dict[str, Any]:
    from ..benchmark.run import FORMAT

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{file}: no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadInput(f"{file}: expected what `verilane bench` writes, format {FORMAT!r}")
    return found


def _write(out: Path, results: dict[str, Any], price: float | None) -> int:
    from ..benchmark.page import page

    for name, text in (
        ("bench.json", json.dumps(results, indent=1) + "\n"),
        ("bench.html", page(results, price)),
    ):
        path = out / name
        fresh = path.with_name(f".{name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
        print(path)
    return 0
