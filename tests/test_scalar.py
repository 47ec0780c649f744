"""Arithmetic modulo the group order (kernels/scalar/sc_*.inc),
inversion in lanes (kernels/lane_inverse.inc) and ratios (kernels/scalar/ratio.inc), against Python.
"""

import ctypes
import random
import struct
from dataclasses import dataclass

import pytest

from native_library import broken_bounds, has_avx512, library
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from reference.sm2 import CURVE as SM2
from reference.weierstrass import Curve
from scalar_words import numbers, words

RNG = random.Random("scalars")

# Compiler options of tests/native/machine.h, with limb width and the Montgomery radix of sc.
MACHINES = {
    "MACHINE_8X32": (64, 4, 2**256, SECP256K1),
    "MACHINE_5X52_INT128": (64, 4, 2**256, SECP256K1),
    "MACHINE_5X52_EMULATED": (52, 5, 2**260, SECP256K1),
    "MACHINE_5X52_MADD": (52, 5, 2**260, SECP256K1),
    "MACHINE_5X52_INT128 CURVE_P256": (64, 4, 2**256, P256),
    "MACHINE_5X52_EMULATED CURVE_P256": (52, 5, 2**260, P256),
    "MACHINE_5X52_MADD CURVE_P256": (52, 5, 2**260, P256),
    "MACHINE_5X52_INT128 CURVE_SM2": (64, 4, 2**256, SM2),
    "MACHINE_5X52_EMULATED CURVE_SM2": (52, 5, 2**260, SM2),
    "MACHINE_5X52_MADD CURVE_SM2": (52, 5, 2**260, SM2),
}

MODULI = [SECP256K1.P, SECP256K1.N, P256.P, P256.N, SM2.P, SM2.N]


@dataclass(frozen=True)
class Scalars:
    native: ctypes.CDLL
    lanes: int
    bits: int
    limbs: int
    radix: int
    curve: Curve

    @property
    def n(self) -> int:
        return self.curve.N

    @property
    def largest(self) -> int:
        """Returns the largest sc that there may be."""
        return 2**256 - 1 if self.radix == 2**256 else 2**256 + 2**254 - 1

    def pack(self, values: list[int]) -> bytes:
        """Returns the memory image of one sc: limb by limb, each with its lanes; the last limb has
        what is left.
        """
        last = self.limbs - 1
        mask = 2**self.bits - 1
        return b"".join(
            struct.pack("<Q", value >> (self.bits * i) & (mask if i < last else 2**64 - 1))
            for i in range(self.limbs)
            for value in values
        )

    def unpack(self, data: bytes) -> list[int]:
        flat = struct.unpack(f"<{self.limbs * self.lanes}Q", data)
        return [
            sum(flat[i * self.lanes + lane] << (self.bits * i) for i in range(self.limbs))
            for lane in range(self.lanes)
        ]

    def mul(self, a: list[int], b: list[int], alias: int = 0) -> list[int]:
        out = ctypes.create_string_buffer(len(self.pack(a)))
        self.native.native_sc_mul(out, self.pack(a) + self.pack(b), alias)
        return self.unpack(out.raw)

    def edges(self) -> list[int]:
        top = self.largest
        wide = [0, 1, 2, self.n - 1, self.n, self.n + 1, 2**255, 2**256 - 1, top - 1, top]
        limbs = [(2**self.bits - 1) << (self.bits * i) for i in range(self.limbs)]
        return [x for x in wide + limbs + [top ^ limb for limb in limbs] if 0 <= x <= top]

    def some(self) -> int:
        return RNG.choice([*self.edges(), RNG.randrange(self.n), RNG.randrange(self.largest + 1)])


@pytest.fixture(params=[(name, verify) for name in MACHINES for verify in (False, True)], ids=str)
def scalars(request: pytest.FixtureRequest) -> Scalars:
    name, verify = request.param
    if "5X52_MADD" in name and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("scalar.c", *name.split(), verify=verify)
    native.native_sc_is_zero.restype = ctypes.c_uint32
    native.native_scalar_ratio_scratch.restype = ctypes.c_size_t
    machine = Scalars(native, native.native_lanes(), *MACHINES[name])
    assert native.native_sc_size() == 8 * machine.limbs * machine.lanes
    broken_bounds(native)
    return machine


def test_constants_of_the_order(scalars: Scalars) -> None:
    out = (ctypes.c_uint64 * 23)()
    scalars.native.native_order_constants(out)

    def joined(limbs: list[int], bits: int) -> int:
        return sum(limb << (bits * i) for i, limb in enumerate(limbs))

    assert joined(out[0:4], 64) == scalars.n
    assert joined(out[4:9], 52) == scalars.n
    assert joined(out[9:14], 52) == 2**256 - scalars.n
    assert max(out[4:14]) < 2**52
    assert out[14] * scalars.n % 2**64 == 2**64 - 1
    assert joined(out[15:19], 64) == pow(2, 512, scalars.n)
    assert joined(out[19:23], 64) == pow(2, 520, scalars.n)
    pair = ctypes.create_string_buffer(2 * scalars.native.native_sc_size())
    scalars.native.native_sc_constants(pair)
    half = len(pair.raw) // 2
    assert scalars.unpack(pair.raw[:half]) == [1] * scalars.lanes
    assert scalars.unpack(pair.raw[half:]) == [pow(scalars.radix, 2, scalars.n)] * scalars.lanes


def test_products(scalars: Scalars) -> None:
    pairs = [(a, b) for a in scalars.edges() for b in scalars.edges()]
    pairs += [(scalars.some(), scalars.some()) for _ in range(3000)]
    RNG.shuffle(pairs)
    one_over_radix = pow(scalars.radix, -1, scalars.n)
    for start in range(0, len(pairs) - scalars.lanes, scalars.lanes):
        a, b = (list(column) for column in zip(*pairs[start : start + scalars.lanes], strict=True))
        for alias in range(3):
            got = scalars.mul(a, b, alias)
            assert [x % scalars.n for x in got] == [
                x * y * one_over_radix % scalars.n for x, y in zip(a, b, strict=True)
            ]
            assert max(got) <= scalars.largest
        assert scalars.mul(a, a, 1) == scalars.mul(a, a, 2) == scalars.mul(a, a)
    assert broken_bounds(scalars.native) == (0, "")


def test_canonical_words_zero_and_select(scalars: Scalars) -> None:
    native, lanes = scalars.native, scalars.lanes
    for _ in range(1000):
        a, b = [scalars.some() for _ in range(lanes)], [scalars.some() for _ in range(lanes)]
        packed = scalars.pack(a)
        out = ctypes.create_string_buffer(32 * lanes)
        native.native_sc_store(out, ctypes.c_size_t(4), packed)
        assert numbers(out.raw) == [x % scalars.n for x in a]
        first = ctypes.create_string_buffer(32)
        native.native_sc_first(first, packed)
        assert numbers(first.raw) == [a[0] % scalars.n]
        zeros = native.native_sc_is_zero(packed)
        assert zeros == sum(1 << lane for lane, x in enumerate(a) if x % scalars.n == 0)
        mask = RNG.getrandbits(lanes)
        chosen = ctypes.create_string_buffer(len(packed))
        for alias in range(3):
            native.native_sc_select(chosen, mask, packed + scalars.pack(b), alias)
            assert scalars.unpack(chosen.raw) == [
                (a if mask >> lane & 1 else b)[lane] for lane in range(lanes)
            ]
    assert broken_bounds(native) == (0, "")


def test_loading_with_a_stride(scalars: Scalars) -> None:
    for stride in (4, 5, 8):
        values = [RNG.getrandbits(256) for _ in range(scalars.lanes)]
        spaced = b"".join(words([x]) + RNG.randbytes(8 * (stride - 4)) for x in values)
        out = ctypes.create_string_buffer(scalars.native.native_sc_size())
        scalars.native.native_sc_load(out, spaced, ctypes.c_size_t(stride))
        assert scalars.unpack(out.raw) == values


@pytest.mark.parametrize("field", ["sc", "fe"])
def test_inverse_in_every_lane(scalars: Scalars, field: str) -> None:
    m = scalars.n if field == "sc" else scalars.curve.P
    special = [1, 2, m - 1, m - 2, m // 2, 2**255, 2**128]
    for _ in range(300):
        values = [RNG.choice([*special, RNG.randrange(1, m)]) for _ in range(scalars.lanes)]
        out = ctypes.create_string_buffer(32 * scalars.lanes)
        getattr(scalars.native, f"native_{field}_invert")(out, words(values))
        assert numbers(out.raw) == [pow(x, -1, m) for x in values]
    assert broken_bounds(scalars.native) == (0, "")


def check_ratios(scalars: Scalars, a: list[int], b: list[int], d: list[int]) -> None:
    n = len(d)
    guard = b"\xa5" * 32
    u, v = (ctypes.create_string_buffer(32 * n + 32) for _ in range(2))
    ctypes.memmove(ctypes.byref(u, 32 * n), guard, 32)
    ctypes.memmove(ctypes.byref(v, 32 * n), guard, 32)
    scalars.native.native_scalar_ratio(u, v, ctypes.c_size_t(n), words(a), words(b), words(d))
    # A zero counts as 1.
    inverse = [pow(x or 1, -1, scalars.n) for x in d]
    assert numbers(u.raw[: 32 * n]) == [x * y % scalars.n for x, y in zip(a, inverse, strict=True)]
    assert numbers(v.raw[: 32 * n]) == [x * y % scalars.n for x, y in zip(b, inverse, strict=True)]
    assert u.raw[32 * n :] == v.raw[32 * n :] == guard
    assert broken_bounds(scalars.native) == (0, "")


def edges_for(scalars: Scalars) -> list[int]:
    n = scalars.n
    return [0, 1, 2, n // 2, n - 2, n - 1]


@pytest.mark.parametrize("n", [*range(18), 63, 64, 65, 500, 511, 512])
def test_ratios(scalars: Scalars, n: int) -> None:
    for _ in range(5):
        a, b = (
            [RNG.choice([*edges_for(scalars), RNG.randrange(scalars.n)]) for _ in range(n)]
            for _ in range(2)
        )
        d = [RNG.choice([*edges_for(scalars)[1:], RNG.randrange(1, scalars.n)]) for _ in range(n)]
        check_ratios(scalars, a, b, d)


def test_a_zero_denominator_spoils_no_other_item(scalars: Scalars) -> None:
    for n in (1, 8, 17):
        for position in range(n):
            a, b, d = ([RNG.randrange(1, scalars.n) for _ in range(n)] for _ in range(3))
            d[position] = 0
            check_ratios(scalars, a, b, d)
    check_ratios(scalars, [5] * 20, [7] * 20, [0] * 20)


def test_scratch_is_what_the_text_says(scalars: Scalars) -> None:
    expected = {1: 16384, 8: 20480}[scalars.lanes]
    assert scalars.native.native_scalar_ratio_scratch() == expected
