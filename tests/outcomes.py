"""What tests of verdicts say when one is wrong, and a C that gives none."""

from collections.abc import Callable, Iterable
from typing import Any

from verilane import InvalidSignature, Verdict


def assert_same(names: Iterable[str], expected: Iterable[Any], got: Iterable[Any]) -> None:
    """Fails with the first 20 that differ."""
    rows = list(zip(names, expected, got, strict=True))
    wrong = [
        f"{index} of {len(rows)}: {name}: expected {want!r}, got {found!r}"
        for index, (name, want, found) in enumerate(rows)
        if want != found
    ]
    assert not wrong, "\n".join(wrong[:20])


def assert_as_known(items: Iterable[Any], got: Iterable[Any], rule: str | None = None) -> None:
    """items: with a name, and a verdict or (a rule is given) verdicts by rule."""
    items = list(items)
    expected = [x.verdict if rule is None else x.verdicts[rule] for x in items]
    assert_same([x.name if rule is None else f"{x.name}, {rule}" for x in items], expected, got)


def verdict_of(call: Callable[[], None]) -> int:
    """The verdict that a call of a scheme's `verify` comes to."""
    try:
        assert call() is None
    except InvalidSignature as error:
        return int(error.verdict)
    return int(Verdict.OK)


def leaves_undecided(left: int) -> Callable[..., Callable[[int, int], None]]:
    """What stands in for a scheme of _cpu_signatures: all is valid, and the last verdict of each
    part is `left`.
    """

    def broken(verdicts: Any, *_: Any, **__: Any) -> Callable[[int, int], None]:
        def work(start: int, stop: int) -> None:
            verdicts[start:stop] = 1
            verdicts[stop - 1] = left

        return work

    return broken
