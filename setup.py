"""Where the packages lie and how the wheel is tagged. Everything else is in pyproject.toml and
csrc/build_native.py.
"""

import platform
import sysconfig

from setuptools import setup

# One abi3 wheel serves every ordinary CPython; free-threaded builds and PyPy have no stable ABI.
abi3 = platform.python_implementation() == "CPython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

setup(
    package_dir={"": "engine", "verilane.kernels": "kernels"},
    packages=[
        "verilane",
        "verilane.cli",
        "verilane.merkle",
        "verilane.p256",
        "verilane.proofs",
        "verilane.secp256k1",
        "verilane.verifier",
        "verilane.kernels",
    ],
    package_data={
        "verilane": ["py.typed"],
        "verilane.kernels": ["*.h", "*/*.h", "*/*.inc", "*.inc", "*.cl"],
    },
    include_package_data=False,
    cffi_modules=["csrc/build_native.py:ffi"],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if abi3 else {},
)
