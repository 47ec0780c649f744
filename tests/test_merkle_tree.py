"""Merkle trees that are kept: built, changed and added to, they equal their definitions."""

import mmap
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from merkle_trees import TREES, nodes
from reference.merkle import bitcoin_root, ssz_root
from test_merkle import hashes
from verilane import MutatedTree, Verdict, merkle

SIZES = [*range(1, 71), 127, 128, 129, 255, 256, 257, 273]
LARGE = [2047, 2048, 2049, 4096, 4113]


@pytest.mark.parametrize("tree", TREES)
def test_built_or_grown(hasher: str, tree: str) -> None:
    """Leaf by leaf, in one piece, and in pieces: the root of every size on the way."""
    leaves = hashes(max(SIZES))
    grown = merkle.Tree((), tree, device=hasher)
    have = 0
    for n in SIZES:
        grown.append(leaves[have:n])
        have = n
        root = TREES[tree].root(leaves[:n])
        assert grown.root == root, n
        assert merkle.Tree(leaves[:n], tree, device=hasher).root == root, n
        assert len(grown) == n


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("n", LARGE)
def test_larger_trees(tree: str, n: int) -> None:
    leaves = hashes(n)
    root = TREES[tree].root(leaves)
    for threads in (1, 3):
        kept = merkle.Tree(leaves[: n // 3], tree, threads=threads)
        kept.append(leaves[n // 3 :])
        assert kept.root == root
        assert merkle.Tree(b"".join(leaves), tree, threads=threads).root == root


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 17, 33, 64, 70, 257])
def test_every_leaf_updated(hasher: str, tree: str, n: int) -> None:
    leaves, others = hashes(n), hashes(2 * n)[n:]
    kept = merkle.Tree(leaves, tree, device=hasher)
    for i in sorted({0, 1, n // 2, n - 2, n - 1} & set(range(n))):
        leaves[i] = others[i]
        kept.update(i, others[i])
        assert kept.root == TREES[tree].root(leaves), i
    kept.update_many(np.arange(n)[::-1], others[::-1])
    assert kept.root == TREES[tree].root(others)


@pytest.mark.parametrize("tree", TREES)
def test_of_a_leaf_named_twice_the_last_value_counts(tree: str) -> None:
    leaves, others = hashes(20), hashes(30)[20:]
    kept = merkle.Tree(leaves, tree)
    kept.update_many([7, 3, 7, 19, 7], others[:5])
    leaves[3], leaves[19], leaves[7] = others[1], others[3], others[4]
    assert kept.root == TREES[tree].root(leaves)


class Changes(RuleBasedStateMachine):
    """Whatever is done to a tree, it equals one that is built of its leaves."""

    @initialize(tree=st.sampled_from(sorted(TREES)), n=st.integers(1, 40))
    def start(self, tree: str, n: int) -> None:
        self.name, self.fresh = tree, n
        self.leaves = hashes(n)
        self.kept = merkle.Tree(self.leaves, tree)

    def new(self, n: int) -> list[bytes]:
        self.fresh += n
        return [
            sha256(b"new" + i.to_bytes(4, "big")).digest()
            for i in range(self.fresh - n, self.fresh)
        ]

    @rule(n=st.integers(0, 40))
    def append(self, n: int) -> None:
        leaves = self.new(n)
        self.kept.append(leaves)
        self.leaves += leaves

    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        place = st.integers(0, len(self.leaves) - 1)
        indices = data.draw(st.lists(place, max_size=12))
        leaves = self.new(len(indices))
        self.kept.update_many(indices, leaves)
        for i, leaf in zip(indices, leaves, strict=True):
            self.leaves[i] = leaf

    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        i = data.draw(st.integers(0, len(self.leaves) - 1))
        path, size = nodes(self.kept.proof(i)), self.kept.proof_size
        assert TREES[self.name].holds(self.kept.root, self.leaves[i], i, size, path)

    @invariant()
    def equals_its_leaves(self) -> None:
        if hasattr(self, "leaves"):
            assert self.kept.root == TREES[self.name].root(self.leaves)


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=40, stateful_step_count=10, deadline=None)


# ---- SSZ ----


def test_ssz_lists() -> None:
    chunks = hashes(20)
    for limit in (20, 32, 33, 1000):
        kept = merkle.Tree((), "ssz", limit=limit, length="leaves")
        fixed = merkle.Tree((), "ssz", limit=limit, length=77)
        for n in range(20):
            assert kept.root == ssz_root(chunks[:n], limit, n)
            assert fixed.root == ssz_root(chunks[:n], limit, 77)
            kept.append(chunks[n : n + 1])
            fixed.append(chunks[n : n + 1])
        assert kept.proof_size == 2 << (limit - 1).bit_length()
        found = merkle.verify_proofs(
            kept.root, chunks, kept.proofs(range(20)), range(20), kept.proof_size, tree="ssz"
        )
        assert found.all_ok
    with pytest.raises(ValueError, match="limit: 20, expected 21"):
        merkle.Tree(chunks, "ssz", limit=20).append(chunks[:1])


def test_zero_chunks_beyond_the_leaves_can_be_proved() -> None:
    chunks = hashes(5)
    kept = merkle.Tree(chunks, "ssz", limit=8)
    path = nodes(kept.proof(4))
    proof = b"".join([chunks[4], *path[1:]])
    assert merkle.verify_proofs(kept.root, [bytes(32)], [proof], 5, 8, tree="ssz").all_ok


# ---- Bitcoin: CVE-2012-2459 ----


def test_equal_neighbours_come_and_go(hasher: str) -> None:
    leaves = hashes(37)
    kept = merkle.Tree(leaves, "bitcoin", device=hasher)
    loose = merkle.Tree(leaves, "bitcoin", on_duplicate="ignore", device=hasher)
    steps = [
        (8, leaves[9]),
        (9, hashes(40)[39]),
        (20, leaves[21]),
        (20, leaves[20]),
        (0, leaves[1]),
    ]
    for i, leaf in steps:
        leaves[i] = leaf
        kept.update(i, leaf)
        loose.update(i, leaf)
        root, mutated = bitcoin_root(leaves)
        assert loose.root == root
        if mutated:
            with pytest.raises(MutatedTree) as caught:
                _ = kept.root
            assert caught.value.root == root
        else:
            assert kept.root == root
    subtree = hashes(8)
    kept = merkle.Tree(subtree, "bitcoin", device=hasher)
    kept.append(subtree)
    with pytest.raises(MutatedTree):
        _ = kept.root
    kept.append(subtree[:1])
    assert bitcoin_root(subtree * 2 + subtree[:1])[1]
    with pytest.raises(MutatedTree):
        _ = kept.root


# ---- Memory ----


@pytest.mark.parametrize("tree", TREES)
def test_in_a_caller_s_buffer(tree: str, tmp_path: Path) -> None:
    leaves = hashes(50)
    path = tmp_path / "nodes"
    path.write_bytes(bytes(merkle.Tree.bytes_for(45, tree) + 7))
    with path.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    kept = merkle.Tree(leaves[:30], tree, buffer=memory)
    kept.append(leaves[30:45])
    kept.update(3, leaves[49])
    del kept
    again = merkle.Tree.open(memory, 45, tree)
    leaves[3] = leaves[49]
    assert again.root == TREES[tree].root(leaves[:45])
    assert len(again.proof(44)) % 32 == 0
    room = again._nodes.capacity
    with pytest.raises(ValueError, match=f"buffer: room for {room} leaves, not for 95"):
        again.append(hashes(50))
    assert again.root == TREES[tree].root(leaves[:45])
    with pytest.raises(ValueError, match=r"buffer: 64 bytes, expected \d+ or more"):
        merkle.Tree(leaves, tree, buffer=bytearray(64))
    with pytest.raises(TypeError, match="writable"):
        merkle.Tree(leaves, tree, buffer=bytes(1 << 16))


def test_a_buffer_with_equal_neighbours() -> None:
    leaves = hashes(4) * 2
    memory = bytearray(merkle.Tree.bytes_for(8, "bitcoin"))
    merkle.Tree(leaves, "bitcoin", buffer=memory)
    with pytest.raises(MutatedTree):
        _ = merkle.Tree.open(memory, 8, "bitcoin").root
    ignoring = merkle.Tree.open(memory, 8, "bitcoin", on_duplicate="ignore")
    assert ignoring.root == bitcoin_root(leaves)[0]


def test_bytes_a_leaf() -> None:
    n = 1 << 20
    for tree in TREES:
        each = merkle.Tree.bytes_for(n, tree) / n
        assert each <= (34.2 if tree == "fisco2" else 64), tree


# ---- Requests ----


def test_refused() -> None:
    kept = merkle.Tree(hashes(5))
    for index in (-1, 5, 1 << 40):
        with pytest.raises(ValueError, match=f"index {index}: the tree has 5 leaves"):
            kept.proof(index)
        with pytest.raises(ValueError, match=f"index {index}: the tree has 5 leaves"):
            kept.update(index, b"leaf")
    with pytest.raises(TypeError, match="indices: expected a row of integers"):
        kept.proofs([0.5])
    with pytest.raises(ValueError, match="leaves: 1 items, but 2 indices"):
        kept.update_many([0, 1], [b"leaf"])
    with pytest.raises(ValueError, match="item 0 has 5 bytes; a fisco3 leaf has 32"):
        merkle.Tree(hashes(3), "fisco3").update(0, b"short")
    for wrong in ([], [1, 0], [1, 1]):
        with pytest.raises(ValueError, match="indices: expected one or more, ascending"):
            kept.multiproof(wrong)
    with pytest.raises(ValueError, match="limit: a 'plain' tree has none"):
        merkle.Tree(hashes(3), "plain", limit=5)
    with pytest.raises(ValueError, match="expected a number or 'leaves', got 'all'"):
        merkle.Tree(hashes(3), "ssz", length="all")
    with pytest.raises(ValueError, match="at least one leaf"):
        _ = merkle.Tree((), "openzeppelin").root
    with pytest.raises(ValueError, match="index 0: the tree has 0 leaves"):
        merkle.Tree().proof(0)
    assert merkle.Tree().root == merkle.root([])


# ---- One proof for several leaves ----


def multi(tree: str, kept: merkle.Tree, leaves: list[bytes], wanted: list[int]) -> list[Any]:
    """The arguments of verify_multiproof."""
    index = [wanted, kept.proof_size] if TREES[tree].has_index else [None, None]
    return [kept.root, [leaves[i] for i in wanted], kept.multiproof(wanted), *index]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 17, 40])
def test_multiproofs(isa: str, tree: str, n: int) -> None:
    leaves = hashes(n)
    kept = merkle.Tree(leaves, tree, device=isa)
    choices = [[i] for i in range(n)] + [
        list(range(a, b, s)) for a in range(n) for b in (a + 1, n) for s in (1, 2, 5)
    ]
    for wanted in choices[:60]:
        case = multi(tree, kept, leaves, wanted)
        assert merkle.verify_multiproof(*case, tree=tree, device=isa) == Verdict.OK, wanted
    single = multi(tree, kept, leaves, [n // 2])[2]
    assert single.nodes == kept.proof(n // 2) or tree == "bitcoin"  # which proves twins, too


@pytest.mark.parametrize("tree", TREES)
def test_changed_multiproofs(tree: str) -> None:
    leaves = hashes(18)
    kept = merkle.Tree(leaves, tree)
    wanted = [1, 4, 5, 17]
    good = multi(tree, kept, leaves, wanted)
    assert merkle.verify_multiproof(*good, tree=tree) == Verdict.OK

    def check(verdict: Verdict, **changes: Any) -> None:
        case = dict(zip(("root", "leaves", "proof", "indices", "size"), good, strict=True))
        assert merkle.verify_multiproof(**{**case, **changes}, tree=tree) == verdict, changes

    nodes_, flags = good[2].nodes, good[2].flags
    for at in range(0, len(nodes_), 5):
        changed = bytearray(nodes_)
        changed[at] ^= 1
        check(Verdict.MISMATCH, proof=merkle.MultiProof(bytes(changed), flags))
    for k in range(4):
        other = list(good[1])
        other[k] = hashes(30)[29]
        check(Verdict.MISMATCH, leaves=other)
    check(Verdict.MISMATCH, root=bytes(32))
    check(Verdict.BAD_KEY, root=bytes(31))
    for wrong in (nodes_[:-1], nodes_[:-32], nodes_ + bytes(32)):
        check(Verdict.BAD_SIGNATURE, proof=merkle.MultiProof(wrong, flags))
    check(Verdict.BAD_SIGNATURE, leaves=[], **({"indices": []} if flags is None else {}))
    if not TREES[tree].hashed_leaves:
        check(Verdict.BAD_MESSAGE, leaves=[*good[1][:3], b"short"])
    if flags is None:
        check(Verdict.BAD_SIGNATURE, proof=merkle.MultiProof(nodes_, (True,)))
        for indices in (
            [1, 4, 5, 99],
            [1, 5, 4, 17],
            [1, 4, 4, 17],
            [1, 4, 5, -1],
            [1, 4, 5, 1 << 80],
        ):
            check(Verdict.BAD_SIGNATURE, indices=indices)
        for size in (0, -1, 17, 1 << 63, 1 << 64, 1 << 70):
            check(Verdict.BAD_SIGNATURE, size=size)
    else:
        for bad in (
            None,
            flags[1:],
            (*flags, True),
            tuple(not flag for flag in flags),
            (True,) * len(flags),
        ):
            check(Verdict.BAD_SIGNATURE, proof=merkle.MultiProof(nodes_, bad))
        with pytest.raises(ValueError, match="neither index nor size"):
            check(Verdict.OK, size=18)


def test_sorted_steps_that_use_what_is_not_made_yet() -> None:
    """Right in number, but the first step would hash what the second one makes."""
    leaf = hashes(3)
    proof = merkle.MultiProof(leaf[2], (True, False))
    root = merkle.root(leaf, "openzeppelin")
    assert merkle.verify_multiproof(root, leaf[:2], proof, tree="openzeppelin") in (
        Verdict.OK,
        Verdict.MISMATCH,
    )
    late = merkle.MultiProof(leaf[2] + leaf[1], (False, True, False))
    found = merkle.verify_multiproof(root, leaf[:2], late, tree="openzeppelin")
    assert found == Verdict.MISMATCH
    never = merkle.MultiProof(b"", (True,))
    assert merkle.verify_multiproof(root, leaf[:1], never, tree="openzeppelin") == (
        Verdict.BAD_SIGNATURE
    )
