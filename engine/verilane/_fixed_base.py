"""The tables of multiples of each curve's base point that a GPU's kernels read, made from plain
integers: some tens of milliseconds, once per process and curve.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW", "table"]

WINDOW = 8
"""Bits of a window; there are 32 of them."""
_WINDOWS = 256 // WINDOW
_ENTRIES = 1 << (WINDOW - 1)

_Point = tuple[int, int]


class _Curve(NamedTuple):
    """y^2 = x^3 + a x + b over the field of p elements, and its base point (SEC 2 v2.0, GB/T
    32918.5).
    """

    p: int
    a: int
    base: _Point


_CURVES = {
    "secp256k1": _Curve(
        2**256 - 2**32 - 977,
        0,
        (
            0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
            0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
        ),
    ),
    "p256": _Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        -3,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "sm2": _Curve(
        2**256 - 2**224 - 2**96 + 2**64 - 1,
        -3,
        (
            0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
            0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
        ),
    ),
}


@cache
def table(curve: str) -> NDArray[np.uint32]:
    """Returns a read-only table, flat words of 32 bits, as the head of
    kernels/double_mul_thread.inc (for "ed25519": double_mul_edwards_thread.inc) describes it.
    """
    numbers = _edwards() if curve == "ed25519" else _weierstrass(_CURVES[curve])
    data = b"".join(number.to_bytes(32, "little") for number in numbers)
    return np.frombuffer(data, "<u4")


def _inverses(numbers: Sequence[int], p: int) -> list[int]:
    """1 / x for each, by one inversion (Montgomery's trick)."""
    products = [1]
    for x in numbers:
        products.append(products[-1] * x % p)
    inverse = pow(products[-1], -1, p)
    out = [0] * len(numbers)
    for i in range(len(numbers) - 1, -1, -1):
        out[i] = inverse * products[i] % p
        inverse = inverse * numbers[i] % p
    return out


# ---- y^2 = x^3 + a x + b: (2 i + 1) 2^(8 j) G ----


def _double(curve: _Curve, point: _Point) -> _Point:
    (p, a, _), (x, y) = curve, point
    slope = (3 * x * x + a) * pow(2 * y, -1, p) % p
    x3 = (slope * slope - 2 * x) % p
    return x3, (slope * (x - x3) - y) % p


def _add(curve: _Curve, left: Sequence[_Point], right: Sequence[_Point]) -> list[_Point]:
    """The sums of points with different x."""
    p = curve.p
    inverses = _inverses([q[0] - r[0] for q, r in zip(left, right, strict=True)], p)
    out = []
    for (x1, y1), (x2, y2), inverse in zip(left, right, inverses, strict=True):
        slope = (y1 - y2) * inverse % p
        x3 = (slope * slope - x1 - x2) % p
        out.append((x3, (slope * (x1 - x3) - y1) % p))
    return out


def _weierstrass(curve: _Curve) -> list[int]:
    first, doubled = [curve.base], []
    for j in range(_WINDOWS):
        point = _double(curve, first[j])
        doubled.append(point)
        for _ in range(WINDOW - 1):
            point = _double(curve, point)
        first.append(point)
    columns = [first[:_WINDOWS]]  # column i: entry i of every window
    for _ in range(_ENTRIES - 1):
        columns.append(_add(curve, columns[-1], doubled))
    return [x for window in zip(*columns, strict=True) for point in window for x in point]


# ---- -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1): i 2^(8 j) B ----

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_B = (
    0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
    0x6666666666666666666666666666666666666666666666666666666666666658,
)
_Extended = tuple[int, int, int, int]


def _add_extended(q: _Extended, r: _Extended) -> _Extended:
    """RFC 8032 section 5.1.4."""
    a = (q[1] - q[0]) * (r[1] - r[0]) % _P
    b = (q[1] + q[0]) * (r[1] + r[0]) % _P
    c = 2 * q[3] * r[3] * _D % _P
    d = 2 * q[2] * r[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _edwards() -> list[int]:
    points: list[_Extended] = []
    step = (*_B, 1, _B[0] * _B[1] % _P)
    for _ in range(_WINDOWS):
        multiples = [(0, 1, 1, 0)]
        for _ in range(_ENTRIES):
            multiples.append(_add_extended(multiples[-1], step))
        points += multiples
        step = _add_extended(multiples[-1], multiples[-1])
    out = []
    for point, inverse in zip(points, _inverses([z for *_, z, _ in points], _P), strict=True):
        x, y = point[0] * inverse % _P, point[1] * inverse % _P
        out += [(y + x) % _P, (y - x) % _P, 2 * _D * x * y % _P]
    return out
