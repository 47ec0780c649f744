"""Items with a known verdict for the BIP-340 tests: honest ones, and hostile ones on purpose."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from coincurve import PrivateKey, PublicKeyXOnly
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

from reference import schnorr
from reference.schnorr import challenge, even, number_bytes, point_bytes
from reference.secp256k1 import BETA, LAMBDA, N, P, lift_x, multiply_base
from signed import SignedMessage, columns, first_of_each_kind
from verilane import _cpu_signatures
from verilane._columns import column
from verilane._devices import isa_of


@dataclass(frozen=True)
class Item(SignedMessage):
    """One signature check and the verdict that it must get."""

    verdict: int


def codes_of(items: list[Item], isa: str | None, *, equation: bool) -> list[int]:
    """Verdicts by the batch equation, however few the items are, or one by one."""
    k, s, m = (column("items", part, widths=None) for part in columns(items))
    verdicts, flags = np.zeros(len(items), np.uint8), _cpu_signatures.EQUATION_ALWAYS
    work = _cpu_signatures.schnorr_verify(
        verdicts, k, s, m, flags=flags, equations=equation, isa=isa_of(isa)
    )
    work(0, len(items))
    return verdicts.tolist()


# ---- Peers ----


def libsecp256k1_sign(secret: bytes, message: bytes) -> bytes:
    """Signs a message of any length."""
    context, pair, signature = GLOBAL_CONTEXT.ctx, ffi.new("secp256k1_keypair *"), bytearray(64)
    assert lib.secp256k1_keypair_create(context, pair, secret)
    out = ffi.from_buffer("unsigned char[]", signature)
    size = len(message)
    assert lib.secp256k1_schnorrsig_sign_custom(context, out, message, size, pair, ffi.NULL)
    return bytes(signature)


def libsecp256k1_accepts(key: bytes, signature: bytes, message: bytes) -> bool:
    """What libsecp256k1 says; False too for what its parsers refuse."""
    if len(key) != 32:  # coincurve does not ask
        return False
    try:
        return PublicKeyXOnly(key).verify(signature, message)
    except ValueError:
        return False


# ---- Honest items ----

LENGTHS = (32, 0, 1, 31, 33, 54, 55, 56, 63, 64, 65, 100, 119, 120, 128, 300)


@cache
def honest_items(count: int = 1100) -> list[Item]:
    """Signed by libsecp256k1: half of the messages 32 bytes long; every 5th is another message."""
    rng = random.Random("honest")
    items = []
    for index in range(count):
        secret = rng.randbytes(32)
        message = rng.randbytes(LENGTHS[index // 2 % len(LENGTHS)] if index % 2 else 32)
        signature = libsecp256k1_sign(secret, message)
        key = PrivateKey(secret).public_key_xonly.format()
        forged = index % 5 == 4
        verdict = schnorr.MISMATCH if forged else schnorr.OK
        items.append(Item("honest", key, signature, message + b"!" * forged, verdict))
    return items


def valid_items(count: int) -> list[Item]:
    return [item for item in honest_items() if item.verdict == schnorr.OK][:count]


# ---- Hostile items ----


def signed(name: str, secret: int, nonce: int, message: bytes = b"signed") -> Item:
    signature = schnorr.sign(secret, message, nonce)
    return Item(name, point_bytes(even(secret)[1]), signature, message, schnorr.OK)


def with_r(name: str, secret: int, r: int, factor: int, message: bytes = b"with r") -> Item:
    """s = factor e d for any r: R = (factor - 1) e P, infinite for factor = 1."""
    d, point = even(secret)
    key = point_bytes(point)
    s = factor * challenge(number_bytes(r), key, message) * d % N
    return Item(name, key, number_bytes(r) + number_bytes(s), message, schnorr.MISMATCH)


def _small_and_special() -> Iterator[Item]:
    """P = d G and R = k G for d and k small, powers of two, or moved by the endomorphism."""
    numbers = [*range(1, 9), 16, 17, 31, 32, 2**11, 2**128, N // 2, LAMBDA, LAMBDA**2, LAMBDA + 1]
    numbers += [2 * LAMBDA, BETA, N - 2, N - 3]
    for d in numbers:
        for k in (1, 2, 3, d, 2 * d, N // 3):
            yield signed(f"P = d G, R = k G:{d},{k}", d, k)


def _infinite_and_doubled() -> Iterator[Item]:
    """s G = e P (R infinite) and s G = -e P (the last addition doubles)."""
    rng = random.Random("infinite")
    secrets = [1, 2, 3, N - 1, LAMBDA, *(rng.randrange(1, N) for _ in range(4))]
    for secret in secrets:
        x = multiply_base(rng.randrange(1, N))[0]
        for r in (x, 0, 1, point_x(secret), N, P - 1):
            yield with_r(f"R infinite:{secret},{r}", secret, r, 1)
            yield with_r(f"R = -2 e P:{secret},{r}", secret, r, -1)
            yield with_r(f"s = 0:{secret},{r}", secret, r, 0)
            yield with_r(f"R = e P:{secret},{r}", secret, r, 2)


def point_x(secret: int) -> int:
    return multiply_base(secret)[0]


def _wrong_signs() -> Iterator[Item]:
    """R of odd y, s negated, e negated, R's x taken from -R's signature: one sign wrong each."""
    rng = random.Random("signs")
    for trial in range(6):
        d, point = even(rng.randrange(1, N))
        k, r_point = even(rng.randrange(1, N))
        key, r, message = point_bytes(point), point_bytes(r_point), b"signs%d" % trial
        e = challenge(r, key, message)
        for name, s in (
            ("R of odd y", -k + e * d),
            ("s negated", -k - e * d),
            ("e negated", k - e * d),
            ("e + 1", k + (e + 1) * d),
        ):
            signature = r + number_bytes(s % N)
            yield Item(f"{name}:{trial}", key, signature, message, schnorr.MISMATCH)


def _ranges() -> Iterator[Item]:
    good = signed("good", 11, 13)
    r, s = good.signature[:32], good.signature[32:]
    for value in (P, P + 1, 2**256 - 1, P + int.from_bytes(r, "big") % 900):
        bad = number_bytes(value)
        yield Item(f"r too large:{value}", good.key, bad + s, good.message, schnorr.BAD_SIGNATURE)
    for value in (N, N + 1, P, 2**256 - 1):
        bad = number_bytes(value)
        yield Item(f"s too large:{value}", good.key, r + bad, good.message, schnorr.BAD_SIGNATURE)
    both = number_bytes(P) + number_bytes(N)
    yield Item("r and s too large", good.key, both, good.message, schnorr.BAD_SIGNATURE)
    for value in (0, 1, N - 1, N, N + 1, P - 1):
        other = number_bytes(value)
        yield Item(f"r in range:{value}", good.key, other + s, good.message, schnorr.MISMATCH)
    for value in (0, 1, N - 1, N // 2):
        other = number_bytes(value)
        yield Item(f"s in range:{value}", good.key, r + other, good.message, schnorr.MISMATCH)
    yield Item("all zero", good.key, bytes(64), good.message, schnorr.MISMATCH)


def _keys() -> Iterator[Item]:
    good = signed("good", 11, 13)
    no_point = [x for x in range(40) if lift_x(x, 0) is None][:6]
    assert no_point[0] == 0
    beyond = [P + x for x in range(1, 8) if lift_x(x, 0)]
    for x in [*no_point, P, *beyond, 2**256 - 1, P - 1 if lift_x(P - 1, 0) is None else P]:
        key = number_bytes(x)
        yield Item(f"key without point:{x}", key, good.signature, good.message, schnorr.BAD_KEY)
    key = good.key
    wrong = [b"", key[:31], key + b"\0", b"\x02" + key, b"\x03" + key, 2 * key, b"\x04" + 2 * key]
    for each in wrong:
        name = f"key of {len(each)} bytes:{each[:1].hex()}"
        yield Item(name, each, good.signature, good.message, schnorr.BAD_KEY)
    yield Item("key and signature bad", bytes(32), b"", good.message, schnorr.BAD_KEY)
    yield Item("key and range bad", bytes(32), b"\xff" * 64, good.message, schnorr.BAD_KEY)
    other = point_bytes(multiply_base(12))
    yield Item("another key", other, good.signature, good.message, schnorr.MISMATCH)


def _lengths() -> Iterator[Item]:
    good = signed("good", 11, 13)
    for cut in (0, 1, 32, 63):
        signature = good.signature[:cut]
        yield Item(f"signature cut:{cut}", good.key, signature, good.message, schnorr.BAD_SIGNATURE)
    for more in (b"\0", b"\1", bytes(64)):
        signature = good.signature + more
        yield Item(
            f"signature longer:{more.hex()}",
            good.key,
            signature,
            good.message,
            schnorr.BAD_SIGNATURE,
        )
    for message in (b"", good.message[:-1], good.message + b"\0", b"\x80" + bytes(55), bytes(119)):
        name = f"message changed:{len(message)}"
        yield Item(name, good.key, good.signature, message, schnorr.MISMATCH)


@cache
def hostile_items() -> tuple[Item, ...]:
    return (
        *_small_and_special(),
        *_infinite_and_doubled(),
        *_wrong_signs(),
        *_ranges(),
        *_keys(),
        *_lengths(),
    )


def one_of_each_kind() -> list[Item]:
    return first_of_each_kind(hostile_items())


# ---- Related points, which meet as equal or opposite ones in sums ----

RELATED: dict[str, Callable[[int], tuple[int, int]]] = {
    "progression": lambda i: (10**6 + i, 3 * 10**6 + i),
    "R = P": lambda i: (10**6 + i, 10**6 + i),
    "R = -P": lambda i: (10**6 + i, N - 10**6 - i),
    "one key": lambda i: (5, 10**6 + i),
    "one R": lambda i: (10**6 + i, 5),
    "lambda": lambda i: (pow(LAMBDA, i, N), pow(LAMBDA, i + 1, N)),
    "powers of two": lambda i: (2**i, 2 ** (i + 1)),
    "G": lambda i: ((1, N - 1)[i % 2], (1, 2, N - 1)[i % 3]),
}


@cache
def related(kind: str) -> list[Item]:
    """200 valid items whose secrets and nonces are RELATED[kind]."""
    numbers = [RELATED[kind](i) for i in range(200)]
    return [signed(kind, d % N, k % N, b"%d" % i) for i, (d, k) in enumerate(numbers)]
