"""What the BIP-340 calls promise beside right verdicts: names, forms of columns, exceptions."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import verilane
from schnorr_items import columns, honest_items, hostile_items, valid_items
from verilane import Verdict, _cpu, devices, secp256k1, use
from verilane.secp256k1 import schnorr

# 32-byte messages, so that they may be packed.
ITEMS = [item for item in honest_items() if len(item.message) == 32][:90]
EXPECTED = [item.verdict for item in ITEMS]
OK = valid_items(8)


def test_signature() -> None:
    parameters = inspect.signature(schnorr.verify_many).parameters
    assert list(parameters) == ["keys", "signatures", "messages", "device", "threads"]
    keyword_only = {name: p.default for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert keyword_only == {"device": None, "threads": None}
    assert list(inspect.signature(schnorr.verify).parameters)[:3] == ["key", "signature", "message"]
    assert secp256k1.schnorr is schnorr
    assert "schnorr" in secp256k1.__all__


FORMS: dict[str, Callable[[list[bytes], int], Any]] = {
    "list": lambda rows, width: rows,
    "tuple of bytearrays": lambda rows, width: tuple(map(bytearray, rows)),
    "numpy": lambda rows, width: np.frombuffer(b"".join(rows), np.uint8).reshape(-1, width),
    "offsets": lambda rows, width: (b"".join(rows), np.arange(len(rows) + 1) * width),
    "offsets, data around": lambda rows, width: (
        b"?" + b"".join(rows) + b"?",
        np.arange(len(rows) + 1) * width + 1,
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_verdicts_from_every_form(isa: str, form: str, threads: int) -> None:
    parts = [
        FORMS[form](part, width) for part, width in zip(columns(ITEMS), (32, 64, 32), strict=True)
    ]
    verdicts = schnorr.verify_many(*parts, device=isa, threads=threads)
    assert verdicts.codes.tolist() == EXPECTED


@pytest.mark.parametrize("form", ["binary", "large_binary", "fixed", "chunks"])
def test_verdicts_from_arrow(isa: str, form: str) -> None:
    pa = pytest.importorskip("pyarrow")

    def convert(rows: list[bytes]) -> Any:
        if form == "chunks":
            return pa.chunked_array([rows[:9], rows[9:]], pa.binary())
        kinds = {"binary": pa.binary(), "large_binary": pa.large_binary()}
        return pa.array([rows[0], *rows], kinds.get(form, pa.binary(len(rows[0]))))[1:]

    verdicts = schnorr.verify_many(*map(convert, columns(ITEMS)), device=isa)
    assert verdicts.codes.tolist() == EXPECTED
    with pytest.raises(ValueError, match="messages: 1 of 3 values are null"):
        schnorr.verify_many(
            *(part[:3] for part in columns(ITEMS)[:2]), pa.array([b"", None, b""], pa.binary())
        )


def test_flat_keys_and_signatures(isa: str) -> None:
    keys, signatures, messages = columns(ITEMS)
    verdicts = schnorr.verify_many(b"".join(keys), b"".join(signatures), messages, device=isa)
    assert verdicts.codes.tolist() == EXPECTED
    with pytest.raises(ValueError, match="messages: items have no fixed width"):
        schnorr.verify_many(keys, signatures, b"".join(messages))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([b"k" * 32] * 2, b"s" * 192, [b""] * 3), "keys: 2 items, but 3 signatures"),
        ((b"k" * 96, b"s" * 192, [b""] * 4), "messages: 4 items, but 3 signatures"),
        ((b"k" * 96, b"s" * 191, [b""] * 3), "signatures: 191 bytes are no multiple of 64"),
        ((b"k" * 99, b"s" * 192, [b""] * 3), "keys: 99 bytes for 3 items, of 32 bytes each"),
        ((np.zeros((3, 33), np.uint8), b"s" * 192, [b""] * 3), "keys: items of 33 bytes"),
        ((b"k" * 96, np.zeros((3, 65), np.uint8), [b""] * 3), "signatures: items of 65 bytes"),
        ((b"k" * 96, b"s" * 192, (b"abc", [0, 2, 1, 3])), "messages: offsets out of order"),
        ((b"k" * 96, b"s" * 192, (b"abc", [0, 1, 2, 4])), "messages: offsets .* leave the data"),
        ((b"k" * 96, b"s" * 192, (b"abc", [-1, 1, 2, 3])), "messages: offsets .* leave the data"),
        ((b"k" * 96, b"s" * 192, (b"abc", [0, 1, 3])), "messages: 2 items, but 3 signatures"),
    ],
)
def test_columns_that_do_not_fit(parts: tuple[Any, Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schnorr.verify_many(*parts)


@pytest.mark.parametrize("wrong", ["text", None, 7, [1, 2], object()])
def test_what_is_not_bytes(wrong: Any) -> None:
    good: list[Any] = [OK[0].key, OK[0].signature, OK[0].message]
    for place, name in enumerate(["key", "signature", "message"]):
        one = [*good[:place], wrong, *good[place + 1 :]]
        with pytest.raises(TypeError, match=f"{name}: expected bytes"):
            schnorr.verify(*one)
        many = [[part] for part in good]
        many[place] = wrong
        with pytest.raises(TypeError, match=f"{name}s:"):
            schnorr.verify_many(*many)


def test_nothing(isa: str) -> None:
    for empty in (b"", [], np.zeros((0, 64), np.uint8)):
        verdicts = schnorr.verify_many(b"", empty, [], device=isa)
        assert (len(verdicts), verdicts.all_ok) == (0, True)


def test_empty_messages_without_any_data(isa: str) -> None:
    """A column whose items are all empty has no memory at all."""
    items = [item for item in honest_items() if item.message == b""]
    assert len(items) > 20
    keys, signatures, _ = columns(items)
    n = len(items)
    for messages in ([b""] * n, np.zeros((n, 0), np.uint8), (b"", np.zeros(n + 1, np.int64))):
        assert schnorr.verify_many(keys, signatures, messages, device=isa).all_ok


def test_verify_one_names_every_fault() -> None:
    key, signature, message = OK[0].key, OK[0].signature, OK[0].message
    for arguments, verdict in [
        ((key[:-1], signature, message), Verdict.BAD_KEY),
        ((key, signature[:-1], message), Verdict.BAD_SIGNATURE),
        ((key, signature, message + b"\0"), Verdict.MISMATCH),
        ((b"", b"", b""), Verdict.BAD_KEY),
        ((key, b"", b""), Verdict.BAD_SIGNATURE),
    ]:
        with pytest.raises(verilane.InvalidSignature) as caught:
            schnorr.verify(*arguments)
        assert caught.value.verdict is verdict


def test_verify_one_follows_strides() -> None:
    spread = np.repeat(np.frombuffer(OK[0].key, np.uint8), 2)
    for key in spread[::2], memoryview(spread)[::2]:
        schnorr.verify(key, OK[0].signature, OK[0].message)


def test_devices() -> None:
    with pytest.raises(ValueError, match="no device is named 'gpu:7'"):
        schnorr.verify_many([], [], [], device="gpu:7")
    for device in (each.name for each in devices() if each.available and each.kind == "cpu"):
        with use(device):
            assert schnorr.verify_many(*columns(OK)).all_ok
            schnorr.verify(OK[0].key, OK[0].signature, OK[0].message)


def test_c_refuses_what_it_cannot_read() -> None:
    """The C ABI on its own: missing pointers, scratch that is too small, no such ISA."""
    lib, ffi = _cpu._lib, _cpu._ffi
    verify, size = lib.vl_secp256k1_schnorr_verify, lib.vl_scratch_size()
    scratch, verdicts = ffi.new("uint8_t[]", size), ffi.new("uint8_t[3]", b"\x01\x01\x01")
    data = ffi.new("uint8_t[]", 192)
    column, none = ffi.new("vl_column *", (data, ffi.NULL, 64)), ffi.new("vl_column *")
    none.width = 32
    argument, isa, small = lib.VL_ERROR_ARGUMENT, lib.VL_ERROR_ISA, lib.VL_ERROR_SCRATCH
    keys = ffi.new("vl_column *", (data, ffi.NULL, 32))
    for columns_, number, length, error in [
        ((ffi.NULL, column, keys), 0, size, argument),
        ((keys, none, keys), 0, size, argument),
        ((keys, column, none), 0, size, argument),
        ((keys, column, keys), 99, size, isa),
        ((keys, column, keys), -2, size, isa),
        ((keys, column, keys), 0, size - 1, small),
    ]:
        assert verify(verdicts, 3, *columns_, 0, ffi.NULL, number, scratch, length) == error
        assert bytes(ffi.buffer(verdicts)) == bytes(3), "nothing is decided"
    for flags in (1, 2, 4, 16, 8 + 1, 64):
        got = verify(verdicts, 3, keys, column, keys, flags, ffi.NULL, 0, scratch, size)
        assert got == argument
    rest = ffi.NULL, 0, scratch, size
    assert verify(ffi.NULL, 3, keys, column, keys, 0, *rest) == argument
    assert verify(ffi.NULL, 0, ffi.NULL, ffi.NULL, ffi.NULL, 0, *rest) == lib.VL_SUCCESS
    for seed in (ffi.NULL, bytes(32)):
        for flags in (0, lib.VL_EQUATION_ALWAYS):
            ffi.memmove(verdicts, bytes(3), 3)
            got = verify(verdicts, 3, keys, column, keys, flags, seed, *rest[1:])
            assert got == lib.VL_SUCCESS
            assert bytes(ffi.buffer(verdicts)) == bytes([int(Verdict.BAD_KEY)]) * 3


def test_inputs_are_left_alone(isa: str) -> None:
    items = [*honest_items()[:40], *hostile_items()[::9]]
    parts = [np.array(part, object) for part in columns(items)]
    packed = [bytearray(b"".join(part)) for part in columns(honest_items()[:40])[:2]]
    before = [bytes(part) for part in packed]
    schnorr.verify_many(*packed, columns(honest_items()[:40])[2], device=isa)
    assert [bytes(part) for part in packed] == before
    got = schnorr.verify_many(*parts, device=isa)
    assert got.codes.tolist() == [item.verdict for item in items]
