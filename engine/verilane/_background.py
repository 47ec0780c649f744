"""Measures this machine's devices in a process of its own: a driver that crashes takes nobody with
it, and no call waits.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec

from . import _rates
from ._rates import Rates

__all__ = ["WORTH_MEASURING", "measure"]

WORTH_MEASURING = 1 << 17
"""Items that a process has verified before it looks for devices by itself."""

# Without one of them there is no device to be measured.
_PACKAGES = ("pyopencl", "numba_cuda")
# Kernels may have to be compiled.
_DEADLINE = 600.0

# What the process runs: sys.path is the parent's.
_START = (
    "import json, os, sys; sys.path[:] = json.loads(sys.argv[1]); os.nice(5); "
    "from verilane._calibration import serve; serve()"
)


def measure(done: Callable[[Rates], None]) -> threading.Thread | None:
    """Has devices measured, and `done` told, from another thread; returns that thread, or None
    where there is nothing to be measured. It tells nothing where that fails.
    """
    if not sys.executable or not any(map(_is_installed, _PACKAGES)):
        return None
    thread = threading.Thread(target=_measure, args=(done,), name="verilane measures", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread can be started
        return None
    return thread


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _measure(done: Callable[[Rates], None]) -> None:
    try:
        result = subprocess.run(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_DEADLINE,
            check=False,
            start_new_session=True,  # Ctrl-C is the parent's business
        )
    except (OSError, subprocess.SubprocessError):
        return
    rates = _rates.from_json(result.stdout) if result.returncode == 0 else None
    if rates is not None:
        done(rates)
