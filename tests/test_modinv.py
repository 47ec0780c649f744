"""Modular inversion (csrc/modinv.h) against Python."""

import ctypes
import random

import pytest

from native_library import library
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from reference.sm2 import CURVE as SM2
from scalar_words import numbers, words

RNG = random.Random("modinv")

# As tests/native/scalar.c numbers them.
MODULI = [SECP256K1.P, SECP256K1.N, P256.P, P256.N, SM2.P, SM2.N]


@pytest.fixture(
    params=range(6), ids=["secp256k1.p", "secp256k1.n", "p256.p", "p256.n", "sm2.p", "sm2.n"]
)
def modulus(request: pytest.FixtureRequest) -> tuple[int, int]:
    return MODULI[request.param], request.param


def inverses(values: list[int], order: int) -> list[int]:
    native = library("scalar.c", "MACHINE_5X52_INT128")
    out = ctypes.create_string_buffer(32 * len(values))
    native.native_modinv(out, ctypes.c_size_t(len(values)), words(values), order)
    return numbers(out.raw)


def check_inverses(values: list[int], modulus: tuple[int, int]) -> None:
    m, order = modulus
    for value, inverse in zip(values, inverses(values, order), strict=True):
        # The inverse is the one number below m with this product; zero has none and gives zero.
        assert inverse < m
        assert value * inverse % m == (value != 0), hex(value)


def test_inverse_of_random_numbers(modulus: tuple[int, int]) -> None:
    check_inverses([RNG.randrange(modulus[0]) for _ in range(100_000)], modulus)


def test_inverse_of_numbers_with_a_pattern(modulus: tuple[int, int]) -> None:
    m, _ = modulus
    near = [base + d for bit in range(257) for base in [1 << bit, m >> bit] for d in range(-3, 4)]
    small = list(range(2000))
    quotients = [m // k + d for k in range(1, 1000) for d in (-1, 0, 1)]
    sparse = [sum(1 << RNG.randrange(256) for _ in range(4)) for _ in range(5000)]
    runs = [((1 << RNG.randrange(257)) - 1) ^ ((1 << RNG.randrange(257)) - 1) for _ in range(5000)]
    short = [RNG.getrandbits(RNG.randrange(1, 257)) for _ in range(5000)]
    values = near + small + quotients + sparse + runs + short
    values += [m - x for x in values]
    check_inverses([x for x in values if 0 <= x < m], modulus)


def test_inverse_of_fractions_close_to_each_other(modulus: tuple[int, int]) -> None:
    """Neighbours m x / y and Fibonacci-like pairs take the most steps, and their leading bits stay
    equal for long: comparisons on 33 bits go wrong here.
    """
    m, _ = modulus
    values = []
    for _ in range(3000):
        x, y = RNG.getrandbits(RNG.randrange(2, 200)) | 1, RNG.getrandbits(128) | 1
        values += [x * pow(y, -1, m) % m, m * x // (x + y), pow(2, RNG.randrange(600), m) * x % m]
    golden = m * (2**300) // 485398038695407183498217 % m
    values += [golden + d for d in range(-100, 100)]
    values += [pow(2, -k, m) for k in range(600)] + [pow(3, -k, m) for k in range(200)]
    check_inverses([x for x in values if 0 <= x < m], modulus)


def test_inverse_in_place(modulus: tuple[int, int]) -> None:
    m, order = modulus
    value = RNG.randrange(1, m)
    buffer = ctypes.create_string_buffer(words([value]), 32)
    library("scalar.c", "MACHINE_5X52_INT128").native_modinv(
        buffer, ctypes.c_size_t(1), buffer, order
    )
    assert numbers(buffer.raw) == [pow(value, -1, m)]


def test_constants_of_a_modulus(modulus: tuple[int, int]) -> None:
    m, order = modulus
    out = (ctypes.c_int64 * 6)()
    library("scalar.c", "MACHINE_5X52_INT128").native_modulus(out, order)
    assert sum(limb << (62 * i) for i, limb in enumerate(out[:5])) == m
    assert out[5] == pow(m, -1, 2**62)


def reference_steps(a: int, b: int) -> list[int]:
    """31 steps of the binary GCD as the head of csrc/modinv.h has them, one at a time."""
    row_a, row_b = [1, 0], [0, 1]
    for _ in range(31):
        if a % 2:
            if a < b:
                a, b, row_a, row_b = b, a, row_b, row_a
            a, row_a = a - b, [x - y for x, y in zip(row_a, row_b, strict=True)]
        a, row_b = a // 2, [2 * x for x in row_b]
    return row_a + row_b


def test_steps_of_the_inversion_and_their_bound() -> None:
    native = library("scalar.c", "MACHINE_5X52_INT128")
    edges = [0, 1, 2, 3, 2**30, 2**31, 2**31 - 1, 2**32, 2**63, 2**64 - 1, 2**64 - 2, 2**62]
    pairs = [(a, b | 1) for a in edges for b in edges]
    pairs += [
        (RNG.getrandbits(64) >> i % 64, RNG.getrandbits(64) >> i % 61 | 1) for i in range(5000)
    ]
    pairs += [(a, a | 1) for a, _ in pairs] + [(b ^ 2**30, b) for _, b in pairs]
    for a, b in pairs:
        out = (ctypes.c_int64 * 4)()
        native.native_modinv_steps(out, ctypes.c_uint64(a), ctypes.c_uint64(b))
        assert list(out) == reference_steps(a, b)
        assert abs(out[0]) + abs(out[1]) <= 2**31
        assert abs(out[2]) + abs(out[3]) <= 2**31


def limbs62(value: int) -> ctypes.Array[ctypes.c_int64]:
    """Five limbs of 62 bits, of which the last one has the sign."""
    low = [value >> (62 * i) & (2**62 - 1) for i in range(4)]
    return (ctypes.c_int64 * 5)(*low, value >> 248)


def from_limbs62(limbs: ctypes.Array[ctypes.c_int64], length: int = 5) -> int:
    assert all(0 <= limb < 2**62 for limb in limbs[: length - 1])
    return sum(limb << (62 * i) for i, limb in enumerate(limbs[:length]))


def close_pairs(modulus: int) -> list[tuple[int, int]]:
    """Pairs (a, b), b odd, that agree in their top bits down to a random place, of all sizes."""
    pairs = []
    for _ in range(5000):
        b = (RNG.randrange(2**255, modulus) >> RNG.randrange(250)) | 1
        pairs.append((b - RNG.getrandbits(RNG.randrange(1, b.bit_length() + 1)), b))
        pairs.append((b >> RNG.randrange(4) ^ RNG.getrandbits(RNG.randrange(1, 64)), b))
    return [(a, b) for a, b in pairs if a >= 0] + [(b | 1, a) for a, b in pairs if a > 0 and a % 2]


def check_round(native: ctypes.CDLL, a: int, b: int) -> tuple[int, int, list[bool]]:
    """Returns what 31 steps make of a and b, and whether either one's sign had to be mended."""
    longest = max(a.bit_length(), b.bit_length())
    length = max(1, -(-longest // 62))
    seen = [a, b]
    if length > 1:
        shift = longest - 33
        seen = [(x >> shift << 31) | x & (2**31 - 1) for x in (a, b)]
    approximation = (ctypes.c_uint64 * 2)()
    native.native_modinv_approximate(approximation, limbs62(a), limbs62(b), length)
    assert list(approximation) == seen
    matrix, left, right = (ctypes.c_int64 * 4)(), limbs62(a), limbs62(b)
    assert native.native_modinv_round(matrix, left, right, 5) == length
    results = from_limbs62(left, length), from_limbs62(right, length)
    u, v, q, r = matrix
    assert (u * a + v * b, q * a + r * b) == (2**31 * results[0], 2**31 * results[1])
    assert all(0 <= x <= max(a, b) for x in results)
    assert results[1] % 2
    rows, steps = [[u, v], [q, r]], reference_steps(*seen)
    mended = [row != step for row, step in zip(rows, [steps[:2], steps[2:]], strict=True)]
    for row, step, other in zip(rows, [steps[:2], steps[2:]], mended, strict=True):
        assert row == ([-x for x in step] if other else step)
    return *results, mended


def test_a_round_of_the_inversion(modulus: tuple[int, int]) -> None:
    """Comparisons on 33 bits that go wrong are mended: nothing is negative, nothing grows."""
    native = library("scalar.c", "MACHINE_5X52_INT128")
    count = [0, 0]
    for a, b in close_pairs(modulus[0]):
        count[1] += check_round(native, a, b)[2][1]
    m, short = modulus[0], [RNG.getrandbits(RNG.randrange(1, 250)) + 1 for _ in range(800)]
    starts = [RNG.randrange(1, m) for _ in range(800)] + short + [m - x for x in short]
    starts += [pow(x % 2**20 or 1, -1, m) for x in short]
    for start in starts:
        a, b = start, m
        for _ in range(17):  # 2 * 256 - 1 steps
            a, b, mended = check_round(native, a, b)
            count[0] += mended[0]
        assert (a, b) == (0, 1)
    assert min(count) > 5  # both numbers were negative often enough


def test_the_update_keeps_its_bounds(modulus: tuple[int, int]) -> None:
    native = library("scalar.c", "MACHINE_5X52_INT128")
    m, order = modulus
    edges = [1 - 2 * m, 2 - 2 * m, -m - 1, -m, 1 - m, -1, 0, 1, m // 2, m - 2, m - 1]
    for _ in range(3000):
        u, v = (RNG.choice([*edges, RNG.randrange(1 - 2 * m, m)]) for _ in range(2))
        rows = []
        for _ in range(2):
            first = RNG.choice([0, 2**62, RNG.randrange(2**62 + 1)])
            rows += [RNG.choice([1, -1]) * first, RNG.choice([1, -1]) * (2**62 - first)]
        x, y = limbs62(u), limbs62(v)
        native.native_modinv_update(x, y, (ctypes.c_int64 * 4)(*rows), order)
        for result, row in ((x, rows[:2]), (y, rows[2:])):
            value = from_limbs62(result)
            assert -2 * m < value < m
            assert (value * 2**62 - row[0] * u - row[1] * v) % m == 0
