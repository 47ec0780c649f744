"""Who may depend on whom (DESIGN: schemes -> devices -> _cpu -> csrc -> kernels), read from the
sources.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "engine" / "verilane"
# What every signature scheme may import.
SCHEME = {
    "_choice",
    "_columns",
    "_cpu_keys",
    "_cpu_signatures",
    "_cpu_terms",
    "_devices",
    "_items",
    "_offload",
    "_pool",
    "_prepared",
    "_verdicts",
}
# What each module of the package may import from it; a folder stands for the modules in it.
PYTHON_LAYERS = {
    "__init__": {
        "_devices",
        "_prepared",
        "_verdicts",
        "ed25519",
        "errors",
        "hashes",
        "merkle",
        "p256",
        "proofs",
        "secp256k1",
        "sm2",
        "verifier",
    },
    "__main__": {"cli"},
    "clib": set(),
    "_verdicts": set(),
    "errors": {"_verdicts"},
    "_columns": set(),
    "_prepared": {"_columns", "_verdicts"},
    "_items": {"_columns", "_verdicts", "errors"},
    "_cpu": {"_columns", "_native", "errors"},
    "_cpu_keys": {"_columns", "_cpu", "_native"},
    "_cpu_proofs": {"_columns", "_cpu", "_native"},
    "_cpu_items": {"_columns", "_cpu", "_native"},
    "_cpu_light": {"_cpu", "_native"},
    "_cpu_signatures": {"_columns", "_cpu", "_native"},
    "_cpu_trees": {"_columns", "_cpu", "_native"},
    "_cpu_loans": {"_columns", "_cpu_verifier", "_native"},
    "_cpu_verifier": {"_columns", "_cpu", "_cpu_signatures", "_native", "errors"},
    "_device_hashes": {"_columns", "_cpu", "_machine", "_machines", "errors"},
    "_device_nodes": {"_machine"},
    "_device_child": {"errors"},
    "_device_worker": set(),
    "_devices": {"_cpu", "_device_child", "_machine", "_machines", "_trust", "errors", "_points"},
    "_cpu_terms": {"_columns", "_cpu", "_native"},
    "_known_points": {"_cpu", "_cpu_terms"},
    "_samples": {"_cpu", "_cpu_terms", "_known_points"},
    "_recovery": {
        "_columns",
        "_cpu_signatures",
        "_cpu_terms",
        "_items",
        "_offload",
        "_trust",
    },
    "_rates": {"", "_cpu", "_kernel_cache"},
    "_background": {"_rates"},
    "_choice": {
        "_background",
        "_cpu_terms",
        "_device_worker",
        "_devices",
        "_offload",
        "_pool",
        "_rates",
        "_trust",
        "errors",
        "_points",
    },
    "_calibration": {
        "_cpu_terms",
        "_devices",
        "_pool",
        "_rates",
        "_samples",
        "_trust",
        "_verdicts",
        "ed25519",
        "errors",
        "merkle",
        "p256",
        "secp256k1",
        "sm2",
        "_points",
    },
    "_offload": {"_columns", "_cpu", "_cpu_terms", "_items", "_pool", "_trust"},
    "_device_points": {"_device_curves", "_kernel_cache", "_kernel_text", "_machines"},
    "_trust": {"_cpu_terms", "_device_worker", "_known_points", "errors", "_points"},
    "_points": set(),
    "_kernel_text": set(),
    "_kernel_cache": set(),
    "_machine": {"errors"},
    "_machines": {"_cuda", "_machine", "_opencl"},
    "_opencl": {"_kernel_cache", "_kernel_text", "_machine", "errors"},
    "_cuda": {"_cuda_compiler", "_cuda_machine", "_machine"},
    "_cuda_compiler": {"_kernel_text"},
    "_cuda_machine": {"_cuda_compiler", "_kernel_cache", "_kernel_text", "_machine", "errors"},
    "_fixed_base": set(),
    "_device_curves": {"_fixed_base", "_machine"},
    "_pool": {"_cpu"},
    "ed25519": SCHEME,
    "_ecdsa": SCHEME,
    "p256": {"_ecdsa", "p256"},
    "secp256k1": SCHEME | {"_cpu_items", "_ecdsa", "_recovery", "errors", "secp256k1"},
    "sm2": SCHEME,
    "hashes": {"_columns", "_cpu", "_device_hashes", "_devices", "_pool"},
    "merkle": {
        "_columns",
        "_cpu",
        "_cpu_proofs",
        "_cpu_trees",
        "_device_hashes",
        "_device_nodes",
        "_devices",
        "_items",
        "_pool",
        "_verdicts",
        "errors",
        "merkle",
    },
    "proofs": {
        "_columns",
        "_cpu_proofs",
        "_cpu",
        "_cpu_light",
        "_devices",
        "_items",
        "_pool",
        "_verdicts",
        "merkle",
        "errors",
        "proofs",
    },
    "benchmark": {
        "",
        "_devices",
        "_native",
        "benchmark",
        "ed25519",
        "merkle",
        "p256",
        "secp256k1",
        "sm2",
    },
    "nodes": {
        "_columns",
        "_cpu",
        "_cpu_items",
        "_cpu_signatures",
        "_devices",
        "_verdicts",
        "errors",
        "hashes",
        "nodes",
        "secp256k1",
    },
    "sidecar": {
        "",
        "_columns",
        "_devices",
        "_items",
        "_pool",
        "_verdicts",
        "errors",
        "sidecar",
        "sm2",
        "verifier",
    },
    "verifier": {
        "_choice",
        "_columns",
        "_cpu_loans",
        "_cpu_terms",
        "_cpu_verifier",
        "_devices",
        "_items",
        "_offload",
        "_pool",
        "_trust",
        "_verdicts",
        "ed25519",
        "errors",
        "p256",
        "secp256k1",
        "sm2",
        "verifier",
    },
    "cli": {
        "",
        "_calibration",
        "benchmark",
        "_cpu",
        "_cpu_trees",
        "_device_hashes",
        "_devices",
        "_rates",
        "_verdicts",
        "cli",
        "ed25519",
        "errors",
        "hashes",
        "merkle",
        "p256",
        "secp256k1",
        "sidecar",
        "sm2",
    },
}
# The only third-party modules; the rest is the standard library.
THIRD_PARTY = {
    "_columns": {"numpy", "pyarrow", "typing_extensions"},
    "_opencl": {"numpy", "pyopencl"},
    "_cuda": {"cuda", "numba"},
    "_cuda_compiler": {"cuda"},
    "_cuda_machine": {"cuda", "numba", "numpy"},
    "benchmark": {"coincurve", "cryptography", "matplotlib", "nacl", "numpy", "tongsuopy"},
    "cli": {"numpy", "pyarrow", "rich", "typer"},
    "nodes": {"eth_hash", "eth_keys", "numpy", "rlp"},
    "sidecar": {
        "google",
        "grpc",
        "grpc_health",
        "grpc_reflection",
        "numpy",
        "prometheus_client",
    },
    "verifier": {"numpy", "prometheus_client"},
}
OUTSIDE = {"cffi"}.union(*THIRD_PARTY.values())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    """The key of PYTHON_LAYERS that a file of the package falls under."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every import in a file: the first part of the name, and whether it is the package's own."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (split(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield split(node.module or "")
        elif isinstance(node, ast.ImportFrom):
            parts = path.relative_to(PACKAGE).parts[: depth - node.level]
            inside = [*parts, *(node.module or "").split(".")]
            for alias in node.names:
                full = [part for part in [*inside, alias.name] if part]
                yield own(full), True


def split(name: str) -> tuple[str, bool]:
    first, _, rest = name.partition(".")
    return (rest.partition(".")[0], True) if first == "verilane" else (first, False)


def own(parts: list[str]) -> str:
    """The module that `from .parts import name` loads; "" for a name of the package itself."""
    return parts[0] if parts[0] in (*PYTHON_LAYERS, "_native") else ""


PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_python_imports_point_down(path: Path) -> None:
    module = module_of(path)
    assert module in PYTHON_LAYERS, (
        f"{name_of(path)} has no layer: say in PYTHON_LAYERS what it may import"
    )
    found = list(imports(path))
    inner = {name for name, is_own in found if is_own} - {module}
    assert inner <= PYTHON_LAYERS[module], (
        f"{module} may not import {inner - PYTHON_LAYERS[module]}"
    )
    outer = {name for name, is_own in found if not is_own} & OUTSIDE
    assert outer <= THIRD_PARTY.get(module, {"numpy"}), f"{module} may not import {outer}"


def test_every_layer_is_there() -> None:
    assert {module_of(path) for path in PYTHON_FILES} == set(PYTHON_LAYERS)


def test_every_package_is_in_the_wheel() -> None:
    """setup.py lists them; what it forgets works where it lies, and is missing once installed."""
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    listed = re.findall(r'"([\w.]+)"', text[text.index("packages=[") : text.index("package_data=")])
    folders = {path.parent.relative_to(PACKAGE.parent) for path in PYTHON_FILES}
    assert set(listed) == {".".join(each.parts) for each in folders} | {"verilane.kernels"}
