"""The machine of GPU threads (kernels/field/fe_8x32*.inc): how each prime's products are folded, on
all words that can be extreme; and the field of edwards25519 on it. tests/test_field.py has the
whole interface for the other primes.

The carry chains that NVIDIA's compilers get are compiled as C here, with a carry that turns to
nonsense where a chain ends.
"""

import ctypes
import itertools
import random
from collections.abc import Callable, Sequence

import pytest

from native_library import broken_bounds, library
from reference import ed25519, p256, secp256k1, sm2

RNG = random.Random("eight limbs")
PRIMES = {
    (): secp256k1.P,
    ("CURVE_P256",): p256.CURVE.P,
    ("CURVE_SM2",): sm2.CURVE.P,
    ("CURVE_25519",): ed25519.P,
}
CHAINS = [(), ("EMULATE_PTX",)]
BUILDS = list(itertools.product(PRIMES, CHAINS))
ONES = 2**32 - 1


def build_name(build: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    return " ".join([*(build[0] or ("SECP256K1",)), *build[1]])


def folded(native: ctypes.CDLL, products: Sequence[int]) -> list[int]:
    out = ctypes.create_string_buffer(32 * len(products))
    packed = b"".join(x.to_bytes(64, "little") for x in products)
    native.native_fold(out, ctypes.c_size_t(len(products)), packed)
    data = out.raw
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]


def some_words(count: int) -> int:
    """A number of words that are 0, all ones, next to them, or random."""
    near = [0, 0, ONES, ONES, 1, ONES - 1, 2**31]
    words = [RNG.choice([*near, RNG.getrandbits(32)]) for _ in range(count)]
    return sum(word << (32 * i) for i, word in enumerate(words))


@pytest.mark.parametrize("build", BUILDS, ids=build_name)
def test_folds(build: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """Every pattern of words that are 0 or all ones: each column's largest and smallest sum is
    one. Then values whose folded sum lies next to a multiple of 2^256, where the last carries are.
    """
    curve, chains = build
    native, p = library("fold.c", "MACHINE_8X32", *curve, *chains, verify=True), PRIMES[curve]
    broken_bounds(native)
    products = [
        sum(ONES << (32 * i) for i in range(16) if pattern >> i & 1) for pattern in range(2**16)
    ]
    products += [some_words(16) for _ in range(10_000)]
    for _ in range(4_000):
        high = some_words(8)
        # The high half, folded down once, and a low half that brings it next to k 2^256.
        rest = -(high * (2**256 % p)) + RNG.choice([0, 1, -1, RNG.randrange(-(2**70), 2**70)])
        products.append(high << 256 | rest % 2**256)
        products.append(high << 256 | (rest - 2**256 % p) % 2**256)
        products.append(high << 256 | -(high << 256) % p)
    products += [2**512 - 1 - (k << 480) for k in range(2000)]
    for product, got in zip(products, folded(native, products), strict=True):
        assert got % p == product % p, hex(product)
    assert broken_bounds(native) == (0, "")


# ---- 2^255 - 19: the whole interface ----

P = ed25519.P
OPERATIONS: list[tuple[str, int, Callable[..., int]]] = [
    ("zero", 0, lambda: 0),
    ("one", 0, lambda: 1),
    ("mul", 2, lambda a, b: a * b),
    ("sqr", 1, lambda a: a * a),
    ("add", 2, lambda a, b: a + b),
    ("sub", 2, lambda a, b: a - b),
    ("add_f", 2, lambda a, b: a + b),
    ("sub_f", 2, lambda a, b: a - b),
    ("neg", 1, lambda a: -a),
    ("neg_loaded_f", 1, lambda a: -a),
    ("weak", 1, lambda a: a),
    ("normalize", 1, lambda a: a),
    ("wide", 7, lambda a, b, c, d, e, f, g: a * b + c * c + 2 * d - e * f - g * g),
    ("wide_sum", 5, lambda a, b, c, d, e: a * b + c * c + d * e),
    ("wide_less", 5, lambda a, b, c, d, e: a * b + c * c + 2 * d - e),
]
EDGES = [*range(40), *(k * P + d for k in (1, 2) for d in range(-39, 38)), 2**256 - 1]
EDGES += [2**255 + d for d in (-1, 0, 1)] + [2**256 - 2**k for k in range(0, 256, 16)]
EDGES += [ONES << (32 * i) for i in range(8)] + [2**256 - 1 - (ONES << (32 * i)) for i in range(8)]


@pytest.fixture(params=CHAINS, ids=str)
def field(request: pytest.FixtureRequest) -> ctypes.CDLL:
    chains = request.param
    native = library("edwards.c", "MACHINE_8X32", "CURVE_25519", *chains, verify=True)
    assert native.native_size() == 32
    broken_bounds(native)
    return native


def pack(numbers: Sequence[int]) -> bytes:
    return b"".join(x.to_bytes(32, "little") for x in numbers)


def call(native: ctypes.CDLL, name: str, inputs: Sequence[int], alias: int = 0) -> int:
    out = ctypes.create_string_buffer(32)
    getattr(native, f"native_{name}")(out, pack(inputs), len(inputs), alias)
    return int.from_bytes(out.raw, "little")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation[0])
def test_operation(field: ctypes.CDLL, operation: tuple[str, int, Callable[..., int]]) -> None:
    name, count, result = operation
    cases = [tuple(RNG.choice(EDGES) for _ in range(count)) for _ in range(2000)]
    cases += [tuple(some_words(8) for _ in range(count)) for _ in range(2000)]
    if count == 1:
        cases += [(x,) for x in EDGES]
    for case in cases:
        got = call(field, name, case)
        assert got % P == result(*case) % P, (name, case)
        if name == "normalize":
            assert got < P
    for case in cases[:50]:
        for alias in range(1, min(count, 2) + 1):
            assert call(field, name, case, alias) % P == result(*case) % P
    assert broken_bounds(field) == (0, "")


def test_zero_odd_select_and_memory(field: ctypes.CDLL) -> None:
    out = ctypes.create_string_buffer(96)
    for x in [*EDGES, *(some_words(8) for _ in range(2000))]:
        assert field.native_is_zero(pack([x])) == (x % P == 0)
        assert field.native_is_odd(pack([x % P])) == x % P % 2
        field.native_first(out, pack([x]))
        assert int.from_bytes(out.raw[:32], "little") == x % P
        y = some_words(8)
        field.native_through_memory(out, pack([x, y]))
        assert out.raw == pack([x, y, x % P])
        for mask in (0, 1):
            field.native_select(out, mask, pack([x, y]))
            assert int.from_bytes(out.raw[:32], "little") == (x if mask else y)
    assert broken_bounds(field) == (0, "")


def test_constants(field: ctypes.CDLL) -> None:
    out = (ctypes.c_uint64 * 20)()
    field.native_constants(out)
    numbers = [sum(out[4 * i + j] << (64 * j) for j in range(4)) for i in range(5)]
    assert numbers[:2] == [ed25519.D, 2 * ed25519.D % P]
