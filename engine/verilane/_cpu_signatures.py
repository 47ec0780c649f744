"""Signatures on the CPU, as cffi shows them; _cpu.py says what a call checks and what C is lent."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._columns import BytesLike, Column
from ._cpu import Work, _bytes_at, _check, _Lent, _local, _scratch
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = [
    "ED25519_RULES",
    "ENCODINGS",
    "EQUATION_ALWAYS",
    "HYBRID_KEYS",
    "KEY_FORMS",
    "LOW_S",
    "PARITY_IDS",
    "PREPARED_KEYS",
    "SM2_ENCODINGS",
    "XONLY_KEYS",
    "ecdsa_recover",
    "ecdsa_verify",
    "ecdsa_verify_one",
    "ed25519_verify",
    "ed25519_verify_one",
    "schnorr_verify",
    "schnorr_verify_one",
    "sm2_verify",
    "sm2_verify_one",
]

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
KEY_FORMS: dict[str, int] = {
    "any": 0,
    "sec1": _lib.VL_SEC1_KEYS,
    "compressed": _lib.VL_COMPRESSED_KEYS,
}
PARITY_IDS: int = _lib.VL_PARITY_IDS
XONLY_KEYS: int = _lib.VL_XONLY_KEYS
PREPARED_KEYS: int = _lib.VL_PREPARED_KEYS


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
