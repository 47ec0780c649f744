"""The group law, exhaustively over small fields: every point of every curve y^2 = x^3 + a x + b
(a = 0 and a = -3), infinity included, with every Z; and on the real machines, at every magnitude
that it may be given.
"""

import ctypes
import itertools
import random
import struct
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from native_library import broken_bounds, has_avx512, library
from reference import p256, secp256k1, sm2, weierstrass

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


@pytest.mark.parametrize("a", [0, -3])
def test_the_curves_have_prime_and_other_orders(a: int) -> None:
    orders = {len(curve_of(*curve).points) for curve in CURVES if curve[2] == a}
    assert len({7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43} & orders) >= 2  # prime
    assert {order for order in orders if order % 2 == 0}  # with points of order 2
    assert len(orders) > 10


@pytest.fixture
def tiny(curve: Curve) -> Iterator[ctypes.CDLL]:
    options = ["TINY_MINUS_3"] if curve.a else []
    native = library("group.c", "MACHINE_TINY", *options, verify=True)
    native.native_tiny(curve.p, curve.b)
    broken_bounds(native)
    yield native
    assert broken_bounds(native) == (0, "")


@pytest.fixture(params=CURVES, ids=lambda curve: "p={} b={} a={}".format(*curve))
def curve(request: pytest.FixtureRequest) -> Curve:
    return curve_of(*request.param)


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


def test_curve_holds(tiny: ctypes.CDLL, curve: Curve) -> None:
    pairs = list(itertools.product(range(curve.p), repeat=2))
    there = set(curve.affine)
    assert on_curve(tiny, pairs) == [pair in there for pair in pairs]


def test_doubling(tiny: ctypes.CDLL, curve: Curve) -> None:
    cases = [(q, xyz) for q in curve.points for xyz in curve.jacobian(q)]
    results = three(tiny, "double", [[xyz for _, xyz in cases]], 0)
    for (q, xyz), result in zip(cases, results, strict=True):
        assert from_jacobian(curve.p, *result) == curve.sums[q, q], (q, xyz)


@pytest.mark.parametrize("ways", [1, 2])
def test_mixed_addition(tiny: ctypes.CDLL, curve: Curve, ways: int) -> None:
    """Incomplete: Z = 0 in every exceptional case, and only there."""
    cases = [(q, xyz, r) for q in curve.points for xyz in curve.jacobian(q) for r in curve.affine]
    if not cases:
        return
    columns = [[xyz for _, xyz, _ in cases], [r for _, _, r in cases]]
    for (q, xyz, r), result in zip(cases, three(tiny, "add", columns, 0, ways), strict=True):
        if q is None or q in (r, curve.negative(r)):
            assert result[2] == 0, (q, xyz, r)
        else:
            assert result[2] != 0
            assert from_jacobian(curve.p, *result) == curve.sums[q, r], (q, xyz, r)


def test_complete_addition(tiny: ctypes.CDLL, curve: Curve) -> None:
    """Always right in a group of odd order; elsewhere unless the difference has order 2."""
    shapes = {q: curve.homogeneous(q) for q in curve.points}
    # All Z on one side; on the other too, or four of them where there are more.
    shapes_r = {r: RNG.sample(shapes[r], 4 if curve.p > 13 else len(shapes[r])) for r in shapes}
    pairs = [
        (q, r, left, right)
        for q, r in itertools.product(curve.points, repeat=2)
        if not curve.has_order_2(curve.sums[q, curve.negative(r)])
        for left in shapes[q]
        for right in shapes_r[r]
    ]
    columns = [[left for _, _, left, _ in pairs], [right for _, _, _, right in pairs]]
    for (q, r, *_), result in zip(pairs, three(tiny, "complete", columns, 0, 0), strict=True):
        assert from_homogeneous(curve.p, *result) == curve.sums[q, r], (q, r)


@pytest.mark.parametrize("which", [1, 2], ids=["doubling", "addition to itself"])
def test_complete_doubling(tiny: ctypes.CDLL, curve: Curve, which: int) -> None:
    cases = [(q, xyz) for q in curve.points for xyz in curve.homogeneous(q)]
    column = [xyz for _, xyz in cases]
    for (q, xyz), result in zip(
        cases, three(tiny, "complete", [column, column], 0, which), strict=True
    ):
        assert from_homogeneous(curve.p, *result) == curve.sums[q, q], (q, xyz)


# ---- affine additions that share an inversion ----


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


def affine_cases(curve: Curve) -> tuple[list[tuple], list[tuple]]:
    """Returns (p, q, p_live, q_live, doubling) of every kind: with a sum, and exceptional."""
    additions = [(q, r, 1, 1, False) for q, r in itertools.product(curve.affine, repeat=2)]
    doublings = [(q, q, 1, 1, True) for q in curve.affine]
    absent = [
        (q, r, *live, False)
        for q, r in itertools.product(curve.affine, repeat=2)
        for live in [(0, 0), (0, 1), (1, 0)]
    ]
    good, bad = [], []
    for case in additions + doublings + absent:
        q, r, p_live, q_live, doubling = case
        zero = q[1] == 0 if doubling else q[0] == r[0]
        (bad if zero and p_live and q_live else good).append(case)
    return good, bad


def check_slots(native: ctypes.CDLL, curve: Curve, cases: Sequence[tuple]) -> None:
    group = [RNG.randrange(len(cases)) for _ in cases]
    sums, exceptional = slots_add(native, *zip(*cases, strict=True), group)
    expected = [0] * len(cases)
    for (q, r, p_live, q_live, doubling), got, mine in zip(cases, sums, group, strict=True):
        zero = q[1] == 0 if doubling else q[0] == r[0]
        if zero and p_live and q_live:
            expected[mine] = 1
            continue
        if p_live and q_live:
            assert got == curve.sums[q, r]
        elif p_live or q_live:
            assert got == (q if p_live else r)
    assert exceptional == expected


def test_affine_additions(tiny: ctypes.CDLL, curve: Curve) -> None:
    good, bad = affine_cases(curve)
    if not good:
        return
    RNG.shuffle(good)
    for size in (1, 2, 3, 7, 500):
        for start in range(0, min(len(good), 40 * size), size):
            check_slots(tiny, curve, good[start : start + size])
    for start in range(0, len(good), 500):
        check_slots(tiny, curve, good[start : start + 500])
    for case in bad:  # alone and among others, at the start, in the middle and at the end
        check_slots(tiny, curve, [case])
    for count in (1, 2, 5):
        for _ in range(30):
            chosen = RNG.choices(good, k=RNG.randrange(20)) + RNG.choices(bad, k=count)
            RNG.shuffle(chosen)
            check_slots(tiny, curve, chosen)


def check_all_slots(native: ctypes.CDLL, curve: Curve, cases: Sequence[tuple]) -> None:
    sums, live = slots_add(
        native, *zip(*cases, strict=True), [0] * len(cases), name="native_slots_add_all"
    )
    for (q, r, p_live, q_live, doubling), got, there in zip(cases, sums, live, strict=True):
        first, second = q if p_live or doubling else None, r if q_live or doubling else None
        total = curve.sums[first, second]
        assert (got if there else None) == total, (q, r, p_live, q_live, doubling)


def test_affine_additions_without_exceptions(tiny: ctypes.CDLL, curve: Curve) -> None:
    """Equal, opposite and absent summands, points of order 2; alone and among others."""
    good, bad = affine_cases(curve)
    bad = [case for case in bad if not case[4]]  # slot_set_double is not for points of order 2
    cases = good + bad
    if not cases:
        return
    RNG.shuffle(cases)
    for start in range(0, len(cases), 500):
        check_all_slots(tiny, curve, cases[start : start + 500])
    for case in bad:
        check_all_slots(tiny, curve, [case])
        chosen = [*RNG.choices(good or bad, k=RNG.randrange(20)), case, *RNG.choices(bad, k=2)]
        RNG.shuffle(chosen)
        check_all_slots(tiny, curve, chosen)


# ---- the real field ----

MACHINES = [
    "MACHINE_8X32",
    "MACHINE_8X32 EMULATE_PTX",
    "MACHINE_5X52_INT128",
    "MACHINE_5X52_EMULATED",
    "MACHINE_5X52_MADD",
]
MACHINES += [f"{name} {curve}" for curve in ("CURVE_P256", "CURVE_SM2") for name in MACHINES[1:]]


@pytest.fixture(
    params=[(name, verify) for name in MACHINES for verify in (False, True)],
    ids=lambda build: build[0] + (" VERIFY" if build[1] else ""),
)
def machine(request: pytest.FixtureRequest) -> Iterator[ctypes.CDLL]:
    name, verify = request.param
    if "5X52_MADD" in name and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("group.c", *name.split(), verify=verify)
    broken_bounds(native)
    yield native
    assert broken_bounds(native) == (0, "")


@pytest.fixture
def large(request: pytest.FixtureRequest) -> weierstrass.Curve:
    """The curve of the machine."""
    name, _ = request.node.callspec.params["machine"]
    return {"P256": p256, "SM2": sm2}.get(name.partition(" CURVE_")[2], secp256k1).CURVE


@cache
def some_points(curve: weierstrass.Curve) -> list[tuple[int, int]]:
    scalars = [1, 2, 3, curve.N - 1, curve.N // 2, *(RNG.randrange(1, curve.N) for _ in range(20))]
    return [curve.multiply_base(k) for k in scalars]


def random_z(p: int) -> int:
    return RNG.choice([1, 2, p - 1, p - 2, 2**255, RNG.randrange(1, p), RNG.randrange(1, p)])


def random_jacobian(p: int, point: Point) -> tuple[int, int, int]:
    z = random_z(p)
    if point is None:
        return RNG.randrange(p), RNG.randrange(p), 0
    return point[0] * z**2 % p, point[1] * z**3 % p, z


def random_homogeneous(p: int, point: Point) -> tuple[int, int, int]:
    z = random_z(p)
    return (0, z, 0) if point is None else (point[0] * z % p, point[1] * z % p, z)


@pytest.mark.parametrize("extra", [0, 1, 3])
@pytest.mark.parametrize("ways", [1, 2])
def test_jacobian_on_a_machine(
    machine: ctypes.CDLL, large: weierstrass.Curve, extra: int, ways: int
) -> None:
    """Coordinates of the largest magnitude that these formulas may be given: 4, or 2 where
    a = -3 doubles.
    """
    some, p = some_points(large), large.P
    points = [RNG.choice([None, *some]) for _ in range(160)]
    shapes = [random_jacobian(p, q) for q in points]
    doubled = three(machine, "double", [shapes], min(extra, 1) if large.A else extra)
    for q, result in zip(points, doubled, strict=True):
        assert from_jacobian(p, *result) == large.add(q, q)
    seconds = [RNG.choice([*some, q or some[0]]) for q in points]
    for q, r, result in zip(
        points, seconds, three(machine, "add", [shapes, seconds], extra, ways), strict=True
    ):
        if q is None or q[0] == r[0]:
            assert result[2] == 0
        else:
            assert from_jacobian(p, *result) == large.add(q, r)


@pytest.mark.parametrize("extra", [0, 1])
def test_curve_holds_on_a_machine(
    machine: ctypes.CDLL, large: weierstrass.Curve, extra: int
) -> None:
    """One point beside the curve among others on it, in every lane; and coordinates at the ends."""
    some, p = some_points(large)[:8], large.P
    ends = [0, 1, 2, p - 1, p - 2, p - 3, 2**208 - 1, 2**255]
    pairs = list(itertools.product(ends, repeat=2))
    for lane, (x, y) in enumerate(some):
        for wrong in ((x, y ^ 1), (x ^ 1, y), (x, 0), (0, y), (y, x), (x, x)):
            pairs += [*some[:lane], wrong, *some[lane + 1 :]]
    assert on_curve(machine, pairs, extra) == [large.is_on_curve(*pair) for pair in pairs]


@pytest.mark.parametrize("extra", [0, 1, 3])
def test_complete_on_a_machine(machine: ctypes.CDLL, large: weierstrass.Curve, extra: int) -> None:
    some, p = some_points(large), large.P
    points = [RNG.choice([None, *some]) for _ in range(160)]
    seconds = [RNG.choice([None, *some, q, large.negate(q)]) for q in points]
    columns = [[random_homogeneous(p, q) for q in column] for column in (points, seconds)]
    for which in range(3):
        results = three(machine, "complete", columns, extra, which)
        for q, r, result in zip(points, seconds, results, strict=True):
            assert from_homogeneous(p, *result) == large.add(q, q if which else r)


def test_affine_on_a_machine(machine: ctypes.CDLL, large: weierstrass.Curve) -> None:
    some = some_points(large)
    lanes = machine.native_lanes()
    for slots in (1, 2, 3, 16):
        p = [RNG.choice(some) for _ in range(slots * lanes)]
        q = [RNG.choice([*some, r, large.negate(r)]) for r in p]
        doubling = [RNG.random() < 0.3 for _ in range(slots)]
        live = [
            [RNG.getrandbits(lanes) | RNG.getrandbits(lanes) for _ in range(slots)]
            for _ in range(2)
        ]
        group = [RNG.randrange(slots) for _ in range(slots)]
        sums, exceptional = slots_add(machine, p, q, *live, doubling, group)
        expected = [0] * slots
        for slot, lane in itertools.product(range(slots), range(lanes)):
            i = slot * lanes + lane
            p_live, q_live = (live[side][slot] >> lane & 1 or doubling[slot] for side in range(2))
            zero = not doubling[slot] and p[i][0] == q[i][0] and p_live and q_live
            expected[group[slot]] |= bool(zero) << lane
            if zero or not (p_live or q_live):
                continue
            first, second = p[i] if p_live else None, q[i] if q_live else None
            assert sums[i] == large.add(first, first if doubling[slot] else second)
        assert exceptional == expected


def test_affine_without_exceptions_on_a_machine(
    machine: ctypes.CDLL, large: weierstrass.Curve
) -> None:
    some = some_points(large)
    lanes = machine.native_lanes()
    for slots in (1, 2, 3, 16):
        p = [RNG.choice(some) for _ in range(slots * lanes)]
        q = [RNG.choice([*some, r, r, large.negate(r)]) for r in p]
        live = [
            [RNG.getrandbits(lanes) | RNG.getrandbits(lanes) for _ in range(slots)]
            for _ in range(2)
        ]
        plain = [False] * slots, [0] * slots
        sums, there = slots_add(machine, p, q, *live, *plain, name="native_slots_add_all")
        for slot, lane in itertools.product(range(slots), range(lanes)):
            i = slot * lanes + lane
            first, second = (
                x if mask[slot] >> lane & 1 else None
                for x, mask in zip((p[i], q[i]), live, strict=True)
            )
            got = sums[i] if there[slot] >> lane & 1 else None
            assert got == large.add(first, second)
