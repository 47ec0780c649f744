"""What a child of this process finds: its threads are gone, its memory is the parent's."""

import os
import time
import warnings
from collections.abc import Callable

import pytest

from builds import THREADS_CHECKED

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
no_threads_in_children = pytest.mark.skipif(
    THREADS_CHECKED,
    reason="ThreadSanitizer ends a child whose thread has the place of one that its parent had",
)


def succeeds_in_a_child(child: Callable[[], bool]) -> bool:
    """What it returns there. False too where it raises, or takes more than a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork beside threads
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if child() else 2
        finally:
            os._exit(status)
    return exit_status(pid, seconds=60) == 0


def exit_status(child: int, seconds: float) -> int:
    """The child's exit status, or -1 when it hangs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1
