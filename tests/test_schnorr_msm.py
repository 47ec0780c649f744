"""Sums and equations of BIP-340 (schnorr_sums.py): what test_equations.py does not ask of every
scheme.
"""

import ctypes
import random

import pytest

from equation_parts import COEFFICIENTS, Coefficient, centred
from library_parts import BLOCK, LIBRARY, need, points, words
from reference.secp256k1 import LAMBDA, N, multiply_base
from schnorr_sums import (
    ISAS,
    LOGS,
    POOL,
    RNG,
    SCALARS,
    WIDTHS,
    Items,
    Kind,
    Machine,
    expected,
    some_kind,
)


@pytest.fixture(params=ISAS)
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(need(request.param))


# ---- Sums ----


def test_a_whole_block(machine: Machine) -> None:
    rng = random.Random("block")
    for kinds in (
        [some_kind(BLOCK, rng), some_kind(1, rng), some_kind(BLOCK, rng, True)],
        [
            Kind([rng.choice(LOGS) for _ in range(BLOCK)], [x] * BLOCK, is_centred)
            for x, is_centred in ((N - 1, False), (2**128 - 1, True))
        ],
    ):
        assert machine.msm(kinds, 8) == expected(kinds)


@pytest.mark.parametrize("scalar", [0, 1, N - 1, 2**128 - 1, 129, LAMBDA])
def test_one_scalar_for_all(machine: Machine, scalar: int) -> None:
    """Every window has one bucket, in which all points are, repeated and opposite ones."""
    for of in (LOGS, LOGS[:1], LOGS[:5], [1, N - 1], [LAMBDA, 1, N - LAMBDA]):
        kind = Kind((of * 300)[:300], [scalar] * 300)
        for width in (4, 8):
            assert machine.msm([kind], width) == expected([kind])


def test_sums_that_are_infinite(machine: Machine) -> None:
    rng = random.Random("infinite")
    for n in (1, 2, 8, 50):
        kind = some_kind(n, rng)
        opposite = Kind([N - 1], [kind.sum() % N])
        for width in WIDTHS:
            assert machine.msm([kind, opposite], width) is None
            assert machine.msm([Kind(kind.logs, [0] * n)], width) is None


def test_differences() -> None:
    out = ctypes.create_string_buffer(64)
    subtract = LIBRARY.vl_secp256k1_subtract
    for a in (None, *LOGS[::3]):
        for b in (None, *LOGS[::2], a):
            left, right = (None if x is None else words([*POOL[x]]) for x in (a, b))
            there = subtract(out, left, right)
            total = multiply_base(((a or 0) - (b or 0)) % N)
            assert (points(out.raw)[0] if there else None) == total


# ---- Numbers modulo n ----


def test_products_with_coefficients() -> None:
    out = ctypes.create_string_buffer(32)
    times = LIBRARY.vl_secp256k1_times_coefficient
    times.argtypes = [ctypes.c_void_p, Coefficient, ctypes.c_char_p]
    zs = [*COEFFICIENTS, *(RNG.getrandbits(128) for _ in range(60))]
    ks = [*SCALARS, N, 2**256 - 1, *(RNG.randrange(N) for _ in range(60))]
    for z in zs:
        for k in ks:
            times(out, Coefficient(z % 2**64, z >> 64), k.to_bytes(32, "little"))
            assert int.from_bytes(out.raw, "little") == centred(z) * k % N
    for n in (0, 1, 2, 60):
        z, s = zs[-n:][:n], ks[-n:][:n]
        flat = b"".join(x.to_bytes(16, "little") for x in z)
        LIBRARY.vl_secp256k1_products(out, ctypes.c_size_t(n), flat, words(s))
        total = sum(centred(x) * y for x, y in zip(z, s, strict=True))
        assert int.from_bytes(out.raw, "little") == total % N
    for z in (0, 2**128 - 1):
        column = z.to_bytes(16, "little") * BLOCK
        LIBRARY.vl_secp256k1_products(
            out, ctypes.c_size_t(BLOCK), column, words([2**256 - 1] * BLOCK)
        )
        assert int.from_bytes(out.raw, "little") == centred(z) * (2**256 - 1) * BLOCK % N


# ---- The equation ----


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 40, 200])
def test_the_sum_of_an_equation(machine: Machine, n: int) -> None:
    rng = random.Random(n)
    for errors in ([0] * n, [rng.randrange(N) for _ in range(n)], [1] + [0] * (n - 1)):
        items = Items(machine, errors)
        for start, stop in {(0, n), (n // 2, n), (0, n // 2 + 1)}:
            holds, total = items.holds(start, stop)
            error = sum(items.z(i) * errors[i] for i in range(start, stop)) % N
            assert total.affine() == multiply_base(error)
            assert holds == (error == 0) == (not any(errors[start:stop]))


def test_errors_that_cancel_are_seen(machine: Machine) -> None:
    """Equal coefficients, or known ones, would let these pass."""
    d = RNG.randrange(N)
    for errors in ([d, N - d], [d, d, -2 * d % N], [1, N - 1], [0, d, 0, -d % N], [d, N - d] * 40):
        holds, _ = Items(machine, errors).holds(0, len(errors))
        assert not holds
