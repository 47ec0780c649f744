"""A caller's floating point is his own: whatever he has set, verdicts are the same, and it is as it
was afterwards, sticky flags included. (AVX2 multiplies by doubles, rounding towards zero.)
"""

import ctypes
import platform
import random
from typing import Any

import pytest
from verilane._native import ffi, lib

from ed25519_sums import Machine, expected, some_kind
from library_parts import Terms, need, points
from native_library import library
from test_abi import CALLS, LENT, spread
from verilane import _cpu

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="MXCSR is of x86-64"
)

# MXCSR (Intel SDM volume 1, section 10.2.3), all exceptions masked. The last one takes denormals
# for zero, and has flags that are set already.
MODES = {"nearest": 0x1F80, "down": 0x3F80, "up": 0x5F80, "flushed": 0x9FDF}


def call_in_mode(mode: int, call: int, *arguments: int) -> int:
    """Returns what the function at an address returns; asserts that the mode is the same after."""
    native = library("mode.c")
    native.native_call_in_mode.restype = ctypes.c_uint32  # an int
    after = ctypes.c_uint32()
    given = (ctypes.c_uint64 * 12)(*(each % 2**64 for each in arguments))
    result: int = native.native_call_in_mode(
        ctypes.byref(after), ctypes.c_uint32(mode), ctypes.c_void_p(call), given
    )
    assert hex(after.value) == hex(mode)
    return result


def number(argument: Any) -> int:
    return argument if isinstance(argument, int) else int(ffi.cast("uintptr_t", argument))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CALLS)
def test_verdicts(ed25519_isa: str, name: str, mode: str) -> None:
    rows, _, options = CALLS[name]
    items = rows()[:300]
    columns = [spread([row[k] for row in items], 200, 0) for k in range(3)]
    verdicts = ffi.new("uint8_t[]", len(items))
    chosen = next(each.number for each in _cpu.isas() if f"cpu:{each.name}" == ed25519_isa)
    call = ffi.addressof(lib, CALLS[name][1].__name__)
    arguments = [verdicts, len(items), *columns, *options, chosen, *LENT]
    assert call_in_mode(MODES[mode], number(call), *map(number, arguments)) == lib.VL_SUCCESS
    assert list(verdicts) == [row[3] for row in items]


@pytest.mark.parametrize("mode", MODES)
def test_known_answers(ed25519_isa: str, mode: str) -> None:
    chosen = next(each.number for each in _cpu.isas() if f"cpu:{each.name}" == ed25519_isa)
    call = number(ffi.addressof(lib, "vl_selftest"))
    assert call_in_mode(MODES[mode], call, chosen, *map(number, LENT)) == lib.VL_SUCCESS


@pytest.mark.parametrize("mode", MODES)
def test_sums_of_ed25519(mode: str) -> None:
    """A batch equation that fails for its sum's sake would only cost time: the sum is looked at."""
    machine = Machine(need("avx2"))
    kinds = [some_kind(n, random.Random(mode), centred) for n, centred in ((70, False), (9, True))]
    out = ctypes.create_string_buffer(64)
    terms = (Terms * len(kinds))(*[kind.terms() for kind in kinds])
    at = ctypes.cast(machine.ops.msm, ctypes.c_void_p).value
    assert at is not None
    places = ctypes.addressof(out), ctypes.addressof(terms)
    call_in_mode(MODES[mode], at, *places, len(kinds), 5, machine.scratch)
    assert points(out.raw)[0] == expected(kinds)
