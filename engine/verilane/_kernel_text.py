"""The texts under `kernels/` as a GPU's compiler takes them: one piece, without includes."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from posixpath import dirname, join, normpath
from typing import NamedTuple

__all__ = ["Text", "flatten"]

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


class Text(NamedTuple):
    """A flattened entry file. digest: of all its bytes, for caches."""

    entry: str
    source: str
    digest: str


@cache
def flatten(entry: str) -> Text:
    """Returns a file of `kernels/` with all that it includes in its place.

    A header (.h) comes once; an .inc is a text that may be wanted several times. Names are looked
    up as the C compiler does: beside the including file, then in kernels/. Lines keep their
    numbers, so that a compiler's messages name the right ones.

    Raises FileNotFoundError for a file that is not in the package.
    """
    source = "\n".join(_lines(entry, set())) + "\n"
    return Text(entry, source, hashlib.sha256(source.encode()).hexdigest())


def _lines(name: str, seen: set[str]) -> list[str]:
    """The lines of one file. seen: the headers that came already."""
    out = [f'#line 1 "{name}"']
    for number, line in enumerate(_read(name).splitlines(), 1):
        match = _INCLUDE.match(line)
        if match is None:
            out.append(line)
            continue
        target = _find(match[1], name)
        if target not in seen:
            if target.endswith(".h"):
                seen.add(target)
            out += _lines(target, seen)
        out.append(f'#line {number + 1} "{name}"')
    return out


def _find(wanted: str, includer: str) -> str:
    beside = normpath(join(dirname(includer), wanted))
    for name in (beside, wanted):
        if files("verilane.kernels").joinpath(name).is_file():
            return name
    raise FileNotFoundError(f"kernels/{includer} includes {wanted}, which is nowhere")


def _read(name: str) -> str:
    return files("verilane.kernels").joinpath(name).read_text(encoding="utf-8")
