"""Where Verilane may be put, and what may be missing around it: modules in a zip file, a cache
folder that can't be written, no home, a full disk. Nothing fails; what can't be kept is made anew.
"""

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from paced_device import rates
from verilane import _kernel_cache, _kernel_text, _native, _rates

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = sorted(path.name for path in (ROOT / "kernels").glob("*.cl"))

# ---- A zip file ----

# As a zipapp's own first lines would do: an extension can't be loaded from a zip, all else can.
FROM_A_ZIP = """
import importlib.util, sys
archive, extension = sys.argv[1:]
sys.path.insert(0, archive)
spec = importlib.util.spec_from_file_location("verilane._native", extension)
sys.modules["verilane._native"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["verilane._native"])

import verilane
from verilane import _kernel_text, clib, hashes, kernels, merkle

assert verilane.__file__.startswith(archive) and kernels.__file__.startswith(archive)
for entry in %s:
    print(_kernel_text.flatten(entry).digest)
assert hashes.digest_many([b"abc"], "sha256")[0].tobytes().hex().startswith("ba7816bf")
assert len(merkle.root([b"leaf"])) == 32
try:
    clib.library()
except FileNotFoundError:
    pass
else:
    raise AssertionError("a library in a zip can't be linked with")
try:
    _kernel_text.flatten("nothing.cl")
except FileNotFoundError:
    pass
else:
    raise AssertionError("there is no such text")
"""


def packed(archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as made:
        for folder, name in ((ROOT / "engine" / "verilane", "verilane"), (ROOT / "kernels", "")):
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder).as_posix()
                if path.suffix in (".py", ".h", ".inc", ".cl") and "_clib" not in path.parts:
                    made.write(path, f"{name or 'verilane/kernels'}/{inside}")
    return archive


def test_kernels_in_a_zip(tmp_path: Path) -> None:
    archive = packed(tmp_path / "verilane.zip")
    words = [str(archive), str(_native.__file__)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", FROM_A_ZIP % ENTRIES, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [_kernel_text.flatten(entry).digest for entry in ENTRIES]


# ---- No place to keep anything ----

# Verifies, hashes, and keeps what it measured, which must be there again if `kept`.
AT_WORK = """
import sys, warnings
warnings.simplefilter("error")
sys.path[:0] = sys.argv[2:]
from items import honest_items
from paced_device import rates
from verilane import _kernel_cache, _rates, devices, secp256k1

some = honest_items()[:64]
columns = [i.key for i in some], [i.signature for i in some], [i.digest for i in some]
assert secp256k1.ecdsa.verify_many(*columns).codes.tolist() == [i.verdict for i in some]
assert devices()
_kernel_cache.store("key", b"content")
_rates.store(rates())
kept = sys.argv[1] == "kept"
assert _kernel_cache.load("key") == (b"content" if kept else None)
assert _rates.load() == (rates() if kept else None)
"""


def at_work(*, kept: bool, folder: "Path | None" = None, **variables: str) -> None:
    """Runs it in a folder, with some variables changed and none that names another place."""
    names = ("VERILANE_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "VERILANE_DEVICE")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    environment.update(variables)
    done = subprocess.run(
        [sys.executable, "-c", AT_WORK, "kept" if kept else "lost", str(ROOT / "tests")],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_cache_folder(tmp_path: Path) -> None:
    at_work(kept=True, VERILANE_CACHE=str(tmp_path / "not" / "there" / "yet"))


def test_a_cache_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    at_work(kept=False, VERILANE_CACHE=str(tmp_path / "file"))
    at_work(kept=False, VERILANE_CACHE=str(tmp_path / "file" / "below"))
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and /sys are Linux's")
@pytest.mark.parametrize("folder", ["/proc/self", "/sys", "/dev/null"])
def test_a_cache_folder_that_nobody_can_write(folder: str) -> None:
    """Not even root, whom modes of folders do not stop."""
    at_work(kept=False, VERILANE_CACHE=folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in every folder")
def test_a_read_only_cache_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o500)
    at_work(kept=False, VERILANE_CACHE=str(tmp_path / "folder"))
    at_work(kept=False, VERILANE_CACHE=str(tmp_path / "folder" / "below"))


@pytest.mark.parametrize(
    "change",
    [
        {"HOME": "/nonexistent/home"},
        {"HOME": "/proc"},
        {"HOME": "relative"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "relative"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/dev/null"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": ""},
    ],
    ids=str,
)
def test_no_home(change: dict[str, str], tmp_path: Path) -> None:
    if os.geteuid() == 0 and change["HOME"].startswith("/nonexistent"):
        change = {**change, "HOME": "/proc/nonexistent"}  # root could make the other one
    at_work(kept=change["HOME"] == "relative", folder=tmp_path, **change)


def test_no_home_variable_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Path.home() then asks the password file, which need not know this user either."""
    for name in ("HOME", "XDG_CACHE_HOME", "VERILANE_CACHE"):
        monkeypatch.delenv(name, raising=False)

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    _kernel_cache.store("key", b"content")
    assert _kernel_cache.load("key") is None
    _rates.store(rates())
    assert _rates.load() is None


# ---- A full disk ----


@pytest.mark.parametrize("when", ["mkdir", "mkstemp", "write", "replace"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_disk(cache: Path, monkeypatch: pytest.MonkeyPatch, when: str, error: int) -> None:
    """At every step: what was there stays, nothing half written is left over."""
    cache.mkdir(parents=True)
    _kernel_cache.store("key", b"first")

    def fails(*_: Any, **__: Any) -> Any:
        raise OSError(error, os.strerror(error))

    class Full:
        def __init__(self, handle: int, mode: str) -> None:
            self.handle = handle

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.handle)

        write = staticmethod(fails)

    with monkeypatch.context() as during:
        if when == "mkdir":
            during.setattr(Path, "mkdir", fails)
        elif when == "mkstemp":
            during.setattr(_kernel_cache.tempfile, "mkstemp", fails)
        elif when == "write":
            during.setattr(_kernel_cache.os, "fdopen", Full)
        else:
            during.setattr(_kernel_cache.os, "replace", fails)
        _kernel_cache.store("key", b"second")
    assert _kernel_cache.load("key") == b"first"
    assert [path.name for path in cache.iterdir()] == ["key"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_is_full_when_the_file_is_closed(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is buffered fails last: the real error, from the system's own full device."""
    cache.mkdir(parents=True)

    def full(*, dir: Path, prefix: str) -> tuple[int, str]:
        name = dir / f"{prefix}full"
        name.write_bytes(b"")
        return os.open("/dev/full", os.O_WRONLY), str(name)

    monkeypatch.setattr(_kernel_cache.tempfile, "mkstemp", full)
    _kernel_cache.store("key", b"content" * 10)
    assert _kernel_cache.load("key") is None
    assert list(cache.iterdir()) == []
