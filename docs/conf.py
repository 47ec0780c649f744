"""The site: MyST pages and the package's docstrings, by Sphinx (`make docs`)."""

import inspect
import re
from typing import Any

import verilane

project = "Verilane"
author = "the Verilane contributors"
copyright = author
version = release = verilane.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns: list[str] = []
nitpicky = False

smartquotes = False  # --option is no dash

html_theme = "furo"
html_title = f"Verilane {version}"
html_show_sphinx = False

# `name` in a docstring is code.
default_role = "code"
autoclass_content = "both"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
add_module_names = False


# ---- Pages ----

# Files of the repository are no part of the site: a link to one becomes its name.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)]+)\)")


def _without_links_outside(app: Any, page: str, source: list[str]) -> None:
    source[0] = _OUTSIDE.sub(r"`\2`", source[0])


# ---- Docstrings ----


def _names_of(thing: Any) -> set[str]:
    """Returns what a function, or a class's constructor, takes."""
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return set()


def _with_parameters(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Makes definitions of "name: text. other, third: text." where these are parameters' names."""
    if what == "module":
        _with_examples(lines)
        return
    names = _names_of(thing)
    head = re.compile(r"(?:^|(?<=[.;)] ))(\w+(?:, \w+)*): ")
    out: list[str] = []
    for paragraph in "\n".join(lines).split("\n\n"):
        text = " ".join(paragraph.splitlines())
        found = [
            each for each in head.finditer(text) if set(each[1].split(", ")) <= names and each[1]
        ]
        if not found or paragraph.startswith((" ", "-", "..")):
            out += [*paragraph.splitlines(), ""]
            continue
        out += [text[: found[0].start()].strip(), ""]
        ends = [each.start() for each in found[1:]] + [len(text)]
        for each, end in zip(found, ends, strict=True):
            words = ", ".join(f"**{word}**" for word in each[1].split(", "))
            out += [words, f"   {text[each.end() : end].strip().rstrip(';')}", ""]
    lines[:] = out


def _with_examples(lines: list[str]) -> None:
    """Makes code of what is indented in a module's text."""
    out: list[str] = []
    for line in lines:
        if line.startswith("    ") and not any(each.startswith("    ") for each in out[-2:]):
            out += [".. code-block:: none", ""]
        out.append(line)
    lines[:] = out


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _without_links_outside)
    app.connect("autodoc-process-docstring", _with_parameters)
