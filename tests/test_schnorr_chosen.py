"""BIP-340 with chosen challenges: scalars that no known message hashes to, such as e = 0.

u G + v P with u = s and v = n - e is all that lanes compute, so every exceptional (u, v, q) of the
ECDSA tests becomes an item here, and those with u = 0 or v = 0 come on top. The hash is replaced
(tests/native/chosen.c), nothing else is.
"""

import ctypes
import random
from collections.abc import Iterable
from functools import cache

import pytest

from exceptional_items import exceptional_items
from native_library import library
from reference import schnorr
from reference.schnorr import even, number_bytes
from reference.secp256k1 import (
    LAMBDA,
    G,
    N,
    P,
    Point,
    add,
    lift_x,
    multiply,
    multiply_base,
    negate,
)
from verilane import _native
from verilane._devices import isa_of

Chosen = tuple[bytes, bytes, bytes, int]  # key, signature, challenge, verdict

BLOCK = 512


@cache
def native() -> tuple[ctypes.CDLL, int]:
    """chosen.c, linked with the extension, and the size of scratch."""
    extension = ctypes.CDLL(_native.__file__, mode=ctypes.RTLD_GLOBAL)
    extension.vl_scratch_size.restype = ctypes.c_size_t
    return library("chosen.c"), extension.vl_scratch_size()


def item(u: int, v: int, q: int, *, r: int | None = None) -> Chosen:
    """The item whose verification computes R = u G + v Q with Q = q G, whose y is even.

    r: what the signature claims, x(R) when not given; where R is infinite, any.
    """
    d, key = even(q)
    v = v if d == q % N else -v
    point = multiply_base(u + v * d)
    valid = r is None and point is not None and point[1] % 2 == 0
    if r is None:
        r = point[0] if point else G[0]
    signature = number_bytes(r) + number_bytes(u % N)
    verdict = schnorr.OK if valid else schnorr.MISMATCH
    return schnorr.point_bytes(key), signature, number_bytes(-v % N), verdict


def codes(items: list[Chosen], isa: str) -> list[int]:
    """The verdicts, which are the same one by one and by the equation."""
    lanes, equation = (codes_of(items, isa, seed) for seed in (None, random.randbytes(32)))
    assert lanes == equation
    return lanes


def codes_of(items: list[Chosen], isa: str, seed: bytes | None) -> list[int]:
    chosen, size = native()
    keys, signatures, challenges, _ = zip(*items, strict=True)
    verdicts = ctypes.create_string_buffer(len(items))
    result = chosen.chosen_schnorr(
        verdicts,
        ctypes.c_size_t(len(items)),
        b"".join(keys),
        b"".join(signatures),
        b"".join(challenges),
        seed,
        isa_of(isa),
        ctypes.create_string_buffer(size),
        ctypes.c_size_t(size),
    )
    assert result == 0
    return list(verdicts.raw)


def assert_verdicts(items: list[Chosen], isa: str) -> None:
    assert codes(items, isa) == [verdict for *_, verdict in items]


@cache
def exceptional() -> list[Chosen]:
    """Every exceptional (u, v, q), and -(u, v): of R and -R one has the even y."""
    scalars = [each.scalars for each in exceptional_items() if each.scalars]
    return [item(sign * u, sign * v, q) for u, v, q in scalars for sign in (1, -1)]


@cache
def with_zeros() -> list[Chosen]:
    """e = 0 (also written as n), s = 0, and both."""
    rng = random.Random("zeros")
    items = []
    for q in (1, 2, 3, N - 1, LAMBDA, *(rng.randrange(1, N) for _ in range(3))):
        for u in (
            1,
            2,
            1023,
            1024,
            2**11,
            LAMBDA,
            2**255,
            *(rng.randrange(1, N) for _ in range(3)),
        ):
            items += [item(u, 0, q), item(-u, 0, q), item(0, u, q), item(0, -u, q)]
        items += [item(0, 0, q), item(0, 0, q, r=0), item(5, 0, q, r=G[0])]
    written_n = [
        (key, signature, number_bytes(N), verdict)
        for key, signature, challenge, verdict in items
        if challenge == bytes(32)
    ]
    assert len(written_n) > 100
    return items + written_n


def honest(count: int) -> list[Chosen]:
    rng = random.Random("chosen")
    return [item(*(rng.randrange(1, N) for _ in range(3))) for _ in range(count)]


def test_exceptional_scalars(isa: str) -> None:
    items = exceptional()
    assert len(items) > 1500
    verdicts = [verdict for *_, verdict in items]
    assert min(map(verdicts.count, (schnorr.OK, schnorr.MISMATCH))) > 700
    assert_verdicts(items, isa)
    random.Random(1).shuffle(items := list(items))
    assert_verdicts(items, isa)


def test_zero_scalars(isa: str) -> None:
    items = with_zeros()
    assert_verdicts(items, isa)
    for each in items[::7]:
        assert_verdicts([each], isa)


@pytest.mark.parametrize("n", range(1, 18))
def test_zero_scalars_at_every_position_of_tails(isa: str, n: int) -> None:
    """v = 0, u = 0 and u = v = 0, alone among honest ones and side by side."""
    zeros = [item(7, 0, 3), item(-7, 0, 3), item(0, 7, 3), item(0, -7, 3), item(0, 0, 3)]
    assert {verdict for *_, verdict in zeros[:4]} == {schnorr.OK, schnorr.MISMATCH}
    others = honest(17)
    for position in range(n):
        for number, zero in enumerate(zeros):
            batch = others[:n]
            batch[position] = zero
            assert_verdicts(batch, isa)
            batch[(position + 1) % n] = zeros[number - 1]
            assert_verdicts(batch, isa)


def test_challenges_of_n_and_more_are_reduced(isa: str) -> None:
    """A digest is an integer mod n: e + n means e."""
    rng = random.Random("reduced")
    items = []
    for e in (0, 1, 2, 3, 2**128 - 1, 2**256 - 1 - N):
        key, signature, challenge, verdict = item(rng.randrange(N), -e, 1)
        assert int.from_bytes(challenge, "big") == e
        items += [(key, signature, challenge, verdict)]
        items += [(key, signature, number_bytes(e + N), verdict)]
    assert_verdicts(items, isa)
    assert {verdict for *_, verdict in items} == {schnorr.OK, schnorr.MISMATCH}


def test_x_of_r_is_compared_as_it_is(isa: str) -> None:
    """No second candidate r + n, no reduction mod n: R.x >= n is that number, and r - n is wrong.

    R is of unknown logarithm; P = (R - u G) / v.
    """
    items = []
    for x in (x for x in (*range(N, N + 12), *range(P - 12, P)) if lift_x(x, 0)):
        for odd in (0, 1):
            point, u, v = lift_x(x, odd), 5 + x % 100, 7 + x % 50
            key = multiply(pow(v, -1, N), add(point, negate(multiply_base(u))))
            if key[1] % 2:
                key, v = negate(key), -v
            head = schnorr.point_bytes(key)
            for r in (x, x - N):
                right = odd == 0 and r == x
                signature, challenge = number_bytes(r) + number_bytes(u), number_bytes(-v % N)
                verdict = schnorr.OK if right else schnorr.MISMATCH
                items.append((head, signature, challenge, verdict))
    assert sum(verdict == schnorr.OK for *_, verdict in items) >= 8
    assert_verdicts(items, isa)


# ---- The sum itself ----


def words(numbers: Iterable[int]) -> bytes:
    return b"".join(number.to_bytes(32, "little") for number in numbers)


def raw_sums(
    items: list[tuple[int, int, Point]], isa: str
) -> list[tuple[tuple[int, int], bool, bool]]:
    """For each u G + v Q: what memory then holds as the sum, whether it is infinite, and whether it
    went the exact way."""
    chosen, size = native()
    result = []
    for start in range(0, len(items), BLOCK):
        part = items[start : start + BLOCK]
        n = len(part)
        r = ctypes.create_string_buffer(64 * n)
        infinite, exact = ctypes.create_string_buffer(n), ctypes.create_string_buffer(n)
        done = chosen.chosen_sums(
            r,
            infinite,
            exact,
            ctypes.c_size_t(n),
            words(u for u, _, _ in part),
            words(v for _, v, _ in part),
            words(x for _, _, point in part for x in point),
            isa_of(isa),
            ctypes.create_string_buffer(size),
            ctypes.c_size_t(size),
        )
        assert done == 0
        numbers = [int.from_bytes(r.raw[i : i + 32], "little") for i in range(0, 64 * n, 32)]
        points = zip(numbers[::2], numbers[1::2], strict=True)
        result += zip(points, map(bool, infinite.raw), map(bool, exact.raw), strict=True)
    return result


def sums(items: list[tuple[int, int, Point]], isa: str) -> tuple[list[Point], int]:
    """u G + v Q of each, and how many went the exact way."""
    rows = raw_sums(items, isa)
    points = [None if infinite else point for point, infinite, _ in rows]
    return points, sum(exact for *_, exact in rows)


def test_sums_with_zero_and_special_scalars(isa: str) -> None:
    """All pairs of scalars at the edges, zeros included, for several points."""
    edges = [
        0,
        1,
        2,
        15,
        16,
        17,
        1023,
        1024,
        1025,
        2**253,
        N - 1,
        N - 2,
        N // 2,
        LAMBDA,
        N - LAMBDA,
    ]
    cases = [(u, v, q) for q in (1, 2, N - 1, LAMBDA, N // 3) for u in edges for v in edges]
    points = {q: multiply_base(q) for _, _, q in cases}
    got, _ = sums([(u, v, points[q]) for u, v, q in cases], isa)
    assert got == [multiply_base(u + v * q) for u, v, q in cases]
    assert got.count(None) > 10


def test_random_sums_stay_on_the_fast_path(isa: str) -> None:
    rng = random.Random("sums")
    cases = [tuple(rng.randrange(N) for _ in range(3)) for _ in range(300)]
    zeros = [(u, 0, q) for u, _, q in cases[:20]] + [(0, v, q) for _, v, q in cases[:20]]
    for batch in (cases, zeros):
        got, asked = sums([(u, v, multiply_base(q)) for u, v, q in batch], isa)
        assert got == [multiply_base(u + v * q) for u, v, q in batch]
        assert asked == 0, "one zero scalar is nothing exceptional"


def test_what_an_infinite_sum_leaves_in_memory_is_no_point(isa: str) -> None:
    """An attacker who knows those bytes can name them as r: R is infinite all the same."""
    rng = random.Random("left over")
    scalars = [(rng.randrange(1, N), even(rng.randrange(1, N))) for _ in range(200)]
    cases = [(-v * d % N, v, key) for v, (d, key) in scalars]
    rows = raw_sums(cases, isa)
    assert all(infinite for _, infinite, _ in rows)
    items = []
    for (u, v, key), ((x, y), _, _) in zip(cases, rows, strict=True):
        signature = number_bytes(x) + number_bytes(u)
        parity = y % 2
        items.append((schnorr.point_bytes(key), signature, number_bytes(-v % N), parity, x < P))
    assert any(parity == 0 and fits for *_, parity, fits in items)
    got = codes([(*item, schnorr.MISMATCH) for *item, _, _ in items], isa)
    for code, (*_, fits) in zip(got, items, strict=True):
        assert code == (schnorr.MISMATCH if fits else schnorr.BAD_SIGNATURE)
