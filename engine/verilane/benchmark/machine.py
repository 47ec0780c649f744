"""What a figure has to name beside itself: the processor, the compiler, the versions."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import verilane

__all__ = ["commit", "compiler", "cores", "describe", "processor"]

_QUIET: dict[str, Any] = {"capture_output": True, "text": True}
PEERS = ("coincurve", "cryptography", "numpy", "PyNaCl", "tongsuopy")


def processor() -> str:
    """The processor's own name for itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compiler() -> str:
    """What built verilane._native, as ELF files say in their .comment section."""
    import verilane._native as native

    text = Path(str(native.__file__)).read_bytes()
    found = re.findall(rb"GCC: \([^)]*\) [\d.]+|[\w ]*clang version [\d.]+", text)
    return ", ".join(sorted({name.decode() for name in found})) or "unknown"


def commit() -> str:
    """The commit of the checkout that this file is in, with a plus when something is not committed;
    "none" for an installed package, which has its version.
    """
    here = Path(__file__)
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], check=True, **_QUIET)
        described = subprocess.run(
            [*git, "describe", "--always", "--dirty=+"], check=True, **_QUIET
        )
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return str(described.stdout).strip()


def describe() -> dict[str, Any]:
    """All of it, for a JSON file or the head of a table."""
    return {
        "processor": processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "compiler": compiler(),
        "python": platform.python_version(),
        "verilane": verilane.__version__,
        "commit": commit(),
        "devices": [device.name for device in verilane.devices() if device.missing is None],
        "peers": {name: version for name in PEERS if (version := _version(name)) is not None},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
