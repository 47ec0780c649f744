"""Trees that are kept on a device: whatever is done to one, the CPU's does the same."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import PLACES, there
from merkle_trees import TREES
from test_merkle import hashes
from verilane import MutatedTree, _device_hashes, _device_nodes, _machines, merkle

LEAVES = hashes(700)
SIZES = [*range(1, 71), 127, 128, 129, 255, 256, 257, 273]

pytestmark = pytest.mark.parametrize("tree", TREES)


@pytest.fixture(scope="module", params=PLACES)
def device(request: pytest.FixtureRequest) -> str:
    """Every device that keeps trees."""
    return there(request.param)


@pytest.fixture
def little_memory(device: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    machine = _machines.machine(device)
    monkeypatch.setattr(machine, "memory", 8192)
    monkeypatch.setattr(machine, "largest_buffer", 4096)
    return machine


def both(leaves: Any, tree: str, device: str, **options: Any) -> list[merkle.Tree]:
    return [merkle.Tree(leaves, tree, device=where, **options) for where in ("cpu", device)]


def same(trees: list[merkle.Tree]) -> None:
    """Roots and all proofs are equal."""
    here, there = trees
    assert here.root == there.root
    everything = np.arange(len(here))
    for left, right in zip(here.proofs(everything), there.proofs(everything), strict=True):
        assert (left == right).all()


def test_proofs_of_all_sizes(device: str, tree: str) -> None:
    for n in SIZES:
        here, there = both(LEAVES[:n], tree, device)
        same([here, there])
        some = sorted({0, n // 3, n // 2, n - 1})
        assert here.multiproof(some) == there.multiproof(some)
        if tree in ("rfc6962", "plain"):
            old = max(n // 2, 1)
            assert here.consistency_proof(old) == there.consistency_proof(old)


def test_the_nodes_are_on_the_device(device: str, tree: str) -> None:
    tree_there = merkle.Tree(LEAVES, tree, device=device)
    nodes = tree_there._nodes
    rows = nodes._rows if tree == "openzeppelin" else nodes._levels[0]
    assert isinstance(rows, _device_nodes.DeviceNodes)


@settings(max_examples=15)
@given(data=st.data())
def test_changes(device: str, tree: str, data: st.DataObject) -> None:
    trees = both(LEAVES[: data.draw(st.integers(0, 80))], tree, device)
    for _ in range(data.draw(st.integers(1, 4))):
        n = len(trees[0])
        if n and data.draw(st.booleans()):
            picked = data.draw(st.lists(st.integers(0, n - 1), max_size=12))
            new = [LEAVES[data.draw(st.integers(0, 699))] for _ in picked]
            for each in trees:
                each.update_many(picked, new)
        else:
            start = data.draw(st.integers(0, 600))
            more = LEAVES[start : start + data.draw(st.integers(1, 60))]
            for each in trees:
                each.append(more)
        if len(trees[0]):
            if trees[0]._nodes.equal:
                assert trees[0]._nodes.equal == trees[1]._nodes.equal
                for each in trees:
                    with pytest.raises(MutatedTree):
                        assert each.root
            else:
                same(trees)


def test_more_leaves_than_memory(device: str, tree: str, little_memory: Any) -> None:
    """A root is made of subtrees that fit; the CPU does the rest."""
    for n in (127, 128, 129, 255, 256, 257, 300, 699, 700):
        assert merkle.root(LEAVES[:n], tree, device=device) == TREES[tree].root(LEAVES[:n]), n
    # Equal subtrees of 128 leaves, which the CPU pairs, and of 32, which the device does.
    for size in (128, 32):
        leaves = [*LEAVES[: 3 * size], *LEAVES[2 * size : 3 * size]]
        root = merkle.root(leaves, tree, on_duplicate="ignore")
        assert merkle.root(leaves, tree, on_duplicate="ignore", device=device) == root
        if tree == "bitcoin":
            with pytest.raises(MutatedTree):
                merkle.root(leaves, tree, device=device)


def test_a_tree_larger_than_memory(device: str, tree: str, little_memory: Any) -> None:
    """Leaves go up in parts, all the same."""
    same(both(LEAVES, tree, device))


def test_a_buffer_of_one_s_own(device: str, tree: str) -> None:
    memory = bytearray(merkle.Tree.bytes_for(10, tree))
    with pytest.raises(ValueError, match="are in the device's memory"):
        merkle.Tree(LEAVES[:10], tree, device=device, buffer=memory)
    with pytest.raises(ValueError, match="are in the device's memory"):
        merkle.Tree.open(memory, 10, tree, device=device)


@pytest.mark.parametrize("n", [4095, 4096, 4097, 100_003])
def test_many_leaves(device: str, tree: str, n: int) -> None:
    leaves = np.random.default_rng(n).integers(0, 256, (n, 32), dtype=np.uint8)
    assert merkle.root(leaves, tree, device=device) == merkle.root(leaves, tree)
    here, there = both(leaves, tree, device)
    assert here.root == there.root
    some = np.random.default_rng(1).integers(0, n, 50)
    for left, right in zip(here.proofs(some), there.proofs(some), strict=True):
        assert (left == right).all()


def test_lengths_and_limits(device: str, tree: str) -> None:
    if tree != "ssz":
        return
    for limit in (5, 64, 1 << 40):
        here, there = both(LEAVES[:5], tree, device, limit=limit, length="leaves")
        same([here, there])
        root = merkle.root(LEAVES[:5], tree, limit=limit, length=5, device=device)
        assert root == here.root


def test_known_hashes_only(device: str, tree: str) -> None:
    """Every hash that a kind takes."""
    for hash in merkle.kinds.KINDS[tree].hashes:
        for n in (1, 2, 3, 7, 16, 17, 33):
            here, there = both(LEAVES[:n], tree, device, hash=hash)
            same([here, there])
    assert _device_hashes.selftest(device)
