"""The two ways to a verdict, one lane per item and the batch equation, give the same ones: for
mixtures of good, forged and hostile items, whatever the batch's size and wherever they stand.

What is of one scheme is in test_ed25519_ways.py and test_schnorr_ways.py.
"""

import random
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import there
from two_ways import ED25519, SCHNORR, Scheme
from verilane import _cpu_signatures

SCHEMES = [ED25519, SCHNORR]


@pytest.fixture(
    params=[(scheme, isa) for scheme in SCHEMES for isa in scheme.isas],
    ids=lambda x: f"{x[0].name}-{x[1]}",
)
def way(request: pytest.FixtureRequest) -> tuple[Scheme, str]:
    scheme, isa = request.param
    return scheme, there(isa)


def test_all_special_items(way: tuple[Scheme, str]) -> None:
    scheme, isa = way
    items = list(scheme.special())
    scheme.assert_both_ways(items, isa)
    random.Random(1).shuffle(items)
    scheme.assert_both_ways(items, isa)


def test_every_kind_among_good_items(way: tuple[Scheme, str]) -> None:
    scheme, isa = way
    for index, x in enumerate(scheme.one_of_each_kind()):
        for n in (1, 41, 64):
            batch = scheme.good()[index : index + n]
            batch[index % n] = x
            scheme.assert_both_ways(batch, isa)


# ---- Bad items at every place ----


@pytest.mark.parametrize("n", [2, 40, 65, 130])
def test_one_forged_item_at_every_position(way: tuple[Scheme, str], n: int) -> None:
    scheme, isa = way
    for position in range(0, n, 1 if n < 100 else 7):
        batch = scheme.good()[:n]
        batch[position] = scheme.forged()[position % 50]
        assert scheme.codes_of(batch, isa, equation=True) == scheme.verdicts(batch)


@pytest.mark.parametrize("n", [1024, 1025, 2100])
def test_a_few_forged_items_in_large_batches(way: tuple[Scheme, str], n: int) -> None:
    """At the edges of blocks and of their halves; by the way that is the caller's."""
    scheme, isa = way
    good = (scheme.good() * 5)[:n]
    for places in ([0], [31, 32], [n // 2 - 1, n // 2], [n - 1], [0, 511, 512, 1023], []):
        batch = list(good)
        for place in places:
            batch[place] = scheme.forged()[place % 50]
        got = scheme.verify(batch, isa).codes
        assert np.flatnonzero(got != 1).tolist() == sorted(places)
        assert set(got[places]) <= {5}


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.02])
def test_many_forged_items(way: tuple[Scheme, str], share: float) -> None:
    scheme, isa = way
    rng = random.Random(share)
    batch = [
        rng.choice(scheme.forged() if rng.random() < share else scheme.good()) for _ in range(1100)
    ]
    for _ in range(2):  # other coefficients, another probe
        assert scheme.verify(batch, isa).codes.tolist() == scheme.verdicts(batch)


# ---- Properties ----


@cache
def ingredients(scheme: Scheme) -> dict[str, list[Any]]:
    kinds = {"good": scheme.good(), "forged": scheme.forged(), **scheme.related()}
    for x in scheme.special():
        kinds.setdefault(x.kind, []).append(x)
    return kinds


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_any_mixture(scheme: Scheme) -> None:
    """Mostly good items, and some of any kind anywhere; on the fastest ISA."""
    kinds = ingredients(scheme)

    @settings(max_examples=40)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        n = data.draw(st.integers(1, 150), "n")
        start = data.draw(st.integers(0, 200), "start")
        batch = scheme.good()[start : start + n]
        for _ in range(data.draw(st.integers(0, 6), "others")):
            kind = kinds[data.draw(st.sampled_from(sorted(kinds)), "kind")]
            place = data.draw(st.integers(0, n - 1), "place")
            batch[place] = data.draw(st.sampled_from(kind), "item")
        scheme.assert_both_ways(batch, None)

    run()


# ---- Coefficients are new each time ----


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_part_of_a_batch_has_its_own_seed(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes] = []
    real = _cpu_signatures.os.urandom

    def urandom(size: int) -> bytes:
        drawn.append(real(size))
        return drawn[-1]

    monkeypatch.setattr(_cpu_signatures.os, "urandom", urandom)
    batch = (scheme.good() * 6)[:2400]
    for _ in range(3):
        assert scheme.verify(batch, None, threads=2).all_ok
    assert len(set(drawn)) == len(drawn) >= 6
    assert {len(seed) for seed in drawn} == {32}
