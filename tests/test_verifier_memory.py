"""What was asked of a verifier leaves nothing behind, nor does a verifier."""

import subprocess
import sys
from pathlib import Path

import pytest

from builds import by_its_memory

HERE = Path(__file__).parent
pytestmark = [
    by_its_memory,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]


@pytest.mark.parametrize("work", ["calls", "verifiers"])
def test_memory_does_not_grow(work: str) -> None:
    """A leak of 16 bytes an item, or of 40 KB a verifier, is more."""
    command = [sys.executable, HERE / "verifier_memory.py", work]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1 << 20
