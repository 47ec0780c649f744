"""Schnorr signatures over secp256k1 as BIP-340 writes them, with the verdicts that Verilane's ABI
fixes.
"""

import hashlib
from functools import lru_cache

from .secp256k1 import G, N, P, Point, add, lift_x, multiply, multiply_base, negate

OK, BAD_KEY, BAD_SIGNATURE, MISMATCH = 1, 2, 3, 5


def tagged_hash(tag: str, data: bytes) -> bytes:
    """BIP-340, "Specification": hash_tag(x) = SHA-256(SHA-256(tag) || SHA-256(tag) || x)."""
    start = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(start + start + data).digest()


def number_bytes(x: int) -> bytes:
    """bytes(x): 32 bytes, most significant first."""
    return x.to_bytes(32, "big")


def point_bytes(point: Point) -> bytes:
    """bytes(P) = bytes(x(P))."""
    assert point is not None
    return number_bytes(point[0])


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    """e = int(hash_BIP0340/challenge(bytes(r) || bytes(P) || m)) mod n."""
    return int.from_bytes(tagged_hash("BIP0340/challenge", r + key + message), "big") % N


def even(secret: int) -> tuple[int, Point]:
    """(d, P) with P = d G of even y and d = secret or n - secret: "Public Key Generation"."""
    point = multiply_base(secret)
    assert point is not None
    return (secret % N, point) if point[1] % 2 == 0 else (-secret % N, negate(point))


def sign(secret: int, message: bytes, nonce: int) -> bytes:
    """ "Default Signing" from step k' on, with k' given."""
    d, key = even(secret)
    k, point = even(nonce)
    r = point_bytes(point)
    return r + number_bytes((k + challenge(r, point_bytes(key), message) * d) % N)


@lru_cache(maxsize=200_000)
def nonce_point(key: bytes, s: int, e: int) -> Point:
    """R = s G - e P."""
    return add(multiply_base(s), negate(multiply(e, lift_x(int.from_bytes(key, "big"), 0))))


def verify(key: bytes, signature: bytes, message: bytes) -> int:
    """ "Verification", step by step: the verdict code of one item."""
    if len(key) != 32 or lift_x(int.from_bytes(key, "big"), 0) is None:
        return BAD_KEY
    if len(signature) != 64:
        return BAD_SIGNATURE
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if r >= P or s >= N:
        return BAD_SIGNATURE
    point = nonce_point(key, s, challenge(signature[:32], key, message))
    if point is None or point[1] % 2 or point[0] != r:
        return MISMATCH
    return OK


assert lift_x(G[0], 0) == G, "G has an even y: the secret 1 has the key G"
