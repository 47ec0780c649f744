"""What items of every scheme's tests have in common."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Signed:
    """One signature check; what it is of and what comes out stands in the schemes' own items."""

    name: str
    key: bytes
    signature: bytes

    @property
    def kind(self) -> str:
        """The name up to its colon: items of one kind differ in numbers only."""
        return self.name.split(":")[0]


@dataclass(frozen=True)
class SignedMessage(Signed):
    message: bytes


SomeSigned = TypeVar("SomeSigned", bound=Signed)


def first_of_each_kind(items: Iterable[SomeSigned]) -> list[SomeSigned]:
    """For tests that try every position."""
    kinds: dict[str, SomeSigned] = {}
    for item in items:
        kinds.setdefault(item.kind, item)
    return list(kinds.values())


def columns(items: Iterable[SignedMessage]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Keys, signatures, messages."""
    items = list(items)
    return [x.key for x in items], [x.signature for x in items], [x.message for x in items]
