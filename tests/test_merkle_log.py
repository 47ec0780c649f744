"""Logs: consistency proofs, and compact ranges."""

import base64
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle_trees import TREES, nodes, published_proofs, sha
from reference.merkle import bitcoin_root, rfc6962_root, ssz_root
from reference.merkle_proofs import rfc6962_consistency, rfc9162_consistency_verify
from test_merkle import hashes
from test_merkle_kinds import deposits
from verilane import MutatedTree, Verdict, merkle

Shared = Callable[[str], Path]

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE
RANGES = [tree for tree in TREES if TREES[tree].has_index]


def node(pair: bytes) -> bytes:
    return sha(b"\1" + pair)


# ---- Consistency proofs ----


def test_all_pairs_of_sizes(isa: str) -> None:
    leaves = hashes(33)
    roots = [rfc6962_root(leaves[:n]) for n in range(34)]
    for n in range(1, 34):
        kept = merkle.Tree(leaves[:n], device=isa)
        for m in range(1, n + 1):
            proof = kept.consistency_proof(m)
            assert nodes(proof) == rfc6962_consistency(leaves[:n], m)
            assert merkle.verify_consistency(roots[m], roots[n], proof, m, n, device=isa) == OK


def test_other_hashes_and_prefixes() -> None:
    leaves = hashes(21)
    for tree, hash in (("plain", "sm3"), ("rfc6962", "keccak256")):
        kept = merkle.Tree(leaves, tree, hash)
        for m in (1, 8, 13, 20):
            old = merkle.root(leaves[:m], tree, hash)
            case = (old, kept.root, kept.consistency_proof(m), m, 21)
            assert merkle.verify_consistency(*case, tree=tree, hash=hash) == OK
            assert merkle.verify_consistency(*case, tree=tree) == MISMATCH


@pytest.mark.parametrize(("m", "n"), [(1, 2), (3, 7), (4, 7), (6, 8), (7, 8), (8, 13)])
def test_changes(m: int, n: int) -> None:
    """Every byte of the roots and the proof; and all sizes, as the reference says."""
    leaves = hashes(n)
    old, kept = rfc6962_root(leaves[:m]), merkle.Tree(leaves)
    proof = kept.consistency_proof(m)
    parts = [old, kept.root, proof]
    for part in range(3):
        for at in range(len(parts[part])):
            changed = [bytearray(each) for each in parts]
            changed[part][at] ^= 1 << at % 8
            assert merkle.verify_consistency(*changed, m, n) == MISMATCH
    holds = 0
    for first in range(n + 2):
        for second in range(2 * n):
            found = merkle.verify_consistency(*parts, first, second)
            expected = rfc9162_consistency_verify(old, kept.root, nodes(proof), first, second, node)
            assert (found == OK) == expected, (first, second)
            holds += expected
    assert holds >= 1


def test_equal_sizes_and_malformed_proofs() -> None:
    root, other, size = rfc6962_root(hashes(6)), rfc6962_root(hashes(5)), 6
    assert merkle.verify_consistency(root, root, b"", size, size) == OK
    assert merkle.verify_consistency(other, root, b"", size, size) == MISMATCH
    assert merkle.verify_consistency(root, root, bytes(32), size, size) == MALFORMED
    proof = merkle.Tree(hashes(6)).consistency_proof(5)
    assert merkle.verify_consistency(other, root, proof, 5, 6) == OK
    for wrong in (b"", proof[:-1], proof[:-32], proof + b"\0", proof + bytes(32)):
        assert merkle.verify_consistency(other, root, wrong, 5, 6) == MALFORMED
    for sizes in ((0, 6), (-1, 6), (6, 5), (0, 0), (5, 1 << 63), (1 << 80, 1 << 81)):
        assert merkle.verify_consistency(other, root, proof, *sizes) == MALFORMED
    for roots in ((b"", root), (other, root[:31]), (other + b"\0", root)):
        assert merkle.verify_consistency(*roots, proof, 5, 6) == Verdict.BAD_KEY


@given(data=st.data())
def test_consistency_is_what_the_reference_says(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    m = data.draw(st.integers(1, n))
    leaves = hashes(n)
    old, kept = rfc6962_root(leaves[:m]), merkle.Tree(leaves)
    path = nodes(kept.consistency_proof(m))
    for _ in range(data.draw(st.integers(0, 2))):
        given_node = data.draw(st.sampled_from([*path, old, kept.root, *hashes(3)]))
        at = data.draw(st.integers(0, len(path)))
        path = data.draw(
            st.sampled_from([[*path[:at], given_node, *path[at:]], path[:at] + path[at + 1 :]])
        )
    first = data.draw(st.just(m) | st.integers(0, 45))
    second = data.draw(st.just(n) | st.integers(0, 45))
    found = merkle.verify_consistency(old, kept.root, b"".join(path), first, second)
    expected = rfc9162_consistency_verify(old, kept.root, path, first, second, node)
    assert (found == OK) == expected


def test_certificate_transparency_cases(isa: str, shared: Shared) -> None:
    cases = 0
    archive = shared("vectors/merkle/rfc6962_transparency_dev.tar.xz")
    for case, path in published_proofs(archive, "consistency"):
        roots = [base64.b64decode(case[name] or "") for name in ("root1", "root2")]
        if case["size1"] == 0 and not case["wantErr"]:
            continue  # that library says yes to an empty log, where there is nothing to prove
        found = merkle.verify_consistency(
            *roots, b"".join(path), case["size1"], case["size2"], device=isa
        )
        assert (found == OK) == (not case["wantErr"] or b"" in path), case
        cases += 1
    assert cases > 50


def test_refused_requests() -> None:
    kept = merkle.Tree(hashes(5))
    for size in (0, -1, 6):
        with pytest.raises(ValueError, match=f"old_size: {size}, expected 1 to 5"):
            kept.consistency_proof(size)
    for tree in TREES:
        if tree not in ("rfc6962", "plain"):
            with pytest.raises(ValueError, match="has no consistency proofs"):
                merkle.Tree(hashes(5), tree).consistency_proof(3)
            with pytest.raises(ValueError, match="has no consistency proofs"):
                merkle.verify_consistency(bytes(32), bytes(32), b"", 1, 1, tree=tree)
    with pytest.raises(TypeError, match="old_size: expected a number"):
        kept.consistency_proof("3")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="new_size: expected a number"):
        merkle.verify_consistency(bytes(32), bytes(32), b"", 1, True)
    with pytest.raises(TypeError, match="proof: expected bytes"):
        merkle.verify_consistency(bytes(32), bytes(32), "", 1, 1)  # type: ignore[arg-type]


# ---- Compact ranges ----


@pytest.mark.parametrize("tree", RANGES)
def test_ranges_of_all_sizes(isa: str, tree: str) -> None:
    leaves = hashes(273)
    log = merkle.Range((), tree, device=isa)
    assert log.root == merkle.root([], tree)
    sizes = [*range(71), 255, 256, 257, 273]
    for before, n in pairwise(sizes):
        log.append(leaves[before:n])
        assert log.root == TREES[tree].root(leaves[:n]), n
        assert (log.first, log.stop, len(log)) == (0, n, n)
        width = 16 if tree == "fisco2" else 2
        digits = 0
        for k in range(9):
            digits += n // width**k % width
        assert len(log.nodes) == 32 * digits


@given(data=st.data())
def test_pieces_merge_in_any_order(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(RANGES))
    n = data.draw(st.integers(1, 90))
    leaves = hashes(n)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    pieces = [merkle.Range(leaves[a:b], tree, first=a) for a, b in pairwise([0, *cuts, n])]
    while len(pieces) > 1:
        at = data.draw(st.integers(0, len(pieces) - 2))
        right = pieces.pop(at + 1)
        if data.draw(st.booleans()):
            right = merkle.Range.from_nodes(right.nodes, right.first, right.stop, tree)
        pieces[at].merge(right)
    assert pieces[0].root == TREES[tree].root(leaves)
    assert pieces[0].nodes == merkle.Range(leaves, tree).nodes


def test_a_range_that_is_merged_stays_as_it_is() -> None:
    leaves = hashes(20)
    right = merkle.Range(leaves[5:], first=5)
    kept = right.nodes
    left = merkle.Range(leaves[:5])
    left.merge(right)
    left.append(hashes(30)[20:])
    assert right.nodes == kept
    assert left.root == rfc6962_root(hashes(30))


def test_deposits_one_by_one(shared: Shared) -> None:
    """EIP-4881: the contract's own algorithm is a compact range."""
    log = merkle.Range((), "ssz", limit=1 << 32, length="leaves")
    for leaf, root in deposits(shared("vectors/merkle/test_data.yaml.xz")):
        log.append([leaf])
        assert log.root == root


def test_ssz_ranges_and_their_limit() -> None:
    chunks = hashes(20)
    log = merkle.Range(chunks[:7], "ssz", limit=20, length=3)
    assert log.root == ssz_root(chunks[:7], 20, 3)
    with pytest.raises(ValueError, match="limit: 20, expected 21"):
        log.append(hashes(14))
    assert log.root == ssz_root(chunks[:7], 20, 3)


def test_equal_neighbours_in_a_range() -> None:
    leaves = hashes(6) + hashes(6)[5:]
    loose = merkle.Range(leaves, "bitcoin", on_duplicate="ignore")
    root, mutated = bitcoin_root(leaves)
    assert not mutated
    assert loose.root == root
    for twins in (hashes(4) * 2, [*hashes(5), hashes(5)[4]], [*hashes(3), *hashes(3)[2:]]):
        root, mutated = bitcoin_root(twins)
        assert mutated
        with pytest.raises(MutatedTree) as caught:
            _ = merkle.Range(twins, "bitcoin").root
        assert caught.value.root == root
        assert merkle.Range(twins, "bitcoin", on_duplicate="ignore").root == root


def test_refused_ranges() -> None:
    log = merkle.Range(hashes(5))
    bad: list[tuple[Any, str]] = [
        (lambda: merkle.Range((), "openzeppelin"), "no ranges"),
        (lambda: merkle.Range(first=-1), "first: -1, expected 0"),
        (lambda: log.merge(merkle.Range(first=6)), "begins with leaf 6, expected 5"),
        (lambda: log.merge(merkle.Range((), "plain", first=5)), "another tree or hash"),
        (lambda: log.merge(merkle.Range((), hash="sm3", first=5)), "another tree or hash"),
        (lambda: merkle.Range(hashes(2), first=3).root, "a range from leaf 3 on has no root"),
        (lambda: merkle.Range.from_nodes(bytes(32), 0, 5), "32 bytes, expected 2 nodes of 32"),
        (lambda: merkle.Range.from_nodes(b"", 5, 4), "stop: 4, expected 5"),
        (lambda: merkle.Range(limit=3), "limit: a 'rfc6962' tree has none"),
        (lambda: merkle.Range(length=3), "length: a 'rfc6962' tree mixes in none"),
    ]
    for call, message in bad:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="first: expected a number"):
        merkle.Range(first=1.0)  # type: ignore[arg-type]
