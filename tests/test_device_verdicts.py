"""Verdicts are the same on every device: all schemes, honest items and every kind of fault, in all
forms of keys and signatures, mixed.

20,000 items on a device that computes on the CPU, 1,000,000 on any other; VERILANE_MIXED names
another number.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from verilane import Verdicts, _devices, _samples, devices, ed25519, p256, secp256k1, sm2, use
from verilane._known_points import GROUPS
from verilane._points import shares_cores
from verilane._trust import Trusted

ON_CPU, ELSEWHERE = 20_000, 1_000_000
# Blocks of which an eighth is left to the CPU are not the device's for long (_offload.py).
FAULTS = 0.09

Item = list[bytes]
Fault = Callable[[Item, Item, random.Random], None]


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _bytes(number: int) -> bytes:
    return (number % 2**256).to_bytes(32, "big")


# ---- Faults: each changes an item in place. Item: key, signature, message ----


def flip(place: int) -> Fault:
    def fault(item: Item, other: Item, rng: random.Random) -> None:
        data = bytearray(item[place])
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        item[place] = bytes(data)

    return fault


def length(place: int) -> Fault:
    def fault(item: Item, other: Item, rng: random.Random) -> None:
        data = item[place]
        item[place] = rng.choice([data[:-1], data[1:], data + b"\0", b"", data * 2])

    return fault


def swap(place: int) -> Fault:
    def fault(item: Item, other: Item, rng: random.Random) -> None:
        item[place] = other[place]

    return fault


def extremes(place: int) -> Fault:
    """Half of a signature, or the first 32 bytes of a key."""

    def fault(item: Item, other: Item, rng: random.Random) -> None:
        n = rng.choice([GROUPS[name].order for name in GROUPS])
        p = rng.choice([2**256 - 2**32 - 977, 2**255 - 19, 2**256 - 1])
        number = rng.choice([0, 1, n - 1, n, n + 1, p - 1, p, p + 1, 2**256 - 1])
        half = _bytes(number) if rng.random() < 0.5 else _bytes(number)[::-1]
        data = item[place]
        at = rng.choice([0, 32]) if len(data) == 64 else len(data) % 32
        item[place] = data[:at] + half + data[at + 32 :]

    return fault


def other_sign(item: Item, other: Item, rng: random.Random) -> None:
    """s becomes -s: ECDSA takes that, nothing else does."""
    name = rng.choice(list(GROUPS))
    s = -_int(item[1][32:]) % GROUPS[name].order
    item[1] = item[1][:32] + _bytes(s)


def small_order(item: Item, other: Item, rng: random.Random) -> None:
    """Ed25519: some rules take this for every message, some refuse it."""
    key = rng.choice([_bytes(1)[::-1], bytes(32), (2**255 - 20).to_bytes(32, "little")])
    item[0], item[1] = key, rng.choice([_bytes(1)[::-1], key]) + bytes(32)


ANY: list[Fault] = [
    *(flip(place) for place in (0, 1, 2)),
    *(length(place) for place in (0, 1)),
    *(swap(place) for place in (0, 1, 2)),
    extremes(0),
    extremes(1),
    other_sign,
]


# ---- Forms ----


def point_key(key: bytes, rng: random.Random) -> bytes:
    """x, y in one of its three forms."""
    if len(key) != 64:
        return key
    form = rng.randrange(3)
    if form == 0:
        return bytes([2 + key[63] % 2]) + key[:32]
    return key if form == 1 else b"\x04" + key


def same(key: bytes, rng: random.Random) -> bytes:
    return key


def der(signature: bytes) -> bytes:
    def integer(data: bytes) -> bytes:
        body = data.lstrip(b"\0") or b"\0"
        body = b"\0" + body if body[0] & 0x80 else body
        return bytes([2, len(body)]) + body

    if len(signature) != 64:
        return signature
    body = integer(signature[:32]) + integer(signature[32:])
    return bytes([0x30, len(body)]) + body


@dataclass(frozen=True)
class Kind:
    name: str
    scheme: str
    verify: Callable[..., Verdicts]
    faults: tuple[Fault, ...]
    key: Callable[[bytes, random.Random], bytes] = same
    signature: Callable[[bytes], bytes] = lambda signature: signature
    verdicts: tuple[int, ...] = (1, 2, 3, 5)


def _sm2_digests(keys: Any, signatures: Any, digests: Any, **options: Any) -> Verdicts:
    return sm2.verify_many(keys, signatures, digests=digests, **options)


K1 = secp256k1.ecdsa.verify_many
WITH_DIGESTS = (*ANY, length(2))
KINDS = [
    Kind("k1", "secp256k1.ecdsa", K1, WITH_DIGESTS, point_key, verdicts=(1, 2, 3, 4, 5)),
    Kind(
        "k1, DER, low s",
        "secp256k1.ecdsa",
        partial(K1, encoding="der", low_s=True),
        WITH_DIGESTS,
        point_key,
        der,
        (1, 2, 3, 4, 5),
    ),
    Kind("p256", "p256.ecdsa", p256.ecdsa.verify_many, WITH_DIGESTS, point_key),
    Kind("sm2", "sm2", _sm2_digests, WITH_DIGESTS, point_key),
    Kind("bip340", "secp256k1.schnorr", secp256k1.schnorr.verify_many, tuple(ANY)),
    *(
        Kind(
            f"ed25519, {rule}",
            "ed25519",
            partial(ed25519.verify_many, rule=rule),
            (*ANY, small_order),
        )
        for rule in (ed25519.ZIP215, ed25519.RFC8032, ed25519.OPENSSL, ed25519.STRICT)
    ),
]


def mixed(kind: Kind, numbers: range) -> list[list[bytes]]:
    """Columns of so many items."""
    rng = random.Random(f"{kind.name} {numbers}")
    made = _samples.made(kind.scheme, numbers)
    items = [list(row) for row in zip(*([r.tobytes() for r in c] for c in made), strict=True)]
    honest = [tuple(item) for item in items]
    for item in items:
        if rng.random() < FAULTS:
            rng.choice(kind.faults)(item, list(rng.choice(honest)), rng)
        item[0], item[1] = kind.key(item[0], rng), kind.signature(item[1])
    return [list(column) for column in zip(*items, strict=True)]


class Counted:
    """How many items devices were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.items = 0
        launch = Trusted.launch

        def counting(trusted: Trusted, *rest: Any, **options: Any) -> Any:
            started = launch(trusted, *rest, **options)
            self.items += 0 if started is None else len(started.items)
            return started

        monkeypatch.setattr(Trusted, "launch", counting)


@pytest.fixture(scope="module", params=[each.name for each in devices() if each.kind != "cpu"])
def device(request: pytest.FixtureRequest) -> str:
    missing = next(each.missing for each in devices() if each.name == request.param)
    if missing is not None:
        pytest.skip(f"{request.param}: {missing}")
    return str(request.param)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_verdicts_are_those_of_the_cpu(
    kind: Kind, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = _devices.trusted_of(device)
    assert trusted is not None
    usual = ON_CPU if shares_cores(trusted.points) else ELSEWHERE
    total = -(-int(os.environ.get("VERILANE_MIXED", usual)) // len(KINDS))
    counted, seen = Counted(monkeypatch), 0
    for start in range(0, total, 1 << 16):
        numbers = range(start, min(start + (1 << 16), total))
        columns = mixed(kind, numbers)
        expected = kind.verify(*columns, device="cpu:scalar" if total < 10_000 else "cpu").numpy()
        found = kind.verify(*columns, device=device).numpy()
        assert (found == expected).all(), np.flatnonzero(found != expected)[:9]
        assert set(kind.verdicts) <= set(expected.tolist())
        seen += int((expected == 1).sum())
        if start == 0 and kind.scheme in ("secp256k1.ecdsa", "secp256k1.schnorr"):
            with use(device, strict=True):
                part = slice(0, 500)
                strict = kind.verify(*(column[part] for column in columns)).numpy()
            assert (strict == expected[part]).all()
    assert counted.items > 0.85 * seen, "what is valid was the device's, if its R is its own"
    assert trusted.missing is None
