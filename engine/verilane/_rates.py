"""How long verifying takes here, on the CPU and on devices, as it was measured (_calibration.py).

A file in the cache folder keeps it. Reading it loads no driver; whether a device is still the one
that was measured shows when it is opened.
"""

import json
import math
import platform
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from . import __version__, _cpu, _kernel_cache

__all__ = ["ONE_BY_ONE", "DeviceTimes", "Rates", "Times", "as_json", "from_json", "load", "store"]

ONE_BY_ONE = "ed25519, other rules"
"""What Ed25519 is called under rules that have no batch equation: the CPU takes longer then."""

_FORMAT = 2
_MOST_ITEMS = 1 << 24


class Times(NamedTuple):
    """Seconds for so many items: a line through what was measured. sizes: ascending."""

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    def of(self, n: int) -> float:
        """Returns the seconds for n items. Beyond what was measured the last stretch goes on."""
        sizes, seconds = self.sizes, self.seconds
        if n <= sizes[0] or len(sizes) == 1:
            return seconds[0] if n <= sizes[0] else seconds[0] * n / sizes[0]
        i = min(bisect_left(sizes, n), len(sizes) - 1)
        slope = (seconds[i] - seconds[i - 1]) / (sizes[i] - sizes[i - 1])
        return max(seconds[i - 1] + (n - sizes[i - 1]) * slope, seconds[0])

    @property
    def rate(self) -> float:
        """Items a second in the largest batch."""
        return self.sizes[-1] / self.seconds[-1]

    @property
    def start(self) -> float:
        """Seconds that a batch takes however small it is."""
        if len(self.sizes) == 1:
            return 0.0
        slope = (self.seconds[-1] - self.seconds[0]) / (self.sizes[-1] - self.sizes[0])
        return max(0.0, self.seconds[0] - self.sizes[0] * slope)


class DeviceTimes(NamedTuple):
    """One device. identity: of what its speed depends on. shares_cores: it computes on the CPU.
    rooms: most items of a launch, of each curve. launch: what the device takes, copies included, of
    each curve, and for Merkle roots. host: what the CPU does before and after, of each workload.
    """

    identity: str
    title: str
    shares_cores: bool
    rooms: dict[str, int]
    launch: dict[str, Times]
    host: dict[str, Times]


class Rates(NamedTuple):
    """This machine. cpu: of each workload (a scheme, or ONE_BY_ONE), on so many cores."""

    cores: int
    cpu: dict[str, Times]
    devices: dict[str, DeviceTimes]

    def break_even(self, device: str, workload: str, curve: str) -> int | None:
        """Returns from how many items on the device is done sooner than the CPU; None: never."""
        there, cpu = self.devices[device], self.cpu[workload]
        if curve not in there.launch or workload not in there.host:
            return None
        launch, host = there.launch[curve], there.host[workload]
        return _first(lambda n: launch.of(n) + host.of(n) < cpu.of(n))

    def break_even_of_roots(self, device: str, name: str) -> int | None:
        """Returns the same for Merkle roots, of which the device does all: from how many leaves."""
        there, cpu = self.devices[device].launch[name], self.cpu[name]
        return _first(lambda n: there.of(n) < cpu.of(n))


def _first(holds: Callable[[int], bool]) -> int | None:
    """Returns the smallest number for which something holds that goes on holding."""
    high = 1
    while not holds(high):
        high *= 2
        if high > _MOST_ITEMS:
            return None
    low = high // 2
    while high - low > max(1, high // 64):
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


# ---- The file ----


def _key() -> str:
    """Names the file after all that the CPU's speed depends on."""
    isas = ",".join(isa.name for isa in _cpu.isas() if isa.missing is None)
    return "rates-" + _kernel_cache.key_of(str(_FORMAT), __version__, _cpu_model(), isas)


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(("model name", "CPU part")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return f"{platform.machine()} {platform.processor()}"


def load() -> Rates | None:
    """Returns what was measured on this machine; None where nothing was, or it can't be read."""
    content = _kernel_cache.load(_key())
    return None if content is None else from_json(content)


def store(rates: Rates) -> None:
    """Keeps it, if the folder can be written."""
    _kernel_cache.store(_key(), as_json(rates))


def as_json(rates: Rates) -> bytes:
    """Returns what from_json reads."""
    devices = {
        name: {**each._asdict(), "launch": _lists(each.launch), "host": _lists(each.host)}
        for name, each in rates.devices.items()
    }
    made = {"cores": rates.cores, "cpu": _lists(rates.cpu), "devices": devices}
    return json.dumps(made, indent=1).encode()


def _lists(times: dict[str, Times]) -> dict[str, list[tuple[int, float]]]:
    return {name: list(zip(*each, strict=True)) for name, each in times.items()}


def from_json(content: bytes) -> Rates | None:
    """Returns rates; None for what are none."""
    try:
        made = json.loads(content)
        devices = {
            str(name): DeviceTimes(
                str(each["identity"]),
                str(each["title"]),
                bool(each["shares_cores"]),
                {str(curve): int(room) for curve, room in each["rooms"].items()},
                _times(each["launch"]),
                _times(each["host"]),
            )
            for name, each in made["devices"].items()
        }
        cores = int(made["cores"])
        return Rates(cores, _times(made["cpu"]), devices) if cores > 0 else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _times(given: dict[str, Any]) -> dict[str, Times]:
    return {str(name): _checked(pairs) for name, pairs in given.items()}


def _checked(pairs: Iterable[Any]) -> Times:
    sizes, seconds = zip(*((int(size), float(each)) for size, each in pairs), strict=True)
    if sizes[0] < 1 or any(low >= high for low, high in pairwise(sizes)):
        raise ValueError("sizes do not ascend")
    if not all(math.isfinite(each) and each > 0 for each in seconds):
        raise ValueError("no such time")
    return Times(sizes, seconds)
