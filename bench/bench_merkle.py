"""Merkle roots beside hashlib: 2^20 leaves of 32 bytes."""

from typing import Any

import peers
import pytest
from rows import HASHERS
from workload import leaves

import verilane
from verilane import merkle

LEAVES = 1 << 20
HASHLIB = {"rfc6962": peers.hashlib_root, "bitcoin": peers.hashlib_bitcoin_root}

pytestmark = pytest.mark.parametrize("tree", ["rfc6962", "bitcoin"])


@pytest.fixture(autouse=True)
def _grouped(tree: str, benchmark: Any) -> None:
    benchmark.group = f"merkle root, {tree}, 2^20 leaves"


@pytest.fixture(scope="module")
def as_list() -> list[bytes]:
    return [leaf.tobytes() for leaf in leaves(LEAVES)]


def test_root_hashlib(measure: Any, tree: str, as_list: list[bytes]) -> None:
    root = measure(lambda: HASHLIB[tree](as_list), LEAVES, base=True)
    assert root == merkle.root(leaves(LEAVES), tree=tree)


def test_root_packed(measure: Any, tree: str) -> None:
    data = leaves(LEAVES)
    measure(lambda: merkle.root(data, tree=tree, threads=1), LEAVES)


def test_root_lists(measure: Any, tree: str, as_list: list[bytes]) -> None:
    measure(lambda: merkle.root(as_list, tree=tree, threads=1), LEAVES)


def test_root_packed_all_cores(measure: Any, tree: str) -> None:
    data = leaves(LEAVES)
    measure(lambda: merkle.root(data, tree=tree), LEAVES)


@pytest.mark.parametrize("device", HASHERS)
def test_root_packed_on(measure: Any, tree: str, device: str) -> None:
    data = leaves(LEAVES)
    with verilane.use(device):
        measure(lambda: merkle.root(data, tree=tree, threads=1), LEAVES)
