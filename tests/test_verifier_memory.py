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


@pytest.mark.parametrize(("work", "most"), [("calls", 4 << 20), ("verifiers", 4 << 20)])
def test_memory_does_not_grow(work: str, most: int) -> None:
    command = [sys.executable, HERE / "verifier_memory.py", work]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < most
