"""What the sidecar's two ends raise."""

from ..errors import VerilaneError

__all__ = ["BadSetup", "Refused", "SidecarUnavailable"]


class SidecarUnavailable(VerilaneError, ConnectionError):
    """No sidecar answered in time, or none that can be believed; the text says why. No verdict was
    given.
    """


class Refused(VerilaneError, ValueError):
    """A batch breaks the contract, or a limit; the text says how."""


class BadSetup(VerilaneError, RuntimeError):
    """The server can't start as it was told to; the text says why, in one line."""
