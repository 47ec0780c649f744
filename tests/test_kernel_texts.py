"""Kernel texts as GPU compilers take them, and the cache of what those make."""

import hashlib
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import ROOT
from verilane import _kernel_cache, _kernel_text

ENTRIES = sorted(path.name for path in (ROOT / "kernels").glob("*.cl"))


# ---- Texts ----


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_flat_text_includes_nothing(entry: str) -> None:
    text = _kernel_text.flatten(entry)
    assert not re.search(r'^\s*#\s*include\s*"', text.source, re.MULTILINE)
    assert text.digest == hashlib.sha256(text.source.encode()).hexdigest()
    assert text.source.count("#ifndef VL_LANG_H") == 1


def test_counted_instructions_are_of_these_texts() -> None:
    """bench/KERNELS.md is made by bench/kernel_counts.py, which needs NVIDIA's tools."""
    digests = "".join(_kernel_text.flatten(entry).digest for entry in ENTRIES)
    counted = hashlib.sha256(digests.encode()).hexdigest()[:16]
    text = (ROOT / "bench" / "KERNELS.md").read_text(encoding="utf-8")
    assert f"texts {counted}." in text, "run python bench/kernel_counts.py > bench/KERNELS.md"


def test_flattening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers once, .inc as often as they are wanted, names beside the includer first, the numbers
    of lines as they are in the files.
    """
    there = {
        "a.cl": '#include "x/h.h"\n#include "x/i.inc"\nlast\n#  include  "x/i.inc"',
        "x/h.h": "header",
        "x/i.inc": '#include "h.h"\n#include "j.inc"\nafter',
        "x/j.inc": "beside",
        "j.inc": "wrong",
    }
    monkeypatch.setattr(_kernel_text, "_read", there.__getitem__)
    monkeypatch.setattr(_kernel_text, "files", lambda _: FakeFolder(set(there)))
    lines = _kernel_text._lines("a.cl", set())
    words = [line for line in lines if not line.startswith("#")]
    assert words == ["header", "beside", "after", "last", "beside", "after"]
    assert lines[lines.index("last") - 1] == '#line 3 "a.cl"'
    there["a.cl"] = '#include "nowhere.h"'
    with pytest.raises(FileNotFoundError, match=r"kernels/a\.cl includes nowhere\.h"):
        _kernel_text._lines("a.cl", set())


class FakeFolder:
    def __init__(self, names: set[str], name: str = "") -> None:
        self.names, self.name = names, name

    def joinpath(self, name: str) -> "FakeFolder":
        return FakeFolder(self.names, name)

    def is_file(self) -> bool:
        return self.name in self.names


# ---- The cache ----


def test_cache_keeps_what_it_is_given(cache: Path) -> None:
    assert _kernel_cache.load("key") is None
    for content in (b"", b"one", bytes(100_000)):
        _kernel_cache.store("key", content)
        assert _kernel_cache.load("key") == content
    assert [path.name for path in cache.iterdir()] == ["key"]
    parts = [("a", "bc"), ("ab", "c"), ("abc",), ("abc", "")]
    assert len({_kernel_cache.key_of(*each) for each in parts}) == len(parts)


def test_cache_gives_nothing_that_was_damaged(cache: Path) -> None:
    _kernel_cache.store("key", b"content")
    good = (cache / "key").read_bytes()
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 1
        (cache / "key").write_bytes(damaged)
        assert _kernel_cache.load("key") is None
        (cache / "key").write_bytes(good[:position])
        assert _kernel_cache.load("key") is None


def test_cache_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("VERILANE_CACHE", str(place))
        _kernel_cache.store("key", b"content")
        assert _kernel_cache.load("key") is None


def test_cache_takes_nothing_from_others(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds programs that are run: only this user's own files count, under their own names."""
    _kernel_cache.store("key", b"content")
    kept = cache / "key"
    kept.rename(cache / "another key")
    assert _kernel_cache.load("another key") is None
    _kernel_cache.store("key", b"content")
    kept.chmod(0o620)
    assert _kernel_cache.load("key") is None
    kept.chmod(0o602)
    assert _kernel_cache.load("key") is None
    kept.chmod(0o600)
    assert _kernel_cache.load("key") == b"content"
    elsewhere = kept.rename(tmp_path / "elsewhere")
    kept.symlink_to(elsewhere)
    assert _kernel_cache.load("key") is None
    kept.unlink()
    elsewhere.rename(kept)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert _kernel_cache.load("key") is None


def test_cache_waits_for_nobody(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    os.mkfifo(cache / "key")
    (cache / "folder").mkdir()
    found: list[bytes | None] = []
    reader = threading.Thread(
        target=lambda: found.extend(map(_kernel_cache.load, ["key", "folder"])), daemon=True
    )
    reader.start()
    reader.join(10)
    assert found == [None, None]


def test_cache_under_many_writers(cache: Path) -> None:
    contents = [bytes([i]) * (1 << 16) for i in range(8)]
    stop = threading.Event()

    def write(content: bytes) -> None:
        while not stop.is_set():
            _kernel_cache.store("key", content)

    with ThreadPoolExecutor(4) as pool:
        for content in contents[:4]:
            pool.submit(write, content)
        try:
            seen = {_kernel_cache.load("key") for _ in range(300)}
        finally:
            stop.set()
    assert seen <= {None, *contents[:4]}
    assert [path.name for path in cache.iterdir()] == ["key"]


def test_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERILANE_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert _kernel_cache.folder() == Path("/somewhere/verilane")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert _kernel_cache.folder() == Path.home() / ".cache" / "verilane"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _kernel_cache.folder() == Path.home() / "Library" / "Caches" / "verilane"
