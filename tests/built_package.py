"""The sdist and the wheel as users get them, built once a session in a folder of their own.

Without isolation and network: with the build's packages as they are here. Objects are compiled
without optimisation, as contents count here, not speed.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SKELETON = ["csrc", "kernels", "engine", "tests", "bench", "docs", "nodes", ".ci"]
# What lies about in a working tree, and must stay out of what is shipped.
LITTER = [
    "csrc/left.o",
    "csrc/hash/left.so",
    "kernels/__pycache__/left.cpython-310.pyc",
    "kernels/left.cl~",
    "tests/left.pyc",
    "engine/verilane/left.dylib",
    "engine/verilane/_clib/include/left.h",
    "nodes/js/node_modules/left/index.js",
]


def needs_tools() -> None:
    """Skips where the packages that a build needs are not here, or too old."""
    for name, least in (("setuptools", 77), ("cffi", 1)):
        try:
            found = int(version(name).partition(".")[0])
        except PackageNotFoundError:
            pytest.skip(f"there is no {name} here to build with")
        if found < least:
            pytest.skip(f"{name} {found} is too old to build with")


def listed() -> list[str]:
    """The repository's files as git has them; the test is skipped where there is no git."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no clone: what belongs to the repository is not known")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = done.stdout.decode().split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def copied(folder: Path) -> Path:
    """A copy of the working tree's sources, with litter."""
    skip = shutil.ignore_patterns(
        "*.so", "*.dylib", "*.egg-info", "__pycache__", "node_modules", "_clib", ".hypothesis"
    )
    for name in SKELETON:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, folder / path.name)
    for name in LITTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"left")
    return folder


def build(source: Path, kind: str, target: Path) -> Path:
    """Builds "sdist" or "wheel" of the sources in a folder, as pip would ask for it."""
    target.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys; from setuptools import build_meta; "
        f"print(build_meta.build_{kind}(sys.argv[1]), file=sys.stderr)"
    )
    environment = {**os.environ, "CC": str(_quick_compiler(target)), "PYTHONWARNINGS": "ignore"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # what it is built of stays as it was
    for name in ("CFLAGS", "LDFLAGS", "PYTHONPATH", "VERILANE_BUILD", "LD_PRELOAD"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    (made,) = (path for path in target.iterdir() if path.suffix in (".gz", ".whl"))
    return made


def _quick_compiler(folder: Path) -> Path:
    """The compiler with -O0 after all that it is told."""
    words = shlex.split(os.environ.get("CC") or "cc")
    if not shutil.which(words[0]):
        pytest.skip("there is no C compiler here")
    script = folder / "quick-cc"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@" -O0\n')
    script.chmod(0o755)
    return script


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpacks an sdist or a wheel; returns the folder that its contents are in."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
        return folder
    with tarfile.open(archive) as sdist:
        options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        sdist.extractall(folder, **options)
    (inside,) = folder.iterdir()
    return inside


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
