"""Ed25519's two ways to a verdict, one lane per item and the batch equation, give the same ones:
for mixtures of good, forged and hostile items, whatever the batch's size and wherever they stand.
"""

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ed25519_items import (
    Item,
    codes_of,
    columns,
    honest_items,
    item,
    one_of_each_kind,
    signed,
    special_items,
)
from reference import ed25519 as reference
from reference.ed25519 import TORSION, B, L, add, encode, multiply
from verilane import _cpu_signatures, ed25519

RNG = random.Random("two ways")


@pytest.fixture
def isa(ed25519_isa: str) -> str:
    return ed25519_isa


@cache
def good_items() -> list[Item]:
    return [x for x in honest_items() if x.verdicts["ZIP215"] == 1]


@cache
def forged_items() -> list[Item]:
    return [x for x in honest_items() if x.verdicts["ZIP215"] == 5]


def assert_both_ways(items: list[Item], isa: str | None) -> None:
    expected = [x.verdicts["ZIP215"] for x in items]
    for equation in (False, True):
        got = codes_of(columns(items), isa, equation=equation)
        wrong = [
            f"{i} of {len(items)}: {x.name}: expected {e}, got {g}"
            for i, (x, e, g) in enumerate(zip(items, expected, got, strict=True))
            if e != g
        ]
        assert not wrong, "\n".join(wrong[:20])


# ---- Special items ----


def test_all_special_items(isa: str) -> None:
    items = list(special_items())
    assert_both_ways(items, isa)
    random.Random(1).shuffle(items)
    assert_both_ways(items, isa)


def test_the_good_ones_among_them(isa: str) -> None:
    """Torsion everywhere, small order, encodings that are not canonical: one equation holds."""
    items = [x for x in special_items() if x.verdicts["ZIP215"] == 1]
    assert len(items) > 150
    assert len({x.kind for x in items}) >= 8
    assert_both_ways(items, isa)
    for n in (1, 2, 9, 40):
        assert_both_ways(items[-n:], isa)


def test_every_kind_among_good_items(isa: str) -> None:
    for index, x in enumerate(one_of_each_kind()):
        for n in (1, 41, 64):
            batch = good_items()[index : index + n]
            batch[index % n] = x
            assert_both_ways(batch, isa)


# ---- Bad items at every place ----


@pytest.mark.parametrize("n", [2, 40, 65, 130])
def test_one_forged_item_at_every_position(isa: str, n: int) -> None:
    for position in range(0, n, 1 if n < 100 else 7):
        batch = good_items()[:n]
        batch[position] = forged_items()[position % 50]
        expected = [x.verdicts["ZIP215"] for x in batch]
        assert codes_of(columns(batch), isa, equation=True) == expected


@pytest.mark.parametrize("n", [1024, 1025, 2100])
def test_a_few_forged_items_in_large_batches(isa: str, n: int) -> None:
    """At the edges of blocks and of their halves; by the way that is the caller's."""
    good = (good_items() * 5)[:n]
    for places in ([0], [31, 32], [n // 2 - 1, n // 2], [n - 1], [0, 511, 512, 1023], []):
        batch = list(good)
        for place in places:
            batch[place] = forged_items()[place % 50]
        got = ed25519.verify_many(*columns(batch), device=isa, threads=1).codes
        assert np.flatnonzero(got != 1).tolist() == sorted(places)
        assert set(got[places]) <= {5}


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.02])
def test_many_forged_items(isa: str, share: float) -> None:
    rng = random.Random(share)
    batch = [
        rng.choice(forged_items() if rng.random() < share else good_items()) for _ in range(1100)
    ]
    expected = [x.verdicts["ZIP215"] for x in batch]
    for _ in range(2):  # other coefficients, another probe
        assert (
            ed25519.verify_many(*columns(batch), device=isa, threads=1).codes.tolist() == expected
        )


# ---- Errors that cancel ----

SECRET, NONCE = 12345, 67890


def wrong_by(error: int, torsion: int, message: bytes) -> Item:
    """R + k A - S B = error B and some point of small order."""
    key = encode(multiply(SECRET, B))
    r = encode(add(multiply(NONCE + error, B), TORSION[torsion]))
    return item(f"wrong by:{error}", key, signed(key, r, message, SECRET, NONCE), message)


def test_errors_that_cancel_are_rejected(isa: str) -> None:
    """With equal coefficients these batches would pass."""
    d = RNG.randrange(1, L)
    for errors in ([d, L - d], [d, d, (-2 * d) % L], [1, L - 1, 0, 0], [L - 1, 5, L - 4]):
        items = [wrong_by(error, i % 8, b"%d" % i) for i, error in enumerate(errors)]
        assert [x.verdicts["ZIP215"] for x in items] == [5 if error else 1 for error in errors]
        for n in (0, 50):
            assert_both_ways([*items, *good_items()[:n]], isa)
            assert_both_ways([*good_items()[:n], *items[::-1]], isa)


# ---- Properties ----


@cache
def ingredients() -> dict[str, list[Item]]:
    kinds: dict[str, list[Item]] = {"good": good_items(), "forged": forged_items()}
    for x in special_items():
        kinds.setdefault(x.kind, []).append(x)
    return kinds


@settings(max_examples=40)
@given(data=st.data())
def test_any_mixture(data: st.DataObject) -> None:
    """Mostly good items, and some of any kind anywhere; on the fastest ISA."""
    n = data.draw(st.integers(1, 150), "n")
    start = data.draw(st.integers(0, 200), "start")
    batch = good_items()[start : start + n]
    for _ in range(data.draw(st.integers(0, 6), "others")):
        kind = ingredients()[data.draw(st.sampled_from(sorted(ingredients())), "kind")]
        batch[data.draw(st.integers(0, n - 1), "place")] = data.draw(st.sampled_from(kind), "item")
    assert_both_ways(batch, None)


@settings(max_examples=25)
@given(
    seed=st.binary(min_size=32, max_size=32),
    t=st.integers(0, 7),
    u=st.integers(0, 7),
    error=st.sampled_from([0, 0, 1, L - 1, 8]),
    message=st.binary(max_size=200),
)
def test_tweaked_signatures(seed: bytes, t: int, u: int, error: int, message: bytes) -> None:
    """A + T and R + U for honest A and R: valid unless S is wrong, under this rule alone."""
    secret, nonce = int.from_bytes(seed, "little") % L, reference.hash_scalar(seed)
    key = encode(add(multiply(secret, B), TORSION[t]))
    r = encode(add(multiply(nonce + error, B), TORSION[u]))
    x = item("tweaked", key, signed(key, r, message, secret, nonce), message)
    assert x.verdicts["ZIP215"] == (5 if error else 1)
    assert_both_ways([x] * 9 + good_items()[:33], None)


# ---- Coefficients are new each time ----


def test_every_part_of_a_batch_has_its_own_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []
    real = _cpu_signatures.os.urandom

    def urandom(size: int) -> bytes:
        drawn.append(real(size))
        return drawn[-1]

    monkeypatch.setattr(_cpu_signatures.os, "urandom", urandom)
    batch = columns((good_items() * 3)[:1200])
    for _ in range(3):
        assert ed25519.verify_many(*batch, threads=2).all_ok
    assert len(set(drawn)) == len(drawn) >= 6
    assert {len(seed) for seed in drawn} == {32}
