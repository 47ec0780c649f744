"""What the Python API promises beside right verdicts: types, names, exceptions, devices,
threads.
"""

import copy
import inspect
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import verilane
from items import Item, honest_items
from verilane import Verdict, Verdicts, _cpu, _cpu_signatures, _devices, devices, use
from verilane.secp256k1 import ecdsa

OK = [item for item in honest_items() if item.verdict == 1][:8]
WRONG = [item for item in honest_items() if item.verdict == 5][:2]


def columns(items: list[Item]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    return [i.key for i in items], [i.signature for i in items], [i.digest for i in items]


def recoverable(item: Item) -> bytes:
    """The item's signature with the recovery id that gives back its key."""
    key = item.key if len(item.key) == 64 else item.key[1:]
    for recovery_id in range(4):
        signature = item.signature + bytes([recovery_id])
        keys, _ = ecdsa.recover_many([signature], [item.digest])
        if keys[0].tobytes()[: len(key)] == key:
            return signature
    raise AssertionError("no recovery id gives the key back")


# ---- Names and signatures that the issue fixes ----


def options(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def test_signatures() -> None:
    assert options(ecdsa.verify_many) == {
        "encoding": "compact",
        "low_s": False,
        "hybrid_keys": False,
        "key_form": "any",
        "device": None,
        "threads": None,
    }
    assert options(ecdsa.recover_many) == {
        "low_s": False,
        "parity_ids": False,
        "device": None,
        "threads": None,
    }
    assert list(inspect.signature(ecdsa.verify_many).parameters)[:3] == [
        "keys",
        "signatures",
        "digests",
    ]
    assert list(inspect.signature(ecdsa.recover_many).parameters)[:2] == ["signatures", "digests"]


def test_public_names() -> None:
    for name in verilane.__all__:
        assert getattr(verilane, name) is not None
    assert set(verilane.__all__) <= set(dir(verilane))
    with pytest.raises(AttributeError, match="no_such_name"):
        verilane.no_such_name  # noqa: B018


def test_verdict_codes_are_fixed() -> None:
    assert {verdict.name: int(verdict) for verdict in Verdict} == {
        "UNDECIDED": 0,
        "OK": 1,
        "BAD_KEY": 2,
        "BAD_SIGNATURE": 3,
        "BAD_MESSAGE": 4,
        "MISMATCH": 5,
    }


# ---- Verdict and Verdicts ----


def test_no_truth_value() -> None:
    verdicts = ecdsa.verify_many(*columns(OK))
    with pytest.raises(TypeError, match="all_ok"):
        bool(verdicts)
    for verdict in Verdict:
        with pytest.raises(TypeError, match=r"Verdict\.OK"):
            bool(verdict)
    with pytest.raises(TypeError):
        assert verdicts[0]


def test_verdict_prints_its_name() -> None:
    assert (str(Verdict.BAD_KEY), f"{Verdict.BAD_KEY:>8}") == ("BAD_KEY", " BAD_KEY")
    assert all(verdict.reason for verdict in Verdict)
    assert pickle.loads(pickle.dumps(Verdict.OK)) is Verdict.OK
    assert copy.deepcopy(Verdict.OK) is Verdict.OK


def test_verdicts_are_a_sequence() -> None:
    items = [OK[0], WRONG[0], OK[1], WRONG[1]]
    verdicts = ecdsa.verify_many(*columns(items))
    assert len(verdicts) == 4
    assert not verdicts.all_ok
    assert verdicts.failed.tolist() == [1, 3]
    assert list(verdicts) == [Verdict.OK, Verdict.MISMATCH, Verdict.OK, Verdict.MISMATCH]
    assert verdicts[1] is Verdict.MISMATCH
    assert verdicts[-2] is Verdict.OK
    assert isinstance(verdicts[1:], Verdicts)
    assert list(verdicts[::2]) == [Verdict.OK, Verdict.OK]
    assert verdicts[::2].all_ok
    assert verdicts == ecdsa.verify_many(*columns(items))
    assert verdicts != verdicts[:2]
    assert verdicts != [1, 5, 1, 5]
    assert verdicts.count(Verdict.MISMATCH) == 2
    assert verdicts.counts() == {Verdict.OK: 2, Verdict.MISMATCH: 2}
    assert repr(verdicts) == "<Verdicts: 4 items: 2 OK, 2 MISMATCH>"
    assert repr(verdicts[::2]) == "<Verdicts: 2 of 2 OK>"
    for index in (4, -5):
        with pytest.raises(IndexError):
            verdicts[index]


def test_codes_are_read_only() -> None:
    verdicts = ecdsa.verify_many(*columns(WRONG))
    assert verdicts.codes.dtype == np.uint8
    assert verdicts.numpy() is verdicts.codes
    with pytest.raises(ValueError, match="read-only"):
        verdicts.codes[0] = 1
    assert verdicts[0] is Verdict.MISMATCH


@pytest.mark.parametrize("left", [0, 6, 255])
def test_an_undecided_verdict_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Whatever C leaves behind, only verdicts get out."""

    def broken(verdicts: Any, *_: Any, **__: Any) -> Callable[[int, int], None]:
        def work(start: int, stop: int) -> None:
            verdicts[start:stop] = 1
            verdicts[stop - 1] = left

        return work

    monkeypatch.setattr(_cpu_signatures, "ecdsa_verify", broken)
    monkeypatch.setattr(_cpu_signatures, "ecdsa_verify_one", lambda *_: left)
    with pytest.raises(verilane.InternalError, match=f"item 7 was left with the code {left}"):
        ecdsa.verify_many(*columns(OK), threads=1)
    with pytest.raises(verilane.InternalError):
        ecdsa.verify(OK[0].key, OK[0].signature, OK[0].digest)


@pytest.mark.parametrize("error", [-1, -3, -99])
def test_an_error_of_c_is_an_internal_error(error: int) -> None:
    with pytest.raises(verilane.InternalError, match=str(error)):
        _cpu._check(error, 0)


@pytest.mark.parametrize("error", [-2, -4])
def test_a_failing_isa_is_unavailable(error: int) -> None:
    with pytest.raises(verilane.DeviceUnavailable, match="cpu:scalar"):
        _cpu._check(error, 0)


def test_exceptions_have_builtin_bases() -> None:
    own = verilane.VerilaneError
    for kind, base in [
        (verilane.InvalidSignature, Exception),
        (verilane.DeviceUnavailable, RuntimeError),
        (verilane.InternalError, RuntimeError),
        (verilane.MutatedTree, ValueError),
    ]:
        assert issubclass(kind, own)
        assert issubclass(kind, base)
    assert not issubclass(verilane.InvalidSignature, ValueError), "a ValueError is the caller's"
    error = verilane.MutatedTree(bytes(32))
    assert error.root == bytes(32)
    assert pickle.loads(pickle.dumps(error)).root == bytes(32)
    invalid = pickle.loads(pickle.dumps(verilane.InvalidSignature(Verdict.BAD_KEY)))
    assert (invalid.verdict, str(invalid)[:8]) == (Verdict.BAD_KEY, "BAD_KEY:")


# ---- One item ----


@pytest.mark.parametrize(
    "convert", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)]
)
def test_verify_one(isa: str, convert: Callable[[bytes], Any]) -> None:
    for item in OK:
        arguments = map(convert, (item.key, item.signature, item.digest))
        assert ecdsa.verify(*arguments, device=isa) is None
    for item in WRONG:
        arguments = map(convert, (item.key, item.signature, item.digest))
        with pytest.raises(verilane.InvalidSignature) as caught:
            ecdsa.verify(*arguments, device=isa)
        assert caught.value.verdict is Verdict.MISMATCH


def test_verify_one_names_every_fault() -> None:
    key, signature, digest = OK[0].key, OK[0].signature, OK[0].digest
    for arguments, verdict in [
        ((key[:-1], signature, digest), Verdict.BAD_KEY),
        ((key, signature[:-1], digest), Verdict.BAD_SIGNATURE),
        ((key, signature, digest[:-1]), Verdict.BAD_MESSAGE),
        ((b"", b"", b""), Verdict.BAD_KEY),
        ((key, b"", b""), Verdict.BAD_SIGNATURE),
    ]:
        with pytest.raises(verilane.InvalidSignature) as caught:
            ecdsa.verify(*arguments)
        assert caught.value.verdict is verdict


@pytest.mark.parametrize("wrong", ["text", None, 7, [1, 2], object()])
def test_verify_one_wants_bytes(wrong: Any) -> None:
    good = [OK[0].key, OK[0].signature, OK[0].digest]
    for place, name in enumerate(["key", "signature", "digest"]):
        arguments = [*good[:place], wrong, *good[place + 1 :]]
        with pytest.raises(TypeError, match=f"{name}: expected bytes"):
            ecdsa.verify(*arguments)
    for arguments in ([wrong, good[2]], [good[1], wrong]):
        with pytest.raises(TypeError, match="expected bytes"):
            ecdsa.recover(*arguments)


def test_verify_one_follows_strides() -> None:
    spread = np.repeat(np.frombuffer(OK[0].key, np.uint8), 2)
    for key in spread[::2], memoryview(spread)[::2]:
        ecdsa.verify(key, OK[0].signature, OK[0].digest)


def test_recover_one(isa: str) -> None:
    for item in OK:
        signature = recoverable(item)
        key = ecdsa.recover(signature, item.digest, device=isa)
        assert isinstance(key, bytes)
        ecdsa.verify(key, item.signature, item.digest)
        many, verdicts = ecdsa.recover_many([signature], [item.digest], device=isa)
        assert (many.shape, many.dtype, many.tobytes()) == ((1, 64), np.uint8, key)
        assert verdicts.all_ok
    with pytest.raises(verilane.InvalidSignature) as caught:
        ecdsa.recover(OK[0].signature, OK[0].digest)
    assert caught.value.verdict is Verdict.BAD_SIGNATURE
    with pytest.raises(verilane.InvalidSignature) as caught:
        ecdsa.recover(recoverable(OK[0]), b"")
    assert caught.value.verdict is Verdict.BAD_MESSAGE


def test_recover_many_of_nothing() -> None:
    keys, verdicts = ecdsa.recover_many(b"", b"")
    assert keys.shape == (0, 64)
    assert verdicts.all_ok


# ---- Devices ----


def test_devices() -> None:
    names = [device.name for device in devices() if device.kind == "cpu"]
    assert names == ["cpu:scalar", "cpu:portable", "cpu:sha-ni", "cpu:avx512", "cpu:avx2"]
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


@pytest.mark.parametrize("encoding", ["DER", "", None, 1, ["der"]])
def test_unknown_encoding_lists_what_there_is(encoding: Any) -> None:
    with pytest.raises(ValueError, match="there are: compact, der, der-lax"):
        ecdsa.verify_many([], [], [], encoding=encoding)
    with pytest.raises(ValueError, match="there are: compact, der, der-lax"):
        ecdsa.verify(b"", b"", b"", encoding=encoding)


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


def test_import_is_quick_and_needs_little() -> None:
    code = """
import sys, time
before = set(sys.modules)
began = time.perf_counter()
import verilane
took = time.perf_counter() - began
verilane.secp256k1, verilane.merkle, verilane.devices()
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(took, *sorted(loaded & {"pyarrow", "typer", "rich", "click", "concurrent", "asyncio"}))
"""
    results = [python(code).stdout.split() for _ in range(3)]
    assert min(float(result[0]) for result in results) < 0.150
    assert all(result[1:] == [] for result in results), results[0]
