"""Machines for the GPU kernels of the curves: their text as plain C (with and without emulated
carry chains), and every device beside the CPU. All have the methods of `_machine.Machine` that
curves need.
"""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conftest import PLACES, there
from native_library import library
from verilane import _machines


class NativeBuffer:
    def __init__(self, size: int) -> None:
        # What it holds before is not zero, and what lies behind it is looked at.
        self.size = size
        self.memory = ctypes.create_string_buffer(b"\xa5" * (size + 64), size + 64)

    def check(self) -> None:
        assert self.memory.raw[self.size :] == b"\xa5" * 64, "written behind the end"


class NativeMachine:
    """tests/native/threads.c."""

    lanes, overlaps = 1, False

    def __init__(self, *defines: str, verify: bool = False) -> None:
        self.defines, self.verify = defines, verify
        self.name = " ".join(["native", *defines])

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> ctypes.CDLL:
        curve = entry.partition(".")[0].upper()
        wanted = (f"ENTRY_{curve}", *self.defines, *defines)
        return library("threads.c", *wanted, verify=self.verify)

    def room(self, *sizes: int) -> int:
        return (1 << 20) // sum(sizes)

    def buffer(self, size: int) -> NativeBuffer:
        return NativeBuffer(size)

    def upload(self, array: NDArray[Any]) -> NativeBuffer:
        buffer = NativeBuffer(array.nbytes)
        ctypes.memmove(buffer.memory, array.tobytes(), array.nbytes)
        return buffer

    def read(self, array: NDArray[Any], buffer: NativeBuffer, at: int = 0) -> None:
        flat = np.frombuffer(buffer.memory.raw[at : at + array.nbytes], array.dtype)
        array[...] = flat.reshape(array.shape)

    def launch(self, program: ctypes.CDLL, kernel: str, n: int, *arguments: Any) -> None:
        values = [
            each.memory if isinstance(each, NativeBuffer) else ctypes.c_uint32(each)
            for each in arguments
        ]
        getattr(program, f"native_{kernel}")(ctypes.c_uint32(n), *values)
        for each in arguments:
            if isinstance(each, NativeBuffer):
                each.check()


MACHINES = {
    "native": lambda: NativeMachine(verify=True),
    "native-ptx": lambda: NativeMachine("EMULATE_PTX", verify=True),
    **{place: lambda place=place: _machines.machine(there(place)) for place in PLACES},
}
_made: dict[str, Any] = {}


def curve_machine(name: str) -> Any:
    """Returns a machine by its name in MACHINES; skips where it is missing, with the reason."""
    if name not in _made:
        _made[name] = MACHINES[name]()
    return _made[name]
