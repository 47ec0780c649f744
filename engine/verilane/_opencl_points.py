"""Points from an OpenCL device, as _trust.py asks for them."""

import numpy as np
from numpy.typing import NDArray

from . import _kernel_cache, _kernel_text, _opencl, _opencl_curves

__all__ = ["OpenCLPoints"]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

# Items that one lane does in a launch, which takes milliseconds on a GPU, and less than a second on
# a CPU.
_ROUNDS = 16


class OpenCLPoints:
    """One device (_trust.Points)."""

    def __init__(self, name: str) -> None:
        self._machine = _opencl.machine(name)
        self.name = self._machine.name
        texts = [_kernel_text.flatten(f"{curve}.cl").digest for curve in _opencl_curves.CURVES]
        self.identity = _kernel_cache.key_of(self._machine.title, self._machine.driver, *texts)
        self.shares_cores = self._machine.is_cpu

    def room(self, curve: str) -> int:
        """What its memory holds, and what keeps all of its lanes busy for some rounds."""
        sizes = _opencl_curves.curve(self._machine, curve).SIZES
        return min(self._machine.room(*sizes), _ROUNDS * self._machine.lanes)

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        """Fills r and exceptional."""
        there = _opencl_curves.curve(self._machine, curve)
        if isinstance(there, _opencl_curves.Weierstrass):
            there.double_mul_over(r, exceptional, u, v, q)
        elif isinstance(there, _opencl_curves.Edwards):
            there.double_mul_over(r, u, v, q)
            exceptional[:] = 0

    def kill(self) -> None:
        """Nothing stops a kernel."""
