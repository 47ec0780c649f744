"""Items with a known verdict for the ECDSA tests: honest ones, and ones with chosen internals.

How internals are chosen: take any u1, u2 and a key Q = q G with known q. R = (u1 + u2 q) G,
r = R.x mod n, s = r / u2, e = u1 s. Then (r, s) is a valid signature of the digest e, and the
verifier's two scalars are u1 and u2.
"""

import random
from dataclasses import dataclass
from functools import cache

from coincurve import PrivateKey

from reference import ecdsa
from reference.secp256k1 import N, Point, add, encode_point, multiply, multiply_base, negate


@dataclass(frozen=True)
class Item:
    """One signature check and the verdict that it must get (compact encoding, no options)."""

    name: str
    key: bytes
    signature: bytes
    digest: bytes
    verdict: int
    scalars: tuple[int, int, int] | None = None  # u1, u2 and q, where they were chosen

    @property
    def kind(self) -> str:
        """The name up to its colon: items of one kind differ in numbers only."""
        return self.name.split(":")[0]


# ---- Honest items ----


def negated_s(signature: bytes) -> bytes:
    """(r, n - s) of a compact signature (r, s)."""
    return signature[:32] + (N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


@cache
def honest_items(count: int = 1100) -> list[Item]:
    """Signed by libsecp256k1: three forms of keys, every 7th s high, every 5th digest another."""
    rng = random.Random("honest")
    items = []
    for index in range(count):
        private = PrivateKey(rng.randbytes(32))
        digest = rng.randbytes(32)
        signature = private.sign_recoverable(digest, hasher=None)[:64]
        if index % 7 == 3:
            signature = negated_s(signature)
        key = private.public_key.format(compressed=index % 3 == 0)[index % 3 == 2 :]
        forged = index % 5 == 4
        verdict = ecdsa.MISMATCH if forged else ecdsa.OK
        digest = rng.randbytes(32) if forged else digest
        items.append(Item("honest", key, signature, digest, verdict))
    return items


# ---- Items with chosen internals ----


def from_scalars(name: str, u1: int, u2: int, q: int, *, shift_digest: bool = False) -> Item:
    """The item whose verification computes u1 G + u2 Q with Q = q G.

    Where the sum is infinite no signature is valid, and the item (with an arbitrary r) is a
    MISMATCH. shift_digest: the digest is e + n, when that fits.
    """
    u1, u2, q = u1 % N, u2 % N, q % N
    assert u2 * q
    point = multiply_base(u1 + u2 * q)
    r = 0x1234567 if point is None else point[0] % N
    s = r * pow(u2, -1, N) % N
    e = u1 * s % N
    if shift_digest and e + N < 2**256:
        e += N
    form = ("compressed", "uncompressed", "raw")[(u1 ^ u2) % 3]
    key = encode_point(multiply_base(q), form)
    verdict = ecdsa.MISMATCH if point is None else ecdsa.OK
    digest = e.to_bytes(32, "big")
    return Item(name, key, ecdsa.compact(r, s), digest, verdict, (u1, u2, q))


def from_point(name: str, point: Point, r: int, u1: int, u2: int, verdict: int) -> Item:
    """The item that computes R = point, of unknown logarithm, for r: Q = (R - u1 G) / u2."""
    key = multiply(pow(u2, -1, N), add(point, negate(multiply_base(u1))))
    s = r * pow(u2, -1, N) % N
    digest = (u1 * s % N).to_bytes(32, "big")
    return Item(name, encode_point(key), ecdsa.compact(r, s), digest, verdict)


# Two short vectors of the lattice below.
GLV_BASIS = (
    (0x3086D221A7D46BCDE86C90E49284EB15, -0xE4437ED6010E88286F547FA90ABFE4C3),
    (0x114CA50F7A8E2F3F657C1108D9D44CFD8, 0x3086D221A7D46BCDE86C90E49284EB15),
)


def glv_split(k: int) -> tuple[int, int]:
    """(k1, k2) with k = k1 + LAMBDA k2 mod n and both below 2^128 in size.

    k minus the nearest point of the lattice {(a, b): a + LAMBDA b = 0 mod n}: the Guide to
    Elliptic Curve Cryptography, algorithm 3.74.
    """
    (a1, b1), (a2, b2) = GLV_BASIS
    c1, c2 = (2 * b2 * k + N) // (2 * N), (-2 * b1 * k + N) // (2 * N)
    return k - c1 * a1 - c2 * a2, -c1 * b1 - c2 * b2
