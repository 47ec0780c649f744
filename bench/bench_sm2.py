"""SM2: verify, with messages hashed here, beside Tongsuo (tongsuopy), whose keys are parsed before.

`pytest bench -k "sm2 and n=1024"` picks rows by parts of their names.
"""

from typing import Any

import peers
import pytest
from workload import exceptional_sm2, packed, sm2_signatures

import verilane
from verilane import Verdict, sm2
from verilane.benchmark.machine import cores

pytest.importorskip("tongsuopy")

BATCHES = [1, 8, 64, 1024, 16384]
SLOW_PEER = [n for n in BATCHES if n <= 1024]
MANY = [n for n in BATCHES if n >= 1024]
ISAS = [d.name for d in verilane.devices() if d.available and d.signature_lanes and d.kind == "cpu"]

verify_many = sm2.verify_many


def sizes(batches: list[int] = BATCHES, *, group: str = "sm2") -> Any:
    """A row of the group for each batch size."""
    marks = [pytest.mark.benchmark(group=f"{group}, n = {n}") for n in batches]
    rows = [
        pytest.param(n, marks=mark, id=f"n={n}") for n, mark in zip(batches, marks, strict=True)
    ]
    return pytest.mark.parametrize("n", rows)


@sizes(SLOW_PEER)
def test_sm2_tongsuo_parsed(measure: Any, n: int) -> None:
    data = sm2_signatures(n)
    columns = data.parsed, data.der, data.messages
    assert measure(lambda: peers.tongsuo_sm2(*columns), n, base=True)


@sizes([1024])
def test_sm2_tongsuo_parsed_all_cores(measure: Any, n: int) -> None:
    data = sm2_signatures(n)
    run = peers.in_threads(peers.tongsuo_sm2, cores(), data.parsed, data.der, data.messages)
    assert all(measure(run, n))


@sizes()
def test_sm2_packed(measure: Any, n: int) -> None:
    columns = sm2_signatures(n).columns
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes()
def test_sm2_packed_compressed_keys(measure: Any, n: int) -> None:
    data = sm2_signatures(n)
    keys, columns = packed(data.keys), data.columns[1:]
    assert measure(lambda: verify_many(keys, *columns, threads=1), n).all_ok


@sizes()
def test_sm2_lists(measure: Any, n: int) -> None:
    data = sm2_signatures(n)
    columns = data.keys_raw, data.compact, data.messages
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes(MANY)
def test_sm2_packed_all_cores(measure: Any, n: int) -> None:
    columns = sm2_signatures(n).columns
    assert measure(lambda: verify_many(*columns), n).all_ok


@sizes()
@pytest.mark.parametrize("device", ISAS)
def test_sm2_packed_on(measure: Any, n: int, device: str) -> None:
    columns = sm2_signatures(n).columns
    assert measure(lambda: verify_many(*columns, device=device, threads=1), n).all_ok


@sizes([1])
def test_sm2_one(measure: Any, n: int) -> None:
    data = sm2_signatures(n)
    item = data.keys_raw[0], data.compact[0], data.messages[0]
    assert measure(lambda: sm2.verify(*item), n) is None


# ---- Exceptional items only: what an attacker would send ----

EXCEPTIONAL = "sm2, every item exceptional"


@sizes([64, 1024], group=EXCEPTIONAL)
def test_sm2_exceptional_tongsuo(measure: Any, n: int) -> None:
    """Honest items: what the peer costs does not depend on the item."""
    data = sm2_signatures(n)
    columns = data.parsed, data.der, data.messages
    assert measure(lambda: peers.tongsuo_sm2(*columns), n, base=True)


@sizes([64, 1024], group=EXCEPTIONAL)
@pytest.mark.parametrize("device", ISAS)
def test_sm2_exceptional_on(measure: Any, n: int, device: str) -> None:
    keys, signed, digests = (packed(column) for column in exceptional_sm2(n))
    options = {"digests": digests, "device": device, "threads": 1}
    verdicts = measure(lambda: verify_many(keys, signed, **options), n)
    assert set(verdicts) == {Verdict.MISMATCH}
