"""What devices beside the CPU have in common, whichever driver shows them: memory, kernels and the
order in which they run. `_opencl` and `_cuda` implement it; what computes on a device sees no more.

A kernel takes its arguments in the order of `Machine.launch`, then the number of items as its last
one (u32); a lane beyond it returns. Work of one machine that touches the same memory is done in the
order of the calls.
"""

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import DeviceUnavailable

__all__ = ["Buffer", "Found", "Machine", "Places", "Program", "reason", "room"]


class Found(NamedTuple):
    """A device that a driver lists, or the place of one that is not there. title: the driver's name
    for it. lanes: 0 where it can't be used; `missing` then says why.
    """

    name: str
    title: str
    lanes: int
    missing: str | None


class Buffer:
    """Memory on a device; freed when nothing refers to it any more."""

    __slots__ = ("memory", "size")

    def __init__(self, memory: Any, size: int) -> None:
        self.memory, self.size = memory, size


class Program:
    """The kernels of one entry file, built for one machine."""

    def __init__(self, built: Any, entry: str) -> None:
        self.built, self.entry = built, entry
        self.kernels: dict[str, Any] = {}


class Machine(Protocol):
    """One device, opened. All methods are thread-safe; all raise DeviceFailure with the reason for
    what the driver complains about.

    is_cpu: whether the CPU computes. overlaps: whether copies run beside kernels. lanes: items that
    keep all of it busy. largest_buffer, memory: bytes that one buffer, and one call's buffers, may
    have. failures: so far; who trusts the device on a test has to test it again.
    """

    name: str
    title: str
    driver: str
    is_cpu: bool
    overlaps: bool
    local_size: int
    lanes: int
    largest_buffer: int
    memory: int
    failures: int

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> Program:
        """Returns the program of an entry file of `kernels/`, built at the first call, or found in
        the cache folder (or the driver's own). defines: "NAME" or "NAME=value".

        Raises DeviceFailure with the compiler's messages if it can't be built.
        """

    def room(self, *sizes: int) -> int:
        """Returns for how many items at a time there is memory: at least 1. sizes: the bytes of an
        item in each buffer that is needed.
        """

    def buffer(self, size: int) -> Buffer:
        """Returns memory, whatever it holds."""

    def upload(self, array: NDArray[Any]) -> Buffer:
        """Returns memory that holds the bytes of an array."""

    def write(self, buffer: Buffer, array: NDArray[Any], at: int = 0) -> None:
        """Copies an array to the bytes from `at` on; it may change as soon as this returns."""

    def read(self, array: NDArray[Any], buffer: Buffer, at: int = 0) -> None:
        """Fills a C-contiguous array with the bytes from `at` on, after all that writes them."""

    def copy(self, to: Buffer, to_at: int, source: Buffer, source_at: int, size: int) -> None:
        """Copies bytes within the device. The two ranges do not overlap."""

    def fill(self, buffer: Buffer, byte: int) -> None:
        """Sets every byte."""

    def launch(
        self, program: Program, kernel: str, n: int, *arguments: Buffer | int | np.generic
    ) -> None:
        """Starts a kernel over n items, and waits for nothing. An int is passed as u32, other
        numbers as what they are (np.uint64).
        """

    def finish(self) -> None:
        """Waits until all that was launched is done."""


class Places:
    """The devices of one kind, "opencl" or "cuda". They are looked for once, and opened when they
    are first asked for.

    look: asks the drivers; what is listed beside a device opens it. forked: why a child can't use
    what its parent has opened.
    """

    def __init__(
        self,
        kind: str,
        look: Callable[[], list[tuple[Found, Any]]],
        open_device: Callable[[str, Any], Any],
        forked: str,
    ) -> None:
        self.kind, self._look, self._open, self._forked = kind, look, open_device, forked
        self._lock = threading.Lock()
        self.listed: list[tuple[Found, Any]] | None = None
        self.opened: dict[str, Any] = {}
        self._process = 0

    def all(self) -> list[tuple[Found, Any]]:
        """Returns every device that drivers list, with what opens it, and in place of what is
        missing the reason. There is one at least.
        """
        if self._process not in (0, os.getpid()):  # the lock may be held by nobody who is here
            return [self.nothing(i, self._forked) for i in range(len(self.listed or "0"))]
        with self._lock:
            if self.listed is None:
                self._process = os.getpid()
                self.listed = self._look()
            return self.listed

    def nothing(self, number: int, why: str) -> tuple[Found, Any]:
        """Returns the place of a device that is not there."""
        return Found(f"{self.kind}:{number}", "", 0, why), None

    def found(self) -> list[Found]:
        """Returns the devices alone."""
        return [place for place, _ in self.all()]

    def machine(self, name: str) -> Any:
        """Returns a device by its name; the kind alone is the first that can be used.

        Raises DeviceUnavailable with the reason if it can't be used, or is not there.
        """
        places = self.all()
        if name == self.kind:
            usable = [place for place, _ in places if place.missing is None]
            name = (usable[0] if usable else places[0][0]).name
        for place, device in places:
            if place.name != name:
                continue
            if place.missing is not None:
                raise DeviceUnavailable(f"{name} is missing here: {place.missing}")
            with self._lock:
                if name not in self.opened:
                    self.opened[name] = self._open(name, device)
                return self.opened[name]
        there = ", ".join(place.name for place, _ in places)
        raise DeviceUnavailable(f"{name} is missing here: drivers list {there} only")


def room(largest_buffer: int, memory: int, local_size: int, sizes: tuple[int, ...]) -> int:
    """Machine.room of a device."""
    most = min(largest_buffer // max(sizes), memory // sum(sizes))
    return max(1, min(most, (1 << 31) - local_size))


def reason(error: BaseException) -> str:
    """Returns the first lines of what an error says: compilers say a lot."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    return "\n".join(lines[:20]) or type(error).__name__
