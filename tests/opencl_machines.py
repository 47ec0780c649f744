"""OpenCL devices, each newly opened: what a test does to one stays with the test."""

import pytest

from verilane import _opencl

NAMES = [place.name for place in _opencl.places.found()]


def opened(name: str) -> _opencl.Machine:
    """Opens a device of NAMES; skips where it is missing, with the reason."""
    place, device = next(each for each in _opencl.places.all() if each[0].name == name)
    if place.missing is not None:
        pytest.skip(f"{place.name}: {place.missing}")
    return _opencl.Machine(place.name, device)
