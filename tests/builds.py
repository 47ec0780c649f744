"""How the package under test was built: `make sanitize` runs all tests on builds that check."""

import os

_LOADED = os.environ.get("LD_PRELOAD", "")

ADDRESSES_CHECKED = "asan" in _LOADED
"""By AddressSanitizer. A program that a test starts would need its library first."""

THREADS_CHECKED = "tsan" in _LOADED
"""By ThreadSanitizer: all takes 20 times as long, and a child of a process with threads is ended by
it as soon as it has a thread of its own.
"""

SANITIZED = ADDRESSES_CHECKED or THREADS_CHECKED
