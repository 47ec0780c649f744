"""BIP-340's two ways to a verdict, one lane per item and the batch equation, give the same ones:
for mixtures of good, forged and hostile items, whatever the batch's size and wherever they stand.
"""

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import schnorr
from reference.schnorr import challenge, even, number_bytes, point_bytes
from reference.secp256k1 import LAMBDA, N, lift_x
from schnorr_items import (
    Item,
    codes_of,
    columns,
    honest_items,
    hostile_items,
    one_of_each_kind,
    signed,
)
from verilane import _cpu_signatures, secp256k1

RNG = random.Random("two ways")


@cache
def good_items() -> list[Item]:
    return [x for x in honest_items() if x.verdict == schnorr.OK]


@cache
def forged_items() -> list[Item]:
    return [x for x in honest_items() if x.verdict == schnorr.MISMATCH]


def assert_both_ways(items: list[Item], isa: str | None) -> None:
    for equation in (False, True):
        got = codes_of(items, isa, equation=equation)
        wrong = [
            f"{i} of {len(items)}: {x.name}: expected {x.verdict}, got {g}"
            for i, (x, g) in enumerate(zip(items, got, strict=True))
            if x.verdict != g
        ]
        assert not wrong, "\n".join(wrong[:20])


# ---- Special items ----


def test_all_hostile_items(isa: str) -> None:
    items = list(hostile_items())
    assert_both_ways(items, isa)
    random.Random(1).shuffle(items)
    assert_both_ways(items, isa)


def test_the_good_ones_among_them(isa: str) -> None:
    """P and R small multiples of G, moved by the endomorphism, equal: one equation holds."""
    items = [x for x in hostile_items() if x.verdict == schnorr.OK]
    assert len(items) > 100
    assert_both_ways(items, isa)
    for n in (1, 2, 9, 40):
        assert_both_ways(items[-n:], isa)
        assert_both_ways(items[:n], isa)


def test_every_kind_among_good_items(isa: str) -> None:
    for index, x in enumerate(one_of_each_kind()):
        for n in (1, 41, 64):
            batch = good_items()[index : index + n]
            batch[index % n] = x
            assert_both_ways(batch, isa)


# ---- Related points, which meet as equal or opposite ones in sums ----


@cache
def related(kind: str) -> list[Item]:
    """200 valid items."""
    numbers = {
        "progression": lambda i: (10**6 + i, 3 * 10**6 + i),
        "R = P": lambda i: (10**6 + i, 10**6 + i),
        "R = -P": lambda i: (10**6 + i, N - 10**6 - i),
        "one key": lambda i: (5, 10**6 + i),
        "one R": lambda i: (10**6 + i, 5),
        "lambda": lambda i: (pow(LAMBDA, i, N), pow(LAMBDA, i + 1, N)),
        "powers of two": lambda i: (2**i, 2 ** (i + 1)),
        "G": lambda i: ((1, N - 1)[i % 2], (1, 2, N - 1)[i % 3]),
    }
    return [signed(kind, *(x % N for x in numbers[kind](i)), message=b"%d" % i) for i in range(200)]


KINDS = ["progression", "R = P", "R = -P", "one key", "one R", "lambda", "powers of two", "G"]


@pytest.mark.parametrize("kind", KINDS)
def test_related_points(isa: str, kind: str) -> None:
    for n in (2, 3, 9, 40, 200):
        assert_both_ways(related(kind)[:n], isa)
        assert_both_ways([*related(kind)[:n], forged_items()[n]], isa)


def test_repeated_items(isa: str) -> None:
    for x in (good_items()[0], forged_items()[0], related("G")[0], related("R = P")[3]):
        for n in (2, 8, 41, 300):
            assert_both_ways([x] * n, isa)
    assert_both_ways([*[good_items()[0]] * 60, *[forged_items()[0]] * 3] * 2, isa)


# ---- Bad items at every place ----


@pytest.mark.parametrize("n", [2, 40, 65, 130])
def test_one_forged_item_at_every_position(isa: str, n: int) -> None:
    for position in range(0, n, 1 if n < 100 else 7):
        batch = good_items()[:n]
        batch[position] = forged_items()[position % 50]
        assert codes_of(batch, isa, equation=True) == [x.verdict for x in batch]


@pytest.mark.parametrize("n", [1024, 1025, 2100])
def test_a_few_forged_items_in_large_batches(isa: str, n: int) -> None:
    """At the edges of blocks and of their halves; by the way that is the caller's."""
    good = (good_items() * 5)[:n]
    for places in ([0], [31, 32], [n // 2 - 1, n // 2], [n - 1], [0, 511, 512, 1023], []):
        batch = list(good)
        for place in places:
            batch[place] = forged_items()[place % 50]
        got = secp256k1.schnorr.verify_many(*columns(batch), device=isa, threads=1).codes
        assert np.flatnonzero(got != 1).tolist() == sorted(places)
        assert set(got[places]) <= {schnorr.MISMATCH}


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.02])
def test_many_forged_items(isa: str, share: float) -> None:
    rng = random.Random(share)
    batch = [
        rng.choice(forged_items() if rng.random() < share else good_items()) for _ in range(1100)
    ]
    expected = [x.verdict for x in batch]
    for _ in range(2):  # other coefficients, another probe
        got = secp256k1.schnorr.verify_many(*columns(batch), device=isa, threads=1)
        assert got.codes.tolist() == expected


def test_an_r_that_is_no_point(isa: str) -> None:
    """It is a mismatch, and its neighbours' equation holds without it."""
    no_x = [x for x in range(2, 60) if lift_x(x, 0) is None]
    batch = good_items()[:100]
    for place, x in zip((0, 7, 50, 99), no_x, strict=False):
        old = batch[place]
        signature = number_bytes(x) + old.signature[32:]
        batch[place] = Item("no R", old.key, signature, old.message, schnorr.MISMATCH)
    assert_both_ways(batch, isa)


def test_prepared_keys(isa: str) -> None:
    items = [*good_items()[:100], *hostile_items()[::7], *forged_items()[:3]]
    items = [x for x in items if len(x.key) == 32]
    keys, signatures, messages = columns(items)
    prepared = secp256k1.schnorr.prepare(keys, device=isa)
    got = secp256k1.schnorr.verify_many(prepared, signatures, messages, device=isa)
    assert got.codes.tolist() == [x.verdict for x in items]
    good = good_items()[:300]
    keys, signatures, messages = columns(good)
    prepared = secp256k1.schnorr.prepare(keys, device=isa)
    assert secp256k1.schnorr.verify_many(prepared, signatures, messages, device=isa).all_ok


# ---- Errors that cancel ----


def wrong_by(error: int, message: bytes) -> Item:
    """s G - e P - R = error G."""
    d, key = even(12345)
    k, r_point = even(67890)
    r = point_bytes(r_point)
    e = challenge(r, point_bytes(key), message)
    s = number_bytes((k + e * d + error) % N)
    verdict = schnorr.MISMATCH if error else schnorr.OK
    return Item(f"wrong by:{error}", point_bytes(key), r + s, message, verdict)


def test_errors_that_cancel_are_rejected(isa: str) -> None:
    """With equal coefficients these batches would pass."""
    d = RNG.randrange(1, N)
    for errors in ([d, N - d], [d, d, (-2 * d) % N], [1, N - 1, 0, 0], [N - 1, 5, N - 4]):
        items = [wrong_by(error, b"%d" % i) for i, error in enumerate(errors)]
        assert [schnorr.verify(x.key, x.signature, x.message) for x in items] == [
            x.verdict for x in items
        ]
        for n in (0, 50):
            assert_both_ways([*items, *good_items()[:n]], isa)
            assert_both_ways([*good_items()[:n], *items[::-1]], isa)


# ---- Properties ----


@cache
def ingredients() -> dict[str, list[Item]]:
    kinds: dict[str, list[Item]] = {"good": good_items(), "forged": forged_items()}
    for x in hostile_items():
        kinds.setdefault(x.kind, []).append(x)
    return kinds | {kind: related(kind) for kind in KINDS}


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
    secret=st.integers(1, N - 1),
    nonce=st.integers(1, N - 1),
    error=st.sampled_from([0, 0, 1, N - 1, 8]),
    message=st.binary(max_size=200),
)
def test_signatures_of_any_numbers(secret: int, nonce: int, error: int, message: bytes) -> None:
    x = signed("any", secret, nonce, message)
    if error:
        s = (int.from_bytes(x.signature[32:], "big") + error) % N
        signature = x.signature[:32] + number_bytes(s)
        x = Item("any", x.key, signature, message, schnorr.MISMATCH)
    assert_both_ways([x] * 9 + good_items()[:33], None)


# ---- Coefficients are new each time ----


def test_every_part_of_a_batch_has_its_own_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []
    real = _cpu_signatures.os.urandom

    def urandom(size: int) -> bytes:
        drawn.append(real(size))
        return drawn[-1]

    monkeypatch.setattr(_cpu_signatures.os, "urandom", urandom)
    batch = columns((good_items() * 3)[:2400])
    for _ in range(3):
        assert secp256k1.schnorr.verify_many(*batch, threads=2).all_ok
    assert len(set(drawn)) == len(drawn) >= 6
    assert {len(seed) for seed in drawn} == {32}
