"""A CUDA driver without a GPU (tests/native/fake_cuda.c), for processes that are started with
`environment()`.

numba-cuda, NVRTC and the cubins that it makes are real; what a cubin would compute is computed by
the same kernel text as plain C, with the carry chains emulated. `install` sees to it that every
cubin has its plain C beside it.
"""

import ctypes
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from native_library import INCLUDES, ROOT, _compiler, built

PROGRAMS = ROOT / "build" / "native" / "cuda"

# A kernel is known by its name; what comes after it are its parameters.
_HEAD = '#include "lang.h"\n#undef KERNEL\n#define KERNEL A_KERNEL void\n#include "{entry}"\n'
_KERNEL = re.compile(r"A_KERNEL void (\w+)\(([^)]*)\)")


def missing() -> str | None:
    """Why it can't be had here, or None."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        return "NVIDIA has wheels for Linux on x86-64"
    absent = [name for name in ("numba_cuda", "nvidia") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


@cache
def driver() -> Path:
    """The folder of libcuda.so.1."""
    path = built("fake_cuda.c", flags=("-Wl,-soname,libcuda.so.1", "-ldl", "-lpthread"))
    folder = PROGRAMS / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    _link(folder / "libcuda.so.1", path)
    return folder


def environment(**more: str) -> dict[str, str]:
    """What a process has to be started with. more: settings of tests/native/fake_cuda.c."""
    folder = str(driver())
    before = os.environ.get("LD_LIBRARY_PATH")
    paths = folder if before is None else f"{folder}:{before}"
    return {**os.environ, "LD_LIBRARY_PATH": paths, "FAKE_CUDA_PROGRAMS": folder, **more}


def install() -> None:
    """Gives every cubin of this process its plain C, before it is loaded."""
    from verilane import _cuda_machine

    image_of = _cuda_machine.Machine._image
    name_of = ctypes.CDLL("libcuda.so.1").fake_cuda_name

    def image(self: Any, text: Any, defines: tuple[str, ...]) -> bytes:
        made = image_of(self, text, defines)
        name = ctypes.create_string_buffer(17)
        name_of(name, made)
        place = Path(os.environ["FAKE_CUDA_PROGRAMS"]) / f"{name.value.decode()}.so"
        _link(place, program(text.entry, text.source, defines))
        return made

    _cuda_machine.Machine._image = image  # type: ignore[method-assign]


def program(entry: str, source: str, defines: tuple[str, ...]) -> Path:
    """The kernels of a flattened text as plain C."""
    text = PROGRAMS / f"{hashlib.sha256(source.encode()).hexdigest()[:32]}.{entry}"
    _write(text, source)
    runs = text.with_suffix(".runs.h")
    _write(runs, "".join(map(_run, *zip(*kernels(text, defines), strict=True))))
    return built("cuda_kernels.c", f'ENTRY="{text}"', f'RUNS="{runs}"', "EMULATE_PTX", *defines)


def kernels(text: Path, defines: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """The kernels' names and the types of their parameters."""
    options = [f"-D{define}" for define in ("EMULATE_PTX", *defines)]
    command = [*shlex.split(_compiler()), "-E", "-P", *options, *INCLUDES, "-xc", "-"]
    given = _HEAD.format(entry=text)
    done = subprocess.run(
        command, cwd=ROOT, input=given, capture_output=True, text=True, check=True
    )
    found = _KERNEL.findall(done.stdout)
    return [(name, [_type(each) for each in parameters.split(",")]) for name, parameters in found]


def _type(parameter: str) -> str:
    return parameter.strip().rstrip("_" + "".join(map(chr, range(97, 123))) + "0123456789")


def _run(kernel: str, types: list[str]) -> str:
    arguments = ", ".join(f"*({each} *)arguments[{i}]" for i, each in enumerate(types))
    sizes = ", ".join(f"sizeof({each})" for each in types)
    return f"RUN({kernel}, ({arguments}), {sizes}, 0)\n"


def _write(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        mine.write_text(text)
        mine.replace(path)


def _link(place: Path, to: Path) -> None:
    mine = place.with_name(f"{place.name}.{os.getpid()}")
    mine.unlink(missing_ok=True)
    mine.symlink_to(to)
    mine.replace(place)
