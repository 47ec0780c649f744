"""Roots of Ethereum's ordered tries against the Yellow Paper's definition, the library `trie`, and
blocks of the chain.
"""

import json
import lzma
import random
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from mpt_items import keccak256
from reference.mpt import ordered_root, rlp_of_index, trie_root
from reference.rlp import rlp_encode
from verilane import merkle

Shared = Callable[[str], Path]

EMPTY = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


def library_root(values: list[bytes]) -> bytes:
    trie = HexaryTrie({})
    for i, value in enumerate(values):
        trie[rlp.encode(i)] = value
    return bytes(trie.root_hash)


@cache
def values(n: int, least: int, most: int) -> list[bytes]:
    rng = random.Random(f"{n} {least} {most}")
    return [rng.randbytes(rng.randint(least, most)) for _ in range(n)]


@cache
def expected(n: int, least: int, most: int) -> bytes:
    return ordered_root(values(n, least, most), keccak256)


# Around the lengths of keys, and where an extension becomes a branch.
SIZES = [*range(71), 126, 127, 128, 129, 130, 143, 144, 145, 146, 255, 256, 257, 258, 271, 272, 273]
SIZES += [511, 512, 513, 514, 1023, 1024, 1025]


@pytest.mark.parametrize(("least", "most"), [(1, 3), (1, 40), (26, 33), (55, 57), (100, 700)])
def test_all_small_sizes(isa: str, least: int, most: int) -> None:
    """Leaves and branches that are embedded, that are not, and both beside each other."""
    for n in SIZES:
        items = values(n, least, most)
        assert merkle.ordered_trie_root(items, device=isa) == expected(n, least, most), n


@pytest.mark.parametrize(("least", "most"), [(1, 40), (26, 33), (100, 700)])
def test_the_library_agrees(least: int, most: int) -> None:
    for n in SIZES:
        assert expected(n, least, most) == library_root(values(n, least, most))


@pytest.mark.parametrize("least", [1, 90])
@pytest.mark.parametrize("n", [4095, 4096, 4097, 4098, 4113, 4353])
def test_where_three_nibbles_do_not_suffice(n: int, least: int) -> None:
    items = values(n, least, 100)
    assert merkle.ordered_trie_root(items) == library_root(items)


@pytest.mark.parametrize("n", [65535, 65536, 65537])
def test_where_keys_grow(n: int) -> None:
    items = values(65537, 1, 2)[:n]
    assert merkle.ordered_trie_root(items, threads=1) == ordered_root(items, keccak256)


@pytest.mark.parametrize("byte", [0, 1, 0x7F, 0x80, 0x81, 0xC0, 0xFF])
def test_values_of_one_byte(isa: str, byte: int) -> None:
    for n in (1, 2, 3, 17, 130):
        items = [bytes([byte])] * n
        assert merkle.ordered_trie_root(items, device=isa) == ordered_root(items, keccak256)


@pytest.mark.parametrize("size", [*range(1, 60), 255, 256, 257, 65535, 65536, 1 << 24])
def test_one_value_of_every_size(size: int) -> None:
    item = bytes(size)
    assert merkle.ordered_trie_root([item]) == ordered_root([item], keccak256)
    assert merkle.ordered_trie_root([item] * 2) == ordered_root([item] * 2, keccak256)


def test_nothing() -> None:
    assert merkle.ordered_trie_root([]) == EMPTY == ordered_root([], keccak256)
    assert bytes(HexaryTrie({}).root_hash) == EMPTY
    assert merkle.ordered_trie_roots([], []).shape == (0, 32)
    assert merkle.ordered_trie_roots([], [0, 0]).tobytes() == EMPTY * 2


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=300))
def test_any_values(items: list[bytes]) -> None:
    assert merkle.ordered_trie_root(items) == ordered_root(items, keccak256)


def test_order_matters(isa: str) -> None:
    items = values(300, 1, 60)
    root = merkle.ordered_trie_root(items, device=isa)
    for i, j in ((0, 1), (0, 299), (127, 128), (255, 256), (0, 127)):
        other = list(items)
        other[i], other[j] = other[j], other[i]
        assert merkle.ordered_trie_root(other, device=isa) == ordered_root(other, keccak256) != root


@pytest.mark.parametrize("threads", [1, 3, None])
def test_many_tries(isa: str, threads: int | None) -> None:
    """Tries of every size in one call, empty ones at the ends and between, each with its root."""
    sizes = [0, 0, 5, 1, 0, 300, 2, 129, 1, 0, 1025, *range(40), 2100, 0]
    found = merkle.ordered_trie_roots(values(sum(sizes), 1, 60), sizes, threads=threads, device=isa)
    assert found.dtype == np.uint8
    assert [bytes(row) for row in found] == roots_of(tuple(sizes))


@cache
def roots_of(sizes: tuple[int, ...]) -> list[bytes]:
    items, ends = values(sum(sizes), 1, 60), [*accumulate(sizes)]
    return [
        ordered_root(items[end - size : end], keccak256)
        for size, end in zip(sizes, ends, strict=True)
    ]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads(threads: int) -> None:
    items = values(20_000, 100, 120)
    once = merkle.ordered_trie_root(items, threads=1, device="cpu:scalar")
    assert merkle.ordered_trie_root(items, threads=threads) == once


def test_forms_of_a_column() -> None:
    rows = np.random.default_rng(5).integers(0, 256, (200, 50), dtype=np.uint8)
    items = [bytes(row) for row in rows]
    root = ordered_root(items, keccak256)
    offsets = np.arange(201) * 50
    assert merkle.ordered_trie_root(rows) == root
    assert merkle.ordered_trie_root((rows.reshape(-1), offsets)) == root
    assert merkle.ordered_trie_root(tuple(items)) == root
    assert merkle.ordered_trie_root((rows.reshape(-1), offsets[3:8])) == ordered_root(
        items[3:7], keccak256
    )
    pa = pytest.importorskip("pyarrow")
    assert merkle.ordered_trie_root(pa.array(items)) == root
    assert merkle.ordered_trie_root(pa.array(items)[7:90]) == ordered_root(items[7:90], keccak256)


@pytest.mark.parametrize(
    ("items", "error", "text"),
    [
        ([b"a", b"", b"c"], ValueError, "item 1 is empty"),
        ([b""], ValueError, "item 0 is empty"),
        (np.zeros((3, 0), np.uint8), ValueError, "item 0 is empty"),
        (b"flat", ValueError, "no fixed width"),
        ([1, 2], TypeError, "items"),
        ("text", TypeError, "items"),
    ],
)
def test_what_raises(items: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        merkle.ordered_trie_root(items)


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ([1], ValueError),
        ([4], ValueError),
        ([-1, 4], ValueError),
        ([2, 2], ValueError),
        ([[3]], ValueError),
        (3, ValueError),
        ([1.0, 2.0], TypeError),
        (["3"], TypeError),
        ([2**62, 3], ValueError),
        ([2**64, 3], TypeError),
    ],
)
def test_sizes_that_raise(sizes: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="sizes"):
        merkle.ordered_trie_roots([b"a", b"b", b"c"], sizes)


# ---- The chain ----


def number(text: str | int) -> bytes:
    value = int(text)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def header_hash(payload: dict[str, Any], transactions: bytes, withdrawals: bytes) -> bytes:
    """The hash of a block of Shanghai (Yellow Paper section 4.4, EIP-1559, EIP-4895)."""
    plain = {k: bytes.fromhex(v[2:]) for k, v in payload.items() if str(v).startswith("0x")}
    no_uncles = keccak256(rlp_encode([]))
    fields = [plain["parent_hash"], no_uncles, plain["fee_recipient"], plain["state_root"]]
    fields += [transactions, plain["receipts_root"], plain["logs_bloom"], b""]
    fields += [number(payload[k]) for k in ("block_number", "gas_limit", "gas_used", "timestamp")]
    fields += [plain["extra_data"], plain["prev_randao"], bytes(8)]
    return keccak256(rlp_encode([*fields, number(payload["base_fee_per_gas"]), withdrawals]))


def withdrawal(each: dict[str, str]) -> bytes:
    address = bytes.fromhex(each["address"][2:])
    return rlp_encode(
        [number(each["index"]), number(each["validator_index"]), address, number(each["amount"])]
    )


@pytest.mark.parametrize(("slot", "count"), [(7109430, 134), (7109431, 126)])
def test_blocks_of_mainnet(shared: Shared, isa: str, slot: int, count: int) -> None:
    """The transactions' and the withdrawals' root make the header whose hash the block has."""
    text = lzma.decompress(shared(f"vectors/beacon/helios_blocks_{slot}.json.xz").read_bytes())
    payload = json.loads(text)["data"]["message"]["body"]["execution_payload"]
    transactions = [bytes.fromhex(each[2:]) for each in payload["transactions"]]
    withdrawals = [withdrawal(each) for each in payload["withdrawals"]]
    assert len(transactions) == count and len(withdrawals) == 16
    roots = merkle.ordered_trie_roots(transactions + withdrawals, [count, 16], device=isa)
    found = header_hash(payload, roots[0].tobytes(), roots[1].tobytes())
    assert found.hex() == payload["block_hash"][2:]
    assert merkle.ordered_trie_root(transactions, device=isa) == roots[0].tobytes()


def test_the_reference_is_the_library() -> None:
    """Also with keys that begin others, and with values in branches."""
    rng = random.Random(8)
    for size in (1, 2, 5, 30, 200):
        items = {
            rng.randbytes(rng.randint(1, 3)): rng.randbytes(rng.randint(1, 40)) for _ in range(size)
        }
        trie = HexaryTrie({})
        for key, value in items.items():
            trie[key] = value
        assert trie_root(items, keccak256) == trie.root_hash
    assert [rlp_of_index(i) for i in (0, 1, 127, 128, 256)] == [
        rlp.encode(i) for i in (0, 1, 127, 128, 256)
    ]
