"""A device that does wrong on purpose: points from the CPU, then one fault of many kinds."""

import os
import random
import signal
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from verilane import _cpu
from verilane._cpu_terms import Terms, double_mul

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

SCHEME_OF = {
    "secp256k1": "secp256k1.ecdsa",
    "p256": "p256.ecdsa",
    "sm2": "sm2",
    "ed25519": "ed25519",
}
PRIMES = {
    "secp256k1": 2**256 - 2**32 - 977,
    "p256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "sm2": 2**256 - 2**224 - 2**96 + 2**64 - 1,
    "ed25519": 2**255 - 19,
}


def points(curve: str, u: Words, v: Words, q: Words) -> tuple[Words, Codes]:
    """The right answers."""
    n, terms = len(u), Terms(u, v, q, u)
    r, infinite = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
    double_mul(r, infinite, terms, scheme=SCHEME_OF[curve], isa=_cpu.AUTO)(0, n)
    return r, infinite


def number(words: Words) -> int:
    return int.from_bytes(words.astype("<u8").tobytes(), "little")


def words(value: int) -> Words:
    return np.frombuffer(value.to_bytes(32, "little"), "<u8").astype(np.uint64)


Fault = Callable[["Faulty", str, Words, Codes, random.Random], None]


@dataclass
class Faulty:
    """Right answers, and from call `after` on (known answers are calls, too) a fault in each."""

    name: str = "faulty:0"
    fault: Fault | None = None
    after: int = 0
    most: int = 1 << 20
    calls: int = 0
    asked: int = 0
    injected: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random("faults"))
    last: tuple[Words, Codes] | None = None
    poison: tuple[Words, Codes] | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def room(self, curve: str) -> int:
        return self.most

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        self.calls += 1
        self.asked += len(r)
        right, infinite = points(curve, u, v, q)
        self.poison = r.copy(), exceptional.copy()
        r[:], exceptional[:] = right, infinite
        if self.fault is not None and self.calls > self.after:
            self.fault(self, curve, r, exceptional, self.rng)
        self.last = right, infinite

    def spoiled(self, n: int, rng: random.Random) -> list[int]:
        """The rows of which a fault makes something else; counted."""
        rows = some(n, rng)
        self.injected += len(rows)
        return rows

    def kill(self) -> None:
        self.released.set()


# ---- Faults: each changes the right answers in place ----


def some(n: int, rng: random.Random) -> list[int]:
    """One item, a few, or many of them."""
    return rng.sample(range(n), min(n, rng.choice([1, 1, 1, 2, 3, n // 2 + 1, n])))


def bit_flips(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    for i in some(len(r), rng):
        r[i, rng.randrange(8)] ^= np.uint64(1 << rng.randrange(64))
        device.injected += 1


def parity_bit(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """The lowest bit of y (of x in Ed25519): what a sign is read from."""
    for i in some(len(r), rng):
        r[i, 0 if curve == "ed25519" else 4] ^= np.uint64(1)
        device.injected += 1


def stuck_bit(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    mask = np.uint64(1 << rng.randrange(64))
    word = rng.randrange(8)
    device.injected += int(((r[:, word] & mask) == 0).sum())
    r[:, word] |= mask


def flag_flips(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    for i in some(len(r), rng):
        flags[i] ^= np.uint8(1 << rng.randrange(8))
        device.injected += 1


def stale(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """What the launch before left there, in all slots or some."""
    before, _ = device.last if device.last is not None else (r, flags)
    rows = device.spoiled(len(r), rng)
    r[rows] = before[np.array(rows) % len(before)]


def unwritten(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """Short output: the end, or some slots, are as they were."""
    assert device.poison is not None
    start = rng.randrange(len(r))
    r[start:], flags[start:] = device.poison[0][start:], device.poison[1][start:]
    device.injected += len(r) - start


def unwritten_points(
    device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random
) -> None:
    assert device.poison is not None
    rows = device.spoiled(len(r), rng)
    r[rows] = device.poison[0][rows]


def swapped(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    n = len(r)
    for _ in range(rng.choice([1, 1, 2, n])):
        i, j = rng.randrange(n), rng.randrange(n)
        r[[i, j]] = r[[j, i]]
        device.injected += 1


def shifted(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    r[:] = np.roll(r, rng.choice([-32, -1, 1, 8, 32]), axis=0)
    device.injected += len(r)


def doubled(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """One item's answer in other slots."""
    rows = device.spoiled(len(r), rng)
    r[rows] = r[rng.randrange(len(r))]


def zeros(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    rows = device.spoiled(len(r), rng)
    r[rows] = 0


def ones(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    rows = device.spoiled(len(r), rng)
    r[rows] = 2**64 - 1


def infinities(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """No answer for some, which have one."""
    rows = device.spoiled(len(r), rng)
    flags[rows] = 1


def garbage(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    for i in some(len(r), rng):
        r[i] = np.frombuffer(rng.randbytes(64), np.uint64)
        device.injected += 1


def not_reduced(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """x + p, where that fits."""
    for i in some(len(r), rng):
        x = number(r[i, :4]) + PRIMES[curve]
        if x < 2**256:
            r[i, :4] = words(x)
            device.injected += 1


def all_base(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """A point of the curve that has nothing to do with the items: the answer to the first one."""
    r[:] = r[0]
    device.injected += len(r)


def negated(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """-R: the one wrong answer that blind comparing can't tell where a sign counts."""
    at = slice(0, 4) if curve == "ed25519" else slice(4, 8)
    for i in some(len(r), rng):
        r[i, at] = words((PRIMES[curve] - number(r[i, at])) % PRIMES[curve])
        device.injected += 1


def out_of_memory(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    r[: len(r) // 2] = 0
    device.injected += len(r)
    raise MemoryError("no memory left on the device")


def vanishes(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    device.injected += len(r)
    raise OSError("the device fell off the bus")


def exits(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    """A driver that ends the process it runs in, as far as Python lets it."""
    device.injected += len(r)
    raise SystemExit(3)


def hangs(device: Faulty, curve: str, r: Words, flags: Codes, rng: random.Random) -> None:
    device.injected += len(r)
    device.released.wait(60)


WRONG: list[Fault] = [
    bit_flips,
    parity_bit,
    stuck_bit,
    flag_flips,
    stale,
    unwritten,
    unwritten_points,
    swapped,
    shifted,
    doubled,
    zeros,
    ones,
    infinities,
    garbage,
    not_reduced,
    all_base,
]
"""Answers that are wrong, or none."""
FAILURES: list[Fault] = [out_of_memory, vanishes, exits]


# ---- In a process of its own ----


class Dying(Faulty):
    """Ends its process in the middle of a call: after so many calls, by a signal, or hangs."""

    how = "crash"

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        self.calls += 1
        if self.calls <= self.after:
            r[:], exceptional[:] = points(curve, u, v, q)
            return
        r[: len(r) // 2] = 0
        if self.how == "hang":
            time.sleep(600)
        os.kill(os.getpid(), signal.SIGSEGV if self.how == "crash" else signal.SIGKILL)


def open_device(name: str) -> Faulty:
    """What `_devices._makers` names: "faulty:0" is right, "faulty:1" and on are not."""
    which = int(name.partition(":")[2] or 0)
    if which == 0:
        return Faulty(name)
    made = Dying(name, after=1)
    made.how = {1: "crash", 2: "hang", 3: "kill"}[which]
    return made


def open_talker(name: str) -> Faulty:
    """A driver that writes where it should not, and does not stop."""
    for handle in range(3, 64):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(handle).st_mode):
                while True:
                    os.write(handle, bytes(1 << 20))
    raise AssertionError
