"""SM2 signatures: any bytes, sizes, encodings, user IDs and repetitions against the reference, on
every ISA.
"""

import hashlib
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verilane
from items import honest_items as ecdsa_items
from outcomes import verdict_of
from reference import sm2 as reference
from reference.ecdsa import BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK, compact
from reference.p256 import CURVE as P256
from reference.sm2 import CURVE, DEFAULT_USER_ID, N
from sm2_items import (
    USER_IDS,
    Item,
    as_der,
    as_fisco,
    codes,
    codes_of_digests,
    honest_items,
    signed,
)
from strategies import mutated
from verilane import sm2

# ---- Any bytes ----


def expected(items: list[Item], *, digests: bool, encoding: str, keyless: bool) -> list[int]:
    return [
        reference.verify(
            None if keyless else item.key,
            item.signature,
            None if digests else item.message,
            digest=item.digest if digests else None,
            user_id=item.user_id,
            encoding=encoding,
        )
        for item in items
    ]


def got(items: list[Item], isa: str, *, digests: bool, encoding: str, keyless: bool) -> list[int]:
    return sm2.verify_many(
        None if keyless else [item.key for item in items],
        [item.signature for item in items],
        None if digests else [item.message for item in items],
        digests=[item.digest for item in items] if digests else None,
        user_id=[item.user_id for item in items],
        encoding=encoding,
        device=isa,
    ).codes.tolist()


POOL = [
    signed(f"pool:{i}", secret, nonce, message, user_id, form)
    for i, (secret, nonce, message, user_id, form) in enumerate(
        (secret, nonce, message, user_id, form)
        for secret, nonce, form in ((1, 3, "raw"), (N // 3, N - 5, "compressed"))
        for message, user_id in ((b"", b""), (b"abc", DEFAULT_USER_ID), (bytes(60), b"A" * 300))
    )
]


@st.composite
def hostile(draw: st.DrawFn, encoding: str) -> Item:
    """A valid item, then each of its parts perhaps changed."""
    item = draw(st.sampled_from(POOL))
    item = {"compact": lambda x: x, "der": as_der, "fisco": as_fisco}[encoding](item)
    return Item(
        "hostile",
        draw(mutated(item.key, (33, 64, 65))),
        draw(mutated(item.signature, (64, 71, 128))),
        0,
        draw(mutated(item.message, (0, 32))),
        draw(mutated(item.digest, (32,))),
        draw(mutated(item.user_id, (0, 16))),
    )


@pytest.mark.parametrize("encoding", ["compact", "der", "fisco"])
def test_hostile_bytes(isa: str, encoding: str) -> None:
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(hostile(encoding), max_size=10), st.booleans(), st.booleans())
    def run(items: list[Item], digests: bool, keyless: bool) -> None:
        options = {"digests": digests, "encoding": encoding}
        options["keyless"] = keyless and encoding == "fisco"
        assert got(items, isa, **options) == expected(items, **options)

    run()


@pytest.mark.parametrize("encoding", ["compact", "der", "fisco"])
def test_random_bytes(isa: str, encoding: str) -> None:
    """No structure at all; and every prefix of what is valid."""
    rng = random.Random(encoding)
    items = [
        Item(
            "random",
            rng.choice([b"", b"\x02", b"\x04"]) + rng.randbytes(rng.choice([0, 1, 32, 64])),
            rng.choice([b"", b"\x30", b"\x30\x06\x02"]) + rng.randbytes(rng.randrange(140)),
            0,
            rng.randbytes(rng.choice([0, 1, 32])),
            rng.randbytes(rng.choice([0, 31, 32, 33])),
            rng.randbytes(rng.choice([0, 1, 100])),
        )
        for _ in range(500)
    ]
    good = {"compact": POOL[1], "der": as_der(POOL[1]), "fisco": as_fisco(POOL[1])}[encoding]
    items += [replace(good, key=good.key[:cut]) for cut in range(len(good.key))]
    items += [replace(good, signature=good.signature[:cut]) for cut in range(len(good.signature))]
    for digests in (False, True):
        options = {"digests": digests, "encoding": encoding, "keyless": False}
        assert got(items, isa, **options) == expected(items, **options)
    if encoding == "fisco":
        options = {"digests": True, "encoding": encoding, "keyless": True}
        assert got(items, isa, **options) == expected(items, **options)


# ---- Sizes, forms, and who shares what ----


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 63, 64, 65, 128, 511, 512, 513, 550])
def test_sizes(isa: str, n: int) -> None:
    """Valid and invalid ones mixed: messages with an ID each, digests, and packed columns."""
    items = honest_items()[:n]
    wanted = [item.verdict for item in items]
    assert codes(items, isa) == codes_of_digests(items, isa) == wanted
    raw = [CURVE.encode_point(CURVE.decode_point(item.key), "raw") for item in items]
    signatures = b"".join(item.signature for item in items)
    digests = np.frombuffer(b"".join(item.digest for item in items), np.uint8).reshape(n, 32)
    assert sm2.verify_many(
        b"".join(raw), signatures, digests=digests, device=isa
    ).codes.tolist() == (wanted)


@pytest.mark.parametrize("encoding", ["der", "fisco"])
def test_other_encodings(isa: str, encoding: str) -> None:
    make = {"der": as_der, "fisco": as_fisco}[encoding]
    items = [make(item) for item in honest_items()[:100]]
    wanted = [item.verdict for item in items]
    assert codes(items, isa, encoding=encoding) == wanted
    assert codes_of_digests(items, isa, encoding=encoding) == wanted
    assert codes(items, isa) == [BAD_SIGNATURE] * 100
    if encoding == "fisco":
        options = {"digests": False, "encoding": encoding, "keyless": True}
        assert got(items, isa, **options) == wanted
        packed = b"".join(item.signature for item in items)
        digests = b"".join(item.digest for item in items)
        keyless = sm2.verify_many(None, packed, digests=digests, encoding="fisco", device=isa)
        assert keyless.codes.tolist() == wanted


def test_few_keys_and_ids(isa: str) -> None:
    """ZA is hashed once for equal keys and IDs: each item still gets its own. Neighbours that share
    all, key or ID only; IDs of one length; keys x and -x; more items than a block has.
    """
    rng = random.Random("few")
    ids = [b"A" * 16, b"B" * 16, b"A" * 15, b"", DEFAULT_USER_ID]
    pool = []
    for secret in (5, N - 5, 77):
        for user_id in ids:
            item = signed("few", secret, 1234567, b"m", user_id, "raw")
            pool += [item, replace(item, user_id=rng.choice(ids)), replace(item, key=POOL[0].key)]
    items = [rng.choice(pool) for _ in range(700)]
    items[100:140] = [pool[0]] * 40
    options = {"digests": False, "encoding": "compact", "keyless": False}
    wanted = expected(items, **options)
    assert codes(items, isa) == wanted
    assert 100 < wanted.count(OK) < 600


@pytest.mark.parametrize("size", [0, 1, 8190, 8191])
def test_sizes_of_user_ids(isa: str, size: int) -> None:
    """One for all, and in a column among others."""
    user_id = bytes(i % 251 for i in range(size))
    items = [signed("size", 99, 1000 + i, bytes(i), user_id, "raw") for i in range(3)]
    assert codes(items, isa, user_id=user_id) == [OK] * 3
    mixed = [*items, *honest_items()[:9]]
    wanted = [item.verdict for item in mixed]
    assert codes(mixed, isa) == wanted
    shorter = bytes(user_id[:-1]) if size else b"0"
    assert codes(items, isa, user_id=shorter) == [MISMATCH] * 3


def test_a_user_id_that_is_too_long(isa: str) -> None:
    """In a column it is that item's verdict, after faults of the key and of the signature."""
    items = [
        replace(item, user_id=bytes(8192)) if i % 4 == 0 else item
        for i, item in enumerate(honest_items()[:30])
    ]
    wanted = [BAD_MESSAGE if i % 4 == 0 else item.verdict for i, item in enumerate(items)]
    assert codes(items, isa) == wanted
    both = [replace(items[0], key=b""), replace(items[0], signature=bytes(64))]
    assert codes(both, isa) == [verilane.Verdict.BAD_KEY, BAD_SIGNATURE]


def test_a_long_message(isa: str) -> None:
    """One of a megabyte among short ones."""
    items = honest_items()[:20]
    message = bytes(range(256)) * 4000
    digest = hashlib.new("sm3") if "sm3" in hashlib.algorithms_available else None
    if digest is None:
        pytest.skip("hashlib has no SM3 here")
    digest.update(reference.user_hash(CURVE.multiply_base(5), DEFAULT_USER_ID) + message)
    signature = compact(*reference.sign(5, digest.digest(), 6))
    key = CURVE.encode_point(CURVE.multiply_base(5))
    items[7] = Item("long", key, signature, OK, message)
    assert codes(items, isa) == [item.verdict for item in items]


def test_curves_are_not_mixed_up(isa: str) -> None:
    """In turns with P-256 and secp256k1 each curve's items keep their verdicts."""
    ours, theirs = honest_items()[:20], ecdsa_items(curve=P256)[:20]
    columns = [[getattr(x, name) for x in theirs] for name in ("key", "signature", "digest")]
    for _ in range(2):
        assert codes(ours, isa) == [item.verdict for item in ours]
        own = verilane.p256.ecdsa.verify_many(*columns, device=isa)
        assert own.codes.tolist() == [item.verdict for item in theirs]
        others = sm2.verify_many(columns[0], columns[1], digests=columns[2], device=isa)
        assert OK not in others.codes.tolist()


def test_verify_one(isa: str) -> None:
    for item in honest_items()[:40]:
        for each, encoding in ((item, "compact"), (as_der(item), "der"), (as_fisco(item), "fisco")):
            options = {"encoding": encoding, "device": isa}
            columns, user_id = (each.key, each.signature), item.user_id
            calls = [
                partial(sm2.verify, *columns, item.message, user_id=user_id, **options),
                partial(sm2.verify, *columns, digest=item.digest, **options),
            ]
            if encoding == "fisco":
                calls.append(partial(calls[0].func, None, *calls[0].args[1:], **calls[0].keywords))
            for call in calls:
                assert verdict_of(call) == item.verdict


def test_user_ids_are_told_apart() -> None:
    """Every honest item fails under each of the other IDs."""
    item = honest_items()[0]
    for user_id in USER_IDS:
        wanted = OK if user_id == item.user_id else MISMATCH
        assert codes([item], "cpu", user_id=user_id) == [wanted]
