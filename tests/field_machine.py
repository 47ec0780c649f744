"""What the elements of each field machine look like: limbs, bounds, values likely to break it."""

import ctypes
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from native_library import broken_bounds, has_avx512, library
from reference import p256, secp256k1, sm2
from reference.weierstrass import Curve

RNG = random.Random("the field")
Element = tuple[int, ...]  # the limbs of one lane


@dataclass(frozen=True)
class Machine:
    """What a machine's elements look like: `count` limbs of `bits` bits in words of `width` bytes.

    grows: limbs 0..3 may grow with the magnitude, or only limb 4 (5x52); None: any 256 bits.
    radix: a number a is held as a radix mod p (Montgomery's form), which is 1 for most.
    """

    native: ctypes.CDLL
    lanes: int
    bits: int
    count: int
    width: int
    grows: bool | None
    factors_have_junk: bool
    curve: Curve
    radix: int

    @property
    def loose(self) -> bool:
        """Tells whether loose products differ from others (FE_HAS_LOOSE)."""
        return self.radix != 1 and self.factors_have_junk

    @property
    def p(self) -> int:
        return self.curve.P

    @property
    def fold(self) -> int:
        """Returns 2^256 mod p."""
        return 2**256 - self.p

    def number(self, form: int) -> int:
        """Returns the number that a value stands for."""
        return form * pow(self.radix, -1, self.p) % self.p

    def form(self, number: int) -> int:
        """Returns the canonical value that stands for a number."""
        return number * self.radix % self.p

    def bounds(self, magnitude: float) -> list[int]:
        """Returns the largest value of each limb."""
        if self.grows is None:
            return [2**self.bits - 1] * self.count
        low = int(magnitude * (2**52 + 2**46)) - 1 if self.grows else 2**52 - 1
        return [low] * 4 + [int(magnitude * (2**48 + 2**44)) - 1]

    def limbs(self, value: int) -> Element:
        """Returns the value's limbs with nothing to carry; the last limb has what is left."""
        last = self.bits * (self.count - 1)
        mask = 2**self.bits - 1
        low = tuple(value >> shift & mask for shift in range(0, last, self.bits))
        return (*low, value >> last)

    def value(self, limbs: Sequence[int]) -> int:
        return sum(limb << (self.bits * i) for i, limb in enumerate(limbs))

    def fits(self, limbs: Sequence[int], magnitude: float) -> bool:
        return all(x <= most for x, most in zip(limbs, self.bounds(magnitude), strict=True))

    def pack(self, element: Sequence[Element]) -> bytes:
        """Returns the memory image of an fe: limb by limb, each with its lanes."""
        flat = [lane[i] for i in range(self.count) for lane in element]
        return struct.pack(f"<{len(flat)}{'I' if self.width == 4 else 'Q'}", *flat)

    def unpack(self, data: bytes) -> list[Element]:
        letter = "I" if self.width == 4 else "Q"
        flat = struct.unpack(f"<{self.count * self.lanes}{letter}", data)
        return [flat[lane :: self.lanes] for lane in range(self.lanes)]

    def edges(self, magnitude: int) -> list[Element]:
        """Returns representations of this magnitude that are likely to break something."""
        p, fold = self.p, self.fold
        near = [
            0,
            1,
            2,
            fold - 1,
            fold,
            fold + 1,
            p - 2,
            p - 1,
            p,
            p + 1,
            p // 2,
            2**255,
            2**256 - 1,
        ]
        multiples = [k * p + d for k in range(magnitude + 1) for d in (-1, 0, 1, 2, fold)]
        carried = [self.limbs(x) for x in [*near, *multiples] if x >= 0]
        most = self.bounds(magnitude)
        one_hot = [tuple(x if i == j else 0 for j, x in enumerate(most)) for i in range(self.count)]
        all_but = [tuple(0 if i == j else x for j, x in enumerate(most)) for i in range(self.count)]
        full = [tuple(2**self.bits - 1 for _ in most), tuple(x // 2 for x in most), tuple(most)]
        candidates = {*carried, *one_hot, *all_but, *full}
        return sorted(element for element in candidates if self.fits(element, magnitude))

    def some(self, magnitude: int) -> Element:
        return tuple(RNG.choice([0, x, RNG.randrange(x + 1)]) for x in self.bounds(magnitude))

    def random(self, magnitude: int) -> Element:
        return tuple(RNG.randrange(x + 1) for x in self.bounds(magnitude))

    def call(self, name: str, inputs: Sequence[Sequence[Element]], alias: int = 0) -> list[Element]:
        out = ctypes.create_string_buffer(self.native.native_size())
        packed = b"".join(self.pack(element) for element in inputs)
        getattr(self.native, f"native_{name}")(out, packed, len(inputs), alias)
        return self.unpack(out.raw)

    def factor_value(self, limbs: Element) -> int:
        """Returns what a multiplier reads."""
        if not self.factors_have_junk:
            return self.value(limbs)
        return self.value([*(limb % 2**52 for limb in limbs[:4]), limbs[4]])

    def with_junk(self, limbs: Element) -> Element:
        """Returns the same factor with bits that a multiplier ignores."""
        if not self.factors_have_junk:
            return limbs
        return (*(limb | RNG.getrandbits(12) << 52 for limb in limbs[:4]), limbs[4])


# Compiler options of tests/native/machine.h and the fields of Machine after `lanes`.
MACHINES: dict[str, tuple[int, int, int, bool | None, bool, Curve, int]] = {
    "MACHINE_8X32": (32, 8, 4, None, False, secp256k1.CURVE, 1),
    "MACHINE_8X32 CURVE_P256": (32, 8, 4, None, False, p256.CURVE, 1),
    "MACHINE_8X32 CURVE_SM2": (32, 8, 4, None, False, sm2.CURVE, 1),
    "MACHINE_8X32 EMULATE_PTX": (32, 8, 4, None, False, secp256k1.CURVE, 1),
    "MACHINE_8X32 EMULATE_PTX CURVE_P256": (32, 8, 4, None, False, p256.CURVE, 1),
    "MACHINE_8X32 EMULATE_PTX CURVE_SM2": (32, 8, 4, None, False, sm2.CURVE, 1),
    "MACHINE_5X52_INT128": (52, 5, 8, True, False, secp256k1.CURVE, 1),
    "MACHINE_5X52_EMULATED": (52, 5, 8, False, True, secp256k1.CURVE, 1),
    "MACHINE_5X52_MADD": (52, 5, 8, False, True, secp256k1.CURVE, 1),
    "MACHINE_5X52_INT128 CURVE_P256": (52, 5, 8, True, False, p256.CURVE, 2**260),
    "MACHINE_5X52_EMULATED CURVE_P256": (52, 5, 8, False, True, p256.CURVE, 2**260),
    "MACHINE_5X52_MADD CURVE_P256": (52, 5, 8, False, True, p256.CURVE, 2**260),
    "MACHINE_5X52_INT128 CURVE_SM2": (52, 5, 8, True, False, sm2.CURVE, 2**260),
    "MACHINE_5X52_EMULATED CURVE_SM2": (52, 5, 8, False, True, sm2.CURVE, 2**260),
    "MACHINE_5X52_MADD CURVE_SM2": (52, 5, 8, False, True, sm2.CURVE, 2**260),
}


BUILDS = [(name, verify) for name in MACHINES for verify in (False, True)]


def build_name(build: tuple[str, bool]) -> str:
    return build[0] + (" VERIFY" if build[1] else "")


def load_machine(name: str, *, verify: bool) -> Machine:
    """Returns this machine with tests/native/field.c compiled for it; skips where it can't run."""
    if "5X52_MADD" in name and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("field.c", *name.split(), verify=verify)
    for function in ("native_is_zero", "native_is_odd"):
        getattr(native, function).restype = ctypes.c_uint32
    found = Machine(native, native.native_lanes(), *MACHINES[name])
    assert native.native_size() == found.width * found.count * found.lanes
    broken_bounds(native)
    return found
