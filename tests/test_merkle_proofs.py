"""Inclusion proofs of every kind of tree: all that are made hold, and nothing else does."""

import base64
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle_trees import TREES, nodes, published_proofs
from reference.merkle_proofs import rfc6962_path
from test_merkle import hashes
from test_merkle_kinds import FISCO2_BLOCKS, deposits
from verilane import Verdict, merkle
from verilane.merkle.proofs import NO_INDEX, numbers_of

Shared = Callable[[str], Path]

OK, MISMATCH = Verdict.OK, Verdict.MISMATCH
MALFORMED = Verdict.BAD_SIGNATURE

# Up to four levels of a binary tree, two of one of width 16; around lanes and C's block of 2,048.
SIZES = [*range(1, 41), 255, 256, 257]
LARGE = [513, 2047, 2048, 2049, 4100]


def numbers(tree: str, indices: Any, sizes: Any) -> dict[str, Any]:
    return {"indices": indices, "sizes": sizes} if TREES[tree].has_index else {}


def verify(
    tree: str, root: Any, leaves: Any, proofs: Any, indices: Any, sizes: Any, **more: Any
) -> Any:
    return merkle.verify_proofs(
        root, leaves, proofs, tree=tree, **numbers(tree, indices, sizes), **more
    )


@pytest.mark.parametrize("tree", TREES)
def test_all_proofs_of_small_trees(isa: str, tree: str) -> None:
    """In one batch over all sizes: every proof has its own length and its own root."""
    every = hashes(max(SIZES))
    roots, leaves, proofs, indices, sizes = [], [], [], [], []
    for n in SIZES:
        kept = merkle.Tree(every[:n], tree, device=isa)
        data, offsets = kept.proofs(np.arange(n))
        proofs += [bytes(data[a:b]) for a, b in pairwise(offsets)]
        leaves += every[:n]
        indices += range(n)
        sizes += [kept.proof_size] * n
        roots += [TREES[tree].root(every[:n])] * n
    assert verify(tree, roots, leaves, proofs, indices, sizes, device=isa).all_ok
    rotated = roots[1:] + roots[:1]
    found = verify(tree, rotated, leaves, proofs, indices, sizes, device=isa)
    same = np.array([a == b for a, b in zip(roots, rotated, strict=True)])
    assert ((found.codes == int(OK)) == same).all()
    assert (found.codes[~same] == int(MISMATCH)).all()


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("n", LARGE)
def test_proofs_of_larger_trees(tree: str, n: int) -> None:
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree)
    root = TREES[tree].root(leaves)
    proofs = kept.proofs(range(n))
    for threads in (1, 3):
        assert verify(tree, root, leaves, proofs, range(n), kept.proof_size, threads=threads).all_ok
    turned = leaves[1:] + leaves[:1]
    assert verify(tree, root, turned, proofs, range(n), kept.proof_size).count(MISMATCH) == n


@pytest.mark.parametrize("tree", ["rfc6962", "plain"])
def test_paths_are_the_rfc_s(tree: str) -> None:
    every = hashes(40)
    prefixes = (b"\0", b"\1") if tree == "rfc6962" else (b"", b"")
    for n in (1, 2, 3, 5, 6, 7, 8, 13, 31, 40):
        kept = merkle.Tree(every[:n], tree)
        for i in range(n):
            path = rfc6962_path(every[:n], i, lambda data: sha256(data).digest(), prefixes)
            assert nodes(kept.proof(i)) == path


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("n", [1, 2, 3, 6, 18])
def test_one_bit_changes_everything(tree: str, n: int) -> None:
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree)
    for i in {0, n // 2, n - 1}:
        proof, size = kept.proof(i), kept.proof_size
        rows = [(kept.root, leaves[i], proof)]
        for part in range(3):
            for bit in range(8 * len(rows[0][part])):
                value = bytearray(rows[0][part])
                value[bit // 8] ^= 1 << bit % 8
                changed = list(rows[0])
                changed[part] = bytes(value)
                rows.append((changed[0], changed[1], changed[2]))
        found = verify(tree, *map(list, zip(*rows, strict=True)), i, size)
        assert found[0] == OK
        assert found.count(MISMATCH) == len(rows) - 1


@pytest.mark.parametrize("tree", [tree for tree in TREES if TREES[tree].has_index])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 8])
def test_other_indices_and_sizes(tree: str, n: int) -> None:
    """An RFC 6962 proof can hold for several sizes: what the reference says, and nothing else."""
    n += 12 * (tree == "fisco2" and n > 4)
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree)
    cases, expected = [], []
    for i in range(n):
        proof = kept.proof(i)
        for index in range(n + 2):
            for size in range(2 * n + 3):
                cases.append((leaves[i], proof, index, size))
                expected.append(TREES[tree].holds(kept.root, leaves[i], index, size, nodes(proof)))
    columns = [list(column) for column in zip(*cases, strict=True)]
    found = verify(tree, kept.root, *columns)
    assert (found.codes == int(OK)).tolist() == expected
    assert sum(expected) >= n


@pytest.mark.parametrize("tree", TREES)
def test_malformed_proofs(isa: str, tree: str) -> None:
    """Bad ones at every place of a batch of good ones, which they do not touch."""
    n = 21
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree)
    good, size = kept.proof(3), kept.proof_size
    bad: list[tuple[Any, Any, Any, Any, Any, Verdict]] = [
        (kept.root[:31], leaves[3], good, 3, size, Verdict.BAD_KEY),
        (kept.root + b"x", leaves[3], b"", 99, size, Verdict.BAD_KEY),
        (b"", leaves[3], good, 3, size, Verdict.BAD_KEY),
        (kept.root, leaves[3], good[:-1], 3, size, MALFORMED),
        (kept.root, leaves[3], good + b"\0", 3, size, MALFORMED),
        (kept.root, leaves[3], good + bytes(64 * 32), 3, size, MALFORMED),
    ]
    if TREES[tree].has_index:
        bad += [
            (kept.root, leaves[3], good[:-32], 3, size, MALFORMED),
            (kept.root, leaves[3], good + bytes(32), 3, size, MALFORMED),
            (kept.root, leaves[3], b"", 3, size, MALFORMED),
            (kept.root, leaves[3], good, size, size, MALFORMED),
            (kept.root, leaves[3], good, 3, 0, MALFORMED),
            (kept.root, leaves[3], good, -1, size, MALFORMED),
            (kept.root, leaves[3], good, 3, -5, MALFORMED),
            (kept.root, leaves[3], good, 1 << 70, size, MALFORMED),
            (kept.root, leaves[3], good, 3, 1 << 64, MALFORMED),
            (kept.root, leaves[3], good, 3, (1 << 64) - 1, MALFORMED),
        ]
    else:
        bad.append((kept.root, leaves[3], good[:-32], 3, size, MISMATCH))
    if not TREES[tree].hashed_leaves:
        bad += [
            (kept.root, leaves[3][:31], good, 3, size, Verdict.BAD_MESSAGE),
            (kept.root, leaves[3] + b"\0", good, 3, size, Verdict.BAD_MESSAGE),
            (kept.root, b"", good, 3, size, Verdict.BAD_MESSAGE),
            (kept.root, b"", good[:-1], 3, size, MALFORMED),
        ]
    for row in bad:
        for at in (0, 1, 7, 20):
            rows = [(kept.root, leaves[i], kept.proof(i), i, size, OK) for i in range(n)]
            rows[at] = row
            columns = [list(column) for column in zip(*rows, strict=True)]
            assert list(verify(tree, *columns[:5], device=isa)) == columns[5], (row, at)


def test_the_longest_sorted_proof() -> None:
    leaf = hashes(1)[0]
    proofs = [bytes(32 * k) for k in (0, 64, 65)]
    found = merkle.verify_proofs(leaf, [leaf] * 3, proofs, tree="openzeppelin")
    assert list(found) == [OK, MISMATCH, MALFORMED]


def test_the_largest_trees() -> None:
    """Sizes that no memory holds: 2^63 leaves, and one more."""
    leaf, size = hashes(1)[0], 1 << 63
    path = hashes(64)
    for tree in ("rfc6962", "ssz", "bitcoin", "fisco3"):
        for index in (0, size - 1, 0x5A5A << 40):
            for length in (63, 64):
                found = merkle.verify_proofs(
                    bytes(32), [leaf], [b"".join(path[:length])], index, size, tree=tree
                )
                assert found[0] == (MISMATCH if length == 63 else MALFORMED), (tree, index)
        found = merkle.verify_proofs(
            bytes(32), [leaf], [b"".join(path)], 7, (1 << 64) - 1, tree=tree
        )
        assert found[0] == MISMATCH


def test_a_multiproof_of_the_largest_tree() -> None:
    """A multiproof of one leaf is its proof, beside the last leaf of 2^63 too."""
    leaf, size, path = hashes(1)[0], 1 << 63, hashes(63)
    for index in (0, 5, size - 3, size - 2, size - 1):
        node = sha256(b"\0" + leaf).digest()
        for level, other in enumerate(path):
            pair = other + node if index >> level & 1 else node + other
            node = sha256(b"\1" + pair).digest()
        for count, verdict in ((63, OK), (62, MALFORMED)):
            proof = b"".join(path[:count])
            assert merkle.verify_proofs(node, [leaf], [proof], index, size)[0] == verdict
            many = merkle.MultiProof(proof)
            assert merkle.verify_multiproof(node, [leaf], many, [index], size) == verdict, index


def test_signed_numbers() -> None:
    """Arrays of int64 with negative numbers in them; with NumPy 1 these came by way of floats."""
    leaves = hashes(3)
    kept = merkle.Tree(leaves)
    column = [leaves[0]] * 4, [kept.proof(0)] * 4
    indices, sizes = np.array([0, -1, -3, 0]), np.array([3, 3, 3, -3])
    found = merkle.verify_proofs(kept.root, *column, indices, sizes)
    assert list(found) == [OK, MALFORMED, MALFORMED, MALFORMED]
    exact = numbers_of("indices", np.array([2**60 + 1, -1, 2**63 - 1]), 3, NO_INDEX)
    assert exact.tolist() == [2**60 + 1, 2**64 - 1, 2**63 - 1]


@given(data=st.data())
def test_random_bytes_are_no_proof(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(sorted(TREES)))
    n = data.draw(st.integers(0, 20))
    column = st.lists(st.binary(max_size=130), min_size=n, max_size=n)
    number = st.lists(st.integers(-3, 70) | st.integers(), min_size=n, max_size=n)
    found = verify(tree, bytes(32), *(data.draw(c) for c in (column, column, number, number)))
    assert len(found) == n
    assert found.count(OK) == 0


@given(data=st.data())
def test_what_holds_is_what_the_reference_says(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(sorted(TREES)))
    n = data.draw(st.integers(1, 40))
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree)
    i = data.draw(st.integers(0, n - 1))
    path = nodes(kept.proof(i))
    for _ in range(data.draw(st.integers(0, 2))):
        other = data.draw(st.sampled_from([*path, *leaves[:3], kept.root]))
        at = data.draw(st.integers(0, len(path)))
        path = data.draw(
            st.sampled_from([[*path[:at], other, *path[at:]], path[:at] + path[at + 1 :]])
        )
    index = data.draw(st.just(i) | st.integers(0, n))
    size = data.draw(st.just(kept.proof_size) | st.integers(0, 2 * n))
    found = verify(tree, kept.root, [leaves[i]], [b"".join(path)], index, size)[0]
    assert (found == OK) == TREES[tree].holds(kept.root, leaves[i], index, size, path)


# ---- Forms of the arguments ----


def test_one_root_or_many_one_size_or_many() -> None:
    leaves = hashes(9)
    kept = merkle.Tree(leaves)
    data, offsets = kept.proofs(range(8))
    proofs = [bytes(data[a:b]) for a, b in pairwise(offsets)]
    rows = np.frombuffer(b"".join(leaves[:8]), np.uint8).reshape(8, 32)
    for root in (kept.root, [kept.root], [kept.root] * 8, kept.root * 8, bytearray(kept.root)):
        for items in (leaves[:8], b"".join(leaves[:8]), rows):
            for sizes in (9, np.uint8(9), [9] * 8, np.full(8, 9, np.uint64)):
                for indices in (range(8), list(range(8)), np.arange(8, dtype=np.int32)):
                    assert merkle.verify_proofs(root, items, proofs, indices, sizes).all_ok
    assert merkle.verify_proofs(kept.root, leaves[:8], (data, offsets), range(8), 9).all_ok
    packed = data[: 8 * 128].reshape(8, 128)
    assert merkle.verify_proofs(kept.root, rows, packed, range(8), 9).all_ok
    assert len(merkle.verify_proofs(kept.root, [], [], [], 9)) == 0


def test_refused() -> None:
    leaf, root = hashes(1), bytes(32)
    with pytest.raises(ValueError, match=r"leaves: 2 items, but 1 proofs"):
        merkle.verify_proofs(root, hashes(2), [b""], 0, 1)
    with pytest.raises(ValueError, match=r"root: 2 items, expected 1 or 1"):
        merkle.verify_proofs([root] * 2, leaf, [b""], 0, 1)
    with pytest.raises(ValueError, match=r"root: 33 bytes are no multiple of 32"):
        merkle.verify_proofs(bytes(33), leaf, [b""], 0, 1)
    with pytest.raises(ValueError, match=r"indices: expected a number or 1 of them, got \(2,\)"):
        merkle.verify_proofs(root, leaf, [b""], [0, 1], 1)
    with pytest.raises(ValueError, match="neither index nor size"):
        merkle.verify_proofs(root, leaf, [b""], 0, 1, tree="openzeppelin")
    for wrong in (None, 1.0, "1", [1.5], True, [True], [None]):
        with pytest.raises(TypeError, match="indices: expected integers"):
            merkle.verify_proofs(root, leaf, [b""], wrong, 1)
    with pytest.raises(ValueError, match="no tree is named 'merkle'"):
        merkle.verify_proofs(root, leaf, [b""], 0, 1, tree="merkle")


# ---- Published proofs ----


def test_certificate_transparency_proofs(isa: str, shared: Shared) -> None:
    rows, wanted = [], []
    archive = shared("vectors/merkle/rfc6962_transparency_dev.tar.xz")
    for case, path in published_proofs(archive, "inclusion"):
        leaf_hash, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
        rows.append((root, leaf_hash, b"".join(path), case["leafIdx"], case["treeSize"]))
        # Garbage of no bytes: here the same proof as without it.
        wanted.append(not case["wantErr"] or b"" in path)
    assert len(rows) > 60 and any(wanted)
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = merkle.verify_proofs(*columns, leaf_hashes=True, device=isa)
    assert (found.codes == int(OK)).tolist() == wanted


def test_bitcoin_proofs(isa: str, shared: Shared) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")
    rows = []
    for block in pq.read_table(shared("chain/bitcoin_merkle.parquet")).to_pylist():
        kept = merkle.Tree(block["txids"], "bitcoin", device=isa)
        n = len(block["txids"])
        for i in {0, n // 2, n - 1}:
            rows.append((block["merkle_root"], block["txids"][i], kept.proof(i), i, n))
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert merkle.verify_proofs(*columns, tree="bitcoin", device=isa).all_ok


# A proof of transaction 2 of 5, as a FISCO BCOS 2 node gives it (test_merkle_kinds has the block).
FISCO2_LEFT = [
    "80f76341248f90e743618a8152fb10f851af4ddf8ac297137d6668214f58334dc7",
    "014389024348c8f4adf2b0ce54e76f057ca786fbc0198a4ba10b4a19d674171152",
]
FISCO2_RIGHT = [
    "03483197261994b1267b2f2ff2ab48fcd8981b0ef7a9ccb9def497ae11ac29d1c0",
    "04ab700e2e0a079e19fa4442e7d4e18a59fddeb2efaa225d4df5b12a80d59c4ae3",
]


def test_fisco2_proof(isa: str) -> None:
    """Without the rlp(index) before every leaf, which the index gives."""
    transactions, root = FISCO2_BLOCKS[0]
    proof = bytes.fromhex("".join(part[2:] for part in FISCO2_LEFT + FISCO2_RIGHT))
    leaf = bytes.fromhex(transactions[2])
    for index in range(5):
        found = merkle.verify_proofs(
            bytes.fromhex(root), [leaf], [proof], index, 5, tree="fisco2", device=isa
        )
        assert found[0] == (OK if index == 2 else MISMATCH)
    kept = merkle.Tree([bytes.fromhex(each) for each in transactions], "fisco2", device=isa)
    assert kept.proof(2) == proof


def test_deposit_proofs(isa: str, shared: Shared) -> None:
    """EIP-4881: proofs in the deposit contract's tree have 33 nodes, the last one its length."""
    leaves = [leaf for leaf, _ in deposits(shared("vectors/merkle/test_data.yaml.xz"))]
    root = deposits(shared("vectors/merkle/test_data.yaml.xz"))[-1][1]
    kept = merkle.Tree(leaves, "ssz", limit=1 << 32, length="leaves", device=isa)
    data, offsets = kept.proofs(range(512))
    assert kept.proof_size == 1 << 33
    assert set(np.diff(offsets)) == {33 * 32}
    sizes = [kept.proof_size] * 512
    assert verify("ssz", root, leaves, (data, offsets), range(512), sizes, device=isa).all_ok
    assert bytes(data[-32:]) == (512).to_bytes(32, "little")
