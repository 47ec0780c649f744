"""libverilane as programs in C see it: its flags, header, symbols and verdicts."""

import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import ed25519_items
import native_library
import schnorr_items
import sm2_items
from builds import SANITIZED
from items import honest_items
from reference import p256 as reference_p256
from reference import secp256k1 as reference_secp256k1
from schemes import SCHEMES
from verilane import clib, secp256k1

ROOT = Path(__file__).resolve().parents[1]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]

WITHOUT_COUNTERS = pytest.mark.skipif(
    native_library.COVERAGE, reason="a build that counts lines writes them to files in the end"
)
ON_LINUX = pytest.mark.skipif(sys.platform == "darwin", reason="reads ELF files")


def tool(*names: "str | None") -> list[str]:
    """The first of these commands that is there; the test is skipped where none is."""
    for name in names:
        words = (name or "").split()
        if words and shutil.which(words[0]):
            return words
    pytest.skip(f"there is none of {names} here")


def run(command: Sequence[Any], **options: Any) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def flags(*arguments: str) -> list[str]:
    return run([sys.executable, "-m", "verilane.clib", *arguments]).split()


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    if SANITIZED:
        pytest.skip("a program would need the sanitizer's library first")
    return tool(os.environ.get("CC"), "cc", "gcc", "clang")


# ---- python -m verilane.clib ----


def test_flags() -> None:
    assert flags("--cflags") == [f"-I{clib.include_dir()}"]
    where, path, name = flags("--libs")
    assert (where, name) == (f"-L{clib.library().parent}", "-lverilane")
    assert path == f"-Wl,-rpath,{clib.library().parent}"
    assert flags("--cflags", "--libs") == [*flags("--cflags"), *flags("--libs")]
    assert flags("--library", "--pkg-config-path") == [
        str(clib.library()),
        str(clib.pkg_config_dir()),
    ]
    header = (clib.include_dir() / "verilane.h").read_bytes()
    assert header == (ROOT / "csrc" / "verilane.h").read_bytes()
    assert not (clib.include_dir() / "binding.h").exists()


def test_nothing_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert clib.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_built_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clib, "_HOME", tmp_path)
    for option in ("--cflags", "--libs", "--library", "--pkg-config-path"):
        assert clib.main([option]) == 2
        assert "built without its C library" in capsys.readouterr().err


def test_flags_are_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "a folder"
    shutil.copytree(clib._HOME, home)
    monkeypatch.setattr(clib, "_HOME", home)
    assert clib.main(["--cflags"]) == 0
    assert capsys.readouterr().out == f"'-I{home}/include'\n"


def test_pkg_config_says_the_same() -> None:
    pkg_config = tool("pkg-config", "pkgconf")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(clib.pkg_config_dir())}
    for option in ("--cflags", "--libs"):
        found = run([*pkg_config, option, "verilane"], env=environment).split()
        here = [word.replace("/pkgconfig/../..", "/..") for word in found]
        assert [os.path.normpath(word) for word in here] == flags(option)


# ---- Symbols ----


def declared() -> set[str]:
    """The functions of all public headers."""
    text = "".join(path.read_text() for path in clib.include_dir().glob("*.h"))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return set(re.findall(r"\b(vl_\w+)\s*\(", text))


def test_only_the_headers_functions_are_exported() -> None:
    option = ["-gU"] if sys.platform == "darwin" else ["-D", "--defined-only"]
    lines = run([*tool("nm"), *option, clib.library()]).splitlines()
    found = {line.split()[-1].removeprefix("_").partition("@")[0] for line in lines}
    assert {name for name in found if not name.startswith("VERILANE_")} == declared()
    assert len(declared()) > 30
    assert all(name.startswith("vl_") for name in declared())


@ON_LINUX
def test_name_and_version_of_the_library() -> None:
    text = run([*tool("readelf"), "-dW", clib.library()])
    assert "Library soname: [libverilane.so.1]" in text
    assert "RUNPATH" not in text
    assert "RPATH" not in text
    versions = run([*tool("readelf"), "--dyn-syms", "-W", clib.library()])
    assert "vl_abi_version@@VERILANE_1" in versions


@ON_LINUX
@WITHOUT_COUNTERS
def test_nothing_runs_when_it_is_loaded(compiler: list[str], tmp_path: Path) -> None:
    """No more than the compiler's own in a library of nothing."""
    (tmp_path / "empty.c").write_text("int nothing(void);\nint nothing(void) { return 0; }\n")
    run([*compiler, "-shared", "-fPIC", tmp_path / "empty.c", "-o", tmp_path / "empty.so"])

    def size_of(library: Path) -> list[str]:
        text = run([*tool("readelf"), "-dW", library])
        return re.findall(r"\((INIT_ARRAYSZ|FINI_ARRAYSZ|PREINIT\w*)\)\s+(\d+)", text)

    assert size_of(clib.library()) == size_of(tmp_path / "empty.so")
    assert ".ctors" not in run([*tool("readelf"), "-SW", clib.library()])


@ON_LINUX
@WITHOUT_COUNTERS
def test_it_does_no_input_or_output() -> None:
    """Nor ends the process: it takes no such function of the C library."""
    if SANITIZED:
        pytest.skip("a sanitizer takes more")
    names = run([*tool("nm"), "-D", "--undefined-only", clib.library()])
    taken = {line.split()[-1].partition("@")[0] for line in names.splitlines()}
    assert "pthread_once" in taken
    assert not taken & {"printf", "puts", "open", "fopen", "write", "fork", "exit", "signal"}


def test_only_verifiers_have_threads_and_memory() -> None:
    calls = re.compile(r"\b(?:malloc|calloc|realloc|free|pthread_create|pthread_atfork)\(")
    for path in sorted((ROOT / "csrc").rglob("*.[ch]")):
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert path.parent.name == "verifier" or not calls.search(text), path


# ---- The header ----


@pytest.mark.parametrize("standard", ["c11", "c++11", "c++20"])
def test_header_compiles(compiler: list[str], tmp_path: Path, standard: str) -> None:
    in_c = standard == "c11"
    words = compiler if in_c else tool("c++", "g++", "clang++")
    source = tmp_path / ("header.c" if in_c else "header.cpp")
    includes = "".join(
        f"#include <{path.name}>\n" for path in sorted(clib.include_dir().glob("*.h"))
    )
    source.write_text(
        f"{includes}{includes}int main() {{ return vl_abi_version() / 65536 != VL_ABI_MAJOR; }}\n"
    )
    program = tmp_path / "program"
    options = [f"-std={standard}", *STRICT, *flags("--cflags")]
    if in_c:
        options.append("-Wno-strict-prototypes")
    run([*words, *options, source, *flags("--libs"), "-o", program])
    run([program])


# ---- Programs ----


def test_example(compiler: list[str], tmp_path: Path) -> None:
    program = tmp_path / "example"
    source = ROOT / "nodes" / "c" / "example.c"
    options = ["-std=c11", *STRICT, *flags("--cflags")]
    run([*compiler, *options, source, *flags("--libs"), "-o", program])
    from verilane import merkle

    root = merkle.root([b"\xaf\x82", b"\xaf\x83", b"\xaf\x82"])
    assert run([program]) == f"0 OK\n1 MISMATCH\n2 BAD_SIGNATURE\n{root.hex()}\n"


SECP256K1, P256, SCHNORR, ED25519, SM2, RECOVER = range(6)
Row = tuple[bytes, bytes, bytes, int]


def column(items: list[bytes]) -> bytes:
    ends = [0]
    for item in items:
        ends.append(ends[-1] + len(item))
    return padded(struct.pack(f"={len(ends)}q", *ends) + b"".join(items))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def batch(scheme: int, rows: list[Row], *, option: int = 0, flags: int = 0) -> bytes:
    columns = [column([row[k] for row in rows]) for k in range(3)]
    verdicts = padded(bytes(row[3] for row in rows))
    return struct.pack("=4q", scheme, option, flags, len(rows)) + b"".join(columns) + verdicts


def ecdsa_rows(scheme: int) -> list[Row]:
    each = SCHEMES[scheme]
    items = [*each.honest()[:300], *each.exceptional()]
    return [(i.key, i.signature, i.digest, i.verdict) for i in items]


def recover_rows() -> list[Row]:
    """What the package gives, held against the reference elsewhere."""
    items = honest_items(count=120)
    signatures = [i.signature[:64] + bytes([n % 5]) for n, i in enumerate(items)]
    digests = [i.digest for i in items]
    keys, verdicts = secp256k1.ecdsa.recover_many(signatures, digests)
    assert {1, 3} <= set(verdicts.codes.tolist())
    return [
        (keys[n].tobytes(), signature, digests[n], int(verdicts.codes[n]))
        for n, signature in enumerate(signatures)
    ]


def batches() -> bytes:
    made = [
        batch(SECP256K1, ecdsa_rows(SECP256K1)),
        batch(P256, ecdsa_rows(P256)),
        batch(RECOVER, recover_rows()),
    ]
    schnorr = [*schnorr_items.honest_items(300), *schnorr_items.hostile_items()]
    made.append(batch(SCHNORR, [(i.key, i.signature, i.message, i.verdict) for i in schnorr]))
    edwards = [*ed25519_items.honest_items(300), *ed25519_items.special_items()]
    for number, rule in enumerate(["ZIP215", "RFC8032", "OPENSSL", "STRICT"]):
        rows = [(i.key, i.signature, i.message, i.verdicts[rule]) for i in edwards]
        made.append(batch(ED25519, rows, option=number))
    sm2 = [i for i in sm2_items.honest_items(300) if i.user_id == sm2_items.DEFAULT_USER_ID]
    assert len(sm2) > 50
    made.append(batch(SM2, [(i.key, i.signature, i.message, i.verdict) for i in sm2]))
    return b"".join(made)


def test_every_scheme_in_many_threads(compiler: list[str], tmp_path: Path) -> None:
    """Hostile items too, ragged, each verdict as the references have it; the first calls of the
    process come from all threads at once.
    """
    assert reference_secp256k1.CURVE is SCHEMES[SECP256K1].curve
    assert reference_p256.CURVE is SCHEMES[P256].curve
    (tmp_path / "batches").write_bytes(batches())
    program = tmp_path / "program"
    source = ROOT / "tests" / "c" / "batches.c"
    options = ["-std=c11", "-O2", *STRICT, *flags("--cflags")]
    run([*compiler, *options, source, *flags("--libs"), "-pthread", "-o", program])
    run([program, tmp_path / "batches"])


def test_a_wrong_verdict_would_show(compiler: list[str], tmp_path: Path) -> None:
    rows = [(i.key, i.signature, i.digest, i.verdict) for i in honest_items()[:20]]
    rows[7] = (*rows[7][:3], 9)
    (tmp_path / "batches").write_bytes(batch(SECP256K1, rows))
    program = tmp_path / "program"
    source = ROOT / "tests" / "c" / "batches.c"
    run([*compiler, *flags("--cflags"), source, *flags("--libs"), "-pthread", "-o", program])
    done = subprocess.run([program, tmp_path / "batches"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.count("item 7: ") == 8


# ---- The extension beside it ----


@ON_LINUX
def test_the_extension_is_sufficient_to_itself() -> None:
    from verilane import _native

    text = run([*tool("readelf"), "-dW", _native.__file__])
    assert "libverilane" not in text
    assert "SYMBOLIC" in text
