"""Ed25519's two ways to a verdict give the same ones: what test_two_ways.py does not ask of every
scheme.
"""

import random

import pytest
from hypothesis import given, settings

from ed25519_items import Item, item, signed, special_items
from reference.ed25519 import TORSION, B, L, add, encode, multiply
from strategies import tweaked_items
from two_ways import ED25519

RNG = random.Random("two ways")


@pytest.fixture
def isa(ed25519_isa: str) -> str:
    return ed25519_isa


# ---- Special items ----


def test_the_good_ones_among_them(isa: str) -> None:
    """Torsion everywhere, small order, encodings that are not canonical: one equation holds."""
    items = [x for x in special_items() if x.verdicts["ZIP215"] == 1]
    assert len(items) > 150
    assert len({x.kind for x in items}) >= 8
    ED25519.assert_both_ways(items, isa)
    for n in (1, 2, 9, 40):
        ED25519.assert_both_ways(items[-n:], isa)


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
            ED25519.assert_both_ways([*items, *ED25519.good()[:n]], isa)
            ED25519.assert_both_ways([*ED25519.good()[:n], *items[::-1]], isa)


# ---- Properties ----


@settings(max_examples=25)
@given(tweaked_items())
def test_tweaked_signatures(tweaked: tuple[Item, int]) -> None:
    """Valid unless S is wrong, under this rule alone."""
    made, error = tweaked
    assert made.verdicts["ZIP215"] == (5 if error else 1)
    ED25519.assert_both_ways([made] * 9 + ED25519.good()[:33], None)
