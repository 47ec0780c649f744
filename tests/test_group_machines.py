"""The group law on the real machines, at every magnitude that it may be given."""

import ctypes
import itertools
from collections.abc import Iterator

import pytest

from group_cases import (
    MACHINES,
    RNG,
    Point,
    from_homogeneous,
    from_jacobian,
    on_curve,
    slots_add,
    some_points,
    three,
)
from native_library import broken_bounds, has_avx512, library
from reference import p256, secp256k1, sm2, weierstrass


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
