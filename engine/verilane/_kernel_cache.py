"""What GPU compilers made, kept in the user's cache folder.

A file holds the SHA-256 of what follows it, and takes its place in one step: readers see all of it
or nothing, whoever else writes. Nothing here raises: without a cache, things are only made anew.
"""

import hashlib
import os
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
        data = (folder() / key).read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    digest, content = data[:_DIGEST], data[_DIGEST:]
    return content if hashlib.sha256(content).digest() == digest else None


def store(key: str, content: bytes) -> None:
    """Keeps `content` under a key, if the folder can be written."""
    with suppress(OSError, RuntimeError):
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix="new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            os.replace(name, place / key)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
