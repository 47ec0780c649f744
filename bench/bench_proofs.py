"""Proofs of every kind: Merkle's, accounts in Ethereum's tries, ICS-23, merkleblocks; each beside a
loop in Python (hashlib, the libraries `trie` and protobuf).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import chain_work
import light_clients_work
import merkle_work
import pytest
from rows import HASH_ISAS

import verilane

Run = Callable[[], Any]


class Kind(NamedTuple):
    """ours: by so many threads. on: what every device gets, if that is something else."""

    n: int
    loop: Callable[[], Run]
    ours: Callable[[int | None], Run]
    on: Callable[[], Run] | None = None


KINDS = {
    "Merkle, depth 20": Kind(
        merkle_work.PROOFS, merkle_work.verify_loop, merkle_work.verify_proofs
    ),
    "accounts": Kind(
        chain_work.PROOFS,
        chain_work.peer_accounts,
        chain_work.verify_accounts,
        chain_work.verify_packed_accounts,
    ),
    "ICS-23, IAVL": Kind(
        light_clients_work.PROOFS,
        light_clients_work.verify_store_loop,
        light_clients_work.verify_store,
    ),
    "merkleblock": Kind(
        light_clients_work.PROOFS,
        light_clients_work.verify_payments_loop,
        light_clients_work.verify_payments,
    ),
}
pytestmark = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.benchmark(group=f"proofs, {name}"), id=name)
        for name, kind in KINDS.items()
    ],
)


def test_proofs_by_loop(measure: Any, kind: Kind) -> None:
    assert measure(kind.loop(), kind.n, base=True)


def test_proofs_by_one_core(measure: Any, kind: Kind) -> None:
    assert measure(kind.ours(1), kind.n).all_ok


def test_proofs_by_all_cores(measure: Any, kind: Kind) -> None:
    assert measure(kind.ours(None), kind.n).all_ok


@pytest.mark.parametrize("device", HASH_ISAS)
def test_proofs_on(measure: Any, kind: Kind, device: str) -> None:
    run = kind.ours(1) if kind.on is None else kind.on()
    with verilane.use(device):
        assert measure(run, kind.n).all_ok
