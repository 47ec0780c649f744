"""Proofs in the formats of chains and light clients, verified many at once: a verdict for each."""

from . import ics23 as ics23
from . import merkleblock as merkleblock

__all__ = ["ics23", "merkleblock"]
