"""Which CUDA devices there are, as numba-cuda shows them.

numba-cuda is imported when a device is first looked for, and only where there is a driver. A device
is named "cuda:0", "cuda:1" and so on, in the driver's order. What the driver complains about later
comes out as DeviceFailure with the reason.
"""

from ctypes import CDLL
from importlib.util import find_spec
from typing import Any

from ._cuda_compiler import nvrtc_of
from ._cuda_machine import FORKED, LOCAL_SIZE, Machine, errors, title_of
from ._machine import Found, Places, reason

__all__ = ["Machine", "places"]

_LIBRARY = "libcuda.so.1"

_NO_NUMBA = "numba-cuda is not installed: pip install 'verilane[cuda]'"
_NO_DRIVER = f"no NVIDIA driver is installed: there is no {_LIBRARY}"
_NO_GPU = "the driver lists no GPU"
# A driver takes what a compiler of its own age or older gives.
_TOO_OLD = (
    "the driver is for CUDA {0}.{1}, and NVRTC is of CUDA {2}: update the driver, or "
    "pip install 'numba-cuda[cu{0}]'"
)
_SIMULATOR = "numba simulates CUDA in this process: unset NUMBA_ENABLE_CUDASIM"


def _list_devices() -> list[tuple[Found, Any]]:
    missing = _why_not()
    if missing is not None:
        return [places.nothing(0, missing)]
    try:
        from numba import cuda
        from numba.core import config
        from numba.cuda.cudadrv.driver import driver

        version, architectures = nvrtc_of()
    except Exception as error:  # whatever it is, there are other devices
        return [places.nothing(0, f"numba-cuda, or NVRTC, can't be loaded: {reason(error)}")]
    if config.ENABLE_CUDASIM:
        return [places.nothing(0, _SIMULATOR)]
    try:
        major, minor = driver.get_version()
        if major < int(version.partition(".")[0]):
            return [places.nothing(0, _TOO_OLD.format(major, minor, version))]
        found = [_place(i, gpu, version, architectures) for i, gpu in enumerate(cuda.gpus)]
    except errors() as error:
        no_gpu = "CUDA_ERROR_NO_DEVICE" in str(error)
        return [places.nothing(0, _NO_GPU if no_gpu else f"the driver is broken: {reason(error)}")]
    return found or [places.nothing(0, _NO_GPU)]


def _why_not() -> str | None:
    """Returns why numba-cuda, which takes a second to load, need not be; or None."""
    if find_spec("numba_cuda") is None:
        return _NO_NUMBA
    try:
        CDLL(_LIBRARY)
    except OSError as error:
        broken = "No such file" not in str(error)
        return f"the driver can't be loaded: {reason(error)}" if broken else _NO_DRIVER
    return None


def _place(number: int, gpu: Any, version: str, architectures: list[int]) -> tuple[Found, Any]:
    name, (major, minor) = f"cuda:{number}", gpu.compute_capability
    if 10 * major + minor not in architectures:
        unfit = (
            f"it has compute capability {major}.{minor}, for which NVRTC {version} does not compile"
        )
        return Found(name, title_of(gpu), 0, unfit), None
    return Found(name, title_of(gpu), LOCAL_SIZE * gpu.MULTIPROCESSOR_COUNT, None), gpu


places = Places("cuda", _list_devices, Machine, FORKED)
"""The devices that the driver lists."""
