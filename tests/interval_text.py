"""The kernels' C text, preprocessed by the C compiler without any of its extensions and parsed by
pycparser (which cffi brings), its types, and memory for them: what interval_machine.py runs.
"""

import operator
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pycparser import c_ast, c_parser

from interval_values import Broken
from native_library import INCLUDES, ROOT, _compiler

# ---- types and memory ----


@dataclass(frozen=True)
class Number:
    bits: int
    signed: bool

    @property
    def least(self) -> int:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def most(self) -> int:
        return (1 << self.bits - int(self.signed)) - 1


@dataclass(frozen=True)
class Array:
    element: Any
    length: int


@dataclass(frozen=True)
class Address:
    element: Any


@dataclass(frozen=True)
class Struct:
    name: str
    members: tuple[tuple[str, Any], ...] = field(hash=False)


INT, UNSIGNED = Number(32, True), Number(32, False)
LONG, ULONG = Number(64, True), Number(64, False)
VOID = "void"


class Cells:
    """Where values lie: an array's elements, or one thing. None: not set yet."""

    __slots__ = ("cells", "kind")

    def __init__(self, kind: Any, cells: list[Any]) -> None:
        self.kind, self.cells = kind, cells


@dataclass(frozen=True)
class Pointer:
    cells: list[Any]
    at: int
    element: Any


def fresh(kind: Any) -> Cells:
    """Memory for one thing of this type."""
    if isinstance(kind, Array):
        return Cells(kind, [_empty(kind.element) for _ in range(kind.length)])
    return Cells(kind, [_empty(kind)])


def _empty(kind: Any) -> Any:
    if isinstance(kind, Struct):
        return {name: fresh(member) for name, member in kind.members}
    return fresh(kind) if isinstance(kind, Array) else None


def copied(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {name: copied(member) for name, member in thing.items()}
    if isinstance(thing, Cells):
        return Cells(thing.kind, [copied(cell) for cell in thing.cells])
    return thing


# ---- the text ----

TYPES = """
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long uint64_t; typedef int int32_t; typedef long int64_t;
typedef unsigned long size_t;
"""


def preprocessed(source: str, defines: Sequence[str]) -> str:
    """Returns tests/native/<source> as the compiler sees it, with none of its extensions."""
    headers = ROOT / "build" / "headers"
    headers.mkdir(parents=True, exist_ok=True)
    for name in ("stddef.h", "stdint.h", "stdlib.h", "string.h"):
        if not (headers / name).exists():
            (headers / name).touch()
    options = ["-E", "-P", "-undef", "-nostdinc", f"-I{headers}", *INCLUDES]
    options += ["-D__SIZEOF_INT128__=16", "-DUINT64_MAX=0xFFFFFFFFFFFFFFFFUL"]
    options += [f"-D{define}" for define in defines]
    command = [*shlex.split(_compiler()), *options, f"tests/native/{source}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return TYPES + re.sub(r"^\s*#.*$", "", done.stdout, flags=re.MULTILINE)


@dataclass
class Text:
    """A parsed file: its functions, types and constants."""

    functions: dict[str, Any]
    types: dict[str, Any]
    constants: list[Any]


def parsed(text: str) -> Text:
    result = Text({}, {}, [])
    for node in c_parser.CParser().parse(text).ext:
        if isinstance(node, c_ast.FuncDef):
            result.functions[node.decl.name] = node
        elif isinstance(node, c_ast.Typedef):
            result.types[node.name] = type_of(node.type, result, _literal)
        elif isinstance(node, c_ast.Decl) and node.init is not None:
            result.constants.append(node)
    return result


def _literal(node: Any) -> int:
    """The value of a constant expression of integers alone."""
    if isinstance(node, c_ast.Constant):
        return int(node.value.rstrip("uUlL"), 0)
    if isinstance(node, c_ast.BinaryOp) and node.op in OPERATORS:
        return OPERATORS[node.op](_literal(node.left), _literal(node.right))
    raise Broken(f"{node.coord}: a length that this machine does not know")


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@cache
def text_of(source: str, *defines: str) -> Text:
    """tests/native/<source> with these -D options."""
    return parsed(preprocessed("bounds.c", [f'BOUNDS_OF="{source}"', *defines]))


WORDS = {
    "char": Number(8, True),
    "unsigned char": Number(8, False),
    "unsigned short": Number(16, False),
    "int": INT,
    "unsigned int": UNSIGNED,
    "unsigned": UNSIGNED,
    "long": LONG,
    "unsigned long": ULONG,
    "long long": LONG,
    "unsigned long long": ULONG,
    "__int128": Number(128, True),
    "unsigned __int128": Number(128, False),
    "void": VOID,
}


def type_of(node: Any, text: Text, lengths: Callable[[Any], int]) -> Any:
    """lengths: how long an array is, from the expression that says so."""
    if isinstance(node, c_ast.TypeDecl):
        return type_of(node.type, text, lengths)
    if isinstance(node, c_ast.IdentifierType):
        name = " ".join(node.names)
        return text.types[name] if name in text.types else WORDS[name]
    if isinstance(node, c_ast.Struct):
        members = tuple((each.name, type_of(each.type, text, lengths)) for each in node.decls or ())
        return Struct(node.name or str(node.coord), members)
    if isinstance(node, c_ast.PtrDecl):
        return Address(type_of(node.type, text, lengths))
    if isinstance(node, c_ast.ArrayDecl):
        element = type_of(node.type, text, lengths)
        return Array(element, -1 if node.dim is None else lengths(node.dim))
    if isinstance(node, c_ast.Typename):
        return type_of(node.type, text, lengths)
    raise Broken(f"a type that this machine does not know: {type(node).__name__}")
