"""SHA-256 as FIPS 180-4 writes it, one step at a time; the constants are computed."""

from collections.abc import Iterator
from itertools import islice
from math import isqrt


def _primes() -> Iterator[int]:
    found: list[int] = []
    candidate = 2
    while True:
        if all(candidate % prime for prime in found):
            found.append(candidate)
            yield candidate
        candidate += 1


def _cube_root(n: int) -> int:
    """Returns the largest x with x**3 <= n."""
    low, high = 0, 1 << (n.bit_length() // 3 + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle)
    return low


WORD = 0xFFFFFFFF
# Sections 5.3.3 and 4.2.2: the first 32 bits of the fractional parts of square and cube roots of
# primes.
INITIAL = [isqrt(prime << 64) & WORD for prime in islice(_primes(), 8)]
K = [_cube_root(prime << 96) & WORD for prime in islice(_primes(), 64)]


def _rotr(x: int, n: int) -> int:
    return (x >> n | x << (32 - n)) & WORD


def schedule(block: bytes) -> list[int]:
    """Section 6.2.2 step 1: the 64 words of a 64-byte block."""
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for t in range(16, 64):
        small0 = _rotr(w[t - 15], 7) ^ _rotr(w[t - 15], 18) ^ w[t - 15] >> 3
        small1 = _rotr(w[t - 2], 17) ^ _rotr(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append((small1 + w[t - 7] + small0 + w[t - 16]) & WORD)
    return w


def _compress(state: list[int], block: bytes) -> list[int]:
    """Section 6.2.2 steps 2 to 4."""
    a, b, c, d, e, f, g, h = state
    for k, w in zip(K, schedule(block), strict=True):
        choose = (e & f) ^ (~e & g)
        majority = (a & b) ^ (a & c) ^ (b & c)
        t1 = h + (_rotr(e, 6) ^ _rotr(e, 11) ^ _rotr(e, 25)) + choose + k + w
        t2 = (_rotr(a, 2) ^ _rotr(a, 13) ^ _rotr(a, 22)) + majority
        a, b, c, d, e, f, g, h = (t1 + t2) & WORD, a, b, c, (d + t1) & WORD, e, f, g
    return [(x + y) & WORD for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def pad(message: bytes) -> bytes:
    """Section 5.1.1."""
    zeros = -(len(message) + 9) % 64
    return message + b"\x80" + bytes(zeros) + (8 * len(message)).to_bytes(8, "big")


def sha256(message: bytes) -> bytes:
    state, padded = INITIAL, pad(message)
    for i in range(0, len(padded), 64):
        state = _compress(state, padded[i : i + 64])
    return b"".join(x.to_bytes(4, "big") for x in state)
