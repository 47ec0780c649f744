"""`verilane merkle`: roots over files, proofs that anyone can check, and nothing half done."""

import json
import os
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cli_files import assert_one_line, pa, pq, run
from reference.merkle import bitcoin_root, rfc6962_root, ssz_root
from test_merkle import hashes
from verilane import merkle
from verilane._cpu_trees import KINDS

pytest.importorskip("typer")

from typer.testing import CliRunner

from verilane.cli.app import app


def call(*arguments: Any) -> Any:
    """As `run`, in this process."""
    return CliRunner().invoke(app, ["merkle", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine documents, some of them in a folder of their own; one is empty."""
    place = tmp_path / "documents"
    (place / "more").mkdir(parents=True)
    for i in range(6):
        (place / f"{i}.txt").write_bytes(b"document %d\n" % i * (i * 20))
    for name in ("a.pdf", "b.pdf", "ä.pdf"):
        (place / "more" / name).write_bytes(name.encode() * 3000)
    return place


def documents(folder: Path) -> list[Path]:
    return sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: os.fsencode(p))


def test_a_folder_anchored_and_a_document_proved(folder: Path, tmp_path: Path) -> None:
    """As a process: what the README shows."""
    contents = [path.read_bytes() for path in documents(folder)]
    result = run("merkle", "root", folder)
    assert result.returncode == 0, result
    assert result.stdout.split() == [rfc6962_root(contents).hex()]
    assert result.stderr == "9 leaves, rfc6962, sha256\n"
    proof = tmp_path / "proof.json"
    made = run("merkle", "proof", folder, "--leaf", "b.pdf", "--out", proof)
    assert made.returncode == 0, made
    assert made.stdout == result.stdout
    document = folder / "more" / "b.pdf"
    checked = run("merkle", "verify", proof, document, "--root", result.stdout.strip())
    assert checked.returncode == 0, checked
    assert checked.stdout.startswith("OK: the leaf is in the tree\n")
    assert len(list(tmp_path.iterdir())) == 2, "no file is left over"


@pytest.mark.parametrize("tree", KINDS)
def test_every_tree_and_every_document(folder: Path, tmp_path: Path, tree: str) -> None:
    files = documents(folder)
    root = call("root", folder, "--tree", tree).stdout.split()[0]
    for number, file in enumerate(files):
        out = tmp_path / f"{number}.json"
        leaf = number if number % 2 else file
        assert call("proof", folder, "--tree", tree, "--leaf", leaf, "--out", out).exit_code == 0
        proof = json.loads(out.read_text())
        assert proof["root"] == root
        assert proof["file"] == str(file)
        for other in (file, files[number - 1]):
            result = call("verify", out, other)
            assert result.exit_code == (0 if other == file else 1), result.output
    wrong = call("verify", tmp_path / "0.json", files[0], "--root", "00" * 32)
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith("MISMATCH: the proof leads to another root")


def test_a_file_stands_for_its_hash(folder: Path) -> None:
    contents = [path.read_bytes() for path in documents(folder)]
    digests = [sha256(content).digest() for content in contents]
    twice = [sha256(digest).digest() for digest in digests]
    assert call("root", folder, "--tree", "ssz").stdout.split()[0] == ssz_root(digests).hex()
    assert (
        call("root", folder, "--tree", "bitcoin").stdout.split()[0] == bitcoin_root(twice)[0].hex()
    )
    options = ["--tree", "ssz", "--limit", 100, "--length", "leaves"]
    assert call("root", folder, *options).stdout.split()[0] == ssz_root(digests, 100, 9).hex()
    options = ["--hash", "sm3", "--threads", 1, "--device", "cpu:scalar"]
    sm3 = merkle.root(contents, hash="sm3").hex()
    assert call("root", folder, *options).stdout.split()[0] == sm3


def test_files_in_the_order_given(folder: Path) -> None:
    files = list(reversed(documents(folder)))
    contents = [path.read_bytes() for path in files]
    assert call("root", *files).stdout.split()[0] == rfc6962_root(contents).hex()


def test_lines_and_columns(tmp_path: Path) -> None:
    leaves = [b"first", b"", b"third, with \xff and \r", *hashes(70)]
    leaves = [leaf.replace(b"\n", b".") for leaf in leaves]
    lines = tmp_path / "leaves"
    lines.write_bytes(b"\n".join(leaves))
    table = tmp_path / "leaves.parquet"
    pq.write_table(pa.table({"leaf": pa.array(leaves, pa.binary())}), table)
    root = rfc6962_root(leaves).hex()
    for source in ([lines, "--lines"], [table, "--column", "leaf"]):
        assert call("root", *source).stdout.split()[0] == root
        out = tmp_path / "proof.json"
        assert call("proof", *source, "--leaf", 2, "--out", out).exit_code == 0
        assert json.loads(out.read_text())["leaf"] == leaves[2].hex()
        assert call("verify", out, "--root", root).exit_code == 0
        printed = json.loads(call("proof", *source, "--leaf", 2).stdout)
        assert printed == json.loads(out.read_text())
        printed["leaf"] = leaves[0].hex()
        out.write_text(json.dumps(printed))
        assert call("verify", out).exit_code == 1


def test_lines_of_hashes(tmp_path: Path) -> None:
    lines = tmp_path / "hashes"
    lines.write_text("".join(leaf.hex() + "\n" for leaf in hashes(20)))
    for tree in ("bitcoin", "openzeppelin", "ssz", "fisco2", "fisco3"):
        root = call("root", lines, "--lines", "--tree", tree).stdout.split()[0]
        assert root == merkle.root(hashes(20), tree).hex()
        out = tmp_path / "proof.json"
        assert (
            call("proof", lines, "--lines", "--tree", tree, "--leaf", 7, "--out", out).exit_code
            == 0
        )
        assert call("verify", out, "--root", root).exit_code == 0
    lines.write_text("zz\n")
    result = call("root", lines, "--lines", "--tree", "bitcoin")
    assert result.exit_code == 2 and "expected 64 hexadecimal digits" in result.output
    lines.write_text((hashes(1)[0].hex() + "\n") * 2)
    result = call("root", lines, "--lines", "--tree", "bitcoin")
    assert result.exit_code == 2 and "CVE-2012-2459" in result.output


# ---- What is named, and nothing written ----


def refused(message: str, out: Path, *arguments: Any) -> None:
    result = call("proof", *arguments, "--out", out)
    assert result.exit_code == 2, result.output
    assert message in result.output, result.output
    assert not out.exists()
    assert not [path for path in out.parent.iterdir() if path.name.endswith(".part")]


def test_unreadable_files(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    missing = folder / "missing"
    refused(f"{missing}: No such file", out, folder, missing, "--leaf", 0)
    link = folder / "link"
    link.symlink_to(missing)
    refused(f"{link}: No such file", out, folder, "--leaf", 0)
    link.unlink()
    os.mkfifo(link)
    refused(f"{link}: not a regular file", out, folder, "--leaf", 0)
    link.unlink()
    memory = Path("/proc/self/mem")  # opens, but its first byte can't be read
    if memory.exists():
        refused(f"{memory}: Input/output error", out, folder, memory, "--leaf", 0)


def test_a_file_that_changes_while_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows after its first bytes were read, or another one takes its place."""
    victim, out = folder / "more" / "a.pdf", tmp_path / "proof.json"
    opened = Path.open

    def grow() -> None:
        with opened(victim, "ab") as file:
            file.write(b"more")

    def replace() -> None:
        (tmp_path / "new").write_bytes(victim.read_bytes())
        os.replace(tmp_path / "new", victim)

    for change in (grow, replace, victim.unlink):

        def meddle(path: Path, *mode: Any, change: Any = change, **more: Any) -> Any:
            file = opened(path, *mode, **more)
            if path == victim and mode == ("rb",):
                monkeypatch.undo()
                threading.Thread(target=change).run()
            return file

        monkeypatch.setattr(Path, "open", meddle)
        refused(f"{victim}: changed while it was read", out, folder, "--leaf", 0)
    lines = tmp_path / "lines"
    lines.write_text("one\ntwo\n")
    victim = lines

    def growing(path: Path, *mode: Any, **more: Any) -> Any:
        file = opened(path, *mode, **more)
        calls.append(path)
        if path == lines and len(calls) == 2:
            monkeypatch.undo()
            grow()
        return file

    calls: list[Path] = []
    monkeypatch.setattr(Path, "open", growing)
    refused(f"{lines}: changed while it was read", out, lines, "--lines", "--leaf", 0)


def test_bad_use(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    refused("--leaf c.pdf: no such file", out, folder, "--leaf", "c.pdf")
    refused("--leaf 9: there are 9 leaves", out, folder, "--leaf", 9)
    (folder / "b.pdf").write_text("another")
    refused("--leaf b.pdf: 2 files have this name", out, folder, "--leaf", "b.pdf")
    refused("take one FILE, and not both", out, folder, "--lines", "--column", "x", "--leaf", 0)
    refused("limit: a 'rfc6962' tree has none", out, folder, "--limit", 5, "--leaf", 0)
    refused("limit: 3, expected 10", out, folder, "--tree", "ssz", "--limit", 3, "--leaf", 0)
    refused(
        "--length x: expected a number", out, folder, "--tree", "ssz", "--length", "x", "--leaf", 0
    )
    refused("has no hash 'sm3'", out, folder, "--tree", "bitcoin", "--hash", "sm3", "--leaf", 0)
    refused("no device is named", out, folder, "--device", "gpu", "--leaf", 0)
    target = folder / "0.txt"
    before = target.read_bytes()
    result = call("proof", folder, "--leaf", 0, "--out", target)
    assert result.exit_code == 2 and "can't replace a file that is read" in result.output
    assert target.read_bytes() == before
    result = call("proof", folder, "--leaf", 0, "--out", tmp_path / "nowhere" / "proof.json")
    assert result.exit_code == 2 and "nowhere" in result.output
    assert_one_line(run("merkle", "root", tmp_path / "nothing"), "nothing: No such file")


def test_bad_proofs(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    assert call("proof", folder, "--leaf", 4, "--out", out).exit_code == 0
    good = json.loads(out.read_text())
    file = documents(folder)[4]

    def check(status: int, message: str, **changes: Any) -> None:
        out.write_text(json.dumps({**good, **changes}))
        result = call("verify", out, file)
        assert (result.exit_code, message in result.output) == (status, True), result.output

    check(0, "OK")
    check(1, "MISMATCH", index=5)
    check(1, "BAD_SIGNATURE", index=9)
    check(1, "BAD_SIGNATURE", index=-1)
    check(1, "BAD_SIGNATURE", size=1 << 200)
    check(1, "BAD_SIGNATURE", path=good["path"][1:])
    check(1, "BAD_SIGNATURE", path=[*good["path"], "00"])
    check(1, "BAD_KEY", root="00")
    check(2, "its format is not", format="else")
    check(2, "no tree 'merkle'", tree="merkle")
    check(2, "with hash 'sm3'", tree="bitcoin", hash="sm3")
    check(2, "with hash ['sha256']", hash=["sha256"])
    check(2, "root and path must be", path="00")
    check(2, "root and path must be", path=["zz"])
    check(2, "root and path must be", root=None)
    check(2, "size and index must be", size="9")
    check(2, "size and index must be", index=True)
    check(2, "leaf must be", leaf=5)
    for text in ("", "[]", "{}", "[" * 100_000, '{"format": NaN}'):
        out.write_text(text)
        result = call("verify", out, file)
        assert result.exit_code == 2 and "not a proof" in result.output
    out.write_bytes(b"\xff\xfe")
    assert call("verify", out, file).exit_code == 2
    out.write_text(json.dumps(good))
    assert "give the FILE" in call("verify", out).output
    assert "--root xyz: expected hexadecimal" in call("verify", out, file, "--root", "xyz").output
