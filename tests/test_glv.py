"""The GLV split (kernels/scalar/glv_secp256k1.inc) and the signed windows (recode.inc)."""

import ctypes
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from native_library import has_avx512, library
from reference import p256, sm2
from reference.secp256k1 import BETA, LAMBDA, N, P, add, multiply

RNG = random.Random("the split")

# Machine, and the width of the words that the split works on.
BUILDS = [
    ("MACHINE_5X52_INT128",),
    ("MACHINE_8X32", "LIMBS_32"),
    ("MACHINE_5X52_EMULATED",),
    ("MACHINE_5X52_MADD",),
]


@pytest.fixture(params=BUILDS, ids=" ".join)
def native(request: pytest.FixtureRequest) -> ctypes.CDLL:
    if "MACHINE_5X52_MADD" in request.param and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    loaded = library("glv.c", *request.param)
    assert loaded.native_limb_bits() == (32 if "LIMBS_32" in request.param else 64)
    return loaded


def words(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(32, "little") for value in values)


def short_vectors() -> tuple[tuple[int, int], tuple[int, int]]:
    """Two short vectors of {(a, b): a + lambda b = 0 mod n}, by the extended Euclidean algorithm
    (Guide to Elliptic Curve Cryptography, algorithm 3.74, steps 1 to 3).
    """
    rows = [(N, 0), (LAMBDA, 1)]
    while rows[-1][0]:
        q = rows[-2][0] // rows[-1][0]
        rows.append(tuple(x - q * y for x, y in zip(rows[-2], rows[-1], strict=True)))
    last = max(i for i, (r, _) in enumerate(rows) if r * r >= N)
    (r0, t0), (r1, t1), (r2, t2) = rows[last : last + 3]
    first = (r1, -t1)
    second = min([(r0, -t0), (r2, -t2)], key=lambda vector: vector[0] ** 2 + vector[1] ** 2)
    return first, second


def rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def test_constants(native: ctypes.CDLL) -> None:
    out = (ctypes.c_uint64 * 23)()
    native.native_constants(out)

    def take(start: int, count: int) -> int:
        return sum(word << (64 * i) for i, word in enumerate(out[start : start + count]))

    (a1, b1), (a2, b2) = short_vectors()
    for a, b in [(a1, b1), (a2, b2)]:
        assert (a + LAMBDA * b) % N == 0
    assert a1 * b2 - a2 * b1 == N  # a basis, not of a sublattice
    assert (take(8, 2), take(10, 3), take(13, 2)) == (a1, a2, -b1)
    assert b2 == a1
    assert take(0, 4) == rounded(b2 << 384, N)
    assert take(4, 4) == rounded(-b1 << 384, N)
    width_v, count_v, width_u, count_u = windows(native)
    assert take(15, 3) == sum(1 << (width_v * j + width_v - 1) for j in range(count_v))
    assert take(18, 5) == sum(1 << (width_u * j + width_u - 1) for j in range(count_u))
    # Room for the scalars, and no digit cut off.
    assert take(15, 3) >= 2**128
    assert take(15, 3) + 2**128 < 2 ** (width_v * count_v) <= 2**192
    assert take(18, 5) + N < 2 ** (width_u * count_u) <= 2**320


def test_the_endomorphism() -> None:
    assert pow(BETA, 3, P) == 1 != BETA
    assert pow(LAMBDA, 3, N) == 1 != LAMBDA


def windows(native: ctypes.CDLL) -> list[int]:
    out = (ctypes.c_int * 4)()
    native.native_windows(out)
    return list(out)


def split(native: ctypes.CDLL, scalars: list[int]) -> list[tuple[int, int]]:
    out = ctypes.create_string_buffer(48 * len(scalars))
    native.native_split(out, ctypes.c_size_t(len(scalars)), words(scalars))
    signed = [
        int.from_bytes(out.raw[i : i + 24], "little", signed=True)
        for i in range(0, len(out.raw), 24)
    ]
    return list(zip(signed[::2], signed[1::2], strict=True))


def extreme_scalars() -> list[int]:
    """Scalars whose halves are as large as they get (close to a corner of the lattice's cell), as
    small, and where the rounding of the quotients flips.
    """
    (a1, b1), (a2, b2) = short_vectors()
    scalars = [0, 1, 2, N - 1, N - 2, N // 2, N // 2 + 1, LAMBDA, LAMBDA**2, 2**128, 2**255]
    for i in range(-6, 7):
        for j in range(-6, 7):
            # halves of lattice vectors: where both quotients are halfway between two integers
            a, b = i * a1 + j * a2, i * b1 + j * b2
            for da in (-1, 0, 1):
                for db in (-1, 0, 1):
                    scalars.append(a // 2 + da + LAMBDA * (b // 2 + db))
    for quotient, divisor in [(b2, N), (-b1, N)]:
        middle = [RNG.randrange(quotient) for _ in range(500)]
        for k in [1, 2, 3, quotient // 2, quotient - 2, quotient - 1, *middle]:
            half = (2 * k + 1) * divisor // (2 * quotient)  # k + 1/2 = v quotient / n
            scalars += [half + d for d in (-2, -1, 0, 1, 2)]
    scalars += [1 << bit for bit in range(256)] + [(1 << bit) - 1 for bit in range(256)]
    return [scalar % N for scalar in scalars]


def random_scalars(count: int) -> list[int]:
    return [RNG.getrandbits(RNG.choice([256, 256, 128, 64])) % N for _ in range(count)]


def test_split(native: ctypes.CDLL) -> None:
    (a1, b1), (a2, b2) = short_vectors()
    # Each quotient is within 1/2 + 2^-129 of the exact one: v < n, and g1, g2 are within 1/2.
    most = (a1 + a2) // 2 + 1, (b2 - b1) // 2 + 1
    assert max(most) < 2**128
    scalars = extreme_scalars() + random_scalars(20_000)
    largest = [0, 0]
    for scalar, (k1, k2) in zip(scalars, split(native, scalars), strict=True):
        assert (k1 + LAMBDA * k2 - scalar) % N == 0, hex(scalar)
        assert abs(k1) <= most[0], hex(scalar)
        assert abs(k2) <= most[1], hex(scalar)
        largest = [max(abs(k1), largest[0]), max(abs(k2), largest[1])]
    # The extreme scalars do reach the corners.
    assert all(10 * reached > 9 * bound for reached, bound in zip(largest, most, strict=True))


def digits_of(
    native: ctypes.CDLL, u: list[int], v: list[int], halves: int = 2
) -> list[list[list[int]]]:
    """Returns for each lane its signed digits of k1, k2 and u; or of v and u (halves = 1)."""
    lanes = native.native_lanes()
    width_v, count_v, width_u, count_u = windows(native)
    of_v = halves * count_v
    total = of_v + count_u
    entries, masks = (ctypes.c_uint64 * (total * lanes))(), (ctypes.c_uint32 * (2 * total))()
    native.native_digits(entries, masks, words(u), words(v))
    result = []
    for lane in range(lanes):
        signed = []
        for j in range(total):
            entry, negative, live = entries[j * lanes + lane], masks[2 * j], masks[2 * j + 1]
            assert entry < 1 << ((width_v if j < of_v else width_u) - 1)
            assert negative >> lanes == live >> lanes == 0
            size = (entry + 1) * (live >> lane & 1)
            assert size or entry == 0  # a zero digit's look-up stays inside the table
            signed.append(-size if negative >> lane & 1 else size)
        parts = [signed[i : i + count_v] for i in range(0, of_v, count_v)]
        result.append([*parts, signed[of_v:]])
    return result


def recoded(native: ctypes.CDLL, u: list[int], v: list[int]) -> None:
    """The digits of every lane sum up to its scalars."""
    width_v, _, width_u, _ = windows(native)
    for lane, (d1, d2, du) in enumerate(digits_of(native, u, v)):
        k1, k2 = (sum(d << (width_v * j) for j, d in enumerate(half)) for half in (d1, d2))
        assert (k1 + LAMBDA * k2 - v[lane]) % N == 0
        assert max(abs(k1), abs(k2)) < 2**128
        # u has no endomorphism: its digits give the very number.
        assert sum(d << (width_u * j) for j, d in enumerate(du)) == u[lane]


def test_digits_sum_up_to_the_scalars(native: ctypes.CDLL) -> None:
    lanes = native.native_lanes()
    extreme = extreme_scalars()
    edges = [
        0,
        1,
        N - 1,
        *(1 << bit for bit in range(256)),
        *((1 << bit) - 1 for bit in range(256)),
    ]
    u = [x % N for x in edges] + random_scalars(len(extreme) - len(edges))
    RNG.shuffle(u)
    for start in range(0, len(extreme) - lanes + 1, lanes):
        recoded(native, u[start : start + lanes], extreme[start : start + lanes])


def test_each_lane_has_its_own_digits(native: ctypes.CDLL) -> None:
    lanes = native.native_lanes()
    for lane in range(lanes):
        u, v = [0] * lanes, [0] * lanes
        u[lane], v[lane] = RNG.randrange(N), RNG.randrange(N)
        recoded(native, u, v)


def test_vectors_of_the_endomorphism(native: ctypes.CDLL, shared: Callable[[str], Path]) -> None:
    """Scalars of both signs: k1 A + k2 (beta x, y) is the product that the file has."""
    for row in json.loads(shared("vectors/secp256k1/endomorphism.json").read_text()):
        x, y, scalar, cx, cy = (int(row[name]) for name in ("ax", "ay", "scalar", "cx", "cy"))
        ((k1, k2),) = split(native, [scalar])
        first, second = multiply(k1, (x, y)), multiply(k2, (BETA * x % P, y))
        assert add(first, second) == (cx, cy)
        signs = dict(part.strip().split("=") for part in row["desc"].split(","))
        assert signs == {"k1neg": str(k1 < 0).lower(), "k2neg": str(k2 < 0).lower()}


@pytest.mark.parametrize("curve", ["CURVE_P256", "CURVE_SM2"])
@pytest.mark.parametrize("name", ["INT128", "EMULATED", "MADD"])
def test_digits_without_an_endomorphism(name: str, curve: str) -> None:
    """P-256, SM2: v itself has 52 windows, whose signed digits sum up, by Horner's rule, to v or
    v - n: 251 doublings.
    """
    if name == "MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("glv.c", f"MACHINE_5X52_{name}", curve)
    lanes, n = native.native_lanes(), {"CURVE_P256": p256, "CURVE_SM2": sm2}[curve].CURVE.N
    width_v, count_v, width_u, _ = windows(native)
    assert (width_v, count_v) == (5, 52)
    doublings = [native.native_doublings(j) for j in range(count_v - 1)]
    assert sum(doublings) == 251
    bias = (2**260 - 1) // 31  # from v = 2^256 - bias on it is v - n
    values = [0, 1, n - 1, n - 2, n // 2, *range(2**256 - bias - 20, 2**256 - bias + 20)]
    values += [x for bit in range(256) for x in (1 << bit, (1 << bit) - 1, n - (1 << bit)) if x < n]
    values += [int(digits * 32, 16) % n for digits in ("55", "aa", "84", "21", "7b", "ef")]
    values += [RNG.randrange(n) for _ in range(2000)]
    values += [0] * (-len(values) % lanes)
    others = RNG.sample(values, len(values))
    for start in range(0, len(values), lanes):
        u, v = values[start : start + lanes], others[start : start + lanes]
        for lane, (dv, du) in enumerate(digits_of(native, u, v, halves=1)):
            total = dv[-1]
            for d, twice in zip(reversed(dv[:-1]), reversed(doublings), strict=True):
                total = (total << twice) + d
            assert total == v[lane] - (n if v[lane] + bias >= 2**256 else 0)
            assert sum(d << (width_u * j) for j, d in enumerate(du)) == u[lane]
