"""Items with a known verdict for the ECDSA tests: honest ones, and ones with chosen internals.

How internals are chosen: take any u1, u2 and a key Q = q G with known q. R = (u1 + u2 q) G,
r = R.x mod n, s = r / u2, e = u1 s. Then (r, s) is a valid signature of the digest e, and the
verifier's two scalars are u1 and u2.
"""

import random
from dataclasses import dataclass
from functools import cache

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reference import ecdsa
from reference.secp256k1 import CURVE as SECP256K1
from reference.secp256k1 import N
from reference.weierstrass import Curve, Point
from signed import Signed


@dataclass(frozen=True)
class Item(Signed):
    """One signature check and the verdict that it must get (compact encoding, no options)."""

    digest: bytes
    verdict: int
    scalars: tuple[int, int, int] | None = None  # u1, u2 and q, where they were chosen


def columns(items: list[Item]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Keys, signatures, digests."""
    return [x.key for x in items], [x.signature for x in items], [x.digest for x in items]


# ---- Honest items ----


def negated_s(signature: bytes, curve: Curve = SECP256K1) -> bytes:
    """(r, n - s) of a compact signature (r, s)."""
    return signature[:32] + (curve.N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


@cache
def honest_items(count: int = 1100, curve: Curve = SECP256K1) -> list[Item]:
    """Signed by libsecp256k1, or OpenSSL: three forms of keys, every 7th s high, every 5th digest
    another.
    """
    rng = random.Random("honest")
    items = []
    for index in range(count):
        digest, secret = rng.randbytes(32), rng.randrange(1, curve.N)
        signature, point = (_libsecp256k1 if curve is SECP256K1 else _openssl)(secret, digest)
        if (int.from_bytes(signature[32:], "big") > curve.N // 2) != (index % 7 == 3):
            signature = negated_s(signature, curve)
        key = b"\x04" + point
        if index % 3 == 0:
            key = bytes([2 + point[63] % 2]) + point[:32]
        forged = index % 5 == 4
        verdict = ecdsa.MISMATCH if forged else ecdsa.OK
        digest = rng.randbytes(32) if forged else digest
        items.append(Item("honest", key[index % 3 == 2 :], signature, digest, verdict))
    return items


def _libsecp256k1(secret: int, digest: bytes) -> tuple[bytes, bytes]:
    """(r || s, x || y)"""
    private = PrivateKey(secret.to_bytes(32, "big"))
    signature = private.sign_recoverable(digest, hasher=None)[:64]
    return signature, private.public_key.format(compressed=False)[1:]


def _openssl(secret: int, digest: bytes) -> tuple[bytes, bytes]:
    """The same over P-256."""
    private = ec.derive_private_key(secret, ec.SECP256R1())
    algorithm = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
    numbers = private.public_key().public_numbers()
    point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return ecdsa.compact(*decode_dss_signature(private.sign(digest, algorithm))), point


# ---- Items with chosen internals ----


def from_scalars(
    name: str,
    u1: int,
    u2: int,
    q: int,
    *,
    shift_digest: bool = False,
    curve: Curve = SECP256K1,
) -> Item:
    """The item whose verification computes u1 G + u2 Q with Q = q G.

    Where the sum is infinite no signature is valid, and the item (with an arbitrary r) is a
    MISMATCH. shift_digest: the digest is e + n, when that fits.
    """
    n = curve.N
    u1, u2, q = u1 % n, u2 % n, q % n
    assert u2 * q
    point = curve.multiply_base(u1 + u2 * q)
    r = 0x1234567 if point is None else point[0] % n
    s = r * pow(u2, -1, n) % n
    e = u1 * s % n
    if shift_digest and e + n < 2**256:
        e += n
    form = ("compressed", "uncompressed", "raw")[(u1 ^ u2) % 3]
    key = curve.encode_point(curve.multiply_base(q), form)
    verdict = ecdsa.MISMATCH if point is None else ecdsa.OK
    digest = e.to_bytes(32, "big")
    return Item(name, key, ecdsa.compact(r, s), digest, verdict, (u1, u2, q))


def from_point(
    name: str,
    point: Point,
    r: int,
    u1: int,
    u2: int,
    verdict: int,
    *,
    curve: Curve = SECP256K1,
) -> Item:
    """The item that computes R = point, of unknown logarithm, for r: Q = (R - u1 G) / u2."""
    n = curve.N
    rest = curve.add(point, curve.negate(curve.multiply_base(u1)))
    key = curve.multiply(pow(u2, -1, n), rest)
    s = r * pow(u2, -1, n) % n
    digest = (u1 * s % n).to_bytes(32, "big")
    return Item(name, curve.encode_point(key), ecdsa.compact(r, s), digest, verdict)


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
