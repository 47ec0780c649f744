"""What tests of primitives take from the library that the package loads: its structures, numbers
and points as they lie in memory, aligned memory.
"""

import ctypes
from typing import Any

import pytest

from verilane import _native, devices

LIBRARY = ctypes.CDLL(_native.__file__)
BLOCK = 1024  # csrc/ops.h
ALIGNMENT = 64


INT, SIZE, POINTER = ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p
U32, U64 = ctypes.c_uint32, ctypes.c_uint64


def members(*kinds: tuple[Any, str]) -> tuple[tuple[str, Any], ...]:
    """The fields of a structure: each kind with the names that it has in a row."""
    return tuple((name, kind) for kind, names in kinds for name in names.split())


class EdwardsOps(ctypes.Structure):
    """csrc/ops.h: vl_edwards_ops."""

    _fields_ = members(
        (INT, "lanes"),
        (SIZE, "scratch_size"),
        (ctypes.CFUNCTYPE(None, *[POINTER] * 6), "double_mul decompress"),
        (ctypes.CFUNCTYPE(None, *[POINTER] * 5), "cofactor_equal msm prepare_keys"),
        (ctypes.CFUNCTYPE(None, *[POINTER] * 7), "double_mul_prepared"),
        (ctypes.CFUNCTYPE(None, *[POINTER] * 3), "on_curve"),
    )


class CurveOps(ctypes.Structure):
    """csrc/ops.h: vl_curve_ops."""

    _fields_ = members(
        (INT, "lanes"),
        (SIZE, "scratch_size"),
        (POINTER, "scalar_ratio double_mul decompress on_curve"),
        (ctypes.CFUNCTYPE(INT, POINTER, POINTER, SIZE, U32, POINTER), "msm"),
        (POINTER, "curve"),
    )


class Terms(ctypes.Structure):
    """csrc/ops.h: vl_msm_terms."""

    _fields_ = members(
        (ctypes.c_char_p, "points scalars"), (U32, "length n bits"), (INT, "centred")
    )


def words(numbers: list[int]) -> bytes:
    return b"".join(x.to_bytes(32, "little") for x in numbers)


def points(data: bytes) -> list[tuple[int, int]]:
    flat = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    return list(zip(flat[::2], flat[1::2], strict=True))


class Scratch:
    """Memory that a primitive may use: `address` is aligned."""

    def __init__(self, size: int) -> None:
        self._memory = ctypes.create_string_buffer(size + ALIGNMENT)
        start = ctypes.addressof(self._memory)
        self.address = start + -start % ALIGNMENT


def need(isa: str) -> str:
    """Skips the test where this machine lacks the instructions."""
    device = next(d for d in devices() if d.name == f"cpu:{isa}")
    if device.missing is not None:
        pytest.skip(f"{device.name}: {device.missing}")
    return isa
