"""The coalescing verifier of csrc/verilane_verifier.h, as cffi shows it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu import _bytes_at, _check, _Lent
from ._cpu_signatures import ED25519_RULES, ENCODINGS, HYBRID_KEYS, KEY_FORMS, LOW_S, SM2_ENCODINGS
from ._native import ffi as _ffi
from ._native import lib as _lib
from .errors import (
    Busy,
    DeadlineExceeded,
    Shed,
    VerifierClosed,
    VerifierForked,
)

__all__ = [
    "CANCELLED",
    "ED25519_RULES",
    "ENCODINGS",
    "HYBRID_KEYS",
    "KEY_FORMS",
    "LOW_S",
    "NO_ROOM",
    "PRIORITIES",
    "SCHEMES",
    "SM2_ENCODINGS",
    "Engine",
    "Options",
    "Request",
    "error_of",
]

SCHEMES: dict[str, int] = {
    "secp256k1.ecdsa": _lib.VL_SECP256K1_ECDSA,
    "secp256k1.schnorr": _lib.VL_SECP256K1_SCHNORR,
    "p256.ecdsa": _lib.VL_P256_ECDSA,
    "ed25519": _lib.VL_ED25519,
    "sm2": _lib.VL_SM2,
}
PRIORITIES: dict[str, int] = {
    "CONSENSUS": _lib.VL_CONSENSUS,
    "BLOCK": _lib.VL_BLOCKS,
    "MEMPOOL": _lib.VL_MEMPOOL,
    "BULK": _lib.VL_BULK,
}
CANCELLED: int = _lib.VL_ERROR_CANCELLED
NO_ROOM: tuple[int, ...] = (_lib.VL_ERROR_BUSY, _lib.VL_ERROR_TOO_LARGE)

_ERRORS: dict[int, tuple[type[Exception], str]] = {
    _lib.VL_ERROR_BUSY: (Busy, "the verifier's queue is full"),
    _lib.VL_ERROR_SHED: (Shed, "given up for more urgent items"),
    _lib.VL_ERROR_DEADLINE: (DeadlineExceeded, "no worker came in time"),
    _lib.VL_ERROR_CLOSED: (VerifierClosed, "the verifier is closed"),
    _lib.VL_ERROR_FORKED: (VerifierForked, "the verifier belongs to the parent process"),
    _lib.VL_ERROR_MEMORY: (MemoryError, "no memory, or no thread, for the verifier"),
    _lib.VL_ERROR_TOO_LARGE: (ValueError, "more items or bytes than the verifier ever takes"),
}


def error_of(result: int, isa: int) -> Exception | None:
    """Returns what a result says: None for VL_SUCCESS and for verdicts."""
    if result >= 0:
        return None
    if result in _ERRORS:
        kind, text = _ERRORS[result]
        return kind(text)
    try:
        _check(result, isa)
    except Exception as error:
        return error
    return None


class Request:
    """What is asked of one item or many (vl_request). Never changes, so that threads may share
    it.
    """

    __slots__ = ("_user_id", "at")

    def __init__(
        self,
        scheme: int,
        option: int,
        flags: int,
        priority: int,
        source: int,
        timeout_us: int,
        user_id: bytes | None,
    ) -> None:
        self._user_id = None if user_id is None else _ffi.from_buffer("uint8_t[]", user_id)
        memory = _ffi.NULL if user_id is None else self._user_id
        size = 0 if user_id is None else len(user_id)
        self.at = _ffi.new(
            "vl_request *",
            (scheme, option, flags, priority, source, timeout_us, memory, size),
        )


class Options(NamedTuple):
    """What a verifier is made with (vl_verifier_options); rows by class."""

    threads: int
    isa: int
    items: Sequence[int]
    batch_items: Sequence[int]
    max_wait_us: Sequence[int]
    batch_us: int
    bytes: int
    item_bytes: int
    tickets: int
    cache_items: int
    suspect_ms: int


COMPLETIONS = 1024
_COMPLETION = np.dtype(
    {
        "names": ["tag", "result"],
        "formats": [np.uint64, np.int32],
        "offsets": [
            _ffi.offsetof("vl_completion", "tag"),
            _ffi.offsetof("vl_completion", "result"),
        ],
        "itemsize": _ffi.sizeof("vl_completion"),
    }
)


class Engine:
    """One vl_verifier. Every call may run in any number of threads; those that wait release the
    GIL. Its memory lives as long as this object, and a call in progress holds that.
    """

    def __init__(self, options: Options) -> None:
        self.isa = options.isa
        given, made = _ffi.new("vl_verifier_options *"), _ffi.new("vl_verifier **")
        _lib.vl_verifier_defaults(given)
        for name, value in options._asdict().items():
            setattr(given, name, value)
        error = error_of(_lib.vl_verifier_create(made, given), options.isa)
        if error is not None:
            raise error
        self._at = _ffi.gc(made[0], _lib.vl_verifier_free)

    def verify(self, request: Request, key: bytes | None, signature: bytes, message: bytes) -> int:
        """Returns a verdict, or an error."""
        if key is None:
            key_at, size = _NULL, 0
        else:
            key_at, size = key, len(key)
        return _verify(  # type: ignore[no-any-return]
            self._at,
            request.at,
            key_at,
            size,
            signature,
            len(signature),
            message,
            len(message),
        )

    def submit(
        self, tag: int, request: Request, key: bytes | None, signature: bytes, message: bytes
    ) -> tuple[int, int]:
        """Returns VL_SUCCESS or an error, and the ticket."""
        ticket = _ffi.new("uint64_t *")
        result = _lib.vl_verifier_submit(
            self._at,
            ticket,
            tag,
            request.at,
            _NULL if key is None else key,
            0 if key is None else len(key),
            signature,
            len(signature),
            message,
            len(message),
        )
        return result, ticket[0]

    def verify_many(
        self,
        results: NDArray[np.uint8],
        request: Request,
        keys: Column | None,
        signatures: Column,
        messages: Column,
    ) -> int:
        """Fills `results` (n,): verdicts, and errors as numbers of 8 bits with a sign. Returns
        VL_SUCCESS or an error.
        """
        lent = _lent(keys, signatures, messages)
        return _lib.vl_verifier_verify_many(  # type: ignore[no-any-return]
            self._at, _results_at(results), len(results), request.at, *_at(lent)
        )

    def submit_many(
        self,
        tag: int,
        results: NDArray[np.uint8],
        request: Request,
        keys: Column | None,
        signatures: Column,
        messages: Column,
    ) -> tuple[int, int]:
        """Returns VL_SUCCESS or an error, and the ticket. The caller holds `results` (n > 0,) until
        the tag is collected.
        """
        ticket = _ffi.new("uint64_t *")
        lent = _lent(keys, signatures, messages)
        result = _lib.vl_verifier_submit_many(
            self._at, ticket, tag, _results_at(results), len(results), request.at, *_at(lent)
        )
        return result, ticket[0]

    def collect(self, timeout_us: int) -> tuple[int, list[tuple[int, int]]]:
        """Waits for completions: returns how many, or an error, and their tags and results."""
        memory = np.empty(COMPLETIONS, _COMPLETION)
        at = _ffi.from_buffer("vl_completion[]", memory, require_writable=True)
        count = _lib.vl_verifier_collect(self._at, at, COMPLETIONS, timeout_us)
        return count, memory[: max(count, 0)].tolist()

    def cancel(self, ticket: int) -> int:
        """Returns how many items were cancelled, or an error."""
        return _lib.vl_verifier_cancel(self._at, ticket)  # type: ignore[no-any-return]

    def close(self, *, drain: bool) -> int:
        """Returns VL_SUCCESS or an error."""
        return _lib.vl_verifier_close(self._at, drain)  # type: ignore[no-any-return]

    def stats(self) -> dict[str, Any]:
        """Returns vl_verifier_stats, member by member."""
        stats = _ffi.new("vl_verifier_stats *")
        size = _ffi.sizeof("vl_verifier_stats")
        error = error_of(_lib.vl_verifier_read_stats(self._at, stats, size), self.isa)
        if error is not None:
            raise error
        return {name: _plain(getattr(stats, name)) for name in _STATS}


_NULL = _ffi.NULL
_verify = _lib.vl_verifier_verify
_STATS = [name for name, _ in _ffi.typeof("vl_verifier_stats").fields]


def _plain(value: Any) -> Any:
    """Numbers, and rows of them, of what C gave."""
    if isinstance(value, int):
        return value
    return [_plain(each) for each in value]


def _results_at(results: NDArray[np.uint8]) -> Any:
    return _ffi.cast("int8_t *", _bytes_at(results))


def _lent(
    keys: Column | None, signatures: Column, messages: Column
) -> tuple["_Lent | None", "_Lent", "_Lent"]:
    return None if keys is None else _Lent(keys), _Lent(signatures), _Lent(messages)


def _at(lent: tuple["_Lent | None", "_Lent", "_Lent"]) -> list[Any]:
    return [_NULL if each is None else each.at(0) for each in lent]
