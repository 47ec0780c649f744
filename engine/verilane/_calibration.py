"""Measures how fast the CPU and devices verify and hash here (_rates.py), with the calls that users
make.
"""

import math
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import numpy as np

from . import _pool, _rates, ed25519, merkle, p256, secp256k1, sm2
from ._cpu_terms import CURVES
from ._devices import devices, trusted_of
from ._points import identity_of, shares_cores
from ._rates import ONE_BY_ONE, DeviceTimes, Rates, Times
from ._samples import Bytes, samples
from ._trust import Trusted
from ._verdicts import Verdicts
from .errors import DeviceUnavailable

__all__ = ["TREES", "WORKLOADS", "Tree", "Workload", "measure", "serve"]


class Workload(NamedTuple):
    """What is measured. verify(keys, signatures, messages, device=): public."""

    name: str
    scheme: str
    verify: Callable[..., Verdicts]

    @property
    def curve(self) -> str:
        """The curve."""
        return CURVES[self.scheme]

    def run(self, n: int, device: str) -> float:
        """Verifies n items; returns the seconds."""
        items = samples(self.scheme).repeated(n)
        start = time.perf_counter()
        verdicts = self.verify(*items, device=device)
        seconds = time.perf_counter() - start
        if not verdicts.all_ok:
            raise AssertionError(f"{self.name}: a sample was refused on {device}")
        return seconds


def _sm2(keys: Bytes, signatures: Bytes, digests: Bytes, *, device: str) -> Verdicts:
    return sm2.verify_many(keys, signatures, digests=digests, device=device)


WORKLOADS = (
    Workload("secp256k1.ecdsa", "secp256k1.ecdsa", secp256k1.ecdsa.verify_many),
    Workload("secp256k1.schnorr", "secp256k1.schnorr", secp256k1.schnorr.verify_many),
    Workload("p256.ecdsa", "p256.ecdsa", p256.ecdsa.verify_many),
    Workload("sm2", "sm2", _sm2),
    Workload("ed25519", "ed25519", ed25519.verify_many),
    Workload(ONE_BY_ONE, "ed25519", partial(ed25519.verify_many, rule=ed25519.STRICT)),
)


class Tree(NamedTuple):
    """A Merkle root over leaves of 32 bytes: every leaf and every node is hashed once."""

    hash: str

    @property
    def name(self) -> str:
        """What it is called among workloads, and where a workload has a curve."""
        return f"merkle {self.hash}"

    def run(self, n: int, device: str) -> float:
        """Hashes n leaves to their root; returns the seconds."""
        leaves = np.zeros((n, 32), np.uint8)
        start = time.perf_counter()
        merkle.root(leaves, "plain", self.hash, device=device)
        return time.perf_counter() - start


TREES = (Tree("sha256"), Tree("keccak256"), Tree("sm3"))

_CPU_SIZES = (1, 8, 64, 512, 4096, 16384)
_DEVICE_SIZES = (64, 256, 1024, 4096, 16384, 65536, 131072)
# Seconds for one workload on the CPU, and for a curve on a device; beyond them sizes are left out.
_CPU_BUDGET = 0.15
_DEVICE_BUDGET = 0.25
_LEAVES = (64, 1024, 16384, 1 << 17, 1 << 20)
_TREE_BUDGET = 0.04
# The best of so many runs counts: two where one takes long, and more where the machine was busy
# with something else, as an item seems to take longer than in a smaller batch.
_FEW, _SOME, _MANY = 2, 3, 8
_LONG = 0.02
_ODD = 1.25


def measure(*, all_devices: bool) -> tuple[Rates, dict[str, str]]:
    """Measures the CPU and every device that is here, and keeps it; returns also why each one that
    was left out was. all_devices: also those that compute on the CPU, where nothing can be gained.
    """
    cpu = {each.name: _cpu_times(each) for each in WORKLOADS}
    cpu.update((tree.name, _tree_times(tree, "cpu")) for tree in TREES)
    measured: dict[str, DeviceTimes] = {}
    reasons: dict[str, str] = {}
    for device in devices():
        if device.kind == "cpu":
            continue
        try:
            if device.missing is not None:
                raise DeviceUnavailable(device.missing)
            measured[device.name] = _device_times(device.name, device.title, all_devices)
        except DeviceUnavailable as error:
            reasons[device.name] = str(error)
    rates = Rates(_pool.cores(), cpu, measured)
    _rates.store(rates)
    return rates, reasons


def _best(run: Callable[[], float], n: int, before: tuple[int, float] | None) -> float:
    """Returns the best of several runs of n items. before: a smaller batch, and what it took."""
    most = math.inf if before is None else _ODD * n * before[1] / before[0]
    best, runs = run(), 1
    while runs < (_FEW if best > _LONG else _SOME) or (best > most and runs < _MANY):
        best, runs = min(best, run()), runs + 1
    return best


def _cpu_times(workload: Workload) -> Times:
    workload.run(64, "cpu")  # tables are made, instruction sets are tried
    found: list[tuple[int, float]] = []
    for n in _CPU_SIZES:
        if found and n * found[-1][1] / found[-1][0] > _CPU_BUDGET:
            break
        before = found[-1] if found else None
        found.append((n, _best(partial(workload.run, n, "cpu"), n, before)))
    return _times(found)


def _times(found: list[tuple[int, float]]) -> Times:
    sizes, seconds = zip(*found, strict=True)
    return Times(sizes, seconds)


def _device_times(name: str, title: str, all_devices: bool) -> DeviceTimes:
    trusted = trusted_of(name)
    if trusted is None:
        raise DeviceUnavailable(f"{name} is the CPU")
    points = trusted.points
    there = DeviceTimes(identity_of(points), title, shares_cores(points), {}, {}, {})
    if there.shares_cores and not all_devices:
        return there
    for each in WORKLOADS:
        launch, host = _offloaded(each, trusted, is_new=each.curve not in there.launch)
        there.launch.setdefault(each.curve, launch)
        there.host[each.name] = host
        there.rooms[each.curve] = trusted.room(each.curve)
    for tree in TREES:
        there.launch[tree.name] = _tree_times(tree, name)
    return there


def _tree_times(tree: Tree, device: str) -> Times:
    """Copies included; on a device, kernels are built and tried before."""
    tree.run(64, device)
    found: list[tuple[int, float]] = []
    for n in _LEAVES:
        if found and n * found[-1][1] / found[-1][0] > _TREE_BUDGET:
            break
        before = found[-1] if found else None
        found.append((n, _best(partial(tree.run, n, device), n, before)))
    return _times(found)


def _offloaded(workload: Workload, trusted: Trusted, *, is_new: bool) -> tuple[Times, Times]:
    """Returns what the device takes, and the CPU beside it. is_new: of a curve that was measured
    already only the CPU's part is of interest.
    """
    trusted.open(workload.curve)
    room = trusted.room(workload.curve)
    launch: list[tuple[int, float]] = []
    host: list[tuple[int, float]] = []
    budget = _DEVICE_BUDGET if is_new else _DEVICE_BUDGET / 5
    for n in sorted({min(n, room) for n in _DEVICE_SIZES}):
        # Known answers of a new size are a launch of their own.
        if launch and (1 + _FEW) * n * launch[-1][1] / launch[-1][0] > budget:
            break
        beside: list[float] = []

        def run(n: int = n, beside: list[float] = beside) -> float:
            there, here = _split(workload, n, trusted)
            beside.append(here)
            return there

        launch.append((n, _best(run, n, launch[-1] if launch else None)))
        host.append((n, max(min(beside), 1e-9 * n)))
    return _times(launch), _times(host)


def _split(workload: Workload, n: int, trusted: Trusted) -> tuple[float, float]:
    """Returns the seconds of the device, and of the CPU, for n items at once. Those of the known
    answers are nobody's.
    """
    with suppress(DeviceUnavailable):
        trusted.try_at(workload.curve, n)
    total = workload.run(n, trusted.name)
    if not trusted.usable:
        raise DeviceUnavailable(f"{trusted.name} can't be used: it {trusted.missing}")
    return trusted.last_seconds, total - trusted.last_seconds


def serve() -> None:
    """What a process of its own does (_background.py): measures, and prints it."""
    rates, _ = measure(all_devices=False)
    sys.stdout.buffer.write(_rates.as_json(rates))
