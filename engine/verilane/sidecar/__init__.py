"""The sidecar: verification as a service of its own process, for nodes that would share one.

`verilane serve` runs it; `Client` asks it, and verifies here where it is told to and there is no
answer. verilane.proto is the contract, for clients in any language. It needs the extra "serve".
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import Client
    from .errors import SidecarUnavailable

__all__ = ["Client", "SidecarUnavailable"]

_HOME = {"Client": "client", "SidecarUnavailable": "errors"}
_LIBRARIES = ("google", "grpc", "grpc_health", "grpc_reflection", "prometheus_client")


def __getattr__(name: str) -> object:
    """Imports at first use, and says what is missing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise ModuleNotFoundError(
            f"the sidecar needs {error.name}: pip install 'verilane[serve]'", name=error.name
        ) from None
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
