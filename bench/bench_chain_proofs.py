"""Ethereum's tries, beside the library `trie`: the root over transactions, proofs of accounts."""

from typing import Any

import chain_work as work
import pytest

import verilane

ISAS = [d.name for d in verilane.devices() if d.missing is None and d.hash_lanes]


@pytest.fixture(autouse=True)
def _grouped(request: Any, benchmark: Any) -> None:
    benchmark.group = request.function.__name__.removeprefix("test_").rpartition("_by_")[0]


def test_trie_of_10_000_transactions_by_trie(measure: Any) -> None:
    root = measure(work.library_root, work.TRANSACTIONS, base=True)
    assert root == work.trie_root()()


@pytest.mark.parametrize("device", ISAS)
def test_trie_of_10_000_transactions_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        measure(work.trie_root(), work.TRANSACTIONS)


def test_proofs_of_accounts_by_trie(measure: Any) -> None:
    assert measure(work.library_accounts(), work.PROOFS, base=True)


def test_proofs_of_accounts_by_lists(measure: Any) -> None:
    assert measure(work.verify_accounts(), work.PROOFS).all_ok


def test_proofs_of_accounts_by_all_cores(measure: Any) -> None:
    assert measure(work.verify_accounts(None), work.PROOFS).all_ok


@pytest.mark.parametrize("device", ISAS)
def test_proofs_of_accounts_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        assert measure(work.verify_packed_accounts(), work.PROOFS).all_ok
