"""What is in the sdist and in the wheel, and that each works where nothing else of ours is."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from built_package import ROOT, build, copied, files_in, listed, needs_tools, unpacked

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ABI3 = sys.implementation.name == "cpython" and not FREE_THREADED
EXTENSION = "_native.abi3.so" if ABI3 else f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
LIBRARY = (
    {"libverilane.dylib"} if sys.platform == "darwin" else {"libverilane.so", "libverilane.so.1"}
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_tools()
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def sdist(place: Path) -> Path:
    """The sdist of this tree, unpacked."""
    source = copied(place / "source")
    made = build(source, "sdist", place / "sdist")
    assert re.fullmatch(r"verilane-[\d.]+\.tar\.gz", made.name)
    return unpacked(made, place / "unpacked")


@pytest.fixture(scope="module")
def wheel_file(place: Path, sdist: Path) -> Path:
    """The wheel that the sdist builds."""
    return build(sdist, "wheel", place / "wheel")


@pytest.fixture(scope="module")
def wheel(place: Path, wheel_file: Path) -> Path:
    """The same, unpacked."""
    return unpacked(wheel_file, place / "site")


# ---- The sdist ----


def test_sdist_holds_the_repository(sdist: Path) -> None:
    """All but what only the repository's keeper needs, and what setuptools writes; no litter."""
    made = {"PKG-INFO", "setup.cfg"}
    expected = set(listed()) - {".ci/run", ".gitignore"} | made
    found = {name for name in files_in(sdist) if ".egg-info/" not in name}
    assert found == expected
    for name in sorted(found - made):
        assert (sdist / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_sdist_makes_the_same_sdist(place: Path, sdist: Path) -> None:
    again = unpacked(build(sdist, "sdist", place / "again"), place / "unpacked again")
    assert files_in(again) == files_in(sdist)


# ---- The wheel ----


def sources_of_the_wheel() -> dict[str, Path]:
    """Every text that has to be in it, by its name there."""
    found = {}
    for pattern in ("*.py", "*.pyi", "py.typed", "*.proto"):
        for path in (ROOT / "engine" / "verilane").rglob(pattern):
            if "_clib" not in path.parts:
                found[path.relative_to(ROOT / "engine").as_posix()] = path
    for path in (ROOT / "kernels").rglob("*"):
        if path.suffix in (".h", ".inc", ".cl", ".py"):
            found[f"verilane/{path.relative_to(ROOT).as_posix()}"] = path
    for path in (ROOT / "csrc").glob("verilane*.h"):
        found[f"verilane/_clib/include/{path.name}"] = path
    return found


def test_wheel_holds_all_and_nothing_else(wheel: Path) -> None:
    texts = sources_of_the_wheel()
    assert {"verilane/py.typed", "verilane/kernels/field/field.h"} < set(texts)
    found = files_in(wheel)
    information = {name for name in found if ".dist-info/" in name}
    built = {f"verilane/{EXTENSION}", "verilane/_clib/lib/pkgconfig/verilane.pc"}
    built |= {f"verilane/_clib/lib/{name}" for name in LIBRARY}
    assert found - information == set(texts) | built
    for name, path in texts.items():
        assert (wheel / name).read_bytes() == path.read_bytes(), name
    names = {name.partition("/")[2] for name in information}
    assert {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"} <= names


def information(wheel: Path, name: str) -> str:
    (folder,) = wheel.glob("*.dist-info")
    return (folder / name).read_text(encoding="utf-8")


def test_wheel_says_what_it_is(wheel: Path, wheel_file: Path) -> None:
    """abi3 serves every CPython from 3.10 on; a free-threaded one has a wheel of its own."""
    major, minor = sys.version_info[:2]
    own = f"cp{major}{minor}"
    tag = "cp310-abi3" if ABI3 else f"{own}-{own}t" if FREE_THREADED else ""
    assert f"-{tag}-" in wheel_file.name
    assert f"\nTag: {tag}-" in information(wheel, "WHEEL")
    assert "Root-Is-Purelib: false" in information(wheel, "WHEEL")
    about = information(wheel, "METADATA")
    for line in ("Requires-Python: >=3.10", "License-Expression: Apache-2.0", "License-File: LIC"):
        assert f"\n{line}" in about
    licence = information(wheel, "licenses/LICENSE")
    assert licence == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "verilane = verilane.cli:main" in information(wheel, "entry_points.txt")


def test_no_path_of_the_builder(wheel: Path, place: Path, sdist: Path) -> None:
    """Neither where it was built nor who built it, in any file."""
    hidden = [str(place), str(sdist.resolve()), str(ROOT), str(Path.home())]
    for path in sorted(wheel.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        for name in hidden:
            if len(name) > len("/root"):
                assert name.encode() not in content, (path, name)
    text = (wheel / "verilane/_clib/lib/pkgconfig/verilane.pc").read_text(encoding="utf-8")
    assert "prefix=${pcfiledir}/" in text


@pytest.mark.skipif(not ABI3, reason="this Python has no stable ABI")
def test_only_the_stable_abi_is_used(wheel: Path) -> None:
    """Against CPython's own list of what extensions for 3.10 and newer may take."""
    abi3info = pytest.importorskip("abi3info")
    from abi3info.models import PyVersion, Symbol

    command = ["nm", "-D", "--undefined-only", str(wheel / "verilane" / EXTENSION)]
    if sys.platform == "darwin":
        command = ["nm", "-u", str(wheel / "verilane" / EXTENSION)]
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("there is no nm here")
    words = [line.split()[-1].partition("@")[0] for line in text.splitlines()]
    names = [word.removeprefix("_") if sys.platform == "darwin" else word for word in words]
    taken = [name for name in names if name.startswith(("Py", "_Py"))]
    assert "PyModule_Create2" in taken or "PyImport_ImportModule" in taken
    stable = {**abi3info.FUNCTIONS, **abi3info.DATAS}
    for name in taken:
        assert Symbol(name) in stable, name
        assert stable[Symbol(name)].added <= PyVersion(3, 10), name


# ---- The wheel alone ----


def test_wheel_works_alone(wheel: Path) -> None:
    """Where nothing but the installed packages and its own folder is in sight."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VERILANE"))}
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "tests" / "installed.py"), str(wheel)],
        cwd=wheel,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("verilane ")


@pytest.mark.skipif(not FREE_THREADED, reason="this Python has a GIL")
def test_the_gil_stays_off() -> None:
    code = "import sys, verilane; assert not sys._is_gil_enabled()"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# ---- What is built ----

EXPECTED = {
    "linux": {
        f"{python}-{kind}_{cpu}"
        for python in ("cp310", "cp314t")
        for kind in ("manylinux", "musllinux")
        for cpu in ("x86_64", "aarch64")
    },
    "macos": {
        f"{python}-macosx_{cpu}" for python in ("cp310", "cp314t") for cpu in ("x86_64", "arm64")
    },
}


@pytest.mark.parametrize("system", EXPECTED)
def test_wheels_to_build(system: str) -> None:
    """By cibuildwheel's own reading of pyproject.toml."""
    pytest.importorskip("cibuildwheel")
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers"]
    done = subprocess.run(
        [*command, "--platform", system, str(ROOT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == EXPECTED[system]
