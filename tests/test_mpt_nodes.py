"""Every shape of nodes in proofs of Ethereum's tries: such as are none, as prove absence, and as no
honest trie has.
"""

from typing import Any

import pytest

from mpt_items import (
    EMPTY_ROOT,
    HASH,
    LEAF,
    TINY,
    Case,
    branch,
    keccak256,
    names,
    proof_of,
    root_of,
    said,
    single,
    some_trie,
)
from reference import mpt as reference
from reference.rlp import rlp_encode
from verilane import Verdict
from verilane.proofs import mpt


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
    good = (EMPTY_ROOT, b"key", b"", [b"\x80"])
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
    assert list(hashed) == [Verdict.BAD_SIGNATURE]  # more nodes than a hashed key has nibbles
