"""ICS-23 and merkleblock proofs, beside the loop in Python (protobuf library, hashlib)."""

from typing import Any

import light_clients_work as work
import pytest

import verilane

ISAS = [d.name for d in verilane.devices() if d.missing is None and d.hash_lanes]


@pytest.fixture(autouse=True)
def _grouped(request: Any, benchmark: Any) -> None:
    benchmark.group = request.function.__name__.removeprefix("test_").rpartition("_by_")[0]


def test_ics23_iavl_by_hashlib(measure: Any) -> None:
    assert measure(work.verify_store_loop(), work.PROOFS, base=True)


def test_ics23_iavl_by_one_core(measure: Any) -> None:
    assert measure(work.verify_store(), work.PROOFS).all_ok


def test_ics23_iavl_by_all_cores(measure: Any) -> None:
    assert measure(work.verify_store(None), work.PROOFS).all_ok


@pytest.mark.parametrize("device", ISAS)
def test_ics23_iavl_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        assert measure(work.verify_store(), work.PROOFS).all_ok


def test_merkleblock_by_hashlib(measure: Any) -> None:
    assert measure(work.verify_payments_loop(), work.PROOFS, base=True)


def test_merkleblock_by_one_core(measure: Any) -> None:
    assert measure(work.verify_payments(), work.PROOFS).all_ok


def test_merkleblock_by_all_cores(measure: Any) -> None:
    assert measure(work.verify_payments(None), work.PROOFS).all_ok


@pytest.mark.parametrize("device", ISAS)
def test_merkleblock_by_(measure: Any, device: str) -> None:
    with verilane.use(device):
        assert measure(work.verify_payments(), work.PROOFS).all_ok
