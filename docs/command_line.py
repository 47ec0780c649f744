"""Writes the options of every command into cli.md, between its marks, from the commands themselves:
their functions' signatures, which no version of typer changes.
"""

import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().with_name("cli.md")
MARKED = re.compile(r"(?<=<!-- options: begin -->\n).*(?=<!-- options: end -->)", re.DOTALL)


def commands(app: Any, name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields every command of an application, with its name in full."""
    for each in app.registered_commands:
        yield f"{name} {each.name or each.callback.__name__}", each.callback
    for group in app.registered_groups:
        yield from commands(group.typer_instance, f"{name} {group.name}")


def row(name: str, annotation: Any, default: Any) -> str:
    """Returns a row of the table: how an argument is written, and what it does."""
    kind, info = typing.get_args(annotation)
    is_option = type(info).__name__ == "OptionInfo"
    while isinstance(kind, types.UnionType) or typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    # In an annotation the first name stands where a default would.
    given = (info.default, *(info.param_decls or ()))
    declared = [each for each in given if isinstance(each, str) and each.startswith("-")]
    if is_option and not declared:
        long = name.replace("_", "-")
        declared = [f"--{long}", f"--no-{long}"] if kind is bool else [f"--{long}"]
    text = info.help or ""
    if is_option and default is inspect.Parameter.empty:
        text += " Needed."
    elif kind is not bool and isinstance(default, (str, int, float, Path)):
        shown = default.value if isinstance(default, Enum) else default
        text += f" Default: `{shown}`."
    written = " ".join([*declared, *([] if kind is bool else [value(kind, info)])])
    return f"| `{written if is_option else info.metavar or name.upper()}` | {text.strip()} |"


def value(kind: Any, info: Any) -> str:
    """Returns what stands for an option's value."""
    if issubclass(kind, Enum):
        return "\\|".join(each.value for each in kind)
    shown = info.metavar or {int: "N", float: "NUMBER", Path: "PATH"}.get(kind, "TEXT")
    return str(shown).replace("|", "\\|")


def options() -> str:
    """Returns the section between the marks."""
    from verilane.cli.app import app

    parts = []
    for name, function in commands(app, "verilane"):
        hints = typing.get_type_hints(function, include_extras=True)
        given = inspect.signature(function).parameters.values()
        rows = [row(each.name, hints[each.name], each.default) for each in given]
        table = ["", "| | |", "|---|---|", *rows] if rows else []
        parts.append("\n".join([f"### {name}", "", inspect.getdoc(function) or "", *table]))
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Writes the page anew."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(lambda _: options(), text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
