"""Every block of code in the documents runs. What can't be run here, says why, and is at least
parsed by the tool that would.
"""

import ast
import asyncio
import inspect
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

import document_items
from builds import SANITIZED
from documents import ALL_BLOCKS, PAGES, ROOT, Block, blocks, blocks_of, links_of
from verilane import Verdict, Verdicts, clib

# "text" is no code.
LANGUAGES = {"python", "sh", "c", "go", "js"}

# Commands that are not run, by their first words, and why. What is checked instead: their targets,
# or their extras.
NOT_RUN = {
    ("make",): "a target that exists is all that is checked: these tests are run by one of them",
    ("pip", "install"): "needs a network: its extras exist",
}


def tool(*names: str) -> str:
    """The first of these programs that is there; the test is skipped where none is, and where
    programs would need a sanitizer's library first.
    """
    if SANITIZED:
        pytest.skip("a program would need the sanitizer's library first")
    found = next(filter(None, map(shutil.which, names)), None)
    return found or pytest.skip(f"there is no {' or '.join(names)} here")


def test_every_block_has_a_language() -> None:
    assert {block.language for block in ALL_BLOCKS} == {*LANGUAGES, "text"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        if "://" not in link:
            assert (page.parent / link.partition("#")[0]).exists(), f"{page.name}: {link}"


# ---- Python ----


def pages_with(language: str) -> list[Any]:
    """The pages that have blocks in a language."""
    pages = dict.fromkeys(block.page for block in blocks(language))
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


@pytest.fixture
def socket() -> Iterator[str]:
    """A sidecar's socket; of one that serves, if its libraries are here."""
    from sidecar_process import sidecar

    with tempfile.TemporaryDirectory() as folder, sidecar("--unix", f"{folder}/s"):
        yield f"{folder}/s"


@pytest.mark.parametrize("page", pages_with("python"))
def test_python(
    page: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page's blocks one after the other, statement by statement: they print what their comments
    say, and every verdict is OK but for those that are printed. py-evm's block and chain are
    stand-ins (document_items.py): with real ones test_py_evm.py does the same.
    """
    scope = document_items.namespace()
    text = "".join(block.text for block in blocks_of(page) if block.language == "python")
    if "from verilane.proofs" in text:
        scope.update(document_items.trees())
    for block in blocks_of(page):
        if block.language == "python":
            code = block.text
            if "/run/verilane/s" in code:
                code = code.replace("/run/verilane/s", request.getfixturevalue("socket"))
            run_python(block, code, scope, capsys)


def run_python(
    block: Block, code: str, scope: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    comments = re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
    for node in ast.parse(code).body:
        at = f"{block.name} + {node.lineno - 1}"
        before = dict(scope)
        module = ast.Module([node], type_ignores=[])
        compiled = compile(module, at, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if compiled.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(compiled, scope))
        else:
            exec(compiled, scope)
        for name, value in scope.items():
            if before.get(name) is not value and isinstance(value, (Verdict, Verdicts)):
                assert is_expected(value, comments), f"{at}: {name} = {value!r}"
    assert capsys.readouterr().out.splitlines() == comments, block.name


def is_expected(value: Verdict | Verdicts, comments: list[str]) -> bool:
    """Whether all are OK, or what is printed tells which are not."""
    if isinstance(value, Verdict):
        return value == Verdict.OK
    printed = " ".join(comments)
    names = {str(value[i]) for i in value.failed}
    return all(name in printed for name in names)


# ---- Commands ----


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands run: the files that they name."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pytest.importorskip("typer")
    path = tmp_path_factory.mktemp("commands")

    def write(name: str, **columns: list[bytes]) -> None:
        table = {column: pa.array(items, pa.binary()) for column, items in columns.items()}
        pq.write_table(pa.table(table), path / name)

    txs, notes = document_items.transactions(), document_items.notes()
    votes, bills = document_items.votes(), document_items.bills()
    write(
        "transactions.parquet",
        key=txs.keys,
        signature=txs.compact,
        signature65=txs.signatures,
        digest=txs.digests,
    )
    for name, each in ("notes", notes), ("votes", votes), ("bills", bills):
        write(f"{name}.parquet", key=each.keys, signature=each.signatures, message=each.messages)
    (path / "contracts").mkdir()
    for name in ("lease.pdf", "loan.pdf", "sale.pdf"):
        (path / "contracts" / name).write_text(f"the text of {name}")
    return path


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.name)
def test_commands(block: Block, folder: Path, tmp_path: Path) -> None:
    lines = [line for line in block.text.splitlines() if line.strip()]
    for line in lines:
        words = shlex.split(line, comments=True)
        run = next(
            (each for start, each in COMMANDS.items() if words[: len(start)] == [*start]), None
        )
        assert run is not None, f"{block.name}: nobody knows how to run {line!r}"
        run(words, folder, tmp_path)


def run_verilane(words: list[str], folder: Path, _: Path) -> None:
    """In this process, which has loaded its libraries already."""
    from typer.testing import CliRunner

    from verilane.cli.app import app

    before = os.getcwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, words[1:])
    finally:
        os.chdir(before)
    assert done.exit_code == 0, f"{words}\n{done.output}{done.exception}"


def run_server(words: list[str], _: Path, tmp_path: Path) -> None:
    """With another socket, and any port: it serves, and ends when it is told to."""
    from sidecar_process import sidecar

    with tempfile.TemporaryDirectory() as short:
        options = [each.replace("/run/verilane", short) for each in words[2:]]
        options = [re.sub(r"^127\.0\.0\.1:\d+$", "127.0.0.1:0", each) for each in options]
        with sidecar(*options) as server:
            assert server.stop(signal.SIGTERM) == 0


def check_make(words: list[str], *_: Path) -> None:
    """The target exists."""
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {
        name
        for line in re.findall(r"^([\w -]+):(?!=)", rules, re.MULTILINE)
        for name in line.split()
    }
    assert set(words[1:2]) <= targets, words


def check_pip(words: list[str], *_: Path) -> None:
    """The extras exist."""
    known = set(metadata("verilane").get_all("Provides-Extra"))
    for word in words[2:]:
        found = re.fullmatch(r"(?:\.|verilane)(?:\[([\w,]+)\])?", word)
        assert found, word
        assert set((found[1] or "").split(",")) - {""} <= known, word


COMMANDS: dict[tuple[str, ...], Callable[[list[str], Path, Path], None]] = {
    ("verilane", "serve"): run_server,
    ("verilane",): run_verilane,
    ("make",): check_make,
    ("pip", "install"): check_pip,
}


def test_what_is_not_run_is_named() -> None:
    assert COMMANDS.keys() == NOT_RUN.keys() | {("verilane",), ("verilane", "serve")}
    for page in PAGES:  # extras that are named in the text
        for name in re.findall(
            r"pip install '(?:verilane|\.)\[([\w,]+)\]'", page.read_text("utf-8")
        ):
            check_pip(["pip", "install", f"verilane[{name}]"])


# ---- C ----

# What calls the README's function: two votes, the second one forged.
CALLER = r"""
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    vote votes[2];
    uint8_t verdicts[2], seed[32] = {7};
    const int64_t ends[] = {0, 6, 12};
    void *scratch = malloc(vl_scratch_size());
    FILE *file = fopen(argv[argc - 1], "rb");
    if (!file || !scratch || fread(votes, sizeof *votes, 2, file) != 2) return 2;
    fclose(file);
    int error = check(verdicts, 2, votes, (const uint8_t *)"vote 0vote 1", ends, seed, scratch);
    printf("%d %s %s\n", error, vl_verdict_name(verdicts[0]), vl_verdict_name(verdicts[1]));
    free(scratch);
    return 0;
}
"""


@pytest.mark.parametrize("block", blocks("c"), ids=lambda block: block.name)
def test_c(block: Block, tmp_path: Path) -> None:
    """Compiled without a warning, and run."""
    compiler = tool("cc", "gcc", "clang")
    whole = "int main(" in block.text
    source, program, votes = tmp_path / "block.c", tmp_path / "block", tmp_path / "votes"
    source.write_text(block.text + ("" if whole else CALLER))
    given = document_items.votes()
    signatures = [given.signatures[0], given.signatures[1][:-1] + b"\0"]
    votes.write_bytes(b"".join(given.keys[i] + signatures[i] for i in range(2)))
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", *clib.cflags()]
    command = [compiler, *flags, source, "-o", program, *clib.libs()]
    subprocess.run(command, check=True)
    out = subprocess.run([program, votes], check=True, capture_output=True, text=True).stdout
    if whole:
        from verilane import merkle

        assert out.strip() == merkle.root([b"one\0", b"two\0", b"six\0"]).hex()
    else:
        assert out == "0 OK MISMATCH\n"


# ---- Go and JavaScript ----


@pytest.mark.parametrize("block", blocks("go"), ids=lambda block: block.name)
def test_go(block: Block, tmp_path: Path) -> None:
    """Built in nodes/go, as if it lay there; what is a program also runs, and prints what its
    comments say.
    """
    for name in ("go", "gofmt", "pkg-config"):
        tool(name)
    source, program = tmp_path / "block.go", tmp_path / "program"
    source.write_text(block.text)
    listed = subprocess.run(["gofmt", "-l", source], capture_output=True, text=True, check=True)
    assert not listed.stdout, "gofmt would write it otherwise"
    overlay = tmp_path / "overlay.json"
    module = ROOT / "nodes" / "go"
    there = module / "of_a_document" / "block.go"
    overlay.write_text(f'{{"Replace": {{"{there}": "{source}"}}}}')
    environment = {
        **os.environ,
        "PKG_CONFIG_PATH": str(clib.pkg_config_dir()),
        "GOFLAGS": "-mod=readonly",
        "GOPROXY": "off",
    }
    probe = subprocess.run(
        ["go", "list", "."], cwd=module, env=environment, capture_output=True, text=True
    )
    if probe.returncode:
        pytest.skip(f"this Go is none for nodes/go: {probe.stderr.strip()}")
    whole = "package main" in block.text
    target = ["-o", program] if whole else []
    command = ["go", "build", "-overlay", overlay, *target, "./of_a_document"]
    built = subprocess.run(command, cwd=module, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    if whole:
        out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        assert out.splitlines() == re.findall(
            r"^\tfmt\.Print.*\) // (.*)$", block.text, re.MULTILINE
        )


@pytest.mark.parametrize("block", blocks("js"), ids=lambda block: block.name)
def test_js(block: Block, tmp_path: Path) -> None:
    """Parsed; run where npm has installed what nodes/js needs (make test-js)."""
    node = tool("node")
    source = tmp_path / "block.mjs"
    source.write_text(block.text)
    subprocess.run([node, "--check", source], check=True)
    module = ROOT / "nodes" / "js"
    if not (module / "node_modules").exists():
        return
    done = subprocess.run(
        [node, "--input-type=module"],
        input=block.text,
        cwd=module,
        env={**os.environ, "VERILANE_LIBRARY": str(clib.library())},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    comments = re.findall(r"^console\.log\(.*\) // ([^:]*)", block.text, re.MULTILINE)
    assert done.stdout.splitlines() == comments


# ---- The command line's options ----


def test_options_are_the_commands_own() -> None:
    pytest.importorskip("typer")
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import command_line
    finally:
        sys.path.pop(0)
    text = command_line.PAGE.read_text(encoding="utf-8")
    found = command_line.MARKED.search(text)
    assert found is not None
    assert found[0] == command_line.options(), "run: python docs/command_line.py"
