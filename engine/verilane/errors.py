"""What Verilane raises beside TypeError and ValueError for a caller's mistake.

What is wrong *inside* an item of a batch is never raised: it is that item's verdict.
"""

from ._verdicts import Verdict

__all__ = [
    "Busy",
    "DeadlineExceeded",
    "DeviceFailure",
    "DeviceUnavailable",
    "InternalError",
    "InvalidSignature",
    "MutatedTree",
    "Shed",
    "VerifierClosed",
    "VerifierForked",
    "VerilaneError",
]


class VerilaneError(Exception):
    """Base of every exception that is Verilane's own."""


class InvalidSignature(VerilaneError):
    """One signature was checked and is not valid; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict

    def __str__(self) -> str:
        return f"{self.verdict.name}: {self.verdict.reason}"


class DeviceUnavailable(VerilaneError, RuntimeError):
    """A device that was asked for by name is missing here or failed its self-test; the text says
    why.
    """


class DeviceFailure(DeviceUnavailable):
    """A device failed at what it was given: its driver's own words. No result was given."""


class InternalError(VerilaneError, RuntimeError):
    """Verilane broke one of its own promises: please report it. No verdict was given."""


class MutatedTree(VerilaneError, ValueError):
    """Equal neighbours were paired in a Bitcoin Merkle tree, so other leaf lists share its root
    (CVE-2012-2459).

    `root` is the 32-byte root all the same.
    """

    def __init__(self, root: bytes) -> None:
        super().__init__(root)
        self.root = root

    def __str__(self) -> str:
        return (
            "equal neighbours in a Bitcoin Merkle tree (CVE-2012-2459); "
            f"its root is {self.root.hex()}"
        )


class Busy(VerilaneError):
    """A verifier's queue is full: nothing was taken, and nothing waits."""


class Shed(Busy):
    """A verifier had taken an item of the class MEMPOOL, and gave it up for more urgent ones when
    memory ran out.
    """


class DeadlineExceeded(VerilaneError, TimeoutError):
    """An item's time was over before a verifier's worker came to it. No verdict was given."""


class VerifierClosed(VerilaneError, RuntimeError):
    """A verifier was closed before the item was begun. No verdict was given."""


class VerifierForked(VerifierClosed):
    """A verifier was made before a fork, in the parent process: make another one here."""
