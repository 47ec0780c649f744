"""Field and group law of every machine, in nanoseconds per lane: where the cycles of a verification
go. internals.c is compiled here with the flags of the extension; a machine that this CPU lacks, or
a missing compiler, is a skip.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import verilane

ROOT = Path(__file__).resolve().parents[1]
HERE = {device.name for device in verilane.devices() if device.missing is None}
STEPS = 1000

# machine: the ISA that uses it, and what it is compiled with (isa_scalar.c says why).
MACHINES = {
    "5x52_int128": ("cpu:scalar", ["-DMACHINE_5X52_INT128", "-fno-tree-vectorize"]),
    "8x32": ("cpu:portable", ["-DMACHINE_8X32"]),
    "5x52_madd": ("cpu:avx512", ["-DMACHINE_5X52_MADD"]),
}
# operation: elements side by side in one step (0: as many as the machine works on at once)
OPERATIONS = {
    "mul": 1,
    "mul_2": 2,
    "sqr": 1,
    "sqr_2": 2,
    "normalize": 1,
    "invert": 1,
    "double": 0,
    "add": 0,
}


@pytest.fixture(scope="module", params=MACHINES)
def native(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    isa, options = MACHINES[request.param]
    compiler = os.environ.get("CC", "cc")
    if isa not in HERE:
        pytest.skip(f"{isa} is missing here")
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no C compiler named {compiler}")
    target = tmp_path_factory.mktemp("internals") / f"{request.param}.so"
    includes = [f"-I{ROOT / folder}" for folder in ("csrc", "kernels", "tests/native")]
    flags = ["-std=c11", "-O3", "-fPIC", "-shared", *options, *includes]
    source = str(ROOT / "bench/internals.c")
    subprocess.run([compiler, *flags, source, "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_internals(
    measure: Callable[..., Any], benchmark: Any, native: ctypes.CDLL, operation: str
) -> None:
    benchmark.group = f"internals, {operation}"
    run = native[f"bench_{operation}"]
    run.argtypes, run.restype = [ctypes.c_uint64], None
    elements = (OPERATIONS[operation] or native.bench_ways()) * native.bench_lanes()
    measure(lambda: run(STEPS), STEPS * elements)
