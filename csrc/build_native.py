"""The cffi builder of `verilane._native`; setup.py names it in cffi_modules."""

import platform
import sysconfig

from build_library import (
    FLAGS,
    HEADERS,
    INCLUDES,
    PUBLIC,
    ROOT,
    SOURCES,
    declarations,
    extension_link_flags,
)
from cffi import FFI

ABI3 = platform.python_implementation() == "CPython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

# What C programs have, and what the package asks for beside it.
READ = [*PUBLIC, ROOT / "csrc" / "binding.h"]

ffi = FFI()
for header in READ:
    ffi.cdef(declarations(header))
# The rest of C is in the archive that build_library.py makes: setuptools links it in.
ffi.set_source(
    "verilane._native",
    "".join(f'#include "{header.name}"\n' for header in READ),
    depends=[*SOURCES, *HEADERS],
    include_dirs=INCLUDES,
    extra_compile_args=FLAGS,
    extra_link_args=extension_link_flags(),
    py_limited_api=ABI3,
)
