"""The C files of tests/native, compiled with this machine's own compiler and loaded.

What was compiled stays in build/native, under a name made of all that it was compiled from: several
processes of one run share it, and the next run has it already.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
INCLUDES = [f"-I{folder}" for folder in ("csrc", "kernels", "tests/native")]

# `make coverage` counts the lines of kernels that run only here.
COVERAGE = os.environ.get("VERILANE_BUILD") == "coverage"
if COVERAGE:
    FLAGS = [*FLAGS, "-O1", "-DARITHMETIC_CALLS", "--coverage"]

if sys.platform == "darwin":
    # chosen.c is linked with what is loaded already, as ELF does by itself.
    FLAGS += ["-undefined", "dynamic_lookup"]

# What csrc/isa_avx512.c and isa_avx2.c are compiled for, as the operating system calls it.
AVX512_FLAGS = ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512ifma", "avx512_vbmi2", "bmi2"]
AVX2_FLAGS = ["avx2", "fma", "bmi2"]


@cache
def _compiler() -> str:
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    pytest.skip("there is no C compiler here")


@cache
def _everything() -> bytes:
    """A digest of the compiler and of every C file that a test may include."""
    version = subprocess.run([_compiler(), "--version"], capture_output=True, check=True).stdout
    digest = hashlib.sha256(version)
    for folder in ("csrc", "kernels", "tests/native"):
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in (".c", ".h", ".inc", ".cl"):
                digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.digest()


def has_avx512() -> bool:
    return _cpu_flags().issuperset(AVX512_FLAGS)


def has_avx2() -> bool:
    return _cpu_flags().issuperset(AVX2_FLAGS)


@cache
def _cpu_flags() -> set[str]:
    """Asked of the operating system, not of csrc/cpu.c, which is under test itself."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return set()
    try:
        return set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return set()


@cache
def library(source: str, *defines: str, verify: bool = False) -> ctypes.CDLL:
    """Returns tests/native/<source>, compiled with these -D options, loaded."""
    return ctypes.CDLL(str(built(source, *defines, verify=verify)))


def built(source: str, *defines: str, verify: bool = False, flags: tuple[str, ...] = ()) -> Path:
    """Returns where it lies. flags: for the linker."""
    options = [f"-D{define}" for define in defines] + (["-DVERIFY"] if verify else [])
    command = [_compiler(), *FLAGS, *options, *INCLUDES, f"tests/native/{source}", *flags]
    name = hashlib.sha256(_everything() + repr(command).encode()).hexdigest()[:32]
    target = ROOT / "build" / "native" / f"{name}.so"
    if COVERAGE:
        _compile_once(command, target)
    elif not target.exists():
        _compile(command, target)
    return target


def _compile(command: list[str], target: Path) -> None:
    """Makes the file whole or not at all: another process may look for it meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        done = subprocess.run([*command, "-o", str(made)], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(command)}\n{done.stderr}", pytrace=False)
        made.replace(target)


def _compile_once(command: list[str], target: Path) -> None:
    """The same for gcov, which takes the target's name for what it writes: so in its place, one
    process at a time.
    """
    import fcntl

    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            subprocess.run([*command, "-o", str(target)], cwd=ROOT, check=True)


def broken_bounds(native: ctypes.CDLL) -> tuple[int, str]:
    """Returns how many bounds broke since the last call, and the last one's text."""
    text = ctypes.c_char_p()
    count = native.native_broken(ctypes.byref(text))
    return count, (text.value or b"").decode()
