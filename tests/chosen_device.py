"""A device that this process has measured, for the tests of _choice."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from offload_items import WAYS, Way
from paced_device import NAME, Paced
from verilane import (
    _choice,
    _devices,
    _samples,
)
from verilane._choice import CURVES, Chooser
from verilane._trust import Trusted

SECP = WAYS[0]


class Clock:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def chooser() -> Chooser:
    assert _choice._one is not None
    return _choice._one


def learn(device: Paced, verify: Callable[..., Any]) -> None:
    """Has the device meet its questions before: then it is as fast as it says. No launch of it is
    counted.
    """
    stalls, device.stalls = device.stalls, []
    start, each, device.start, device.each = device.start, device.each, 0.0, 0.0
    _devices._trusted[NAME, False] = Trusted(device)
    verify(device=NAME)
    device.start, device.each, device.stalls = start, each, stalls
    device.launches.clear()


def open_for(way: Way) -> None:
    """Opens the device as a first batch does, and waits for it."""
    (candidate,) = chooser()._candidates
    chooser()._open(candidate, CURVES[way.scheme])
    assert candidate.trusted is not None and not candidate.refused
    paced = candidate.trusted.points
    assert isinstance(paced, Paced)
    paced.launches.clear()


def many(n: int) -> tuple[list[Any], list[int]]:
    """Columns of n items, one in a hundred of which is not valid, and their verdicts."""
    keys, signatures, digests = _samples.samples("secp256k1.ecdsa").repeated(n)
    digests = digests.copy()
    digests[::100, 5] ^= 1
    verdicts = np.ones(n, int)
    verdicts[::100] = 5
    return [keys, signatures, digests], verdicts.tolist()
