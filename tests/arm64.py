"""Builds all for arm64 with a cross compiler and runs it on an emulated CPU: `make test-arm64`.

It takes gcc for aarch64 and qemu-user (Debian: apt install gcc-aarch64-linux-gnu qemu-user). The
Python part takes an arm64 Debian as well, in the folder that VERILANE_ARM64_ROOT names:

    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 trixie FOLDER
    for each in FOLDER/var/cache/apt/archives/*.deb; do dpkg -x $each FOLDER; done

What is not here is said, and skipped. Arguments go to pytest.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "arm64"
PREFIX = "aarch64-linux-gnu"
LIBC = f"/usr/{PREFIX}"
CPU = ["-cpu", "max"]  # of those that qemu knows
# What the test files below need, as wheels.
PACKAGES = [
    *("cffi", "coincurve", "cryptography", "hypothesis", "numpy"),
    *("pycryptodome", "pynacl", "pytest", "rlp"),
]
TESTS = [
    *("test_hash_vectors.py", "test_ecdsa_vectors.py", "test_ecdsa_wycheproof.py"),
    "test_schnorr_vectors.py",
]


def run(command: "list[Any]", **variables: str) -> None:
    """Runs it, or ends with its status."""
    words = [str(word) for word in command]
    print("+", shlex.join(words), flush=True)
    status = subprocess.run(words, cwd=ROOT, env={**os.environ, **variables}).returncode
    if status:
        raise SystemExit(status)


def skipped(what: str, reason: str) -> None:
    print(f"SKIPPED {what}: {reason}")


def compiler() -> "list[str]":
    return [*(["ccache"] if shutil.which("ccache") else []), f"{PREFIX}-gcc"]


def headers() -> Path:
    """Debian's pyconfig.h includes one of the machine's, which is the same for all of 64 bits."""
    include = Path(sysconfig.get_path("include"))
    there = include.parent / sysconfig.get_config_var("MULTIARCH") / include.name / "pyconfig.h"
    here = BUILD / "include" / PREFIX / include.name
    here.mkdir(parents=True, exist_ok=True)
    if there.exists():
        shutil.copy(there, here)
    return BUILD / "include"


def build() -> None:
    """The package, in build/arm64/lib. Whatever this Python is, abi3 serves that one."""
    command = [sys.executable, "setup.py", "-q", "build", "--build-base", BUILD]
    run(
        [*command, "--build-lib", BUILD / "lib"],
        CC=shlex.join(compiler()),
        LDSHARED=shlex.join([f"{PREFIX}-gcc", "-shared"]),
        CFLAGS=f"-I{headers()}",
    )


def programs(qemu: str) -> None:
    """C programs over libverilane: every scheme, with known verdicts, in many threads."""
    sys.path.insert(0, str(ROOT / "tests"))
    import test_clib

    clib = BUILD / "lib" / "verilane" / "_clib"
    (BUILD / "batches.data").write_bytes(test_clib.batches())
    for source, arguments in (
        ("tests/c/batches.c", [BUILD / "batches.data"]),
        ("nodes/c/example.c", []),
    ):
        program = BUILD / Path(source).stem
        options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{clib / 'include'}"]
        library = [f"-L{clib / 'lib'}", f"-Wl,-rpath,{clib / 'lib'}", "-lverilane", "-pthread"]
        run([f"{PREFIX}-gcc", *options, source, *library, "-o", program])
        run([qemu, *CPU, "-L", LIBC, program, *arguments])


def python(qemu: str, root: Path, arguments: "list[str]") -> None:
    """Known answers on every instruction set of arm64, then test files as they are."""
    import known_work

    (interpreter,) = (path for path in root.glob("usr/bin/python3.*") if path.suffix[1:].isdigit())
    version = interpreter.name.removeprefix("python")
    site = BUILD / f"site-{version}"
    if not site.exists():
        platforms = [f"--platform=manylinux{tag}_aarch64" for tag in ("_2_28", "_2_17", "2014")]
        pip = [
            sys.executable,
            "-m",
            "pip",
            "-q",
            "install",
            "--target",
            site,
            "--only-binary=:all:",
        ]
        run([*pip, *platforms, f"--python-version={version}", *PACKAGES])
    known_work.write(BUILD / "work")
    emulated = [qemu, *CPU, "-L", root, interpreter]
    path = f"{BUILD / 'lib'}:{site}"
    run([*emulated, "tests/known_work.py", BUILD / "work"], PYTHONPATH=path)
    files = [] if any(each.startswith("tests/") for each in arguments) else TESTS
    tests = [*(f"tests/{name}" for name in files), *arguments]
    run(
        [*emulated, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], PYTHONPATH=path, CI="1"
    )


def main(arguments: "list[str]") -> None:
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if not shutil.which(f"{PREFIX}-gcc"):
        skipped("arm64", f"there is no {PREFIX}-gcc here")
        return
    build()
    if not qemu:
        skipped("arm64's programs", "all is built, but there is no qemu-aarch64 here to run them")
        return
    programs(qemu)
    root = os.environ.get("VERILANE_ARM64_ROOT")
    if not root:
        skipped("arm64's Python", "VERILANE_ARM64_ROOT names no folder with an arm64 Debian")
        return
    python(qemu, Path(root).resolve(), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
