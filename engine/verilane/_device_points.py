"""Points from a device, as _trust.py asks for them."""

import numpy as np
from numpy.typing import NDArray

from . import _device_curves, _kernel_cache, _kernel_text
from ._machines import machine

__all__ = ["MachinePoints"]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

# Items that one lane does in a launch, which takes milliseconds on a GPU, and less than a second on
# a CPU.
_ROUNDS = 16


class MachinePoints:
    """One device (_points.Points)."""

    def __init__(self, name: str) -> None:
        self._machine = machine(name)
        self.name = self._machine.name
        texts = [_kernel_text.flatten(f"{curve}.cl").digest for curve in _device_curves.CURVES]
        self.identity = _kernel_cache.key_of(self._machine.title, self._machine.driver, *texts)
        self.shares_cores = self._machine.is_cpu

    def room(self, curve: str) -> int:
        """What its memory holds, and what keeps all of its lanes busy for some rounds."""
        sizes = _device_curves.curve(self._machine, curve).SIZES
        return min(self._machine.room(*sizes), _ROUNDS * self._machine.lanes)

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        """Fills r and exceptional."""
        there = _device_curves.curve(self._machine, curve)
        if isinstance(there, _device_curves.Weierstrass):
            there.double_mul_over(r, exceptional, u, v, q)
        elif isinstance(there, _device_curves.Edwards):
            there.double_mul_over(r, u, v, q)
            exceptional[:] = 0

    def kill(self) -> None:
        """Nothing stops a kernel."""
