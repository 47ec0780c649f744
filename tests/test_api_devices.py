"""What the Python API promises about devices and options, and what importing it takes."""

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

import verilane
from items import columns, honest_items
from verilane import _cpu, _cpu_signatures, _devices, devices, ed25519, sm2, use
from verilane.secp256k1 import ecdsa

OK = [item for item in honest_items() if item.verdict == 1][:8]
WRONG = [item for item in honest_items() if item.verdict == 5][:2]


# ---- Devices ----


def test_devices() -> None:
    names = [device.name for device in devices() if device.kind == "cpu"]
    expected = ["scalar", "portable", "sha-ni", "avx512", "avx2", "arm64-sha2"]
    assert names == [f"cpu:{name}" for name in expected]
    scalar = devices()[0]
    assert scalar.available
    assert scalar.missing is None
    assert scalar.signature_lanes == 1
    for device in devices():
        assert device.kind in ("cpu", "opencl", "cuda")
        assert device.name.startswith(f"{device.kind}:")
        assert device.available == (device.missing is None)
        assert device.signature_lanes or device.hash_lanes or device.missing
    assert devices()[3].signature_lanes == 8


def test_unknown_device_lists_what_there_is() -> None:
    for call in (
        lambda: use("gpu:7").__enter__(),
        lambda: ecdsa.verify_many([], [], [], device="gpu:7"),
    ):
        with pytest.raises(
            ValueError, match="no device is named 'gpu:7'; there are: cpu, cpu:scalar"
        ):
            call()
    with pytest.raises(TypeError, match="device"):
        ecdsa.verify_many([], [], [], device=3)  # type: ignore[arg-type]


def test_missing_device_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu, "missing", lambda isa: "no such unit" if isa == 3 else None)
    wanted = "cpu:avx512 is missing here: no such unit; there are: cpu, cpu:scalar"
    with pytest.raises(verilane.DeviceUnavailable, match=wanted):
        ecdsa.verify_many(*columns(OK), device="cpu:avx512")
    with pytest.raises(verilane.DeviceUnavailable, match=wanted), use("cpu:avx512"):
        pass
    assert ecdsa.verify_many(*columns(OK)).all_ok


@pytest.fixture
def isa_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ISA numbers that reach C."""
    seen: list[int] = []
    real = _cpu_signatures.ecdsa_verify

    def spy(*arguments: Any, **keywords: Any) -> Any:
        seen.append(keywords["isa"])
        return real(*arguments, **keywords)

    monkeypatch.setattr(_cpu_signatures, "ecdsa_verify", spy)
    return seen


def test_use_holds_for_its_block(isa_seen: list[int]) -> None:
    ecdsa.verify_many(*columns(OK))
    with use("cpu:scalar"):
        ecdsa.verify_many(*columns(OK))
        with use("cpu:portable"):
            ecdsa.verify_many(*columns(OK))
            ecdsa.verify_many(*columns(OK), device="cpu")
        ecdsa.verify_many(*columns(OK), device="cpu:portable")
        ecdsa.verify_many(*columns(OK))
    ecdsa.verify_many(*columns(OK))
    assert isa_seen == [-1, 0, 1, -1, 1, 0, -1]


def test_use_is_undone_by_an_exception(isa_seen: list[int]) -> None:
    with pytest.raises(KeyError), use("cpu:scalar"):
        raise KeyError
    ecdsa.verify_many(*columns(OK))
    assert isa_seen == [-1]


def test_use_does_not_reach_other_threads(isa_seen: list[int]) -> None:
    with use("cpu:scalar"):
        thread = threading.Thread(target=lambda: ecdsa.verify_many(*columns(OK)))
        thread.start()
        thread.join()
    assert isa_seen == [-1]


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_environment_variable() -> None:
    code = "from verilane import _devices; print(_devices.isa_of(None), _devices.isa_of('cpu'))"
    assert python(code, VERILANE_DEVICE="cpu:portable").stdout.split() == ["1", "-1"]
    assert python(code, VERILANE_DEVICE="").stdout.split() == ["-1", "-1"]
    wrong = python(code, VERILANE_DEVICE="cpu:mmx")
    assert wrong.returncode == 1
    assert "no device is named 'cpu:mmx'" in wrong.stderr


def test_selftest(isa: str) -> None:
    assert _cpu.selftest(_devices.isa_of(isa)) is True


# ---- Options ----


@pytest.mark.parametrize(
    ("scheme", "option", "there_are", "names"),
    [
        (ecdsa, "encoding", "compact, der, der-lax", ["DER", "fisco"]),
        (sm2, "encoding", "compact, der, fisco", ["der-lax", "Compact"]),
        (ed25519, "rule", "zip215, rfc8032, openssl, strict", ["ZIP215", "zip-215"]),
    ],
)
def test_an_unknown_choice_lists_what_there_is(
    scheme: Any, option: str, there_are: str, names: list[str]
) -> None:
    for wrong in (*names, "", None, 0, 1, ["der"], ["zip215"]):
        for call, part in ((scheme.verify_many, []), (scheme.verify, b"")):
            with pytest.raises(ValueError, match=f"there are: {there_are}"):
                call(part, part, part, **{option: wrong})


def test_threads_must_be_a_number() -> None:
    for wrong, error in [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)]:
        with pytest.raises(error, match="threads"):
            ecdsa.verify_many(*columns(OK), threads=wrong)  # type: ignore[arg-type]


def test_verify_at_interpreter_exit() -> None:
    """No new threads can start then: the caller does all the work."""
    item = OK[0]
    code = f"""
import atexit
from verilane.secp256k1 import ecdsa
columns = [[part] * 1000 for part in {(item.key, item.signature, item.digest)!r}]
atexit.register(lambda: print(ecdsa.verify_many(*columns, threads=2).all_ok))
"""
    result = python(code)
    assert (result.stdout.strip(), result.stderr) == ("True", "")


# ---- Importing ----


def test_import_needs_little() -> None:
    code = """
import sys
before = set(sys.modules)
import verilane
verilane.secp256k1, verilane.merkle, verilane.devices()
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print("verilane" in loaded, *sorted(loaded & {UNWANTED}))
"""
    unwanted = {"pyarrow", "typer", "rich", "click", "concurrent", "asyncio"}
    assert python(code.replace("UNWANTED", repr(unwanted)[1:-1])).stdout.split() == ["True"]
