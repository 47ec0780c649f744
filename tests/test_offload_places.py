"""Signatures on devices in a process of their own, on those that are here, and by name."""

from typing import Any

import pytest

from faulty_place import NAME
from offload_items import WAYS, Way, codes
from verilane import (
    DeviceUnavailable,
    _devices,
    _machines,
    devices,
    secp256k1,
    use,
)

pytestmark = pytest.mark.usefixtures("faulty_kind")


# ---- In a process of its own ----


def test_a_child_process() -> None:
    for way in (WAYS[0], WAYS[3], WAYS[5]):
        rows = way.rows[:300]
        for strict in (False, True):
            with use(NAME, isolated=True, strict=strict):
                assert codes(way, rows) == [row.verdict for row in rows]
    trusted = _devices._trusted[NAME, True]
    assert trusted.missing is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("faulty:1", "its process is gone, by SIGSEGV"),
        ("faulty:2", "did not answer within 1 s"),
        ("faulty:3", "its process is gone, by SIGKILL"),
    ],
)
def test_a_child_that_dies(name: str, reason: str) -> None:
    rows = WAYS[0].rows[:100]
    with use(name, isolated=True):
        trusted = _devices.trusted_of(None)
        assert trusted is not None
        trusted.deadline = 1
        for _ in range(4):
            assert codes(WAYS[0], rows) == [row.verdict for row in rows]
    assert reason in str(trusted.missing)


def test_a_child_that_can_not_start() -> None:
    with use("faulty:9", isolated=True), pytest.raises(DeviceUnavailable, match="KeyError: 9"):
        codes(WAYS[0], WAYS[0].rows[:10])


# ---- Names ----


def test_names() -> None:
    for name in ("faulty:", "faulty:x", "faulty:-1"):
        with pytest.raises(ValueError, match="no device is named"):
            secp256k1.ecdsa.verify_many([], [], [], device=name)
        with pytest.raises(ValueError, match="no device is named"), use(name, isolated=True):
            pass
    with pytest.raises(TypeError), use(3):  # type: ignore[arg-type]
        pass


# ---- Devices that are here ----


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_on_a_device(way: Way, place: str) -> None:
    for strict in (False, True):
        rows = [*way.honest(250), *way.rows[:150]]
        with use(place, strict=strict):
            assert codes(way, rows) == [row.verdict for row in rows]
            trusted = _devices.trusted_of(place.partition(":")[0])
    assert trusted is _devices.trusted_of(place)
    assert trusted is not None
    assert trusted.missing is None
    found = next(device for device in devices() if device.name == place)
    assert found.available
    assert found.signature_lanes > 0
    trusted.quarantine("was put there by a test")
    found = next(device for device in devices() if device.name == place)
    assert found.missing == "in quarantine: it was put there by a test"


def test_a_device_in_a_process_of_its_own(place: str) -> None:
    rows = WAYS[0].rows[:300]
    with use(place, isolated=True):
        assert codes(WAYS[0], rows) == [row.verdict for row in rows]
    assert _devices._trusted[place, True].missing is None


def test_short_output_shows_on_a_device(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last kernel does not run: what was in the device's memory before comes back."""
    trusted = _devices.trusted_of(place)
    assert trusted is not None
    rows = WAYS[0].honest(100)
    kind = type(_machines.machine(place))
    launch = kind.launch

    def lazy(self: Any, program: Any, kernel: str, *rest: Any) -> None:
        if kernel != "affine":
            launch(self, program, kernel, *rest)

    assert codes(WAYS[0], rows, device=place) == [1] * 100
    monkeypatch.setattr(kind, "launch", lazy)
    assert codes(WAYS[0], rows, device=place) == [1] * 100
    assert trusted.missing == "left answers unwritten"
