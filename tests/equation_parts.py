"""What batch equations of every scheme have in common, in the very library that the package loads:
its structures, and items whose equations are wrong by what a test says.
"""

import ctypes
from typing import Any

from library_parts import INT, LIBRARY, POINTER, SIZE, U64, members, points

# Stored coefficients whose value is 0, an extreme, or has a pattern.
COEFFICIENTS = [0, 1, 2**127 - 1, 2**127, 2**127 + 1, 2**128 - 1, 2**128 // 3]


class Coefficient(ctypes.Structure):
    """csrc/scheme/coefficients.h: vl_coefficient."""

    _fields_ = members((U64, "low high"))


class Sum(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_sum."""

    _fields_ = members((U64 * 8, "point"), (INT, "infinite"))

    def affine(self) -> tuple[int, int] | None:
        return None if self.infinite else points(bytes(self.point))[0]


class EquationKind(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_equation_kind."""

    _fields_ = members(
        (ctypes.CFUNCTYPE(INT, POINTER, POINTER, SIZE, SIZE), "holds"),
        (POINTER, "vanishes subtract"),
    )


class Batch(ctypes.Structure):
    """csrc/scheme/bisect.h: vl_batch."""

    _fields_ = members(
        (POINTER, "kind equation"), (SIZE, "n"), (U64, "random"), (POINTER, "one_by_one block")
    )


def centred(v: int) -> int:
    return v - 2**127


class EquationItems:
    """Items of a scheme and e, their equation: a structure of that scheme, whose coefficients are
    made here. hash: what of (csrc/verilane.h).
    """

    scheme: str
    hash: int

    def __init__(self, e: Any, seed: bytes) -> None:
        self.e = e
        self._kind = EquationKind.in_dll(LIBRARY, f"vl_{self.scheme}_equation_kind")
        plan = ctypes.create_string_buffer(64)
        hashing = ctypes.create_string_buffer(1 << 17)
        assert LIBRARY.vl_hash_choose(plan, self.hash, -1) == 0
        begin = getattr(LIBRARY, f"vl_{self.scheme}_equation_begin")
        begin(ctypes.byref(e), seed, ctypes.c_uint64(7), plan, hashing)

    def z(self, i: int) -> int:
        return centred(self.e.z[i].low + (self.e.z[i].high << 64))

    def holds(self, start: int, stop: int) -> tuple[bool, Sum]:
        out = Sum()
        holds = self._kind.holds(ctypes.addressof(out), ctypes.addressof(self.e), start, stop)
        return bool(holds), out

    def good(self) -> list[int]:
        """What is found to be valid after the sum over all has failed."""
        holds, total = self.holds(0, self.e.n)
        assert not holds
        out = ctypes.create_string_buffer(self.e.n)
        batch = Batch(ctypes.addressof(self._kind), ctypes.addressof(self.e), self.e.n)
        LIBRARY.vl_batch_halve(out, ctypes.byref(batch), ctypes.byref(total))
        return list(out.raw)
