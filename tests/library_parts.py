"""What tests of primitives take from the library that the package loads: its structures, numbers
and points as they lie in memory, aligned memory.
"""

import ctypes

import pytest

from verilane import _native, devices

LIBRARY = ctypes.CDLL(_native.__file__)
BLOCK = 1024  # csrc/ops.h
ALIGNMENT = 64


class EdwardsOps(ctypes.Structure):
    """csrc/ops.h: vl_edwards_ops."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("double_mul", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 6)),
        ("decompress", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 6)),
        ("cofactor_equal", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)),
        ("msm", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)),
        ("prepare_keys", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)),
        ("double_mul_prepared", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 7)),
        ("on_curve", ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)),
    )


class CurveOps(ctypes.Structure):
    """csrc/ops.h: vl_curve_ops."""

    _fields_ = (
        ("lanes", ctypes.c_int),
        ("scratch_size", ctypes.c_size_t),
        ("scalar_ratio", ctypes.c_void_p),
        ("double_mul", ctypes.c_void_p),
        ("decompress", ctypes.c_void_p),
        ("on_curve", ctypes.c_void_p),
        (
            "msm",
            ctypes.CFUNCTYPE(
                ctypes.c_int,
                ctypes.c_void_p,
                ctypes.c_void_p,
                ctypes.c_size_t,
                ctypes.c_uint32,
                ctypes.c_void_p,
            ),
        ),
        ("curve", ctypes.c_void_p),
    )


class Terms(ctypes.Structure):
    """csrc/ops.h: vl_msm_terms."""

    _fields_ = (
        ("points", ctypes.c_char_p),
        ("scalars", ctypes.c_char_p),
        ("length", ctypes.c_uint32),
        ("n", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("centred", ctypes.c_int),
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
