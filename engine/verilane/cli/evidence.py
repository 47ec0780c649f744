"""Roots and proofs over files, and the JSON form of a proof."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import _cpu_trees, merkle
from .._verdicts import Verdict
from ..errors import MutatedTree
from ..hashes import digest_many
from .leaves import Source, read_file
from .progress import Progress
from .stream import BadInput

__all__ = ["Shape", "check", "prove", "read_proof", "root", "write"]

FORMAT = "verilane merkle proof 1"

# Leaves that are no files are small, and stand in the proof itself.
LONGEST_DATA = 1 << 16


@dataclass(frozen=True)
class Shape:
    """Which tree is made of the leaves."""

    tree: str
    hash: str | None
    limit: int | None = None
    length: "int | str | None" = None
    threads: int | None = None

    @property
    def kind(self) -> _cpu_trees.TreeKind:
        """The row of this tree."""
        return _cpu_trees.KINDS[self.tree]

    def options(self) -> dict[str, Any]:
        """What `merkle.Tree` takes."""
        return {
            "tree": self.tree,
            "hash": self.hash,
            "limit": self.limit,
            "length": self.length,
            "threads": self.threads,
        }

    def leaves(self, given: list[bytes], form: str) -> list[bytes]:
        """Returns leaves as the tree takes them. form: "files", "lines" or "column".

        Where leaves are hashes, a file stands for its hash, and a line holds hexadecimal digits.
        """
        if self.kind.hashed_leaves or not given or form == "column":
            return given
        if form == "files":
            digests = digest_many(given, self.hash or self.kind.hash, threads=self.threads)
            return [bytes(digest) for digest in digests]
        return [_from_hex(f"line {line!r}", line.decode("utf-8", "replace")) for line in given]


def _from_hex(what: str, text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise BadInput(f"{what}: expected 64 hexadecimal digits")
    return value


def root(source: Source, shape: Shape, form: str) -> tuple[bytes, int]:
    """Returns the root over all leaves, and their number. Raises BadInput."""
    log = (
        merkle.Tree((), **shape.options())
        if shape.kind.is_sorted
        else merkle.Range((), **shape.options())
    )
    _fill(log, source, shape, form)
    try:
        return log.root, len(log)
    except MutatedTree as error:
        raise BadInput(str(error)) from None


def _fill(log: "merkle.Tree | merkle.Range", source: Source, shape: Shape, form: str) -> None:
    with Progress(source.steps) as progress:
        for batch in source.batches():
            log.append(shape.leaves(batch.leaves, form))
            progress.advance(batch.progress)


def prove(source: Source, shape: Shape, form: str, leaf: str) -> dict[str, Any]:
    """Returns the proof that one leaf is in the tree over all of them. Raises BadInput."""
    tree = merkle.Tree((), **shape.options())
    number, data = source.number(leaf), None
    with Progress(source.steps) as progress:
        for batch in source.batches():
            if len(tree) <= number < len(tree) + len(batch.leaves):
                data = batch.leaves[number - len(tree)]
            tree.append(shape.leaves(batch.leaves, form))
            progress.advance(batch.progress)
    if data is None:
        raise BadInput(f"--leaf {leaf}: there are {len(tree)} leaves, the first one is 0")
    try:
        result: dict[str, Any] = {
            "format": FORMAT,
            "tree": shape.tree,
            "hash": shape.hash or shape.kind.hash,
            "root": tree.root.hex(),
        }
    except MutatedTree as error:
        raise BadInput(str(error)) from None
    if not shape.kind.is_sorted:
        result |= {"size": tree.proof_size, "index": number}
    (taken,) = shape.leaves([data], form)
    if form == "files":
        result["file"] = source.name(number)
    elif len(taken) <= LONGEST_DATA:
        result["leaf"] = taken.hex()
    proof = tree.proof(number)
    result["path"] = [proof[at : at + 32].hex() for at in range(0, len(proof), 32)]
    return result


def write(proof: dict[str, Any], out: Path, source: Source) -> None:
    """Writes a proof: the whole file, or nothing. Raises BadInput."""
    if out.exists() and any(path.exists() and out.samefile(path) for path in source.paths()):
        raise BadInput(f"{out}: the proof can't replace a file that is read")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(proof, indent=1) + "\n", encoding="ascii")
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{out}: {error.strerror or error}") from None


# ---- Checking ----


def read_proof(path: Path) -> dict[str, Any]:
    """Returns a proof as it was written. Raises BadInput for a file that is none."""
    try:
        proof = json.loads(read_file(path))
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: not a proof: no JSON") from None
    if not isinstance(proof, dict) or proof.get("format") != FORMAT:
        raise BadInput(f"{path}: not a proof: its format is not {FORMAT!r}")
    kind = _cpu_trees.KINDS.get(str(proof.get("tree")))
    if kind is None or proof.get("hash") not in kind.hashes:
        raise BadInput(f"{path}: no tree {proof.get('tree')!r} with hash {proof.get('hash')!r}")
    texts = [proof.get("root"), *_list(proof.get("path"))]
    if not all(isinstance(each, str) and _is_hex(each) for each in texts):
        raise BadInput(f"{path}: root and path must be hexadecimal digits")
    numbers = () if kind.is_sorted else ("size", "index")
    if not all(type(proof.get(name)) is int for name in numbers):
        raise BadInput(f"{path}: size and index must be numbers")
    if not isinstance(proof.get("leaf", ""), str) or not _is_hex(proof.get("leaf", "")):
        raise BadInput(f"{path}: leaf must be hexadecimal digits")
    return proof


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def check(proof: dict[str, Any], file: Path | None, root: bytes) -> Verdict:
    """Returns the verdict on a proof: that the file, or without one the leaf in the proof itself,
    is in the tree of this root. Raises BadInput.
    """
    shape = Shape(proof["tree"], proof["hash"])
    if file is not None:
        (leaf,) = shape.leaves([read_file(file)], "files")
    elif "leaf" in proof:
        leaf = bytes.fromhex(proof["leaf"])
    else:
        raise BadInput("give the FILE that the proof is for")
    numbers = {} if shape.kind.is_sorted else {"indices": proof["index"], "sizes": proof["size"]}
    path = bytes.fromhex("".join(proof["path"]))
    return merkle.verify_proofs(
        [root], [leaf], [path], tree=shape.tree, hash=shape.hash, **numbers
    )[0]
