"""The PTX that NVIDIA's compilers are given for a field (kernels/field/carry_chains.h and what uses
it), read from the preprocessed text and run by a small interpreter: what is in the strings
themselves is tested here, without a GPU or NVIDIA's tools.
"""

import ast
import random
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from native_library import ROOT, _compiler
from reference import ed25519, p256, secp256k1, sm2

RNG = random.Random("PTX")
PRIMES = {
    "": secp256k1.P,
    "CURVE_P256": p256.CURVE.P,
    "CURVE_SM2": sm2.CURVE.P,
    "CURVE_25519": ed25519.P,
}
OPERATIONS: dict[str, tuple[int, Callable[..., int]]] = {
    "mul": (2, lambda a, b: a * b),
    "sqr": (1, lambda a: a * a),
    "add": (2, lambda a, b: a + b),
    "sub": (2, lambda a, b: a - b),
}
ONES = 2**32 - 1
FUNCTION = re.compile(r"void fe_(mul|sqr|add|sub)\([^)]*\)\s*\{\s*asm\((.*?):\s*\"=r\"", re.DOTALL)

Instruction = tuple[str, list[str]]


@cache
def assembly(curve: str) -> dict[str, list[Instruction]]:
    """The instructions of each function, as the preprocessor puts them together."""
    defines = ["-D__NV_CL_C_VERSION=120", "-DMACHINE_8X32", *([f"-D{curve}"] if curve else [])]
    includes = [f"-I{folder}" for folder in ("csrc", "kernels", "tests/native")]
    command = [*shlex.split(_compiler()), "-E", "-P", *defines, *includes, "tests/native/machine.h"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {name: parse(strings) for name, strings in FUNCTION.findall(text)}
    assert set(found) == set(OPERATIONS)
    return found


def parse(strings: str) -> list[Instruction]:
    whole = "".join(ast.literal_eval(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', strings))
    lines = [line.strip() for line in re.split(r"[;{}]", re.sub(r"\.reg[^;]*;", "", whole))]
    split = [line.split(None, 1) for line in lines if line]
    return [(name, [each.strip() for each in rest.split(",")]) for name, rest in split]


def run(instructions: Sequence[Instruction], words: Sequence[int]) -> list[int]:
    """%0..%7 are the result, %8 and so on the words given. A carry that no instruction before has
    set, or that belongs to a chain which has ended, fails; so does a register that was not set.
    """
    registers = {f"%{8 + i}": word for i, word in enumerate(words)}
    flag: int | None = None

    def value(operand: str) -> int:
        if operand[0].isdigit():
            return int(operand, 0)
        return registers[operand]

    for name, (target, *operands) in instructions:
        operation, *modes = name.split(".")
        x = [value(operand) for operand in operands]
        carry = 0
        if operation in ("addc", "subc", "madc"):
            assert flag is not None, f"{name} {target}: there is no carry"
            carry = flag
        if operation in ("add", "addc"):
            full = x[0] + x[1] + carry
        elif operation in ("sub", "subc"):
            full = x[0] - x[1] - carry
        elif operation in ("mul", "mad", "madc"):
            product = x[0] * x[1]
            half = product >> 32 if "hi" in modes else product & ONES
            full = half + (x[2] if operation != "mul" else 0) + carry
        elif operation == "and":
            full = x[0] & x[1]
        else:
            full = {"mov": 1, "neg": -1}[operation] * x[0]
        registers[target] = full & ONES
        if "cc" in modes:
            flag = (full >> 32) & 1
        elif operation in ("addc", "subc", "madc"):
            flag = None  # a chain ends here
    return [registers[f"%{i}"] for i in range(8)]


def words_of(number: int) -> list[int]:
    return [number >> (32 * i) & ONES for i in range(8)]


def some(p: int) -> int:
    near = [0, 1, 2, p - 1, p, p + 1, 2**256 - 1, 2**256 - 2, 2**256 - p, 2**255, 2**256 - 2**32]
    structured = [RNG.choice([0, 0, ONES, ONES, 1, RNG.getrandbits(32)]) for _ in range(8)]
    return RNG.choice(
        [
            RNG.choice(near) % 2**256,
            RNG.getrandbits(256),
            sum(word << (32 * i) for i, word in enumerate(structured)),
            2**256 - 1 - RNG.getrandbits(66),
            RNG.getrandbits(66),
        ]
    )


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("curve", PRIMES)
def test_ptx(curve: str, operation: str) -> None:
    p, (count, result) = PRIMES[curve], OPERATIONS[operation]
    instructions = assembly(curve)[operation]
    for _ in range(1500):
        given = [some(p) for _ in range(count)]
        got = run(instructions, [word for number in given for word in words_of(number)])
        number = sum(word << (32 * i) for i, word in enumerate(got))
        assert number % p == result(*given) % p, [hex(x) for x in given]


# ---- Carries that are rare ----


def fold_of(curve: str) -> list[Instruction]:
    """What follows the product: t0..t15 are reduced to t0..t7."""
    instructions = assembly(curve)["mul"]
    last = next(i for i, (_, operands) in enumerate(instructions) if operands[0] == "t15")
    return instructions[last + 1 :]


def fold(instructions: Sequence[Instruction], product: int) -> int | None:
    """The result; None where the carry flag is misused."""
    given = [("mov.u32", [f"t{i}", str(product >> (32 * i) & ONES)]) for i in range(16)]
    try:
        got = run([*given, *instructions], [])
    except AssertionError:
        return None
    return sum(word << (32 * i) for i, word in enumerate(got))


def products(p: int) -> list[int]:
    """Words that are extreme, and low halves that bring the folded sum next to k 2^256."""
    rng = random.Random(f"folds of {p}")
    found = []

    def words(*choices: int) -> int:
        return sum(rng.choice(choices) << (32 * i) for i in range(8))

    for _ in range(300):
        small, any_word = rng.randrange(2000), rng.getrandbits(32)
        high = rng.choice([words(0, ONES, small, ONES - small), words(0, ONES, 1, 2**31, any_word)])
        rest = -(high * (2**256 % p)) + rng.choice([0, 1, -1, rng.randrange(-(2**70), 2**70)])
        for low in (words(0, ONES, 1, any_word), rest, rest - 2**256 % p):
            found.append(high << 256 | low % 2**256)
        found.append(words(0, ONES) << 256 | words(0, ONES))
    # secp256k1: what is above 2^256 after one fold reaches 2^32.
    return found + [2**512 - 1 - (k << 480) for k in range(970, 985)]


# How many instructions of a fold may take their carry in vain here: a carry into a word that is all
# ones by chance (2^-32), in rows that are the same macro as others.
SURVIVORS = {"": 2, "CURVE_P256": 6, "CURVE_SM2": 4, "CURVE_25519": 0}


@pytest.mark.parametrize("curve", PRIMES)
def test_carries_of_folds(curve: str) -> None:
    """Every fold is right, and wrong somewhere if any one of its carries is left out."""
    instructions, p = fold_of(curve), PRIMES[curve]
    cases = products(p)
    for product in cases:
        got = fold(instructions, product)
        assert got is not None and got % p == product % p, hex(product)
    survivors = []
    for place, (name, operands) in enumerate(instructions):
        if not name.startswith(("addc", "subc", "madc")):
            continue
        changed = list(instructions)
        changed[place] = name.replace("c.", ".", 1), operands
        results = ((fold(changed, product), product) for product in cases)
        if all(got is not None and (got - product) % p == 0 for got, product in results):
            survivors.append((place, name, operands))
    assert len(survivors) <= SURVIVORS[curve], survivors
