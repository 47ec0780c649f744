"""What batch equations of BIP-340 are made of, in the very library that the package loads.

All points are known multiples of G, so that big integers say what a sum must be.
"""

import ctypes
import random
from dataclasses import dataclass

from equation_parts import COEFFICIENTS, Coefficient, EquationItems, centred
from library_parts import (
    BLOCK,
    LIBRARY,
    POINTER,
    SIZE,
    U64,
    CurveOps,
    Scratch,
    Terms,
    members,
    points,
    words,
)
from reference.secp256k1 import LAMBDA, N, Point, multiply_base

RNG = random.Random("secp256k1 sums")
ISAS = ["scalar", "portable", "avx2", "avx512"]
WIDTHS = range(4, 9)  # csrc/ops.h
SHA256 = 0  # csrc/verilane.h
HASH, ORDER = "sha256", N


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
        self.ops = CurveOps.in_dll(LIBRARY, f"vl_secp256k1_{name}")
        self._lent = Scratch(self.ops.scratch_size)
        self.scratch = self._lent.address

    def msm(self, kinds: list[Kind], width: int) -> Point:
        out = ctypes.create_string_buffer(64)
        terms = (Terms * len(kinds))(*[kind.terms() for kind in kinds])
        there = self.ops.msm(out, terms, len(kinds), width, self.scratch)
        return points(out.raw)[0] if there else None


SCALARS = [0, 1, 2, N - 1, N // 2, LAMBDA, N - LAMBDA, LAMBDA + 1, 2**255, 2**128 - 1, 2**128, 129]


def some_kind(n: int, rng: random.Random, centred: bool = False) -> Kind:
    special = COEFFICIENTS if centred else SCALARS
    bound = 2**128 if centred else N
    stored = [rng.choice([rng.randrange(bound), rng.choice(special)]) for _ in range(n)]
    return Kind([rng.choice(LOGS) for _ in range(n)], stored, centred)


class Equation(ctypes.Structure):
    """csrc/scheme/schnorr_equation.h: vl_schnorr_equation."""

    _fields_ = members(
        (SIZE, "n keys"),
        (ctypes.c_char_p, "p minus_r s v"),
        (POINTER, "ops scratch"),
        (Coefficient * BLOCK, "z"),
        (U64 * 4 * BLOCK, "zv"),
    )


class Items(EquationItems):
    """n items whose equations are wrong by errors[i] G, that is s G + v P - R = errors[i] G."""

    scheme, hash = "schnorr", SHA256

    def __init__(self, machine: Machine, errors: list[int], seed: bytes = bytes(32)) -> None:
        rng = random.Random(len(errors))
        n = len(errors)
        p, minus_r = ([rng.choice(LOGS) for _ in range(n)] for _ in "pr")
        v = [rng.randrange(N) for _ in range(n)]
        rows = zip(p, minus_r, v, errors, strict=True)
        s = [(error - y - c * x) % N for x, y, c, error in rows]
        self.errors = errors
        e = Equation(
            n,
            0,
            words([c for x in p for c in POOL[x] or ()]),
            words([c for x in minus_r for c in POOL[x] or ()]),
            words(s),
            words(v),
            ctypes.addressof(machine.ops),
            machine.scratch,
        )
        super().__init__(e, seed)
