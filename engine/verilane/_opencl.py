"""OpenCL devices, as pyopencl shows them: the only file that sees it.

pyopencl is imported when a device is first looked for. A device is named "opencl:0", "opencl:1" and
so on, in the order in which drivers list them. What a driver complains about comes out as
DeviceFailure with the reason.

What the methods of a machine do: `_machine.Machine`. Here kernels run one after the other, in the
order of the calls; on a GPU copies to and from here run beside them, in a queue of their own.
"""

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernel_cache, _kernel_text
from ._machine import Buffer, Found, Places, Program, reason, room
from .errors import DeviceFailure

__all__ = ["Machine", "places"]

_OPTIONS = ("-cl-std=CL1.2",)

# One fixed size of a work-group for all kernels: PoCL compiles a kernel anew for every size. GPUs
# have groups of 32 or 64 lanes that run together.
_LOCAL_SIZE_CPU = 32
_LOCAL_SIZE_GPU = 128

# Platforms with a cache of their own. PoCL would even compile all kernels twice to show them.
_KEEP_BUILDS = ("NVIDIA CUDA", "Portable Computing Language")

# Shares of the device's memory, for what one call may take: other calls and programs want some.
_SHARE = 4


class _Buffer(Buffer):
    """Memory of a device."""

    __slots__ = ("last",)

    def __init__(self, memory: Any, size: int) -> None:
        super().__init__(memory, size)
        self.last: Any = None
        """The event that ends what was launched on it, or None."""


def _mark(event: Any, *arguments: Any) -> None:
    """Buffers among the arguments are free after this event."""
    for each in arguments:
        if isinstance(each, _Buffer):
            each.last = event


class Machine:
    """One OpenCL device with its context and its queues."""

    def __init__(self, name: str, device: Any) -> None:
        import pyopencl as cl

        self.name = name
        self.title: str = " ".join(device.name.split())
        self.driver: str = f"{device.platform.version} {device.version} {device.driver_version}"
        self.is_cpu = is_cpu = bool(device.type & cl.device_type.CPU)
        self.local_size: int = min(
            _LOCAL_SIZE_CPU if is_cpu else _LOCAL_SIZE_GPU, device.max_work_group_size
        )
        self.lanes: int = self.local_size * device.max_compute_units
        self.largest_buffer: int = device.max_mem_alloc_size
        self._most: int = self.largest_buffer
        self.memory: int = device.global_mem_size // _SHARE
        self.failures = 0
        self._process = os.getpid()
        self._device = device
        fixed = f"VL_LOCAL_SIZE={self.local_size}"
        self._defines = (fixed, "VL_ON_CPU") if is_cpu else (fixed,)
        self._keeps_builds = device.platform.name in _KEEP_BUILDS
        self._lock = threading.Lock()
        self._programs: dict[tuple[str, ...], Program] = {}
        self._building = threading.Lock()
        with self._reports("open it"):
            self._context = cl.Context([device])
            self._queue = cl.CommandQueue(self._context)
            self._copies = self._queue if is_cpu else cl.CommandQueue(self._context)
        self.overlaps: bool = not is_cpu

    @contextmanager
    def _reports(self, what: str) -> Iterator[None]:
        """Turns what the driver complains about into DeviceFailure."""
        import pyopencl as cl

        if self._process != os.getpid():
            raise DeviceFailure(f"{self.name}: {_FORKED}")
        try:
            yield
        except (cl.Error, MemoryError) as error:
            self.failures += 1
            raise DeviceFailure(f"{self.name} could not {what}: {reason(error)}") from error

    # ---- Programs ----

    def program(self, entry: str, defines: tuple[str, ...] = ()) -> Program:
        """Machine.program."""
        import pyopencl as cl

        key = (entry, *defines)
        with self._reports(f"build {entry}"), self._building:
            if key not in self._programs:
                with warnings.catch_warnings():
                    # A compiler's remarks on texts that it accepts are nothing to the user.
                    warnings.simplefilter("ignore", cl.CompilerWarning)
                    built = self._build(_kernel_text.flatten(entry), defines)
                self._programs[key] = Program(built, entry)
            return self._programs[key]

    def _build(self, text: _kernel_text.Text, defines: tuple[str, ...]) -> Any:
        import pyopencl as cl

        options = [*_OPTIONS, *(f"-D{define}" for define in (*self._defines, *defines))]
        if self._keeps_builds:
            return self._compile(text, options)
        key = "opencl-" + _kernel_cache.key_of(self.title, self.driver, text.digest, *options)
        binary = _kernel_cache.load(key)
        if binary is not None:
            try:
                return cl.Program(self._context, [self._device], [binary]).build(options)
            except cl.Error:  # a driver need not take back what it gave
                pass
        built = self._compile(text, options)
        _kernel_cache.store(key, built.get_info(cl.program_info.BINARIES)[0])
        return built

    def _compile(self, text: _kernel_text.Text, options: list[str]) -> Any:
        import pyopencl as cl

        # Without pyopencl's cache, which runs what it finds as pickles, and waits for locks of the
        # dead.
        program: Any = cl.Program(self._context, text.source)
        return program.build(options, cache_dir=False)

    # ---- Memory ----

    def room(self, *sizes: int) -> int:
        """Machine.room."""
        return room(self.largest_buffer, self.memory, self.local_size, sizes)

    def buffer(self, size: int) -> Buffer:
        """Machine.buffer: new memory."""
        import pyopencl as cl

        with self._reports(f"lend {size} bytes of memory"):
            if size > self._most:  # some drivers lend it, and then fail
                raise MemoryError(
                    f"the driver lends {self._most} at a time (CL_DEVICE_MAX_MEM_ALLOC_SIZE)"
                )
            memory = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, max(size, 16))
        return _Buffer(memory, size)

    def upload(self, array: NDArray[Any]) -> Buffer:
        """Machine.upload."""
        buffer = self.buffer(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: NDArray[Any], at: int = 0) -> None:
        """Machine.write."""
        if array.nbytes:
            given = np.ascontiguousarray(array)
            with self._reports("take data"):
                self._copy(buffer.memory, given, buffer, dst_offset=at)

    def read(self, array: NDArray[Any], buffer: Buffer, at: int = 0) -> None:
        """Machine.read."""
        if array.nbytes:
            with self._reports("give data"):
                self._copy(array, buffer.memory, buffer, src_offset=at)

    def _copy(self, to: Any, source: Any, buffer: Buffer, **at: int) -> None:
        """Copies between here and a buffer, and waits for that."""
        import pyopencl as cl

        assert isinstance(buffer, _Buffer)
        before = [] if buffer.last is None or not self.overlaps else [buffer.last]
        cl.enqueue_copy(self._copies, to, source, is_blocking=True, wait_for=before, **at)

    def copy(self, to: Buffer, to_at: int, source: Buffer, source_at: int, size: int) -> None:
        """Machine.copy."""
        import pyopencl as cl

        if size:
            with self._reports("copy"):
                done = cl.enqueue_copy(
                    self._queue,
                    to.memory,
                    source.memory,
                    byte_count=size,
                    src_offset=source_at,
                    dst_offset=to_at,
                )
                _mark(done, to, source)
                self._queue.flush()

    def fill(self, buffer: Buffer, byte: int) -> None:
        """Machine.fill."""
        import pyopencl as cl

        if buffer.size:
            with self._reports("fill memory"):
                value, size = np.uint8(byte), buffer.size
                _mark(cl.enqueue_fill_buffer(self._queue, buffer.memory, value, 0, size), buffer)
                self._queue.flush()

    # ---- Work ----

    def launch(
        self, program: Program, kernel: str, n: int, *arguments: Buffer | int | np.generic
    ) -> None:
        """Machine.launch."""
        import pyopencl as cl

        if n == 0:
            return
        values = [
            each.memory
            if isinstance(each, Buffer)
            else np.uint32(each)
            if isinstance(each, int)
            else each
            for each in arguments
        ]
        lanes = -(-n // self.local_size) * self.local_size
        # A kernel's arguments are its state: what sets them starts it, before anyone else can.
        with self._reports(f"run {kernel}"), self._lock:
            if kernel not in program.kernels:
                program.kernels[kernel] = cl.Kernel(program.built, kernel)
            there = program.kernels[kernel]
            there.set_args(*values, np.uint32(n))
            done = cl.enqueue_nd_range_kernel(self._queue, there, (lanes,), (self.local_size,))
            _mark(done, *arguments)
            self._queue.flush()

    def finish(self) -> None:
        """Machine.finish."""
        with self._reports("finish"):
            self._queue.finish()


# ---- Which there are ----


_NO_PYOPENCL = "pyopencl is not installed: pip install 'verilane[opencl]'"
_NO_DRIVER = (
    "no OpenCL driver is installed: install that of the GPU, or PoCL, which runs on the CPU "
    "(pip install 'pyopencl[pocl]')"
)
_FORKED = "OpenCL does not survive a fork: start processes by 'spawn', or use it in children only"


def _list_devices() -> list[tuple[Found, Any]]:
    """Asks every driver. A broken one costs its own place in the list, not that of others."""
    # PoCL's other ways of making work-groups take from ten times to minutes longer to compile.
    os.environ.setdefault("POCL_WORK_GROUP_METHOD", "loops")
    try:
        import pyopencl as cl
    except ModuleNotFoundError:
        return [places.nothing(0, _NO_PYOPENCL)]
    except (ImportError, OSError) as error:  # the loader, libOpenCL, is missing or broken
        return [places.nothing(0, f"pyopencl can't be loaded: {reason(error)}")]
    try:
        platforms = cl.get_platforms()
    except cl.Error as error:
        missing = error.code == cl.status_code.PLATFORM_NOT_FOUND_KHR
        return [places.nothing(0, _NO_DRIVER if missing else reason(error))]
    found: list[tuple[Found, Any]] = []
    for platform in platforms:
        try:
            devices = platform.get_devices()
            found += [_place(len(found) + i, device) for i, device in enumerate(devices)]
        except cl.Error as error:
            found.append(places.nothing(len(found), f"a driver is broken: {reason(error)}"))
    return found or [places.nothing(0, _NO_DRIVER)]


def _place(number: int, device: Any) -> tuple[Found, Any]:
    name, title = f"opencl:{number}", " ".join(device.name.split())
    unfit = _unfit(device)
    if unfit is not None:
        return Found(name, title, 0, unfit), None
    import pyopencl as cl

    is_cpu = bool(device.type & cl.device_type.CPU)
    local = _LOCAL_SIZE_CPU if is_cpu else _LOCAL_SIZE_GPU
    lanes = min(local, device.max_work_group_size) * device.max_compute_units
    return Found(name, title, lanes, None), device


def _unfit(device: Any) -> str | None:
    """Returns why kernels can't run on a device, or None. They need OpenCL C 1.2 with 64-bit
    integers.
    """
    if not device.available:
        return "its driver says that it is not available"
    if not device.compiler_available:
        return "its driver has no compiler"
    if not device.endian_little:
        return "it is big-endian"
    if "FULL_PROFILE" not in device.profile:
        return "it has OpenCL's embedded profile only"
    version = device.opencl_c_version.split()[2]  # "OpenCL C <version> <vendor's text>"
    if tuple(int(part) for part in version.split(".")[:2]) < (1, 2):
        return f"it has OpenCL C {version}, and 1.2 is needed"
    return None


places = Places("opencl", _list_devices, Machine, _FORKED)
"""The devices that drivers list."""
