"""The C files of tests/native, compiled with this machine's own compiler and loaded."""

import atexit
import ctypes
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

if sys.platform == "darwin":
    # chosen.c is linked with what is loaded already, as ELF does by itself.
    FLAGS += ["-undefined", "dynamic_lookup"]

# What csrc/isa_avx512.c is compiled for, as the operating system calls it.
AVX512_FLAGS = ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512ifma", "avx512_vbmi2", "bmi2"]


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="verilane-native-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _compiler() -> str:
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    pytest.skip("there is no C compiler here")


@cache
def has_avx512() -> bool:
    """Asked of the operating system, not of csrc/cpu.c, which is under test itself."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return flags.issuperset(AVX512_FLAGS)


@cache
def library(source: str, *defines: str, verify: bool = False) -> ctypes.CDLL:
    """Returns tests/native/<source>, compiled with these -D options, loaded."""
    options = [f"-D{define}" for define in defines] + (["-DVERIFY"] if verify else [])
    target = _folder() / f"{len(list(_folder().iterdir()))}.so"
    includes = [f"-I{ROOT / folder}" for folder in ("csrc", "kernels", "tests/native")]
    command = [_compiler(), *FLAGS, *options, *includes, str(ROOT / "tests/native" / source)]
    done = subprocess.run([*command, "-o", str(target)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\n{done.stderr}", pytrace=False)
    return ctypes.CDLL(str(target))


def broken_bounds(native: ctypes.CDLL) -> tuple[int, str]:
    """Returns how many bounds broke since the last call, and the last one's text."""
    text = ctypes.c_char_p()
    count = native.native_broken(ctypes.byref(text))
    return count, (text.value or b"").decode()
