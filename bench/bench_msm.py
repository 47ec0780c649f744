"""Multi-scalar sums of the batch equations of Ed25519 and BIP-340, by the bits of a digit: what the
widths in csrc/scheme/ed25519_equation.c and schnorr_equation.c are chosen by. A row is n items,
2 n + 1 points.
"""

import ctypes
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workload import ed25519_signatures, packed, schnorr_signatures

import verilane
from verilane import _cpu, _cpu_keys
from verilane._columns import column
from verilane._cpu_signatures import XONLY_KEYS

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from library_parts import LIBRARY, CurveOps, EdwardsOps, Scratch, Terms

HERE = {device.name for device in verilane.devices() if device.missing is None}
SIZES = [16, 32, 64, 96, 128, 192, 256, 400, 512, 1024]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("width", range(3, 9))
@pytest.mark.parametrize("name", ["scalar", "avx512"])
def test_msm_ed25519(measure: Any, benchmark: Any, name: str, n: int, width: int) -> None:
    if f"cpu:{name}" not in HERE:
        pytest.skip(f"cpu:{name} is missing here")
    benchmark.group = f"msm, ed25519, {name}, n = {n}"
    LIBRARY.vl_ed25519_prepare()
    ops = EdwardsOps.in_dll(LIBRARY, f"vl_ed25519_{name}")
    scratch = Scratch(ops.scratch_size)
    keys = [int.from_bytes(key, "little") for key in ed25519_signatures(n)[0]]
    y = b"".join((key % 2**255).to_bytes(32, "little") for key in keys)
    points, ok = ctypes.create_string_buffer(64 * n), ctypes.create_string_buffer(n)
    ops.decompress(points, ok, n, y, bytes(key >> 255 for key in keys), scratch.address)
    assert set(ok.raw) == {1}
    rng = random.Random(n)
    scalars = b"".join(rng.getrandbits(252).to_bytes(32, "little") for _ in range(n))
    terms = (Terms * 3)(
        (points.raw, scalars, 4, n, 253, 0),
        (points.raw, scalars, 4, 1, 253, 0),
        (points.raw, rng.randbytes(16 * n), 2, n, 128, 1),
    )
    total = ctypes.create_string_buffer(64)
    measure(lambda: ops.msm(total, terms, 3, width, scratch.address), n)


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
    scratch = Scratch(ops.scratch_size)
    keys = np.zeros((n, _cpu_keys.POINT_ROW), np.uint8)
    given, flags = column("keys", packed(schnorr_signatures(n)[0]), widths=(32,)), XONLY_KEYS
    _cpu_keys.decode_keys(keys, given, curve="secp256k1", flags=flags, isa=_cpu.AUTO)(0, n)
    points = keys.reshape(2 * n, 32)[:, ::-1].tobytes()
    rng = random.Random(n)
    scalars = b"".join(rng.getrandbits(255).to_bytes(32, "little") for _ in range(n))
    terms = (Terms * 3)(
        (points, scalars, 4, n, 256, 0),
        (points, scalars, 4, 1, 256, 0),
        (points, rng.randbytes(16 * n), 2, n, 128, 1),
    )
    total = ctypes.create_string_buffer(64)
    assert measure(lambda: ops.msm(total, terms, 3, width, scratch.address), n) == 1
