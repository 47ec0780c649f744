"""Proofs of Ethereum's tries: all that are made hold, for keys that are there and for others, and
whatever is changed has the verdict that the Yellow Paper's reference says.
"""

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie
from trie.exceptions import BadTrieProof

from mpt_items import EMPTY_ROOT, Items, asked, keccak256, proof_of, root_of, some_trie
from reference import mpt as reference
from reference.rlp import rlp_encode
from verilane import Verdict
from verilane.proofs import mpt

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE
Case = tuple[bytes, bytes, bytes, Sequence[bytes]]

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


def names(cases: Sequence[Case], **more: Any) -> list[str]:
    if not cases:
        return []
    roots, keys, values, proofs = map(list, zip(*cases, strict=True))
    return [
        verdict.name
        for verdict in mpt.verify_many(roots, keys, values, proofs, hash_keys=False, **more)
    ]


def said(cases: Sequence[Case]) -> list[str]:
    return [reference.verify(*case, keccak256) for case in cases]


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


# ---- Shapes ----

LEAF = [b"\x20", b"value"]  # a leaf with an empty path: 8 bytes
TINY = [b"\x20", b"v"]  # so small that a branch over two of them is embedded
HASH = bytes(range(32))


def branch(children: dict[int, Any] | None = None, value: bytes = b"") -> list[Any]:
    return [*((children or {}).get(n, b"") for n in range(16)), value]


def single(node: Any) -> tuple[bytes, list[bytes]]:
    encoded = rlp_encode(node)
    return keccak256(encoded), [encoded]


@pytest.mark.parametrize(
    ("node", "key"),
    [
        (branch({1: LEAF, 2: LEAF}), b"\x30"),  # an empty place
        (branch({1: [b"\x31", b"v"], 2: LEAF}), b"\x12"),  # a leaf with another path
        (branch({1: [b"\x20", b"v"], 2: LEAF}), b"\x12"),  # a shorter one
        ([b"\x20\x12\x34", b"v"], b"\x12"),  # a longer one
        ([b"\x00\x12", branch({1: TINY, 2: TINY})], b"\x13"),  # an extension to elsewhere
        ([b"\x00\x12", branch({1: TINY, 2: TINY})], b""),  # the key ends before it
        ([b"\x11", branch({1: TINY, 2: TINY})], b""),
        ([b"\x00\x12\x34", branch({1: TINY, 2: TINY})], b"\x12"),  # ... in it
        ([b"\x00\x12", branch({1: TINY, 2: TINY})], b"\x12"),  # a branch without a value
        (branch({1: HASH, 2: HASH}), b"\x30"),  # beside hashes
        (b"", b"\x12"),  # the empty trie
    ],
)
def test_shapes_of_absence(isa: str, node: Any, key: bytes) -> None:
    root, proof = single(node)
    assert names([(root, key, b"", proof)], device=isa) == ["OK"]
    assert names([(root, key, b"v", proof)], device=isa) == ["MISMATCH"]
    assert said([(root, key, b"", proof)]) == ["OK"]


@pytest.mark.parametrize(
    ("node", "key", "value"),
    [
        ([b"\x00\x12", [b"\x00\x34", LEAF]], b"\x12\x34", b"value"),  # extensions in a row
        ([b"\x13", LEAF], b"\x3f", b""),  # an extension to a leaf; what is left is too much
        ([b"\x00\x12", LEAF], b"\x12", b"value"),
        (branch({1: [b"\x32", b"v"]}), b"\x12", b"v"),  # a branch with one child
        (branch(), b"\x12", b""),  # with none
        (branch(value=b"v"), b"", b"v"),
    ],
)
def test_a_root_vouches_for_any_shape(node: Any, key: bytes, value: bytes) -> None:
    root, proof = single(node)
    assert names([(root, key, value, proof)]) == ["OK"] == said([(root, key, value, proof)])


LONG = bytes(60)
MALFORMED_NODES: dict[str, bytes] = {
    "nothing": b"",
    "a string": b"\x83abc",
    "a byte": b"\x05",
    "an empty list": b"\xc0",
    "one item": rlp_encode([b"\x20"]),
    "three items": rlp_encode([b"\x20", b"v", b"w"]),
    "sixteen items": rlp_encode([b""] * 16),
    "eighteen items": rlp_encode([b""] * 18),
    "too short": rlp_encode(LEAF)[:-1],
    "too long": rlp_encode(LEAF) + b"\0",
    "a list in the long form": b"\xf8\x08" + rlp_encode(LEAF)[1:],
    "a size with a zero": b"\xf9\x00\x40" + rlp_encode([b"\x20", LONG])[2:],
    "a size that is no size": b"\xff" + b"\xff" * 8 + bytes(20),
    "a size without its bytes": b"\xfb\x01",
    "a string in the long form": b"\xc5\x20\xb8\x02vv",
    "a byte with a header": b"\xc3\x20\x81\x05",
    "a path with a header": b"\xc4\x81\x20\x81\x80",
    "a value past the end": b"\xc3\x20\x84v",
    "no path": rlp_encode([b"", b"v"]),
    "a path that is a list": rlp_encode([[b"\x20"], b"v"]),
    "flag 4": rlp_encode([b"\x40", b"v"]),
    "flag 15": rlp_encode([b"\xf0", b"v"]),
    "a leaf's padding": rlp_encode([b"\x21\x23", b"v"]),
    "an extension's padding": rlp_encode([b"\x01\x23", HASH]),
    "an extension by nothing": rlp_encode([b"\x00", HASH]),
    "an extension to nothing": rlp_encode([b"\x11", b""]),
    "an extension to 31 bytes": rlp_encode([b"\x11", bytes(31)]),
    "an extension to 33 bytes": rlp_encode([b"\x11", bytes(33)]),
    "a leaf without a value": rlp_encode([b"\x20", b""]),
    "a leaf whose value is a list": rlp_encode([b"\x20", [b"v"]]),
    "a branch to 31 bytes": rlp_encode(branch({3: bytes(31)})),
    "a branch to a byte": rlp_encode(branch({15: b"\x01"})),
    "a branch to no node": rlp_encode(branch({0: [b"v"]})),
    "a branch to an empty list": rlp_encode(branch({0: []})),
    "a branch whose value is a list": rlp_encode([*branch({0: LEAF})[:16], [b"v"]]),
    "an embedded node of 32 bytes": rlp_encode(branch({0: [b"\x20", bytes(29)]})),
    "a bad node inside": rlp_encode([b"\x11", [b"\x11", [b"\x11", [b"\x41", b"v"]]]]),
    "a bad node aside": rlp_encode(branch({1: LEAF, 15: [b"\x20", b""]})),
}


@pytest.mark.parametrize("name", MALFORMED_NODES)
def test_malformed_nodes(isa: str, name: str) -> None:
    """Alone with their hash as the root, and below a node that is all right."""
    node = MALFORMED_NODES[name]
    above = rlp_encode(branch({1: keccak256(node), 2: HASH}))
    cases: list[Case] = [
        (keccak256(node), key, value, [node]) for key in (b"", b"\x12") for value in (b"", b"v")
    ]
    cases += [(keccak256(above), b"\x12", b"", [above, node])]
    assert names(cases, device=isa) == ["BAD_SIGNATURE"] * len(cases) == said(cases)


def test_the_largest_embedded_node_and_the_smallest_that_is_not() -> None:
    inside, outside = [b"\x20", bytes(28)], [b"\x20", bytes(29)]
    assert [len(rlp_encode(node)) for node in (inside, outside)] == [31, 32]
    root, proof = single(branch({1: inside, 2: HASH}))
    below = rlp_encode(outside)
    above = rlp_encode(branch({1: keccak256(below), 2: HASH}))
    short = rlp_encode(inside)  # a hash where the node itself belongs
    wrong = rlp_encode(branch({1: keccak256(short), 2: HASH}))
    cases: list[Case] = [
        (root, b"\x10", b"", proof),
        (root, b"", b"", proof),
        (keccak256(above), b"\x10", b"", [above, below]),
        (keccak256(wrong), b"\x10", b"", [wrong, short]),
    ]
    assert names(cases) == said(cases) == ["OK", "OK", "OK", "BAD_SIGNATURE"]
    deep: Any = LEAF
    while len(rlp_encode([b"\x11", deep])) < 32:
        deep = [b"\x11", deep]
    root, proof = single([b"\x11", deep])
    key = b"\x11" * 20
    assert names([(root, key, b"", proof)]) == said([(root, key, b"", proof)]) == ["OK"]


def test_proofs_that_end_too_early_or_too_late() -> None:
    items = some_trie(300, (4, 4), (40, 60))
    root, key = root_of(items), next(iter(items))
    proof = proof_of(items, key)
    assert len(proof) == 4
    cases: list[Case] = [
        (root, key, items[key], proof[:3]),
        (root, key, items[key], proof[:1]),
        (root, key, items[key], []),
        (root, key, items[key], proof[1:]),
        (root, key, items[key], [*proof, proof[-1]]),
        (root, key, items[key], [*proof, rlp_encode(LEAF)]),
        (root, key, items[key], [proof[0], *proof]),
        (root, key, b"", proof),
        (root, key, b"", proof[:2]),
    ]
    expected = ["BAD_SIGNATURE"] * 2 + ["MISMATCH"] * 2 + ["BAD_SIGNATURE"] * 2
    expected += ["MISMATCH"] * 2 + ["BAD_SIGNATURE"]
    assert names(cases) == said(cases) == expected


def test_the_empty_trie() -> None:
    node = rlp_encode(LEAF)
    cases: list[Case] = [
        (EMPTY_ROOT, b"key", b"", []),
        (EMPTY_ROOT, b"key", b"", [b"\x80"]),
        (EMPTY_ROOT, b"", b"", []),
        (EMPTY_ROOT, b"key", b"value", []),
        (EMPTY_ROOT, b"key", b"", [b"\x80", b"\x80"]),
        (EMPTY_ROOT, b"key", b"", [node]),
        (EMPTY_ROOT, b"key", b"", [b""]),
        (keccak256(node), b"key", b"", []),
        (keccak256(node), b"key", b"", [b"\x80"]),
        (keccak256(node), b"key", b"", [node, b"\x80"]),
    ]
    expected = ["OK"] * 3 + ["MISMATCH", "BAD_SIGNATURE", "MISMATCH", "BAD_SIGNATURE"]
    expected += ["MISMATCH"] * 2 + ["BAD_SIGNATURE"]
    assert names(cases) == said(cases) == expected


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_roots_of_another_length(size: int) -> None:
    case = (bytes(size), b"key", b"", [b"bad"])
    assert names([case]) == said([case]) == ["BAD_KEY"]
    good = CASES[3][0]
    assert names([case, good]) == ["BAD_KEY", "OK"]


@pytest.mark.parametrize("size", [255, 256, 257, 300])
def test_long_keys(size: int) -> None:
    """Up to 256 bytes; a path of branches alone is as long as a proof can be."""
    key = bytes(range(256)) * 2
    key = key[:size]
    node: Any = [b"\x20", b"value"]
    proof: list[bytes] = []
    reference_to: Any = node
    for nibble in reversed(reference.nibbles(key)):
        node = branch({nibble: reference_to, nibble ^ 1: HASH})
        proof.insert(0, rlp_encode(node))
        reference_to = keccak256(proof[0])
    assert len(proof) == 2 * size
    root = keccak256(proof[0])
    case = (root, key, b"value", proof)
    expected = "OK" if size <= 256 else "BAD_MESSAGE" if 2 * size <= 513 else "BAD_SIGNATURE"
    assert names([case]) == said([case]) == [expected]
    short: Case = (root, key, b"value", proof[:1])
    assert names([short]) == said([short]) == ["BAD_SIGNATURE" if size <= 256 else "BAD_MESSAGE"]
    bad: Case = (root, key, b"value", [b"bad"])
    assert names([bad]) == said([bad]) == ["BAD_SIGNATURE"]
    hashed = mpt.verify_many([root], [key], [b"value"], [proof], hash_keys=True)
    assert list(hashed) == [MALFORMED]  # more nodes than a hashed key has nibbles


# ---- Columns ----


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
