"""The cffi builder of `verilane._native`; setup.py names it in cffi_modules."""

import os
import platform
import sysconfig
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
# setuptools takes paths relative to the project's root only.
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("csrc/**/*.c"))
HEADERS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("csrc", "kernels")
    for pattern in ("**/*.h", "**/*.inc")
    for path in ROOT.glob(f"{folder}/{pattern}")
)

PUBLIC = ["verilane.h", "verilane_verifier.h"]

ABI3 = platform.python_implementation() == "CPython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

# VERILANE_SANITIZE=address,undefined builds what `make sanitize` runs the tests on; bounds are
# checked there too.
SANITIZE = os.environ.get("VERILANE_SANITIZE")
if SANITIZE:
    CHECKED = ["-O1", "-g", "-DVERIFY", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
    FLAGS = [*CHECKED, f"-fsanitize={SANITIZE}"]
else:
    FLAGS = ["-O3", "-g0"]


def declarations(name: str) -> str:
    """Returns the part of a public header that cffi reads: declarations between two marks, no
    preprocessor.
    """
    header = (ROOT / "csrc" / name).read_text(encoding="utf-8")
    _, begun, rest = header.partition("/* VL_CDEF_BEGIN */")
    text, ended, _ = rest.partition("/* VL_CDEF_END */")
    if not (begun and ended):
        raise RuntimeError(f"csrc/{name} lacks its VL_CDEF marks")
    return text


ffi = FFI()
for name in PUBLIC:
    ffi.cdef(declarations(name))
ffi.set_source(
    "verilane._native",
    "".join(f'#include "{name}"\n' for name in PUBLIC),
    sources=SOURCES,
    depends=HEADERS,
    include_dirs=["csrc", "kernels"],
    extra_compile_args=["-std=c11", *FLAGS],
    extra_link_args=["-pthread", *([f"-fsanitize={SANITIZE}"] if SANITIZE else [])],
    py_limited_api=ABI3,
)
