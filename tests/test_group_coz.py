"""Points that share their Z (kernels/group/weierstrass_coz.inc): every point of many tiny curves,
as far as its multiples are different, and points of the real curves on every machine.
"""

import ctypes

import pytest

from group_cases import CURVES, MACHINES, Curve, curve_of, from_jacobian, some_points, three
from native_library import broken_bounds, has_avx512, library
from reference import p256, secp256k1, sm2

STEPS = 20


def multiples(curve: Curve, q: tuple[int, int]) -> list[tuple[int, int]]:
    """q, 3 q, 5 q .. up to the first that must not meet 2 q; STEPS of them if none does (the order
    is even, or large).
    """
    doubled = curve.sums[q, q]
    found = [q]
    while len(found) < STEPS and found[-1] not in (doubled, curve.negative(doubled)):
        found.append(curve.sums[found[-1], doubled])  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("parameters", CURVES, ids=str)
def test_every_point(parameters: tuple[int, int, int]) -> None:
    curve = curve_of(*parameters)
    native = library("group.c", "MACHINE_TINY", *(["TINY_MINUS_3"] if curve.a else []), verify=True)
    native.native_tiny(curve.p, curve.b)
    broken_bounds(native)
    for q in curve.affine:
        doubled = curve.sums[q, q]
        if doubled is None:
            continue
        known = multiples(curve, q)
        for steps, expected in enumerate(known):
            for which, point in ((0, expected), (1, doubled)):
                (result,) = three(native, "coz", [[q]], steps, which)
                assert from_jacobian(curve.p, *result) == point, (q, steps, which)
        if len(known) < STEPS:  # where multiples meet, Z is 0
            (result,) = three(native, "coz", [[q]], len(known), 0)
            assert result[2] == 0
    assert broken_bounds(native) == (0, "")


@pytest.mark.parametrize("name", MACHINES)
def test_on_a_machine(name: str) -> None:
    if "5X52_MADD" in name and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native: ctypes.CDLL = library("group.c", *name.split(), verify=True)
    broken_bounds(native)
    curve = {"P256": p256, "SM2": sm2}.get(name.partition(" CURVE_")[2], secp256k1).CURVE
    points = some_points(curve)[:32]
    for steps in (0, 1, 2, 15):
        for which in (0, 1):
            results = three(native, "coz", [points], steps, which)
            for q, result in zip(points, results, strict=True):
                expected = curve.multiply(2 if which else 2 * steps + 1, q)
                assert from_jacobian(curve.P, *result) == expected
    assert broken_bounds(native) == (0, "")
