"""What batch equations of Ed25519 are made of, in the very library that the package loads.

All points are known multiples of B with a known part of small order, so that big integers say what
a sum must be.
"""

import ctypes
import random
from dataclasses import dataclass

from equation_parts import COEFFICIENTS, Coefficient, EquationItems
from library_parts import (
    BLOCK,
    INT,
    LIBRARY,
    POINTER,
    SIZE,
    U64,
    EdwardsOps,
    Scratch,
    Terms,
    members,
    points,
    words,
)
from reference.ed25519 import TORSION, B, L, Point, add, multiply

RNG = random.Random("Ed25519 sums")
ISAS = ["scalar", "avx2", "avx512"]
WIDTHS = range(2, 9)  # csrc/ops.h
SHA512 = 2  # csrc/verilane.h
HASH, ORDER = "sha512", L


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
        self.ops = EdwardsOps.in_dll(LIBRARY, f"vl_ed25519_{name}")
        self._lent = Scratch(self.ops.scratch_size)
        self.scratch = self._lent.address

    def msm(self, kinds: list[Kind], width: int) -> Point:
        out = ctypes.create_string_buffer(64)
        terms = (Terms * len(kinds))(*[kind.terms() for kind in kinds])
        self.ops.msm(out, terms, len(kinds), width, self.scratch)
        return points(out.raw)[0]


SCALARS = [0, 1, 2, L - 1, L, 2**252, 2**253 - 1, 2**128 - 1, 2**128, 8, 2**253 // 3, 127, 128, 129]


def some_kind(n: int, rng: random.Random, centred: bool = False) -> Kind:
    bits = 128 if centred else 253
    special = COEFFICIENTS if centred else SCALARS
    stored = [rng.choice([rng.getrandbits(bits), rng.choice(special)]) for _ in range(n)]
    return Kind([rng.choice(POOL) for _ in range(n)], stored, bits, centred)


class Equation(ctypes.Structure):
    """csrc/scheme/ed25519_equation.h: vl_ed25519_equation."""

    _fields_ = members(
        (SIZE, "n keys"),
        (INT, "in_halves"),
        (ctypes.c_char_p, "a r s k"),
        (POINTER, "ops scratch"),
        (Coefficient * BLOCK, "z"),
        (U64 * 4 * BLOCK, "zk"),
    )


class Items(EquationItems):
    """n items whose equations are wrong by errors[i] B, that is R + k A - s B = errors[i] B, up to
    parts of small order. halves: keys come with 2^128 A, as prepared ones do.
    """

    scheme, hash = "ed25519", SHA512

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
        e = Equation(
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
        super().__init__(e, seed)
