"""Proofs in the formats of chains and light clients, verified many at once: a verdict for each."""

from . import ics23

__all__ = ["ics23"]
