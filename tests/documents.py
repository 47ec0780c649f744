"""The pages that people read, taken apart: their blocks of code, headings, links and tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [
    *(page for page in (README, CHINESE) if page.exists()),
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


class Block(NamedTuple):
    """A fenced block. line: of its first line of code, from 1 on."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Yields the fenced blocks of a page."""
    opened, language, first = "", "", 0
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r"(```+)(.*)$", line)
        if fence and not opened:
            opened, language, first, lines = fence[1], fence[2].strip(), number + 1, []
        elif fence and fence[1] == opened and not fence[2]:
            if not language.startswith("{"):  # a directive of Sphinx
                yield Block(page, first, language, "\n".join(lines) + "\n")
            opened = ""
        elif opened:
            lines.append(line)
    assert not opened, f"{page}: a block is not closed"


def prose_of(page: Path) -> str:
    """A page without its blocks."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def links_of(page: Path) -> list[str]:
    """Where its links lead, in order."""
    return re.findall(r"\]\(([^)\s]+)\)", prose_of(page))


def headings_of(page: Path) -> list[str]:
    """The marks of its headings, in order: "#", "##" ..."""
    return re.findall(r"^(#+) ", prose_of(page), re.MULTILINE)


def tables_of(page: Path) -> list[list[list[str]]]:
    """Its tables: rows of cells."""
    tables: list[list[list[str]]] = []
    after = False
    for line in prose_of(page).splitlines():
        if line.startswith("|"):
            if not after:
                tables.append([])
            tables[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        after = line.startswith("|")
    return tables


ALL_BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages."""
    return [block for block in ALL_BLOCKS if block.language in languages]
