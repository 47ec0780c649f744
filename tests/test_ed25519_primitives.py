"""What the scheme is made of, in the very library that the package loads: scalars, encodings, and
the primitives of each instruction set with scalars that no hash would give.
"""

import ctypes
import random

import pytest

from library_parts import LIBRARY, EdwardsOps, Scratch, need, points, words
from reference.ed25519 import (
    NEUTRAL,
    TORSION,
    B,
    L,
    P,
    Point,
    add,
    encodings,
    multiply,
    negate,
    recover_x,
)

RNG = random.Random("Ed25519 primitives")


class Primitives:
    def __init__(self, ops: EdwardsOps) -> None:
        self.ops = ops
        self._lent = Scratch(ops.scratch_size)
        self._scratch = self._lent.address

    def double_mul(self, s: list[int], k: list[int], a: list[Point]) -> list[Point]:
        out = ctypes.create_string_buffer(64 * len(s) + 8)
        flat = words([x for point in a for x in point])
        self.ops.double_mul(out, len(s), words(s), words(k), flat, self._scratch)
        assert out.raw[-8:] == bytes(8)
        return points(out.raw[:-8])

    def decompress(self, y: list[int], odd: list[int]) -> list[Point | None]:
        out = ctypes.create_string_buffer(64 * len(y))
        ok = ctypes.create_string_buffer(len(y))
        self.ops.decompress(out, ok, len(y), words(y), bytes(odd), self._scratch)
        return [p if good else None for p, good in zip(points(out.raw), ok.raw, strict=True)]

    def cofactor_equal(self, p: list[Point], q: list[Point]) -> list[int]:
        out = ctypes.create_string_buffer(len(p) + 8)
        flat = [words([x for point in column for x in point]) for column in (p, q)]
        self.ops.cofactor_equal(out, len(p), *flat, self._scratch)
        assert out.raw[-8:] == bytes(8)
        return list(out.raw[:-8])


@pytest.fixture(params=["scalar", "avx2", "avx512"])
def primitives(request: pytest.FixtureRequest) -> Primitives:
    need(request.param)
    LIBRARY.vl_ed25519_prepare()
    return Primitives(EdwardsOps.in_dll(LIBRARY, f"vl_ed25519_{request.param}"))


# Digits of 5 and of 11 bits that are extreme, carried, or zero.
SCALARS = [0, 1, 2, 15, 16, 17, 31, 32, 1023, 1024, 1025, 2047, 2048, 2**252, L - 1, L, L + 1]
SCALARS += [2**253 - 1, 2**253 - 2, 2**253 // 3, 8 * (2**250 - 1)]
SCALARS += [2**i for i in range(3, 253, 7)]
SCALARS += [sum(16 << (5 * j) for j in range(50)), sum(15 << (5 * j) for j in range(50))]
SCALARS += [sum(1024 << (11 * j) for j in range(22)), sum(1023 << (11 * j) for j in range(22))]


def some_scalar() -> int:
    return RNG.choice([RNG.choice(SCALARS), RNG.randrange(2**253), RNG.randrange(L)])


def some_point() -> Point:
    point = multiply(RNG.choice([0, 1, RNG.randrange(L)]), B)
    return add(point, RNG.choice([NEUTRAL, *TORSION]))


def test_double_mul_with_special_scalars(primitives: Primitives) -> None:
    """Each against another one, so that all meet all places of s and of k."""
    a = [some_point() for _ in SCALARS]
    for shift in (0, 1, 7):
        s, k = SCALARS, SCALARS[shift:] + SCALARS[:shift]
        expected = [
            add(multiply(x, B), multiply(y, negate(p))) for x, y, p in zip(s, k, a, strict=True)
        ]
        assert primitives.double_mul(s, k, a) == expected


def test_double_mul_on_torsion_points(primitives: Primitives) -> None:
    """k is an integer: k mod 8 is what small order sees, and k mod L has another one."""
    cases = [(s, k, t) for s in (0, 5) for k in (*range(9), L, L - 1, 2**253 - 1) for t in TORSION]
    s, k, a = (list(column) for column in zip(*cases, strict=True))
    expected = [add(multiply(x, B), multiply(y % 8, negate(t))) for x, y, t in cases]
    assert primitives.double_mul(s, k, a) == expected


def test_double_mul_where_sums_meet(primitives: Primitives) -> None:
    """A = q B: every addition on the way may be a doubling, or give the neutral element."""
    cases = []
    for q in (1, 2, 16, L - 1, L - 2, pow(2, -11, L), pow(3, -1, L)):
        for k in (1, 2, 31, 32, 1024, RNG.randrange(L)):
            for s in (k * q, k * q + 1, -k * q, k * q + 2**11, k * q - 2**242):
                cases.append((s % L, k, q))
    expected = [multiply((s - k * q) % L, B) for s, k, q in cases]
    a = [multiply(q, B) for *_, q in cases]
    s, k, _ = (list(column) for column in zip(*cases, strict=True))
    assert primitives.double_mul(s, k, a) == expected


@pytest.mark.parametrize("n", [*range(1, 18), 63, 64, 65, 512])
def test_double_mul_in_tails(primitives: Primitives, n: int) -> None:
    pool = [(some_scalar(), some_scalar(), some_point()) for _ in range(min(n, 20))]
    known = [add(multiply(s, B), multiply(k, negate(a))) for s, k, a in pool]
    order = [RNG.randrange(len(pool)) for _ in range(n)]
    s, k, a = ([pool[i][c] for i in order] for c in range(3))  # type: ignore[misc]
    assert primitives.double_mul(s, k, a) == [known[i] for i in order]


def test_decompress(primitives: Primitives) -> None:
    special = [*range(40), *range(P - 40, P + 19), 2**255 - 1, *(y for _, y in TORSION)]
    ys = special + [RNG.randrange(2**255) for _ in range(150)]
    for sign in (0, 1):
        odd = [sign] * len(ys)
        expected = []
        for y in ys:
            x = recover_x(y, sign)
            expected.append(None if x is None else (x, y % P))
        assert primitives.decompress(ys, odd) == expected
        assert None in expected
    for n in range(1, 34):
        got = primitives.decompress(ys[-n:], [1] * n)
        assert got == expected[-n:]


def test_cofactor_equal(primitives: Primitives) -> None:
    bases = [NEUTRAL, B, multiply(RNG.randrange(L), B)]
    pairs = [(add(p, t), add(q, u)) for p in bases for q in bases for t in TORSION for u in TORSION]
    p, q = [p for p, _ in pairs], [q for _, q in pairs]
    expected = [int(i // 64 // 3 == i // 64 % 3) for i in range(len(pairs))]
    assert primitives.cofactor_equal(p, q) == expected
    # Equal but for the sign, for one coordinate: not equal.
    opposite = [(-x % P, y) for x, y in p]
    expected = [int(multiply(16, point) == NEUTRAL) for point in p]
    assert primitives.cofactor_equal(p, opposite) == expected
    for n in range(1, 18):
        assert primitives.cofactor_equal(p[:n], q[-n:]) == [
            int(multiply(8, add(a, negate(b))) == NEUTRAL)
            for a, b in zip(p[:n], q[-n:], strict=True)
        ]


def test_points_on_the_curve() -> None:
    def on_curve(x: int, y: int) -> int:
        return LIBRARY.vl_ed25519_on_curve(words([x, y]))

    for x, y in [*TORSION, B, some_point()]:
        assert on_curve(x, y) == 1
        assert on_curve(x, y ^ 1) == on_curve(x ^ 1, y) == 0
        if y + P < 2**256:
            assert on_curve(x, y + P) == 0
        if x + P < 2**256:
            assert on_curve(x + P, y) == 0
        assert on_curve(x | 2**255, y) == 0


# ---- Numbers modulo L ----


def test_reduction_modulo_the_order() -> None:
    def reduced(x: int) -> int:
        out = ctypes.create_string_buffer(32)
        LIBRARY.vl_ed25519_reduce(out, x.to_bytes(64, "little"))
        return int.from_bytes(out.raw, "little")

    numbers = [0, 1, L - 1, L, L + 1, 2**252 - 1, 2**252, 2**512 - 1, 2**511, 2**504 - 1]
    numbers += [k * L + d for k in (2, 3, 4, 2**259, 2**512 // L) for d in (-1, 0, 1)]
    numbers += [(a << 252) + b for a in (1, 2**260 - 1, 2**133) for b in (0, 1, 2**252 - 1)]
    numbers += [RNG.getrandbits(RNG.randrange(1, 513)) for _ in range(20_000)]
    numbers += [2**512 - 1 - RNG.getrandbits(RNG.randrange(1, 513)) for _ in range(20_000)]
    for x in numbers:
        if 0 <= x < 2**512:
            assert reduced(x) == x % L, hex(x)


def test_range_of_s() -> None:
    out = ctypes.create_string_buffer(32)
    for s in (0, 1, L - 1, L, L + 1, 2**252, 2**253, 2**255 - 1, 2**256 - 1, L + 2**128, L - 2**64):
        assert LIBRARY.vl_ed25519_parse_scalar(out, s.to_bytes(32, "little")) == (s < L)


# ---- Encodings ----


def test_the_host_checks_what_was_decoded() -> None:
    """Every other point, or coordinates off the curve, is refused."""

    def decodes_to(encoding: bytes, x: int, y: int) -> int:
        parsed = ctypes.create_string_buffer(40)
        LIBRARY.vl_ed25519_parse(parsed, encoding)
        return LIBRARY.vl_ed25519_decodes_to(parsed, words([x, y]))

    known = [*TORSION, B, add(B, TORSION[3]), multiply(12345, B)]
    for point in known:
        for encoding in encodings(point):
            for other in known:
                assert decodes_to(encoding, *other) == (other == point)
            x, y = point
            for wrong in ((-x % P, y), (x, -y % P), (x ^ 1, y), (x + P, y), (x, y + P)):
                if wrong != point:
                    assert decodes_to(encoding, *wrong) == 0


def test_small_order_and_canonical_encodings() -> None:
    def flags(encoding: bytes) -> tuple[int, int]:
        parsed = ctypes.create_string_buffer(40)
        LIBRARY.vl_ed25519_parse(parsed, encoding)
        small = LIBRARY.vl_ed25519_is_small_order(parsed)
        return small, LIBRARY.vl_ed25519_is_canonical(parsed)

    seen = 0
    for point in TORSION:
        for index, encoding in enumerate(encodings(point)):
            assert flags(encoding) == (1, int(index == 0))
            seen += 1
    assert seen == 14  # the eight points, and six more ways to write four of them
    for y in [*range(2, 40), *range(P - 40, P - 1), P + 2, P + 18, 2**255 - 1, B[1]]:
        for sign in (0, 1):
            encoding = (y | sign << 255).to_bytes(32, "little")
            assert flags(encoding) == (0, int(y < P))
