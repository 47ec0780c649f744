"""Ed25519 items for the tests: honest ones and ones made on purpose. Their verdicts under every
rule are the reference's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from nacl.signing import SigningKey

from reference.ed25519 import (
    BAD_KEY,
    BAD_SIGNATURE,
    MISMATCH,
    OK,
    RULES,
    TORSION,
    B,
    L,
    P,
    Point,
    add,
    decode,
    encode,
    encodings,
    hash_scalar,
    is_canonical,
    multiply,
    verify,
)
from signed import SignedMessage, first_of_each_kind
from signed import columns as columns
from verilane import _cpu_signatures
from verilane._columns import column
from verilane._devices import isa_of

NAMES = {rule: rule.lower() for rule in RULES}  # as verilane.ed25519 calls them


@dataclass(frozen=True)
class Item(SignedMessage):
    """One signature check. verdicts: by rule, as reference.ed25519.RULES names them."""

    verdicts: dict[str, int]


def item(name: str, key: bytes, signature: bytes, message: bytes) -> Item:
    verdicts = {rule: verify(key, signature, message, rule) for rule in RULES}
    return Item(name, key, signature, message, verdicts)


def codes_of(
    columns: tuple[Any, Any, Any], isa: str | None, *, equation: bool, rule: str = "ZIP215"
) -> list[int]:
    """The verdicts of columns by one way: lanes alone, or batch equations whatever the size."""
    k, s, m = (column("items", x, widths=None) for x in columns)
    verdicts = np.zeros(k.n, np.uint8)
    _cpu_signatures.ed25519_verify(
        verdicts,
        k,
        s,
        m,
        rule=_cpu_signatures.ED25519_RULES[NAMES[rule]],
        flags=_cpu_signatures.EQUATION_ALWAYS if equation else 0,
        equations=equation,
        isa=isa_of(isa),
    )(0, k.n)
    return verdicts.tolist()


# ---- Honest items ----


@cache
def honest_items(count: int = 600) -> list[Item]:
    """Signed by libsodium; every 5th has another message. Lengths of messages cross blocks."""
    rng = random.Random("honest")
    items = []
    for index in range(count):
        signer = SigningKey(rng.randbytes(32))
        message = rng.randbytes(rng.choice([0, 1, 32, 47, 48, 63, 64, 111, 112, 175, 176, 500]))
        signature = signer.sign(message).signature
        forged = index % 5 == 4
        message = rng.randbytes(33) if forged else message
        verdicts = dict.fromkeys(RULES, MISMATCH if forged else OK)
        items.append(Item("honest", bytes(signer.verify_key), signature, message, verdicts))
    return items


# ---- Items made on purpose ----

RNG = random.Random("Ed25519 items")
SECRET = RNG.randrange(L)
NONCE = RNG.randrange(L)
A, R = multiply(SECRET, B), multiply(NONCE, B)


def signed(key: bytes, r: bytes, message: bytes, secret: int = SECRET, nonce: int = NONCE) -> bytes:
    """R || S with S = nonce + k secret: what these encodings of A and R have beside secret B and
    nonce B stays in the equation.
    """
    return r + ((nonce + hash_scalar(r, key, message) * secret) % L).to_bytes(32, "little")


def _torsion() -> Iterator[Item]:
    """A + T and R + U for all T and U of small order, k mod 8 as it falls and k mod 8 = 0."""
    for i, t in enumerate(TORSION):
        key = encode(add(A, t))
        for j, u in enumerate(TORSION):
            r = encode(add(R, u))
            message = b"torsion %d %d" % (i, j)
            yield item(f"A + T, R + U:{i},{j}", key, signed(key, r, message), message)
        for residue in range(8):
            r, trial = encode(R), 0
            while hash_scalar(r, key, b"%d" % trial) % 8 != residue:
                trial += 1
            message = b"%d" % trial
            yield item(f"A + T, k mod 8:{i},{residue}", key, signed(key, r, message), message)


def _small_order() -> Iterator[Item]:
    """A or R of small order, or both, in every encoding."""
    small = [encoding for t in TORSION for encoding in encodings(t)]
    for i, key in enumerate(small):
        for message in (b"a", b"b"):
            yield item(f"A small:{i}", key, signed(key, encode(R), message, secret=0), message)
        r = RNG.choice(small)
        yield item(f"A and R small:{i}", key, signed(key, r, b"c", 0, 0), b"c")
        yield item(f"A small, R = O:{i}", key, signed(key, encode(TORSION[0]), b"", 0, 0), b"")
    for i, r in enumerate(small):
        key = encode(A)
        yield item(f"R small:{i}", key, signed(key, r, b"d", nonce=0), b"d")
        yield item(f"R small, S = 0:{i}", key, r + bytes(32), b"e")


def _not_canonical() -> Iterator[Item]:
    """y >= p: only a few of these are points, and of large order hardly any."""
    for y in range(P, 2**255):
        for sign in (0, 1):
            data = (y | sign << 255).to_bytes(32, "little")
            key = encode(A)
            yield item(f"y of A >= p:{y - P},{sign}", data, signed(data, encode(R), b"f"), b"f")
            yield item(f"y of R >= p:{y - P},{sign}", key, signed(key, data, b"g"), b"g")


def _no_points() -> Iterator[Item]:
    good = signed(encode(A), encode(R), b"h")
    for y in (*range(40), *range(P - 40, 2**255)):
        if decode(y.to_bytes(32, "little")) is not None:
            continue
        data = (y | RNG.getrandbits(1) << 255).to_bytes(32, "little")
        yield item(f"A no point:{y:x}", data, good, b"h")
        yield item(f"R no point:{y:x}", encode(A), signed(encode(A), data, b"i"), b"i")
        yield item(f"A and R no points:{y:x}", data, data + good[32:], b"j")
        yield item(f"A no point, S >= L:{y:x}", data, good[:32] + b"\xff" * 32, b"k")


def _range_of_s() -> Iterator[Item]:
    key, r = encode(A), encode(R)
    good = signed(key, r, b"l")
    s = int.from_bytes(good[32:], "little")
    for value in (s + L, s + 2 * L, s + 8 * L, s + 15 * L, L, L + 1, 2**253, 2**255, 2**256 - 1):
        yield item(f"S >= L:{value:x}", key, r + value.to_bytes(32, "little"), b"l")
    for value in (0, 1, L - 1, L - s, s ^ 1, s ^ 2**251):
        yield item(f"S other:{value:x}", key, r + value.to_bytes(32, "little"), b"l")
    zero = signed(key, r, b"", nonce=0)
    yield item("S = 0, R = O", encode(TORSION[0]), encode(TORSION[0]) + bytes(32), b"")
    yield item("R = O", key, signed(key, encode(TORSION[0]), b"", nonce=0), b"")
    yield item("R = B", key, signed(key, encode(B), b"", nonce=1), b"")
    yield item("A = B", encode(B), signed(encode(B), r, b"", secret=1), b"")
    yield item("R wrong, nonce 0", key, zero, b"")


def _mutations() -> Iterator[Item]:
    key, message = encode(A), b"a message of some length"
    good = signed(key, encode(R), message)
    yield item("as made", key, good, message)
    for bit in (0, 1, 100, 254, 255):
        changed = bytearray(key)
        changed[bit // 8] ^= 1 << bit % 8
        yield item(f"bit of A:{bit}", bytes(changed), good, message)
    for bit in (0, 1, 100, 254, 255, 256, 300, 507, 508, 511):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        yield item(f"bit of R or S:{bit}", key, bytes(changed), message)
    for other in (message + b"\0", message[:-1], b"", b"b" + message[1:]):
        yield item(f"message:{other!r}", key, good, other)
    minus = encode((-A[0] % P, A[1]))
    yield item("-A", minus, good, message)
    minus = encode((-R[0] % P, R[1]))
    yield item("-R", key, minus + good[32:], message)


def _lengths() -> Iterator[Item]:
    key, message = encode(A), b"m"
    good = signed(key, encode(R), message)
    for size in (0, 1, 31, 33, 64):
        yield item(f"length of A:{size}", (key * 2)[:size], good, message)
    for size in (0, 1, 32, 63, 65, 128):
        yield item(f"length of signature:{size}", key, (good * 2)[:size], message)
    yield item("both lengths", key[:31], good[:63], message)


@cache
def special_items() -> list[Item]:
    groups = (_torsion, _small_order, _not_canonical, _no_points, _range_of_s, _mutations, _lengths)
    return [made for group in groups for made in group()]


@cache
def one_of_each_kind() -> list[Item]:
    return first_of_each_kind(special_items())


def has_torsion(point: Point) -> bool:
    return multiply(L, point) != (0, 1)


def is_plain(made: Item) -> bool:
    """Whether no rule can matter: A and R canonical, decodable, and without any part of small
    order.
    """
    if len(made.key) != 32 or len(made.signature) != 64:
        return True
    for data in (made.key, made.signature[:32]):
        point = decode(data)
        if point is None:
            continue
        if not is_canonical(data) or has_torsion(point) or point in TORSION:
            return False
    return True


__all__ = ["BAD_KEY", "BAD_SIGNATURE", "MISMATCH", "OK"]
