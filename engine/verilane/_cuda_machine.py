"""One CUDA device: its memory, its streams and its kernels. With _cuda.py and
_cuda_compiler.py all that sees numba-cuda.

The kernels are `kernels/*.cl`, compiled by NVRTC for the device's own architecture and kept in the
cache folder. numba-cuda does all the rest: contexts, memory, pinned memory, streams, events and
modules; a kernel is started by `cuda.core.launch`, as numba-cuda starts its own ones. They are not
device functions beneath kernels in Python, which numba-cuda could link as well: what it links can't
be kept for the next process, which would compile for seconds again, and takes NVVM beside NVRTC for
what would be one line each.

Data goes up, kernels run and answers come down on three streams, through pinned memory: copies run
beside kernels. What touched a buffer last is an event; whatever touches it next on another stream
waits for that.
"""

import os
import queue
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _kernel_cache, _kernel_text
from ._cuda_compiler import compiled, nvrtc_of
from ._machine import Buffer, Program, reason, room
from .errors import DeviceFailure

__all__ = ["FORKED", "LOCAL_SIZE", "Machine", "errors", "title_of"]

# kernels/lang.h says so to the compiler.
LOCAL_SIZE = 128

# Shares of the device's memory, for what one call may take: other calls and programs want some.
_SHARE = 4

# Pinned memory, in each direction: pieces that are filled while others are on their way.
_PIECE = 1 << 22
_PIECES = 4

# Of each stream.
_EVENTS = 64

FORKED = "CUDA does not survive a fork: start processes by 'spawn', or use it in children only"


class _Touch(NamedTuple):
    """The end of some work on a stream."""

    stream: Any
    event: Any


class _Stream:
    """A stream and its events. One that is used again stands for later work of the same stream: who
    waits for it then waits too long, never too short.
    """

    def __init__(self, context: Any) -> None:
        from cuda.core import Stream

        self.stream = context.create_stream()
        self.core = Stream.from_handle(int(self.stream.handle))
        self._events = deque(context.create_event(timing=False) for _ in range(_EVENTS))

    def touch(self) -> _Touch:
        """What was asked of the stream so far."""
        self._events.rotate()
        self._events[0].record(self.stream)
        return _Touch(self.stream, self._events[0])


class _Buffer(Buffer):
    """Memory that is kept for others of its size. last: what touched it last, or None."""

    __slots__ = ("last", "spare")

    def __init__(self, memory: Any, size: int, last: _Touch | None, spare: deque[Any]) -> None:
        super().__init__(memory, size)
        self.last, self.spare = last, spare

    def __del__(self) -> None:
        self.spare.append((self.memory, self.last))  # in whatever thread this is: no driver here


class _Piece:
    """Pinned memory for copies. last: the copy that still uses it, or None."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        self.memory = memory
        self.last: Any = None

    def wait(self) -> None:
        """Returns when it may be used again."""
        if self.last is not None:
            self.last.synchronize()
            self.last = None


class Machine:
    """One CUDA device with its streams."""

    is_cpu, overlaps = False, True

    def __init__(self, name: str, gpu: Any) -> None:
        from numba import cuda
        from numba.cuda.cudadrv import driver

        self.name, self._gpu, self._cuda, self._driver = name, gpu, cuda, driver
        self.failures = 0
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._building = threading.Lock()
        self._programs: dict[tuple[str, ...], Program] = {}
        self._spare: dict[int, deque[Any]] = {}
        self._up: queue.SimpleQueue[_Piece] = queue.SimpleQueue()
        self._down: queue.SimpleQueue[_Piece] = queue.SimpleQueue()
        with self._reports("open it") as context:
            self.title: str = title_of(gpu)
            major, minor = driver.get_version()
            self._arch = "sm_{}{}".format(*gpu.compute_capability)
            self.driver: str = f"CUDA {major}.{minor}, {self._arch}, NVRTC {nvrtc_of()[0]}"
            self.local_size: int = LOCAL_SIZE
            self.lanes: int = LOCAL_SIZE * gpu.MULTIPROCESSOR_COUNT
            self.largest_buffer: int = context.get_memory_info()[1]
            self.memory: int = self.largest_buffer // _SHARE
            self._in, self._work, self._out = (_Stream(context) for _ in range(3))
            for pieces in (self._up, self._down):
                for _ in range(_PIECES):
                    pieces.put(_Piece(cuda.pinned_array(_PIECE, np.uint8)))

    @contextmanager
    def _reports(self, what: str) -> Iterator[Any]:
        """Makes the device this thread's own; turns what goes wrong into DeviceFailure."""
        if self._process != os.getpid():
            raise DeviceFailure(f"{self.name}: {FORKED}")
        try:
            with self._gpu:
                yield self._gpu.get_primary_context()
        except errors() as error:
            self.failures += 1
            raise DeviceFailure(f"{self.name} could not {what}: {reason(error)}") from error

    # ---- Programs ----

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> Program:
        """Machine.program."""
        key = (entry, *defines)
        with self._building, self._reports(f"build {entry}") as context:
            if key not in self._programs:
                image = self._image(_kernel_text.flatten(entry), defines)
                self._programs[key] = Program(self._load(context, image), entry)
            return self._programs[key]

    def _image(self, text: _kernel_text.Text, defines: tuple[str, ...]) -> bytes:
        key = "cuda-" + _kernel_cache.key_of(self.title, self.driver, text.digest, *defines)
        image = _kernel_cache.load(key)
        if image is None:
            image = compiled(text, self._arch, defines)
            _kernel_cache.store(key, image)
        return image

    def _load(self, context: Any, image: bytes) -> Any:
        from cuda.core import ObjectCode

        return context.create_module_image(ObjectCode.from_cubin(image))

    # ---- Memory ----

    def room(self, *sizes: int) -> int:
        """Machine.room."""
        return room(self.largest_buffer, self.memory, self.local_size, sizes)

    def buffer(self, size: int) -> Buffer:
        """Machine.buffer: memory that was used before, where there is some. Giving memory back to
        the driver stops all that runs.
        """
        whole = _rounded(max(size, 16))
        with self._reports(f"lend {size} bytes of memory") as context, self._lock:
            spare = self._spare.setdefault(whole, deque())
            try:
                memory, last = spare.popleft()  # the one that waits for the least
            except IndexError:
                memory, last = self._allocate(context, whole), None
            return _Buffer(memory, size, last, spare)

    def _allocate(self, context: Any, size: int) -> Any:
        """New memory. What lies spare goes back first if it is too much, or if there is no more."""
        if sum(each * len(memory) for each, memory in self._spare.items()) + size > self.memory:
            self._give_back()
        try:
            return context.memalloc(size)
        except self._driver.CudaAPIError:
            self._give_back()
            return context.memalloc(size)

    def _give_back(self) -> None:
        for memory in self._spare.values():
            memory.clear()
        self._gpu.get_primary_context().deallocations.clear()

    def upload(self, array: NDArray[Any]) -> Buffer:
        """Machine.upload."""
        buffer = self.buffer(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: NDArray[Any], at: int = 0) -> None:
        """Machine.write."""
        given = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self._check(buffer, at, given.nbytes)
        with self._reports("take data"):
            for start in range(0, given.nbytes, _PIECE):
                part = given[start : start + _PIECE]
                piece = self._up.get()
                try:
                    piece.wait()
                    piece.memory[: part.nbytes] = part
                    with self._touching(self._in, buffer) as stream:
                        to = buffer.memory.view(at + start)
                        self._driver.host_to_device(to, piece.memory, part.nbytes, stream)
                    piece.last = _last(buffer).event
                finally:
                    self._up.put(piece)

    def read(self, array: NDArray[Any], buffer: Buffer, at: int = 0) -> None:
        """Machine.read."""
        wanted = array.reshape(-1).view(np.uint8)
        self._check(buffer, at, wanted.nbytes)
        under_way: deque[tuple[_Piece, NDArray[np.uint8]]] = deque()
        with self._reports("give data"):
            try:
                for start in range(0, wanted.nbytes, _PIECE):
                    part = wanted[start : start + _PIECE]
                    piece = self._piece(under_way)
                    under_way.append((piece, part))
                    with self._touching(self._out, buffer) as stream:
                        source = buffer.memory.view(at + start)
                        self._driver.device_to_host(piece.memory, source, part.nbytes, stream)
                    piece.last = _last(buffer).event
                while under_way:
                    self._arrive(under_way)
            finally:
                for piece, _ in under_way:
                    self._down.put(piece)

    def _piece(self, under_way: deque[tuple[_Piece, NDArray[np.uint8]]]) -> _Piece:
        """A piece to read through. Who holds one does not wait for another: others might, too."""
        while under_way:
            try:
                return self._down.get_nowait()
            except queue.Empty:
                self._arrive(under_way)
        return self._down.get()

    def _arrive(self, under_way: deque[tuple[_Piece, NDArray[np.uint8]]]) -> None:
        piece, part = under_way[0]
        piece.wait()
        part[:] = piece.memory[: part.nbytes]
        under_way.popleft()
        self._down.put(piece)

    def copy(self, to: Buffer, to_at: int, source: Buffer, source_at: int, size: int) -> None:
        """Machine.copy."""
        self._check(to, to_at, size)
        self._check(source, source_at, size)
        if size:
            with self._reports("copy"), self._touching(self._work, to, source) as stream:
                there, here = to.memory.view(to_at), source.memory.view(source_at)
                self._driver.device_to_device(there, here, size, stream)

    def fill(self, buffer: Buffer, byte: int) -> None:
        """Machine.fill."""
        if buffer.size:
            with self._reports("fill memory"), self._touching(self._work, buffer) as stream:
                self._driver.device_memset(buffer.memory, byte, buffer.size, stream)

    def _check(self, buffer: Buffer, at: int, size: int) -> None:
        """A driver need not notice: the memory may be larger than what was asked for."""
        if at < 0 or at + size > buffer.size:
            self.failures += 1
            raise DeviceFailure(f"{self.name}: {size} bytes at {at} are not in {buffer.size}")

    @contextmanager
    def _touching(self, on: _Stream, *buffers: Buffer) -> Iterator[Any]:
        """Work on a stream that comes after what touched these buffers, and before what will."""
        touched = [each for each in buffers if isinstance(each, _Buffer)]
        with self._lock:
            for last in {each.last for each in touched}:
                if last is not None and last.stream is not on.stream:
                    last.event.wait(on.stream)
            yield on.stream
            touch = on.touch()
            for each in touched:
                each.last = touch

    # ---- Work ----

    def launch(
        self, program: Program, kernel: str, n: int, *arguments: Buffer | int | np.generic
    ) -> None:
        """Machine.launch."""
        from cuda.core import LaunchConfig, launch

        if n == 0:
            return
        buffers = [each for each in arguments if isinstance(each, Buffer)]
        values = [
            int(each.memory.device_pointer)
            if isinstance(each, Buffer)
            else np.uint32(each)
            if isinstance(each, int)
            else each
            for each in arguments
        ]
        config = LaunchConfig(grid=-(-n // LOCAL_SIZE), block=LOCAL_SIZE)
        with self._reports(f"run {kernel}"), self._touching(self._work, *buffers):
            if kernel not in program.kernels:
                there = program.built.get_function(kernel).kernel
                program.kernels[kernel] = there, _takes(there)
            there, takes = program.kernels[kernel]
            if takes not in (None, len(values) + 1):
                raise TypeError(f"{kernel} takes {takes - 1} arguments, not {len(values)}")
            launch(self._work.core, config, there, *values, np.uint32(n))

    def finish(self) -> None:
        """Machine.finish."""
        with self._reports("finish"):
            for each in (self._in, self._work, self._out):
                each.stream.synchronize()


def _takes(kernel: Any) -> int | None:
    """The number of a kernel's arguments, where the driver knows it (CUDA 12.4 and newer): with too
    few of them it would read beyond what it is given.
    """
    try:
        return int(kernel.num_arguments)
    except errors():  # NotImplementedError is one
        return None


def _last(buffer: Buffer) -> _Touch:
    """What touched a buffer last; something did."""
    assert isinstance(buffer, _Buffer) and buffer.last is not None
    return buffer.last


def _rounded(size: int) -> int:
    """The size of memory that is kept for uses of about this size: an eighth more at most."""
    step = max(256, 1 << max(0, size.bit_length() - 4))
    return -(-size // step) * step


def errors() -> tuple[type[BaseException], ...]:
    """What numba-cuda and what lies beneath it raise when a driver complains."""
    from cuda.core._utils.cuda_utils import CUDAError
    from numba.cuda.cudadrv.error import CudaDriverError, CudaSupportError

    return CudaDriverError, CudaSupportError, CUDAError, RuntimeError, MemoryError, OSError


def title_of(gpu: Any) -> str:
    """Returns a device's name."""
    return " ".join(str(gpu.name).split())
