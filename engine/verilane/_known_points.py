"""Sums of points that a device is tried with: the CPU's own, whose primitives have their known
answers (csrc/selftest*.c). Their scalars are secret and new in every process: the answers stay in
the device's memory for a while, and whoever knew them could make signatures that expect them.
"""

import secrets
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _cpu
from ._cpu_terms import Terms, double_mul

__all__ = ["GROUPS", "Known", "known", "words"]

# Random items, and those that lockstep formulas may not be able to do. Together a prime number, so
# that repeated over a launch each of them meets every lane of a group.
_RANDOM = 61


class Known(NamedTuple):
    """Items and their answers. r: (n, 8). infinite: (n,), 1 where there is no such point. hard:
    (n,), where an exceptional case is allowed to be met.
    """

    terms: Terms
    r: NDArray[np.uint64]
    infinite: NDArray[np.uint8]
    hard: NDArray[np.bool_]

    def repeated(self, n: int) -> "Known":
        """Returns n items, these ones over and over."""
        rows = np.arange(n) % len(self.hard)
        return Known(self.terms.take(rows), self.r[rows], self.infinite[rows], self.hard[rows])


class _Group(NamedTuple):
    scheme: str
    order: int
    x: int  # of the base point
    y: int


# SEC 2 v2.0 sections 2.4.1 and 2.4.2; GB/T 32918.5-2017; RFC 8032 section 5.1.
GROUPS = {
    "secp256k1": _Group(
        "secp256k1.ecdsa",
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
    "p256": _Group(
        "p256.ecdsa",
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    "sm2": _Group(
        "sm2",
        0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
        0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
        0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    ),
    "ed25519": _Group(
        "ed25519",
        2**252 + 27742317777372353535851937790883648493,
        0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
        0x6666666666666666666666666666666666666666666666666666666666666658,
    ),
}


def words(numbers: list[int], width: int = 4) -> NDArray[np.uint64]:
    """Returns rows of `width` words of 64 bits, the least significant first."""
    data = b"".join(number.to_bytes(8 * width, "little") for number in numbers)
    return np.frombuffer(data, "<u8").astype(np.uint64).reshape(-1, width)


def _scalars(n: int, order: int) -> list[int]:
    """Numbers that nothing is special about."""
    return [1 + secrets.randbelow(order - 1) for _ in range(n)]


def _hard(order: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Factors d of keys d G, and pairs u, v: sums of equal and of opposite points, and of none."""
    d = _scalars(6, order)
    pairs = [
        (5 * d[0], 5),
        (-5 * d[1], 5),
        (0, 1),
        (d[3], 0),
        (-d[4], -1),
        (2 * d[5], 2),
    ]
    return d, [(u % order, v % order) for u, v in pairs]


def _sums(scheme: str, terms: Terms) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    n = len(terms.u)
    r, infinite = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
    double_mul(r, infinite, terms, scheme=scheme, isa=_cpu.AUTO)(0, n)
    return r, infinite


@cache
def known(curve: str) -> Known:
    """Returns the items for a curve."""
    scheme, order, x, y = GROUPS[curve]
    hard_factors, hard = _hard(order)
    factors = [*hard_factors, *_scalars(_RANDOM, order)]
    base = words([x + (y << 256)], 8)
    n = len(factors)
    zeros = np.zeros((n, 4), np.uint64)
    from_base = Terms(words(factors), zeros, np.repeat(base, n, axis=0), zeros)
    keys, _ = _sums(scheme, from_base)
    us, vs = (_scalars(_RANDOM, order) for _ in range(2))
    pairs = [*hard, *zip(us, vs, strict=True)]
    u, v = (words(list(each)) for each in zip(*pairs, strict=True))
    terms = Terms(u, v, keys, zeros)
    r, infinite = _sums(scheme, terms)
    return Known(terms, r, infinite, np.arange(n) < len(hard))
