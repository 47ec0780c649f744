"""What bytes choose: numbers, pieces, faults."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from verilane import InternalError

T = TypeVar("T")


class Source:
    """Choices, made by bytes; zeros where they end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, n: int) -> int:
        return int.from_bytes(self.take(3), "big") % n

    def take(self, n: int) -> bytes:
        return bytes(self.byte() for _ in range(n))

    def some(self) -> bytes:
        return self.take(self.byte() % 70)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


def spoiled(source: Source, data: bytes, others: Sequence[bytes]) -> bytes:
    """The same with none to three changes."""
    made = bytearray(data)
    for _ in range(source.byte() % 4):
        at = source.below(len(made) + 1)
        match source.byte() % 8:
            case 0 | 1 if at < len(made):
                made[at] ^= 1 << source.byte() % 8
            case 2 if at < len(made):
                made[at] = source.pick([0, 1, 0x7F, 0x80, 0x81, 0xA0, 0xB8, 0xF8, 0xFF])
            case 3:
                del made[at:]
            case 4:
                del made[at : at + 1 + source.byte() % 34]
            case 5:
                made[at:at] = source.some()
            case 6:
                made[at:at] = made[at : at + source.byte()]
            case _:
                other = source.pick(others)
                first = source.below(len(other) + 1)
                made[at : at + source.byte()] = other[first : first + source.byte()]
    return bytes(made)


def refuses(call: Callable[[], T]) -> T | None:
    """What a call gives; None where it says that its caller is wrong. No other exception passes."""
    try:
        return call()
    except InternalError:
        raise
    except (TypeError, ValueError):
        return None
