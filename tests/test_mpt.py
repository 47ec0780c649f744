"""Proofs of Ethereum's tries: all that are made hold, for keys that are there and for others, and
whatever is changed has the verdict that the Yellow Paper's reference says.
"""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_items import (
    Case,
    Items,
    asked,
    keccak256,
    names,
    proof_of,
    root_of,
    said,
    some_trie,
)
from reference.rlp import rlp_encode
from verilane.proofs import mpt

TRIES = [
    some_trie(size, key, value)
    for size in (1, 2, 3, 17, 120)
    for key, value in (
        ((0, 2), (1, 2)),  # everything embedded
        ((1, 1), (1, 40)),
        ((0, 5), (20, 34)),
        ((32, 32), (70, 110)),
        ((2, 6), (1, 300)),
    )
]


def cases_of(items: Items, absent: int = 40) -> list[Case]:
    root = root_of(items)
    return [(root, key, items.get(key, b""), proof_of(items, key)) for key in asked(items, absent)]


CASES = [cases_of(items, 6) for items in TRIES]


def test_all_keys_and_many_others(isa: str) -> None:
    """Every shape of an absence among them: see test_shapes_of_absence."""
    every = [case for cases in CASES for case in cases]
    assert len(every) > 3000
    assert set(names(every, device=isa)) == {"OK"}
    assert set(said(every)) == {"OK"}
    keys, proofs, values = [c[1] for c in every], [c[3] for c in every], [c[2] for c in every]
    roots = [c[0] for c in every]
    found, verdicts = mpt.lookup_many(roots, keys, proofs, hash_keys=False, device=isa)
    assert verdicts.all_ok and found == values


def test_other_values_and_none() -> None:
    for cases in CASES:
        changed = [
            (root, key, other, proof)
            for root, key, value, proof in cases
            for other in (b"", b"\x80", value + b"\0", value[:-1], b"\0" + value[1:])
            if other != value
        ]
        assert set(names(changed)) == {"MISMATCH"}


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("value", [(1, 2), (25, 40)])
def test_one_bit_changes_everything(isa: str, size: int, value: tuple[int, int]) -> None:
    items = some_trie(size, (1, 2), value, seed=1)
    missing = next(key for key in asked(items) if key not in items and proof_of(items, key))
    for key in (*items, missing):
        case = (root_of(items), key, items.get(key, b""), proof_of(items, key))
        parts = [case[0], *case[3], *([case[2]] if case[2] else [])]
        changed: list[Case] = []
        for number, part in enumerate(parts):
            for bit in range(8 * len(part)):
                other = bytearray(part)
                other[bit // 8] ^= 1 << bit % 8
                new = [*parts[:number], bytes(other), *parts[number + 1 :]]
                root, proof, claimed = new[0], new[1 : 1 + len(case[3])], new[1 + len(case[3]) :]
                changed.append((root, key, claimed[0] if claimed else b"", proof))
        found = names(changed, device=isa)
        assert "OK" not in found
        assert found == said(changed)


def test_one_bit_of_a_key() -> None:
    """A proof may hold for other absent keys, for no other present one."""
    for cases in CASES[::2]:
        changed = []
        for root, key, value, proof in cases[:40]:
            for bit in range(8 * len(key)):
                other = bytearray(key)
                other[bit // 8] ^= 1 << bit % 8
                changed.append((root, bytes(other), value, proof))
        found = names(changed)
        assert found == said(changed)
        assert all(not case[2] for case, name in zip(changed, found, strict=True) if name == "OK")


def spoiled(rng: random.Random, case: Case, others: Sequence[Case]) -> Case:
    root, key, value, given_proof = case
    proof = [bytearray(node) for node in given_proof] or [bytearray(b"\x80")]
    at = rng.randrange(len(proof))
    match rng.randrange(8):
        case 0 | 1:
            proof[at][rng.randrange(len(proof[at]))] ^= 1 << rng.randrange(8)
        case 2:
            proof[at] = proof[at][: rng.randrange(len(proof[at]))]
        case 3:
            proof[at] += rng.randbytes(rng.randint(1, 3))
        case 4:
            del proof[at]
        case 5:
            proof.insert(at, proof[rng.randrange(len(proof))])
        case 6:
            rng.shuffle(proof)
        case 7:
            proof += [bytearray(node) for node in rng.choice(others)[3][-1:]]
    return root, key, value, [bytes(node) for node in proof]


@pytest.mark.parametrize("number", range(0, len(TRIES), 3))
def test_spoiled_proofs(isa: str, number: int) -> None:
    rng = random.Random(number)
    cases = [spoiled(rng, rng.choice(CASES[number]), CASES[number]) for _ in range(400)]
    assert names(cases, device=isa) == said(cases)


@pytest.mark.parametrize("number", range(len(TRIES)))
def test_spoiled_nodes_that_have_their_hash(number: int) -> None:
    """The root is made to fit, so that only the node's form decides."""
    rng, cases = random.Random(number), []
    for _ in range(600):
        root, key, value, proof = spoiled(rng, rng.choice(CASES[number]), CASES[number])
        cases.append((keccak256(proof[0]) if proof else root, key, value, proof))
    assert names(cases) == said(cases)


@given(st.lists(st.binary(max_size=40), max_size=4), st.binary(max_size=3), st.binary(max_size=3))
def test_any_bytes(proof: list[bytes], key: bytes, value: bytes) -> None:
    root = keccak256(proof[0] if proof else b"\x80")
    assert names([(root, key, value, proof)]) == said([(root, key, value, proof)])


NESTED = st.recursive(
    st.binary(max_size=2) | st.just(bytes(32)) | st.sampled_from([b"\x20", b"\x00\x12", b"\x35"]),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=2) | st.lists(inner, min_size=17, max_size=17)
    ),
    max_leaves=40,
)


@given(NESTED, st.binary(max_size=3), st.sampled_from([b"", b"\x01", b"\x12"]))
def test_any_lists(node: Any, key: bytes, value: bytes) -> None:
    proof = [rlp_encode(node)]
    assert names([(keccak256(proof[0]), key, value, proof)]) == said(
        [(keccak256(proof[0]), key, value, proof)]
    )
