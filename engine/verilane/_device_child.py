"""A device in a process of its own, which can be killed: a driver that crashes or hangs takes
nobody with it.

Parent and child share one piece of memory, which holds u, v, Q, R and the flags of a launch, and
talk over a socket, a line of JSON each way. The child ends when the socket does. It runs nothing of
the parent's main module.
"""

import io
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from importlib import import_module
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import DeviceFailure

__all__ = ["Child"]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

_Stream: TypeAlias = "io.BufferedRWPair[Any, Any]"

# Words of an item in each part of the shared memory: u, v, Q and R; one byte of flags follows.
_WIDTHS = (4, 4, 8, 8)
_ITEM = 8 * sum(_WIDTHS) + 1

# Bytes of a child's longest answer.
_MOST_SAID = 1 << 16

# What a child runs: sys.path is the parent's, and before that without the folder it is started in.
_START = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import json; sys.path[:] = json.loads(sys.argv[1]); "
    "from verilane._device_child import serve; serve(*sys.argv[2:])"
)


def _rows(memory: mmap.mmap, n: int) -> tuple[Any, ...]:
    """The parts of the memory, for a launch of n items: u, v, q, r, exceptional."""
    parts: list[Any] = []
    at = 0
    for width in _WIDTHS:
        parts.append(np.frombuffer(memory, np.uint64, width * n, at).reshape(n, width))
        at += 8 * width * n
    return *parts, np.frombuffer(memory, np.uint8, n, at)


class Child:
    """Points (_points.Points) that another process makes, started when it is needed.

    maker: "module:function" of what makes them there, from its arguments, which are text.
    """

    def __init__(self, name: str, maker: str, *arguments: str) -> None:
        self.name, self._maker, self._arguments = name, maker, arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._stream: _Stream | None = None
        self._memory: mmap.mmap | None = None
        self._file: IO[bytes] | None = None

    def room(self, curve: str) -> int:
        """As the child's own points say."""
        return int(self._asked("room", curve)["room"])

    def double_mul(
        self, curve: str, r: Words, exceptional: Codes, u: Words, v: Words, q: Words
    ) -> None:
        """Has the child do it. DeviceFailure if it fails, or is gone."""
        n = len(r)
        self._open(n)
        assert self._memory is not None
        there = _rows(self._memory, n)
        for part, array in zip(there, (u, v, q, r, exceptional), strict=True):
            part[...] = array
        self._asked("double_mul", curve, n)
        r[:], exceptional[:] = there[3], there[4]

    def kill(self) -> None:
        """Ends the process. The next call starts another one."""
        if self._process is not None:
            _end(self._process)

    def _open(self, n: int) -> None:
        """Sees to it that a child runs whose memory has room for n items."""
        if self._memory is not None and len(self._memory) < n * _ITEM:
            self._close()
        if self._process is not None and self._process.poll() is None:
            return
        self._close()
        size = max(n, 1 << 12) * _ITEM
        self._file = _shared_file(size)
        self._memory = mmap.mmap(self._file.fileno(), size)
        ours, theirs = socket.socketpair()
        with theirs:
            handles = self._file.fileno(), theirs.fileno()
            arguments = json.dumps(sys.path), *map(str, (*handles, size)), self._maker
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *arguments, *self._arguments],
                pass_fds=handles,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the parent's business
            )
        weakref.finalize(self, _end, self._process)
        self._stream = ours.makefile("rwb")
        ours.close()

    def _close(self) -> None:
        self.kill()
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
        if self._file is not None:
            self._file.close()
        # Views of the memory may still be alive: it goes when they do.
        self._process, self._stream, self._memory, self._file = None, None, None, None

    def _asked(self, *question: str | int) -> Any:
        self._open(0)
        assert self._stream is not None
        try:
            self._stream.write(json.dumps(question).encode() + b"\n")
            self._stream.flush()
            line = self._stream.readline(_MOST_SAID)
        except OSError as error:
            raise DeviceFailure(f"{self.name}: its process is gone: {error}") from error
        if len(line) == _MOST_SAID:
            self._close()
            raise DeviceFailure(f"{self.name}: its process said too much")
        if not line.endswith(b"\n"):
            raise DeviceFailure(f"{self.name}: its process is gone{self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise DeviceFailure(answer["error"])
        return answer

    def _last_words(self) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return ""
        return f", by {signal.Signals(-code).name}" if code < 0 else f", with exit code {code}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError, subprocess.TimeoutExpired):  # it hangs in its driver: let it
        process.kill()
        process.wait(1)


def _shared_file(size: int) -> IO[bytes]:
    """A file without a name, in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("verilane"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115
    file.truncate(size)
    return file


def serve(file: str, handle: str, size: str, maker: str, *arguments: str) -> None:
    """The child: answers until nobody asks."""
    memory = mmap.mmap(int(file), int(size))
    module, _, function = maker.partition(":")
    points: Any = None
    with socket.socket(fileno=int(handle)) as link, link.makefile("rwb") as stream:
        for line in stream:
            try:
                if points is None:
                    points = getattr(import_module(module), function)(*arguments)
                answer = _answer(points, memory, *json.loads(line))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            stream.write(json.dumps(answer).encode() + b"\n")
            stream.flush()


def _answer(
    points: Any, memory: mmap.mmap, what: str, curve: str, n: int = 0
) -> dict[str, int | str]:
    if what == "room":
        return {"room": points.room(curve)}
    u, v, q, r, exceptional = _rows(memory, n)
    # Copies: what a driver does to its arguments is nothing to the parent.
    out, flags = r.copy(), exceptional.copy()
    points.double_mul(curve, out, flags, u.copy(), v.copy(), q.copy())
    r[:], exceptional[:] = out, flags
    return {}
