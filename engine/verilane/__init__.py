"""Verilane verifies many signatures at once and hashes Merkle trees, on the vector lanes of the
CPU.

It handles public data only: nothing in it is constant time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import ed25519, hashes, merkle, p256, proofs, secp256k1, sm2, verifier
    from ._devices import Device, devices, use
    from ._prepared import PreparedKeys
    from ._verdicts import Verdict, Verdicts
    from .errors import (
        Busy,
        DeadlineExceeded,
        DeviceUnavailable,
        InternalError,
        InvalidSignature,
        MutatedTree,
        Shed,
        VerifierClosed,
        VerifierForked,
        VerilaneError,
    )
    from .verifier import Verifier

__version__ = "0.1.0"

__all__ = [
    "Busy",
    "DeadlineExceeded",
    "Device",
    "DeviceUnavailable",
    "InternalError",
    "InvalidSignature",
    "MutatedTree",
    "PreparedKeys",
    "Shed",
    "Verdict",
    "Verdicts",
    "Verifier",
    "VerifierClosed",
    "VerifierForked",
    "VerilaneError",
    "devices",
    "ed25519",
    "hashes",
    "merkle",
    "p256",
    "proofs",
    "secp256k1",
    "sm2",
    "use",
    "verifier",
]

_MODULES = {
    "_devices": ("Device", "devices", "use"),
    "_prepared": ("PreparedKeys",),
    "_verdicts": ("Verdict", "Verdicts"),
    "errors": (
        "Busy",
        "DeadlineExceeded",
        "DeviceUnavailable",
        "InternalError",
        "InvalidSignature",
        "MutatedTree",
        "Shed",
        "VerifierClosed",
        "VerifierForked",
        "VerilaneError",
    ),
    "verifier": ("Verifier",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Imports what is asked for at first use (PEP 562): NumPy alone takes 100 ms to load."""
    if name in ("ed25519", "hashes", "merkle", "p256", "proofs", "secp256k1", "sm2", "verifier"):
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
