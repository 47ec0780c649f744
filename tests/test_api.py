"""What the Python API promises beside right verdicts: types, names, exceptions."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import verilane
from items import Item, columns, honest_items
from outcomes import leaves_undecided
from verilane import Verdict, Verdicts, _cpu, _cpu_signatures, ed25519, sm2
from verilane.secp256k1 import ecdsa, schnorr

OK = [item for item in honest_items() if item.verdict == 1][:8]
WRONG = [item for item in honest_items() if item.verdict == 5][:2]


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
@pytest.mark.parametrize(
    ("name", "scheme"),
    [("ecdsa", ecdsa), ("schnorr", schnorr), ("ed25519", ed25519), ("sm2", sm2)],
)
def test_an_undecided_verdict_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, name: str, scheme: Any, left: int
) -> None:
    """Whatever C leaves behind, only verdicts get out."""
    monkeypatch.setattr(_cpu_signatures, f"{name}_verify", leaves_undecided(left))
    monkeypatch.setattr(_cpu_signatures, f"{name}_verify_one", lambda *_: left)
    item = bytes(32), bytes(64), bytes(32)
    with pytest.raises(verilane.InternalError, match=f"item 7 was left with the code {left}"):
        scheme.verify_many(*([part] * 8 for part in item), threads=1)
    with pytest.raises(verilane.InternalError):
        scheme.verify(*item)


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
