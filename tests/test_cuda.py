"""CUDA without a GPU: every kernel text through NVRTC, and whatever runs on a CUDA device on a
driver that is made of plain C (fake_cuda.py).
"""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import fake_cuda
from conftest import ROOT
from test_kernel_texts import ENTRIES
from verilane import DeviceUnavailable, _cuda, _cuda_compiler, _kernel_text, hashes

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
    image = _cuda_compiler.compiled(text, arch, remarks=remarks)
    assert image.startswith(b"\x7fELF")
    used = USED.findall(remarks.getvalue())
    assert len(used) == len(set(re.findall(r"entry function '(\w+)'", remarks.getvalue()))) > 1
    for kernel, stack, stores, loads, registers in used:
        assert (stores, loads) == ("0", "0"), kernel
        assert int(stack) <= STACK.get((entry, kernel), 0), kernel
        assert int(registers) <= MOST_REGISTERS, kernel
    assert "warning" not in remarks.getvalue()


# ---- What is missing ----


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


LIST = """
from verilane import devices
for each in devices():
    if each.kind == "cuda":
        print(f"{each.name} ({each.title}): {each.missing}")
"""


@pytest.mark.parametrize(
    ("settings", "listed"),
    [
        ({}, r"cuda:0 \(plain C, no GPU 0\): None"),
        (
            {"FAKE_CUDA_DEVICES": "2"},
            r"cuda:0 \(plain C, no GPU 0\): None\ncuda:1 \(plain C, no GPU 1\): None",
        ),
        ({"FAKE_CUDA_DEVICES": "0"}, r"cuda:0 \(\): the driver lists no GPU"),
        ({"FAKE_CUDA_BROKEN": "cuInit"}, r"cuda:0 \(\): the driver is broken: .*cuInit.*"),
        (
            {"FAKE_CUDA_BROKEN": "cuDeviceGetCount"},
            r"cuda:0 \(\): the driver is broken: .*cuDeviceGetCount.*",
        ),
        (
            {"FAKE_CUDA_VERSION": "12040"},
            r"cuda:0 \(\): the driver is for CUDA 12\.4, and NVRTC is of CUDA 1\d\.\d+: "
            r"update the driver, or pip install 'numba-cuda\[cu12\]'",
        ),
        (
            {"FAKE_CUDA_MAJOR": "6"},
            r"cuda:0 \(plain C.*\): it has compute capability 6\.0, for which NVRTC 1\d\.\d+ does "
            "not compile",
        ),
        ({"NUMBA_ENABLE_CUDASIM": "1"}, r"cuda:0 \(\): numba simulates CUDA in this process: .*"),
    ],
)
def test_why_not(settings: dict[str, str], listed: str) -> None:
    done = on_fake("-c", LIST, **settings)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(listed + r"\n", done.stdout), done.stdout
    assert not done.stderr


def test_a_library_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "libcuda.so.1").write_text("nothing")
    done = on_fake("-c", LIST, LD_LIBRARY_PATH=str(tmp_path))
    assert re.fullmatch(r"cuda:0 \(\): the driver can't be loaded: .*libcuda.*\n", done.stdout)


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no device had been looked for."""
    monkeypatch.setattr(_cuda.places, "listed", None)
    monkeypatch.setattr(_cuda.places, "opened", {})


def test_without_numba_cuda(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cuda, "find_spec", lambda _: None)
    (place,) = _cuda.places.found()
    assert place.missing == "numba-cuda is not installed: pip install 'verilane[cuda]'"
    for name in ("cuda", "cuda:0"):
        with pytest.raises(DeviceUnavailable, match=r"cuda:0 is missing here: numba-cuda is not"):
            hashes.digest_many([b"a"], device=name)
    with pytest.raises(DeviceUnavailable, match=r"cuda:7 is missing here: drivers list cuda:0"):
        hashes.digest_many([b"a"], device="cuda:7")
    assert hashes.digest_many([b"a"]).shape == (1, 32)


def test_without_a_driver(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cuda, "_LIBRARY", "libcuda.so.none")
    (place,) = _cuda.places.found()
    assert str(place.missing).startswith("no NVIDIA driver is installed")


def test_numba_cuda_that_can_not_be_loaded(unopened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cuda, "_why_not", lambda: None)
    monkeypatch.setitem(sys.modules, "numba.cuda.cudadrv.driver", None)
    (place,) = _cuda.places.found()
    assert str(place.missing).startswith("numba-cuda, or NVRTC, can't be loaded: ")


VERIFY = """
import logging, sys
sys.path.insert(0, "tests")
import fake_cuda
fake_cuda.install()
from offload_items import WAYS, codes
from verilane import DeviceUnavailable, _devices
rows = WAYS[0].rows[:150]
try:
    print(codes(WAYS[0], rows, device="cuda:0") == [row.verdict for row in rows])
except DeviceUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("cuDevicePrimaryCtxRetain", "cuda:0 could not open it: .*"),
        ("cuLibraryLoadData", r"cuda:0 can't be used: .*could not build secp256k1\.cl: .*"),
        ("cuMemAlloc_v2", r"cuda:0 can't be used: .*could not lend \d+ bytes of memory: .*"),
        ("cuMemHostAlloc", "cuda:0 could not open it: .*"),
        ("launch", "cuda:0 can't be used: .*could not run recode: .*CUDA_ERROR_LAUNCH_FAILED.*"),
        ("cuEventSynchronize", "cuda:0 can't be used: .*could not (?:take|give) data: .*"),
    ],
)
def test_a_driver_that_fails(broken: str, reason: str) -> None:
    done = on_fake("-c", VERIFY, FAKE_CUDA_BROKEN=broken)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(reason, done.stdout.strip(), re.DOTALL), done.stdout + done.stderr


# ---- Everything that runs on a device ----


SUITES = {
    "test_machines.py": 14,
    "test_hashes.py": 10,
    "test_merkle_hashes.py": 10,
    "test_device_trees.py": 80,
    "test_curve_kernels.py": 12,
    "test_offload_places.py": 10,
}
"""How many tests there are at least."""


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
