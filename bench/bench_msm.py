"""Multi-scalar sums of the batch equations of Ed25519 and BIP-340, by the bits of a digit: what the
widths in csrc/scheme/ed25519_equation.c and schnorr_equation.c are chosen by. A row is n items,
2 n + 1 points.
"""

import ctypes
import random
from typing import Any

import numpy as np
import pytest
from workload import ed25519_signatures, schnorr_signatures

import verilane
from verilane import _cpu, _cpu_signatures, _native
from verilane._columns import column

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


class CurveOps(ctypes.Structure):
    """csrc/ops.h: vl_curve_ops, as far as it is used here."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("scalar_ratio", ctypes.c_void_p),
        ("double_mul", ctypes.c_void_p),
        ("decompress", ctypes.c_void_p),
        ("msm", ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 5)),
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


def lent(size: int) -> tuple[Any, int]:
    """Scratch of this size, and its aligned address."""
    memory = ctypes.create_string_buffer(size + ALIGNMENT)
    return memory, ctypes.addressof(memory) + -ctypes.addressof(memory) % ALIGNMENT


SIZES = [16, 32, 64, 96, 128, 192, 256, 400, 512, 1024]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("width", range(3, 9))
@pytest.mark.parametrize("name", ["scalar", "avx512"])
def test_msm_ed25519(measure: Any, benchmark: Any, name: str, n: int, width: int) -> None:
    if f"cpu:{name}" not in HERE:
        pytest.skip(f"cpu:{name} is missing here")
    benchmark.group = f"msm, ed25519, {name}, n = {n}"
    LIBRARY.vl_ed25519_prepare()
    ops = Ops.in_dll(LIBRARY, f"vl_ed25519_{name}")
    _memory, scratch = lent(ops.scratch_size)
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


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("width", range(4, 9))
@pytest.mark.parametrize("name", ["scalar", "avx512"])
def test_msm_secp256k1(measure: Any, benchmark: Any, name: str, n: int, width: int) -> None:
    if f"cpu:{name}" not in HERE:
        pytest.skip(f"cpu:{name} is missing here")
    if -(-128 // width) * (3 * n + 24) > 16 * (3 * 1024 + 24):
        pytest.skip("more digits than scratch is for")
    benchmark.group = f"msm, secp256k1, {name}, n = {n}"
    ops = CurveOps.in_dll(LIBRARY, f"vl_secp256k1_{name}")
    _memory, scratch = lent(ops.scratch_size)
    keys = np.zeros((n, 64), np.uint8)
    xonly = column("keys", schnorr_signatures(n)[0], widths=(32,))
    _cpu.decode_keys(keys, xonly, flags=_cpu_signatures.XONLY_KEYS, isa=_cpu.AUTO)(0, n)
    points = np.ascontiguousarray(keys.reshape(2 * n, 32)[:, ::-1])
    rng = random.Random(n)
    scalars = b"".join(rng.getrandbits(255).to_bytes(32, "little") for _ in range(n))
    at = points.ctypes.data
    terms = (Terms * 3)(
        (at, scalars, 4, n, 256, 0),
        (at, scalars, 4, 1, 256, 0),
        (at, rng.randbytes(16 * n), 2, n, 128, 1),
    )
    total = ctypes.create_string_buffer(64)
    assert measure(lambda: ops.msm(total, terms, 3, width, scratch), n) == 1
