"""A device that does wrong on purpose, in the place of a device. Tests take the fixture
`faulty_kind`.
"""

from typing import Any

from faulty_device import Faulty
from verilane import _devices
from verilane._trust import Trusted

NAME = "faulty:0"


def installed(device: Faulty, **options: Any) -> Trusted:
    """Makes the device that NAME names this one. options: those of Trusted."""
    trusted = Trusted(device, **options)
    _devices._trusted[NAME, False] = trusted
    return trusted
