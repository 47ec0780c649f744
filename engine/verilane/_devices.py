"""Which devices there are, and which one a call runs on.

A device is named "kind" or "kind:which": "cpu" is the fastest instruction set for each batch,
"cpu:avx512" that one; "opencl:0" is the first device that OpenCL drivers list, "cuda:0" NVIDIA's.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

from . import _cpu, _machines
from ._device_child import Child
from ._machine import Found, Machine
from ._points import Points
from ._trust import Trusted
from .errors import DeviceUnavailable

__all__ = [
    "Device",
    "cpu_of",
    "devices",
    "is_automatic",
    "is_strict",
    "isa_of",
    "machine_of",
    "trusted_of",
    "use",
]


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
    loads pyopencl, numba-cuda and the drivers, where there are any.
    """
    return [
        *(
            Device(f"cpu:{isa.name}", "cpu", isa.signature_lanes, isa.hash_lanes, isa.missing)
            for isa in _cpu.isas()
        ),
        *(
            Device(
                place.name,
                place.name.partition(":")[0],
                place.lanes,
                place.lanes,
                _why_not(place),
                place.title,
            )
            for place in _machines.found()
        ),
    ]


class _Choice(NamedTuple):
    """What use() was given."""

    name: str | None
    strict: bool = False
    isolated: bool = False


# The variable is read once, when Verilane is imported; what it names is looked up when a call needs
# it.
_FROM_OUTSIDE = _Choice(os.environ.get("VERILANE_DEVICE") or None)
_chosen: ContextVar[_Choice] = ContextVar("verilane_device", default=_FROM_OUTSIDE)
_numbers: dict[str, int] = {f"cpu:{isa.name}": isa.number for isa in _cpu.isas()}


@contextmanager
def use(name: str, *, strict: bool = False, isolated: bool = False) -> Iterator[None]:
    """Makes `name` the device of the calls in a with block that name none themselves.

    How far a device beside the CPU is trusted is the block's business too, and holds for all calls
    in it. It never decides what is valid: by comparing with what it was not told, the CPU does.
    That stops faults. A device in the hands of whoever forges signatures, and so knows what is
    expected, is stopped by `strict` only.
    strict: a random sum proves all points of a batch, even if the device is in an attacker's hands;
    for secp256k1 (ECDSA and BIP-340), and Ed25519 under ZIP215. For what no sum can prove (P-256,
    SM2, the other rules of Ed25519) the CPU does the work.
    isolated: signatures are verified by a driver in a process of its own, which is killed when it
    does not answer; one that crashes is started anew. Hashes are not.

    It holds for the block's own context (thread or async task), not for threads that it starts.
    Raises as a call would: ValueError for a name that no device has, DeviceUnavailable for one that
    is missing here.
    """
    if not isinstance(name, str) or _kind(name) is None:
        isa_of(name)
    elif not isolated:
        machine_of(name)
    token = _chosen.set(_Choice(name, strict, isolated))
    try:
        yield
    finally:
        _chosen.reset(token)


def isa_of(device: str | None) -> int:
    """Returns the ISA's number for a call's device argument; None stands for use(), then
    VERILANE_DEVICE, then "cpu".

    Raises ValueError for a name that no device has, DeviceUnavailable with the reason for one that
    is missing here, and for one beside the CPU: not every call can run there.
    """
    name = _name(device)
    if name is None or name == "cpu":
        return _cpu.AUTO
    machine = machine_of(name)
    if machine is not None:
        raise DeviceUnavailable(
            f"{machine.name} hashes (digest_many, merkle.root, merkle.Tree) and verifies "
            "signatures (verify_many): name a device of the CPU for this call"
        )
    number = _numbers.get(name)
    if number is None:
        known = ", ".join(["cpu", *_numbers, *(f"{kind}:0" for kind in _machines.KINDS)])
        raise ValueError(f"no device is named {name!r}; there are: {known}")
    reason = _cpu.missing(number)
    if reason is not None:
        here = ", ".join(["cpu", *(each.name for each in devices() if each.available)])
        raise DeviceUnavailable(f"{name} is missing here: {reason}; there are: {here}")
    return number


def machine_of(device: str | None) -> Machine | None:
    """Returns what a call that can run beside the CPU runs on; None: the CPU, as isa_of says.

    Raises DeviceUnavailable with the reason for one that is missing here.
    """
    name = _name(device)
    if name is None or _kind(name) not in _machines.KINDS:
        return None
    return _machines.machine(name)


def _kind(name: str) -> str | None:
    """Returns the kind of a device beside the CPU: "opencl", "cuda"; None for other names."""
    kind, _, number = name.partition(":")
    return kind if kind in _makers and (name == kind or number.isdecimal()) else None


# ---- Devices that compute points for the CPU ----


# What makes a device's points from its name, by the device's kind: "module:function".
_makers: dict[str, str] = dict.fromkeys(_machines.KINDS, "verilane._device_points:MachinePoints")
_trusted: dict[tuple[str, bool], Trusted] = {}
_lock = threading.Lock()


def _after_fork() -> None:
    """A thread that is not here any more may have held the lock."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def trusted_of(device: str | None) -> Trusted | None:
    """Returns what a call that verifies many signatures runs on; None: the CPU, as cpu_of says.

    Raises DeviceUnavailable with the reason for one that is missing here.
    """
    name = _name(device)
    kind = None if name is None else _kind(name)
    if name is None or kind is None:
        return None
    isolated = _chosen.get().isolated
    with _lock:
        if (name, isolated) not in _trusted:
            points = _points(name, _makers[kind], isolated)
            same = _trusted.get((points.name, isolated))  # "opencl" is "opencl:0"
            _trusted[name, isolated] = same or Trusted(points)
            _trusted[points.name, isolated] = _trusted[name, isolated]
        return _trusted[name, isolated]


def _points(name: str, maker: str, isolated: bool) -> Points:
    if isolated:  # not even the driver is loaded here
        return Child(name, maker, name)
    module, _, function = maker.partition(":")
    made: Points = getattr(import_module(module), function)(name)
    return made


def is_automatic(device: str | None) -> bool:
    """Whether nobody named a device: neither the call, nor use(), nor VERILANE_DEVICE."""
    return _name(device) is None


def is_strict() -> bool:
    """Whether points of a device have to be proved (use)."""
    return _chosen.get().strict


def cpu_of(device: str | None) -> int:
    """Returns the ISA's number for what the CPU does in a call that may name any device: all of it,
    or what comes before and after a device's points.
    """
    name = _name(device)
    return _cpu.AUTO if name is not None and _kind(name) else isa_of(name)


def _why_not(place: Found) -> str | None:
    """Returns why a device can't be used: it is missing, or in quarantine."""
    with _lock:
        trusted = [_trusted.get((place.name, isolated)) for isolated in (False, True)]
    reasons = [each.missing for each in trusted if each is not None and each.missing]
    return f"in quarantine: it {reasons[0]}" if reasons else place.missing


def _name(device: str | None) -> str | None:
    name = _chosen.get().name if device is None else device
    if name is not None and not isinstance(name, str):
        raise TypeError(f"device: expected a name, got {type(name).__name__}")
    return name
