"""What every test may use: `isa`, each CPU device in turn, `hasher`, each device that hashes, and
`shared`, data that lies beside the repository.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

if "FAKE_CUDA_PROGRAMS" in os.environ:  # test_cuda.py
    import fake_cuda

    fake_cuda.install()

from verilane import _background, _choice, _devices, devices
from verilane._rates import Rates
from verilane._trust import Trusted

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# A failure prints the @reproduce_failure line that repeats it.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("default"), max_examples=50)
settings.load_profile("ci" if os.environ.get("CI") else "default")


DEVICES = devices()
# Where no CUDA device is, test_cuda.py runs what takes these on a driver without one.
DEVICES = [each for each in DEVICES if each.available or each.kind != "cuda"]
# Nor do instruction sets of another kind of CPU take part.
DEVICES = [each for each in DEVICES if not (each.missing or "").startswith("not an ")]
PLACES = [each.name for each in DEVICES if each.kind != "cpu"]


def there(name: str) -> str:
    """The name of a device; a missing one is a skip that says why."""
    missing = next(device.missing for device in devices() if device.name == name)
    if missing is not None:
        pytest.skip(f"{name}: {missing}")
    return name


@pytest.fixture(scope="session", params=["cpu:scalar", "cpu:avx2", "cpu:avx512"])
def ed25519_isa(request: pytest.FixtureRequest) -> str:
    """Those that have code of their own for Ed25519."""
    return there(request.param)


@pytest.fixture(scope="session", params=[each.name for each in DEVICES if each.kind == "cpu"])
def isa(request: pytest.FixtureRequest) -> str:
    """The name of a device of the CPU, for every one of this machine."""
    return there(request.param)


@pytest.fixture(scope="session", params=[each.name for each in DEVICES])
def hasher(request: pytest.FixtureRequest) -> str:
    """The name of a device that hashes, for every one of this machine."""
    return there(request.param)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """The name of a device beside the CPU, for every one of this machine."""
    return there(request.param)


@pytest.fixture(autouse=True, scope="session")
def _no_choice() -> None:
    """Whatever this machine has measured: a call that names no device runs on the CPU."""
    _background.WORTH_MEASURING = 1 << 62
    _choice._one = _choice.Chooser(None)


@pytest.fixture
def paced_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of device "paced" (paced_device.py); what is known of devices stays here."""
    monkeypatch.setitem(_devices._makers, "paced", "paced_device:Paced")
    monkeypatch.setattr(_devices, "_trusted", {})


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trusted]:
    """Makes a Paced device the one that this process has measured."""

    def install(device: Any, measured: Rates, clock: Any = time.monotonic) -> Trusted:
        trusted = Trusted(device)
        monkeypatch.setattr(_choice, "_one", _choice.Chooser(measured, lambda name: trusted, clock))
        return trusted

    return install


@pytest.fixture
def faulty_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of device "faulty" (faulty_device.py); what is known of devices stays here."""
    monkeypatch.setitem(_devices._makers, "faulty", "faulty_device:open_device")
    monkeypatch.setattr(_devices, "_trusted", {})


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that built kernels are kept in, not there yet."""
    monkeypatch.setenv("VERILANE_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Finds a file of the shared folder; the test is skipped where that folder is not there."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"there is no ../shared/{name} beside this repository")
        return path

    return find


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All ITEMS, in several row groups."""
    from cli_files import ITEMS, pq, table_of

    path = tmp_path_factory.mktemp("cli") / "items.parquet"
    pq.write_table(table_of(ITEMS), path, row_group_size=100)
    return path


@pytest.fixture(scope="session")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cli_files import ITEMS, pq, table_of

    path = tmp_path_factory.mktemp("cli") / "good.parquet"
    pq.write_table(table_of([item for item in ITEMS if item.verdict == 1]), path)
    return path
