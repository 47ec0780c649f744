"""What the schemes have in common: one item's bytes on the way in, verdict codes on the way out."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._columns import BytesLike
from ._verdicts import Verdict, Verdicts
from .errors import InternalError, InvalidSignature

__all__ = ["KEYS_PER_CORE", "LANES", "OK", "SIGNATURES_PER_CORE", "decided", "demand_ok", "item"]

# Fewer signatures than this are not worth another core, since waking a thread takes 50 to 100 us.
# On two cores with AVX-512, n = 128 runs 1.4 times as fast as on one, n = 512 1.6 times.
SIGNATURES_PER_CORE = 64
# Decoding a key takes a fifth of the time of a verification.
KEYS_PER_CORE = 512
# Parts are multiples of the widest lanes, so that at most one part leaves lanes empty.
LANES = 8

OK = int(Verdict.OK)
_CODES = bytes(set(Verdict) - {Verdict.UNDECIDED})


def item(name: str, value: BytesLike) -> bytes:
    """Returns one item as bytes. Raises TypeError for what is not bytes-like."""
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"{name}: expected bytes, got {type(value).__name__}") from None


def decided(codes: NDArray[np.uint8]) -> Verdicts:
    """Returns the verdicts; one that was never written, or that does not exist, is our own
    fault.
    """
    if codes.tobytes().translate(None, _CODES):
        wrong = int(np.flatnonzero((codes < OK) | (codes > max(Verdict)))[0])
        raise InternalError(
            f"item {wrong} was left with the code {codes[wrong]}: no verdict is given"
        )
    return Verdicts(codes)


def demand_ok(
    verify: Callable[..., int], names: tuple[str, ...], items: tuple[Any, ...], *options: Any
) -> None:
    """Raises InvalidSignature with the verdict that `verify(*items, *options)` returns, unless that
    is OK. names: of the items, for errors.
    """
    try:
        verdict = verify(*items, *options)
    except (TypeError, ValueError, BufferError):  # what C can't read in place: arrays with strides
        verdict = verify(*map(item, names, items), *options)
    if verdict != OK:
        raise InvalidSignature(decided(np.array([verdict], np.uint8))[0])
