"""C's expressions on bounds: the half of interval_machine.py that knows no statements."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pycparser import c_ast

from interval_text import (
    INT,
    LONG,
    ULONG,
    UNSIGNED,
    VOID,
    Address,
    Array,
    Cells,
    Number,
    Pointer,
    Text,
    copied,
    type_of,
)
from interval_values import Broken, Domain, Value


@dataclass
class Expressions:
    """One run of one path. contracts: functions that are not walked through, but taken by what
    they promise. wraps: functions where a product is meant modulo 2^64. assumed: conditions of
    VERIFY_CHECK that hold for a reason beyond bounds.
    """

    text: Text
    domain: Domain
    contracts: dict[str, Callable[..., Any]] = field(default_factory=dict)
    wraps: frozenset[str] = frozenset()
    assumed: frozenset[str] = frozenset()
    broken: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.scopes: list[dict[str, Cells]] = [{}]
        self.functions: list[str] = [""]
        for node in self.text.constants:
            self._declare(node)

    def number(self, node: Any) -> int:
        """The value of a constant expression."""
        value, _ = self.value(node)
        if not value.known:
            raise Broken(f"{node.coord}: {value} is not known")
        return value.lo

    # ---- conversions ----

    def plain(self, value: Value, kind: Number) -> Value:
        """The number that a variable of this type holds."""
        if kind.least <= value.lo and value.hi <= kind.most:
            return value
        if value.known:
            times = value.lo - kind.least >> kind.bits
            return self.domain.sub(value, self.domain.constant(times << kind.bits))
        self.domain.look(value)
        if kind.least <= value.lo and value.hi <= kind.most:
            return value
        if not kind.signed and self.domain.cases and value.hi <= kind.most:
            zero = self.domain.constant(0)
            if self.domain.holds(self.domain.compare("<", value, zero)):
                return self.domain.add(value, self.domain.constant(1 << kind.bits))
            return value
        raise Broken(f"{self._where()}: {value} is not within {kind}")

    def converted(self, value: Value, old: Number, new: Number) -> Value:
        if new.bits > old.bits or (new.signed != old.signed and value.lo >= 0):
            value = self.plain(value, old)
        if new.bits < old.bits and not (new.least <= value.lo and value.hi <= new.most):
            if new.signed:
                raise Broken(f"{self._where()}: {value} is cut to {new}")
            return self.domain.low(value, new.bits)
        return self.plain(value, new) if new.signed else value

    def _where(self) -> str:
        return " < ".join(reversed(self.functions[1:]))

    # ---- expressions ----

    def value(self, node: Any) -> tuple[Any, Any]:
        """The value of an expression and its type."""
        return getattr(self, f"_value_{type(node).__name__}")(node)

    def rvalue(self, node: Any, kind: Any) -> Any:
        """The value, converted to a type."""
        value, old = self.value(node)
        if isinstance(kind, Number):
            return self.converted(value, old, kind)
        return value

    def _value_Constant(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        if node.type == "string":
            return node.value, "string"
        text = node.value.lower()
        digits = text.rstrip("ul")
        x = int(digits, 8 if re.fullmatch(r"0[0-7]+", digits) else 0)
        if "l" in text:
            return self.domain.constant(x), ULONG if "u" in text else LONG
        kinds = [INT, LONG] if digits[:2] != "0x" else [INT, UNSIGNED, LONG, ULONG]
        if text.endswith("u"):
            kinds = [UNSIGNED, ULONG]
        return self.domain.constant(x), next(kind for kind in kinds if x <= kind.most)

    def _cells(self, name: str) -> Cells:
        for scope in (self.scopes[-1], self.scopes[0]):
            if name in scope:
                return scope[name]
        raise Broken(f"{self._where()}: there is no {name}")

    def lvalue(self, node: Any) -> tuple[list[Any], int, Any]:
        """Where an expression lies: in which cells, at which place, of which type."""
        if isinstance(node, c_ast.ID):
            found = self._cells(node.name)
            return [found] if isinstance(found.kind, Array) else found.cells, 0, found.kind
        if isinstance(node, c_ast.StructRef):
            if node.type == "->":
                pointer, _ = self.value(node.name)
                cells, at = pointer.cells, pointer.at
            else:
                cells, at, _ = self.lvalue(node.name)
            member = cells[at][node.field.name]
            return [member] if isinstance(member.kind, Array) else member.cells, 0, member.kind
        if isinstance(node, c_ast.ArrayRef):
            pointer, _ = self.value(node.name)
            at = pointer.at + self.number(node.subscript)
            if not 0 <= at < len(pointer.cells):
                raise Broken(f"{self._where()}: element {at} of {len(pointer.cells)}")
            return pointer.cells, at, pointer.element
        if isinstance(node, c_ast.UnaryOp) and node.op == "*":
            pointer, _ = self.value(node.expr)
            return pointer.cells, pointer.at, pointer.element
        raise Broken(f"{self._where()}: {type(node).__name__} is no place")

    def _load(self, node: Any) -> tuple[Any, Any]:
        cells, at, kind = self.lvalue(node)
        thing = cells[at]
        if isinstance(kind, Array):
            return Pointer(thing.cells, 0, kind.element), Address(kind.element)
        if thing is None:
            raise Broken(f"{self._where()}: read before it is set")
        return thing, kind

    _value_ID = _value_StructRef = _value_ArrayRef = _load  # noqa: N815

    def _value_Cast(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        kind = type_of(node.to_type, self.text, self.number)
        if kind == VOID:
            self.value(node.expr)
            return None, VOID
        return self.rvalue(node.expr, kind), kind

    def _value_ExprList(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        for each in node.exprs[:-1]:
            self.value(each)
        return self.value(node.exprs[-1])

    def _value_TernaryOp(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        condition, _ = self.value(node.cond)
        taken = self.domain.holds(condition)
        value, kind = self.value(node.iftrue if taken else node.iffalse)
        if not isinstance(kind, Number):
            return value, kind
        other = self._type(node.iffalse if taken else node.iftrue, kind)
        both = _common(_promoted(kind), _promoted(other))
        return self.converted(value, kind, both), both

    def _type(self, node: Any, otherwise: Number) -> Number:
        """The type of an expression that is not evaluated, where it can be told at once."""
        if isinstance(node, c_ast.Constant):
            return self._value_Constant(node)[1]
        if isinstance(node, c_ast.Cast):
            return type_of(node.to_type, self.text, self.number)
        if isinstance(node, c_ast.ID | c_ast.StructRef):
            kind = self.lvalue(node)[2]
            return kind if isinstance(kind, Number) else otherwise
        return otherwise

    def _value_UnaryOp(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        if node.op == "&":
            cells, at, kind = self.lvalue(node.expr)
            return Pointer(cells, at, kind), Address(kind)
        if node.op == "*":
            return self._load(node)
        if node.op in ("++", "--", "p++", "p--"):
            return self._step(node)
        if node.op == "sizeof":  # sizes count things, for memcpy
            return self.domain.constant(1), ULONG
        value, kind = self.value(node.expr)
        if node.op == "!":
            return self.domain.compare("==", value, self.domain.constant(0)), INT
        kind = _promoted(kind)
        if node.op == "+":
            return value, kind
        zero = self.domain.constant(0 if node.op == "-" else -1)
        return self._fit(self.domain.sub(zero, value), kind), kind

    def _step(self, node: Any) -> tuple[Any, Any]:
        cells, at, kind = self.lvalue(node.expr)
        old = cells[at]
        step = self.domain.constant(1 if "+" in node.op else -1)
        cells[at] = self._fit(self.domain.add(old, step), kind)
        return (old if node.op.startswith("p") else cells[at]), kind

    def _fit(self, value: Value, kind: Number) -> Value:
        """A result of arithmetic: signed types may not overflow, unsigned ones wait and see."""
        return self.plain(value, kind) if kind.signed or value.known else value

    def _value_BinaryOp(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        if node.op in ("&&", "||"):
            left = self.domain.holds(self.value(node.left)[0])
            if left == (node.op == "||"):
                return self.domain.constant(int(left)), INT
            zero = self.domain.constant(0)
            return self.domain.compare("!=", self.value(node.right)[0], zero), INT
        return self._binary(node.op, *self.value(node.left), *self.value(node.right))

    def _binary(self, op: str, a: Any, kind: Any, b: Any, other: Any) -> tuple[Any, Any]:
        if isinstance(a, Pointer):
            if not (op in "+-" and isinstance(b, Value) and b.known):
                raise Broken(f"{self._where()}: a pointer {op}")
            return Pointer(a.cells, a.at + (b.lo if op == "+" else -b.lo), a.element), kind
        if op in ("<<", ">>"):
            kind = _promoted(kind)
            return self._shifted(op, a, kind, b), kind
        both = _common(_promoted(kind), _promoted(other))
        a, b = self.converted(a, kind, both), self.converted(b, other, both)
        if op in ("==", "!=", "<", ">", "<=", ">="):
            return self.domain.compare(op, self.plain(a, both), self.plain(b, both)), INT
        if op in ("+", "-"):
            return self._fit((self.domain.add if op == "+" else self.domain.sub)(a, b), both), both
        if op == "*":
            product = self.domain.mul(a, b)
            if not both.signed and product.hi > both.most and self.functions[-1] in self.wraps:
                return self.domain.low(product, both.bits), both
            return self._fit(product, both), both
        if op in ("&", "|"):
            return self._bitwise(op, a, b, both), both
        if op in ("/", "%") and a.known and b.known and a.lo >= 0 < b.lo:
            return self.domain.constant(a.lo // b.lo if op == "/" else a.lo % b.lo), both
        if a.known and b.known and op == "^":
            return self.domain.constant(a.lo ^ b.lo), both
        raise Broken(f"{self._where()}: {a} {op} {b}")

    def _shifted(self, op: str, a: Value, kind: Number, by: Value) -> Value:
        if not by.known or not 0 <= by.lo < kind.bits:
            raise Broken(f"{self._where()}: a shift by {by}")
        if op == ">>":
            return self.domain.shr(self.plain(a, kind), by.lo)
        shifted = self.domain.shl(a, by.lo)
        if not kind.signed and shifted.lo >= 0:  # bits fall off
            return self.domain.low(shifted, kind.bits)
        return self._fit(shifted, kind)

    def _bitwise(self, op: str, a: Value, b: Value, kind: Number) -> Value:
        if self.domain.literal(a) and self.domain.literal(b):
            return self.domain.constant(a.lo | b.lo if op == "|" else a.lo & b.lo)
        if op == "|":
            return self.domain.bits_or(a, b)
        if (a.lo, a.hi) == (-1, 0) or (self.domain.literal(a) and (b.lo, b.hi) != (-1, 0)):
            a, b = b, a
        if (b.lo, b.hi) == (-1, 0):  # a mask that is all or none
            none = self.domain.holds(self.domain.compare("==", b, self.domain.constant(0)))
            b = self.domain.constant(0 if none else -1)
        if not b.known:
            raise Broken(f"{self._where()}: {a} & {b}")
        if kind.signed and b.lo == -1:
            return a
        return self.domain.bits_and(a, b.lo & (1 << kind.bits) - 1)

    def _value_Assignment(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        if node.op == "=":
            cells, at, kind = self.lvalue(node.lvalue)
            value = copied(self.rvalue(node.rvalue, kind))
        else:
            right, other = self.value(node.rvalue)
            cells, at, kind = self.lvalue(node.lvalue)
            value, result = self._binary(node.op[:-1], cells[at], kind, right, other)
            if isinstance(kind, Number):
                value = self.converted(value, result, kind)
        cells[at] = value
        return value, kind


def _promoted(kind: Number) -> Number:
    return INT if kind.bits < 32 else kind


def _common(a: Number, b: Number) -> Number:
    """C11 section 6.3.1.8."""
    if a.signed == b.signed:
        return a if a.bits >= b.bits else b
    unsigned, signed = (b, a) if a.signed else (a, b)
    return unsigned if unsigned.bits >= signed.bits else signed
