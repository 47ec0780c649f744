"""Exceptional items: among honest ones at every lane position, in tails, and on their own.

Verdicts follow from how the items were made (exceptional_items.py); the reference, libsecp256k1
and OpenSSL have to agree with them first.
"""

import random

import pytest

from items import Item
from outcomes import assert_as_known
from reference import ecdsa
from schemes import SCHEMES, Scheme

LANES_AND_TAIL = 18  # more than two groups of 8 lanes


@pytest.fixture(params=SCHEMES, ids=lambda scheme: scheme.name)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return request.param


def codes(scheme: Scheme, items: list[Item], isa: str, **options: bool) -> list[int]:
    """The verdicts of a batch, of one thread."""
    return scheme.module.verify_many(
        [item.key for item in items],
        [item.signature for item in items],
        [item.digest for item in items],
        device=isa,
        threads=1,
        **options,
    ).codes.tolist()


def assert_verdicts(scheme: Scheme, items: list[Item], isa: str) -> None:
    got = codes(scheme, items, isa)
    assert_as_known(items, got)


def test_the_reference_agrees(scheme: Scheme) -> None:
    for item in scheme.exceptional():
        verdict = ecdsa.verify(item.key, item.signature, item.digest, curve=scheme.curve)
        assert verdict == item.verdict, item.name


def test_peers_agree(scheme: Scheme) -> None:
    for item in scheme.exceptional():
        parsed = ecdsa.parse_signature(item.signature, curve=scheme.curve)
        if item.verdict == ecdsa.BAD_KEY or parsed is None or len(item.digest) != 32:
            continue
        accepted = scheme.accepted(item.key, *parsed, item.digest)
        assert accepted == (item.verdict == ecdsa.OK), item.name


def test_all_at_once(scheme: Scheme, isa: str) -> None:
    """One batch with nothing honest in it, in order and shuffled: several blocks of each ISA."""
    items = list(scheme.exceptional())
    assert_verdicts(scheme, items, isa)
    random.Random(1).shuffle(items)
    assert_verdicts(scheme, items, isa)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 64, 65])
def test_batches_of_one_item_repeated(scheme: Scheme, isa: str, n: int) -> None:
    for item in scheme.kinds():
        assert_verdicts(scheme, [item] * n, isa)


def test_every_item_among_honest_ones(scheme: Scheme, isa: str) -> None:
    honest = scheme.honest()
    for index, item in enumerate(scheme.exceptional()):
        batch = honest[index % 500 : index % 500 + LANES_AND_TAIL]
        batch[index % LANES_AND_TAIL] = item
        assert_verdicts(scheme, batch, isa)


@pytest.mark.parametrize("position", range(LANES_AND_TAIL))
def test_every_kind_at_every_position(scheme: Scheme, isa: str, position: int) -> None:
    for index, item in enumerate(scheme.kinds()):
        batch = scheme.honest()[index : index + LANES_AND_TAIL]
        batch[position] = item
        assert_verdicts(scheme, batch, isa)


@pytest.mark.parametrize("n", range(1, LANES_AND_TAIL))
def test_every_kind_in_tails(scheme: Scheme, isa: str, n: int) -> None:
    """Alone in a batch of n: first, last, and last after a full block of 64."""
    for index, item in enumerate(scheme.kinds()):
        honest = scheme.honest()[index : index + 64 + n]
        assert_verdicts(scheme, [item, *honest[: n - 1]], isa)
        assert_verdicts(scheme, [*honest[: n - 1], item], isa)
    assert_verdicts(scheme, [*honest[: 64 + n - 1], scheme.kinds()[n]], isa)


def test_one_bad_item_at_every_position(scheme: Scheme, isa: str) -> None:
    """All valid but one, which is forged: only its own verdict changes, across two blocks of 64."""
    valid = [item for item in scheme.honest() if item.verdict == ecdsa.OK][:130]
    for position in range(len(valid)):
        forged = valid[position - 1]
        item = Item("forged", valid[position].key, forged.signature, forged.digest, ecdsa.MISMATCH)
        assert_verdicts(scheme, [*valid[:position], item, *valid[position + 1 :]], isa)


def test_pairs_of_kinds_side_by_side(scheme: Scheme, isa: str) -> None:
    """Two exceptional items in one group of lanes share inversions with each other."""
    rng = random.Random(2)
    for item in scheme.kinds():
        others = rng.sample(scheme.kinds(), 7)
        assert_verdicts(scheme, [item, *others, *scheme.honest()[:3]], isa)


def test_low_s_with_exceptional_items(scheme: Scheme, isa: str) -> None:
    """The border n/2 among them; and no option changes what is refused without it."""
    items = scheme.exceptional()
    got = codes(scheme, items, isa, low_s=True)
    for item, code in zip(items, got, strict=True):
        high = ecdsa.parse_signature(item.signature, low_s=True, curve=scheme.curve) is None
        refused = high and item.verdict != ecdsa.BAD_KEY
        assert code == (ecdsa.BAD_SIGNATURE if refused else item.verdict), item.name
    assert {ecdsa.OK, ecdsa.BAD_SIGNATURE, ecdsa.MISMATCH} <= set(got)


def test_bad_keys_with_hybrid_keys_allowed(scheme: Scheme, isa: str) -> None:
    """Only the hybrid key of the right parity becomes a key; no other bad one does."""
    bad = [item for item in scheme.exceptional() if item.name.startswith("key, ")]
    items = [*bad, *scheme.honest()[:20]]
    expected = [ecdsa.OK if item.name == "key, hybrid" else item.verdict for item in items]
    assert codes(scheme, items, isa, hybrid_keys=True) == expected
    assert expected[: len(bad)].count(ecdsa.OK) == 1
