"""Sums and equations of Ed25519 (ed25519_sums.py): what test_equations.py does not ask of every
scheme.
"""

import ctypes
import random

import pytest

from ed25519_sums import (
    ISAS,
    POOL,
    RNG,
    SCALARS,
    WIDTHS,
    Items,
    Kind,
    Known,
    Machine,
    expected,
    known,
    some_kind,
)
from equation_parts import COEFFICIENTS, Coefficient, centred
from library_parts import BLOCK, LIBRARY, need, points, words
from reference.ed25519 import B, L, P, add, multiply, negate


@pytest.fixture(params=ISAS)
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(need(request.param))


# ---- Sums ----


def test_a_whole_block(machine: Machine) -> None:
    rng = random.Random("block")
    kinds = [some_kind(BLOCK, rng), some_kind(1, rng), some_kind(BLOCK, rng, True)]
    halves = [some_kind(n, rng, True) for n in (2 * BLOCK, 2, BLOCK)]
    for width in (4, 8):
        assert machine.msm(kinds, width) == expected(kinds)
        assert machine.msm(halves, width) == expected(halves)


@pytest.mark.parametrize("scalar", [0, 1, L - 1, 2**128 - 1, 129])
def test_one_scalar_for_all(machine: Machine, scalar: int) -> None:
    """Every window has one bucket, in which all points are, repeated, opposite and neutral ones."""
    for of in (POOL, POOL[1:2], [POOL[0]], POOL[:8], [POOL[-1], POOL[-13]]):
        kind = Kind((of * 300)[:300], [scalar] * 300)
        for width in (4, 8):
            assert machine.msm([kind], width) == expected([kind])


def test_points_in_progression(machine: Machine) -> None:
    """a + i d: the sums of buckets meet again and again."""
    start, step = known(RNG.randrange(L), 1), known(3, 3)
    sequence = [start]
    for _ in range(99):
        x = sequence[-1]
        sequence.append(
            Known(
                (x.multiple + step.multiple) % L,
                (x.torsion + step.torsion) % 8,
                add(x.point, step.point),
            )
        )
    rng = random.Random("progression")
    for stored in ([1] * 100, list(range(100)), [rng.getrandbits(253) for _ in range(100)]):
        assert machine.msm([Kind(sequence, stored)], 5) == expected([Kind(sequence, stored)])


def test_differences() -> None:
    out = ctypes.create_string_buffer(64)
    for a in POOL[::3]:
        for b in POOL[::2]:
            LIBRARY.vl_ed25519_subtract(out, words([*a.point]), words([*b.point]))
            assert points(out.raw)[0] == add(a.point, negate(b.point))


# ---- Numbers modulo L ----


def test_products_with_coefficients() -> None:
    out = ctypes.create_string_buffer(32)
    multiply_by = LIBRARY.vl_ed25519_times_coefficient
    multiply_by.argtypes = [ctypes.c_void_p, Coefficient, ctypes.c_char_p]
    zs = [*COEFFICIENTS, *(RNG.getrandbits(128) for _ in range(60))]
    ks = [k for k in SCALARS if k < 2**253] + [RNG.randrange(L) for _ in range(60)]
    for z in zs:
        for k in ks:
            multiply_by(out, Coefficient(z % 2**64, z >> 64), k.to_bytes(32, "little"))
            assert int.from_bytes(out.raw, "little") == centred(z) * k % L
    for n in (0, 1, 2, 60):
        z, s = zs[-n:][:n], ks[-n:][:n]
        flat = b"".join(x.to_bytes(16, "little") for x in z)
        LIBRARY.vl_ed25519_minus_products(out, ctypes.c_size_t(n), flat, words(s))
        total = sum(centred(x) * y for x, y in zip(z, s, strict=True))
        assert int.from_bytes(out.raw, "little") == -total % L
    many = 1024
    for z in (0, 2**128 - 1):
        LIBRARY.vl_ed25519_minus_products(
            out, ctypes.c_size_t(many), z.to_bytes(16, "little") * many, words([2**253 - 1] * many)
        )
        expected = -centred(z) * (2**253 - 1) * many % L
        assert int.from_bytes(out.raw, "little") == expected


# ---- The equation ----


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 40, 200])
@pytest.mark.parametrize("halves", [False, True])
def test_the_sum_of_an_equation(machine: Machine, n: int, halves: bool) -> None:
    """8 times it, since parts of small order have no meaning in it."""
    rng = random.Random(n)
    for errors in ([0] * n, [rng.randrange(L) for _ in range(n)], [1] + [0] * (n - 1)):
        items = Items(machine, errors, halves=halves)
        for start, stop in {(0, n), (n // 2, n), (0, n // 2 + 1)}:
            holds, total = items.holds(start, stop)
            error = sum(items.z(i) * errors[i] for i in range(start, stop)) % L
            assert multiply(8, total.affine()) == multiply(8 * error % L, B)
            assert holds == (error == 0) == (not any(errors[start:stop]))


def test_errors_that_cancel_are_seen(machine: Machine) -> None:
    """Equal coefficients, or known ones, would let these pass."""
    d = RNG.randrange(L)
    for errors in ([d, -d], [d, d, -2 * d], [1, L - 1], [0, d, 0, 0, -d, 0], [d, -d] * 40):
        for halves in (False, True):
            holds, _ = Items(machine, errors, halves=halves).holds(0, len(errors))
            assert not holds


def test_widths_are_for_the_primes_size() -> None:
    """A digit is never larger than the buckets that there are for it."""
    assert L < 2**253
    assert P < 2**255
    for width in WIDTHS:
        windows = 253 // width + 1
        bias = sum(1 << width * j + width - 1 for j in range(windows - 1))
        assert (2**253 - 1 + bias) >> width * (windows - 1) <= 1 << width - 1
