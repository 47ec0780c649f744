"""Which devices there are, and which one a call runs on.

A device is named "kind" or "kind:which": "cpu" is the fastest instruction set for each batch,
"cpu:avx512" that one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from . import _cpu
from .errors import DeviceUnavailable

__all__ = ["Device", "devices", "isa_of", "use"]


@dataclass(frozen=True, slots=True)
class Device:
    """Something that verifies or hashes. lanes: items done at once; 0 where it has no code of its
    own for them.

    `missing` is None where the device works here, else the reason, for people.
    """

    name: str
    kind: str
    signature_lanes: int
    hash_lanes: int
    missing: str | None

    @property
    def available(self) -> bool:
        """True where the device works here."""
        return self.missing is None


def devices() -> list[Device]:
    """Returns every device that this build knows, the missing ones with the reason."""
    return [
        Device(f"cpu:{isa.name}", "cpu", isa.signature_lanes, isa.hash_lanes, isa.missing)
        for isa in _cpu.isas()
    ]


# The variable is read once, when Verilane is imported; what it names is looked up when a call needs
# it.
_default: ContextVar[str | None] = ContextVar(
    "verilane_device", default=os.environ.get("VERILANE_DEVICE") or None
)
_numbers: dict[str, int] = {f"cpu:{isa.name}": isa.number for isa in _cpu.isas()}


@contextmanager
def use(name: str) -> Iterator[None]:
    """Makes `name` the device of the calls in a with block that name none themselves.

    It holds for the block's own context (thread or async task), not for threads that it starts.
    Raises as a call would: ValueError for a name that no device has, DeviceUnavailable for one that
    is missing here.
    """
    isa_of(name)
    token = _default.set(name)
    try:
        yield
    finally:
        _default.reset(token)


def isa_of(device: str | None) -> int:
    """Returns the ISA's number for a call's device argument; None stands for use(), then
    VERILANE_DEVICE, then "cpu".

    Raises ValueError for a name that no device has, DeviceUnavailable with the reason for one that
    is missing here.
    """
    name = _default.get() if device is None else device
    if name is None or name == "cpu":
        return _cpu.AUTO
    if not isinstance(name, str):
        raise TypeError(f"device: expected a name, got {type(name).__name__}")
    number = _numbers.get(name)
    if number is None:
        raise ValueError(f"no device is named {name!r}; there are: cpu, {', '.join(_numbers)}")
    reason = _cpu.missing(number)
    if reason is not None:
        here = ", ".join(["cpu", *(each.name for each in devices() if each.available)])
        raise DeviceUnavailable(f"{name} is missing here: {reason}; there are: {here}")
    return number
