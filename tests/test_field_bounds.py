"""Constants and bounds of field machines, and that a broken one is noticed."""

import ctypes
from collections.abc import Sequence

import pytest

from field_machine import MACHINES, load_machine
from native_library import broken_bounds


@pytest.mark.parametrize("name", [name for name in MACHINES if "5X52" in name])
def test_a_broken_bound_is_noticed(name: str) -> None:
    """VERIFY must be alive: an element beyond the magnitude that fe_sub takes."""
    machine = load_machine(name, verify=True)
    native = machine.native
    fine = [(0, 0, 0, 0, 4 << 48)] * machine.lanes
    for lane in range(machine.lanes):
        element = list(fine)
        element[lane] = (0, 0, 0, 0, 5 << 48)
        machine.call("sub", [fine, fine])
        assert broken_bounds(native)[0] == 0
        machine.call("sub", [fine, element])
        assert broken_bounds(native)[0] > 0


@pytest.mark.parametrize("name", [name for name in MACHINES if "5X52" in name])
def test_biases_are_multiples_of_p(name: str) -> None:
    machine = load_machine(name, verify=False)
    native, p = machine.native, machine.p
    out = (ctypes.c_uint64 * 15)()
    native.native_biases(out)
    for multiple, limbs in zip((4, 8, 256), (out[:5], out[5:10], out[10:]), strict=True):
        assert sum(limb << (52 * i) for i, limb in enumerate(limbs)) == multiple * p
    if "INT128" not in name:
        columns = (ctypes.c_uint64 * 10)()
        native.native_bias_columns(columns)
        assert sum(column << (52 * i) for i, column in enumerate(columns)) % p == 0
        # None turns negative when twice a square is taken off: ten halves in a column, but in the
        # top one only the upper half of limb 4 squared (magnitude 2).
        assert min(columns[:9]) >= 2 * 10 * 2**52
        assert columns[9] >= 2 * (2 * (2**48 + 2**44)) ** 2 >> 52


@pytest.mark.parametrize("name", [name for name in MACHINES if "5X52" in name])
def test_constants_of_the_prime(name: str) -> None:
    machine = load_machine(name, verify=False)
    native, curve, p, r = machine.native, machine.curve, machine.p, machine.radix

    def joined(limbs: Sequence[int], bits: int) -> int:
        assert max(limbs) < 2**bits
        return sum(limb << (bits * i) for i, limb in enumerate(limbs))

    prime, constants = (ctypes.c_uint64 * 10)(), (ctypes.c_uint64 * 16)()
    native.native_prime(prime)
    assert joined(prime[:5], 52) == p
    assert joined(prime[5:], 52) == 2**256 - p
    native.native_curve(constants)
    assert joined(constants[:4], 64) == curve.B * r % p
    assert joined(constants[4:8], 64) == 3 * curve.B * r % p
    assert (joined(constants[8:12], 64), joined(constants[12:], 64)) == curve.G
    if r == 1:
        return
    montgomery = (ctypes.c_uint64 * 23)()
    native.native_montgomery(montgomery)
    powers = [joined(montgomery[i : i + 4], 64) for i in (0, 4, 8)]
    assert powers == [pow(r, k, p) for k in (1, 2, 3)]
    assert joined(montgomery[12:17], 52) - (montgomery[17] << 104) == p + 1
    assert sum(limb << (52 * i) for i, limb in enumerate(montgomery[18:])) == p
    assert min(montgomery[18:22]) >= 2**52 - 1
