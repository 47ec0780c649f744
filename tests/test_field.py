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

from field_machine import BUILDS, MACHINES, Element, Machine, build_name, load_machine
from native_library import broken_bounds

RNG = random.Random("the operations")


@pytest.fixture(params=BUILDS, ids=build_name)
def machine(request: pytest.FixtureRequest) -> Machine:
    name, verify = request.param
    return load_machine(name, verify=verify)


@dataclass(frozen=True)
class Operation:
    """One row of field.h's table: the result, combinations of the largest magnitudes that may go
    in, and what comes out. A letter in `factors` names an input (a, b ...) that may be a factor.
    loose: k, of a loose product.
    """

    name: str
    result: Callable[..., int]
    inputs: list[tuple[int, ...]]
    output: int
    factors: str = ""
    gives_factor: bool = False
    loose: int = 0

    def magnitude(self, machine: Machine, inputs: tuple[int, ...]) -> float:
        """Returns that of the result."""
        if not (self.loose and machine.loose):
            return self.output
        m = inputs[0] * inputs[-1]
        return self.loose * (m / 15 + 1)


# A product takes magnitudes with mag(a) mag(b) <= 64, up to 15 each; LARGER where products may be
# loose.
FACTORS = [(8, 8), (15, 4), (4, 15), (2, 2), (1, 1)]
SQUARED = [(8,), (2,), (1,)]
LARGER = {2: [(11, 11), (15, 8), (8, 15)], 1: [(11,)]}

OPERATIONS = [
    Operation("zero", lambda: 0, [()], 1),
    Operation("one", lambda: 1, [()], 1),
    Operation("mul", lambda a, b: a * b, FACTORS, 2, "ab"),
    Operation("mul_f", lambda a, b: a * b, FACTORS, 2, "ab", True),
    Operation("sqr", lambda a: a * a, SQUARED, 2, "a"),
    Operation("sqr_f", lambda a: a * a, SQUARED, 2, "a", True),
    Operation("mul_loose", lambda a, b: a * b, FACTORS, 2, "ab", False, 1),
    Operation("mul_loose_f", lambda a, b: a * b, FACTORS, 2, "ab", True, 1),
    Operation("sqr_loose", lambda a: a * a, SQUARED, 2, "a", False, 1),
    Operation("sqr_loose_f", lambda a: a * a, SQUARED, 2, "a", True, 1),
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
for k in (1, 2, 3):  # what the formulas use; three times the last of each is close to 14
    OPERATIONS += [
        Operation(
            f"mul_k_loose_{k}", lambda a, b, k=k: k * a * b, [(3, 4), (11, 5)], 2, "ab", False, k
        ),
        Operation(f"sqr_k_loose_f_{k}", lambda a, k=k: k * a * a, [(2,), (7,)], k, "a", True, k),
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
        machine.number(
            (machine.factor_value if "abcd"[i] in operation.factors else machine.value)(limbs)
        )
        for i, limbs in enumerate(arguments)
    ]


def check(
    machine: Machine,
    operation: Operation,
    group: Sequence[tuple[Element, ...]],
    magnitudes: tuple[int, ...],
) -> None:
    """One call: `group` has an argument list for each lane."""
    output = operation.magnitude(machine, magnitudes)
    inputs = list(zip(*group, strict=True))
    got = machine.call(operation.name, inputs)
    for lane, limbs in enumerate(got):
        expected = operation.result(*lane_values(machine, operation, group[lane])) % machine.p
        value = machine.factor_value(limbs) if operation.gives_factor else machine.value(limbs)
        assert machine.number(value) == expected, (operation.name, group[lane])
        if operation.gives_factor and machine.factors_have_junk:
            assert limbs[4] <= machine.bounds(output)[4]
        else:
            assert machine.fits(limbs, output), (operation.name, group[lane], limbs)
        if operation.name == "normalize":
            assert limbs == machine.limbs(machine.form(expected))
    for alias in range(1, len(inputs) + 1):
        assert machine.call(operation.name, inputs, alias) == got, (operation.name, alias)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation(machine: Machine, operation: Operation) -> None:
    larger = machine.loose and operation.inputs in (FACTORS, SQUARED) and not operation.loose
    more = LARGER[len(operation.inputs[0])] if larger else []
    for magnitudes in [*operation.inputs, *more]:
        todo = cases(machine, magnitudes)
        for start in range(0, len(todo), machine.lanes):
            check(machine, operation, todo[start : start + machine.lanes], magnitudes)
    assert broken_bounds(machine.native) == (0, "")


@pytest.mark.parametrize(
    "machine", [build for build in BUILDS if MACHINES[build[0]][4]], ids=build_name, indirect=True
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
            check(machine, operation, group, magnitudes)
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
                    values = [machine.number(machine.value(column[lane])) for column in inputs]
                    expected = operation.result(*values) * values[0] % machine.p
                    assert machine.number(machine.value(product[lane])) == expected
    assert broken_bounds(machine.native) == (0, "")


def test_products_with_chosen_values(machine: Machine) -> None:
    """Reductions whose last carries run far: random products never do that."""
    p, fold = machine.p, machine.fold
    ones = [2**bit - 1 for bit in (32, 52, 64, 104, 128, 208, 256)]
    small = [k * fold + d for k in range(4) for d in [*range(-3, 4), *ones, *(-x for x in ones)]]
    chosen = [x % p for x in small if x >= 0] + [p - 1 - x % p for x in small if x >= 0]
    chosen += [fold + ((2**32 - 1) << 32) + RNG.getrandbits(32) + (k << 64) for k in range(8)]
    for name in ("mul", "mul_f", "mul_k_1"):
        for _ in range(10):
            for start in range(0, len(chosen), machine.lanes):
                wanted = [chosen[(start + lane) % len(chosen)] for lane in range(machine.lanes)]
                a = [RNG.choice([2, p - 1, 2**256 - 1, RNG.randrange(1, p)]) for _ in wanted]
                b = [machine.form(x) * pow(y, -1, p) % p for x, y in zip(wanted, a, strict=True)]
                columns = [[machine.limbs(x) for x in column] for column in (a, b)]
                got = machine.call(name, columns)
                assert [machine.factor_value(x) % p for x in got] == wanted
    assert broken_bounds(machine.native) == (0, "")


def test_zero_and_odd_in_every_lane(machine: Machine) -> None:
    p = machine.p
    zeros = [x for x in machine.edges(16) if machine.value(x) % p == 0]
    others = [x for x in machine.edges(16) if machine.value(x) % p != 0]
    assert len(zeros) >= 2
    for _ in range(1000):
        mask = RNG.getrandbits(machine.lanes)
        element = [
            RNG.choice(zeros if mask >> lane & 1 else others) for lane in range(machine.lanes)
        ]
        assert machine.native.native_is_zero(machine.pack(element)) == mask
        values = [RNG.choice([0, 1, p - 1, p - 2, RNG.randrange(p)]) for _ in range(machine.lanes)]
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
        assert int.from_bytes(out.raw, "little") == machine.value(first) % machine.p
    assert broken_bounds(machine.native) == (0, "")


def words_for(machine: Machine) -> list[int]:
    p = machine.p
    edges = [0, 1, p - 1, p, p + 1, 2**256 - 1, 2**64 - 1, 2**64]
    return [*edges, *(RNG.getrandbits(256) for _ in range(50))]


def test_numbers_and_their_forms(machine: Machine) -> None:
    """What is stored is the form; fe_to_number gives back the number, canonical."""
    p = machine.p
    for _ in range(300):
        values = [RNG.choice([0, 1, p - 1, p, RNG.randrange(p)]) for _ in range(machine.lanes)]
        got = machine.call("from_number", [[machine.limbs(x) for x in values]])
        assert [machine.value(x) % p for x in got] == [machine.form(x) for x in values]
        assert all(machine.fits(x, 2) for x in got)
        for source in (machine.some, machine.random, lambda m: RNG.choice(machine.edges(m))):
            element = [source(15) for _ in range(machine.lanes)]
            expected = [machine.limbs(machine.number(machine.value(x))) for x in element]
            assert machine.call("to_number", [element]) == expected
            assert machine.call("to_number", [element], 1) == expected
    assert broken_bounds(machine.native) == (0, "")


def test_broadcast_is_the_words_in_every_lane(machine: Machine) -> None:
    for value in words_for(machine):
        out = ctypes.create_string_buffer(machine.native.native_size())
        machine.native.native_broadcast(out, value.to_bytes(32, "little"))
        assert machine.unpack(out.raw) == [machine.limbs(value)] * machine.lanes


@pytest.mark.parametrize("stride", [4, 5, 8, 128])
def test_load_and_store_with_a_stride(machine: Machine, stride: int) -> None:
    gap, edges = stride - 4, words_for(machine)
    for _ in range(50):
        values = [RNG.choice(edges) for _ in range(machine.lanes)]
        spaced = b"".join(x.to_bytes(32, "little") + RNG.randbytes(8 * gap) for x in values)
        out = ctypes.create_string_buffer(machine.native.native_size())
        machine.native.native_load(out, spaced, ctypes.c_size_t(stride))
        assert machine.unpack(out.raw) == [machine.limbs(x) for x in values]
        canonical = [x % machine.p for x in values]
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
    size, edges = machine.native.native_size(), words_for(machine)
    for _ in range(100):
        table = [RNG.choice(edges) for _ in range(64)]
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
            assert (words - machine.value(pair[half][lane])) % machine.p == 0
    assert broken_bounds(machine.native) == (0, "")
