"""Kernels in PTX as Python functions, an instruction a line. How strict they are, and where PTX is
described, ptx_machine.py says.
"""

import re

LOCAL = re.compile(r"\.local \.align \d+ \.b8\s+(\w+)\[(\d+)\]")
STATEMENT = re.compile(r"(?:@(!?)(%p\d+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)


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
