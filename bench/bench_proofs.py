"""Merkle proofs, updates, and trees of other hashes, beside the loop in Python."""

from typing import Any

import merkle_work as work
import pytest
from workload import leaves

import verilane
from verilane import merkle

ISAS = [d.name for d in verilane.devices() if d.missing is None and d.kind == "cpu"]


@pytest.fixture(autouse=True)
def _grouped(request: Any, benchmark: Any) -> None:
    benchmark.group = request.function.__name__.removeprefix("test_").rpartition("_by_")[0]


def test_proofs_of_depth_20_by_hashlib(measure: Any) -> None:
    assert measure(work.verify_loop(), work.PROOFS, base=True)


def test_proofs_of_depth_20_by_one_core(measure: Any) -> None:
    assert measure(work.verify_proofs(), work.PROOFS).all_ok


def test_proofs_of_depth_20_by_all_cores(measure: Any) -> None:
    assert measure(work.verify_proofs(None), work.PROOFS).all_ok


@pytest.mark.parametrize("device", ISAS)
def test_proofs_of_depth_20_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        assert measure(work.verify_proofs(), work.PROOFS).all_ok


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
