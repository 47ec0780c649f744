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

from verilane import _kernel_text

ENTRY = re.compile(r"\.entry (\w+)\((.*?)\)(.*?)^\}", re.DOTALL | re.MULTILINE)
PARAMETER = re.compile(r"\.param .*?(\w+),?$", re.MULTILINE)
CONSTANTS = re.compile(r"^\.global \.align \d+ \.b8 (\w+)\[(\d+)\] = \{([^}]*)\}", re.MULTILINE)
LOCAL = re.compile(r"\.local \.align \d+ \.b8\s+(\w+)\[(\d+)\]")
STATEMENT = re.compile(r"(?:@(!?)(%p\d+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)

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


def signed(value: int, bits: int) -> int:
    return value - ((value >> (bits - 1)) << bits)


def permuted(a: int, b: int, selector: int) -> int:
    """prmt: bytes of b:a by number."""
    both = (b << 32 | a).to_bytes(8, "little")
    picked = [selector >> (4 * i) & 15 for i in range(4)]
    assert max(picked) < 8, "signs are not copied here"
    return int.from_bytes(bytes(both[i] for i in picked), "little")


def inserted(a: int, b: int, at: int, length: int) -> int:
    """bfi: the lowest bits of a in b, from bit `at` on."""
    mask = ((1 << length) - 1) << at
    return b & ~mask | a << at & mask


COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
COMPARE |= {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
PLAIN = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul.lo": "{0} * {1}",
    "mad.lo": "{0} * {1} + {2}",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "xor": "{0} ^ {1}",
    "not": "~{0}",
    "neg": "-{0}",
    "mov": "{0}",
    "div": "{0} // {1}",
    "rem": "{0} % {1}",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "shl": "{0} << min({1}, 64)",
    "shr": "{0} >> min({1}, 64)",
    "mul.wide": "{0} * {1}",
    "mad.wide": "{0} * {1} + {2}",
    "selp": "{0} if {2} else {1}",
    "bfi": "inserted({0}, {1}, {2}, {3})",
    "prmt": "permuted({0}, {1}, {2})",
    "shf.l.wrap": "(({1} << 32 | {0}) << ({2} & 31)) >> 32",
    "shf.r.wrap": "({1} << 32 | {0}) >> ({2} & 31)",
}
CARRIED = {
    "add": "{0} + {1}",
    "addc": "{0} + {1} + carry",
    "sub": "{0} - {1}",
    "subc": "{0} - {1} - carry",
    "mad.lo": "({0} * {1} & M32) + {2}",
    "madc.lo": "({0} * {1} & M32) + {2} + carry",
    "mad.hi": "({0} * {1} >> 32) + {2}",
    "madc.hi": "({0} * {1} >> 32) + {2} + carry",
    "mul.hi": "{0} * {1} >> 32",
}


class Translator:
    """One kernel. What PTX calls a register is a variable of the same name without its %."""

    def __init__(self, parameters: list[str], body: str) -> None:
        self.parameters = parameters
        self.lines: list[str] = []
        self.indent = 3
        self.carry = False  # whether the flag is one of the chain that is being translated
        self.scope: set[str] | None = None  # names of an asm statement's registers
        self.written: set[str] = set()
        self.labels: dict[str, int] = {}
        self.body = re.sub(r"//[^\n]*", "", body)
        self.locals = LOCAL.findall(self.body)

    def source(self, name: str) -> str:
        statements = self._statements()
        for text in statements:
            if text.endswith(":"):
                self.labels[text[:-1]] = len(self.labels) + 1
        for text in statements:
            self._statement(text)
        head = [f"def {name}(space, names, arguments, tid, ctaid, ntid):"]
        head += [" load, store = space.load, space.store"]
        head += [f" {each} = space.add({size})" for each, size in self.locals]
        head += [" block = 0", " while True:", "  if block == 0:"]
        return "\n".join([*head, *self.lines, "   return", ""])

    def _statements(self) -> list[str]:
        """Instructions, labels, and the braces of asm statements."""
        out: list[str] = []
        text = re.sub(r"^\s*(?:\.maxntid|\.minnctapersm)[^\n{]*", "", self.body)
        text = text[text.index("{") + 1 :]
        # Vectors' braces are no scopes.
        text = re.sub(r"\{([^{};]*,[^{};]*)\}", r"<\1>", text)
        for part in re.split(r"(\$?\w+:(?!:)|[;{}])", text):
            part = part.strip()
            if part and part != ";":
                out.append(part)
        return out

    def emit(self, line: str) -> None:
        self.lines.append(" " * self.indent + line)

    def value(self, operand: str, width: int = 64, is_signed: bool = False) -> str:
        operand = operand.strip()
        if re.fullmatch(r"-?(?:\d+|0x[0-9a-fA-F]+)", operand):
            return str(int(operand, 0) if is_signed else int(operand, 0) & ((1 << width) - 1))
        name = self.name(operand)
        if self.scope is not None and name in self.scope:
            assert name in self.written, f"{name} is not set"
        return f"signed({name}, {width})" if is_signed else name

    def name(self, operand: str) -> str:
        operand = operand.strip()
        special = {
            "%tid.x": "tid",
            "%ctaid.x": "ctaid",
            "%ntid.x": "ntid",
            "%SP": "SP",
            "%SPL": "SPL",
        }
        if operand in special:
            return special[operand]
        if operand in [each for each, _ in self.locals]:
            return operand
        if operand.startswith("%"):
            return operand[1:]
        if self.scope is not None and operand in self.scope:
            return operand
        return f"names[{operand!r}]"

    def target(self, operand: str) -> str:
        name = self.name(operand)
        assert not name.startswith("names"), operand
        self.written.add(name)
        return name

    def _statement(self, text: str) -> None:
        if text == "{":
            assert self.scope is None
            self.scope, self.written, self.carry = set(), set(), False
        elif text == "}":
            self.scope, self.carry = None, False
        elif text.endswith(":"):
            number = self.labels[text[:-1]]
            self.carry = False
            self.emit(f"block = {number}")
            self.lines.append(f"  if block == {number}:")
        elif text.startswith(".reg"):
            if self.scope is not None:
                for stem, count in re.findall(
                    r"([a-z]\w*)(?:<(\d+)>)?(?=[,\s]|$)", text.split(None, 2)[2]
                ):
                    self.scope |= {f"{stem}{i}" for i in range(int(count))} if count else {stem}
        elif not text.startswith((".local", ".loc", ".pragma")):
            match = STATEMENT.fullmatch(text)
            assert match is not None, text
            negated, guard, operation, rest = match.groups()
            if guard:
                self.emit(f"if {'not ' if negated else ''}{self.value(guard)}:")
                self.indent += 1
            self._instruction(operation, self._operands(rest))
            self.indent = 3

    @staticmethod
    def _operands(rest: str) -> list[str]:
        parts = re.findall(r"<[^>]*>|\[[^\]]*\]|[^,\s]+", rest)
        return [part.strip() for part in parts]

    def _instruction(self, operation: str, operands: list[str]) -> None:
        first, *parts = operation.split(".")
        if first == "bra":
            self.emit(f"block = {self.labels[operands[0]]}")
            self.emit("continue")
            return
        if first in ("ret", "exit"):
            self.emit("return")
            return
        kind = parts[-1]
        bits = 1 if kind == "pred" else int(kind[1:])
        if first in ("ld", "st"):
            self._memory(first, parts, bits, operands)
        elif first == "cvta":
            self.emit(f"{self.target(operands[0])} = {self.value(operands[1])}")
        elif first == "cvt":
            source, to = kind, int(parts[-2][1:])
            given = self.value(operands[1], int(source[1:]), source[0] == "s")
            masked = given if source[0] == "s" else f"({given} & {(1 << int(source[1:])) - 1})"
            self.emit(f"{self.target(operands[0])} = {masked} & {(1 << to) - 1}")
        elif first == "setp":
            assert len(operands) == 3 and len(parts) == 2, operation
            a, b = (self.value(each, bits, kind[0] == "s") for each in operands[1:])
            self.emit(f"{self.target(operands[0])} = {a} {COMPARE[parts[0]]} {b}")
        elif bits == 1:
            logic = {"mov": "{0}", "not": "not {0}", "and": "{0} and {1}", "or": "{0} or {1}"}
            logic |= {"xor": "{0} != {1}"}
            given = [self.value(each) for each in operands[1:]]
            given = [{"0": "False", "1": "True"}.get(each, each) for each in given]
            self.emit(f"{self.target(operands[0])} = {logic[first].format(*given)}")
        elif first == "mov" and operands[0].startswith("<"):
            low, high = operands[0][1:-1].split(",")
            given = self.value(operands[1])
            self.emit(f"{self.target(low)}, {self.target(high)} = {given} & M32, {given} >> 32")
        elif first == "mov" and operands[1].startswith("<"):
            low, high = (self.value(each) for each in operands[1][1:-1].split(","))
            self.emit(f"{self.target(operands[0])} = {low} | {high} << 32")
        else:
            self._arithmetic(first, parts, bits, kind[0] == "s", operands)

    def _arithmetic(
        self, first: str, parts: list[str], bits: int, is_signed: bool, operands: list[str]
    ) -> None:
        sets = "cc" in parts
        words = [part for part in parts[:-1] if part != "cc"]
        operation = ".".join([first, *words])
        uses = first in ("addc", "subc", "madc")
        if sets or uses or operation == "mul.hi":
            assert bits == 32 and not is_signed, operation
            assert not uses or self.carry, f"{operation}: there is no carry"
            given = [self.value(each, 32) for each in operands[1:]]
            self.emit(f"whole = {CARRIED[operation].format(*given)}")
            self.emit(f"{self.target(operands[0])} = whole & M32")
            if sets:
                self.emit("carry = whole >> 32 & 1")
            if sets or uses:
                self.carry = sets  # a chain ends where no flag is set
            return
        # The low bits of these are the same, signed or not.
        is_signed &= operation in ("shr", "mul.wide", "mad.wide", "min", "max", "div", "rem")
        assert not (is_signed and first in ("div", "rem")), operation
        widths = [bits] * len(operands)
        if first in ("shl", "shr", "shf", "bfi"):
            widths[2:] = [32] * len(widths[2:])
        given = [
            self.value(each, width, is_signed and not (first == "shr" and i))
            for i, (each, width) in enumerate(zip(operands[1:], widths[1:], strict=True))
        ]
        mask = (1 << (2 * bits if "wide" in words else bits)) - 1
        self.emit(f"{self.target(operands[0])} = ({PLAIN[operation].format(*given)}) & {mask}")

    def _memory(self, first: str, parts: list[str], bits: int, operands: list[str]) -> None:
        place = operands[0] if first == "st" else operands[1]
        value = operands[1] if first == "st" else operands[0]
        base, _, offset = place[1:-1].partition("+")
        if parts[0] == "param":
            self.emit(f"{self.target(value)} = arguments[{self.parameters.index(base)}]")
            return
        assert parts[0] in ("global", "local"), parts
        names = value[1:-1].split(",") if value.startswith("<") else [value]
        assert len(names) == int(
            next((p[1:] for p in parts if p[0] == "v" and p[1:].isdigit()), "1")
        )
        width = bits // 8
        for i, name in enumerate(names):
            address = f"{self.value(base)} + {int(offset or 0) + i * width}"
            if first == "st":
                self.emit(f"store({width}, {address}, {self.value(name, bits)})")
            else:
                self.emit(f"{self.target(name)} = load({width}, {address})")


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
