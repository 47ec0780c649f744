"""A device of a chosen speed: right answers that were made before, after a wait."""

import threading
import time
from typing import Any

import numpy as np

from faulty_device import points
from verilane._rates import DeviceTimes, Rates, Times

NAME = "paced:0"
CPU_EACH = 10e-6


class Paced:
    """A launch takes `start` seconds, and `each` an item. Answers are made by the CPU's lanes at
    the first time that a question is asked.
    """

    identity = "a device made for tests"

    def __init__(self, *, start: float = 0.001, each: float = 1e-6, room: int = 1 << 13) -> None:
        self.name, self.start, self.each, self.most = NAME, start, each, room
        self.asked: dict[str, np.ndarray[Any, Any]] = {}  # rows of u, v, Q, R and a flag, sorted
        self.launches: list[int] = []
        self.stalls: list[float] = []  # seconds more, of the launches to come
        self.killed = threading.Event()
        self.error: Exception | None = None

    def room(self, curve: str) -> int:
        return self.most

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        begin = time.monotonic()
        questions = np.hstack([u, v, q])
        answers = self._known(curve, questions)
        if answers is None:
            self._learn(curve, questions)
            answers = self._known(curve, questions)
        assert answers is not None
        r[:], exceptional[:] = answers[:, :8], answers[:, 8]
        self.launches.append(len(u))
        seconds = self.start + self.each * len(u) + (self.stalls.pop(0) if self.stalls else 0)
        self.killed.wait(max(0.0, begin + seconds - time.monotonic()))
        if self.error is not None:
            raise self.error

    def _known(self, curve: str, questions: Any) -> Any:
        known = self.asked.get(curve)
        if known is None:
            return None
        places = np.searchsorted(known[:, 0], key_of(questions))
        found = known[np.minimum(places, len(known) - 1)]
        return found[:, 17:] if (found[:, 1:17] == questions).all() else None

    def _learn(self, curve: str, questions: Any) -> None:
        r, infinite = points(
            curve, *(questions[:, at] for at in (slice(4), slice(4, 8))), questions[:, 8:].copy()
        )
        rows = np.hstack(
            [key_of(questions)[:, None], questions, r, infinite[:, None].astype(np.uint64)]
        )
        before = self.asked.get(curve)
        rows = rows if before is None else np.vstack([before, rows])
        self.asked[curve] = rows[np.unique(rows[:, 0], return_index=True)[1]]

    def kill(self) -> None:
        self.killed.set()


def key_of(questions: Any) -> Any:
    """Mixed, so that no two questions of a test have the same."""
    weights = np.random.default_rng(1).integers(0, 1 << 63, 16, np.uint64) | np.uint64(1)
    return (questions * weights).sum(axis=1, dtype=np.uint64)


def rates(
    *,
    start: float = 0.001,
    each: float = 1e-6,
    cpu: float = CPU_EACH,
    host: float = 0.5e-6,
    cores: int | None = None,
    shares_cores: bool = False,
    room: int = 1 << 17,
) -> Rates:
    """What would have been measured: seconds an item, and of a launch."""
    from verilane import _pool

    workloads = [*SCHEMES, "ed25519, other rules"]
    sizes = (1, 1 << 20)
    device = DeviceTimes(
        Paced.identity,
        "",
        shares_cores,
        dict.fromkeys(CURVES, room),
        {curve: Times(sizes, tuple(start + each * n for n in sizes)) for curve in CURVES},
        {name: Times(sizes, tuple(host * n for n in sizes)) for name in workloads},
    )
    on_cpu = {name: Times(sizes, tuple(cpu * n for n in sizes)) for name in workloads}
    return Rates(cores or _pool.cores(), on_cpu, {NAME: device})


def patient_rates() -> Rates:
    """Of a CPU so slow that the device is waited for, however busy this machine is."""
    return rates(start=1.0, cpu=0.01)


SCHEMES = ("secp256k1.ecdsa", "secp256k1.schnorr", "p256.ecdsa", "sm2", "ed25519")
CURVES = ("secp256k1", "p256", "sm2", "ed25519")
