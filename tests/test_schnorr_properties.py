"""BIP-340: any bytes, messages of any length; Verilane's verdict is the reference's, and nothing
ever raises.
"""

import random
from functools import partial

import numpy as np
import pytest
from coincurve import PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes import verdict_of
from reference import schnorr
from reference.secp256k1 import LAMBDA, N, P
from schnorr_items import (
    Item,
    columns,
    honest_items,
    libsecp256k1_accepts,
    libsecp256k1_sign,
    valid_items,
)
from strategies import mutated
from verilane import Verdict, secp256k1

# The fixture `isa` is a name, the same for every example.
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1025]

Check = tuple[bytes, bytes, bytes]


@st.composite
def checks(draw: st.DrawFn) -> Check:
    """A valid signature by one of a few keys, then each of its parts perhaps changed."""
    secret = draw(st.sampled_from([1, 2, N - 1, LAMBDA, 0xC0FFEE, N // 3]))
    nonce = draw(st.sampled_from([1, 3, N // 2, 0xDECAF, N - 5]))
    message = draw(st.one_of(st.binary(max_size=150), st.binary(min_size=32, max_size=32)))
    signature = schnorr.sign(secret, message, nonce)
    match draw(st.integers(0, 6)):
        case 0:
            s = int.from_bytes(signature[32:], "big")
            signature = signature[:32] + schnorr.number_bytes(-s % N)
        case 1:
            number = st.sampled_from([0, 1, N - 1, N, N + 1, P - 1, P, P + 1, 2**256 - 1])
            signature = b"".join(schnorr.number_bytes(draw(number)) for _ in range(2))
    return (
        draw(mutated(schnorr.point_bytes(schnorr.even(secret)[1]), (32, 33, 64))),
        draw(mutated(signature, (64, 65))),
        draw(mutated(message, (0, 32, 55, 56, 64))),
    )


def assert_like_the_reference(batch: list[Check], isa: str) -> None:
    got = secp256k1.schnorr.verify_many(*map(list, zip(*batch, strict=True)), device=isa)
    expected = [schnorr.verify(*check) for check in batch]
    assert got.codes.tolist() == expected
    assert list(got) == [Verdict(code) for code in expected]
    assert got.failed.tolist() == [i for i, code in enumerate(expected) if code != schnorr.OK]


def test_hostile_bytes(isa: str) -> None:
    @PROPERTY
    @given(st.lists(checks(), min_size=1, max_size=20))
    def run(batch: list[Check]) -> None:
        assert_like_the_reference(batch, isa)

    run()


def test_random_bytes(isa: str) -> None:
    """No structure at all, thousands at a time; the short lengths are where parsers overrun."""
    rng = random.Random("bytes")
    batch = [
        (
            rng.randbytes(rng.choice([0, 1, 31, 32, 32, 33])),
            rng.randbytes(rng.choice([0, 1, 63, 64, 64, 65])),
            rng.randbytes(rng.randrange(200)),
        )
        for _ in range(3000)
    ]
    assert_like_the_reference(batch, isa)


def test_every_prefix_of_a_valid_item(isa: str) -> None:
    """Cut anywhere, key, signature and message get verdicts and nothing beyond them is read."""
    item = next(item for item in valid_items(100) if len(item.message) == 300)
    batch = [(item.key[:cut], item.signature, item.message) for cut in range(32)]
    batch += [(item.key, item.signature[:cut], item.message) for cut in range(64)]
    batch += [(item.key, item.signature, item.message[:cut]) for cut in range(300)]
    assert_like_the_reference(batch, isa)


def test_every_changed_bit_is_noticed(isa: str) -> None:
    """One valid item, each bit of signature and message flipped; and of the key."""
    item = valid_items(1)[0]
    keys, signatures, messages = [], [], []
    whole = item.key + item.signature + item.message
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        keys.append(bytes(changed[:32]))
        signatures.append(bytes(changed[32:96]))
        messages.append(bytes(changed[96:]))
    got = secp256k1.schnorr.verify_many(keys, signatures, messages, device=isa)
    assert got.count(Verdict.OK) == 0
    accepted = [
        libsecp256k1_accepts(*each) for each in zip(keys, signatures, messages, strict=True)
    ]
    assert not any(accepted)
    assert set(got[256:]) <= {Verdict.BAD_SIGNATURE, Verdict.MISMATCH}
    assert set(got[768:]) == {Verdict.MISMATCH}


# ---- Messages of any length ----


def signed_messages(lengths: list[int]) -> list[Item]:
    rng = random.Random("messages")
    items = []
    for length in lengths:
        secret, message = rng.randbytes(32), rng.randbytes(length)
        key = PrivateKey(secret).public_key_xonly.format()
        signature = libsecp256k1_sign(secret, message)
        items.append(Item("signed", key, signature, message, schnorr.OK))
    return items


def test_every_length_of_message(isa: str) -> None:
    items = signed_messages(list(range(260)))
    assert secp256k1.schnorr.verify_many(*columns(items), device=isa).all_ok
    assert secp256k1.schnorr.verify_many(*columns(items[::-1]), device=isa).all_ok
    moved = [items[i - 1].message for i in range(len(items))]
    keys, signatures, _ = columns(items)
    got = secp256k1.schnorr.verify_many(keys, signatures, moved, device=isa)
    assert set(got) == {Verdict.MISMATCH}


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 119, 120, 1000])
@pytest.mark.parametrize("n", [1, 3, 8, 9, 17, 33])
def test_packed_messages_of_one_length(isa: str, length: int, n: int) -> None:
    items = signed_messages([length] * n)
    keys, signatures, messages = columns(items)
    packed = np.frombuffer(b"".join(messages), np.uint8).reshape(n, length)
    for column in (messages, packed, (b"".join(messages), np.arange(n + 1) * length)):
        assert secp256k1.schnorr.verify_many(keys, signatures, column, device=isa).all_ok
    if length:
        changed = packed.copy()
        changed[n // 2, -1] ^= 1
        got = secp256k1.schnorr.verify_many(keys, signatures, changed, device=isa)
        assert got.failed.tolist() == [n // 2]


@pytest.mark.parametrize("position", [0, 5, 16, 20])
def test_long_messages_among_short_ones(isa: str, position: int) -> None:
    lengths = [32] * 21
    lengths[position] = 100_000
    lengths[position - 1] = 12_345
    items = signed_messages(lengths)
    assert secp256k1.schnorr.verify_many(*columns(items), device=isa).all_ok
    long = items[position]
    changed = Item("changed", long.key, long.signature, long.message[:-1] + b"\0", schnorr.MISMATCH)
    items[position] = changed
    got = secp256k1.schnorr.verify_many(*columns(items), device=isa)
    assert got.failed.tolist() == ([position] if long.message[-1] else [])


def test_random_ragged_messages(isa: str) -> None:
    """More than two blocks, of lengths that no order has: heads go with their messages."""
    rng = random.Random("ragged")
    items = signed_messages([rng.choice([rng.randrange(300), 32, 3000]) for _ in range(1300)])
    for index in range(0, 1300, 9):
        item = items[index]
        items[index] = Item("x", item.key, item.signature, item.message + b"x", schnorr.MISMATCH)
    keys, signatures, messages = columns(items)
    offsets = np.cumsum([5, *map(len, messages)])
    ragged = b"?" * 5 + b"".join(messages), offsets
    for column in (messages, ragged):
        got = secp256k1.schnorr.verify_many(keys, signatures, column, device=isa)
        assert got.codes.tolist() == [item.verdict for item in items]


# ---- Sizes, threads, one item ----


@pytest.mark.parametrize("n", SIZES)
def test_sizes(isa: str, n: int) -> None:
    items = honest_items()[:n]
    assert len(items) == n
    expected = [item.verdict for item in items]
    keys, signatures, messages = columns(items)
    got = secp256k1.schnorr.verify_many(keys, signatures, messages, device=isa)
    assert got.codes.tolist() == expected
    assert len(got) == n
    joined = b"".join(keys), b"".join(signatures)
    packed = secp256k1.schnorr.verify_many(*joined, messages, device=isa)
    assert packed.codes.tolist() == expected


@pytest.mark.parametrize("threads", [1, 2, 3, 7, None])
def test_workers_do_not_change_verdicts(isa: str, threads: int | None) -> None:
    items = honest_items()
    got = secp256k1.schnorr.verify_many(*columns(items), device=isa, threads=threads)
    assert got.codes.tolist() == [item.verdict for item in items]


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_verify_one(isa: str, convert: type) -> None:
    for item in honest_items()[:40]:
        arguments = [convert(part) for part in (item.key, item.signature, item.message)]
        call = partial(secp256k1.schnorr.verify, *arguments, device=isa)
        assert verdict_of(call) == item.verdict


def test_verify_one_takes_hostile_bytes(isa: str) -> None:
    @PROPERTY
    @given(checks())
    def run(check: Check) -> None:
        call = partial(secp256k1.schnorr.verify, *check, device=isa)
        assert verdict_of(call) == schnorr.verify(*check)

    run()
