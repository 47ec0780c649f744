"""A verifier beside a device: what its tests share. Each of them imports the fixture `few`."""

from concurrent.futures import Future
from typing import Any

import pytest

from faulty_place import NAME
from verifier_items import batch_of, valid
from verilane import (
    Verdict,
)
from verilane.verifier import Priority, Verifier, places

OK, MISMATCH = Verdict.OK, Verdict.MISMATCH
FEW = 64
VOTE = valid("ed25519", 1)[0]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device gets smaller batches than it should."""
    monkeypatch.setattr(places, "LEAST", FEW)


def on_device(**options: Any) -> Verifier:
    """A verifier whose workers wait for company: a device that works gets what is no full batch."""
    given = {"device": NAME, "threads": 2, "max_wait": 3600.0, "batch_time": 1.0, **options}
    return Verifier(**given)


def times(items: list[Any], n: int) -> list[Any]:
    """n of these, over and over."""
    return (items * -(-n // len(items)))[:n]


def bulk(verifier: Verifier, n: int = 200, scheme: str = "secp256k1.ecdsa") -> "Future[Any]":
    items = times(valid(scheme, 50), n)
    return verifier.submit_many(batch_of(items), priority=Priority.BULK)


def opened(verifier: Verifier, scheme: str = "secp256k1.ecdsa") -> None:
    """Has the device answer once; no target is asked for again in these tests."""
    items = times(valid(scheme, 60)[50:], 200)
    assert verifier.submit_many(batch_of(items), priority=Priority.BULK).result(60).all_ok
