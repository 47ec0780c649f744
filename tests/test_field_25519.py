"""The field of edwards25519 (kernels/field/fe_5x51*.inc, wide.h), on every machine, against
Python's integers: limbs up to the largest that an element, or a factor, may have.
"""

import ctypes
import itertools
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from native_library import broken_bounds, has_avx512, library
from reference.ed25519 import B, D, P

RNG = random.Random("the field of edwards25519")
LARGEST = 2**51 + 2**18 - 1  # of an element's limbs
Limbs = tuple[int, ...]


def value(limbs: Sequence[int]) -> int:
    return sum(limb << (51 * i) for i, limb in enumerate(limbs))


def limbs_of(number: int) -> Limbs:
    return (*(number >> (51 * i) & (2**51 - 1) for i in range(4)), number >> 204)


@dataclass(frozen=True)
class Machine:
    native: ctypes.CDLL
    lanes: int
    factor: int  # the largest limb of a factor

    def pack(self, element: Sequence[Limbs]) -> bytes:
        flat = [lane[i] for i in range(5) for lane in element]
        return struct.pack(f"<{len(flat)}Q", *flat)

    def unpack(self, data: bytes) -> list[Limbs]:
        flat = struct.unpack(f"<{5 * self.lanes}Q", data)
        return [flat[lane :: self.lanes] for lane in range(self.lanes)]

    def call(self, name: str, inputs: Sequence[Sequence[Limbs]], alias: int = 0) -> list[Limbs]:
        out = ctypes.create_string_buffer(40 * self.lanes)
        packed = b"".join(self.pack(element) for element in inputs)
        getattr(self.native, f"native_{name}")(out, packed, len(inputs), alias)
        return self.unpack(out.raw)


MACHINES = {
    "MACHINE_5X51_INT128": 2**54 - 1,
    "MACHINE_5X51_EMULATED": 2**52 - 1,
    "MACHINE_5X51_MADD": 2**52 - 1,
}


@pytest.fixture(params=[(name, verify) for name in MACHINES for verify in (False, True)], ids=str)
def machine(request: pytest.FixtureRequest) -> Machine:
    name, verify = request.param
    if name == "MACHINE_5X51_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("edwards.c", name, verify=verify)
    found = Machine(native, native.native_lanes(), MACHINES[name])
    assert native.native_size() == 40 * found.lanes
    broken_bounds(native)
    return found


def edges(largest: int) -> list[Limbs]:
    near = [0, 1, 2, 18, 19, 20, P - 20, P - 19, P - 1, P, P + 1, P + 18, P + 19, P // 2, 2**254]
    near += [2**255 - 1, 2**255, 2**255 + 18, *(1 << (51 * i) for i in range(1, 5))]
    full = [(largest,) * 5, (2**51 - 1,) * 5, (2**51,) * 5, (largest // 2,) * 5]
    hot = [tuple(largest if i == j else 0 for j in range(5)) for i in range(5)]
    cold = [tuple(0 if i == j else largest for j in range(5)) for i in range(5)]
    return [*map(limbs_of, near), *full, *hot, *cold]


def some(largest: int) -> Limbs:
    return tuple(RNG.choice([0, largest, RNG.randrange(largest + 1)]) for _ in range(5))


# name, result, how many inputs, whether they may be factors, whether the result is one
Operation = tuple[str, Callable[..., int], int, bool, bool]
OPERATIONS: list[Operation] = [
    ("zero", lambda: 0, 0, False, False),
    ("one", lambda: 1, 0, False, False),
    ("mul", lambda a, b: a * b, 2, True, False),
    ("sqr", lambda a: a * a, 1, True, False),
    ("add", lambda a, b: a + b, 2, False, False),
    ("sub", lambda a, b: a - b, 2, False, False),
    ("add_f", lambda a, b: a + b, 2, False, True),
    ("sub_f", lambda a, b: a - b, 2, False, True),
    ("neg", lambda a: -a, 1, False, False),
    ("neg_loaded_f", lambda a: -a, 1, False, True),
    ("weak", lambda a: a, 1, False, False),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation[0])
def test_operation(machine: Machine, operation: Operation) -> None:
    name, result, count, takes_factors, gives_factor = operation
    largest = machine.factor if takes_factors else LARGEST
    cases = list(itertools.product(edges(largest), repeat=count)) if count else [()]
    cases += [tuple(some(largest) for _ in range(count)) for _ in range(2000 if count else 0)]
    RNG.shuffle(cases)
    if name == "neg_loaded_f":
        # what fe_load2 gives: of a number below 2^255 + 2^223
        cases = [(limbs_of(value(case[0]) % (2**255 + 2**223)),) for case in cases]
    cases += [cases[0]] * (-len(cases) % machine.lanes)
    for start in range(0, len(cases), machine.lanes):
        lanes = cases[start : start + machine.lanes]
        inputs = [[lane[i] for lane in lanes] for i in range(count)]
        for alias in range(count + 1):
            for lane, got in zip(lanes, machine.call(name, inputs, alias), strict=True):
                assert value(got) % P == result(*map(value, lane)) % P, lane
                assert max(got) <= (machine.factor if gives_factor else LARGEST)
    assert broken_bounds(machine.native) == (0, "")


def test_the_largest_wide_sums(machine: Machine) -> None:
    most = machine.factor

    def check(name: str, rows: list[list[Limbs]], result: Callable[..., int]) -> None:
        """rows: one element for each input."""
        for lane, got in enumerate(machine.call(name, rows)):
            numbers = [value(row[lane]) for row in rows]
            assert value(got) % P == result(*numbers) % P
            assert max(got) <= LARGEST

    def difference(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> int:
        return a * b + c * c + 2 * d - e * f - g * g

    def total(a: int, b: int, c: int, d: int, e: int) -> int:
        return a * b + c * c + d * e

    def less(a: int, b: int, c: int, d: int, e: int) -> int:
        return a * b + c * c + 2 * d - e

    zero, full = (0,) * 5, (most,) * 5
    for trial in range(300):
        # Element d is no factor.
        rows = [[some(LARGEST if i == 3 else most) for _ in range(machine.lanes)] for i in range(7)]
        if trial < 2**7:
            for i in range(7):
                top = (LARGEST,) * 5 if i == 3 else full
                rows[i][trial % machine.lanes] = top if trial >> i & 1 else zero
        check("wide", rows, difference)
        check("wide_sum", rows[:3] + rows[4:6], total)
        check("wide_less", [*rows[:3], rows[3], rows[3][::-1]], less)
    assert broken_bounds(machine.native) == (0, "")


def test_normalize_zero_and_odd(machine: Machine) -> None:
    native = machine.native
    cases = edges(LARGEST) + [some(LARGEST) for _ in range(1000)]
    cases += [limbs_of(k * P + d) for k in (0, 1) for d in range(40)]
    cases += [cases[0]] * (-len(cases) % machine.lanes)
    for start in range(0, len(cases), machine.lanes):
        lanes = cases[start : start + machine.lanes]
        for alias in (0, 1):
            got = machine.call("normalize", [lanes], alias)
            assert got == [limbs_of(value(lane) % P) for lane in lanes]
        packed = machine.pack(lanes)
        zeros = sum(1 << i for i, lane in enumerate(lanes) if value(lane) % P == 0)
        assert native.native_is_zero(packed) == zeros
        odd = sum(1 << i for i, lane in enumerate(got) if lane[0] & 1)
        assert native.native_is_odd(machine.pack(got)) == odd
        first = ctypes.create_string_buffer(32)
        native.native_first(first, packed)
        assert int.from_bytes(first.raw, "little") == value(lanes[0]) % P
    assert broken_bounds(native) == (0, "")


def test_memory_select_and_swap(machine: Machine) -> None:
    native, size = machine.native, 40 * machine.lanes
    for trial in range(300):
        a, b = ([some(LARGEST) for _ in range(machine.lanes)] for _ in range(2))
        if trial < len(edges(LARGEST)):
            a[trial % machine.lanes] = edges(LARGEST)[trial]
        out = ctypes.create_string_buffer(3 * size)
        native.native_through_memory(out, machine.pack(a) + machine.pack(b))
        x, y, canonical = (machine.unpack(out.raw[i * size : (i + 1) * size]) for i in range(3))
        assert [*map(value, x)] == [*map(value, a)]
        assert [*map(value, y)] == [*map(value, b)]
        assert canonical == [limbs_of(value(lane) % P) for lane in a]
        mask = RNG.getrandbits(machine.lanes)
        one = ctypes.create_string_buffer(size)
        native.native_select(one, mask, machine.pack(a) + machine.pack(b))
        assert machine.unpack(one.raw) == [
            (a if mask >> i & 1 else b)[i] for i in range(machine.lanes)
        ]
        for distance in (1, 2, 4) if machine.lanes == 8 else ():
            native.native_swap_lanes(one, machine.pack(a), distance)
            assert machine.unpack(one.raw) == [a[i ^ distance] for i in range(8)]
    assert broken_bounds(native) == (0, "")


def test_constants(machine: Machine) -> None:
    out = (ctypes.c_uint64 * 20)()
    machine.native.native_constants(out)
    numbers = [sum(out[4 * i + j] << (64 * j) for j in range(4)) for i in range(5)]
    assert numbers[:2] == [D, 2 * D % P]
    assert numbers[2] ** 2 % P == P - 1
    assert (numbers[3], numbers[4]) == B


def test_inversion_modulo_p() -> None:
    """csrc/modinv.h's row for 2^255 - 19."""
    native = library("scalar.c", "MACHINE_5X52_INT128")
    values = [0, 1, 2, 19, P - 1, P - 2, P // 2, 2**254, *(RNG.randrange(P) for _ in range(5000))]
    values += [(1 << i) % P for i in range(256)] + [P >> i for i in range(255)]
    packed = b"".join(x.to_bytes(32, "little") for x in values)
    out = ctypes.create_string_buffer(len(packed))
    native.native_modinv_25519(out, ctypes.c_size_t(len(values)), packed)
    for i, x in enumerate(values):
        inverse = int.from_bytes(out.raw[32 * i : 32 * i + 32], "little")
        assert inverse < P
        assert inverse * x % P == (x % P != 0)
