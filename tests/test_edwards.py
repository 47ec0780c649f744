"""The Edwards group law (kernels/group/edwards.inc): exhaustively over small fields, every pair of
points with every Z, and on the real machines, small order and all.
"""

import ctypes
import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from native_library import broken_bounds, has_avx512, library
from reference import ed25519

RNG = random.Random("the Edwards group")
Point = tuple[int, int]
Extended = tuple[int, int, int, int]


class Curve:
    """-x^2 + y^2 = 1 + d x^2 y^2 over the field of p elements, -1 a square and d none."""

    def __init__(self, p: int, d: int) -> None:
        self.p, self.d = p, d
        pairs = itertools.product(range(p), repeat=2)
        self.points = [(x, y) for x, y in pairs if (y * y - x * x - 1 - d * x * x * y * y) % p == 0]

    def add(self, q: Point, r: Point) -> Point:
        (x1, y1), (x2, y2), p = q, r, self.p
        product = self.d * x1 * x2 * y1 * y2
        x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, p)
        y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, p)
        return x % p, y % p

    def negative(self, q: Point) -> Point:
        return -q[0] % self.p, q[1]

    def extended(self, q: Point, z: int) -> Extended:
        x, y = q
        return x * z % self.p, y * z % self.p, z, x * y * z % self.p


def squares(p: int) -> set[int]:
    return {x * x % p for x in range(p)}


CURVES = [(p, d) for p in (5, 13, 17) for d in range(1, p) if d not in squares(p)]
CURVES += [(29, d) for d in (2, 3, 8, 27)] + [(37, 2), (41, 3)]


@cache
def curve_of(p: int, d: int) -> Curve:
    return Curve(p, d)


def test_the_curves_have_what_they_should() -> None:
    orders = {len(curve_of(*curve).points) for curve in CURVES}
    assert all(order % 4 == 0 for order in orders)
    assert len(orders) >= 6
    for p, d in CURVES:
        assert p - 1 in squares(p)
        assert d not in squares(p)


@pytest.fixture
def tiny() -> Iterator[ctypes.CDLL]:
    native = library("edwards.c", "MACHINE_TINY", verify=True)
    broken_bounds(native)
    yield native
    assert broken_bounds(native) == (0, "")


@pytest.fixture(params=CURVES, ids=lambda curve: "p={} d={}".format(*curve))
def curve(tiny: ctypes.CDLL, request: pytest.FixtureRequest) -> Curve:
    tiny.native_curve(*request.param)
    return curve_of(*request.param)


def pack(rows: Sequence[Extended]) -> bytes:
    return b"".join(x.to_bytes(32, "little") for row in rows for x in row)


def unpack(data: bytes) -> list[Extended]:
    flat = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    return [(*flat[i : i + 4],) for i in range(0, len(flat), 4)]  # type: ignore[misc]


def run(
    native: ctypes.CDLL, name: str, columns: Sequence[Sequence[Extended]], *options: int
) -> list[Extended]:
    n = len(columns[0])
    padding = -n % (2 * native.native_lanes())
    packed = [pack([*column, *[column[0]] * padding]) for column in columns]
    out = ctypes.create_string_buffer(128 * (n + padding))
    getattr(native, f"native_point_{name}")(out, ctypes.c_size_t(n + padding), *packed, *options)
    return unpack(out.raw)[:n]


def check(p: int, result: Extended, expected: Point, with_t: bool) -> None:
    x, y, z, t = result
    assert z % p != 0
    inverse = pow(z, -1, p)
    assert (x * inverse % p, y * inverse % p) == expected
    if with_t:
        assert t * z % p == x * y % p


@pytest.mark.parametrize("with_t", [0, 1])
def test_doubling(tiny: ctypes.CDLL, curve: Curve, with_t: int) -> None:
    cases = list(itertools.product(curve.points, range(1, curve.p)))
    # T is not used.
    column = [(*curve.extended(q, z)[:3], RNG.randrange(curve.p)) for q, z in cases]
    for (q, _), result in zip(cases, run(tiny, "double", [column], with_t), strict=True):
        check(curve.p, result, curve.add(q, q), bool(with_t))


@pytest.mark.parametrize("minus", [0, 1])
@pytest.mark.parametrize("q_has_z", [0, 1])
def test_every_addition(tiny: ctypes.CDLL, curve: Curve, q_has_z: int, minus: int) -> None:
    """All pairs, equal, opposite, neutral and of small order among them, with every Z."""
    zs = list(range(1, curve.p))
    zs = zs if curve.p <= 17 else RNG.sample(zs, 4)
    others = zs if q_has_z else [1]
    cases = list(itertools.product(curve.points, curve.points, zs, others))
    left = [curve.extended(q, z) for q, _, z, _ in cases]
    right = [curve.extended(r, z) for _, r, _, z in cases]
    for with_t in (0, 1):
        results = run(tiny, "add", [left, right], q_has_z, with_t, minus)
        for (q, r, _, _), result in zip(cases, results, strict=True):
            expected = curve.add(q, curve.negative(r) if minus else r)
            check(curve.p, result, expected, bool(with_t))


def test_neutral(tiny: ctypes.CDLL, curve: Curve) -> None:
    cases = list(itertools.product(curve.points, range(1, curve.p)))
    out = (ctypes.c_uint32 * len(cases))()
    packed = pack([curve.extended(q, z) for q, z in cases])
    tiny.native_point_neutral(out, ctypes.c_size_t(len(cases)), packed)
    assert list(out) == [int(q == (0, 1)) for q, _ in cases]


MACHINES = [
    "MACHINE_5X51_INT128",
    "MACHINE_5X51_EMULATED",
    "MACHINE_5X51_MADD",
    "MACHINE_8X32 CURVE_25519",
    "MACHINE_8X32 EMULATE_PTX CURVE_25519",
]


@pytest.fixture(params=[(name, verify) for name in MACHINES for verify in (False, True)], ids=str)
def machine(request: pytest.FixtureRequest) -> ctypes.CDLL:
    name, verify = request.param
    if name == "MACHINE_5X51_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("edwards.c", *name.split(), verify=verify)
    broken_bounds(native)
    return native


def some_points(count: int) -> list[Point]:
    points = list(ed25519.TORSION)
    while len(points) < count:
        points.append(ed25519.multiply(RNG.randrange(8 * ed25519.L), ed25519.B))
        points.append(ed25519.add(points[-1], RNG.choice(ed25519.TORSION)))
    return points


def extended(q: Point) -> Extended:
    x, y = q
    z = RNG.choice([1, ed25519.P - 1, RNG.randrange(1, ed25519.P)])
    return x * z % ed25519.P, y * z % ed25519.P, z, x * y * z % ed25519.P


def test_machines(machine: ctypes.CDLL) -> None:
    p, points = ed25519.P, some_points(40)
    pairs = [(q, r) for q in points[:12] for r in points[:12]]
    pairs += [(RNG.choice(points), RNG.choice(points)) for _ in range(300)]
    pairs += [(q, q) for q in points] + [(q, ed25519.negate(q)) for q in points]
    left, right = [extended(q) for q, _ in pairs], [extended(r) for _, r in pairs]
    affine = [(x, y, 1, x * y % p) for _, (x, y) in pairs]
    for with_t, minus in itertools.product((0, 1), (0, 1)):
        expected = [ed25519.add(q, ed25519.negate(r) if minus else r) for q, r in pairs]
        for has_z, column in ((1, right), (0, affine)):
            results = run(machine, "add", [left, column], has_z, with_t, minus)
            for result, point in zip(results, expected, strict=True):
                check(p, result, point, bool(with_t))
        results = run(machine, "double", [left], with_t)
        for result, (q, _) in zip(results, pairs, strict=True):
            check(p, result, ed25519.add(q, q), bool(with_t))
    assert broken_bounds(machine) == (0, "")
