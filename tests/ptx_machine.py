"""A machine that runs the PTX which NVRTC makes of kernel texts: every kernel is translated to a
Python function, an instruction a line.

What it does not know it refuses, and it is strict: a register that was not set, a carry that no
instruction of the same chain has set, an address outside of its buffer or not aligned end the test.
PTX is described in NVIDIA's "Parallel Thread Execution ISA".
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx_translator import Translator, inserted, permuted, signed
from verilane import _kernel_text

ENTRY = re.compile(r"\.entry (\w+)\((.*?)\)(.*?)^\}", re.DOTALL | re.MULTILINE)
PARAMETER = re.compile(r"\.param .*?(\w+),?$", re.MULTILINE)
CONSTANTS = re.compile(r"^\.global \.align \d+ \.b8 (\w+)\[(\d+)\] = \{([^}]*)\}", re.MULTILINE)

# A buffer's number is above an address's lowest 32 bits; what a pointer to it may be, below.
SHIFT = 32


def ptx(source: str, architecture: str = "compute_90") -> str:
    """Compiles without a GPU or a driver."""
    from cuda.bindings import nvrtc

    def checked(result: tuple[Any, ...]) -> Any:
        assert int(result[0]) == 0, log(program) if program is not None else result
        return result[1] if len(result) > 1 else None

    def log(made: Any) -> str:
        text = b" " * nvrtc.nvrtcGetProgramLogSize(made)[1]
        nvrtc.nvrtcGetProgramLog(made, text)
        return text.decode()

    program = None
    program = checked(nvrtc.nvrtcCreateProgram(source.encode(), b"kernels.cu", 0, [], []))
    option = f"--gpu-architecture={architecture}".encode()
    checked(nvrtc.nvrtcCompileProgram(program, 1, [option]))
    text = b" " * checked(nvrtc.nvrtcGetPTXSize(program))
    checked(nvrtc.nvrtcGetPTX(program, text))
    return text.decode().rstrip("\0")


class Memory:
    """One buffer, seen as words of every width."""

    def __init__(self, data: bytearray) -> None:
        assert len(data) % 8 == 0
        whole = memoryview(data)
        self.data = data
        self.views = {1: whole, 2: whole.cast("H"), 4: whole.cast("I"), 8: whole.cast("Q")}


class Space:
    """All memory of a program: address (n << SHIFT) + i is byte i of buffer n."""

    def __init__(self) -> None:
        self.buffers = [Memory(bytearray(8))]  # nobody's: 0 is no address

    def add(self, size: int) -> int:
        """Returns the address of new memory, filled with what nobody expects."""
        self.buffers.append(Memory(bytearray(b"\xa5" * (-(-size // 8) * 8))))
        return (len(self.buffers) - 1) << SHIFT

    def load(self, width: int, address: int) -> int:
        assert address % width == 0, "not aligned"
        return self.buffers[address >> SHIFT].views[width][(address & 0xFFFFFFFF) // width]

    def store(self, width: int, address: int, value: int) -> None:
        assert address % width == 0, "not aligned"
        view = self.buffers[address >> SHIFT].views[width]
        view[(address & 0xFFFFFFFF) // width] = value & ((1 << 8 * width) - 1)


class Compiled:
    """All kernels of a text in PTX, translated when they are first wanted."""

    def __init__(self, text: str) -> None:
        self.constants = CONSTANTS.findall(text)
        self.texts = {name: (parameters, body) for name, parameters, body in ENTRY.findall(text)}

    @cache  # noqa: B019
    def kernel(self, name: str) -> Callable[..., None]:
        parameters, body = self.texts[name]
        made = Translator(PARAMETER.findall(parameters), body).source(name)
        known = {"signed": signed, "permuted": permuted, "inserted": inserted, "M32": 0xFFFFFFFF}
        exec(compile(made, f"<{name}>", "exec"), known)
        return known[name]  # type: ignore[return-value]


@cache
def compiled(source: str) -> Compiled:
    return Compiled(ptx(source))


class Buffer:
    def __init__(self, address: int, size: int) -> None:
        self.address, self.size = address, size


class PtxMachine:
    """What hashes, trees and curves need of `_machine.Machine`. Slow: some ten thousand items a
    minute for hashes, some hundred for curves.
    """

    name, failures, is_cpu, overlaps, lanes = "ptx", 0, False, False, 32
    local_size, largest_buffer, memory = 32, 1 << 30, 1 << 30

    def __init__(self) -> None:
        self.space = Space()
        self.names: dict[int, dict[str, int]] = {}

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> Compiled:
        head = "".join(f"#define {define.replace('=', ' ')}\n" for define in defines)
        return compiled(head + _kernel_text.flatten(entry).source)

    def room(self, *sizes: int) -> int:
        return 1 << 16

    def buffer(self, size: int) -> Buffer:
        return Buffer(self.space.add(size), size)

    def upload(self, array: NDArray[Any]) -> Buffer:
        buffer = self.buffer(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: NDArray[Any], at: int = 0) -> None:
        data = self.space.buffers[buffer.address >> SHIFT].data
        data[at : at + array.nbytes] = array.tobytes()

    def read(self, array: NDArray[Any], buffer: Buffer, at: int = 0) -> None:
        data = self.space.buffers[buffer.address >> SHIFT].data
        flat = np.frombuffer(bytes(data[at : at + array.nbytes]), array.dtype)
        array[...] = flat.reshape(array.shape)

    def launch(self, program: Compiled, kernel: str, n: int, *arguments: Any) -> None:
        if id(program) not in self.names:
            self.names[id(program)] = {
                name: self._constant(int(size), values) for name, size, values in program.constants
            }
        given = [each.address if isinstance(each, Buffer) else int(each) for each in arguments]
        run = program.kernel(kernel)
        for lane in range(-(-n // self.local_size) * self.local_size):
            block, thread = divmod(lane, self.local_size)
            run(self.space, self.names[id(program)], [*given, n], thread, block, self.local_size)

    def _constant(self, size: int, values: str) -> int:
        data = bytes(int(each, 0) for each in values.split(",")).ljust(size, b"\0")
        address = self.space.add(size)
        self.space.buffers[address >> SHIFT].data[:size] = data
        return address
