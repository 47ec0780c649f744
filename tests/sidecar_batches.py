"""What the sidecar's tests ask: batches with known verdicts, for clients and on the wire."""

import random
from typing import Any

import numpy as np
import pytest

from items import honest_items
from verilane import Verdicts, secp256k1

pytest.importorskip("grpc")

from verilane.sidecar import Client
from verilane.sidecar import verilane_pb2 as pb

ECDSA = "secp256k1.ecdsa"


def mixed(rng: random.Random, n: int) -> dict[str, list[bytes]]:
    """Items of any verdict, in an order of their own."""
    items = rng.choices(honest_items(), k=n)
    return {
        "keys": [item.key for item in items],
        "signatures": [item.signature for item in items],
        "digests": [item.digest for item in items],
    }


def expected(columns: dict[str, list[bytes]]) -> Verdicts:
    return secp256k1.ecdsa.verify_many(**columns)


def columns(n: int) -> dict[str, list[bytes]]:
    """Valid signatures."""
    items = [item for item in honest_items() if item.verdict == 1 and len(item.key) == 33]
    items = (items * (n // len(items) + 1))[:n]
    return {
        "keys": [item.key for item in items],
        "signatures": [item.signature for item in items],
        "digests": [item.digest for item in items],
    }


def batch(n: int, number: int = 0) -> Any:
    parts = {name: pb.Column(data=b"".join(part)) for name, part in columns(n).items()}
    profile = pb.Profile(scheme=pb.SECP256K1_ECDSA)
    return pb.Batch(id=number, profile=profile, count=n, **parts)


def works(path: Any) -> bool:
    with Client(str(path)) as client:
        return client.verify_many("secp256k1.ecdsa", **columns(50)).all_ok


def good(**changes: Any) -> Any:
    """A batch of three valid signatures, changed."""
    items = [i for i in honest_items() if i.verdict == 1 and len(i.key) == 33][:3]
    fields = {
        "id": 7,
        "profile": pb.Profile(scheme=pb.SECP256K1_ECDSA),
        "count": 3,
        "keys": pb.Column(data=b"".join(i.key for i in items)),
        "signatures": pb.Column(data=b"".join(i.signature for i in items)),
        "digests": pb.Column(data=b"".join(i.digest for i in items)),
    }
    return pb.Batch(**{**fields, **changes})


COLUMNS = ("keys", "signatures", "digests")


def repeated(name: str, times: int) -> Any:
    return pb.Column(data=getattr(good(), name).data * times)


def offsets(*values: int) -> bytes:
    return np.array(values, "<u4").tobytes()
