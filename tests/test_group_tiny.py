"""The group law, exhaustively over small fields: every point of every curve y^2 = x^3 + a x + b
(a = 0 and a = -3), infinity included, with every Z.
"""

import ctypes
import itertools
from collections.abc import Iterator, Sequence

import pytest

from group_cases import (
    CURVES,
    RNG,
    Curve,
    curve_of,
    from_homogeneous,
    from_jacobian,
    on_curve,
    slots_add,
    three,
)
from native_library import broken_bounds, library


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
