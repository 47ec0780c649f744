"""BIP-340: hostile items among honest ones at every lane position, in tails, and on their own.

Verdicts follow from how the items were made (schnorr_items.py); the reference and libsecp256k1 have
to agree with them first.
"""

import random

import pytest

from outcomes import assert_as_known
from reference import schnorr
from schnorr_items import (
    Item,
    columns,
    honest_items,
    hostile_items,
    libsecp256k1_accepts,
    one_of_each_kind,
    valid_items,
)
from verilane import secp256k1

LANES_AND_TAIL = 18  # more than two groups of 8 lanes
KINDS = one_of_each_kind()


def assert_verdicts(items: list[Item], isa: str) -> None:
    """In a batch of one thread."""
    got = secp256k1.schnorr.verify_many(*columns(items), device=isa, threads=1).codes.tolist()
    assert_as_known(items, got)


def test_there_is_every_verdict() -> None:
    verdicts = {item.verdict for item in hostile_items()}
    assert verdicts == {schnorr.OK, schnorr.BAD_KEY, schnorr.BAD_SIGNATURE, schnorr.MISMATCH}
    assert len(KINDS) > 20


def test_the_reference_agrees() -> None:
    for item in hostile_items():
        assert schnorr.verify(item.key, item.signature, item.message) == item.verdict, item.name


def test_libsecp256k1_agrees() -> None:
    for item in [*hostile_items(), *honest_items()]:
        accepted = libsecp256k1_accepts(item.key, item.signature, item.message)
        assert accepted == (item.verdict == schnorr.OK), item.name


def test_infinite_sums_are_infinite() -> None:
    """What the names claim: R is infinite, or -2 e P, or -e P, or e P."""
    seen = set()
    for item in hostile_items():
        if item.kind in ("R infinite", "R = -2 e P", "s = 0", "R = e P"):
            s = int.from_bytes(item.signature[32:], "big")
            e = schnorr.challenge(item.signature[:32], item.key, item.message)
            assert (schnorr.nonce_point(item.key, s, e) is None) == (item.kind == "R infinite")
            assert (s == 0) == (item.kind == "s = 0")
            seen.add(item.kind)
    assert len(seen) == 4


def test_all_at_once(isa: str) -> None:
    """One batch with nothing honest in it, in order and shuffled: several blocks of each ISA."""
    items = list(hostile_items())
    assert_verdicts(items, isa)
    random.Random(1).shuffle(items)
    assert_verdicts(items, isa)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 64, 65])
def test_batches_of_one_item_repeated(isa: str, n: int) -> None:
    for item in KINDS:
        assert_verdicts([item] * n, isa)


def test_every_item_among_honest_ones(isa: str) -> None:
    honest = honest_items()
    for index, item in enumerate(hostile_items()):
        batch = honest[index % 500 : index % 500 + LANES_AND_TAIL]
        batch[index % LANES_AND_TAIL] = item
        assert_verdicts(batch, isa)


@pytest.mark.parametrize("position", range(LANES_AND_TAIL))
def test_every_kind_at_every_position(isa: str, position: int) -> None:
    for index, item in enumerate(KINDS):
        batch = honest_items()[index : index + LANES_AND_TAIL]
        batch[position] = item
        assert_verdicts(batch, isa)


@pytest.mark.parametrize("n", range(1, LANES_AND_TAIL))
def test_every_kind_in_tails(isa: str, n: int) -> None:
    """Alone in a batch of n: first, last, and last after a full block of 64."""
    for index, item in enumerate(KINDS):
        honest = honest_items()[index : index + 64 + n]
        assert_verdicts([item, *honest[: n - 1]], isa)
        assert_verdicts([*honest[: n - 1], item], isa)
    assert_verdicts([*honest[: 64 + n - 1], KINDS[n]], isa)


def test_one_bad_item_at_every_position(isa: str) -> None:
    """All valid but one, whose signature is its neighbour's: only its own verdict changes."""
    valid = valid_items(130)
    assert len(valid) == 130
    for position in range(len(valid)):
        own = valid[position]
        signature = valid[position - 1].signature
        forged = Item("forged", own.key, signature, own.message, schnorr.MISMATCH)
        assert_verdicts([*valid[:position], forged, *valid[position + 1 :]], isa)


def test_pairs_of_kinds_side_by_side(isa: str) -> None:
    """Two exceptional items in one group of lanes share inversions with each other."""
    rng = random.Random(2)
    for item in KINDS:
        assert_verdicts([item, *rng.sample(KINDS, 7), *honest_items()[:3]], isa)


@pytest.mark.parametrize("isolated", ["key", "signature", "message"])
def test_columns_are_not_mixed_up(isa: str, isolated: str) -> None:
    """Equal keys, signatures or messages throughout a batch: the rest still decides each item."""
    items = []
    good = schnorr_good()
    for index in range(40):
        other = honest_items()[index]
        parts = {"key": other.key, "signature": other.signature, "message": other.message}
        parts[isolated] = getattr(good, isolated)
        verdict = schnorr.verify(parts["key"], parts["signature"], parts["message"])
        items.append(Item("mixed", **parts, verdict=verdict))
    items[17] = items[39] = good
    assert_verdicts(items, isa)


def schnorr_good() -> Item:
    return next(item for item in honest_items() if item.verdict == schnorr.OK)
