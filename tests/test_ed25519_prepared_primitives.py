"""Tables of prepared Ed25519 keys, in the very library that the package loads: what is in them, and
s B - k A with scalars that no hash would give.
"""

import ctypes
import random

import pytest

from library_parts import LIBRARY, EdwardsOps, need, points, words
from reference.ed25519 import TORSION, B, L, P, Point, add, multiply, negate
from test_ed25519_primitives import Primitives, some_point

RNG = random.Random("Ed25519 prepared")
D2 = 2 * -121665 * pow(121666, -1, P) % P  # 2 d
TABLE = 780 * 8  # csrc/ops.h: vl_ed25519_prepared
SIZE = LIBRARY.vl_ed25519_prepared_size()


class Prepared(Primitives):
    def prepare(self, a: list[Point], at: list[int] | None = None) -> bytes:
        """The rows of these points, that of A[i] at place at[i]; filled with 0xAA before."""
        at = list(range(len(a))) if at is None else at
        rows = ctypes.create_string_buffer(b"\xaa" * SIZE * (max(at) + 2), SIZE * (max(at) + 2))
        flat = words([x for point in a for x in point])
        self.ops.prepare_keys(rows, places(at), len(a), flat, self._scratch)
        return rows.raw

    def multiply(self, s: list[int], k: list[int], rows: bytes, at: list[int]) -> list[Point]:
        """s B - k A with the rows at these places."""
        out = ctypes.create_string_buffer(64 * len(s) + 8)
        self.ops.double_mul_prepared(
            out, len(s), words(s), words(k), rows, places(at), self._scratch
        )
        assert out.raw[-8:] == bytes(8)
        return points(out.raw[:-8])


def places(at: list[int]) -> bytes:
    return b"".join(i.to_bytes(8, "little") for i in at)


@pytest.fixture(params=["scalar", "avx2", "avx512"])
def primitives(request: pytest.FixtureRequest) -> Prepared:
    need(request.param)
    LIBRARY.vl_ed25519_prepare()
    return Prepared(EdwardsOps.in_dll(LIBRARY, f"vl_ed25519_{request.param}"))


# ---- What a row holds ----


def row_of(a: Point) -> tuple[bytes, bytes]:
    """A table, and 2^128 A."""
    table = [0] * 65
    entries: list[Point] = [(0, 1)]
    for t in range(8):
        base = multiply(1 << 32 * t, negate(a))
        for _ in range(8):
            entries.append(add(entries[-1], base) if len(entries) % 8 != 1 else base)
    table = [((y + x) % P, (y - x) % P, D2 * x * y % P) for x, y in entries]
    return words([w for entry in table for w in entry]), words([*multiply(1 << 128, a)])


SPECIAL = [*TORSION, B, negate(B), add(B, TORSION[3]), multiply(8, B), multiply(L - 1, B)]


def test_rows_are_the_references(primitives: Prepared) -> None:
    """And so the same bytes, whoever made them."""
    a = [*SPECIAL, *(some_point() for _ in range(8))]
    rows = primitives.prepare(a)
    for i, point in enumerate(a):
        row = rows[SIZE * i : SIZE * (i + 1)]
        table, high = row_of(point)
        assert row[:TABLE] == table, point
        assert row[TABLE : TABLE + 64] == words([*point])
        assert row[TABLE + 64 : TABLE + 128] == high
        assert row[TABLE + 128 :] == b"\xaa" * (SIZE - TABLE - 128), "the host's business"
    assert rows[SIZE * len(a) :] == b"\xaa" * SIZE


@pytest.mark.parametrize("n", [*range(1, 18), 63, 64, 65])
def test_rows_anywhere(primitives: Prepared, n: int) -> None:
    """In any order, with gaps; nothing else is written."""
    pool = SPECIAL[: min(n, 10)]
    known = [primitives.prepare([a])[:SIZE] for a in pool]
    a = [RNG.randrange(len(pool)) for _ in range(n)]
    at = RNG.sample(range(n + 9), n)
    rows = primitives.prepare([pool[i] for i in a], at)
    expected = dict(zip(at, a, strict=True))
    for place in range(max(at) + 2):
        row = rows[SIZE * place : SIZE * (place + 1)]
        assert row == (known[expected[place]] if place in expected else b"\xaa" * SIZE)


# ---- s B - k A ----

# Digits of 4 bits that are extreme, carried, or zero; and B's of 11 bits.
SCALARS = [0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 2**252, L - 1, L, L + 1]
SCALARS += [2**253 - 1, 2**253 - 2, 2**253 // 3, 8 * (2**250 - 1)]
SCALARS += [c << 32 * t for t in range(8) for c in (1, 7, 8, 15)]
SCALARS += [sum(d << 4 * j for j in range(63)) for d in (7, 8, 9)]
SCALARS += [sum(1 << 32 * t for t in range(8)), 2**128, 2**128 - 1, 2**127]


def check(primitives: Prepared, s: list[int], k: list[int], a: list[Point]) -> None:
    expected = [
        add(multiply(x, B), multiply(y, negate(p))) for x, y, p in zip(s, k, a, strict=True)
    ]
    at = list(range(len(a)))
    assert primitives.multiply(s, k, primitives.prepare(a), at) == expected


def test_special_scalars(primitives: Prepared) -> None:
    assert max(SCALARS) < 2**253
    a = [some_point() for _ in SCALARS]
    for shift in (0, 1, 7):
        check(primitives, SCALARS, SCALARS[shift:] + SCALARS[:shift], a)


def test_torsion_points(primitives: Prepared) -> None:
    """k is an integer: k mod 8 is what small order sees, and k mod L has another one."""
    ks = (*range(9), L, L - 1, 2**253 - 1)
    cases = [(s, k, t) for s in (0, 5) for k in ks for t in TORSION]
    cases += [(RNG.randrange(L), k, add(B, t)) for k in ks for t in TORSION]
    s, k, a = (list(column) for column in zip(*cases, strict=True))
    check(primitives, s, k, a)


def test_where_sums_meet(primitives: Prepared) -> None:
    """A = q B: every addition on the way may be a doubling, or give the neutral element."""
    cases = []
    for q in (1, 2, 16, L - 1, L - 2, pow(2, -32, L), pow(2, -11, L), pow(3, -1, L)):
        for k in (1, 2, 31, 2**32, 2**32 + 1, RNG.randrange(L)):
            for s in (k * q, k * q + 1, -k * q, k * q + 2**11, k * q - 2**242):
                cases.append((s % L, k, multiply(q, B)))
    s, k, a = (list(column) for column in zip(*cases, strict=True))
    check(primitives, s, k, a)


@pytest.mark.parametrize("n", [*range(1, 18), 63, 64, 65, 512, 520, 1024])
def test_tails_and_repeated_rows(primitives: Prepared, n: int) -> None:
    a = [some_point() for _ in range(5)]
    rows = primitives.prepare(a, [4, 2, 0, 3, 1])
    pool = [(RNG.randrange(2**253), RNG.randrange(2**253), RNG.randrange(5)) for _ in range(12)]
    known = [add(multiply(s, B), multiply(k, negate(a[i]))) for s, k, i in pool]
    order = [RNG.randrange(len(pool)) for _ in range(n)]
    s, k, i = ([pool[o][c] for o in order] for c in range(3))
    at = [[4, 2, 0, 3, 1][x] for x in i]
    assert primitives.multiply(s, k, rows, at) == [known[o] for o in order]


def test_the_base_point() -> None:
    pair = (ctypes.c_uint8 * 128).in_dll(LIBRARY, "vl_ed25519_base")
    assert points(bytes(pair)) == [B, multiply(1 << 128, B)]
