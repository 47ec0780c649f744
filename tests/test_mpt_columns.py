"""Proofs of Ethereum's tries as columns: of accounts and receipts, in every form, of any size; and
what raises.
"""

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from trie import HexaryTrie
from trie.exceptions import BadTrieProof

from mpt_items import (
    EMPTY_ROOT,
    keccak256,
    names,
    proof_of,
    root_of,
)
from reference import mpt as reference
from reference.rlp import rlp_encode
from verilane import Verdict
from verilane.proofs import mpt

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE


def state(size: int) -> tuple[bytes, list[bytes], list[bytes], list[list[bytes]], HexaryTrie]:
    """A trie of hashed keys, made by the library, which also gives the proofs."""
    import rlp

    rng, trie = random.Random(size), HexaryTrie({})
    addresses = [rng.randbytes(20) for _ in range(size)]
    for address in addresses:
        trie[keccak256(address)] = rlp_encode(
            [rng.randbytes(2), rng.randbytes(8), rng.randbytes(32), rng.randbytes(32)]
        )
    asked_for = [*addresses, *(rng.randbytes(20) for _ in range(size))]
    proofs = [
        [rlp.encode(node) for node in trie.get_proof(keccak256(address))] for address in asked_for
    ]
    values = [bytes(trie[keccak256(address)]) for address in asked_for]
    return bytes(trie.root_hash), asked_for, values, proofs, trie


STATE = state(700)


@pytest.mark.parametrize("threads", [1, 3, None])
def test_accounts_of_a_state(isa: str, threads: int | None) -> None:
    root, keys, values, proofs, _ = STATE
    found = mpt.verify_many(root, keys, values, proofs, hash_keys=True, threads=threads, device=isa)
    assert found.all_ok and len(found) == 1400
    turned = values[1:] + values[:1]
    found = mpt.verify_many(root, keys, turned, proofs, hash_keys=True, device=isa)
    same = np.array([a == b for a, b in zip(values, turned, strict=True)])
    assert ((found.codes == int(OK)) == same).all()
    assert found.count(MISMATCH) == int((~same).sum())
    looked_up, verdicts = mpt.lookup_many(
        root, keys, proofs, hash_keys=True, threads=threads, device=isa
    )
    assert verdicts.all_ok and looked_up == values


def test_the_library_agrees() -> None:
    """It takes nodes in any order, too: whatever we take it takes, and says the same value."""
    root, keys, values, proofs, _ = STATE
    for key, value, proof in list(zip(keys, values, proofs, strict=True))[::50]:
        nodes = [reference.rlp_decode_strict(node) for node in proof]
        path = keccak256(key)
        assert HexaryTrie.get_from_proof(root, path, nodes) == value
        with pytest.raises(BadTrieProof):
            HexaryTrie.get_from_proof(root, path, nodes[:-1])
        assert mpt.verify(root, key, value, proof[:-1], hash_keys=True) == MALFORMED


def packed(proofs: Sequence[Sequence[bytes]]) -> tuple[bytes, list[int], list[int]]:
    nodes = [node for proof in proofs for node in proof]
    return (
        b"".join(nodes),
        [0, *accumulate(map(len, nodes))],
        [0, *accumulate(map(len, proofs))],
    )


def test_forms_of_proofs() -> None:
    root, keys, values, proofs, _ = STATE
    data, node_offsets, proof_offsets = packed(proofs)
    for form in (
        (data, node_offsets, proof_offsets),
        (bytearray(data), np.array(node_offsets), np.array(proof_offsets, np.int32)),
        (np.frombuffer(data, np.uint8), tuple(node_offsets), tuple(proof_offsets)),
        (b"xyz" + data, [each + 3 for each in node_offsets], proof_offsets),
        (data, [0, 0, *node_offsets], [each + 2 for each in proof_offsets]),
        tuple(map(tuple, proofs)),
        [[bytearray(node) for node in proof] for proof in proofs],
        iter(proofs),
    ):
        assert mpt.verify_many(root, keys, values, form, hash_keys=True).all_ok
    some = (data, node_offsets, proof_offsets[5:10])
    found, verdicts = mpt.lookup_many(root, keys[5:9], some, hash_keys=True)
    assert verdicts.all_ok and found == values[5:9]
    roots = root * len(keys)
    assert mpt.verify_many(roots, keys, values, proofs, hash_keys=True).all_ok
    # Three proofs in a tuple are no packed column.
    assert mpt.verify_many(root, keys[:3], values[:3], tuple(proofs[:3]), hash_keys=True).all_ok


def test_arrow_lists() -> None:
    pa = pytest.importorskip("pyarrow")
    root, keys, values, proofs, _ = STATE
    for kind in (pa.list_(pa.binary()), pa.large_list(pa.large_binary())):
        array = pa.array(proofs, kind)
        chunked = pa.chunked_array([array[:7], array[7:7], array[7:]])
        for form in (array, chunked):
            assert mpt.verify_many(root, keys, values, form, hash_keys=True).all_ok
        some = mpt.verify_many(root, keys[5:90], values[5:90], array[5:90], hash_keys=True)
        assert some.all_ok and len(some) == 85
        assert len(mpt.verify_many(root, [], [], array[:0], hash_keys=True)) == 0
    for wrong, error in (
        (pa.array([proofs[0], None]), ValueError),
        (pa.array([[proofs[0][0], None]]), ValueError),
        (pa.array(proofs[0]), TypeError),
        (pa.array([["text"]]), TypeError),
    ):
        with pytest.raises(error, match="proofs"):
            mpt.verify_many(root, keys[:1], values[:1], wrong, hash_keys=True)


def test_nodes_of_one_length() -> None:
    """A packed column of nodes, as a list of equal ones becomes."""
    leaves = [rlp_encode([b"\x20" + bytes([n]), bytes(40)]) for n in range(100)]
    roots = [keccak256(leaf) for leaf in leaves]
    keys = [bytes([n]) for n in range(100)]
    proofs = [[leaf] for leaf in leaves]
    found, verdicts = mpt.lookup_many(roots, keys, proofs, hash_keys=False)
    assert verdicts.all_ok and found == [bytes(40)] * 100


@pytest.mark.parametrize("size", [1 << 16, 1 << 18, 1 << 20])
def test_large_values(size: int) -> None:
    """Larger than the memory that nodes are copied into by default, among small ones."""
    rng = random.Random(size)
    items = {reference.rlp_of_index(i): rng.randbytes(80) for i in range(20)}
    items[reference.rlp_of_index(7)] = rng.randbytes(size)
    cases = [(root_of(items), key, value, proof_of(items, key)) for key, value in items.items()]
    assert set(names(cases)) == {"OK"}
    root, key, value, proof = cases[7]
    wrong = value[:-1] + bytes([value[-1] ^ 1])
    assert names([(root, key, wrong, proof)]) == ["MISMATCH"]


def test_receipts_by_index() -> None:
    values = [random.Random(n).randbytes(n % 300 + 1) for n in range(300)]
    items = {mpt.index_key(i): value for i, value in enumerate(values)}
    root = root_of(items)
    proofs = [proof_of(items, key) for key in items]
    assert mpt.verify_many(root, list(items), values, proofs, hash_keys=False).all_ok
    absent = mpt.index_key(300)
    assert mpt.verify(root, absent, b"", proof_of(items, absent), hash_keys=False) == OK


@pytest.mark.parametrize("index", [0, 1, 127, 128, 255, 256, 65535, 65536, 2**56 - 1, 2**64 - 1])
def test_keys_of_indices(index: int) -> None:
    assert mpt.index_key(index) == reference.rlp_of_index(index)


def test_none_at_all() -> None:
    assert len(mpt.verify_many(bytes(32), [], [], [], hash_keys=True)) == 0
    found, verdicts = mpt.lookup_many(bytes(32), [], (b"", [0], [0]), hash_keys=False)
    assert found == [] and len(verdicts) == 0


GOOD = ([b"key"], [b""], [[b"\x80"]])


@pytest.mark.parametrize(
    ("root", "keys", "values", "proofs", "error", "text"),
    [
        (EMPTY_ROOT, [b"k"] * 2, [b""], [[]], ValueError, "keys"),
        (EMPTY_ROOT, [b"k"], [b""] * 2, [[]], ValueError, "values"),
        ([EMPTY_ROOT] * 3, [b"k"] * 2, [b""] * 2, [[], []], ValueError, "root"),
        (b"short", [b"k"], [b""], [[]], ValueError, "root"),
        (EMPTY_ROOT, b"k", [b""], [[]], ValueError, "keys"),
        (EMPTY_ROOT, ["k"], [b""], [[]], TypeError, "keys"),
        (EMPTY_ROOT, [b"k"], [b""], [b"\x80"], TypeError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], b"\x80", TypeError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], [["80"]], TypeError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], [None], TypeError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], None, TypeError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 2], [0, 1]), ValueError, "proofs"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 1], [0, 2]), ValueError, "proof_offsets"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 1], [-1, 1]), ValueError, "proof_offsets"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 1], [1, 0]), ValueError, "proof_offsets"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 1], []), ValueError, "proof_offsets"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0.0, 1.0], [0, 1]), TypeError, "node_offsets"),
        (EMPTY_ROOT, [b"k"], [b""], (b"\x80", [0, 1], ["0"]), TypeError, "proof_offsets"),
    ],
)
def test_what_raises(
    root: Any, keys: Any, values: Any, proofs: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        mpt.verify_many(root, keys, values, proofs, hash_keys=False)


def test_options_that_raise() -> None:
    with pytest.raises(TypeError, match="hash_keys"):
        mpt.verify_many(EMPTY_ROOT, *GOOD, hash_keys=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mpt.verify_many(EMPTY_ROOT, *GOOD)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="threads"):
        mpt.verify_many(EMPTY_ROOT, *GOOD, hash_keys=True, threads=0)
    with pytest.raises(ValueError, match="device"):
        mpt.verify_many(EMPTY_ROOT, *GOOD, hash_keys=True, device="abacus")
    for index in (-1, 1 << 64):
        with pytest.raises(ValueError, match="index"):
            mpt.index_key(index)
