"""The CPU, as cffi shows it: with the other _cpu*.py, all that sees `verilane._native`.

A call here checks nothing but C's return code: Columns come checked from _columns.py. C releases
the GIL's holder, allocates nothing and keeps no pointer; what it works in is lent per thread below.
"""

import os
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._native import ffi as _ffi
from ._native import lib as _lib
from .errors import DeviceUnavailable, InternalError

__all__ = [
    "AUTO",
    "HASHES",
    "Hash",
    "Isa",
    "Work",
    "digest",
    "isas",
    "missing",
    "selftest",
]

Work = Callable[[int, int], None]
"""Does the items start..stop of a batch; several threads may run it at once on parts that do not
overlap.
"""

AUTO: int = _lib.VL_ISA_AUTO


# ---- Instruction sets ----


def _do_without(names: str) -> None:
    """Switches features of the CPU off, for this process, before anything asks for them. names:
    separated by spaces or commas; one that this kind of CPU has no use for is warned of.
    """
    known: list[str] = []
    while (name := _text(_lib.vl_cpu_feature(len(known)))) is not None:
        known.append(name)
    for name in names.replace(",", " ").split():
        if _lib.vl_cpu_without(name.encode()) != _lib.VL_SUCCESS:
            there = ", ".join(dict.fromkeys(known)) or "none"
            text = f"VERILANE_CPU_WITHOUT: {name!r} is none of what Verilane asks for: {there}"
            warnings.warn(text, RuntimeWarning, stacklevel=1)


class Isa(NamedTuple):
    """One row of the dispatch table. lanes: 0 where the ISA has no code of its own."""

    number: int
    name: str
    missing: str | None
    signature_lanes: int
    hash_lanes: int


def isas() -> list[Isa]:
    """Returns every ISA that this build knows, with the reason where this machine lacks it."""
    return [
        Isa(
            number,
            _text(_lib.vl_isa_name(number)) or "",
            missing(number),
            _lib.vl_isa_signature_lanes(number),
            _lib.vl_isa_hash_lanes(number),
        )
        for number in range(_lib.vl_isa_count())
    ]


def missing(isa: int) -> str | None:
    """Returns why an ISA can't be used here, or None."""
    return _text(_lib.vl_isa_missing(isa))


def selftest(isa: int) -> bool:
    """Runs the known answers of an ISA; returns False if one comes out wrong. DeviceUnavailable if
    it is missing.
    """
    result = _lib.vl_selftest(isa, *_scratch())
    if result == _lib.VL_ERROR_SELFTEST:
        return False
    _check(result, isa)
    return True


def _text(pointer: Any) -> str | None:
    return _ffi.string(pointer).decode() if pointer else None


def _check(result: int, isa: int) -> None:
    if result == _lib.VL_SUCCESS:
        return
    if result in (_lib.VL_ERROR_ISA, _lib.VL_ERROR_SELFTEST):
        name = _text(_lib.vl_isa_name(isa)) or f"number {isa}"
        reason = missing(isa) or "its known answers came out wrong"
        raise DeviceUnavailable(f"cpu:{name} can't be used: {reason}")
    raise InternalError(f"libverilane returned {result}")


_do_without(os.environ.get("VERILANE_CPU_WITHOUT", ""))


# ---- What C is lent ----


_SCRATCH_SIZE: int = _lib.vl_scratch_size()


class _Local(threading.local):
    """Scratch memory of one thread. C uses it within a call only, so nothing of it survives a
    call.
    """

    def __init__(self) -> None:
        self.scratch = _ffi.new("uint8_t[]", _SCRATCH_SIZE), _SCRATCH_SIZE


_local = _Local()


def _scratch() -> tuple[Any, int]:
    return _local.scratch


class _Lent:
    """A Column as C takes it, from any row on. Holds the memory for as long as it lives."""

    __slots__ = ("_data", "_offsets", "_width")

    def __init__(self, column: Column) -> None:
        self._data = _ffi.from_buffer("uint8_t[]", column.data)
        self._offsets = (
            None if column.offsets is None else _ffi.from_buffer("int64_t[]", column.offsets)
        )
        self._width = column.width

    def at(self, start: int) -> Any:
        if self._offsets is None:
            return _ffi.new(
                "vl_column *", (self._data + start * self._width, _ffi.NULL, self._width)
            )
        return _ffi.new("vl_column *", (self._data + 0, self._offsets + start, 0))


def _bytes_at(array: NDArray[np.uint8]) -> Any:
    """A pointer to a C-contiguous array that the caller keeps alive, for C to write through."""
    return _ffi.from_buffer("uint8_t[]", array.reshape(-1), require_writable=True)


# ---- Hashing ----


class Hash(NamedTuple):
    """One hash that C knows. size: bytes of a digest."""

    number: int
    name: str
    size: int


HASHES: dict[str, Hash] = {
    name: Hash(number, name, _lib.vl_hash_size(number))
    for number in range(_lib.vl_hash_count())
    if (name := _text(_lib.vl_hash_name(number)))
}


def digest(digests: NDArray[np.uint8], messages: Column, *, hash: Hash, isa: int) -> Work:
    """Returns the work that fills `digests` (n, hash.size)."""
    out, lent = _bytes_at(digests), _Lent(messages)

    def work(start: int, stop: int) -> None:
        first, column = out + hash.size * start, lent.at(start)
        result = _lib.vl_digest(first, stop - start, column, hash.number, isa, *_scratch())
        _check(result, isa)

    return work
