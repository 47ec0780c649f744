"""Exceptional items: among honest ones at every lane position, in tails, and on their own.

Verdicts follow from how the items were made (exceptional_items.py); the reference and libsecp256k1
have to agree with them first.
"""

import random

import pytest
from coincurve import PublicKey

from exceptional_items import exceptional_items, one_of_each_kind
from items import Item, honest_items
from reference import der, ecdsa
from verilane import secp256k1

LANES_AND_TAIL = 18  # more than two groups of 8 lanes
KINDS = one_of_each_kind()


def codes(items: list[Item], isa: str) -> list[int]:
    """The verdicts of a batch, of one thread."""
    return secp256k1.ecdsa.verify_many(
        [item.key for item in items],
        [item.signature for item in items],
        [item.digest for item in items],
        device=isa,
        threads=1,
    ).codes.tolist()


def assert_verdicts(items: list[Item], isa: str) -> None:
    got = codes(items, isa)
    wrong = [
        f"{index} of {len(items)}: {item.name}: expected {item.verdict}, got {code}"
        for index, (item, code) in enumerate(zip(items, got, strict=True))
        if code != item.verdict
    ]
    assert not wrong, "\n".join(wrong[:20])


def test_the_reference_agrees() -> None:
    for item in exceptional_items():
        assert ecdsa.verify(item.key, item.signature, item.digest) == item.verdict, item.name


def test_libsecp256k1_agrees() -> None:
    for item in exceptional_items():
        parsed = ecdsa.parse_signature(item.signature)
        if item.verdict == ecdsa.BAD_KEY or parsed is None or len(item.digest) != 32:
            continue
        r, s, _ = ecdsa.low_form(*parsed)
        key = PublicKey(b"\x04" * (len(item.key) == 64) + item.key)
        accepted = key.verify(der.encode(r, s), item.digest, hasher=None)
        assert accepted == (item.verdict == ecdsa.OK), item.name


def test_all_at_once(isa: str) -> None:
    """One batch with nothing honest in it, in order and shuffled: several blocks of each ISA."""
    items = list(exceptional_items())
    assert_verdicts(items, isa)
    random.Random(1).shuffle(items)
    assert_verdicts(items, isa)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 64, 65])
def test_batches_of_one_item_repeated(isa: str, n: int) -> None:
    for item in KINDS:
        assert_verdicts([item] * n, isa)


def test_every_item_among_honest_ones(isa: str) -> None:
    honest = honest_items()
    for index, item in enumerate(exceptional_items()):
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
    """All valid but one, which is forged: only its own verdict changes, across two blocks of 64."""
    valid = [item for item in honest_items() if item.verdict == ecdsa.OK][:130]
    for position in range(len(valid)):
        forged = valid[position - 1]
        item = Item("forged", valid[position].key, forged.signature, forged.digest, ecdsa.MISMATCH)
        assert_verdicts([*valid[:position], item, *valid[position + 1 :]], isa)


def test_pairs_of_kinds_side_by_side(isa: str) -> None:
    """Two exceptional items in one group of lanes share inversions with each other."""
    rng = random.Random(2)
    for item in KINDS:
        others = rng.sample(KINDS, 7)
        assert_verdicts([item, *others, *honest_items()[:3]], isa)


def test_low_s_with_exceptional_items(isa: str) -> None:
    """The border n/2 among them; and no option changes what is refused without it."""
    items = exceptional_items()
    got = secp256k1.ecdsa.verify_many(
        [item.key for item in items],
        [item.signature for item in items],
        [item.digest for item in items],
        low_s=True,
        device=isa,
    ).codes.tolist()
    for item, code in zip(items, got, strict=True):
        high = ecdsa.parse_signature(item.signature, low_s=True) is None
        refused = high and item.verdict != ecdsa.BAD_KEY
        assert code == (ecdsa.BAD_SIGNATURE if refused else item.verdict), item.name
    assert {ecdsa.OK, ecdsa.BAD_SIGNATURE, ecdsa.MISMATCH} <= set(got)


def test_bad_keys_with_hybrid_keys_allowed(isa: str) -> None:
    """Only the hybrid key of the right parity becomes a key; no other bad one does."""
    bad = [item for item in exceptional_items() if item.name.startswith("key, ")]
    items = [*bad, *honest_items()[:20]]
    verdicts = secp256k1.ecdsa.verify_many(
        [item.key for item in items],
        [item.signature for item in items],
        [item.digest for item in items],
        hybrid_keys=True,
        device=isa,
    )
    expected = [ecdsa.OK if item.name == "key, hybrid" else item.verdict for item in items]
    assert verdicts.codes.tolist() == expected
    assert expected[: len(bad)].count(ecdsa.OK) == 1
