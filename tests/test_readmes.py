"""README.md and README.zh-CN.md say the same, as far as a machine can tell."""

import re
from collections import Counter

from documents import (
    CHINESE,
    README,
    ROOT,
    Block,
    blocks_of,
    headings_of,
    links_of,
    prose_of,
    tables_of,
)

COMMENTS = {
    "python": r" *#.*$",
    "sh": r" *#.*$",
    "go": r" *//.*$",
    "js": r" *//.*$",
    "c": r" */\*[^\n]*?\*/",
}


def code_of(block: Block) -> tuple[str, str]:
    """The language, and the text without what is said to people."""
    return block.language, re.sub(COMMENTS[block.language], "", block.text, flags=re.MULTILINE)


def numbers_in(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.,^]\d+)*", text)


def test_they_lead_to_each_other() -> None:
    for page, other in ((README, CHINESE), (CHINESE, README)):
        top = page.read_text(encoding="utf-8").split("\n## ")[0]
        assert f"]({other.name})" in top


def test_same_headings() -> None:
    assert headings_of(README) == headings_of(CHINESE)
    assert len(headings_of(README)) > 8


def test_same_code() -> None:
    ours, theirs = (list(map(code_of, blocks_of(page))) for page in (README, CHINESE))
    assert ours == theirs
    assert len(ours) > 8


def test_same_links() -> None:
    ours, theirs = (
        [link for link in links_of(page) if link not in (README.name, CHINESE.name)]
        for page in (README, CHINESE)
    )
    assert ours == theirs


def test_same_names() -> None:
    """What stands between backticks: names, commands, options."""
    ours, theirs = (
        Counter(re.findall(r"`[^`]+`", re.sub(r"\s+", " ", prose_of(page))))
        for page in (README, CHINESE)
    )
    assert ours == theirs


def test_same_figures() -> None:
    ours, theirs = tables_of(README), tables_of(CHINESE)
    assert [[len(row) for row in table] for table in ours] == [
        [len(row) for row in table] for table in theirs
    ]
    for table, other in zip(ours, theirs, strict=True):
        for row, other_row in zip(table, other, strict=True):
            for cell, other_cell in zip(row, other_row, strict=True):
                assert sorted(numbers_in(cell)) == sorted(numbers_in(other_cell)), (row, other_row)
    assert set(numbers_in(prose_of(README))) == set(numbers_in(prose_of(CHINESE)))


def figures_in(row: list[str]) -> tuple[tuple[str, ...], ...]:
    """Those of all cells but the first, which is words."""
    return tuple(tuple(numbers_in(cell)) for cell in row[1:])


def test_figures_are_those_of_the_whole_table() -> None:
    """README shows some rows of docs/figures.md."""
    whole = tables_of(ROOT / "docs" / "figures.md")[0]
    shown = next(table for table in tables_of(README) if table[0] == whole[0])
    assert len(shown) > 10
    for row in shown:
        assert row in whole
    other = next(table for table in tables_of(CHINESE) if len(table) == len(shown))
    assert list(map(figures_in, other)) == list(map(figures_in, shown))
