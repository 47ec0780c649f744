"""verilane.sm2: names, defaults, columns, and what raises."""

import inspect
from typing import Any

import numpy as np
import pytest

import verilane
from reference.ecdsa import BAD_MESSAGE, BAD_SIGNATURE, OK
from shapes import packed, ragged
from sm2_items import as_fisco, honest_items
from verilane import DeviceUnavailable, InvalidSignature, Verdict, _cpu_signatures, sm2

ITEMS = honest_items()[:40]
EXPECTED = [item.verdict for item in ITEMS]
KEYS = [item.key for item in ITEMS]
SIGNATURES = [item.signature for item in ITEMS]
MESSAGES = [item.message for item in ITEMS]
USER_IDS = [item.user_id for item in ITEMS]
DIGESTS = [item.digest for item in ITEMS]


def test_names_and_defaults() -> None:
    assert verilane.sm2 is sm2
    assert sm2.DEFAULT_USER_ID == b"1234567812345678"
    assert list(_cpu_signatures.SM2_ENCODINGS) == ["compact", "der", "fisco"]
    common = {"user_id": sm2.DEFAULT_USER_ID, "encoding": "compact", "device": None}
    for function, names, more in (
        (sm2.verify_many, ["keys", "signatures", "messages"], {"digests": None, "threads": None}),
        (sm2.verify, ["key", "signature", "message"], {"digest": None}),
    ):
        parameters = inspect.signature(function).parameters
        assert list(parameters)[:3] == names
        assert parameters[names[2]].default is None
        options = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
        assert options == common | more


def test_forms_of_columns(isa: str) -> None:
    pa = pytest.importorskip("pyarrow")
    for make in (list, ragged, lambda x: pa.array(x, pa.binary()), lambda x: tuple(x)):
        columns = make(KEYS), ragged(SIGNATURES), make(MESSAGES)
        got = sm2.verify_many(*columns, user_id=make(USER_IDS), device=isa)
        assert got.codes.tolist() == EXPECTED
    for digests in (DIGESTS, b"".join(DIGESTS), packed(DIGESTS), pa.array(DIGESTS, pa.binary(32))):
        for signatures in (SIGNATURES, b"".join(SIGNATURES), packed(SIGNATURES)):
            got = sm2.verify_many(KEYS, signatures, digests=digests, device=isa)
            assert got.codes.tolist() == EXPECTED


def test_one_user_id_for_all(isa: str) -> None:
    items = [x for x in ITEMS if x.user_id == sm2.DEFAULT_USER_ID]
    columns = [[getattr(x, name) for x in items] for name in ("key", "signature", "message")]
    wanted = [x.verdict for x in items]
    for one in (b"1234567812345678", bytearray(b"1234567812345678"), memoryview(USER_IDS[1])):
        got = sm2.verify_many(*columns, user_id=one, device=isa)
        assert got.codes.tolist() == wanted
        assert bytes(one) == sm2.DEFAULT_USER_ID
    assert sm2.verify_many(*columns, device=isa).codes.tolist() == wanted
    column = packed([sm2.DEFAULT_USER_ID] * len(items))
    for many in (column, memoryview(column)):
        assert sm2.verify_many(*columns, user_id=many, device=isa).codes.tolist() == wanted
    one = sm2.verify_many(*(c[:1] for c in columns), user_id=column[:1], device=isa)
    assert one.codes.tolist() == wanted[:1]


def test_several_threads(isa: str) -> None:
    """Parts of a batch have each their own user IDs, or the one for all."""
    items = honest_items() * 3
    columns = [[getattr(x, name) for x in items] for name in ("key", "signature", "message")]
    wanted = [x.verdict for x in items]
    ids = [x.user_id for x in items]
    got = sm2.verify_many(*columns, user_id=ids, device=isa, threads=2)
    assert got.codes.tolist() == wanted
    got = sm2.verify_many(*columns, device=isa, threads=2).codes.tolist()
    same = [x.user_id == sm2.DEFAULT_USER_ID for x in items]
    assert [a for a, each in zip(got, same, strict=True) if each] == [
        a for a, each in zip(wanted, same, strict=True) if each
    ]


def test_nothing() -> None:
    assert len(sm2.verify_many([], [], [])) == 0
    assert len(sm2.verify_many(b"", b"", digests=b"")) == 0
    assert len(sm2.verify_many([], [], [], user_id=[])) == 0
    assert len(sm2.verify_many(None, b"", [], encoding="fisco")) == 0


def test_exactly_one_of_messages_and_digests() -> None:
    with pytest.raises(ValueError, match="messages or digests, got neither"):
        sm2.verify_many(KEYS, SIGNATURES)
    with pytest.raises(ValueError, match="messages or digests, got both"):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES, digests=DIGESTS)
    with pytest.raises(ValueError, match="message or digest, got neither"):
        sm2.verify(KEYS[0], SIGNATURES[0])
    with pytest.raises(ValueError, match="message or digest, got both"):
        sm2.verify(KEYS[0], SIGNATURES[0], b"", digest=b"")


def test_fisco_is_no_encoding_of_ecdsa() -> None:
    with pytest.raises(ValueError, match="no encoding is named 'fisco'"):
        verilane.secp256k1.ecdsa.verify_many([], [], [], encoding="fisco")


@pytest.mark.parametrize("encoding", ["compact", "der"])
def test_keys_are_needed_unless_signatures_hold_them(encoding: str) -> None:
    with pytest.raises(ValueError, match="no keys: signatures hold them with encoding='fisco'"):
        sm2.verify_many(None, [], [], encoding=encoding)
    with pytest.raises(ValueError, match="no keys"):
        sm2.verify(None, SIGNATURES[0], MESSAGES[0], encoding=encoding)


def test_columns_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="keys: 39 items, but 40 signatures"):
        sm2.verify_many(KEYS[1:], SIGNATURES, MESSAGES)
    with pytest.raises(ValueError, match="messages: 39 items, but 40 signatures"):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES[1:])
    with pytest.raises(ValueError, match="digests: 39 items, but 40 signatures"):
        sm2.verify_many(KEYS, SIGNATURES, digests=DIGESTS[1:])
    with pytest.raises(ValueError, match="user_id: 39 items, but 40 signatures"):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES, user_id=USER_IDS[1:])
    with pytest.raises(ValueError, match="no multiple of 64"):
        sm2.verify_many(KEYS, bytes(65), MESSAGES)
    with pytest.raises(ValueError, match="no multiple of 128"):
        sm2.verify_many(KEYS, bytes(192), MESSAGES, encoding="fisco")
    with pytest.raises(ValueError, match="no fixed width"):
        sm2.verify_many(KEYS, SIGNATURES, b"abc")
    with pytest.raises(ValueError, match="no fixed width"):
        sm2.verify_many(KEYS, b"".join(SIGNATURES), MESSAGES, encoding="der")
    with pytest.raises(ValueError, match="no fixed width"):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES, user_id=np.zeros(16, np.uint8))
    with pytest.raises(ValueError, match="offsets out of order"):
        sm2.verify_many(KEYS[:2], SIGNATURES[:2], MESSAGES[:2], user_id=(b"abc", [0, 2, 1]))


def test_a_user_id_for_all_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="user_id: 8192 bytes, expected 8191 at most"):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES, user_id=bytes(8192))
    with pytest.raises(ValueError, match="user_id: 8192 bytes, expected 8191 at most"):
        sm2.verify(KEYS[0], SIGNATURES[0], MESSAGES[0], user_id=bytes(8192))
    got = sm2.verify_many(KEYS[:1], SIGNATURES[:1], MESSAGES[:1], user_id=[bytes(8192)])
    assert got[0] == Verdict.BAD_MESSAGE


@pytest.mark.parametrize("wrong", ["1234567812345678", 5, None, ["a"] * 40])
def test_wrong_types(wrong: Any) -> None:
    with pytest.raises(TypeError):
        sm2.verify_many(KEYS, SIGNATURES, MESSAGES, user_id=wrong)
    with pytest.raises(TypeError):
        sm2.verify_many(KEYS, wrong, MESSAGES)
    with pytest.raises(TypeError):
        sm2.verify(KEYS[0], SIGNATURES[0], MESSAGES[0], user_id=wrong)
    with pytest.raises(TypeError):
        sm2.verify(KEYS[0], wrong, MESSAGES[0])
    if wrong is not None:
        with pytest.raises(TypeError):
            sm2.verify_many(wrong, SIGNATURES, MESSAGES)
        with pytest.raises(TypeError):
            sm2.verify(KEYS[0], SIGNATURES[0], wrong)


def test_devices() -> None:
    with pytest.raises(ValueError, match="no device is named"):
        sm2.verify_many([], [], [], device="cpu:none")
    missing = [device.name for device in verilane.devices() if device.missing]
    for name in missing:
        with pytest.raises(DeviceUnavailable):
            sm2.verify_many(KEYS, SIGNATURES, MESSAGES, device=name)


def test_verify_one_takes_any_bytes(isa: str) -> None:
    """bytearray, memoryview, arrays with strides; of any length."""
    item = ITEMS[0]
    spread = np.frombuffer(item.key, np.uint8).repeat(2)[::2]
    for key in (bytearray(item.key), memoryview(item.key), spread):
        arguments = key, bytearray(item.signature), memoryview(item.message)
        sm2.verify(*arguments, user_id=bytearray(item.user_id), device=isa)
        sm2.verify(key, bytearray(item.signature), digest=memoryview(item.digest), device=isa)
    fisco = as_fisco(item).signature
    options = {"user_id": item.user_id, "encoding": "fisco", "device": isa}
    sm2.verify(None, fisco, item.message, **options)
    sm2.verify(None, np.frombuffer(fisco, np.uint8).repeat(2)[::2], item.message, **options)
    for wrong, verdict in (
        ((None, fisco[:-1], item.message), BAD_SIGNATURE),
        ((None, b"", item.message), BAD_SIGNATURE),
        ((b"", fisco, item.message), int(Verdict.BAD_KEY)),
    ):
        with pytest.raises(InvalidSignature) as caught:
            sm2.verify(*wrong, **options)
        assert caught.value.verdict == verdict
    with pytest.raises(InvalidSignature, match="BAD_MESSAGE"):
        sm2.verify(item.key, item.signature, digest=bytes(33), device=isa)
    assert {OK, BAD_MESSAGE} & set(EXPECTED) == {OK}
