"""The CPU, as cffi shows it: the only file that sees `verilane._native`.

A call here checks nothing but C's return code: Columns come checked from _columns.py. C releases
the GIL's holder, allocates nothing and keeps no pointer; what it works in is lent per thread below.
"""

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import BytesLike, Column
from ._native import ffi as _ffi
from ._native import lib as _lib
from .errors import DeviceUnavailable, InternalError

__all__ = [
    "AUTO",
    "ED25519_RULES",
    "ENCODINGS",
    "EQUATION_ALWAYS",
    "HASHES",
    "HYBRID_KEYS",
    "LOW_S",
    "PARITY_IDS",
    "PREPARED_KEYS",
    "SM2_ENCODINGS",
    "XONLY_KEYS",
    "Hash",
    "Isa",
    "Work",
    "digest",
    "ecdsa_recover",
    "ecdsa_verify",
    "ecdsa_verify_one",
    "ed25519_verify",
    "ed25519_verify_one",
    "isas",
    "missing",
    "schnorr_verify",
    "schnorr_verify_one",
    "selftest",
    "sm2_verify",
    "sm2_verify_one",
]

Work = Callable[[int, int], None]
"""Does the items start..stop of a batch; several threads may run it at once on parts that do not
overlap.
"""

AUTO: int = _lib.VL_ISA_AUTO
ENCODINGS: dict[str, int] = {
    "compact": _lib.VL_COMPACT,
    "der": _lib.VL_DER,
    "der-lax": _lib.VL_DER_LAX,
}
SM2_ENCODINGS: dict[str, int] = {
    "compact": _lib.VL_COMPACT,
    "der": _lib.VL_DER,
    "fisco": _lib.VL_FISCO,
}
LOW_S: int = _lib.VL_LOW_S
ED25519_RULES: dict[str, int] = {
    "zip215": _lib.VL_ED25519_ZIP215,
    "rfc8032": _lib.VL_ED25519_RFC8032,
    "openssl": _lib.VL_ED25519_OPENSSL,
    "strict": _lib.VL_ED25519_STRICT,
}
EQUATION_ALWAYS: int = _lib.VL_EQUATION_ALWAYS
HYBRID_KEYS: int = _lib.VL_HYBRID_KEYS
PARITY_IDS: int = _lib.VL_PARITY_IDS
XONLY_KEYS: int = _lib.VL_XONLY_KEYS
PREPARED_KEYS: int = _lib.VL_PREPARED_KEYS


# ---- Instruction sets ----


class Isa(NamedTuple):
    """One row of the dispatch table. lanes: 0 where the ISA has no code of its own."""

    number: int
    name: str
    missing: str | None
    signature_lanes: int
    hash_lanes: int


def isas() -> list[Isa]:
    """Returns every ISA that this build knows, with the reason where this machine lacks it."""
    return [
        Isa(
            number,
            _text(_lib.vl_isa_name(number)) or "",
            missing(number),
            _lib.vl_isa_signature_lanes(number),
            _lib.vl_isa_hash_lanes(number),
        )
        for number in range(_lib.vl_isa_count())
    ]


def missing(isa: int) -> str | None:
    """Returns why an ISA can't be used here, or None."""
    return _text(_lib.vl_isa_missing(isa))


def selftest(isa: int) -> bool:
    """Runs the known answers of an ISA; returns False if one comes out wrong. DeviceUnavailable if
    it is missing.
    """
    result = _lib.vl_selftest(isa, *_scratch())
    if result == _lib.VL_ERROR_SELFTEST:
        return False
    _check(result, isa)
    return True


def _text(pointer: Any) -> str | None:
    return _ffi.string(pointer).decode() if pointer else None


def _check(result: int, isa: int) -> None:
    if result == _lib.VL_SUCCESS:
        return
    if result in (_lib.VL_ERROR_ISA, _lib.VL_ERROR_SELFTEST):
        name = _text(_lib.vl_isa_name(isa)) or f"number {isa}"
        reason = missing(isa) or "its known answers came out wrong"
        raise DeviceUnavailable(f"cpu:{name} can't be used: {reason}")
    raise InternalError(f"libverilane returned {result}")


# ---- What C is lent ----


_SCRATCH_SIZE: int = _lib.vl_scratch_size()


class _Local(threading.local):
    """Scratch memory of one thread. C uses it within a call only, so nothing of it survives a
    call.
    """

    def __init__(self) -> None:
        self.scratch = _ffi.new("uint8_t[]", _SCRATCH_SIZE), _SCRATCH_SIZE


_local = _Local()


def _scratch() -> tuple[Any, int]:
    return _local.scratch


class _Lent:
    """A Column as C takes it, from any row on. Holds the memory for as long as it lives."""

    __slots__ = ("_data", "_offsets", "_width")

    def __init__(self, column: Column) -> None:
        self._data = _ffi.from_buffer("uint8_t[]", column.data)
        self._offsets = (
            None if column.offsets is None else _ffi.from_buffer("int64_t[]", column.offsets)
        )
        self._width = column.width

    def at(self, start: int) -> Any:
        if self._offsets is None:
            return _ffi.new(
                "vl_column *", (self._data + start * self._width, _ffi.NULL, self._width)
            )
        return _ffi.new("vl_column *", (self._data + 0, self._offsets + start, 0))


def _bytes_at(array: NDArray[np.uint8]) -> Any:
    """A pointer to a C-contiguous array that the caller keeps alive, for C to write through."""
    return _ffi.from_buffer("uint8_t[]", array.reshape(-1), require_writable=True)


# ---- Signatures ----


def ecdsa_verify(
    verdicts: NDArray[np.uint8],
    keys: Column,
    signatures: Column,
    digests: Column,
    *,
    curve: str,
    encoding: int,
    flags: int,
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,). curve: "secp256k1" or "p256"."""
    columns = keys, signatures, digests
    return _verifies(_ECDSA_VERIFY[curve], verdicts, columns, (encoding, flags), isa)


def ecdsa_verify_one(
    curve: str,
    key: BytesLike,
    signature: BytesLike,
    digest: BytesLike,
    encoding: int,
    flags: int,
    isa: int,
) -> int:
    """Returns the verdict of one item."""
    return _verify_one(_ECDSA_VERIFY[curve], key, signature, digest, (encoding, flags), isa)


def schnorr_verify(
    verdicts: NDArray[np.uint8],
    keys: Column,
    signatures: Column,
    messages: Column,
    *,
    flags: int,
    equations: bool = True,
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,). equations: whether batch equations are used."""
    columns, seeds = (keys, signatures, messages), _seed if equations else _no_seed
    return _verifies(_schnorr_verify, verdicts, columns, (flags,), isa, seeds)


def schnorr_verify_one(key: BytesLike, signature: BytesLike, message: BytesLike, isa: int) -> int:
    """Returns the verdict of one item."""
    return _verify_one(_schnorr_verify, key, signature, message, (0, _NULL), isa)


def ed25519_verify(
    verdicts: NDArray[np.uint8],
    keys: Column,
    signatures: Column,
    messages: Column,
    *,
    rule: int,
    flags: int = 0,
    equations: bool = True,
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,). equations: whether batch equations are used."""
    columns, seeds = (keys, signatures, messages), _seed if equations else _no_seed
    return _verifies(_ed25519_verify, verdicts, columns, (rule, flags), isa, seeds)


def ed25519_verify_one(
    key: BytesLike, signature: BytesLike, message: BytesLike, rule: int, isa: int
) -> int:
    """Returns the verdict of one item."""
    return _verify_one(_ed25519_verify, key, signature, message, (rule, 0, _ffi.NULL), isa)


def _seed() -> bytes:
    """Returns what C makes the secret coefficients of a batch equation from: new for each call."""
    return os.urandom(32)


def _no_seed() -> Any:
    return _ffi.NULL


def sm2_verify(
    verdicts: NDArray[np.uint8],
    keys: Column | None,
    signatures: Column,
    messages: Column,
    user_ids: Column | None,
    *,
    one_user_id: bool,
    encoding: int,
    isa: int,
) -> Work:
    """Returns the work that fills `verdicts` (n,). keys None: those that signatures hold. user_ids:
    None where messages are digests; one item for all if `one_user_id`.
    """
    columns = keys, signatures, messages, user_ids
    out, lent = _bytes_at(verdicts), [None if each is None else _Lent(each) for each in columns]
    ids = lent.pop()

    def work(start: int, stop: int) -> None:
        at = [_ffi.NULL if column is None else column.at(start) for column in lent]
        at.append(_ffi.NULL if ids is None else ids.at(0 if one_user_id else start))
        result = _lib.vl_sm2_verify(
            out + start, stop - start, *at, one_user_id, encoding, isa, *_scratch()
        )
        _check(result, isa)

    return work


def sm2_verify_one(
    key: BytesLike | None,
    signature: BytesLike,
    message: BytesLike,
    user_id: BytesLike | None,
    encoding: int,
    isa: int,
) -> int:
    """Returns the verdict of one item. key None: the one that the signature holds. user_id: None
    where the message is a digest.
    """
    ids = _ffi.NULL
    if user_id is not None:
        memory, ids = _from_buffer(_BYTES, user_id), _new(_ONE_COLUMN)
        ids.data, ids.width = memory, len(memory)
    options = ids, 1, encoding
    if key is None:
        return _verify_one(_sm2_verify, b"", signature, message, options, isa, keyless=True)
    return _verify_one(_sm2_verify, key, signature, message, options, isa)


def _verifies(
    verify: Any,
    verdicts: NDArray[np.uint8],
    columns: tuple[Column, ...],
    options: tuple[int, ...],
    isa: int,
    seeds: Callable[[], Any] | None = None,
) -> Work:
    """Returns the work of a C function verify(verdicts, n, *columns, *options, isa, scratch), which
    takes a new seed after its options if there are `seeds`.
    """
    out, lent = _bytes_at(verdicts), [_Lent(column) for column in columns]

    def work(start: int, stop: int) -> None:
        at = [column.at(start) for column in lent]
        more = options if seeds is None else (*options, seeds())
        _check(verify(out + start, stop - start, *at, *more, isa, *_scratch()), isa)

    return work


def _verify_one(
    verify: Any,
    key: BytesLike,
    signature: BytesLike,
    message: BytesLike,
    options: tuple[Any, ...],
    isa: int,
    *,
    keyless: bool = False,
) -> int:
    """Returns the verdict of one item; keyless: C gets no key. What it needs is made anew, so that
    it may be re-entered (signal handlers).
    """
    memory = (
        _from_buffer(_BYTES, key),
        _from_buffer(_BYTES, signature),
        _from_buffer(_BYTES, message),
    )
    k, s, m = columns = _new(_THREE_COLUMNS)
    k.data, s.data, m.data = memory
    k.width, s.width, m.width = map(len, memory)
    verdict = _new(_ONE_BYTE)
    scratch, size = _local.scratch
    keys = _NULL if keyless else columns
    result = verify(verdict, 1, keys, columns + 1, columns + 2, *options, isa, scratch, size)
    if result != 0:
        _check(result, isa)
    return verdict[0]  # type: ignore[no-any-return]


_ECDSA_VERIFY: dict[str, Any] = {
    "secp256k1": _lib.vl_secp256k1_ecdsa_verify,
    "p256": _lib.vl_p256_ecdsa_verify,
}
_ed25519_verify = _lib.vl_ed25519_verify
_schnorr_verify = _lib.vl_secp256k1_schnorr_verify
_sm2_verify = _lib.vl_sm2_verify
_from_buffer = _ffi.from_buffer
_new = _ffi.new
_NULL = _ffi.NULL
_BYTES = _ffi.typeof("uint8_t[]")
_ONE_BYTE = _ffi.typeof("uint8_t[1]")
_THREE_COLUMNS = _ffi.typeof("vl_column[3]")
_ONE_COLUMN = _ffi.typeof("vl_column *")


def ecdsa_recover(
    keys64: NDArray[np.uint8],
    verdicts: NDArray[np.uint8],
    signatures: Column,
    digests: Column,
    *,
    flags: int,
    isa: int,
) -> Work:
    """Returns the work that fills `keys64` (n, 64) and `verdicts` (n,)."""
    keys, out, lent = _bytes_at(keys64), _bytes_at(verdicts), (_Lent(signatures), _Lent(digests))

    def work(start: int, stop: int) -> None:
        columns = [column.at(start) for column in lent]
        result = _lib.vl_secp256k1_ecdsa_recover(
            keys + 64 * start, out + start, stop - start, *columns, flags, isa, *_scratch()
        )
        _check(result, isa)

    return work


# ---- Hashing ----


class Hash(NamedTuple):
    """One hash that C knows. size: bytes of a digest."""

    number: int
    name: str
    size: int


HASHES: dict[str, Hash] = {
    name: Hash(number, name, _lib.vl_hash_size(number))
    for number in range(_lib.vl_hash_count())
    if (name := _text(_lib.vl_hash_name(number)))
}


def digest(digests: NDArray[np.uint8], messages: Column, *, hash: Hash, isa: int) -> Work:
    """Returns the work that fills `digests` (n, hash.size)."""
    out, lent = _bytes_at(digests), _Lent(messages)

    def work(start: int, stop: int) -> None:
        first, column = out + hash.size * start, lent.at(start)
        result = _lib.vl_digest(first, stop - start, column, hash.number, isa, *_scratch())
        _check(result, isa)

    return work
