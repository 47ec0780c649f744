"""P-256 ECDSA: verify, beside OpenSSL (cryptography), keys parsed before on its side.

`pytest bench -k "p256 and n=1024"` picks rows by parts of their names.
"""

from typing import Any

import peers
import pytest
from workload import p256_signatures, packed

import verilane
from verilane import p256
from verilane.benchmark.machine import cores

BATCHES = [1, 8, 64, 1024, 16384]
SLOW_PEER = [n for n in BATCHES if n <= 1024]
MANY = [n for n in BATCHES if n >= 1024]
ISAS = [d.name for d in verilane.devices() if d.available and d.signature_lanes and d.kind == "cpu"]

verify_many = p256.ecdsa.verify_many


def sizes(batches: list[int] = BATCHES) -> Any:
    """A row of the group for each batch size."""
    marks = [pytest.mark.benchmark(group=f"p256, n = {n}") for n in batches]
    rows = [
        pytest.param(n, marks=mark, id=f"n={n}") for n, mark in zip(batches, marks, strict=True)
    ]
    return pytest.mark.parametrize("n", rows)


@sizes(SLOW_PEER)
def test_p256_cryptography_parsed(measure: Any, n: int) -> None:
    data = p256_signatures(n)
    assert measure(
        lambda: peers.cryptography_p256(data.parsed, data.der, data.messages), n, base=True
    )


@sizes([1024])
def test_p256_cryptography_parsed_all_cores(measure: Any, n: int) -> None:
    data = p256_signatures(n)
    run = peers.in_threads(peers.cryptography_p256, cores(), data.parsed, data.der, data.messages)
    assert all(measure(run, n))


@sizes()
def test_p256_packed(measure: Any, n: int) -> None:
    columns = p256_signatures(n).columns
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes()
def test_p256_packed_compressed_keys(measure: Any, n: int) -> None:
    data = p256_signatures(n)
    keys, columns = packed(data.keys), data.columns[1:]
    assert measure(lambda: verify_many(keys, *columns, threads=1), n).all_ok


@sizes()
def test_p256_lists(measure: Any, n: int) -> None:
    data = p256_signatures(n)
    columns = data.keys_raw, data.compact, data.messages
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes(MANY)
def test_p256_packed_all_cores(measure: Any, n: int) -> None:
    columns = p256_signatures(n).columns
    assert measure(lambda: verify_many(*columns), n).all_ok


@sizes()
@pytest.mark.parametrize("device", ISAS)
def test_p256_packed_on(measure: Any, n: int, device: str) -> None:
    columns = p256_signatures(n).columns
    assert measure(lambda: verify_many(*columns, device=device, threads=1), n).all_ok


@sizes([1])
def test_p256_one(measure: Any, n: int) -> None:
    data = p256_signatures(n)
    item = data.keys_raw[0], data.compact[0], data.messages[0]
    assert measure(lambda: p256.ecdsa.verify(*item), n) is None
