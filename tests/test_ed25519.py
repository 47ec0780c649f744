"""Ed25519 under every rule and on every ISA: against the reference, against the rules' oracles
(cryptography for OPENSSL, ed25519-dalek in solders for STRICT), and PyNaCl where rules do not
matter.
"""

import random
from collections import Counter

import pytest
from cryptography.exceptions import InvalidSignature as OpensslInvalid
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from ed25519_items import (
    NAMES,
    Item,
    columns,
    honest_items,
    is_plain,
    item,
    one_of_each_kind,
    special_items,
)
from outcomes import assert_as_known
from reference import ed25519 as reference
from verilane import ed25519

LANES_AND_TAIL = 18  # more than two groups of 8 lanes
KINDS = one_of_each_kind()


def codes(items: list[Item], rule: str, isa: str | None) -> list[int]:
    v = ed25519.verify_many(*columns(items), rule=NAMES[rule], device=isa, threads=1)
    return v.codes.tolist()


def assert_verdicts(items: list[Item], isa: str, rules: list[str] | None = None) -> None:
    for rule in rules or list(NAMES):
        got = codes(items, rule, isa)
        assert_as_known(items, got, rule)


# ---- The items are what they are meant to be ----


def test_the_reference_signs_as_openssl_does() -> None:
    rng = random.Random("seeds")
    for length in (0, 1, 64, 300):
        seed, message = rng.randbytes(32), rng.randbytes(length)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        assert reference.public_key(seed) == private.public_key().public_bytes_raw()
        assert reference.sign(seed, message) == private.sign(message)


def test_the_items_tell_the_rules_apart() -> None:
    """Every pair of rules, and every verdict of each, occurs."""
    rows = Counter(tuple(x.verdicts.values()) for x in special_items())
    for i in range(4):
        assert {row[i] for row in rows} == {1, 2, 3, 5}
        for j in range(i):
            assert any(row[i] == 1 != row[j] for row in rows) or any(
                row[j] == 1 != row[i] for row in rows
            )
    assert all(is_plain(x) for x in honest_items()[:50])


def accepted_by_openssl(x: Item) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(x.key).verify(x.signature, x.message)
    except (OpensslInvalid, ValueError):
        return False
    return True


def test_openssl_is_the_oracle_of_its_rule() -> None:
    for x in [*special_items(), *honest_items()]:
        assert accepted_by_openssl(x) == (x.verdicts["OPENSSL"] == 1), x.name


def test_dalek_is_the_oracle_of_strict() -> None:
    solders = pytest.importorskip("solders.signature", reason="solders has ed25519-dalek")
    pubkey = pytest.importorskip("solders.pubkey")
    for x in [*special_items(), *honest_items()]:
        if len(x.key) == 32 and len(x.signature) == 64:
            key = pubkey.Pubkey.from_bytes(x.key)
            accepted = solders.Signature.from_bytes(x.signature).verify(key, x.message)
            assert accepted == (x.verdicts["STRICT"] == 1), x.name


def test_pynacl_agrees_where_rules_do_not_matter() -> None:
    plain = [x for x in [*special_items(), *honest_items()] if is_plain(x)]
    assert len(plain) > 600
    for x in plain:
        try:
            VerifyKey(x.key).verify(x.message, x.signature)
            accepted = True
        except (CryptoError, ValueError):
            accepted = False
        assert [accepted] * 4 == [code == 1 for code in x.verdicts.values()], x.name


# ---- Batches ----


def test_all_at_once(isa: str) -> None:
    items = list(special_items())
    assert_verdicts(items, isa)
    random.Random(1).shuffle(items)
    assert_verdicts(items, isa)


def test_honest_items(isa: str) -> None:
    assert_verdicts(honest_items(), isa)


def test_blocks_are_independent(isa: str) -> None:
    """More than two blocks of 512, in which the special items wander."""
    items = (honest_items() * 2)[:1100]
    for i, x in enumerate(KINDS):
        items[(i * 97 + 5) % len(items)] = x
    assert_verdicts(items, isa)


@pytest.mark.parametrize("position", range(LANES_AND_TAIL))
def test_every_kind_at_every_position(isa: str, position: int) -> None:
    for index, x in enumerate(KINDS):
        batch = honest_items()[index : index + LANES_AND_TAIL]
        batch[position] = x
        assert_verdicts(batch, isa, ["ZIP215", "STRICT"])


@pytest.mark.parametrize("n", range(1, LANES_AND_TAIL))
def test_every_kind_in_tails(isa: str, n: int) -> None:
    for index, x in enumerate(KINDS):
        honest = honest_items()[index : index + n]
        assert_verdicts([x, *honest[: n - 1]], isa, ["ZIP215", "RFC8032"])
        assert_verdicts([*honest[: n - 1], x], isa, ["ZIP215", "OPENSSL"])


@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 64])
def test_batches_of_one_item_repeated(isa: str, n: int) -> None:
    for x in KINDS:
        assert_verdicts([x] * n, isa)


def test_one_forged_item_at_every_position(isa: str) -> None:
    valid = [x for x in honest_items() if x.verdicts["ZIP215"] == 1][:66]
    for position in range(len(valid)):
        x, other = valid[position], valid[position - 1]
        forged = Item("forged", x.key, other.signature, x.message, dict.fromkeys(NAMES, 5))
        batch = [*valid[:position], forged, *valid[position + 1 :]]
        assert_verdicts(batch, isa, ["ZIP215"])


@pytest.mark.parametrize("threads", [1, 2, 3, None])
def test_workers_do_not_change_verdicts(isa: str, threads: int | None) -> None:
    items = [*honest_items(), *special_items()[::3]]
    got = ed25519.verify_many(*columns(items), device=isa, threads=threads)
    assert got.codes.tolist() == [x.verdicts["ZIP215"] for x in items]


# ---- Properties ----


@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=400),
    change=st.tuples(st.integers(0, 2), st.integers(0, 511), st.integers(0, 3)),
    torsion=st.tuples(st.integers(0, 7), st.integers(0, 7)),
)
def test_mutated_signatures(
    seed: bytes, message: bytes, change: tuple[int, int, int], torsion: tuple[int, int]
) -> None:
    """Signed honestly but for points of small order added to A and R, then changed or not; on
    every ISA that works here.
    """
    secret, _ = reference.expand(seed)
    nonce = reference.hash_scalar(seed, message)
    t, u = (reference.TORSION[i] for i in torsion)
    key = reference.encode(reference.add(reference.multiply(secret, reference.B), t))
    r = reference.encode(reference.add(reference.multiply(nonce, reference.B), u))
    s = (nonce + reference.hash_scalar(r, key, message) * secret) % reference.L
    parts = [bytearray(key), bytearray(r + s.to_bytes(32, "little")), bytearray(message)]
    which, bit, kind = change
    if kind == 0 and len(parts[which]):
        bit %= 8 * len(parts[which])
        parts[which][bit // 8] ^= 1 << bit % 8
    if kind == 1:
        del parts[which][bit % (len(parts[which]) + 1) :]
    x = item("mutated", *map(bytes, parts))  # type: ignore[arg-type]
    for isa in ("cpu:scalar", None):
        for rule in NAMES:
            assert codes([x], rule, isa) == [x.verdicts[rule]]
            assert codes([x] * 3, rule, isa) == [x.verdicts[rule]] * 3
    assert accepted_by_openssl(x) == (x.verdicts["OPENSSL"] == 1)
