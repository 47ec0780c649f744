"""SHA-256 of many messages, on every ISA."""

import lzma
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import sha256 as reference
from verilane import _cpu
from verilane._columns import ColumnLike, column
from verilane._devices import isa_of

Shared = Callable[[str], Path]

# Bytes that repeat every 251 (a prime): neighbouring blocks differ, so exchanged ones show.
PERIODIC = bytes(range(251)) * 2000
# Full lanes, with one less and one more, for 4 and 16 lanes.
COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32, 33, 35, 48)


def digests(messages: ColumnLike, isa: str) -> list[bytes]:
    """All digests from one call, which must not write beyond them."""
    items = column("messages", messages, widths=None)
    out = np.full((items.n + 1, 32), 0x5A, np.uint8)
    _cpu.sha256(out[: items.n], items, isa=isa_of(isa))(0, items.n)
    assert (out[items.n] == 0x5A).all()
    return [row.tobytes() for row in out[: items.n]]


def expected(messages: Sequence[bytes]) -> list[bytes]:
    return [sha256(message).digest() for message in messages]


def ragged(messages: Sequence[bytes], before: bytes = b"") -> ColumnLike:
    """A ragged column even where all lengths are equal; the first offset is len(before)."""
    return before + b"".join(messages), np.cumsum([len(before), *map(len, messages)])


@cache
def vectors(path: Path) -> list[tuple[bytes, bytes]]:
    """The (message, digest) pairs of the file's SHA-256 section."""
    text = lzma.decompress(path.read_bytes()).decode().split("[SHA-256]")[1]
    pairs = re.findall(r"^In = ?([0-9A-Fa-f]*)\nOut = ([0-9A-Fa-f]+)$", text, re.MULTILINE)
    return [(bytes.fromhex(message), bytes.fromhex(digest)) for message, digest in pairs]


def test_reference_is_sha256() -> None:
    for n in (0, 1, 55, 56, 63, 64, 65, 119, 120, 200):
        assert reference.sha256(PERIODIC[:n]) == sha256(PERIODIC[:n]).digest()


def test_constants_are_what_the_standard_defines() -> None:
    path = Path(__file__).resolve().parents[1] / "kernels" / "hash" / "sha256_constants.h"
    tables = dict(re.findall(r"CONST u32 (\w+)\[\d+\] = \{([^}]*)\}", path.read_text("utf-8")))
    values = {
        name: [int(word, 16) for word in re.findall("0x[0-9a-f]+", table)]
        for name, table in tables.items()
    }
    padding = reference.schedule(reference.pad(bytes(64))[64:])
    assert values == {
        "sha256_initial": reference.INITIAL,
        "sha256_k": reference.K,
        "sha256_k_pad64": [
            (k + w) & reference.WORD for k, w in zip(reference.K, padding, strict=True)
        ],
    }


@pytest.mark.parametrize("length", range(201))
def test_packed_and_ragged_of_one_length(isa: str, length: int) -> None:
    messages = [PERIODIC[7 * i : 7 * i + length] for i in range(35)]
    assert digests(messages, isa) == expected(messages)
    assert digests(ragged(messages, b"?"), isa) == expected(messages)


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("length", [0, 32, 55, 56, 64, 65, 119, 120])
def test_every_tail(isa: str, n: int, length: int) -> None:
    messages = [PERIODIC[3 * i : 3 * i + length] for i in range(n)]
    assert digests(messages, isa) == expected(messages)


def test_no_message(isa: str) -> None:
    assert digests([], isa) == []


def test_all_lengths_in_one_batch(isa: str) -> None:
    messages = [PERIODIC[n : 2 * n] for n in range(300)]
    assert digests(messages, isa) == expected(messages)
    assert digests(messages[::-1], isa) == expected(messages[::-1])


@pytest.mark.parametrize("position", range(17))
def test_one_long_message_among_short_ones(isa: str, position: int) -> None:
    messages = [PERIODIC[i : i + 20] for i in range(17)]
    messages[position] = PERIODIC[:1000]
    assert digests(messages, isa) == expected(messages)


def test_thousands_of_messages_with_long_ones(isa: str) -> None:
    """More than are sorted at once, and lengths from each side of every class of long ones."""
    rng = random.Random(1)
    long = [
        64 * blocks + extra for blocks in (191, 192, 224, 256, 320, 511, 512) for extra in (-9, -8)
    ]
    lengths = [rng.randrange(200) for _ in range(5000)] + 17 * long + [400_000, 399_999, 130_000]
    rng.shuffle(lengths)
    messages = [PERIODIC[i % 1000 : i % 1000 + length] for i, length in enumerate(lengths)]
    assert digests(messages, isa) == expected(messages)


def test_published_vectors(isa: str, shared: Shared) -> None:
    pairs = vectors(shared("vectors/merkle/sha2_32.vec.xz"))
    assert len(pairs) > 100
    for batch in (pairs, pairs[::-1]):
        assert digests([message for message, _ in batch], isa) == [digest for _, digest in batch]
    assert digests([pairs[5][0]], isa) == [pairs[5][1]]


@given(data=st.data())
def test_random_batches(isa: str, data: st.DataObject) -> None:
    messages = data.draw(st.lists(st.binary(max_size=300), max_size=60))
    before = data.draw(st.binary(max_size=70))
    assert digests(ragged(messages, before), isa) == expected(messages)
