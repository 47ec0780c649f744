"""BIP-340's two ways to a verdict give the same ones: what test_two_ways.py does not ask of every
scheme.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import schnorr
from reference.schnorr import challenge, even, number_bytes, point_bytes
from reference.secp256k1 import N, lift_x
from schnorr_items import (
    RELATED,
    Item,
    columns,
    hostile_items,
    related,
    signed,
)
from two_ways import SCHNORR
from verilane import secp256k1

RNG = random.Random("two ways")


# ---- Special items ----


def test_the_good_ones_among_them(isa: str) -> None:
    """P and R small multiples of G, moved by the endomorphism, equal: one equation holds."""
    items = [x for x in hostile_items() if x.verdict == schnorr.OK]
    assert len(items) > 100
    SCHNORR.assert_both_ways(items, isa)
    for n in (1, 2, 9, 40):
        SCHNORR.assert_both_ways(items[-n:], isa)
        SCHNORR.assert_both_ways(items[:n], isa)


# ---- Related points, which meet as equal or opposite ones in sums ----


@pytest.mark.parametrize("kind", RELATED)
def test_related_points(isa: str, kind: str) -> None:
    for n in (2, 3, 9, 40, 200):
        SCHNORR.assert_both_ways(related(kind)[:n], isa)
        SCHNORR.assert_both_ways([*related(kind)[:n], SCHNORR.forged()[n]], isa)


def test_repeated_items(isa: str) -> None:
    for x in (SCHNORR.good()[0], SCHNORR.forged()[0], related("G")[0], related("R = P")[3]):
        for n in (2, 8, 41, 300):
            SCHNORR.assert_both_ways([x] * n, isa)
    SCHNORR.assert_both_ways([*[SCHNORR.good()[0]] * 60, *[SCHNORR.forged()[0]] * 3] * 2, isa)


def test_an_r_that_is_no_point(isa: str) -> None:
    """It is a mismatch, and its neighbours' equation holds without it."""
    no_x = [x for x in range(2, 60) if lift_x(x, 0) is None]
    batch = SCHNORR.good()[:100]
    for place, x in zip((0, 7, 50, 99), no_x, strict=False):
        old = batch[place]
        signature = number_bytes(x) + old.signature[32:]
        batch[place] = Item("no R", old.key, signature, old.message, schnorr.MISMATCH)
    SCHNORR.assert_both_ways(batch, isa)


def test_prepared_keys(isa: str) -> None:
    items = [*SCHNORR.good()[:100], *hostile_items()[::7], *SCHNORR.forged()[:3]]
    items = [x for x in items if len(x.key) == 32]
    keys, signatures, messages = columns(items)
    prepared = secp256k1.schnorr.prepare(keys, device=isa)
    got = secp256k1.schnorr.verify_many(prepared, signatures, messages, device=isa)
    assert got.codes.tolist() == [x.verdict for x in items]
    good = SCHNORR.good()[:300]
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
            SCHNORR.assert_both_ways([*items, *SCHNORR.good()[:n]], isa)
            SCHNORR.assert_both_ways([*SCHNORR.good()[:n], *items[::-1]], isa)


# ---- Properties ----


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
    SCHNORR.assert_both_ways([x] * 9 + SCHNORR.good()[:33], None)
