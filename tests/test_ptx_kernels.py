"""The PTX that NVRTC makes of the kernels, run by ptx_machine.py: the field's functions, and every
kernel of curves, hashes and trees. test_ptx.py reads the same chains before a compiler sees them.
"""

import random
from typing import Any

import numpy as np
import pytest

import fake_cuda
from ptx_machine import Compiled, PtxMachine, compiled, ptx
from reference import ed25519
from test_curve_kernels import (
    CURVES,
    cases_of,
    check_double_mul,
    edwards_cases,
    numbers,
    points,
    words,
)
from test_ptx import some
from verilane import _cpu, _device_curves, _device_hashes, _kernel_text, hashes
from verilane._device_nodes import DeviceNodes

if fake_cuda.missing() is not None:
    pytest.skip(f"no NVRTC: {fake_cuda.missing()}", allow_module_level=True)

RNG = random.Random("PTX of kernels")
PRIMES = {name: curve.P for name, curve in CURVES.items()} | {"ed25519": ed25519.P}

# ---- Fields ----


FUNCTIONS = {
    "mul": ("fe_mul(&x, &x, &y)", lambda a, b: a * b),
    "sqr": ("fe_sqr(&x, &x)", lambda a, b: a * a),
    "add": ("fe_add(&x, &x, &y)", lambda a, b: a + b),
    "sub": ("fe_sub(&x, &x, &y)", lambda a, b: a - b),
    "neg": ("fe_neg(&x, &x)", lambda a, b: -a),
    "normal": ("fe_normalize(&x, &x)", lambda a, b: a),
}
KERNEL = """
KERNEL field_{name}(u32 *r, const u32 *a, const u32 *b, u32 n) {{
    const u32 t = LANE_ID();
    fe x, y;
    if (t >= n) return;
    fe_fetch(&x, a + 8 * t);
    fe_fetch(&y, b + 8 * t);
    {call};
    fe_put(r + 8 * t, &x);
}}
"""


def with_field_kernels(curve: str) -> str:
    extra = [KERNEL.format(name=name, call=call) for name, (call, _) in FUNCTIONS.items()]
    return _kernel_text.flatten(f"{curve}.cl").source + "".join(extra)


@pytest.mark.parametrize("curve", PRIMES)
def test_field(curve: str) -> None:
    p, machine, n = PRIMES[curve], PtxMachine(), 400
    program = compiled(with_field_kernels(curve))
    a, b = [some(p) for _ in range(n)], [some(p) for _ in range(n)]
    for name, (_, expected) in FUNCTIONS.items():
        r = machine.buffer(32 * n)
        machine.launch(program, f"field_{name}", n, r, *map(machine.upload, (words(a), words(b))))
        out = np.empty((n, 4), np.uint64)
        machine.read(out, r)
        for x, y, got in zip(a, b, numbers(out), strict=True):
            assert got % p == expected(x, y) % p, (name, hex(x), hex(y))
            assert got < p or name != "normal"


# ---- Kernels ----


@pytest.mark.parametrize("name", CURVES)
def test_double_mul(name: str) -> None:
    made, results, keys = cases_of(name)
    chosen = [i for i, case in enumerate(made) if case.meets][:4]
    chosen += [i for i, case in enumerate(made) if case.meets is False][:8]
    RNG.shuffle(chosen)
    made, results, keys = ([column[i] for i in chosen] for column in (made, results, keys))
    curve = _device_curves.curve(PtxMachine(), name)
    assert isinstance(curve, _device_curves.Weierstrass)
    columns = words([c.u for c in made]), words([c.v for c in made]), points(keys)
    r, exceptional = curve.double_mul(*columns)
    check_double_mul(CURVES[name], made, results, r, exceptional.tolist())


def test_double_mul_edwards() -> None:
    made = edwards_cases()[:12]
    curve = _device_curves.curve(PtxMachine(), "ed25519")
    assert isinstance(curve, _device_curves.Edwards)
    columns = words([c[0] for c in made]), words([c[1] for c in made]), points([c[2] for c in made])
    assert numbers(curve.double_mul(*columns)) == [c[3] for c in made]


@pytest.mark.parametrize("name", PRIMES)
def test_decompress(name: str) -> None:
    x = [0, 1, 2, 3, 5, *(RNG.randrange(PRIMES[name]) for _ in range(4))]
    odd = np.array([i % 2 for i in range(len(x))], np.uint8)
    found, ok = _device_curves.curve(PtxMachine(), name).decompress(words(x), odd)
    for each, parity, got, good in zip(x, odd.tolist(), numbers(found), ok.tolist(), strict=True):
        if name == "ed25519":
            other = ed25519.recover_x(each, parity)
            assert good == (other is not None)
            assert other is None or got == (other, each % PRIMES[name])
        else:
            point = CURVES[name].lift_x(each, parity)
            assert good == (point is not None)
            assert point is None or point[1] == got


@pytest.mark.parametrize("hash", _cpu.HASHES)
def test_hashes(hash: str) -> None:
    made = _device_hashes.Hasher(PtxMachine(), _cpu.HASHES[hash])
    rows = np.random.default_rng(1).integers(0, 256, (4, 64), np.uint8)
    for data in ([bytes(range(n)) for n in (0, 1, 3, 55, 56, 64, 111, 136, 200)], rows):
        messages = _device_hashes.Column(*hashes.column("data", data, widths=None))
        digests = np.zeros((messages.n, made.hash.size), np.uint8)
        made.digest(digests, messages)
        assert (digests == hashes.digest_many(data, hash)).all()
    if made.hash.size == 32:
        for prefix, is_sorted in ((None, False), (None, True), (1, False)):
            assert _device_hashes._nodes_are_right(made, rows, prefix, is_sorted)


def test_nodes() -> None:
    machine: Any = PtxMachine()
    rows = np.random.default_rng(2).integers(0, 256, (40, 32), np.uint8)
    nodes = DeviceNodes.of(machine, rows)
    picked = np.array([3, 39, 0, 3])
    assert (np.asarray(nodes.take(picked)) == rows[picked]).all()
    nodes[np.array([5, 7])] = rows[:2]
    assert (np.asarray(nodes)[[5, 7]] == rows[:2]).all()
    program, flag = machine.program("nodes.cl"), np.zeros(1, np.uint32)
    for pairs, expected in ((rows, 0), (rows[[0, 1, 2, 2, 4, 5]], 1)):
        found = machine.upload(flag)
        machine.launch(program, "nodes_equal", len(pairs) // 2, found, machine.upload(pairs), 0)
        got = flag.copy()
        machine.read(got, found)
        assert got[0] == expected


def test_numbered_nodes() -> None:
    """rlp(index) || node."""
    machine: Any = PtxMachine()
    groups, width = np.array([0, 1, 1 << 20, 1 << 40], np.uint64), 3
    rows = np.random.default_rng(3).integers(0, 256, (12, 32), np.uint8)
    expected = []
    for i, row in enumerate(rows):
        number = width * int(groups[i // width]) + i % width
        big = number.to_bytes((number.bit_length() + 7) // 8, "big")
        expected.append((big if 0 < number < 128 else bytes([128 + len(big)]) + big) + bytes(row))
    offsets = np.cumsum([0, *map(len, expected)]).astype(np.uint32)
    out = machine.buffer(int(offsets[-1]))
    given = machine.upload(offsets), machine.upload(rows), 0, machine.upload(groups), width
    machine.launch(machine.program("nodes.cl"), "nodes_indexed", 12, out, *given)
    got = np.empty(int(offsets[-1]), np.uint8)
    machine.read(got, out)
    assert got.tobytes() == b"".join(expected)


# ---- The machine is strict ----


def test_it_finds_what_is_wrong() -> None:
    text = ptx(with_field_kernels("secp256k1"))
    text = (
        text[: text.index(".visible .entry recode")] + text[text.index(".visible .entry field_") :]
    )
    Compiled(text).kernel("field_mul")
    for wrong, found in (
        (text.replace("add.cc.u32", "add.u32"), "there is no carry"),
        (text.replace("mov.u32 c,977", "mov.u32 x9,977"), "c is not set"),
    ):
        assert wrong != text
        with pytest.raises(AssertionError, match=found):
            Compiled(wrong).kernel("field_mul")
    with pytest.raises(KeyError):
        Compiled(text.replace("add.cc.u32", "vadd.cc.u32")).kernel("field_mul")
    machine = PtxMachine()
    short, enough = machine.buffer(24), machine.buffer(32)
    program = Compiled(text)
    with pytest.raises(IndexError):
        machine.launch(program, "field_add", 1, enough, enough, short)
    with pytest.raises(IndexError):
        machine.launch(program, "field_add", 1, short, enough, enough)
