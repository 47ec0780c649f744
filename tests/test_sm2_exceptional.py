"""SM2's exceptional items: among honest ones at every lane position, in tails, and on their own.

Verdicts follow from how the items were made (sm2_items.py); the reference has to agree first.
"""

import random

import pytest

from outcomes import assert_as_known
from reference import sm2 as reference
from reference.ecdsa import BAD_KEY, MISMATCH, OK
from sm2_items import (
    Item,
    as_fisco,
    codes_of_digests,
    exceptional_items,
    honest_items,
    one_of_each_kind,
)
from verilane import sm2

LANES_AND_TAIL = 18  # more than two groups of 8 lanes


def assert_verdicts(items: list[Item], isa: str) -> None:
    got = codes_of_digests(items, isa, threads=1)
    assert_as_known(items, got)


def test_the_reference_agrees() -> None:
    for item in [*one_of_each_kind(), *exceptional_items()[::9]]:
        verdict = reference.verify(item.key, item.signature, digest=item.digest)
        assert verdict == item.verdict, item.name


def test_what_is_among_them() -> None:
    """The list that the standard's steps ask for."""
    names = {item.kind for item in exceptional_items()}
    wanted = ["r = 0", "s = 0", "t = r + s = n", "r = n + 1", "s = n + 1", "R infinite"]
    wanted += ["signature, r = n", "signature, s = n", "x1 extreme", "e + x1 = r mod p", "ECDSA"]
    wanted += ["e extreme", "key, infinity, 1 byte", "key, y of another point", "u1 G = u2 Q"]
    assert set(wanted) <= names


def test_all_at_once(isa: str) -> None:
    """One batch with nothing honest in it, in order and shuffled: several blocks."""
    items = list(exceptional_items())
    assert_verdicts(items, isa)
    random.Random(1).shuffle(items)
    assert_verdicts(items, isa)


def test_batches_of_one_item_repeated(isa: str) -> None:
    for item in one_of_each_kind():
        for n in (1, 7, 8, 9, 17):
            assert_verdicts([item] * n, isa)


@pytest.mark.parametrize("position", range(LANES_AND_TAIL))
def test_every_kind_at_every_position(isa: str, position: int) -> None:
    for index, item in enumerate(one_of_each_kind()):
        batch = honest_items()[index : index + LANES_AND_TAIL]
        batch[position] = item
        assert_verdicts(batch, isa)


@pytest.mark.parametrize("n", range(1, LANES_AND_TAIL))
def test_tails(isa: str, n: int) -> None:
    """Alone in a batch of n, first and last; and last after a full block of 64."""
    for index, item in enumerate(one_of_each_kind()[n % 4 :: 4]):
        honest = honest_items()[index : index + 64 + n]
        assert_verdicts([item, *honest[: n - 1]], isa)
        assert_verdicts([*honest[: n - 1], item], isa)
    assert_verdicts([*honest[: 64 + n - 1], one_of_each_kind()[n]], isa)


def test_one_bad_item_at_every_position(isa: str) -> None:
    """All valid but one, which is forged: only its own verdict changes."""
    valid = [item for item in honest_items() if item.verdict == OK][:66]
    for position in range(len(valid)):
        forged = valid[position - 1]
        key, signature = valid[position].key, forged.signature
        item = Item("forged", key, signature, MISMATCH, digest=forged.digest)
        assert_verdicts([*valid[:position], item, *valid[position + 1 :]], isa)


def test_appended_keys(isa: str) -> None:
    """FISCO's form: a key that differs from the one given, or that is none."""
    good = [item for item in honest_items() if item.verdict == OK][:30]
    bad = [item for item in exceptional_items() if item.verdict == BAD_KEY and len(item.key) == 64]
    assert len(bad) >= 3
    appended = [as_fisco(item).signature[64:] for item in good[1:]] + [item.key for item in bad]
    appended += [reference.octets(7) * 2, as_fisco(good[0]).signature[64:]]
    keys, signatures = [good[0].key] * len(appended), [good[0].signature + x for x in appended]
    digests = [good[0].digest] * len(appended)
    options = {"encoding": "fisco", "device": isa}
    given = sm2.verify_many(keys, signatures, digests=digests, **options)
    assert given.codes.tolist() == [BAD_KEY] * (len(appended) - 1) + [OK]
    alone = sm2.verify_many(None, signatures, digests=digests, **options)
    no_keys = len(bad) + 1
    assert alone.codes.tolist() == [MISMATCH] * 29 + [BAD_KEY] * no_keys + [OK]
