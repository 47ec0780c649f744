"""What computes points: the face that every kind of device shows (_trust.py asks it)."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Points", "identity_of", "shares_cores"]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]


class Points(Protocol):
    """What computes points. Calls come one at a time, from one thread.

    It may also have `identity`, a text with all that its speed depends on (device, driver, kernels;
    without it: its name), and `shares_cores`, true where it computes on the CPU's own cores.
    """

    name: str

    def room(self, curve: str) -> int:
        """Returns how many items one call should have, at most."""

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        """Fills r (n, 8) with u G + v Q (Ed25519: u B - v Q, v as an integer), and exceptional
        (n,) with 1 where r means nothing, else 0. What it writes to on the device starts as a copy
        of r and exceptional. Raises whatever went wrong.
        """

    def kill(self) -> None:
        """Ends what can be ended of a call that does not return; called from another thread."""


def identity_of(points: Points) -> str:
    """Returns what the speed of a device depends on."""
    return str(getattr(points, "identity", points.name))


def shares_cores(points: Points) -> bool:
    """Returns whether a device computes on the CPU's own cores."""
    return bool(getattr(points, "shares_cores", False))
