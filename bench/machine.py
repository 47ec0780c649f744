"""What a figure has to name beside itself: the processor, the compiler, the versions."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import verilane


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
    """The repository's commit, with a plus when something is not committed."""
    folder = Path(__file__).parent
    try:
        git = ["git", "-C", str(folder), "describe", "--always", "--dirty=+"]
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def describe() -> dict[str, Any]:
    """All of it, for a JSON file or the head of a table."""
    return {
        "processor": processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "compiler": compiler(),
        "python": platform.python_version(),
        "commit": commit(),
        "devices": [device.name for device in verilane.devices() if device.missing is None],
        "peers": {
            name: importlib.metadata.version(name)
            for name in ("coincurve", "cryptography", "numpy")
        },
    }
