"""Devices beside the CPU by their names, whichever driver shows them."""

from . import _cuda, _opencl
from ._machine import Found, Machine

__all__ = ["KINDS", "found", "machine"]

_BACKENDS = {places.kind: places for places in (_opencl.places, _cuda.places)}

KINDS = tuple(_BACKENDS)
"""The part of a name before the colon."""


def found() -> list[Found]:
    """Returns every device that drivers list, and in place of what is missing the reason: one of
    each kind at least. The first call loads the drivers.
    """
    return [place for places in _BACKENDS.values() for place in places.found()]


def machine(name: str) -> Machine:
    """Returns a device by its name; a kind alone is the first of them that can be used.

    Raises DeviceUnavailable with the reason if it can't be used, or is not there.
    """
    made: Machine = _BACKENDS[name.partition(":")[0]].machine(name)
    return made
