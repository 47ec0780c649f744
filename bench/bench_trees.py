"""Trees that change, trees of other hashes, Ethereum's tries, and the making of proofs, beside what
there is in Python.
"""

from typing import Any

import chain_work
import merkle_work as work
import pytest
from rows import HASH_ISAS
from workload import leaves

import verilane
from verilane import merkle


@pytest.fixture(autouse=True)
def _grouped(request: Any, benchmark: Any) -> None:
    benchmark.group = request.function.__name__.removeprefix("test_").rpartition("_by_")[0]


def test_making_proofs_by_one_core(measure: Any) -> None:
    indices = work.proofs()[1]
    measure(lambda: work.tree().proofs(indices), work.PROOFS, base=True)


def test_a_changed_tree_by_rebuild(measure: Any) -> None:
    measure(work.rebuild(), work.LEAVES, base=True)


def test_a_changed_tree_by_update(measure: Any) -> None:
    measure(work.update(), work.UPDATES)


def test_root_of_keccak_nodes_by_pysha3(measure: Any) -> None:
    assert measure(work.keccak_root, work.LEAVES, base=True)


def test_root_of_keccak_nodes_by_one_core(measure: Any) -> None:
    data = leaves(work.LEAVES)
    root = measure(lambda: merkle.root(data, "fisco3", threads=1), work.LEAVES)
    assert root == work.keccak_root()


def test_root_of_sm3_nodes_by_hashlib(measure: Any) -> None:
    assert measure(work.sm3_root, work.LEAVES, base=True)


def test_root_of_sm3_nodes_by_one_core(measure: Any) -> None:
    data = leaves(work.LEAVES)
    root = measure(lambda: merkle.root(data, "fisco3", "sm3", threads=1), work.LEAVES)
    assert root == work.sm3_root()


def test_trie_of_10_000_transactions_by_trie(measure: Any) -> None:
    root = measure(chain_work.peer_root, chain_work.TRANSACTIONS, base=True)
    assert root == chain_work.trie_root()()


@pytest.mark.parametrize("device", HASH_ISAS)
def test_trie_of_10_000_transactions_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        measure(chain_work.trie_root(), chain_work.TRANSACTIONS)
