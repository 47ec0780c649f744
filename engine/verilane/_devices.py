"""Which devices there are, and which one a call runs on.

A device is named "kind" or "kind:which": "cpu" is the fastest instruction set for each batch,
"cpu:avx512" that one; "opencl:0" is the first device that OpenCL drivers list.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from . import _cpu, _opencl
from .errors import DeviceUnavailable

__all__ = ["Device", "devices", "isa_of", "machine_of", "use"]


@dataclass(frozen=True, slots=True)
class Device:
    """Something that verifies or hashes. lanes: items done at once; 0 where it has no code of its
    own for them.

    `missing` is None where the device works here, else the reason, for people. title: its maker's
    name for it, where there is one.
    """

    name: str
    kind: str
    signature_lanes: int
    hash_lanes: int
    missing: str | None
    title: str = ""

    @property
    def available(self) -> bool:
        """True where the device works here."""
        return self.missing is None


def devices() -> list[Device]:
    """Returns every device that this build knows, the missing ones with the reason. The first call
    loads pyopencl and the drivers, where there are any.
    """
    return [
        *(
            Device(f"cpu:{isa.name}", "cpu", isa.signature_lanes, isa.hash_lanes, isa.missing)
            for isa in _cpu.isas()
        ),
        *(
            Device(place.name, "opencl", 0, place.lanes, place.missing, place.title)
            for place in _opencl.found()
        ),
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
    if machine_of(name) is None:
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
    is missing here, and for one that only hashes.
    """
    name = _name(device)
    if name is None or name == "cpu":
        return _cpu.AUTO
    machine = machine_of(name)
    if machine is not None:
        raise DeviceUnavailable(
            f"{machine.name} hashes (digest_many, merkle.root, merkle.Tree) and verifies nothing: "
            "name a device of the CPU for this call"
        )
    number = _numbers.get(name)
    if number is None:
        known = ", ".join(["cpu", *_numbers, "opencl:0"])
        raise ValueError(f"no device is named {name!r}; there are: {known}")
    reason = _cpu.missing(number)
    if reason is not None:
        here = ", ".join(["cpu", *(each.name for each in devices() if each.available)])
        raise DeviceUnavailable(f"{name} is missing here: {reason}; there are: {here}")
    return number


def machine_of(device: str | None) -> _opencl.Machine | None:
    """Returns what a call that can run beside the CPU runs on; None: the CPU, as isa_of says.

    Raises DeviceUnavailable with the reason for one that is missing here.
    """
    name = _name(device)
    kind, _, number = (name or "").partition(":")
    if name is None or kind != "opencl" or not (name == kind or number.isdecimal()):
        return None
    return _opencl.machine(name)


def _name(device: str | None) -> str | None:
    name = _default.get() if device is None else device
    if name is not None and not isinstance(name, str):
        raise TypeError(f"device: expected a name, got {type(name).__name__}")
    return name
