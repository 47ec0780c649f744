"""Multi-scalar sums on y^2 = x^3 + a x + b (kernels/msm/weierstrass.inc): over small fields, where
equal and opposite summands meet everywhere, and on the machines of the real field, with all bounds
checked.
"""

import ctypes
import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from native_library import broken_bounds, has_avx512, library
from reference import secp256k1
from reference.weierstrass import Curve, Point

RNG = random.Random("sums")
Pair = tuple[int, tuple[int, int]]  # scalar, point


def words(numbers: Sequence[int], length: int = 4) -> bytes:
    return b"".join(x.to_bytes(8 * length, "little") for x in numbers)


def add(
    native: ctypes.CDLL, points: Sequence[Point], stored: Sequence[int], bits: int, centred: bool
) -> None:
    length = 2 if centred else 4
    flat = words([x for point in points if point for x in point])
    native.native_add(flat, words(stored, length), length, len(stored), bits, int(centred))


def total(native: ctypes.CDLL, curve: Curve) -> Point:
    """The lanes' totals (X : Y : Z), each 2^doublings above the one before, joined."""
    lanes = native.native_lanes()
    out = ctypes.create_string_buffer(128 * lanes)
    doublings = native.native_sum(out)
    flat = [int.from_bytes(out.raw[i : i + 32], "little") for i in range(0, 128 * lanes, 32)]
    result: Point = None
    for x, y, z, again in reversed(list(zip(*[iter(flat)] * 4, strict=True))):
        assert z == again
        inverse = pow(z, -1, curve.P) if z % curve.P else 0
        point = (x * inverse % curve.P, y * inverse % curve.P) if inverse else None
        for _ in range(doublings):
            result = curve.add(result, result)
        result = curve.add(result, point)
    if lanes == 1:
        joined = ctypes.create_string_buffer(64)
        there = native.native_join(joined, out, 1, doublings)
        pair = tuple(int.from_bytes(joined.raw[i : i + 32], "little") for i in (0, 32))
        assert (pair if there else None) == result
    return result


def msm(native: ctypes.CDLL, curve: Curve, pairs: Sequence[Pair], bits: int, width: int) -> Point:
    native.native_open(width)
    add(native, [point for _, point in pairs], [k for k, _ in pairs], bits, centred=False)
    return total(native, curve)


# ---- Small fields ----

# (p, b) with y^2 = x^3 + b of prime order
TINY = [(7, 3), (7, 5), (13, 2), (13, 6), (37, 5)]


def points_of(p: int, b: int) -> list[tuple[int, int]]:
    return [(x, y) for x, y in itertools.product(range(p), repeat=2) if (y * y - x**3 - b) % p == 0]


@cache
def multiples(p: int, b: int) -> tuple[Curve, dict[Point, int]]:
    """The curve, and every point's logarithm."""
    base = points_of(p, b)[0]
    curve = Curve(p, 0, b, base, len(points_of(p, b)) + 1)
    logs: dict[Point, int] = {None: 0}
    point: Point = base
    while point is not None:
        logs[point] = len(logs)
        point = curve.add(point, base)
    assert len(logs) == curve.N
    return curve, logs


@pytest.fixture(params=TINY, ids=lambda pair: "p={} b={}".format(*pair))
def tiny(request: pytest.FixtureRequest) -> Iterator[tuple[ctypes.CDLL, tuple[int, int]]]:
    native = library("msm.c", "MACHINE_TINY", verify=True)
    native.native_tiny(*request.param)
    broken_bounds(native)
    yield native, request.param
    assert broken_bounds(native) == (0, "")


def test_the_orders_are_prime() -> None:
    orders = [multiples(*pair)[0].N for pair in TINY]
    assert len(set(orders)) >= 4
    assert all(n % d for n in orders for d in range(2, n))


def check_tiny(
    native: ctypes.CDLL, pair: tuple[int, int], pairs: Sequence[Pair], bits: int, width: int
) -> None:
    curve, logs = multiples(*pair)
    got = msm(native, curve, pairs, bits, width)
    assert logs[got] == sum(k * logs[point] for k, point in pairs) % curve.N, (pairs, width)


def test_one_and_two_terms(tiny: tuple[ctypes.CDLL, tuple[int, int]]) -> None:
    """All points with all scalars."""
    native, pair = tiny
    points = points_of(*pair)
    scalars = range(len(points) + 1)
    for k, point in itertools.product(scalars, points):
        check_tiny(native, pair, [(k, point)], 6, 2)
    every = list(itertools.product(scalars, points))
    for both in itertools.product(every, repeat=2) if len(points) < 13 else []:
        check_tiny(native, pair, both, 4, 3)
    for _ in range(2000):
        check_tiny(native, pair, RNG.choices(every, k=2), 6, RNG.choice([2, 3, 8]))


def test_many_terms(tiny: tuple[ctypes.CDLL, tuple[int, int]]) -> None:
    """In a group of so few points every bucket meets equal and opposite ones again and again."""
    native, pair = tiny
    points = points_of(*pair)
    for trial in range(600):
        n = RNG.choice([3, 4, 8, 20, 60, 300])
        some = RNG.choices(points, k=RNG.choice([1, 2, n]))
        bits = RNG.choice([6, 20, 64, 100])
        few = [RNG.getrandbits(bits) for _ in range(RNG.choice([1, 3, n]))]
        pairs = [(RNG.choice(few), RNG.choice(some)) for _ in range(n)]
        check_tiny(native, pair, pairs, bits, 2 + trial % 7)


def test_centred_scalars(tiny: tuple[ctypes.CDLL, tuple[int, int]]) -> None:
    native, pair = tiny
    curve, logs = multiples(*pair)
    points = points_of(*pair)
    for trial in range(300):
        n = RNG.choice([1, 2, 5, 40])
        plain = [(RNG.getrandbits(128), RNG.choice(points)) for _ in range(n)]
        centred = [(RNG.getrandbits(128), RNG.choice(points)) for _ in range(n)]
        native.native_open(2 + trial % 7)
        add(native, [point for _, point in plain], [k for k, _ in plain], 128, centred=False)
        add(native, [point for _, point in centred], [v for v, _ in centred], 128, centred=True)
        expected = sum(k * logs[point] for k, point in plain)
        expected += sum((v - 2**127) * logs[point] for v, point in centred)
        assert logs[total(native, curve)] == expected % curve.N


# ---- The machines of secp256k1's field ----

MACHINES = ["MACHINE_8X32", "MACHINE_5X52_INT128", "MACHINE_5X52_EMULATED", "MACHINE_5X52_MADD"]
CURVE, N = secp256k1.CURVE, secp256k1.N


@pytest.fixture(
    params=[(name, verify) for name in MACHINES for verify in (False, True)],
    ids=lambda build: build[0] + (" VERIFY" if build[1] else ""),
)
def machine(request: pytest.FixtureRequest) -> Iterator[ctypes.CDLL]:
    name, verify = request.param
    if name == "MACHINE_5X52_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("msm.c", name, verify=verify)
    broken_bounds(native)
    yield native
    assert broken_bounds(native) == (0, "")


@pytest.mark.parametrize("width", range(2, 9))
def test_on_a_machine(machine: ctypes.CDLL, width: int) -> None:
    """A progression of points with extreme, few, and random scalars."""
    rng = random.Random(width)
    logs = [*range(1, 6), N - 1, N - 2, *(rng.randrange(1, N) for _ in range(5))]
    points = {x: CURVE.multiply_base(x) for x in logs}
    special = [0, 1, 2, N - 1, N // 2, secp256k1.LAMBDA, N - secp256k1.LAMBDA, 2**128, 2**255]
    for n in (1, 7, 8, 9, 40):
        for few in (special, [rng.randrange(N)], [rng.randrange(N) for _ in range(n)]):
            plain = [(rng.choice(few), rng.choice(logs)) for _ in range(n)]
            centred = [(rng.choice([0, 2**128 - 1, rng.getrandbits(128)]), rng.choice(logs))]
            centred += [(rng.getrandbits(128), rng.choice(logs)) for _ in range(n)]
            machine.native_open(width)
            add(machine, [points[x] for _, x in plain], [k for k, _ in plain], 256, centred=False)
            add(machine, [points[x] for _, x in centred], [v for v, _ in centred], 128, True)
            expected = sum(k * x for k, x in plain) + sum((v - 2**127) * x for v, x in centred)
            assert total(machine, CURVE) == CURVE.multiply_base(expected % N)
