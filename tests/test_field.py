"""Every function of the field interface (kernels/field/field.h), on every machine, against Python's
integers: edge values and redundant representations up to the largest that the interface allows.
"""

import ctypes
import itertools
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from native_library import broken_bounds, has_avx512, library
from reference.secp256k1 import P

RNG = random.Random("the field")
FOLD = 2**256 - P

Element = tuple[int, ...]  # the limbs of one lane


@dataclass(frozen=True)
class Machine:
    """What a machine's elements look like: `count` limbs of `bits` bits in words of `width` bytes.

    grows: limbs 0..3 may grow with the magnitude, or only limb 4 (5x52); None: any 256 bits.
    """

    native: ctypes.CDLL
    lanes: int
    bits: int
    count: int
    width: int
    grows: bool | None
    factors_have_junk: bool

    def bounds(self, magnitude: int) -> list[int]:
        """Returns the largest value of each limb."""
        if self.grows is None:
            return [2**self.bits - 1] * self.count
        low = magnitude * (2**52 + 2**46) - 1 if self.grows else 2**52 - 1
        return [low] * 4 + [magnitude * (2**48 + 2**44) - 1]

    def limbs(self, value: int) -> Element:
        """Returns the value's limbs with nothing to carry; the last limb has what is left."""
        last = self.bits * (self.count - 1)
        mask = 2**self.bits - 1
        low = tuple(value >> shift & mask for shift in range(0, last, self.bits))
        return (*low, value >> last)

    def value(self, limbs: Sequence[int]) -> int:
        return sum(limb << (self.bits * i) for i, limb in enumerate(limbs))

    def fits(self, limbs: Sequence[int], magnitude: int) -> bool:
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
        near = [
            0,
            1,
            2,
            FOLD - 1,
            FOLD,
            FOLD + 1,
            P - 2,
            P - 1,
            P,
            P + 1,
            P // 2,
            2**255,
            2**256 - 1,
        ]
        multiples = [k * P + d for k in range(magnitude + 1) for d in (-1, 0, 1, 2, FOLD)]
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
MACHINES: dict[str, tuple[int, int, int, bool | None, bool]] = {
    "MACHINE_8X32": (32, 8, 4, None, False),
    "MACHINE_5X52_INT128": (52, 5, 8, True, False),
    "MACHINE_5X52_EMULATED": (52, 5, 8, False, True),
    "MACHINE_5X52_MADD": (52, 5, 8, False, True),
}


BUILDS = [(name, verify) for name in MACHINES for verify in (False, True)]


def build_name(build: tuple[str, bool]) -> str:
    return build[0] + (" VERIFY" if build[1] else "")


@pytest.fixture(params=BUILDS, ids=build_name)
def machine(request: pytest.FixtureRequest) -> Machine:
    name, verify = request.param
    if name == "MACHINE_5X52_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("field.c", name, verify=verify)
    for function in ("native_is_zero", "native_is_odd"):
        getattr(native, function).restype = ctypes.c_uint32
    found = Machine(native, native.native_lanes(), *MACHINES[name])
    assert native.native_size() == found.width * found.count * found.lanes
    broken_bounds(native)
    return found


@dataclass(frozen=True)
class Operation:
    """One row of field.h's table: the result, combinations of the largest magnitudes that may go
    in, and what comes out. A letter in `factors` names an input (a, b ...) that may be a factor.
    """

    name: str
    result: Callable[..., int]
    inputs: list[tuple[int, ...]]
    output: int
    factors: str = ""
    gives_factor: bool = False


# A product takes magnitudes with mag(a) mag(b) <= 64, up to 15 each.
FACTORS = [(8, 8), (15, 4), (4, 15), (2, 2), (1, 1)]
SQUARED = [(8,), (2,), (1,)]

OPERATIONS = [
    Operation("zero", lambda: 0, [()], 1),
    Operation("one", lambda: 1, [()], 1),
    Operation("mul", lambda a, b: a * b, FACTORS, 2, "ab"),
    Operation("mul_f", lambda a, b: a * b, FACTORS, 2, "ab", True),
    Operation("sqr", lambda a: a * a, SQUARED, 2, "a"),
    Operation("sqr_f", lambda a: a * a, SQUARED, 2, "a", True),
    Operation("sqr_n", lambda a: pow(a, 32, P), SQUARED, 2, "a"),
    Operation("mul_sub", lambda a, b, c: a * b - c, [(8, 8, 12), (15, 4, 12), (1, 1, 1)], 2, "ab"),
    Operation("mul_sub_f", lambda a, b, c: a * b - c, [(8, 8, 12), (4, 15, 12)], 2, "ab", True),
    Operation("sqr_sub_2", lambda a, b: a * a - 2 * b, [(8, 4), (1, 4), (1, 1)], 2, "a"),
    Operation("sqr_sub_sub2", lambda a, b, c: a * a - b - 2 * c, [(8, 12, 4), (1, 12, 4)], 2, "a"),
    Operation(
        "mul_sub_2sqr",
        lambda a, b, c: a * b - 2 * c * c,
        [(6, 8, 2), (15, 3, 2), (1, 1, 2)],
        2,
        "abc",
    ),
    Operation(
        "mul_sub_mul",
        lambda a, b, c, d: a * b - c * d,
        [(8, 4, 4, 4), (15, 2, 4, 4), (2, 4, 4, 7), (1, 1, 4, 1)],
        2,
        "abd",
    ),
    Operation("add", lambda a, b: a + b, [(8, 7), (14, 1), (1, 14)], 15),
    Operation("add", lambda a, b: a + b, [(1, 1)], 2),
    Operation("sub", lambda a, b: a - b, [(7, 4), (1, 4), (7, 1)], 15),
    Operation("sub", lambda a, b: a - b, [(1, 1), (1, 4)], 9),
    Operation("sub_f", lambda a, b: a - b, [(7, 4), (1, 4)], 15, "", True),
    Operation("neg", lambda a: -a, [(2,), (1,)], 4),
    Operation("weak", lambda a: a, [(16,), (1,)], 2),
    Operation("normalize", lambda a: a, [(16,), (8,), (1,)], 1),
]
for k in range(1, 9):
    OPERATIONS += [
        Operation(f"mul_k_{k}", lambda a, b, k=k: k * a * b, FACTORS, 2, "ab"),
        Operation(f"sqr_k_{k}", lambda a, k=k: k * a * a, SQUARED, 2, "a"),
        Operation(f"sqr_k_f_{k}", lambda a, k=k: k * a * a, SQUARED, k, "a", True),
    ]


def cases(machine: Machine, magnitudes: tuple[int, ...]) -> list[tuple[Element, ...]]:
    """Returns argument lists: pairs of edges, as far as they are not too many, and random ones."""
    if not magnitudes:
        return [()] * machine.lanes
    edges = [machine.edges(magnitude) for magnitude in magnitudes]
    if len(edges) <= 2:
        chosen = list(itertools.product(*edges))
    else:
        chosen = [tuple(RNG.choice(column) for column in edges) for _ in range(400)]
    RNG.shuffle(chosen)
    chosen = chosen[:400]
    for source in (machine.some, machine.random):
        chosen += [tuple(source(magnitude) for magnitude in magnitudes) for _ in range(100)]
    RNG.shuffle(chosen)
    return chosen[: len(chosen) // machine.lanes * machine.lanes]


def lane_values(
    machine: Machine, operation: Operation, arguments: tuple[Element, ...]
) -> list[int]:
    return [
        (machine.factor_value if "abcd"[i] in operation.factors else machine.value)(limbs)
        for i, limbs in enumerate(arguments)
    ]


def check(machine: Machine, operation: Operation, group: Sequence[tuple[Element, ...]]) -> None:
    """One call: `group` has an argument list for each lane."""
    inputs = list(zip(*group, strict=True))
    got = machine.call(operation.name, inputs)
    for lane, limbs in enumerate(got):
        expected = operation.result(*lane_values(machine, operation, group[lane])) % P
        value = machine.factor_value(limbs) if operation.gives_factor else machine.value(limbs)
        assert value % P == expected, (operation.name, group[lane])
        if operation.gives_factor and machine.factors_have_junk:
            assert limbs[4] <= machine.bounds(operation.output)[4]
        else:
            assert machine.fits(limbs, operation.output), (operation.name, group[lane], limbs)
        if operation.name == "normalize":
            assert limbs == machine.limbs(expected)
    for alias in range(1, len(inputs) + 1):
        assert machine.call(operation.name, inputs, alias) == got, (operation.name, alias)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation(machine: Machine, operation: Operation) -> None:
    for magnitudes in operation.inputs:
        todo = cases(machine, magnitudes)
        for start in range(0, len(todo), machine.lanes):
            check(machine, operation, todo[start : start + machine.lanes])
    assert broken_bounds(machine.native) == (0, "")


@pytest.mark.parametrize(
    "machine", [build for build in BUILDS if MACHINES[build[0]][-1]], ids=build_name, indirect=True
)
@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.factors],
    ids=lambda operation: operation.name,
)
def test_junk_in_factors_is_ignored(machine: Machine, operation: Operation) -> None:
    for magnitudes in operation.inputs:
        for _ in range(40):
            group = []
            for _ in range(machine.lanes):
                arguments = [
                    RNG.choice([machine.some, machine.random])(magnitude)
                    for magnitude in magnitudes
                ]
                for i, limbs in enumerate(arguments):
                    if "abcd"[i] in operation.factors:
                        arguments[i] = machine.with_junk(limbs)
                group.append(tuple(arguments))
            check(machine, operation, group)
    assert broken_bounds(machine.native) == (0, "")


def test_results_of_fused_operations_as_factors(machine: Machine) -> None:
    """A factor, multiplied, is the value that it stands for."""
    for name, arity in [
        ("mul_f", 2),
        ("sqr_f", 1),
        ("sqr_k_f_3", 1),
        ("mul_sub_f", 3),
        ("sub_f", 2),
    ]:
        operation = next(row for row in OPERATIONS if row.name == name)
        for _ in range(100):
            inputs = [[machine.some(1) for _ in range(machine.lanes)] for _ in range(arity)]
            factor = machine.call(name, inputs)
            for product in (
                machine.call("mul", [factor, inputs[0]]),
                machine.call("mul", [inputs[0], factor]),
            ):
                for lane in range(machine.lanes):
                    values = [machine.value(column[lane]) for column in inputs]
                    expected = operation.result(*values) * values[0] % P
                    assert machine.value(product[lane]) % P == expected
    assert broken_bounds(machine.native) == (0, "")


def test_zero_and_odd_in_every_lane(machine: Machine) -> None:
    zeros = [x for x in machine.edges(16) if machine.value(x) % P == 0]
    others = [x for x in machine.edges(16) if machine.value(x) % P != 0]
    assert len(zeros) >= 2
    for _ in range(1000):
        mask = RNG.getrandbits(machine.lanes)
        element = [
            RNG.choice(zeros if mask >> lane & 1 else others) for lane in range(machine.lanes)
        ]
        assert machine.native.native_is_zero(machine.pack(element)) == mask
        values = [RNG.choice([0, 1, P - 1, P - 2, RNG.randrange(P)]) for _ in range(machine.lanes)]
        odd = machine.native.native_is_odd(machine.pack([machine.limbs(x) for x in values]))
        assert odd == sum((x & 1) << lane for lane, x in enumerate(values))
    assert broken_bounds(machine.native) == (0, "")


def test_select_takes_each_lane_from_its_side(machine: Machine) -> None:
    for mask in range(2**machine.lanes):
        a, b = ([machine.some(16) for _ in range(machine.lanes)] for _ in range(2))
        for alias in range(3):
            out = ctypes.create_string_buffer(machine.native.native_size())
            machine.native.native_select(out, mask, machine.pack(a) + machine.pack(b), alias)
            assert machine.unpack(out.raw) == [
                (a if mask >> lane & 1 else b)[lane] for lane in range(machine.lanes)
            ]


def test_swap_lanes(machine: Machine) -> None:
    for distance in [d for d in (1, 2, 4) if d < machine.lanes]:
        element = [machine.some(16) for _ in range(machine.lanes)]
        for alias in range(2):
            out = ctypes.create_string_buffer(machine.native.native_size())
            machine.native.native_swap_lanes(out, machine.pack(element), distance, alias)
            expected = [element[lane ^ distance] for lane in range(machine.lanes)]
            assert machine.unpack(out.raw) == expected


def test_first_is_the_canonical_value_of_lane_0(machine: Machine) -> None:
    for first in [*machine.edges(16), *(machine.some(16) for _ in range(200))]:
        out = ctypes.create_string_buffer(32)
        element = [first, *(machine.some(16) for _ in range(machine.lanes - 1))]
        machine.native.native_first(out, machine.pack(element))
        assert int.from_bytes(out.raw, "little") == machine.value(first) % P
    assert broken_bounds(machine.native) == (0, "")


WORDS = [
    0,
    1,
    P - 1,
    P,
    P + 1,
    2**256 - 1,
    2**64 - 1,
    2**64,
    *(RNG.getrandbits(256) for _ in range(50)),
]


def test_broadcast_is_the_words_in_every_lane(machine: Machine) -> None:
    for value in WORDS:
        out = ctypes.create_string_buffer(machine.native.native_size())
        machine.native.native_broadcast(out, value.to_bytes(32, "little"))
        assert machine.unpack(out.raw) == [machine.limbs(value)] * machine.lanes


@pytest.mark.parametrize("stride", [4, 5, 8, 128])
def test_load_and_store_with_a_stride(machine: Machine, stride: int) -> None:
    gap = stride - 4
    for _ in range(50):
        values = [RNG.choice(WORDS) for _ in range(machine.lanes)]
        spaced = b"".join(x.to_bytes(32, "little") + RNG.randbytes(8 * gap) for x in values)
        out = ctypes.create_string_buffer(machine.native.native_size())
        machine.native.native_load(out, spaced, ctypes.c_size_t(stride))
        assert machine.unpack(out.raw) == [machine.limbs(x) for x in values]
        canonical = [x % P for x in values]
        stored = ctypes.create_string_buffer(RNG.randbytes(len(spaced)), len(spaced))
        before = stored.raw
        packed = machine.pack([machine.limbs(x) for x in canonical])
        machine.native.native_store(stored, ctypes.c_size_t(stride), packed)
        for lane, x in enumerate(canonical):
            at = 8 * stride * lane
            assert stored.raw[at : at + 32] == x.to_bytes(32, "little")
            assert stored.raw[at + 32 : at + 8 * stride] == before[at + 32 : at + 8 * stride]
    assert broken_bounds(machine.native) == (0, "")


def test_two_elements_from_any_offset_and_back(machine: Machine) -> None:
    size = machine.native.native_size()
    for _ in range(100):
        table = [RNG.choice(WORDS) for _ in range(64)]
        entries = [2 * RNG.randrange(32) for _ in range(machine.lanes)]
        out = ctypes.create_string_buffer(2 * size)
        data = b"".join(x.to_bytes(32, "little") for x in table)
        offsets = struct.pack(f"<{machine.lanes}Q", *(4 * entry for entry in entries))
        machine.native.native_load2(out, data, offsets)
        for half in range(2):
            loaded = machine.unpack(out.raw[half * size : (half + 1) * size])
            assert loaded == [machine.limbs(table[entry + half]) for entry in entries]
    for stride in (8, 9, 128):
        pair = [[machine.some(16) for _ in range(machine.lanes)] for _ in range(2)]
        stored = ctypes.create_string_buffer(8 * stride * machine.lanes)
        packed = machine.pack(pair[0]) + machine.pack(pair[1])
        machine.native.native_store2(stored, ctypes.c_size_t(stride), packed)
        for lane, half in itertools.product(range(machine.lanes), range(2)):
            at = 8 * stride * lane + 32 * half
            words = int.from_bytes(stored.raw[at : at + 32], "little")
            assert words % P == machine.value(pair[half][lane]) % P
    assert broken_bounds(machine.native) == (0, "")


@pytest.mark.parametrize("name", [name for name in MACHINES if "5X52" in name])
def test_a_broken_bound_is_noticed(name: str) -> None:
    """VERIFY must be alive: an element beyond the magnitude that fe_sub takes."""
    if name == "MACHINE_5X52_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("field.c", name, verify=True)
    machine = Machine(native, native.native_lanes(), *MACHINES[name])
    fine = [(0, 0, 0, 0, 4 << 48)] * machine.lanes
    for lane in range(machine.lanes):
        element = list(fine)
        element[lane] = (0, 0, 0, 0, 5 << 48)
        machine.call("sub", [fine, fine])
        assert broken_bounds(native)[0] == 0
        machine.call("sub", [fine, element])
        assert broken_bounds(native)[0] > 0


@pytest.mark.parametrize("name", [name for name in MACHINES if "5X52" in name])
def test_biases_are_multiples_of_p(name: str) -> None:
    if name == "MACHINE_5X52_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    native = library("field.c", name)
    out = (ctypes.c_uint64 * 15)()
    native.native_biases(out)
    for multiple, limbs in zip((4, 8, 256), (out[:5], out[5:10], out[10:]), strict=True):
        assert sum(limb << (52 * i) for i, limb in enumerate(limbs)) == multiple * P
    if "INT128" not in name:
        columns = (ctypes.c_uint64 * 10)()
        native.native_bias_columns(columns)
        assert sum(column << (52 * i) for i, column in enumerate(columns)) % P == 0
        # None turns negative when twice a square is taken off: ten halves in a column, but in the
        # top one only the upper half of limb 4 squared (magnitude 2).
        assert min(columns[:9]) >= 2 * 10 * 2**52
        assert columns[9] >= 2 * (2 * (2**48 + 2**44)) ** 2 >> 52


# ---- the words under the eight lanes ----

EDGE_WORDS = [
    0,
    1,
    2**52 - 1,
    2**52,
    2**63,
    2**64 - 1,
    2**64 - 2**52,
    2**32 - 1,
    0x5555555555555555,
]


def test_emulated_words_are_those_of_avx512() -> None:
    if not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    both = [library("words.c", f"MACHINE_5X52_{kind}") for kind in ("MADD", "EMULATED")]
    for _ in range(2000):
        values = [
            RNG.choice([*EDGE_WORDS, RNG.getrandbits(64), RNG.getrandbits(52)]) for _ in range(320)
        ]
        data = struct.pack("<320Q", *values)
        offsets = struct.pack("<8Q", *(RNG.randrange(64) for _ in range(8)))
        count, stride = RNG.choice([0, 1, 12, 52, 63, 64, 127, 200]), RNG.choice([8, 9, 40])
        answers = []
        for native in both:
            out = [ctypes.create_string_buffer(8 * 1024) for _ in range(3)]
            native.native_words_arithmetic(out[0], data, count)
            native.native_words_shifts(out[1], data)
            native.native_words_memory(out[2], data, offsets, ctypes.c_size_t(stride))
            answers.append([buffer.raw for buffer in out])
        assert answers[0] == answers[1]
