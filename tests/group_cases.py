"""What the tests of the group law (test_group_*.py) have in common: small curves, points in every
shape, calls of tests/native/group.c.
"""

import ctypes
import itertools
import random
import struct
from collections.abc import Sequence
from functools import cache

from reference import weierstrass

RNG = random.Random("the group")
Point = tuple[int, int] | None


class Curve:
    """y^2 = x^3 + a x + b over the field of p elements, by its addition table."""

    def __init__(self, p: int, b: int, a: int = 0) -> None:
        self.p, self.b, self.a = p, b, a
        pairs = itertools.product(range(p), repeat=2)
        self.affine = [(x, y) for x, y in pairs if (y * y - x**3 - a * x - b) % p == 0]
        self.points: list[Point] = [None, *self.affine]
        self.sums = {(q, r): self._add(q, r) for q in self.points for r in self.points}

    def _add(self, q: Point, r: Point) -> Point:
        """The group law as SEC 1 section 2.2.1 has it."""
        if q is None or r is None:
            return q or r
        (x1, y1), (x2, y2) = q, r
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if x1 == x2:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x3 = (slope * slope - x1 - x2) % self.p
        return x3, (slope * (x1 - x3) - y1) % self.p

    def negative(self, q: Point) -> Point:
        return None if q is None else (q[0], -q[1] % self.p)

    def has_order_2(self, q: Point) -> bool:
        return q is not None and q[1] == 0

    def jacobian(self, q: Point) -> list[tuple[int, int, int]]:
        """Returns every (X, Y, Z) for this point: x = X / Z^2, y = Y / Z^3; for infinity, Z = 0."""
        if q is None:
            return [(x, y, 0) for x in range(self.p) for y in range(self.p)]
        x, y = q
        return [(x * z**2 % self.p, y * z**3 % self.p, z) for z in range(1, self.p)]

    def homogeneous(self, q: Point) -> list[tuple[int, int, int]]:
        """Returns every (X, Y, Z) for this point: x = X / Z, y = Y / Z; (0 : 1 : 0) is infinity."""
        if q is None:
            return [(0, y, 0) for y in range(1, self.p)]
        x, y = q
        return [(x * z % self.p, y * z % self.p, z) for z in range(1, self.p)]


# (p, b, a). a = 0, p = 1 mod 3: the orders differ with b; p = 11 = 2 mod 3: all curves have p + 1
# points. a = -3: b = +-2 is left out, since 4 a^3 + 27 b^2 = 0.
CURVES = [(p, b, 0) for p in (7, 13, 11) for b in range(1, p)]
CURVES += [
    (p, b, 0) for p, choice in [(19, (2, 3, 4)), (31, (1, 3, 11)), (37, (2, 5))] for b in choice
]
CURVES += [(p, b, -3) for p in (7, 11, 13) for b in range(p) if b not in (2, p - 2)]
CURVES += [(p, b, -3) for p, choice in [(19, (1, 6)), (31, (3, 7)), (37, (4,))] for b in choice]


@cache
def curve_of(p: int, b: int, a: int) -> Curve:
    return Curve(p, b, a)


def pack(rows: Sequence[Sequence[int]]) -> bytes:
    return b"".join(x.to_bytes(32, "little") for row in rows for x in row)


def unpack(data: bytes, width: int) -> list[tuple[int, ...]]:
    flat = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    return [tuple(flat[i : i + width]) for i in range(0, len(flat), width)]


def three(
    native: ctypes.CDLL, name: str, columns: Sequence[Sequence[Sequence[int]]], *options: int
):
    """Calls a function whose result has three coordinates; pads to whole groups of lanes."""
    n = len(columns[0])
    padding = -n % (native.native_lanes() * native.native_ways())
    packed = [pack([*column, *[column[0]] * padding]) for column in columns]
    out = ctypes.create_string_buffer(96 * (n + padding))
    getattr(native, f"native_{name}")(out, ctypes.c_size_t(n + padding), *packed, *options)
    return unpack(out.raw, 3)[:n]


def from_jacobian(p: int, x: int, y: int, z: int) -> Point:
    if z == 0:
        return None
    inverse = pow(z, -1, p)
    return x * inverse**2 % p, y * inverse**3 % p


def from_homogeneous(p: int, x: int, y: int, z: int) -> Point:
    if z == 0:
        assert x == 0 != y, "not a point"
        return None
    inverse = pow(z, -1, p)
    return x * inverse % p, y * inverse % p


def on_curve(native: ctypes.CDLL, points: Sequence[tuple[int, int]], extra: int = 0) -> list[bool]:
    """Pads to whole groups of lanes."""
    lanes = native.native_lanes()
    groups = -(-len(points) // lanes)
    packed = pack([*points, *[points[0]] * (groups * lanes - len(points))])
    holds = (ctypes.c_uint32 * groups)()
    native.native_curve_holds(holds, ctypes.c_size_t(groups), packed, extra)
    return [bool(holds[i // lanes] >> i % lanes & 1) for i in range(len(points))]


def slots_add(
    native: ctypes.CDLL,
    p: Sequence[Sequence[int]],
    q: Sequence[Sequence[int]],
    p_live: Sequence[int],
    q_live: Sequence[int],
    doubling: Sequence[bool],
    group: Sequence[int],
    name: str = "native_slots_add",
) -> tuple[list[tuple[int, ...]], list[int]]:
    """One point per lane in p and q; one mask or number per slot in the others. Returns the sums
    and the groups' masks of exceptional lanes (native_slots_add_all: the slots' masks of sums that
    are there).
    """
    n = len(doubling)
    out = ctypes.create_string_buffer(64 * len(p))
    exceptional = (ctypes.c_uint32 * n)()
    wrong = getattr(native, name)(
        out,
        exceptional,
        ctypes.c_size_t(n),
        pack(p),
        pack(q),
        struct.pack(f"<{n}I", *p_live),
        struct.pack(f"<{n}I", *q_live),
        bytes(doubling),
        struct.pack(f"<{n}I", *group),
    )
    assert wrong == 0
    return unpack(out.raw, 2), list(exceptional)


MACHINES = [
    "MACHINE_8X32",
    "MACHINE_8X32 EMULATE_PTX",
    "MACHINE_5X52_INT128",
    "MACHINE_5X52_EMULATED",
    "MACHINE_5X52_MADD",
]
MACHINES += [f"{name} {curve}" for curve in ("CURVE_P256", "CURVE_SM2") for name in MACHINES[1:]]


@cache
def some_points(curve: weierstrass.Curve) -> list[tuple[int, int]]:
    scalars = [1, 2, 3, curve.N - 1, curve.N // 2, *(RNG.randrange(1, curve.N) for _ in range(20))]
    return [curve.multiply_base(k) for k in scalars]
