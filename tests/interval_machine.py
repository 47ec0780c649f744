"""A machine that runs the kernels' C text, as it is, on integers of which only bounds are known
(interval_values.py): what it says about bounds holds for every input within the given ones.

The text is walked through. Loops must end by themselves, and what chooses between statements
is either known or makes two paths. What the machine does not know it refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pycparser import c_ast

from interval_expressions import Expressions
from interval_text import (
    VOID,
    Address,
    Array,
    Cells,
    Number,
    Pointer,
    Struct,
    copied,
    fresh,
    type_of,
)
from interval_values import Broken, Value


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Continue(Exception):
    pass


class _Break(Exception):
    pass


@dataclass
class Machine(Expressions):
    """One run of one path: calls and statements."""

    def _value_FuncCall(self, node: Any) -> tuple[Any, Any]:  # noqa: N802
        name = node.name.name
        arguments = node.args.exprs if node.args else []
        if name == "verify_check":
            return self._check(arguments[0], arguments[1].value.strip('"')), VOID
        return self.call(name, [self.value(each) for each in arguments])

    def _check(self, node: Any, text: str) -> None:
        if text in self.assumed:
            self.used.add(text)
            self.domain.assume(self.value(node)[0], True)
            return
        found, _ = self.value(node)
        if found.lo <= 0 <= found.hi:
            self.broken.append(f"{self._where()}: {text}")

    def _memcpy(self, to: Pointer, source: Pointer, count: Value) -> None:
        for i in range(count.lo):
            to.cells[to.at + i] = copied(source.cells[source.at + i])

    def _memset(self, to: Pointer, *_: Any) -> None:
        self._clear(Cells(to.element, to.cells))

    def _clear(self, place: Cells) -> None:
        for i, cell in enumerate(place.cells):
            if isinstance(cell, dict):
                for member in cell.values():
                    self._clear(member)
            elif isinstance(cell, Cells):
                self._clear(cell)
            else:
                place.cells[i] = self.domain.constant(0)

    def call(self, name: str, arguments: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
        if name in ("memcpy", "memset"):
            getattr(self, f"_{name}")(*(value for value, _ in arguments))
            return None, VOID
        if name in self.contracts:
            return self.contracts[name](self, *(value for value, _ in arguments))
        if name not in self.text.functions:
            raise Broken(f"{self._where()}: there is no function {name}")
        function = self.text.functions[name]
        scope: dict[str, Cells] = {}
        declared = function.decl.type.args.params if function.decl.type.args else []
        for parameter, (value, old) in zip(declared, arguments, strict=False):
            kind = type_of(parameter.type, self.text, lambda _: -1)
            if isinstance(kind, Number):
                value = self.converted(value, old, kind)
            if isinstance(kind, Array):
                kind = Address(kind.element)
            scope[parameter.name] = Cells(kind, [copied(value)])
        result = type_of(function.decl.type.type, self.text, self.number)
        self.scopes.append(scope)
        self.functions.append(name)
        value = None
        try:
            self.run(function.body)
        except _Return as returned:
            value = returned.value
            if isinstance(result, Number):
                value = self.converted(*value, result)
        self.scopes.pop()
        self.functions.pop()
        return value, result

    # ---- statements ----

    def run(self, node: Any) -> None:
        kind = type(node).__name__
        step = getattr(self, f"_run_{kind}", None)
        if step is None:
            self.value(node)
        else:
            step(node)

    def _run_Compound(self, node: Any) -> None:  # noqa: N802
        for each in node.block_items or ():
            self.run(each)

    def _run_EmptyStatement(self, node: Any) -> None:  # noqa: N802
        pass

    def _run_DeclList(self, node: Any) -> None:  # noqa: N802
        for each in node.decls:
            self._declare(each)

    def _run_Decl(self, node: Any) -> None:  # noqa: N802
        self._declare(node)

    def _run_If(self, node: Any) -> None:  # noqa: N802
        taken = self.domain.holds(self.value(node.cond)[0])
        branch = node.iftrue if taken else node.iffalse
        if branch is not None:
            self.run(branch)

    def _run_For(self, node: Any) -> None:  # noqa: N802
        if node.init is not None:
            self.run(node.init)
        while node.cond is None or self.domain.holds(self.value(node.cond)[0]):
            try:
                self.run(node.stmt)
            except _Continue:
                pass
            except _Break:
                break
            if node.next is not None:
                self.value(node.next)

    def _run_While(self, node: Any) -> None:  # noqa: N802
        while self.domain.holds(self.value(node.cond)[0]):
            self.run(node.stmt)

    def _run_DoWhile(self, node: Any) -> None:  # noqa: N802
        self.run(node.stmt)
        self._run_While(node)

    def _run_Return(self, node: Any) -> None:  # noqa: N802
        raise _Return(self.value(node.expr) if node.expr is not None else None)

    def _run_Continue(self, node: Any) -> None:  # noqa: N802
        raise _Continue

    def _run_Break(self, node: Any) -> None:  # noqa: N802
        raise _Break

    def _declare(self, node: Any) -> None:
        kind = type_of(node.type, self.text, self.number)
        if isinstance(kind, Array) and kind.length < 0:
            kind = Array(kind.element, len(node.init.exprs))
        place = fresh(kind)
        self.scopes[-1][node.name] = place
        if node.init is not None:
            self._initialise(place, node.init)

    def _initialise(self, place: Cells, init: Any) -> None:
        """What is not given is 0."""
        kind = place.kind
        if not isinstance(init, c_ast.InitList):
            place.cells[0] = copied(self.rvalue(init, kind))
        elif isinstance(kind, Struct):
            for i, member in enumerate(place.cells[0].values()):
                self._initialise(member, init.exprs[i] if i < len(init.exprs) else NOTHING)
        elif isinstance(kind, Array):
            for i, cell in enumerate(place.cells):
                given = init.exprs[i] if i < len(init.exprs) else NOTHING
                element = cell if isinstance(cell, Cells) else Cells(kind.element, [cell])
                self._initialise(element, given)
                place.cells[i] = cell if isinstance(cell, Cells) else element.cells[0]
        elif init.exprs:
            self._initialise(place, init.exprs[0])
        else:
            place.cells[0] = self.domain.constant(0)


NOTHING = c_ast.InitList([])
