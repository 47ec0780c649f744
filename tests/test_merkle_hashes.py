"""Merkle roots with every hash, and of sorted pairs, against the definitions."""

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.merkle import openzeppelin_root, rfc6962_root
from test_hashes import OTHERS, PERIODIC
from verilane import hashes, merkle

# The hashes of 32 bytes: what a tree may take.
HASHES = [name for name, digest in OTHERS.items() if len(digest(b"")) == 32]
PREFIXES = {"rfc6962": (b"\x00", b"\x01"), "plain": (b"", b"")}
SIZES = [*range(71), 127, 128, 129, 255, 256, 257]


def leaves(n: int, seed: int = 0) -> list[bytes]:
    """n different leaves of 32 bytes."""
    return [hashlib.sha256(bytes([seed, *divmod(i, 256)])).digest() for i in range(n)]


def defined(items: list[bytes], tree: str, hash: str) -> bytes:
    return rfc6962_root(items, OTHERS[hash], *PREFIXES[tree])


@pytest.mark.parametrize("hash", HASHES)
@pytest.mark.parametrize("tree", PREFIXES)
def test_all_sizes(hasher: str, tree: str, hash: str) -> None:
    items = leaves(max(SIZES))
    for n in SIZES:
        root = merkle.root(items[:n], tree, hash, device=hasher)
        assert root == defined(items[:n], tree, hash), n


@pytest.mark.parametrize("hash", HASHES)
def test_sorted_pairs_of_all_sizes(hasher: str, hash: str) -> None:
    items = leaves(max(SIZES))
    for n in SIZES[1:]:
        root = merkle.root(items[:n], "openzeppelin", hash, device=hasher)
        assert root == openzeppelin_root(items[:n], OTHERS[hash]), n


@pytest.mark.parametrize("hash", HASHES)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n", [2047, 2048, 2049, 10_243])
def test_several_chunks(n: int, threads: int, hash: str) -> None:
    items = leaves(n)
    for tree in PREFIXES:
        assert merkle.root(items, tree, hash, threads=threads) == defined(items, tree, hash)
    root = merkle.root(items, "openzeppelin", hash, threads=threads)
    assert root == openzeppelin_root(items, OTHERS[hash])


@pytest.mark.parametrize("hash", HASHES)
@pytest.mark.parametrize("tree", PREFIXES)
def test_leaves_of_many_lengths(hasher: str, tree: str, hash: str) -> None:
    items = [PERIODIC[i : i + 7 * i % 300] for i in range(150)]
    assert merkle.root(items, tree, hash, device=hasher) == defined(items, tree, hash)


def test_equal_and_nearly_equal_pairs(hasher: str) -> None:
    """Children that differ in their last byte, in the ninth, or not at all are sorted rightly."""
    base = bytes(range(32))
    near = [base, base[:-1] + b"\x00", base[:8] + b"\xff" + base[9:], base, b"\xff" + base[1:]]
    for pair in itertools.product(near, repeat=2):
        expected = OTHERS["keccak256"](b"".join(sorted(pair)))
        assert merkle.root(list(pair), "openzeppelin", device=hasher) == expected
        many = list(pair) * 33
        assert merkle.root(many, "openzeppelin", device=hasher) == openzeppelin_root(
            many, OTHERS["keccak256"]
        )


@given(data=st.data())
def test_order_within_pairs_does_not_matter(data: st.DataObject) -> None:
    items = leaves(2 ** data.draw(st.integers(1, 6)), data.draw(st.integers(0, 255)))
    expected = openzeppelin_root(items, OTHERS["keccak256"])
    for i in range(0, len(items), 2):
        if data.draw(st.booleans()):
            items[i : i + 2] = reversed(items[i : i + 2])
    assert merkle.root(items, "openzeppelin") == expected
    items[data.draw(st.integers(0, len(items) - 1))] = bytes(32)
    assert merkle.root(items, "openzeppelin") != expected


def test_openzeppelin_s_own_example() -> None:
    """The README of @openzeppelin/merkle-tree: two (address, amount) values and their root."""
    values = [(0x11, 5_000_000_000_000_000_000), (0x22, 2_500_000_000_000_000_000)]
    encoded = [bytes(12) + bytes([byte] * 20) + n.to_bytes(32, "big") for byte, n in values]
    once = hashes.digest_many(encoded, "keccak256")
    twice = hashes.digest_many(once, "keccak256")
    expected = "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"
    assert merkle.root(sorted(bytes(row) for row in twice), "openzeppelin").hex() == expected


def test_the_caller_s_leaves_stay_as_they_are() -> None:
    data = np.frombuffer(b"".join(leaves(37)), np.uint8).copy()
    before = data.copy()
    merkle.root(data, "openzeppelin")
    assert (data == before).all()


def test_refused() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle.root([], "openzeppelin")
    with pytest.raises(ValueError, match="item 1 has 31 bytes; an openzeppelin leaf has 32"):
        merkle.root([bytes(32), bytes(31)], "openzeppelin")
    with pytest.raises(ValueError, match="has no hash 'sha512'; there is: sha256, sha256d"):
        merkle.root(leaves(2), "plain", "sha512")
    with pytest.raises(ValueError, match="has no hash 5"):
        merkle.root(leaves(2), "plain", 5)  # type: ignore[arg-type]
