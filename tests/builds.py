"""How the package under test was built: `make sanitize` runs all tests on builds that check.

As a program, it prints where packages have libraries that they load by name. A sanitizer loads them
for them, and looks into LD_LIBRARY_PATH alone.
"""

import os
import sysconfig
from pathlib import Path

import pytest

_LOADED = os.environ.get("LD_PRELOAD", "")

ADDRESSES_CHECKED = "asan" in _LOADED
"""By AddressSanitizer. A program that a test starts would need its library first."""

THREADS_CHECKED = "tsan" in _LOADED
"""By ThreadSanitizer: all takes 20 times as long, and a child of a process with threads is ended by
it as soon as it has a thread of its own.
"""

SANITIZED = ADDRESSES_CHECKED or THREADS_CHECKED

by_its_memory = pytest.mark.skipif(
    SANITIZED, reason="a sanitizer keeps memory of its own of what was: the process grows"
)
by_its_speed = pytest.mark.skipif(
    SANITIZED, reason="a build that checks is not as fast as the CPU that this test tells of"
)

if __name__ == "__main__":
    packages = Path(sysconfig.get_path("purelib"))
    places = [place for name in ("nvidia/*/lib", "pyopencl/.libs") for place in packages.glob(name)]
    print(":".join(map(str, places)))
