"""Where the packages lie and how the wheel is tagged. Everything else is in pyproject.toml,
csrc/build_library.py and csrc/build_native.py.
"""

import platform
import sys
import sysconfig
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parent / "csrc"))

from build_library import LIBRARY, BuildLibrary

# One abi3 wheel serves every ordinary CPython; free-threaded builds and PyPy have no stable ABI.
abi3 = platform.python_implementation() == "CPython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

setup(
    package_dir={"": "engine", "verilane.kernels": "kernels"},
    packages=[
        "verilane",
        "verilane.benchmark",
        "verilane.cli",
        "verilane.merkle",
        "verilane.nodes",
        "verilane.p256",
        "verilane.proofs",
        "verilane.proofs.ics23",
        "verilane.secp256k1",
        "verilane.sidecar",
        "verilane.verifier",
        "verilane.kernels",
    ],
    package_data={
        "verilane": ["py.typed"],
        "verilane.sidecar": ["verilane.proto", "*.pyi"],
        "verilane.kernels": ["*.h", "*/*.h", "*/*.inc", "*.inc", "*.cl"],
    },
    include_package_data=False,
    libraries=[LIBRARY],
    cmdclass={"build_clib": BuildLibrary},
    cffi_modules=["csrc/build_native.py:ffi"],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if abi3 else {},
)
