"""tests/native/callers.c, which asks a verifier (or libsecp256k1) from many native threads."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from verilane._native import ffi, lib

from library_parts import POINTER, SIZE, members
from native_library import library


class Rows(ctypes.Structure):
    """rows of tests/native/callers.c."""

    _fields_ = members((SIZE, "n"), (POINTER, "keys signatures digests"))


def address(ffi_of: Any, pointer: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(int(ffi_of.cast("uintptr_t", pointer)))


def ask(
    engine: Any,
    request: Any,
    columns: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    *,
    threads: int,
    pause_us: int = 0,
    peer: Any = None,
) -> tuple[NDArray[np.int8], NDArray[np.int64], float]:
    """Verifies rows of keys (n, 33), signatures (n, 64) and digests (n, 32), each thread one after
    the other: returns the results, how long each call took in ns, and how many seconds all took.
    peer: a ctypes structure that callers.c calls peer_functions, to be asked instead.
    """
    native = library("callers.c")
    native.native_callers.restype = ctypes.c_int64
    keys, signatures, digests = (np.ascontiguousarray(column) for column in columns)
    n = len(keys)
    results, took = np.zeros(n, np.int8), np.zeros(n, np.int64)
    rows = Rows(n, keys.ctypes.data, signatures.ctypes.data, digests.ctypes.data)
    ns = native.native_callers(
        results.ctypes.data_as(ctypes.c_void_p),
        took.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_size_t(threads),
        ctypes.c_size_t(pause_us),
        ctypes.byref(rows),
        address(ffi, ffi.addressof(lib, "vl_verifier_verify")),
        None if engine is None else address(ffi, engine._at),
        None if request is None else address(ffi, request.at),
        None if peer is None else ctypes.byref(peer),
    )
    assert ns >= 0
    return results, took, ns / 1e9
