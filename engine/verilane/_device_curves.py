"""The primitives of csrc/ops.h for elliptic curves on a device: stages of kernels, one item
a thread (kernels/double_mul_thread.inc, double_mul_edwards_thread.inc).

Numbers are rows of four little-endian 64-bit words, uint64 (n, 4); points are x and y, (n, 8). What
is given must be what ops.h asks for: scalars below the group order (Ed25519: below 2^253), points
on the curve, coordinates below p. A device's answers are only as good as the device: whoever calls
this decides what to believe.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _fixed_base
from ._machine import Buffer, Program

__all__ = ["CURVES", "Curve", "Edwards", "Machine", "Weierstrass", "curve"]

CURVES = ("secp256k1", "p256", "sm2", "ed25519")
Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]

# Items that share one inversion. An inversion costs about 270 multiplications, sharing it 3 for
# each item; more of them leave fewer threads to do it.
_SHARING = 8
_SUM_WORDS = 24  # X, Y, Z, eight each

# Where copies run beside kernels, work is cut into about so many parts, each of which keeps all
# lanes busy: four groups of lanes are resident, by their registers.
_PARTS, _RESIDENT = 4, 4

T = TypeVar("T")


class Machine(Protocol):
    """What is used of `_machine.Machine`."""

    lanes: int
    overlaps: bool

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> Program: ...
    def room(self, *sizes: int) -> int: ...
    def buffer(self, size: int) -> Buffer: ...
    def upload(self, array: NDArray[np.generic]) -> Buffer: ...
    def read(self, array: NDArray[np.generic], buffer: Buffer, at: int = 0) -> None: ...
    def launch(
        self, program: Program, kernel: str, n: int, *arguments: Buffer | int | np.generic
    ) -> None: ...


class Curve:
    """One curve on one machine: its program and its table of the base point's multiples, made at
    the first use.
    """

    SIZES: tuple[int, ...]
    """Bytes of an item in each buffer that double_mul needs."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine, self.name = machine, name
        self._lock = threading.Lock()
        self._table: Buffer | None = None

    def _open(self) -> tuple[Program, Buffer]:
        program = self.machine.program(f"{self.name}.cl")
        with self._lock:
            if self._table is None:
                self._table = self.machine.upload(_fixed_base.table(self.name))
            return program, self._table

    def _invert(self, program: Program, z: Buffer, n: int, *, stride: int, at: int) -> Buffer:
        """Returns 1 / z of n items; z lies at `at` in a row of `stride` words of 32 bits."""
        inverse = self.machine.buffer(32 * n)
        threads = -(-n // _SHARING)
        self.machine.launch(program, "invert", threads, inverse, z, stride, at, n)
        return inverse

    def _invert_sums(self, program: Program, sums: Buffer, n: int) -> Buffer:
        return self._invert(program, sums, n, stride=_SUM_WORDS, at=16)

    def _in_parts(
        self, n: int, begin: Callable[[slice], T], finish: Callable[[slice, T], None]
    ) -> None:
        """Has n items done: begin() starts with some and returns what finish() waits for. Where
        copies run beside kernels, a part goes up while the one before is computed.
        """
        most, ahead = self.machine.room(*self.SIZES), int(self.machine.overlaps)
        if ahead:
            wave = _RESIDENT * self.machine.lanes
            most = min(max(1, most // 2), -(-n // (_PARTS * wave)) * wave)
        under_way: deque[tuple[slice, T]] = deque()
        for start in range(0, n, max(1, most)):
            part = slice(start, min(start + most, n))
            under_way.append((part, begin(part)))
            if len(under_way) > ahead:
                finish(*under_way.popleft())
        while under_way:
            finish(*under_way.popleft())

    def decompress(self, given: Words, odd: Bytes) -> tuple[Words, Bytes]:
        """Returns, for each x (n, 4) and wanted parity (n,), y (n, 4) and ok (n,): 1, or 0 where
        there is no such point. For edwards25519: for each y below 2^255 the point (n, 8), x with
        this parity, or 0.
        """
        program, _ = self._open()
        width = 8 if self.name == "ed25519" else 4
        n = len(given)
        out, ok = np.empty((n, width), np.uint64), np.empty(n, np.uint8)
        most = self.machine.room(8 * width, 32, 2)
        for start in range(0, n, most):
            part = slice(start, min(start + most, n))
            count = part.stop - start
            found, good = self.machine.buffer(8 * width * count), self.machine.buffer(count)
            lent = self.machine.upload(given[part]), self.machine.upload(odd[part])
            self.machine.launch(program, "decompress", count, found, good, *lent)
            self.machine.read(out[part], found)
            self.machine.read(ok[part], good)
        return out, ok


class Weierstrass(Curve):
    """secp256k1, P-256 or SM2."""

    # u, v, q, digits, table, Z, sum, inverse, r, exceptional
    SIZES = (32, 32, 64, 72, 1536, 32, 96, 32, 64, 1)

    def double_mul(self, u: Words, v: Words, q: Words) -> tuple[Words, Bytes]:
        """Returns R = u G + v Q (n, 8) and exceptional (n,): 1 where R means nothing, since an
        addition met equal or opposite points (v = 0 is one such case) or the sum is infinite.
        """
        n = len(u)
        r, exceptional = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
        self.double_mul_over(r, exceptional, u, v, q)
        return r, exceptional

    def double_mul_over(self, r: Words, exceptional: Bytes, u: Words, v: Words, q: Words) -> None:
        """Fills r and exceptional, all C-contiguous; what they held is what the device's memory
        holds before, so that it shows where nothing was written.
        """

        def begin(part: slice) -> tuple[Buffer, Buffer]:
            return self._begin(r[part], exceptional[part], u[part], v[part], q[part])

        def finish(part: slice, answers: tuple[Buffer, Buffer]) -> None:
            self.machine.read(r[part], answers[0])
            self.machine.read(exceptional[part], answers[1])

        self._in_parts(len(u), begin, finish)

    def _begin(
        self, r: Words, exceptional: Bytes, u: Words, v: Words, q: Words
    ) -> tuple[Buffer, Buffer]:
        (program, base), machine, n = self._open(), self.machine, len(u)
        given = machine.upload(u), machine.upload(v), machine.upload(q)
        out, flags = machine.upload(r), machine.upload(exceptional)
        digits, table, z = (machine.buffer(size * n) for size in (72, 1536, 32))
        total = machine.buffer(4 * _SUM_WORDS * n)
        machine.launch(program, "recode", n, digits, *given[:2])
        machine.launch(program, "multiples", n, table, z, given[2])
        if self.name != "secp256k1":
            z = self._invert(program, z, n, stride=8, at=0)
        machine.launch(program, "table", n, table, z)
        machine.launch(program, "windows", n, total, digits, table, z)
        machine.launch(program, "base", n, total, digits, base)
        inverse = self._invert_sums(program, total, n)
        machine.launch(program, "affine", n, out, flags, total, inverse)
        return out, flags


class Edwards(Curve):
    """edwards25519."""

    # s, k, a, digits, table, sum, inverse, r
    SIZES = (32, 32, 64, 64, 2176, 96, 32, 64)

    def double_mul(self, s: Words, k: Words, a: Words) -> Words:
        """Returns R = s B - k A (n, 8), k as an integer."""
        r = np.zeros((len(s), 8), np.uint64)
        self.double_mul_over(r, s, k, a)
        return r

    def double_mul_over(self, r: Words, s: Words, k: Words, a: Words) -> None:
        """Fills r, as that of a Weierstrass does."""
        self._in_parts(
            len(s),
            lambda part: self._begin(r[part], s[part], k[part], a[part]),
            lambda part, out: self.machine.read(r[part], out),
        )

    def _begin(self, r: Words, s: Words, k: Words, a: Words) -> Buffer:
        (program, base), machine, n = self._open(), self.machine, len(s)
        given = machine.upload(s), machine.upload(k), machine.upload(a)
        out = machine.upload(r)
        digits, table, total = (machine.buffer(size * n) for size in (64, 2176, 4 * _SUM_WORDS))
        machine.launch(program, "recode", n, digits, *given[:2])
        machine.launch(program, "multiples", n, table, given[2])
        machine.launch(program, "windows", n, total, digits, table)
        machine.launch(program, "base", n, total, digits, base)
        inverse = self._invert_sums(program, total, n)
        machine.launch(program, "affine", n, out, total, inverse)
        return out


_curves: dict[tuple[Machine, str], Curve] = {}
_lock = threading.Lock()


def curve(machine: Machine, name: str) -> Curve:
    """Returns a curve of CURVES on a machine: a Weierstrass, or Edwards for "ed25519"."""
    with _lock:
        if (machine, name) not in _curves:
            kind = Edwards if name == "ed25519" else Weierstrass
            _curves[machine, name] = kind(machine, name)
        return _curves[machine, name]
