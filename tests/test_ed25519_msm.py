"""What batch equations of Ed25519 are made of, in the very library that the package loads: sums of
many multiples on each instruction set, coefficients, and the search for bad items.

All points are known multiples of B with a known part of small order, so that big integers say what
a sum must be.
"""

import ctypes
import hashlib
import random
from dataclasses import dataclass

import pytest

from reference.ed25519 import TORSION, B, L, P, Point, add, multiply, negate
from test_ed25519_primitives import ALIGNMENT, LIBRARY, Ops, points, words
from verilane import devices

RNG = random.Random("Ed25519 sums")
BLOCK, KINDS, WIDTHS = 1024, 3, range(2, 9)  # csrc/ops.h
SHA512 = 2  # csrc/verilane.h


@dataclass(frozen=True)
class Known:
    """multiple B + TORSION[torsion]"""

    multiple: int
    torsion: int
    point: Point


def known(multiple: int, torsion: int) -> Known:
    return Known(multiple, torsion, add(multiply(multiple, B), TORSION[torsion]))


POOL = [known(m, t) for m in (0, 1, L - 1) for t in range(8)]
POOL += [known(RNG.randrange(L), RNG.choice([0, *range(8)])) for _ in range(12)]
POOL += [known(-x.multiple % L, -x.torsion % 8) for x in POOL[-12:]]


DOUBLED = {x: known(x.multiple << 128, x.torsion << 128 & 7) for x in POOL}  # 2^128 times


class Terms(ctypes.Structure):
    """csrc/ops.h: vl_msm_terms."""

    _fields_ = (
        ("points", ctypes.c_char_p),
        ("scalars", ctypes.c_char_p),
        ("length", ctypes.c_uint32),
        ("n", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("centred", ctypes.c_int),
    )


@dataclass(frozen=True)
class Kind:
    """Points with stored scalars of so many bits; centred: a stored v is v - 2^(bits - 1)."""

    points: list[Known]
    stored: list[int]
    bits: int = 253
    centred: bool = False

    def terms(self) -> Terms:
        length = 2 if self.bits <= 128 else 4
        flat = b"".join(v.to_bytes(8 * length, "little") for v in self.stored)
        coordinates = words([x for known in self.points for x in known.point])
        return Terms(coordinates, flat, length, len(self.stored), self.bits, self.centred)

    def scalars(self) -> list[int]:
        return [v - (1 << self.bits - 1 if self.centred else 0) for v in self.stored]


def expected(kinds: list[Kind]) -> Point:
    pairs = [pair for kind in kinds for pair in zip(kind.points, kind.scalars(), strict=True)]
    multiple = sum(k * x.multiple for x, k in pairs) % L
    return add(multiply(multiple, B), TORSION[sum(k * x.torsion for x, k in pairs) % 8])


class Machine:
    def __init__(self, name: str) -> None:
        self.name = name
        self.ops = Ops.in_dll(LIBRARY, f"vl_ed25519_{name}")
        self._memory = ctypes.create_string_buffer(self.ops.scratch_size + ALIGNMENT)
        start = ctypes.addressof(self._memory)
        self.scratch = start + -start % ALIGNMENT

    def msm(self, kinds: list[Kind], width: int) -> Point:
        out = ctypes.create_string_buffer(64)
        terms = (Terms * len(kinds))(*[kind.terms() for kind in kinds])
        self.ops.msm(out, terms, len(kinds), width, self.scratch)
        return points(out.raw)[0]


@pytest.fixture(params=["scalar", "avx2", "avx512"])
def machine(request: pytest.FixtureRequest) -> Machine:
    device = next(d for d in devices() if d.name == f"cpu:{request.param}")
    if device.missing is not None:
        pytest.skip(f"{device.name}: {device.missing}")
    return Machine(request.param)


# ---- Sums ----

SCALARS = [0, 1, 2, L - 1, L, 2**252, 2**253 - 1, 2**128 - 1, 2**128, 8, 2**253 // 3, 127, 128, 129]
COEFFICIENTS = [0, 1, 2**127 - 1, 2**127, 2**127 + 1, 2**128 - 1, 2**128 // 3]


def some_kind(n: int, rng: random.Random, centred: bool = False) -> Kind:
    bits = 128 if centred else 253
    special = COEFFICIENTS if centred else SCALARS
    stored = [rng.choice([rng.getrandbits(bits), rng.choice(special)]) for _ in range(n)]
    return Kind([rng.choice(POOL) for _ in range(n)], stored, bits, centred)


@pytest.mark.parametrize("width", WIDTHS)
def test_random_and_special_terms(machine: Machine, width: int) -> None:
    rng = random.Random(width)
    for n in (*range(1, 19), 63, 64, 65, 300):
        kinds = [some_kind(n, rng), some_kind(rng.choice([1, n]), rng), some_kind(n, rng, True)]
        for chosen in (kinds, kinds[:1], kinds[2:]):
            assert machine.msm(chosen, width) == expected(chosen)


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


def centred(v: int) -> int:
    return v - 2**127


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


class Coefficient(ctypes.Structure):
    """csrc/scheme/coefficients.h: vl_coefficient."""

    _fields_ = (("low", ctypes.c_uint64), ("high", ctypes.c_uint64))


class Equation(ctypes.Structure):
    """csrc/scheme/ed25519_equation.h: vl_ed25519_equation."""

    _fields_ = (
        ("n", ctypes.c_size_t),
        ("keys", ctypes.c_size_t),
        ("in_halves", ctypes.c_int),
        ("a", ctypes.c_char_p),
        ("r", ctypes.c_char_p),
        ("s", ctypes.c_char_p),
        ("k", ctypes.c_char_p),
        ("ops", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("z", Coefficient * BLOCK),
        ("zk", ctypes.c_uint64 * 4 * BLOCK),
    )


class Batch(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_batch."""

    _fields_ = (
        ("kind", ctypes.c_void_p),
        ("equation", ctypes.c_void_p),
        ("n", ctypes.c_size_t),
        ("random", ctypes.c_uint64),
        ("one_by_one", ctypes.c_void_p),
        ("block", ctypes.c_void_p),
    )


class Items:
    """n items whose equations are wrong by errors[i] B, that is R + k A - s B = errors[i] B, up to
    parts of small order. halves: keys come with 2^128 A, as prepared ones do.
    """

    def __init__(
        self, machine: Machine, errors: list[int], seed: bytes = bytes(32), *, halves: bool = False
    ) -> None:
        rng = random.Random(len(errors))
        n = len(errors)
        a, r = ([rng.choice(POOL) for _ in range(n)] for _ in "ar")
        k = [rng.randrange(L) for _ in range(n)]
        rows = zip(a, r, k, errors, strict=True)
        s = [(y.multiple + c * x.multiple - error) % L for x, y, c, error in rows]
        self.errors = errors
        if halves:
            a = [key for x in a for key in (x, DOUBLED[x])]
        self.e = Equation(
            n,
            0,
            halves,
            words([c for x in a for c in x.point]),
            words([c for x in r for c in x.point]),
            words(s),
            words(k),
            ctypes.addressof(machine.ops),
            machine.scratch,
        )
        plan = ctypes.create_string_buffer(64)
        hashing = ctypes.create_string_buffer(1 << 17)
        assert LIBRARY.vl_hash_choose(plan, SHA512, -1) == 0
        LIBRARY.vl_ed25519_equation_begin(
            ctypes.byref(self.e), seed, ctypes.c_uint64(7), plan, hashing
        )

    def z(self, i: int) -> int:
        return centred(self.e.z[i].low + (self.e.z[i].high << 64))

    def holds(self, start: int, stop: int) -> tuple[bool, Point]:
        out = ctypes.create_string_buffer(64)
        span = ctypes.c_size_t(start), ctypes.c_size_t(stop)
        holds = LIBRARY.vl_ed25519_equation_holds(out, ctypes.byref(self.e), *span)
        return bool(holds), points(out.raw)[0]

    def good(self) -> list[int]:
        """What is found to be valid after the sum over all has failed."""
        holds, total = self.holds(0, self.e.n)
        assert not holds
        out = ctypes.create_string_buffer(self.e.n)
        kind = ctypes.addressof(ctypes.c_char.in_dll(LIBRARY, "vl_ed25519_equation_kind"))
        batch = Batch(kind, ctypes.addressof(self.e), self.e.n)
        LIBRARY.vl_batch_halve(out, ctypes.byref(batch), words([*total]) + bytes(8))
        return list(out.raw)


def test_coefficients_are_the_seeds(machine: Machine) -> None:
    seed = RNG.randbytes(32)
    stream = b"".join(
        hashlib.sha512(seed + counter.to_bytes(8, "little")).digest() for counter in range(7, 300)
    )
    for n in (1, 2, 4, 5, 255, 256, 257, 1024):
        e = Items(machine, [0] * n, seed).e
        assert bytes(e.z)[: 16 * n] == stream[: 16 * n]
        assert bytes(e.z)[16 * n :] == bytes(16 * (BLOCK - n))


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
            assert multiply(8, total) == multiply(8 * error % L, B)
            assert holds == (error == 0) == (not any(errors[start:stop]))


def test_errors_that_cancel_are_seen(machine: Machine) -> None:
    """Equal coefficients, or known ones, would let these pass."""
    d = RNG.randrange(L)
    for errors in ([d, -d], [d, d, -2 * d], [1, L - 1], [0, d, 0, 0, -d, 0], [d, -d] * 40):
        for halves in (False, True):
            holds, _ = Items(machine, errors, halves=halves).holds(0, len(errors))
            assert not holds


@pytest.mark.parametrize("n", [1, 2, 32, 33, 64, 100, 1000])
def test_halving_finds_the_one_bad_item(machine: Machine, n: int) -> None:
    for bad in {0, n // 3, n // 2, n - 1}:
        good = Items(machine, [int(i == bad) for i in range(n)], halves=bad % 2 == 1).good()
        assert good[bad] == 0
        assert good.count(0) <= 32


def test_halving_with_many_bad_items(machine: Machine) -> None:
    rng = random.Random("many")
    for n, count in ((64, 2), (200, 2), (300, 300), (500, 40), (1000, 2)):
        bad = set(rng.sample(range(n), count))
        good = Items(machine, [int(i in bad) for i in range(n)]).good()
        assert not any(good[i] for i in bad)
        if count == 2:
            assert good.count(0) <= n // 2 + 64


def test_widths_are_for_the_primes_size() -> None:
    """A digit is never larger than the buckets that there are for it."""
    assert L < 2**253
    assert P < 2**255
    for width in WIDTHS:
        windows = 253 // width + 1
        bias = sum(1 << width * j + width - 1 for j in range(windows - 1))
        assert (2**253 - 1 + bias) >> width * (windows - 1) <= 1 << width - 1
