"""What batch equations of BIP-340 are made of, in the very library that the package loads: sums of
many multiples on each instruction set, numbers mod n, and the search for bad items.

All points are known multiples of G, so that big integers say what a sum must be.
"""

import ctypes
import hashlib
import random
from dataclasses import dataclass

import pytest

from reference.secp256k1 import LAMBDA, N, Point, multiply_base
from test_ed25519_msm import Batch, Coefficient, Terms, centred
from test_ed25519_primitives import ALIGNMENT, LIBRARY, points, words
from verilane import devices

RNG = random.Random("secp256k1 sums")
BLOCK, WIDTHS = 1024, range(4, 9)  # csrc/ops.h
SHA256 = 0  # csrc/verilane.h


class Ops(ctypes.Structure):
    """csrc/ops.h: vl_curve_ops."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("scalar_ratio", ctypes.c_void_p),
        ("double_mul", ctypes.c_void_p),
        ("decompress", ctypes.c_void_p),
        ("on_curve", ctypes.c_void_p),
        (
            "msm",
            ctypes.CFUNCTYPE(
                ctypes.c_int,
                ctypes.c_void_p,
                ctypes.c_void_p,
                ctypes.c_size_t,
                ctypes.c_uint32,
                ctypes.c_void_p,
            ),
        ),
        ("curve", ctypes.c_void_p),
    )


LOGS = [1, 2, 3, 4, 5, N - 1, N - 2, LAMBDA, N - LAMBDA, LAMBDA**2 % N, LAMBDA + 1]
LOGS += [RNG.randrange(1, N) for _ in range(12)]
LOGS += [N - x for x in LOGS[-6:]]
POOL = {x: multiply_base(x) for x in LOGS}


@dataclass(frozen=True)
class Kind:
    """Points by their logarithms, with stored scalars; centred: a stored v is v - 2^127."""

    logs: list[int]
    stored: list[int]
    centred: bool = False

    def terms(self) -> Terms:
        length, bits = (2, 128) if self.centred else (4, 256)
        flat = b"".join(v.to_bytes(8 * length, "little") for v in self.stored)
        coordinates = words([c for x in self.logs for c in POOL[x] or ()])
        return Terms(coordinates, flat, length, len(self.stored), bits, self.centred)

    def sum(self) -> int:
        scalars = [centred(v) for v in self.stored] if self.centred else self.stored
        return sum(k * x for k, x in zip(scalars, self.logs, strict=True))


def expected(kinds: list[Kind]) -> Point:
    return multiply_base(sum(kind.sum() for kind in kinds) % N)


class Machine:
    def __init__(self, name: str) -> None:
        self.ops = Ops.in_dll(LIBRARY, f"vl_secp256k1_{name}")
        self._memory = ctypes.create_string_buffer(self.ops.scratch_size + ALIGNMENT)
        start = ctypes.addressof(self._memory)
        self.scratch = start + -start % ALIGNMENT

    def msm(self, kinds: list[Kind], width: int) -> Point:
        out = ctypes.create_string_buffer(64)
        terms = (Terms * len(kinds))(*[kind.terms() for kind in kinds])
        there = self.ops.msm(out, terms, len(kinds), width, self.scratch)
        return points(out.raw)[0] if there else None


@pytest.fixture(params=["scalar", "portable", "avx2", "avx512"])
def machine(request: pytest.FixtureRequest) -> Machine:
    device = next(d for d in devices() if d.name == f"cpu:{request.param}")
    if device.missing is not None:
        pytest.skip(f"{device.name}: {device.missing}")
    return Machine(request.param)


# ---- Sums ----

SCALARS = [0, 1, 2, N - 1, N // 2, LAMBDA, N - LAMBDA, LAMBDA + 1, 2**255, 2**128 - 1, 2**128, 129]
COEFFICIENTS = [0, 1, 2**127 - 1, 2**127, 2**127 + 1, 2**128 - 1, 2**128 // 3]


def some_kind(n: int, rng: random.Random, centred: bool = False) -> Kind:
    special = COEFFICIENTS if centred else SCALARS
    bound = 2**128 if centred else N
    stored = [rng.choice([rng.randrange(bound), rng.choice(special)]) for _ in range(n)]
    return Kind([rng.choice(LOGS) for _ in range(n)], stored, centred)


@pytest.mark.parametrize("width", WIDTHS)
def test_random_and_special_terms(machine: Machine, width: int) -> None:
    rng = random.Random(width)
    for n in (*range(1, 19), 63, 64, 65, 300):
        kinds = [some_kind(n, rng), some_kind(rng.choice([1, n]), rng), some_kind(n, rng, True)]
        for chosen in (kinds, kinds[:1], kinds[2:]):
            assert machine.msm(chosen, width) == expected(chosen)


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


class Equation(ctypes.Structure):
    """csrc/scheme/schnorr_equation.h: vl_schnorr_equation."""

    _fields_ = (
        ("n", ctypes.c_size_t),
        ("keys", ctypes.c_size_t),
        ("p", ctypes.c_char_p),
        ("minus_r", ctypes.c_char_p),
        ("s", ctypes.c_char_p),
        ("v", ctypes.c_char_p),
        ("ops", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("z", Coefficient * BLOCK),
        ("zv", ctypes.c_uint64 * 4 * BLOCK),
    )


class Sum(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_sum."""

    _fields_ = (("point", ctypes.c_uint8 * 64), ("infinite", ctypes.c_int))


class EquationKind(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_equation_kind."""

    _fields_ = (
        (
            "holds",
            ctypes.CFUNCTYPE(
                ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t
            ),
        ),
        ("vanishes", ctypes.c_void_p),
        ("subtract", ctypes.c_void_p),
    )


KIND = EquationKind.in_dll(LIBRARY, "vl_schnorr_equation_kind")


class Items:
    """n items whose equations are wrong by errors[i] G, that is s G + v P - R = errors[i] G."""

    def __init__(self, machine: Machine, errors: list[int], seed: bytes = bytes(32)) -> None:
        rng = random.Random(len(errors))
        n = len(errors)
        p, minus_r = ([rng.choice(LOGS) for _ in range(n)] for _ in "pr")
        v = [rng.randrange(N) for _ in range(n)]
        rows = zip(p, minus_r, v, errors, strict=True)
        s = [(error - y - c * x) % N for x, y, c, error in rows]
        self.errors = errors
        self.e = Equation(
            n,
            0,
            words([c for x in p for c in POOL[x] or ()]),
            words([c for x in minus_r for c in POOL[x] or ()]),
            words(s),
            words(v),
            ctypes.addressof(machine.ops),
            machine.scratch,
        )
        plan = ctypes.create_string_buffer(64)
        hashing = ctypes.create_string_buffer(1 << 17)
        assert LIBRARY.vl_hash_choose(plan, SHA256, -1) == 0
        LIBRARY.vl_schnorr_equation_begin(
            ctypes.byref(self.e), seed, ctypes.c_uint64(7), plan, hashing
        )

    def z(self, i: int) -> int:
        return centred(self.e.z[i].low + (self.e.z[i].high << 64))

    def holds(self, start: int, stop: int) -> tuple[bool, Sum]:
        out = Sum()
        holds = KIND.holds(ctypes.addressof(out), ctypes.addressof(self.e), start, stop)
        return bool(holds), out

    def good(self) -> list[int]:
        """What is found to be valid after the sum over all has failed."""
        holds, total = self.holds(0, self.e.n)
        assert not holds
        out = ctypes.create_string_buffer(self.e.n)
        batch = Batch(ctypes.addressof(KIND), ctypes.addressof(self.e), self.e.n)
        LIBRARY.vl_batch_halve(out, ctypes.byref(batch), ctypes.byref(total))
        return list(out.raw)


def test_coefficients_are_the_seeds(machine: Machine) -> None:
    seed = RNG.randbytes(32)
    stream = b"".join(
        hashlib.sha256(seed + counter.to_bytes(8, "little")).digest() for counter in range(7, 600)
    )
    for n in (1, 2, 3, 127, 128, 129, 1024):
        e = Items(machine, [0] * n, seed).e
        assert bytes(e.z)[: 16 * n] == stream[: 16 * n]
        assert bytes(e.z)[16 * n :] == bytes(16 * (BLOCK - n))


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 40, 200])
def test_the_sum_of_an_equation(machine: Machine, n: int) -> None:
    rng = random.Random(n)
    for errors in ([0] * n, [rng.randrange(N) for _ in range(n)], [1] + [0] * (n - 1)):
        items = Items(machine, errors)
        for start, stop in {(0, n), (n // 2, n), (0, n // 2 + 1)}:
            holds, total = items.holds(start, stop)
            error = sum(items.z(i) * errors[i] for i in range(start, stop)) % N
            point = None if total.infinite else points(bytes(total.point))[0]
            assert point == multiply_base(error)
            assert holds == (error == 0) == (not any(errors[start:stop]))


def test_errors_that_cancel_are_seen(machine: Machine) -> None:
    """Equal coefficients, or known ones, would let these pass."""
    d = RNG.randrange(N)
    for errors in ([d, N - d], [d, d, -2 * d % N], [1, N - 1], [0, d, 0, -d % N], [d, N - d] * 40):
        holds, _ = Items(machine, errors).holds(0, len(errors))
        assert not holds


@pytest.mark.parametrize("n", [1, 2, 32, 33, 64, 100, 1000])
def test_halving_finds_the_one_bad_item(machine: Machine, n: int) -> None:
    for bad in {0, n // 3, n // 2, n - 1}:
        good = Items(machine, [int(i == bad) for i in range(n)]).good()
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
