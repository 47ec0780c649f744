"""The GPU kernels of the curves (kernels/*.cl): the same bodies on their text as plain C and on
every device beside the CPU, against plain integers.
"""

import ctypes
import random
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from curve_machines import MACHINES, curve_machine
from items import GLV_BASIS
from reference import ed25519, p256, secp256k1, sm2
from reference.ed25519 import TORSION, L
from reference.secp256k1 import LAMBDA
from reference.weierstrass import Curve, Point
from verilane import _device_curves, _fixed_base, _native

RNG = random.Random("curve kernels")
CURVES = {"secp256k1": secp256k1.CURVE, "p256": p256.CURVE, "sm2": sm2.CURVE}
Words = NDArray[np.uint64]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> Any:
    return curve_machine(request.param)


def words(numbers: list[int], width: int = 4) -> Words:
    data = b"".join(x.to_bytes(32, "little") for x in numbers)
    return np.frombuffer(data, np.uint64).reshape(-1, width)


def points(pairs: list[tuple[int, int]]) -> Words:
    return words([x for pair in pairs for x in pair], 8)


def numbers(rows: Words) -> list[Any]:
    """Pairs for points, else integers."""
    data = rows.tobytes()
    flat = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    return flat if rows.shape[1] == 4 else list(zip(flat[::2], flat[1::2], strict=True))


# ---- R = u G + v Q ----


class Case(NamedTuple):
    """Q = q G. meets: the formulas must have met an exceptional addition; None: they may."""

    u: int
    v: int
    q: int
    meets: bool | None


def odd_digits(k: int, n: int, width: int) -> list[int]:
    """The digits of kernels/scalar/recode_odd.inc, those of -(n - k) for an even k."""
    sign, k = (1, k) if k % 2 else (-1, n - k)
    count = -(-256 // width)
    shifted = (k >> 1) + 2 ** (width * count - 1)
    found = [(shifted >> (width * j)) % 2**width * 2 - 2**width + 1 for j in range(count)]
    assert sum(d << (width * j) for j, d in enumerate(found)) == k
    return [sign * d for d in found]


def ordinary(n: int) -> list[Case]:
    def scalar() -> int:
        return RNG.randrange(1, n)

    return [Case(scalar(), scalar(), scalar(), False) for _ in range(150)]


def special_scalars(n: int) -> list[Case]:
    """Digits and halves that are extreme, on the border of a window, or nearly wrap around."""
    (a1, b1), (a2, b2) = GLV_BASIS
    chosen = [*range(-40, 41), n // 2, n // 2 + 1, 2**255, 2**256 - 1]
    chosen += [2**k + d for k in (31, 32, 64, 127, 128, 129, 130, 160) for d in (-1, 0, 1)]
    chosen += [int(digits * 32, 16) for digits in ("55", "aa", "10", "f0", "7f", "80", "ff")]
    chosen += [k * LAMBDA + d for k in (1, 2, -1, 16, 2**127) for d in (-1, 0, 1)]
    for s1, s2 in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        k1, k2 = (s1 * a1 + s2 * a2) // 2, (s1 * b1 + s2 * b2) // 2
        chosen += [k1 + d1 + LAMBDA * (k2 + d2) for d1 in (-1, 0, 1) for d2 in (-1, 0, 1)]
    cases = []
    for k in chosen:
        q, other = RNG.randrange(1, n), RNG.randrange(1, n)
        # u alone can't be exceptional with a random v Q; a small v may end in equal points.
        cases.append(Case(k % n, other, q, False))
        cases.append(Case(other, k % n, q, True if k % n == 0 else None))
        cases.append(Case(k % n, k % n, q, True if k % n == 0 else None))
    return cases


def special_keys(n: int) -> list[Case]:
    keys = [1, 2, 3, 5, 31, 32, 127, 128, 255, 256, 2**128, 2**248, LAMBDA, LAMBDA**2, 2 * LAMBDA]
    cases = []
    for q in (sign * key % n for key in keys for sign in (1, -1)):
        v = RNG.randrange(1, n)
        for u in (0, 1, -v * q, v * q, v * q + 1, 2 - v * q, RNG.randrange(n)):
            infinite = (u + v * q) % n == 0
            cases.append(Case(u % n, v, q, True if infinite else None))
    for q in (1, 2, 3, n - 1, n - 2, LAMBDA % n, -LAMBDA % n):
        for u in (0, 1, 2, 3, n - 1, n - 2):
            cases += [Case(u, v, q, None) for v in (0, 1, 2, n - 1, n - 3)]
    return cases


def colliding_windows(n: int) -> list[Case]:
    """Before the window j of u is added, the sum equals that summand, or its opposite."""
    cases = []
    for j in (0, 1, 2, 15, 30, 31):
        for sign in (1, -1):
            u, v = RNG.randrange(1, n), RNG.randrange(1, n)
            digits = odd_digits(u, n, 8)
            below = sum(digits[i] << (8 * i) for i in range(j))
            q = (sign * (digits[j] << (8 * j)) - below) * pow(v, -1, n) % n
            cases.append(Case(u, v, q, True))
    return cases


@cache
def cases_of(name: str) -> tuple[list[Case], list[Point], list[tuple[int, int]]]:
    """Cases, their results and their keys."""
    curve = CURVES[name]
    made = [
        case
        for make in (ordinary, special_scalars, special_keys, colliding_windows)
        for case in make(curve.N)
    ]
    RNG.shuffle(made)
    results = [curve.multiply_base(case.u + case.v * case.q) for case in made]
    keys = [curve.multiply_base(case.q) for case in made]
    assert None in results and None not in keys
    return made, results, keys  # type: ignore[return-value]


def check_double_mul(
    curve: Curve, made: list[Case], results: list[Point], r: Words, exceptional: list[int]
) -> None:
    for case, expected, got, flag in zip(made, results, numbers(r), exceptional, strict=True):
        assert flag in (0, 1)
        if expected is None or case.meets:
            assert flag == 1, case
        if case.meets is False:
            assert flag == 0, case
        assert flag or got == expected, case


@pytest.mark.parametrize("name", CURVES)
def test_double_mul(machine: Any, name: str) -> None:
    """In one batch and in many, at every place."""
    made, results, keys = cases_of(name)
    curve = _device_curves.curve(machine, name)
    assert isinstance(curve, _device_curves.Weierstrass)
    columns = words([c.u for c in made]), words([c.v for c in made]), points(keys)
    r, exceptional = curve.double_mul(*columns)
    check_double_mul(CURVES[name], made, results, r, exceptional.tolist())
    # Answers to items that are not exceptional are the rule.
    assert 20 <= sum(exceptional) < len(made) // 2
    for n in (0, 1, 2, 31, 32, 33, 65):
        first = RNG.randrange(len(made) - n)
        part = slice(first, first + n)
        again, flags = curve.double_mul(*(column[part] for column in columns))
        assert flags.tolist() == exceptional[part].tolist()
        good = flags == 0
        assert (again[good] == r[part][good]).all()


# ---- the same as the CPU ----


class Ops(ctypes.Structure):
    """csrc/ops.h: vl_curve_ops."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("scalar_ratio", ctypes.c_void_p),
        (
            "double_mul",
            ctypes.CFUNCTYPE(
                None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_void_p] * 4
            ),
        ),
        ("decompress", ctypes.c_void_p),
        ("on_curve", ctypes.c_void_p),
        ("msm", ctypes.c_void_p),
        ("curve", ctypes.c_void_p),
    )


def cpu_double_mul(name: str, columns: list[Words]) -> tuple[Words, NDArray[np.uint8]]:
    """The scalar row's answers, by blocks."""
    native = ctypes.CDLL(_native.__file__)
    getattr(native, f"vl_{name}_prepare")()
    ops = Ops.in_dll(native, f"vl_{name}_scalar")
    memory = ctypes.create_string_buffer(ops.scratch_size + 64)
    scratch = ctypes.addressof(memory) + -ctypes.addressof(memory) % 64
    n = len(columns[0])
    r, exceptional = np.empty((n, 8), np.uint64), np.empty(n, np.uint8)
    for start in range(0, n, 512):
        count = min(512, n - start)
        given = [
            np.ascontiguousarray(column[start : start + 512]).ctypes.data for column in columns
        ]
        ops.double_mul(
            r[start:].ctypes.data, exceptional[start:].ctypes.data, count, *given, scratch
        )
    return r, exceptional


@pytest.mark.parametrize("name", CURVES)
def test_double_mul_as_the_cpu_does(machine: Any, name: str) -> None:
    """Random scalars, among the special ones: keys are those that the others have for results."""
    made, _, keys = cases_of(name)
    n = CURVES[name].N
    count = 2000
    u = [RNG.choice([RNG.randrange(n), RNG.choice(made).u]) for _ in range(count)]
    v = [RNG.choice([RNG.randrange(n), RNG.choice(made).v]) for _ in range(count)]
    columns = [words(u), words(v), points([RNG.choice(keys) for _ in range(count)])]
    curve = _device_curves.curve(machine, name)
    assert isinstance(curve, _device_curves.Weierstrass)
    r, exceptional = curve.double_mul(*columns)
    known, undecided = cpu_double_mul(name, columns)
    both = (exceptional == 0) & (undecided == 0)
    assert (r[both] == known[both]).all()
    # v = 0 is exceptional here alone; little else is.
    zero = np.array(v) == 0
    assert exceptional[zero].all()
    assert exceptional[~zero].sum() < count // 20


# ---- inverses: a zero among others ----


PRIMES = {name: curve.P for name, curve in CURVES.items()} | {"ed25519": ed25519.P}


@pytest.mark.parametrize("name", PRIMES)
def test_shared_inverses(machine: Any, name: str) -> None:
    """1 / 0 is 0, and no other item sees it, wherever it stands."""
    p = PRIMES[name]
    edges = [0, 0, 1, 2, p - 1, p - 2, p, p + 1, p // 2, 2**256 - 1, 2**255, 2**256 - p]
    for n in [*range(1, 20), 100]:
        given = [RNG.choice([RNG.choice(edges), RNG.randrange(p)]) for _ in range(n)]
        program = machine.program(f"{name}.cl")
        rows = np.zeros((n, 12), np.uint64)
        rows[:, 8:] = words(given)
        inverse = machine.upload(np.full((n, 4), 2**64 - 1, np.uint64))
        machine.launch(program, "invert", -(-n // 8), inverse, machine.upload(rows), 24, 16, n)
        got = np.empty((n, 4), np.uint64)
        machine.read(got, inverse)
        for x, found in zip(given, numbers(got), strict=True):
            assert found % p == pow(x, p - 2, p), hex(x)


# ---- points from one coordinate ----


@pytest.mark.parametrize("name", CURVES)
def test_decompress(machine: Any, name: str) -> None:
    curve = CURVES[name]
    p = curve.P
    x = [*range(30), *(p - k for k in range(1, 30)), *(RNG.randrange(p) for _ in range(60))]
    for odd in (0, 1):
        parity = np.full(len(x), odd, np.uint8)
        y, ok = _device_curves.curve(machine, name).decompress(words(x), parity)
        expected = [curve.lift_x(each, odd) for each in x]
        assert ok.tolist() == [int(point is not None) for point in expected]
        for point, got in zip(expected, numbers(y), strict=True):
            assert point is None or point[1] == got
        assert None in expected
    empty = _device_curves.curve(machine, name).decompress(words([]), np.empty(0, np.uint8))
    assert [len(column) for column in empty] == [0, 0]


def test_decompress_edwards(machine: Any) -> None:
    p = ed25519.P
    y = [*range(40), *range(p - 40, p + 19), 2**255 - 1, *(y for _, y in TORSION)]
    y += [RNG.randrange(2**255) for _ in range(60)]
    for odd in (0, 1):
        parity = np.full(len(y), odd, np.uint8)
        found, ok = _device_curves.curve(machine, "ed25519").decompress(words(y), parity)
        for each, got, good in zip(y, numbers(found), ok.tolist(), strict=True):
            x = ed25519.recover_x(each, odd)
            assert good == (x is not None)
            assert x is None or got == (x, each % p)


# ---- R = s B - k A ----

SCALARS = [0, 1, 2, 15, 16, 17, 31, 32, 127, 128, 129, 255, 256, L - 1, L, L + 1]
SCALARS += [2**252, 2**253 - 1, 2**253 - 2, 8 * (2**250 - 1)]
SCALARS += [2**i for i in range(3, 253, 9)]
SCALARS += [sum(d << (5 * j) for j in range(50)) for d in (15, 16)]
SCALARS += [sum(d << (8 * j) for j in range(31)) for d in (127, 128)]


@cache
def edwards_cases() -> list[tuple[int, int, tuple[int, int], tuple[int, int]]]:
    """s, k, A and R."""
    add, negate, multiply, base = ed25519.add, ed25519.negate, ed25519.multiply, ed25519.B
    scalars = SCALARS
    given = [
        (s, k, add(multiply(RNG.choice([0, 1, RNG.randrange(L)]), base), RNG.choice(TORSION)))
        for shift in (0, 1, 7)
        for s, k in zip(scalars, scalars[shift:] + scalars[:shift], strict=True)
    ]
    # Small order: k mod 8 is what counts, and k mod L has another one.
    given += [(s, k, t) for s in (0, 5) for k in (*range(9), L, L - 1, 2**253 - 1) for t in TORSION]
    # Sums that meet: every addition may be a doubling, or give the neutral element.
    for q in (1, 2, 16, L - 1, pow(2, -8, L), pow(3, -1, L)):
        for k in (1, 2, 31, 256, RNG.randrange(L)):
            for s in (k * q, k * q + 1, -k * q, k * q + 2**8, k * q - 2**248):
                given.append((s % L, k, multiply(q, base)))
    given += [
        (RNG.randrange(2**253), RNG.randrange(2**253), multiply(RNG.randrange(L), base))
        for _ in range(50)
    ]
    RNG.shuffle(given)
    return [(s, k, a, add(multiply(s, base), multiply(k, negate(a)))) for s, k, a in given]


def test_double_mul_edwards(machine: Any) -> None:
    made = edwards_cases()
    curve = _device_curves.curve(machine, "ed25519")
    assert isinstance(curve, _device_curves.Edwards)
    columns = words([c[0] for c in made]), words([c[1] for c in made]), points([c[2] for c in made])
    expected = [c[3] for c in made]
    assert numbers(curve.double_mul(*columns)) == expected
    for n in (0, 1, 33, 65):
        got = curve.double_mul(*(column[:n] for column in columns))
        assert numbers(got) == expected[:n]


# ---- tables of base points ----


def entry(name: str, number: int, width: int) -> list[int]:
    table = _fixed_base.table(name).reshape(-1, width * 8)
    data = table[number].tobytes()
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]


@pytest.mark.parametrize("name", CURVES)
def test_table_of_the_base_point(name: str) -> None:
    multiply: Callable[[int], Point] = CURVES[name].multiply_base
    for j in (0, 1, 2, 30, 31):
        for i in (0, 1, 2, 63, 126, 127):
            point = multiply((2 * i + 1) << (8 * j))
            assert tuple(entry(name, 128 * j + i, 2)) == point
    assert len(_fixed_base.table(name)) == 32 * 128 * 16


def test_table_of_the_edwards_base_point() -> None:
    p = ed25519.P
    for j in (0, 1, 2, 30, 31):
        for i in (0, 1, 2, 64, 127, 128):
            x, y = ed25519.multiply(i << (8 * j), ed25519.B)
            expected = [(y + x) % p, (y - x) % p, 2 * ed25519.D * x * y % p]
            assert entry("ed25519", 129 * j + i, 3) == expected
    assert len(_fixed_base.table("ed25519")) == 32 * 129 * 24
