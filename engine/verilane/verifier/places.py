"""Where a verifier's large batches may go, beside the CPU's workers."""

import logging
from typing import Protocol

from .. import _choice
from .._choice import LEAST, Asked
from .._cpu_terms import CURVES
from .._devices import is_automatic, is_strict, trusted_of
from .._offload import BLOCK
from .._trust import Trusted
from ..errors import DeviceUnavailable
from .rules import Rules

__all__ = ["Measured", "Named", "Place", "places_of"]

_log = logging.getLogger("verilane")

# So many times fewer of a batch's items may come to the device: the rest is known, or has faults.
_FEWER = 16


class Place(Protocol):
    """Asked by one thread."""

    name: str | None
    """The device argument of verify_many."""

    def least(self, rules: Rules) -> int:
        """Returns how many items under these rules have to wait together; 0: never enough."""

    def part(self, rules: Rules, n: int) -> int:
        """Returns how many of n items the device should have now. It is ready for them; where it
        was not, this took what it takes (no item waits for it), or is 0.
        """

    def is_gone(self) -> bool:
        """Whether it will never be of use any more."""


def places_of(device: str | None) -> list[Place]:
    """Returns what a device argument stands for: nothing for the CPU; else one place for each
    device. Raises as trusted_of does.
    """
    if is_automatic(device):
        return [Measured() for _ in range(_choice.chooser().devices)]
    trusted = trusted_of(device)
    return [] if trusted is None else [Named(trusted, is_strict())]


def _summable(rules: Rules) -> bool:
    """Whether random sums can check points: for Ed25519 under ZIP215, and on secp256k1."""
    return rules.scheme.startswith("secp256k1") or (
        rules.scheme == "ed25519" and rules.rule == "zip215"
    )


class Measured:
    """Whichever device is expected to be done first, by what was measured (_choice.py)."""

    name: str | None = None

    def least(self, rules: Rules) -> int:
        """As of Place."""
        return _choice.chooser().least(self._asked(rules, 0))

    def part(self, rules: Rules, n: int) -> int:
        """As of Place. Devices are opened in the background."""
        return min(_choice.chooser().part(self._asked(rules, n)), BLOCK)

    def is_gone(self) -> bool:
        """As of Place. A chooser leaves devices alone for a while only."""
        return False

    @staticmethod
    def _asked(rules: Rules, n: int) -> Asked:
        return Asked(rules.scheme, n, None, _summable(rules))


class Named:
    """The device that somebody named."""

    def __init__(self, trusted: Trusted, strict: bool) -> None:
        self.name: str | None = trusted.name
        self._trusted, self._strict = trusted, strict

    def least(self, rules: Rules) -> int:
        """As of Place. strict: never for what no sum can prove."""
        return 0 if self._strict and not _summable(rules) else LEAST

    def part(self, rules: Rules, n: int) -> int:
        """As of Place: all of them. The first time it waits for known answers."""
        trusted, curve = self._trusted, CURVES[rules.scheme]
        if trusted.hangs():
            return 0
        try:
            if not trusted.open(curve):
                return 0
            self._try(curve, min(n, BLOCK, trusted.room(curve)))
        except DeviceUnavailable as error:
            _log.warning("%s: the CPU goes on alone", error)
            return 0
        return min(n, BLOCK) if trusted.usable else 0

    def _try(self, curve: str, n: int) -> None:
        """Known answers of the sizes that launches of n items and of fewer have."""
        for bits in range(max(1, LEAST // _FEWER).bit_length(), n.bit_length() + 1):
            size = min(n, (1 << bits) - 1)
            if not self._trusted.is_tried(curve, size):
                self._trusted.try_at(curve, size)

    def is_gone(self) -> bool:
        """As of Place: in quarantine."""
        return not self._trusted.usable
