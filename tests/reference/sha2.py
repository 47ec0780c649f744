"""SHA-256 and SHA-512 as FIPS 180-4 writes them, one step at a time; the constants are computed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice


def _primes() -> Iterator[int]:
    found: list[int] = []
    candidate = 2
    while True:
        if all(candidate % prime for prime in found):
            found.append(candidate)
            yield candidate
        candidate += 1


def _root(n: int, degree: int) -> int:
    """Returns the largest x with x**degree <= n."""
    low, high = 0, 1 << (n.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= n else (low, middle)
    return low


@dataclass(frozen=True)
class Sha2:
    """One of the two. Rotations: sections 4.1.2 and 4.1.3; the last of a small sigma is a shift."""

    bits: int  # of a word
    rounds: int
    big0: tuple[int, int, int]
    big1: tuple[int, int, int]
    small0: tuple[int, int, int]
    small1: tuple[int, int, int]

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1

    @property
    def block(self) -> int:
        """Bytes of a block: 16 words."""
        return 2 * self.bits

    def _fraction(self, prime: int, degree: int) -> int:
        """The first bits of the fractional part of a root of a prime."""
        return _root(prime << (degree * self.bits), degree) & self.mask

    @property
    def initial(self) -> list[int]:
        """Sections 5.3.3 and 5.3.5: from square roots."""
        return [self._fraction(prime, 2) for prime in islice(_primes(), 8)]

    @property
    def k(self) -> list[int]:
        """Sections 4.2.2 and 4.2.3: from cube roots."""
        return [self._fraction(prime, 3) for prime in islice(_primes(), self.rounds)]

    def rotr(self, x: int, n: int) -> int:
        return (x >> n | x << (self.bits - n)) & self.mask

    def big(self, x: int, by: tuple[int, int, int]) -> int:
        return self.rotr(x, by[0]) ^ self.rotr(x, by[1]) ^ self.rotr(x, by[2])

    def small(self, x: int, by: tuple[int, int, int]) -> int:
        return self.rotr(x, by[0]) ^ self.rotr(x, by[1]) ^ x >> by[2]

    def schedule(self, block: bytes) -> list[int]:
        """Sections 6.2.2 and 6.4.2, step 1."""
        size = self.bits // 8
        w = [int.from_bytes(block[i : i + size], "big") for i in range(0, 16 * size, size)]
        for t in range(16, self.rounds):
            small1, small0 = self.small(w[t - 2], self.small1), self.small(w[t - 15], self.small0)
            w.append((small1 + w[t - 7] + small0 + w[t - 16]) & self.mask)
        return w

    def pad(self, message: bytes) -> bytes:
        """Sections 5.1.1 and 5.1.2."""
        length = self.bits // 4
        zeros = -(len(message) + 1 + length) % self.block
        return message + b"\x80" + bytes(zeros) + (8 * len(message)).to_bytes(length, "big")

    def digest(self, message: bytes) -> bytes:
        """Steps 2 to 4."""
        state, padded, k = self.initial, self.pad(message), self.k
        for i in range(0, len(padded), self.block):
            a, b, c, d, e, f, g, h = state
            for kt, wt in zip(k, self.schedule(padded[i : i + self.block]), strict=True):
                choose = (e & f) ^ (~e & g)
                majority = (a & b) ^ (a & c) ^ (b & c)
                t1 = h + self.big(e, self.big1) + choose + kt + wt
                t2 = self.big(a, self.big0) + majority
                a, b, c, d, e, f, g, h = (
                    (t1 + t2) & self.mask,
                    *(a, b, c),
                    (d + t1) & self.mask,
                    *(e, f, g),
                )
            after = (a, b, c, d, e, f, g, h)
            state = [(x + y) & self.mask for x, y in zip(state, after, strict=True)]
        return b"".join(x.to_bytes(self.bits // 8, "big") for x in state)


SHA256 = Sha2(32, 64, (2, 13, 22), (6, 11, 25), (7, 18, 3), (17, 19, 10))
SHA512 = Sha2(64, 80, (28, 34, 39), (14, 18, 41), (1, 8, 7), (19, 61, 6))
