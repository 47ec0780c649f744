"""Proofs of the field's bounds: the text of kernels/field is run on all inputs at once.

Every operation of field.h and wide.h gets limbs of which only the bounds are known, with junk where
a factor may have it. interval_machine.py then shows for each of them that no carry is lost, that
every VERIFY_CHECK on the way holds, that the result has the bounds that the interface states, and
that it is congruent modulo p to what it should be. The same for products modulo the group order and
for the steps of an inversion that work on limbs.

Not shown here, but tested on words that are extreme in every combination (test_field_8x32.py) and
on PTX: the carry chains of NVIDIA's GPUs.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from field_machine import MACHINES, Machine
from interval_machine import Machine as Interpreter
from interval_poly import Poly
from interval_text import INT, Array, Cells, Pointer, Text, fresh, parsed, preprocessed, text_of
from interval_values import Broken, Domain, Value, every_path
from native_library import ROOT
from reference import ed25519, p256, secp256k1, sm2
from test_field import FACTORS, LARGER, OPERATIONS, SQUARED, Operation
from test_field_8x32 import OPERATIONS as OPERATIONS_25519

Contracts = dict[str, Callable[..., Any]]

# What becomes canonical hangs on single carries: each is a case.
CASES = {"normalize": 4}
# A case of its own: nothing above 2^256, which is bit 48 of limb 4.
NONZERO = frozenset({48})


def limbs_of(place: Cells) -> list[Value]:
    return place.cells[0]["l"].cells


def joined(limbs: Sequence[Value], bits: int) -> Poly:
    total = Poly.of(0)
    for i, limb in enumerate(limbs):
        total = total + limb.poly * (1 << bits * i)
    return total


class Run:
    """One path through a text, on limbs from 0 up."""

    def __init__(self, text: Text, domain: Domain, **options: Any) -> None:
        self.text, self.domain = text, domain
        self.c = Interpreter(text, domain, **options)

    def input(self, most: Sequence[int], kind: str = "fe") -> Cells:
        place = fresh(self.text.types[kind])
        limbs_of(place)[:] = [self.domain.unknown(0, x) for x in most]
        return place

    def call(self, name: str, inputs: Sequence[Cells]) -> Cells:
        """An OPERATION of tests/native: its result in memory of its own."""
        packed = fresh(Array(self.text.types["fe"], max(len(inputs), 1)))
        packed.cells[: len(inputs)] = [place.cells[0] for place in inputs]
        result = fresh(self.text.types["fe"])
        numbers = [(self.domain.constant(x), INT) for x in (len(inputs), 0)]
        self.run(f"native_{name}", result, packed, *numbers)
        return result

    def run(self, name: str, *arguments: Any) -> Any:
        """A function; Cells stand for their address."""
        given = [
            (Pointer(each.cells, 0, each.kind), None) if isinstance(each, Cells) else each
            for each in arguments
        ]
        value, _ = self.c.call(name, given)
        if self.c.broken:
            raise Broken("; ".join(self.c.broken))
        return value

    def within(self, limbs: Sequence[Value], most: Sequence[int]) -> None:
        for i, (limb, bound) in enumerate(zip(limbs, most, strict=True)):
            if limb.lo < 0 or limb.hi > bound:
                self.domain.look(limb)
            if limb.lo < 0 or limb.hi > bound:
                raise Broken(f"limb {i} is {limb}, beyond {bound:#x}")


def prove(work: Callable[[Domain], None], cases: int = 0) -> int:
    """Raises Broken where something does not hold; returns the number of paths."""
    return every_path(lambda script: Domain(cases, NONZERO, script), work)


# ---- the interface of field.h ----

NAMES = [name for name in MACHINES if "EMULATE_PTX" not in name and "5X52_MADD" not in name]


def machine_of(name: str) -> Machine:
    return Machine(None, 1, *MACHINES[name])


def prove_operation(
    machine: Machine, text: Text, operation: Operation, magnitudes: tuple[int, ...]
) -> int:
    def limits(magnitude: float, factor: bool) -> list[int]:
        most = machine.bounds(magnitude)
        return [2**64 - 1] * 4 + most[4:] if factor and machine.factors_have_junk else most

    def number(run: Run, place: Cells, factor: bool) -> Poly:
        """What an element stands for; of a factor's limbs only 52 bits count."""
        limbs = limbs_of(place)
        if factor and machine.factors_have_junk:
            limbs = [*(run.domain.low(limb, 52) for limb in limbs[:4]), limbs[4]]
        return joined(limbs, machine.bits) * pow(machine.radix, -1, machine.p)

    def work(domain: Domain) -> None:
        contracts = fold_contracts(machine.p) if machine.bits == 32 else {}
        run = Run(text, domain, contracts=contracts)
        factors = ["abcd"[i] in operation.factors for i in range(len(magnitudes))]
        inputs = [run.input(limits(m, f)) for m, f in zip(magnitudes, factors, strict=True)]
        numbers = [number(run, x, f) for x, f in zip(inputs, factors, strict=True)]
        result = run.call(operation.name, inputs)
        junk = 4 if operation.gives_factor and machine.factors_have_junk else 0
        most = machine.bounds(operation.magnitude(machine, magnitudes))
        run.within(limbs_of(result)[junk:], most[junk:])
        if operation.name == "normalize" and machine.bits == 52:
            run.within(limbs_of(result), [2**52 - 1] * 4 + [2**48 - 1])
        difference = number(run, result, operation.gives_factor) - operation.result(*numbers)
        if not domain.vanishes(difference, machine.p):
            raise Broken("the result is another number")

    return prove(work, CASES.get(operation.name, 0))


def magnitudes_of(machine: Machine, operation: Operation) -> list[tuple[int, ...]]:
    """The largest that go in; where magnitudes are all one, any of them."""
    if machine.bits == 32:
        return operation.inputs[:1]
    larger = machine.loose and operation.inputs in (FACTORS, SQUARED) and not operation.loose
    every = [*operation.inputs, *(LARGER[len(operation.inputs[0])] if larger else [])]

    def implied(one: tuple[int, ...], by: tuple[int, ...]) -> bool:
        """Tells whether what holds for the larger inputs says as much."""
        same = operation.magnitude(machine, by) <= operation.magnitude(machine, one)
        return one != by and same and all(x <= y for x, y in zip(one, by, strict=True))

    return [one for one in every if not any(implied(one, by) for by in every)]


@pytest.mark.parametrize("name", NAMES)
def test_operations(name: str) -> None:
    machine, text = machine_of(name), text_of("field.c", *name.split())
    for operation in OPERATIONS:
        for magnitudes in magnitudes_of(machine, operation):
            try:
                assert prove_operation(machine, text, operation, magnitudes) > 0
            except Broken as broken:
                pytest.fail(f"{operation.name} of {magnitudes}: {broken}", pytrace=False)


# ---- folding in eight limbs ----

FOLDS = {
    "secp256k1": (secp256k1.P, ("MACHINE_8X32",)),
    "p256": (p256.CURVE.P, ("MACHINE_8X32", "CURVE_P256")),
    "sm2": (sm2.CURVE.P, ("MACHINE_8X32", "CURVE_SM2")),
    "25519": (ed25519.P, ("MACHINE_8X32", "CURVE_25519")),
}
WORD = 2**32 - 1


def fold_top(prime: int) -> int:
    """FE_FOLD_TOP of this prime."""
    name = next(name for name, (p, _) in FOLDS.items() if p == prime)
    text = (ROOT / f"kernels/field/fold_{name}.inc").read_text(encoding="utf-8")
    return int(re.search(r"FE_FOLD_TOP (\w+)", text)[1], 0)


def fold_contracts(prime: int) -> Contracts:
    """What fe_fold promises: words that are congruent to r + top 2^256 (test_fold proves it)."""
    most = fold_top(prime)

    def fold(c: Interpreter, r: Pointer, top: Value) -> tuple[None, str]:
        domain, words = c.domain, r.cells[r.at]["l"].cells
        domain.look(top)
        if not -most <= top.lo <= top.hi <= most:
            raise Broken(f"fe_fold is given {top}")
        whole = joined(words, 32) + top.poly * 2**256 - domain.unknown(-1, 0).poly * prime
        words[1:] = [domain.unknown(0, WORD) for _ in words[1:]]
        words[0] = Value(0, WORD, whole - joined([domain.constant(0), *words[1:]], 32))
        return None, "void"

    return {"fe_fold": fold}


def prove_fold(prime: int, text: Text, most: int) -> int:
    """That fe_fold does what it promises for every |top| <= most."""

    def work(domain: Domain) -> None:
        run = Run(text, domain)
        r = run.input([WORD] * 8)
        lo, hi = [(-most, -1), (0, 0), (1, most)][domain.choose(3)]
        top = domain.unknown(lo, hi)
        before = joined(limbs_of(r), 32) + top.poly * 2**256
        run.run("fe_fold", r, (top, run.text.types["i64"]))
        run.within(limbs_of(r), [WORD] * 8)
        if not domain.vanishes(joined(limbs_of(r), 32) - before, prime):
            raise Broken("the result is another number")

    return prove(work, cases=4)


@pytest.mark.parametrize("name", FOLDS)
def test_fold(name: str) -> None:
    prime, defines = FOLDS[name]
    assert prove_fold(prime, text_of("fold.c", *defines), fold_top(prime)) > 3


# ---- 2^255 - 19 ----

LARGEST = 2**51 + 2**18 - 1  # of an element's limbs
# The machine, its limbs' bits, the largest limb of an element and of a factor.
MACHINES_25519 = {
    ("MACHINE_5X51_INT128",): (51, [LARGEST] * 5, [2**54 - 1] * 5),
    ("MACHINE_5X51_EMULATED",): (51, [LARGEST] * 5, [2**52 - 1] * 5),
    ("MACHINE_8X32", "CURVE_25519"): (32, [WORD] * 8, [WORD] * 8),
}


@pytest.mark.parametrize("defines", MACHINES_25519, ids=str)
@pytest.mark.parametrize("operation", OPERATIONS_25519, ids=lambda operation: operation[0])
def test_operations_25519(
    defines: tuple[str, ...], operation: tuple[str, int, Callable[..., Any]]
) -> None:
    name, count, result = operation
    bits, element, factor = MACHINES_25519[defines]
    text = text_of("edwards.c", *defines)

    def work(domain: Domain) -> None:
        run = Run(text, domain, contracts=fold_contracts(ed25519.P) if bits == 32 else {})
        inputs = [run.input(factor if name in ("mul", "sqr") else element) for _ in range(count)]
        numbers = [joined(limbs_of(place), bits) for place in inputs]
        got = run.call(name, inputs)
        run.within(limbs_of(got), factor if name.endswith("_f") else element)
        if not domain.vanishes(joined(limbs_of(got), bits) - result(*numbers), ed25519.P):
            raise Broken("the result is another number")

    assert prove(work, CASES.get(name, 0)) > 0


# ---- modulo the group order ----

ORDERS = {"": secp256k1.N, "CURVE_P256": p256.CURVE.N, "CURVE_SM2": sm2.CURVE.N}
# The machine, its limbs' bits, the largest limbs, R, and what is taken for granted: a product's low
# limb is 0 by the choice of q, which takes arithmetic modulo 2^64 or 2^52 to see (test_scalar.py
# tests the constants); and 2^256 <= t < 2^256 + n where n is taken off, as the head of sc_mul says.
SCALARS = {
    "MACHINE_5X52_INT128": (
        64,
        [2**64 - 1] * 4,
        2**256,
        {"t[0] == 0 && top >> 65 == 0", "borrow == top"},
    ),
    "MACHINE_5X52_EMULATED": (
        52,
        [2**52 - 1] * 4 + [2**48 + 2**46 - 1],
        2**260,
        {"w_is_zero(w_and(c[i], w_set1(LOW52))) == MASK_ALL"},
    ),
}


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("curve", ORDERS)
def test_scalar_products(name: str, curve: str) -> None:
    """Any numbers below 2^256, or below 2^256 + 2^254: so is their product."""
    bits, most, radix, assumed = SCALARS[name]
    text = text_of("scalar.c", name, *curve.split())
    order = ORDERS[curve]

    def work(domain: Domain) -> None:
        run = Run(text, domain, wraps=frozenset(["sc_mul"]), assumed=frozenset(assumed))
        a, b = run.input(most, "sc"), run.input(most, "sc")
        result = fresh(text.types["sc"])
        run.run("sc_mul", result, a, b)
        assert run.c.used == assumed
        run.within(limbs_of(result), most)
        product = joined(limbs_of(a), bits) * joined(limbs_of(b), bits)
        difference = joined(limbs_of(result), bits) * radix - product
        if not domain.vanishes(difference, order):
            raise Broken("the result is another number")

    assert prove(work, cases=1) > 0


MODULI = ["VL_SECP256K1_P", "VL_SECP256K1_N", "VL_P256_P", "VL_P256_N", "VL_SM2_P", "VL_SM2_N"]
MODULI += ["VL_ED25519_P"]


@pytest.mark.parametrize("modulus", MODULI)
def test_inversion_keeps_within_its_integers(modulus: str) -> None:
    """The step of an inversion that has the least room: sums of products in 128 bits, of a matrix
    with rows |row[0]| + |row[1]| <= 2^62, and u and v from -2 m to m. All is linear in a row, so
    its extremes are at its four corners.
    """
    text = text_of("scalar.c", "MACHINE_5X52_INT128")

    def work(domain: Domain) -> None:
        run = Run(text, domain, wraps=frozenset(["modinv_update"]))
        u, v = (run.input([2**62 - 1] * 4 + [0], "modinv_int") for _ in range(2))
        for place in (u, v):
            limbs_of(place)[4] = domain.unknown(-512, 255)
        matrix = fresh(text.types["modinv_matrix"])
        entries = [entry.cells for entry in matrix.cells[0].values()]
        for row in (entries[:2], entries[2:]):
            corner = domain.choose(4)
            row[corner % 2][0] = domain.constant([-(2**62), 2**62][corner // 2])
            row[1 - corner % 2][0] = domain.constant(0)
        run.run("modinv_update", u, v, matrix, run.c.scopes[0][modulus])
        for place in (u, v):
            run.within(limbs_of(place)[:4], [2**62 - 1] * 4)

    assert prove(work) > 0


# ---- a bound that is broken is noticed ----

MACHINE, MADD = "MACHINE_5X52_INT128", "MACHINE_5X52_EMULATED"
# In the preprocessed text: what it says, and what is wrong instead.
MUTANTS = [
    (MACHINE, "mul", "c[i] >> 52", "c[i] >> 51"),
    (MACHINE, "mul", "16 * 0x1000003D1ULL", "15 * 0x1000003D1ULL"),
    (MACHINE, "mul", "r->l[1] += (u64)(top >> 52)", "r->l[1] += 0"),
    (MACHINE, "sqr", "(u128)l0 * l[4]", "(u128)l[0] * l[4]"),
    (MACHINE, "sub", "{((7ULL) << 52)", "{((3ULL) << 52)"),
    (MACHINE, "mul_sub_mul", "(1ULL << 48)", "(1ULL << 47)"),
    (MADD, "mul", "((d[5]) << (4))", "((d[5]) << (3))"),
    (MADD, "mul", "w_add(c[6 + i], ((carried) >> (52)))", "c[6 + i]"),
    (MADD, "mul_sub_2sqr", "0x3ff81dfff07b1f0", "0x0ff81dfff07b1f0"),
    (
        MADD,
        "sqr",
        "for (int i = 1; i < 9; i++) c[i] = w_add",
        "for (int i = 1; i < 8; i++) c[i] = w_add",
    ),
    (MADD, "weak", "d[4] = w_and(d[4], w_set1(((1ULL << 48) - 1)))", "d[4] = d[4]"),
    (f"{MADD} CURVE_SM2", "mul", "w_set1(FE_BIAS1[i])", "w_set1(FE_COMPLEMENT[i])"),
    (f"{MADD} CURVE_P256", "mul", "<< (44)", "<< (43)"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant[1]}: {mutant[3]}")
def test_a_wrong_text_is_noticed(mutant: tuple[str, str, str, str]) -> None:
    name, wanted, old, new = mutant
    text = preprocessed("bounds.c", ['BOUNDS_OF="field.c"', *name.split()])
    assert old in text
    machine, broken = machine_of(name), parsed(text.replace(old, new))
    operation = next(each for each in OPERATIONS if each.name == wanted)
    with pytest.raises(Broken):
        prove_operation(machine, broken, operation, operation.inputs[0])


@pytest.mark.parametrize("name", NAMES[3:])
def test_a_larger_magnitude_is_too_large(name: str) -> None:
    """The bounds are those that hold, and not much more."""
    machine, text = machine_of(name), text_of("field.c", *name.split())
    operations = {operation.name: operation for operation in OPERATIONS}
    for wanted, magnitudes in (("mul", (16, 16)), ("sub", (7, 5)), ("mul_sub", (8, 8, 40))):
        with pytest.raises(Broken):
            prove_operation(machine, text, operations[wanted], magnitudes)


@pytest.mark.parametrize("name", FOLDS)
def test_a_larger_top_is_too_large(name: str) -> None:
    prime, defines = FOLDS[name]
    text, top = preprocessed("bounds.c", ['BOUNDS_OF="fold.c"', *defines]), fold_top(prime)
    assert f"{top:#x}" in text
    with pytest.raises(Broken):
        prove_fold(prime, parsed(text.replace(f"{top:#x}", f"{top << 30:#x}")), top << 30)
