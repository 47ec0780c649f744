"""Multi-scalar sums of Ed25519's batch equation, by the bits of a digit: what the widths in
csrc/scheme/ed25519_equation.c are chosen by. A row is n items, 2 n + 1 points.
"""

import ctypes
import random
from typing import Any

import pytest
from workload import ed25519_signatures

import verilane
from verilane import _native

LIBRARY = ctypes.CDLL(_native.__file__)
HERE = {device.name for device in verilane.devices() if device.missing is None}
ALIGNMENT = 64


class Ops(ctypes.Structure):
    """csrc/ops.h: vl_edwards_ops, as far as it is used here."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("double_mul", ctypes.c_void_p),
        ("decompress", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 6)),
        ("cofactor_equal", ctypes.c_void_p),
        ("msm", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)),
    )


class Terms(ctypes.Structure):
    """csrc/ops.h: vl_msm_terms."""

    _fields_ = (
        ("points", ctypes.c_void_p),
        ("scalars", ctypes.c_char_p),
        ("length", ctypes.c_uint32),
        ("n", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("centred", ctypes.c_int),
    )


@pytest.mark.parametrize("n", [16, 32, 64, 96, 128, 192, 256, 400, 512, 1024])
@pytest.mark.parametrize("width", range(3, 9))
@pytest.mark.parametrize("name", ["scalar", "avx512"])
def test_msm(measure: Any, benchmark: Any, name: str, n: int, width: int) -> None:
    if f"cpu:{name}" not in HERE:
        pytest.skip(f"cpu:{name} is missing here")
    benchmark.group = f"msm, {name}, n = {n}"
    LIBRARY.vl_ed25519_prepare()
    ops = Ops.in_dll(LIBRARY, f"vl_ed25519_{name}")
    memory = ctypes.create_string_buffer(ops.scratch_size + ALIGNMENT)
    scratch = ctypes.addressof(memory) + -ctypes.addressof(memory) % ALIGNMENT
    keys = [int.from_bytes(key, "little") for key in ed25519_signatures(n)[0]]
    y = b"".join((key % 2**255).to_bytes(32, "little") for key in keys)
    points, ok = ctypes.create_string_buffer(64 * n), ctypes.create_string_buffer(n)
    ops.decompress(points, ok, n, y, bytes(key >> 255 for key in keys), scratch)
    assert set(ok.raw) == {1}
    rng = random.Random(n)
    scalars = b"".join(rng.getrandbits(252).to_bytes(32, "little") for _ in range(n))
    at = ctypes.addressof(points)
    terms = (Terms * 3)(
        (at, scalars, 4, n, 253, 0),
        (at, scalars, 4, 1, 253, 0),
        (at, rng.randbytes(16 * n), 2, n, 128, 1),
    )
    total = ctypes.create_string_buffer(64)
    measure(lambda: ops.msm(total, terms, 3, width, scratch), n)
