"""Merkle roots, on every ISA, against the definitions in reference/merkle.py."""

import base64
import json
import random
import re
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.merkle import bitcoin_root, rfc6962_root
from verilane import MutatedTree, _cpu, _cpu_trees, merkle
from verilane._columns import column
from verilane._devices import isa_of

Shared = Callable[[str], Path]

PERIODIC = bytes(range(251)) * 20
# Subtrees of 2^11 leaves are C's chunks and the threads' grain.
SUBTREE = 2048
LARGE = (
    127,
    128,
    129,
    255,
    1000,
    SUBTREE - 1,
    SUBTREE,
    SUBTREE + 1,
    3 * SUBTREE,
    4 * SUBTREE + 1,
    9999,
)
# What the tests of RFC 6962 implementations hash: Certificate Transparency's eight leaves.
CT_LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    bytes(range(0x40, 0x44)),
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]


def hashes(n: int) -> list[bytes]:
    """n different leaves of 32 bytes."""
    return [sha256(i.to_bytes(4, "big")).digest() for i in range(n)]


def expected(leaves: Sequence[bytes], tree: str) -> tuple[bytes, bool]:
    return (rfc6962_root(leaves), False) if tree == "rfc6962" else bitcoin_root(leaves)


def reduced(
    leaves: Sequence[bytes], tree: str, isa: str, height: int, starts: Sequence[int] = ()
) -> tuple[bytes, bool]:
    """The root and flag from the C calls: nodes on level `height`, in parts from `starts` on."""
    kind = _cpu_trees.KINDS[tree]
    options = {
        "tree": kind.number,
        "hash": _cpu.HASHES[kind.hash].number,
        "isa": isa_of(isa),
        "height": height,
    }
    items = column("leaves", leaves, widths=None)
    out = np.full((-(-items.n >> height) + 1, 32), 0x5A, np.uint8)
    work, mutated = _cpu_trees.nodes(out[:-1], items, first=0, total=items.n, **options)
    for start, stop in zip([0, *starts], [*starts, items.n], strict=True):
        work(start, stop)
    assert (out[-1] == 0x5A).all()
    root, above = _cpu_trees.root(out[:-1], total=items.n, **options)
    return root, above or mutated()


def root_and_flag(leaves: Any, tree: str, **options: Any) -> tuple[bytes, bool | None]:
    """What on_duplicate="ignore" returns, and whether the default raises (with the same root)."""
    root = merkle.root(leaves, tree, on_duplicate="ignore", **options)
    try:
        returned = merkle.root(leaves, tree, **options)
    except MutatedTree as error:
        return (root, True) if error.root == root else (error.root, None)
    return (root, False) if returned == root else (returned, None)


# ---- Against the reference ----


@pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])
def test_every_small_tree(hasher: str, tree: str) -> None:
    for n in range(71):
        leaves = hashes(n)
        assert merkle.root(leaves, tree, device=hasher) == expected(leaves, tree)[0], n


@pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])
@pytest.mark.parametrize("n", LARGE)
def test_larger_trees(hasher: str, tree: str, n: int) -> None:
    leaves = hashes(n)
    want = expected(leaves, tree)[0]
    assert merkle.root(b"".join(leaves), tree, device=hasher, threads=1) == want
    assert merkle.root(leaves, tree, device=hasher, threads=3) == want


@pytest.mark.parametrize("length", range(201))
def test_leaves_of_one_length(hasher: str, length: int) -> None:
    leaves = [PERIODIC[5 * i : 5 * i + length] for i in range(35)]
    assert merkle.root(leaves, device=hasher) == rfc6962_root(leaves)


def test_leaves_of_every_length(hasher: str) -> None:
    leaves = [PERIODIC[i : 2 * i] for i in range(301)]
    assert merkle.root(leaves, device=hasher) == rfc6962_root(leaves)


@given(data=st.data())
def test_random_leaves(hasher: str, data: st.DataObject) -> None:
    leaves = data.draw(st.lists(st.binary(max_size=150), max_size=80))
    assert merkle.root(leaves, device=hasher) == rfc6962_root(leaves)


def with_repeats(n: int, seed: int) -> list[bytes]:
    """n hashes with a few runs copied elsewhere, often to where they are their own neighbours."""
    rng, leaves = random.Random(seed), hashes(n)
    for _ in range(rng.randrange(3)):
        size = 1 << rng.randrange(4)
        at = rng.randrange(n) // size * size
        leaves[at + size : at + 2 * size] = leaves[at : at + size][: max(0, n - at - size)]
    return leaves


@pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])
@pytest.mark.parametrize("n", range(1, 71))
def test_subtrees_meet_in_the_same_root_and_flag(isa: str, tree: str, n: int) -> None:
    """Any height, in one part or cut at any multiples of it, gives what the whole tree gives."""
    leaves = with_repeats(n, seed=n)
    want = expected(leaves, tree)
    for height in (*range(9), 11, 12, 63):
        step = 1 << height
        assert reduced(leaves, tree, isa, height) == want
        assert reduced(leaves, tree, isa, height, range(step, n, step)) == want


@pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])
@pytest.mark.parametrize("n", [SUBTREE, SUBTREE + 1, 3 * SUBTREE - 1, 5 * SUBTREE, 5 * SUBTREE + 3])
@pytest.mark.parametrize("repeated", [False, True])
def test_subtrees_of_several_chunks(isa: str, tree: str, n: int, repeated: bool) -> None:
    """Equal neighbours on level 11 are met above the chunks, if anywhere."""
    leaves = (hashes(SUBTREE) * 6)[:n] if repeated else hashes(n)
    want = expected(leaves, tree)
    for height in (10, 11, 12, 13, 14, 63):
        assert reduced(leaves, tree, isa, height) == want


# ---- Duplicates: CVE-2012-2459 ----


@pytest.mark.parametrize("n", [*range(1, 40), SUBTREE, 3 * SUBTREE])
def test_repeated_end_is_mutation(hasher: str, n: int) -> None:
    """Where level k has an odd number of nodes, repeating the last 2^k leaves keeps the root."""
    leaves = hashes(n)
    for k in range(n.bit_length()):
        if n >> k << k != n:
            break
        twin = leaves + leaves[n - (1 << k) :]
        root, mutated = bitcoin_root(twin)
        assert root_and_flag(twin, "bitcoin", device=hasher) == (root, mutated)
        assert mutated == (n >> k & 1 == 1)
        if mutated and n >> k > 1:
            assert root == merkle.root(leaves, "bitcoin", device=hasher)


def test_equal_neighbours_on_any_level(hasher: str) -> None:
    for level in range(6):
        size = 1 << level
        for first in range(0, 64, 2 * size):
            leaves = hashes(64)
            leaves[first + size : first + 2 * size] = leaves[first : first + size]
            root, mutated = bitcoin_root(leaves)
            assert mutated
            with pytest.raises(MutatedTree) as caught:
                merkle.root(leaves, "bitcoin", device=hasher)
            assert caught.value.root == root
            assert isinstance(caught.value, ValueError)
            assert merkle.root(leaves, "bitcoin", on_duplicate="ignore", device=hasher) == root


def test_equal_leaves_that_are_not_paired(hasher: str) -> None:
    leaves = hashes(32)
    leaves[2] = leaves[1]
    leaves[20] = leaves[5]
    assert root_and_flag(leaves, "bitcoin", device=hasher) == (bitcoin_root(leaves)[0], False)
    pair = [leaves[0]] * 2
    assert merkle.root(pair, device=hasher) == rfc6962_root(pair)  # no harm in an RFC 6962 tree


def test_mutation_between_the_subtrees_of_threads(hasher: str) -> None:
    leaves = hashes(2 * SUBTREE) * 2
    for threads in (1, 3):
        assert root_and_flag(leaves, "bitcoin", device=hasher, threads=threads) == bitcoin_root(
            leaves
        )


# ---- Published roots and real chains ----


def published_roots(path: Path) -> dict[int, bytes]:
    """The roots of the first n of CT_LEAVES in the cases that must verify, by n."""
    roots = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if not re.fullmatch(
                r"testdata/(inclusion|consistency)/\d/happy-path.json", member.name
            ):
                continue
            file = archive.extractfile(member)
            assert file is not None
            case = json.load(file)
            for size, root in (("size1", "root1"), ("size2", "root2"), ("treeSize", "root")):
                if case.get(size):
                    roots[case[size]] = base64.b64decode(case[root])
    return roots


def test_certificate_transparency_roots(hasher: str, shared: Shared) -> None:
    roots = published_roots(shared("vectors/merkle/rfc6962_transparency_dev.tar.xz"))
    assert {5, 6, 7, 8} <= set(roots)
    for size, root in roots.items():
        assert merkle.root(CT_LEAVES[:size], device=hasher) == root, size


def test_bitcoin_blocks(hasher: str, shared: Shared) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")
    blocks = pq.read_table(shared("chain/bitcoin_merkle.parquet")).to_pylist()
    assert len(blocks) == 273
    for block in blocks:
        assert merkle.root(block["txids"], "bitcoin", device=hasher) == block["merkle_root"], block[
            "height"
        ]


def test_cosmos_validator_sets(hasher: str, shared: Shared) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")
    table = pq.read_table(shared("chain/cosmos_validators.parquet"))
    assert len(table) == 275
    for leaves, root in zip(table["leaves"], table["root"].to_pylist(), strict=True):
        assert merkle.root(leaves.values, device=hasher) == root
        assert merkle.root(leaves.as_py(), device=hasher) == root


# ---- The Python face ----


def test_empty_trees(hasher: str) -> None:
    forms: list[Any] = [[], b"", np.zeros((0, 32), np.uint8), (b"", [0])]
    for nothing in forms:
        assert merkle.root(nothing, device=hasher) == sha256(b"").digest()
        assert merkle.root(nothing, tree="bitcoin", device=hasher) == bytes(32)


def test_one_leaf_and_one_empty_leaf(hasher: str) -> None:
    leaf = hashes(1)[0]
    assert merkle.root([leaf], device=hasher) == sha256(b"\x00" + leaf).digest()
    assert merkle.root([leaf], "bitcoin", device=hasher) == leaf
    assert merkle.root([b""], device=hasher) == sha256(b"\x00").digest()


@pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])
def test_forms_of_a_column(tree: str) -> None:
    leaves = hashes(37)
    flat, want = b"".join(leaves), expected(leaves, tree)[0]
    array = np.frombuffer(flat, np.uint8)
    forms = [
        leaves,
        tuple(leaves),
        flat,
        bytearray(flat),
        memoryview(flat),
        array,
        array.reshape(-1, 32),
        np.asfortranarray(array.reshape(-1, 32)),
        (b"x" + flat, list(range(1, 37 * 32 + 2, 32))),
        (flat, np.arange(0, 37 * 32 + 1, 32)),
    ]
    for form in forms:
        assert merkle.root(form, tree=tree, hash=None, threads=1) == want


def test_arrow_leaves() -> None:
    pa = pytest.importorskip("pyarrow")
    leaves = hashes(50)
    fixed = pa.array(leaves, pa.binary(32))
    for form in (
        fixed,
        fixed[3:],
        pa.array(leaves),
        pa.chunked_array([leaves[:7], leaves[7:]], pa.binary(32)),
    ):
        assert merkle.root(form) == rfc6962_root(form.to_pylist())
        assert merkle.root(form, "bitcoin") == bitcoin_root(form.to_pylist())[0]


def test_packed_leaves_of_another_width() -> None:
    leaves = [PERIODIC[i : i + 100] for i in range(41)]
    array = np.frombuffer(b"".join(leaves), np.uint8).reshape(-1, 100)
    assert merkle.root(array) == rfc6962_root(leaves)


def test_a_kind_s_own_hash_has_a_name() -> None:
    leaves = hashes(3)
    assert merkle.root(leaves, "rfc6962", "sha256") == merkle.root(leaves)
    assert merkle.root(leaves, "bitcoin", hash="sha256d") == merkle.root(leaves, "bitcoin")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tree": "ssz3"}, r"no tree is named 'ssz3'; there are: rfc6962, bitcoin"),
        ({"tree": ["rfc6962"]}, r"no tree is named"),
        ({"hash": "sha512"}, r"tree 'rfc6962' has no hash 'sha512'; there is: sha256, sha256d"),
        (
            {"tree": "bitcoin", "hash": "sha256"},
            r"tree 'bitcoin' has no hash 'sha256'; there is: sha256d",
        ),
        ({"on_duplicate": "warn"}, r"on_duplicate: expected 'raise' or 'ignore', got 'warn'"),
        ({"threads": 0}, r"threads: expected 1 or more, got 0"),
        ({"device": "cpu:mmx"}, r"no device is named 'cpu:mmx'; there are: cpu, cpu:scalar"),
    ],
)
def test_unknown_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        merkle.root(hashes(2), **options)


def test_wrong_leaves() -> None:
    with pytest.raises(ValueError, match="33 bytes are no multiple of 32"):
        merkle.root(bytes(33))
    with pytest.raises(ValueError, match="item 0 has 31 bytes; a bitcoin leaf has 32"):
        merkle.root(np.zeros((4, 31), np.uint8), "bitcoin")
    with pytest.raises(ValueError, match="item 2 has 33 bytes; a bitcoin leaf has 32"):
        merkle.root([*hashes(2), bytes(33), *hashes(2)], "bitcoin")
    with pytest.raises(ValueError, match="item 0 has 0 bytes; a bitcoin leaf has 32"):
        merkle.root([b""], "bitcoin")
    for wrong in ("text", 5, None, [1, 2], ["text"]):
        with pytest.raises(TypeError):
            merkle.root(wrong)


def test_many_python_threads_at_once(hasher: str) -> None:
    trees = [[PERIODIC[i : i + n % 90] for i in range(n)] for n in range(200, 216)]
    with ThreadPoolExecutor(8) as pool:
        roots = list(pool.map(lambda leaves: merkle.root(leaves, device=hasher, threads=2), trees))
    assert roots == [rfc6962_root(leaves) for leaves in trees]
