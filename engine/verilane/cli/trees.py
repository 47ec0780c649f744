"""The commands of `verilane merkle`. What they do is in evidence.py."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .._cpu import HASHES
from .._cpu_trees import KINDS
from .._devices import use
from .._verdicts import Verdict
from ..errors import DeviceUnavailable
from . import evidence
from .leaves import Columns, Files, Lines, Source
from .options import BAD_USE, INTERRUPTED, NOT_VALID, DeviceName, Threads, takes
from .stream import BadInput

__all__ = ["merkle_app"]

merkle_app = typer.Typer(
    help="Roots of Merkle trees over files, and proofs that a file is in one.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

TreeName = Enum("TreeName", {name: name for name in KINDS}, type=str)  # type: ignore[misc]
HashName = Enum(  # type: ignore[misc]
    "HashName", {name: name for name, hash in HASHES.items() if hash.size == 32}, type=str
)
RFC6962 = TreeName("rfc6962")

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="One leaf a file; of a folder, every file below it."),
]
Tree = Annotated[TreeName, typer.Option("--tree", help="The kind of tree.")]
Hash = Annotated[
    HashName | None, typer.Option("--hash", help="The hash (default: the tree's own).")
]
AreLines = Annotated[
    bool, typer.Option("--lines", help="One leaf a line of the one FILE (32-byte leaves: in hex).")
]
Column = Annotated[
    str | None, typer.Option(metavar="COL", help="One leaf a row of this column of a Parquet file.")
]
Limit = Annotated[int | None, typer.Option(min=0, help="Of an SSZ tree: the chunks it may have.")]
Length = Annotated[
    str | None,
    typer.Option(metavar="N|leaves", help="Of an SSZ list: the length that is mixed in."),
]


@dataclass(frozen=True)
class Options:
    """How leaves lie in files, which tree is made of them, and where."""

    tree: Tree = RFC6962
    hash: Hash = None
    lines: AreLines = False
    column: Column = None
    limit: Limit = None
    length: Length = None
    threads: Threads = None
    device: DeviceName = None

    def source(self, files: list[Path]) -> tuple[Source, str]:
        """Returns the leaves and their form: "files", "lines" or "column"."""
        if not self.lines and self.column is None:
            return Files(files), "files"
        if len(files) > 1 or (self.lines and self.column is not None):
            raise BadInput("--lines and --column take one FILE, and not both")
        if self.column is not None:
            return Columns(files[0], self.column), "column"
        return Lines(files[0]), "lines"

    def shape(self) -> evidence.Shape:
        """Returns what becomes of them."""
        length: int | str | None = self.length
        if self.length is not None and self.length != "leaves":
            if not self.length.isascii() or not self.length.isdecimal():
                raise BadInput(f"--length {self.length}: expected a number or leaves")
            length = int(self.length)
        named = None if self.hash is None else self.hash.value
        return evidence.Shape(self.tree.value, named, self.limit, length, self.threads)


@merkle_app.command()
@takes(Options)
def root(options: Options, files: Inputs) -> None:
    """Print the root over leaves: files, lines of one, or a column of a Parquet file.

    Where a tree's leaves are hashes (all but rfc6962 and plain), a file stands for its hash.
    """

    def job() -> int:
        source, form = options.source(files)
        shape = options.shape()
        value, n = evidence.root(source, shape, form)
        print(value.hex())
        typer.echo(f"{n:,} leaves, {shape.tree}, {shape.hash or shape.kind.hash}", err=True)
        return 0

    _run(options.device, job)


@merkle_app.command()
@takes(Options)
def proof(
    options: Options,
    files: Inputs,
    leaf: Annotated[
        str,
        typer.Option(metavar="FILE|N", help="The leaf to prove: a file, or a number from 0 on."),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="PROOF.json", help="Write the proof here.")
    ] = None,
) -> None:
    """Prove that one leaf is among them: a small JSON file, which names the root.

    Give the leaves as for `root`, in the same order.
    """

    def job() -> int:
        source, form = options.source(files)
        found = evidence.prove(source, options.shape(), form, leaf)
        if out is None:
            print(json.dumps(found, indent=1))
        else:
            evidence.write(found, out, source)
            print(found["root"])
        return 0

    _run(options.device, job)


@merkle_app.command()
def verify(
    proof: Annotated[Path, typer.Argument(metavar="PROOF.json", help="What `proof` wrote.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file that it is for.")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="The root that you know. Without it, the proof's own."),
    ] = None,
    device: DeviceName = None,
) -> None:
    """Verify a proof: that a file was among the leaves of a root.

    A proof is worth no more than its root: compare that with the one that was published.

    Exit status: 0 if the proof holds, 1 if not, 2 for bad use or bad input.
    """

    def job() -> int:
        given = evidence.read_proof(proof)
        text = given["root"] if root is None else root
        try:
            known = bytes.fromhex(text)
        except ValueError:
            raise BadInput(f"--root {root}: expected hexadecimal digits") from None
        verdict = evidence.check(given, file, known)
        print(f"{verdict.name}: {_MEANINGS[verdict]}")
        print(f"root {text}" + ("" if root is not None else " (the proof's own)"))
        return 0 if verdict == Verdict.OK else NOT_VALID

    _run(device, job)


_MEANINGS = {
    Verdict.OK: "the leaf is in the tree",
    Verdict.BAD_KEY: "the root does not have 32 bytes",
    Verdict.BAD_SIGNATURE: "the proof is malformed: its length, index or size",
    Verdict.BAD_MESSAGE: "the leaf does not have 32 bytes",
    Verdict.MISMATCH: "the proof leads to another root",
}


def _run(device: str | None, job: Callable[[], int]) -> None:
    """Ends with the job's exit status, or with that of what went wrong."""
    try:
        with nullcontext() if device is None else use(device):
            status = job()
    except (BadInput, ValueError, DeviceUnavailable) as error:
        typer.echo(f"verilane: {error}", err=True)
        status = BAD_USE
    except KeyboardInterrupt:
        typer.echo("verilane: interrupted", err=True)
        status = INTERRUPTED
    raise typer.Exit(status)
