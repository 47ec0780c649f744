"""Digests of many messages, by every hash on every ISA."""

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from Crypto.Hash import keccak as pycryptodome
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given
from hypothesis import strategies as st

from reference import blake2b, keccak, sha2, sm3
from verilane import _cpu, _device_hashes
from verilane._columns import ColumnLike, column
from verilane._devices import isa_of, machine_of

Shared = Callable[[str], Path]
Digest = Callable[[bytes], bytes]


def _sm3(message: bytes) -> bytes:
    """OpenSSL's SM3, through hashlib where Python's own OpenSSL has it."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", message).digest()
    hasher = Hash(SM3())
    hasher.update(message)
    return hasher.finalize()


# Another library's digests (OpenSSL's, pycryptodome's), our own from the standard, and bytes of a
# block.
OTHERS: dict[str, Digest] = {
    "sha256": lambda message: hashlib.sha256(message).digest(),
    "sha256d": lambda message: hashlib.sha256(hashlib.sha256(message).digest()).digest(),
    "sha512": lambda message: hashlib.sha512(message).digest(),
    "sm3": _sm3,
    "keccak256": lambda message: pycryptodome.new(data=message, digest_bits=256).digest(),
    "sha3-256": lambda message: hashlib.sha3_256(message).digest(),
    "blake2b-256": lambda message: hashlib.blake2b(message, digest_size=32).digest(),
}
REFERENCES: dict[str, Digest] = {
    "sha256": sha2.SHA256.digest,
    "sha256d": lambda message: sha2.SHA256.digest(sha2.SHA256.digest(message)),
    "sha512": sha2.SHA512.digest,
    "sm3": sm3.sm3,
    "keccak256": keccak.keccak256,
    "sha3-256": lambda message: keccak.keccak256(message, 0x06),
    "blake2b-256": blake2b.blake2b,
}
BLOCKS = {
    "sha256": 64,
    "sha256d": 64,
    "sha512": 128,
    "sm3": 64,
    "keccak256": 136,
    "sha3-256": 136,
    "blake2b-256": 128,
}
HASHES = list(OTHERS)

# Bytes that repeat every 251 (a prime): neighbouring blocks differ, so exchanged ones show.
PERIODIC = bytes(range(251)) * 4000
# Full lanes, with one less and one more, for 4, 8 and 16 lanes.
COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32, 33, 35, 48)

pytestmark = pytest.mark.parametrize("hash", HASHES)


def digests(messages: ColumnLike, hasher: str, hash: str) -> list[bytes]:
    """All digests from one call, which must not write beyond them."""
    kind = _cpu.HASHES[hash]
    items = column("messages", messages, widths=None)
    out = np.full((items.n + 1, kind.size), 0x5A, np.uint8)
    machine = machine_of(hasher)
    if machine is None:
        _cpu.digest(out[: items.n], items, hash=kind, isa=isa_of(hasher))(0, items.n)
    else:
        _device_hashes.hasher(machine, kind).digest(out[: items.n], items)
    assert (out[items.n] == 0x5A).all()
    return [row.tobytes() for row in out[: items.n]]


def expected(messages: Sequence[bytes], hash: str) -> list[bytes]:
    return [OTHERS[hash](message) for message in messages]


def ragged(messages: Sequence[bytes], before: bytes = b"") -> ColumnLike:
    """A ragged column even where all lengths are equal; the first offset is len(before)."""
    return before + b"".join(messages), np.cumsum([len(before), *map(len, messages)])


def around_blocks(hash: str) -> list[int]:
    """Lengths on each side of where a message needs another block, for a few blocks."""
    block = BLOCKS[hash]
    return [k * block + extra for k in (1, 2, 3) for extra in (-18, -17, -16, -9, -8, -1, 0, 1)]


def test_reference_is_the_hash(hash: str) -> None:
    for n in [0, 1, *around_blocks(hash)]:
        assert REFERENCES[hash](PERIODIC[:n]) == OTHERS[hash](PERIODIC[:n])


def test_packed_and_ragged_of_one_length(hasher: str, hash: str) -> None:
    for length in range(301):
        messages = [PERIODIC[7 * i : 7 * i + length] for i in range(35)]
        assert digests(messages, hasher, hash) == expected(messages, hash), length
        assert digests(ragged(messages, b"?"), hasher, hash) == expected(messages, hash), length


@pytest.mark.parametrize("n", COUNTS)
def test_every_tail(hasher: str, hash: str, n: int) -> None:
    for length in [0, 32, *around_blocks(hash)]:
        messages = [PERIODIC[3 * i : 3 * i + length] for i in range(n)]
        assert digests(messages, hasher, hash) == expected(messages, hash), length


def test_no_message(hasher: str, hash: str) -> None:
    assert digests([], hasher, hash) == []


def test_all_lengths_in_one_batch(hasher: str, hash: str) -> None:
    messages = [PERIODIC[n : 2 * n] for n in range(300)]
    assert digests(messages, hasher, hash) == expected(messages, hash)
    assert digests(messages[::-1], hasher, hash) == expected(messages[::-1], hash)


@pytest.mark.parametrize("position", range(17))
def test_one_long_message_among_short_ones(hasher: str, hash: str, position: int) -> None:
    messages = [PERIODIC[i : i + 20] for i in range(17)]
    messages[position] = PERIODIC[:1000]
    assert digests(messages, hasher, hash) == expected(messages, hash)


def test_thousands_of_messages_with_long_ones(hasher: str, hash: str) -> None:
    """More than are sorted at once, and lengths from each side of every class of long ones."""
    rng = random.Random(1)
    long = [
        BLOCKS[hash] * blocks + extra
        for blocks in (191, 192, 224, 256, 320, 511, 512)
        for extra in (-17, -16, -9, -8, -1, 0)
    ]
    lengths = [rng.randrange(300) for _ in range(3000)] + 5 * long + [400_000, 399_999, 130_000]
    rng.shuffle(lengths)
    messages = [PERIODIC[i % 1000 : i % 1000 + length] for i, length in enumerate(lengths)]
    assert digests(messages, hasher, hash) == expected(messages, hash)


@given(data=st.data())
def test_random_batches(hasher: str, hash: str, data: st.DataObject) -> None:
    messages = data.draw(st.lists(st.binary(max_size=300), max_size=40))
    before = data.draw(st.binary(max_size=70))
    assert digests(ragged(messages, before), hasher, hash) == [*map(REFERENCES[hash], messages)]
