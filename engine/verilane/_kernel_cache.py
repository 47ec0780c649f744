"""What GPU compilers made, kept in the user's cache folder.

A file holds the SHA-256 of its name and of what follows it, and takes its place in one step:
readers see all of it or nothing, whoever else writes. It is run as a program: what somebody else
owns, or may have written, does not count. Nothing here raises: without a cache, things are only
made anew.
"""

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["folder", "key_of", "load", "store"]

_DIGEST = 32


def folder() -> Path:
    """Returns the folder: VERILANE_CACHE, or `verilane` where the system keeps caches."""
    chosen = os.environ.get("VERILANE_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "verilane"
    base = os.environ.get("XDG_CACHE_HOME", "")
    # A relative path is to be ignored (XDG Base Directory specification).
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "verilane"


def key_of(*parts: str) -> str:
    """Returns a file name for all that a result depends on."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part.encode())}:".encode() + part.encode())
    return digest.hexdigest()[:40]


def load(key: str) -> bytes | None:
    """Returns what was stored under a key; None where there is nothing, or not what was stored."""
    try:
        data = _own(folder() / key)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    digest, content = data[:_DIGEST], data[_DIGEST:]
    return content if _digest(key, content) == digest else None


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + content).digest()


def _own(path: Path) -> bytes:
    """Returns what is in a file; nothing of one that others could have written."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

    with open(path, "rb", opener=opener) as file:
        status = os.fstat(file.fileno())
        others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or others_write:
            return b""
        return file.read()


def store(key: str, content: bytes) -> None:
    """Keeps `content` under a key, if the folder can be written."""
    with suppress(OSError, RuntimeError):
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix="new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, content) + content)
            os.replace(name, place / key)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
