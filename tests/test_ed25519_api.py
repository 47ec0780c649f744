"""verilane.ed25519: names, defaults, columns, and what raises."""

import inspect
from functools import partial

import numpy as np
import pytest

from ed25519_items import columns, honest_items, one_of_each_kind
from outcomes import verdict_of
from shapes import packed, ragged
from verilane import DeviceUnavailable, Verdict, _cpu, _cpu_signatures, ed25519

ITEMS = [*honest_items()[:60], *one_of_each_kind()]
EXPECTED = [x.verdicts["ZIP215"] for x in ITEMS]
KEYS, SIGNATURES, MESSAGES = columns(ITEMS)
VALID = [x for x in honest_items()[:40] if x.verdicts["ZIP215"] == 1]


def test_names_and_defaults() -> None:
    assert (ed25519.ZIP215, ed25519.RFC8032, ed25519.OPENSSL, ed25519.STRICT) == tuple(
        _cpu_signatures.ED25519_RULES
    )
    many = inspect.signature(ed25519.verify_many).parameters
    assert list(many) == ["keys", "signatures", "messages", "rule", "device", "threads"]
    options = {n: p.default for n, p in many.items() if p.kind is p.KEYWORD_ONLY}
    assert options == {"rule": ed25519.ZIP215, "device": None, "threads": None}
    assert inspect.signature(ed25519.verify).parameters["rule"].default == ed25519.ZIP215


def test_forms_of_columns(isa: str) -> None:
    pa = pytest.importorskip("pyarrow")
    forms = [KEYS, ragged(KEYS), pa.array(KEYS, pa.binary()), tuple(map(bytearray, KEYS))]
    for keys in forms:
        for messages in (MESSAGES, ragged(MESSAGES), pa.array(MESSAGES, pa.large_binary())):
            got = ed25519.verify_many(keys, ragged(SIGNATURES), messages, device=isa)
            assert got.codes.tolist() == EXPECTED


def test_packed_columns(isa: str) -> None:
    """Flat bytes, (n, width) and Arrow fixed-size binary; messages of one width, 0 included."""
    pa = pytest.importorskip("pyarrow")
    for width in (0, 1, 32, 500):
        items = [x for x in honest_items() if len(x.message) == width][:21]
        keys, signatures, messages = columns(items)
        expected = [x.verdicts["ZIP215"] for x in items]
        assert len(items) > 8
        for k, s, m in (
            (b"".join(keys), b"".join(signatures), messages),
            (packed(keys), packed(signatures), packed(messages)),
            (pa.array(keys, pa.binary(32)), pa.array(signatures, pa.binary(64)), ragged(messages)),
        ):
            assert ed25519.verify_many(k, s, m, device=isa).codes.tolist() == expected


def test_nothing() -> None:
    assert len(ed25519.verify_many([], [], [])) == 0
    assert len(ed25519.verify_many(b"", b"", [])) == 0


def test_long_messages(isa: str) -> None:
    """One of a megabyte among short ones."""
    from nacl.signing import SigningKey

    signer = SigningKey(bytes(32))
    messages = [bytes([i]) * (1_000_003 if i == 5 else i) for i in range(20)]
    signatures = [signer.sign(message).signature for message in messages]
    keys = [bytes(signer.verify_key)] * 20
    assert ed25519.verify_many(keys, signatures, messages, device=isa).all_ok
    messages[5] = messages[5][:-1] + b"?"
    got = ed25519.verify_many(keys, signatures, messages, device=isa)
    assert got.failed.tolist() == [5]
    assert got[5] == Verdict.MISMATCH


def test_columns_that_do_not_fit() -> None:
    keys, signatures, messages = columns(VALID[:3])
    with pytest.raises(ValueError, match="signatures: 2 items, but 3 keys"):
        ed25519.verify_many(keys, signatures[:2], messages)
    with pytest.raises(ValueError, match="messages: 4 items, but 3 keys"):
        ed25519.verify_many(keys, signatures, [*messages, b""])
    with pytest.raises(ValueError, match="no multiple of 32"):
        ed25519.verify_many(bytes(33), signatures, messages)
    with pytest.raises(ValueError, match="no fixed width"):
        ed25519.verify_many(keys, signatures, b"abc")
    with pytest.raises(ValueError, match="items of 31 bytes"):
        ed25519.verify_many(np.zeros((3, 31), np.uint8), signatures, messages)


@pytest.mark.parametrize(
    "offsets", [[0, 5, 3, 9], [-1, 2, 3, 4], [0, 1, 2, 10], [5, 5, 5, 2**62], [0, 2**63 - 1, 4, 9]]
)
def test_offsets_of_messages_are_checked_before_anything_is_read(offsets: list[int]) -> None:
    keys, signatures, _ = columns(VALID[:3])
    with pytest.raises(ValueError, match="offsets"):
        ed25519.verify_many(keys, signatures, (b"123456789", np.array(offsets)))


def test_wrong_types() -> None:
    keys, signatures, _ = columns(VALID[:3])
    for wrong in ("text", 5, None, ["a", "b", "c"], [1, 2, 3]):
        with pytest.raises(TypeError):
            ed25519.verify_many(keys, signatures, wrong)
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="null"):
        ed25519.verify_many(keys, signatures, pa.array([b"", None, b""]))


def test_unknown_and_missing_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="cpu:scalar"):
        ed25519.verify_many([], [], [], device="cpu:none")
    monkeypatch.setattr(_cpu, "missing", lambda isa: "it was taken away")
    with pytest.raises(DeviceUnavailable, match="taken away"):
        ed25519.verify_many([], [], [], device="cpu:avx512")


def test_verify_one(isa: str) -> None:
    for x in ITEMS:
        for rule, name in (("ZIP215", "zip215"), ("STRICT", "strict")):
            verdict = x.verdicts[rule]
            arguments = x.key, bytearray(x.signature), memoryview(x.message)
            call = partial(ed25519.verify, *arguments, rule=name, device=isa)
            assert verdict_of(call) == verdict


def test_verify_one_wants_bytes() -> None:
    x = VALID[0]
    for wrong in ("text", 5, None):
        with pytest.raises(TypeError):
            ed25519.verify(x.key, x.signature, wrong)  # type: ignore[arg-type]
    strided = np.frombuffer(bytes(b for byte in x.key for b in (byte, 0)), np.uint8)[::2]
    assert ed25519.verify(strided, x.signature, x.message) is None
