"""CUDA without a GPU: every kernel text through NVRTC, and whatever runs on a CUDA device on a
driver that is made of plain C (fake_cuda.py).
"""

import re
import subprocess
import sys
from io import StringIO

import pytest

import fake_cuda
from conftest import ROOT
from test_kernel_texts import ENTRIES
from verilane import _cuda_machine, _kernel_text

if fake_cuda.missing() is not None:
    pytest.skip(f"no NVRTC: {fake_cuda.missing()}", allow_module_level=True)

# ---- NVRTC ----


ARCHITECTURES = ("sm_75", "sm_90", "sm_100")
USED = re.compile(
    r"entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill"
    r" loads.*?Used (\d+) registers",
    re.DOTALL,
)
# Four blocks of 128 threads are on a multiprocessor, which has 65,536 registers.
MOST_REGISTERS = 128
# Arrays that rolled loops index: once for each item, not in the sums.
STACK = {("secp256k1.cl", "recode"): 256}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_compiles(arch: str, entry: str) -> None:
    """Nothing is spilled."""
    remarks = StringIO()
    text = _kernel_text.flatten(entry)
    image = _cuda_machine.compiled(text, arch, remarks=remarks)
    assert image.startswith(b"\x7fELF")
    used = USED.findall(remarks.getvalue())
    assert len(used) == len(set(re.findall(r"entry function '(\w+)'", remarks.getvalue()))) > 1
    for kernel, stack, stores, loads, registers in used:
        assert (stores, loads) == ("0", "0"), kernel
        assert int(stack) <= STACK.get((entry, kernel), 0), kernel
        assert int(registers) <= MOST_REGISTERS, kernel
    assert "warning" not in remarks.getvalue()


# ---- Everything that runs on a device ----


SUITES = {
    "test_machines.py": 14,
    "test_hashes.py": 10,
    "test_merkle.py": 10,
    "test_merkle_hashes.py": 10,
    "test_merkle_kinds.py": 10,
    "test_merkle_tree.py": 10,
    "test_device_trees.py": 80,
    "test_curve_kernels.py": 12,
    "test_offload.py": 10,
}
"""How many tests there are at least."""


def on_fake(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs Python where there is a CUDA device, made of plain C."""
    cache = str(fake_cuda.PROGRAMS / "kernels")
    environment = fake_cuda.environment(**{"VERILANE_CACHE": cache, **settings})
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500
    )


def passed(done: subprocess.CompletedProcess[str]) -> int:
    """How many tests passed; all of them have to."""
    found = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0 and found, done.stdout[-10_000:] + done.stderr[-2000:]
    assert not re.search(r"\d+ (?:skipped|failed|error)", done.stdout), done.stdout[-2000:]
    return int(found[1])


@pytest.mark.parametrize("suite", SUITES)
def test_on_a_device(suite: str) -> None:
    """Work is done when it must be; in another order with each seed."""
    options = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "cuda:0"]
    assert passed(on_fake(*options, f"tests/{suite}")) >= SUITES[suite]


@pytest.mark.parametrize("seed", range(3))
def test_streams(seed: int) -> None:
    options = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/cuda_streams.py"]
    settings = {"FAKE_CUDA_SEED": str(seed)} if seed else {}
    assert passed(on_fake(*options, **settings)) >= 4
