"""A device that goes wrong in every way we can think of: no item is accepted that is not valid,
none is lost, nothing is raised.

VERILANE_FAULTS: how many answers are spoilt, 20,000 by default; before a release 100,000.
"""

import logging
import os
import random
from collections.abc import Iterator

import pytest

from faulty_device import FAILURES, WRONG, Fault, Faulty, negated
from faulty_place import NAME, installed
from offload_items import WAYS, Row, Way, codes
from verilane import use

FAULTS = int(os.environ.get("VERILANE_FAULTS", "20000"))

pytestmark = pytest.mark.usefixtures("faulty_kind")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.getLogger("verilane").setLevel(logging.ERROR)
    yield
    logging.getLogger("verilane").setLevel(logging.NOTSET)


def batch(way: Way, rng: random.Random, size: int) -> list[Row]:
    """Mostly valid items, so that a device gets far; some hostile ones, some twice."""
    bad = [row for row in way.rows if row.verdict != 1]
    rows = rng.sample(way.valid(300), size - size // 10)
    rows += rng.sample(bad, size // 10)
    rows[0] = rows[-1]
    rng.shuffle(rows)
    return rows


def spoil(way: Way, fault: Fault, rng: random.Random, *, strict: bool) -> int:
    """Several batches on one device, which goes wrong in one of them; returns how often it did."""
    device = Faulty(NAME, fault, after=rng.choice([1, 2, 2, 3, 3, 4]), most=rng.choice([40, 1000]))
    device.rng = rng
    trusted = installed(device)
    for _ in range(4):
        rows = batch(way, rng, rng.choice([30, 70, 100]))
        with use(NAME, strict=strict):
            found = codes(way, rows)
        assert found == [row.verdict for row in rows], (way.name, fault.__name__, trusted.missing)
    return device.injected


RUNS = [(way, False) for way in WAYS] + [(way, True) for way in WAYS if way.summable]


@pytest.mark.parametrize(
    ("way", "strict"),
    RUNS,
    ids=[f"{way.name}, {'strict' if strict else 'blind'}" for way, strict in RUNS],
)
def test_no_fault_changes_a_verdict(way: Way, strict: bool) -> None:
    faults = [*WRONG, *FAILURES]
    if strict or way.scheme in ("secp256k1.ecdsa", "p256.ecdsa", "sm2"):
        faults.append(negated)
    rng, injected, trial = random.Random(f"{way.name} {strict}"), 0, 0
    while injected < FAULTS / len(RUNS) or trial < len(faults):
        injected += spoil(way, faults[trial % len(faults)], rng, strict=strict)
        trial += 1
