"""Signatures whose points are computed elsewhere, as cffi shows it: what a device is asked, and
what its answers are worth. csrc/verilane.h says what a call promises.
"""

import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._columns import Column
from ._cpu import AUTO, Work, _bytes_at, _check, _Lent, _scratch
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = [
    "CURVES",
    "Recent",
    "Terms",
    "double_mul",
    "ecdsa_terms",
    "ed25519_terms",
    "judge",
    "recover_terms",
    "schnorr_terms",
    "sm2_terms",
    "sums_hold",
    "targets_of",
]

Words = NDArray[np.uint64]
Codes = NDArray[np.uint8]

SCHEMES: dict[str, int] = {
    "secp256k1.ecdsa": _lib.VL_SECP256K1_ECDSA,
    "p256.ecdsa": _lib.VL_P256_ECDSA,
    "sm2": _lib.VL_SM2,
    "secp256k1.schnorr": _lib.VL_SECP256K1_SCHNORR,
    "ed25519": _lib.VL_ED25519,
}
CURVES: dict[str, str] = {
    "secp256k1.ecdsa": "secp256k1",
    "p256.ecdsa": "p256",
    "sm2": "sm2",
    "secp256k1.schnorr": "secp256k1",
    "ed25519": "ed25519",
}
"""The curve of each scheme."""


class Terms(NamedTuple):
    """What a device is asked, R = u G + v Q (Ed25519: u B - v Q), and what it is never told. u, v:
    (n, 4) words, least significant first. q: (n, 8), x and y. targets: (n, 4), opaque.
    """

    u: Words
    v: Words
    q: Words
    targets: Words

    @classmethod
    def empty(cls, n: int) -> "Terms":
        """Returns memory for n rows."""
        return cls(*(np.empty((n, width), np.uint64) for width in (4, 4, 8, 4)))

    def take(self, rows: NDArray[np.intp], into: "Terms | None" = None) -> "Terms":
        """Returns a copy of these rows, in this order. into: memory to use for it."""
        n = len(rows)
        out = Terms.empty(n) if into is None else into.first(n)
        for array, copy in zip(self, out, strict=True):
            np.take(array, rows, axis=0, out=copy, mode="clip")  # numpy checks no index twice
        return out

    def first(self, n: int) -> "Terms":
        """Returns the first n rows, not copied."""
        return Terms(*(array[:n] for array in self))


# ---- From bytes to terms ----


def ecdsa_terms(
    terms: Terms,
    codes: Codes,
    keys: Column,
    signatures: Column,
    digests: Column,
    *,
    first: int,
    curve: str,
    encoding: int,
    flags: int,
    isa: int,
) -> Work:
    """Returns the work that fills `codes` (n,): the verdicts of items with a fault, UNDECIDED for
    the others; and their rows of `terms`. Row 0 is item `first` of the columns, of which start and
    stop of the work do not know.
    """
    call = {"secp256k1": _lib.vl_secp256k1_ecdsa_terms, "p256": _lib.vl_p256_ecdsa_terms}[curve]
    return _terms(call, terms, codes, (keys, signatures, digests), first, (encoding, flags), isa)


def recover_terms(
    terms: Terms,
    codes: Codes,
    signatures: Column,
    digests: Column,
    *,
    first: int,
    flags: int,
    isa: int,
) -> Work:
    """The same for recovering keys: R takes the place of Q, the key is asked for, and targets mean
    nothing.
    """
    call, columns = _lib.vl_secp256k1_recover_terms, (signatures, digests)
    return _terms(call, terms, codes, columns, first, (flags,), isa)


def schnorr_terms(
    terms: Terms,
    codes: Codes,
    keys: Column,
    signatures: Column,
    messages: Column,
    *,
    first: int,
    flags: int,
    isa: int,
) -> Work:
    """The same for BIP-340."""
    call, columns = _lib.vl_secp256k1_schnorr_terms, (keys, signatures, messages)
    return _terms(call, terms, codes, columns, first, (flags,), isa)


def ed25519_terms(
    terms: Terms,
    codes: Codes,
    keys: Column,
    signatures: Column,
    messages: Column,
    *,
    first: int,
    rule: int,
    flags: int = 0,
    isa: int,
) -> Work:
    """The same for Ed25519."""
    call, columns = _lib.vl_ed25519_terms, (keys, signatures, messages)
    return _terms(call, terms, codes, columns, first, (rule, flags), isa)


def sm2_terms(
    terms: Terms,
    codes: Codes,
    keys: Column | None,
    signatures: Column,
    messages: Column,
    user_ids: Column | None,
    *,
    first: int,
    one_user_id: bool,
    encoding: int,
    isa: int,
) -> Work:
    """The same for SM2; keys and user_ids as in _cpu_signatures.sm2_verify."""
    columns = keys, signatures, messages, user_ids
    options, fixed = (one_user_id, encoding), 3 if one_user_id else None
    return _terms(_lib.vl_sm2_terms, terms, codes, columns, first, options, isa, fixed)


def _terms(
    call: Any,
    terms: Terms,
    codes: Codes,
    columns: tuple[Column | None, ...],
    first: int,
    options: tuple[int, ...],
    isa: int,
    fixed: int | None = None,
) -> Work:
    """Returns the work of call(codes, terms, n, *columns, *options, isa, scratch). fixed: the place
    of a column whose first item is for all.
    """
    out, rows = _bytes_at(codes), [_words(array) for array in terms]
    lent = [None if column is None else _Lent(column) for column in columns]

    def work(start: int, stop: int) -> None:
        at = [
            _ffi.NULL if column is None else column.at(0 if place == fixed else first + start)
            for place, column in enumerate(lent)
        ]
        widths = (4, 4, 8, 4)
        there = [row + width * start for row, width in zip(rows, widths, strict=True)]
        given = _ffi.new("vl_terms *", there)
        _check(call(out + start, given, stop - start, *at, *options, isa, *_scratch()), isa)

    return work


def _words(array: Words) -> Any:
    """A pointer to a C-contiguous array, which it keeps alive."""
    return _ffi.from_buffer("uint64_t[]", array.reshape(-1))


# ---- Answers ----


def judge(codes: Codes, r: Words, targets: Words, *, scheme: str, isa: int = AUTO) -> Work:
    """Returns the work that fills `codes` (n,): OK where the point R (n, 8) meets its target, else
    UNDECIDED.
    """
    number, out = SCHEMES[scheme], _bytes_at(codes)
    points, asked = _words(r), _words(targets)

    def work(start: int, stop: int) -> None:
        given, met = points + 8 * start, asked + 4 * start
        n = stop - start
        _check(_lib.vl_judge(out + start, n, given, met, number, isa, *_scratch()), isa)

    return work


def targets_of(r: Words, *, scheme: str) -> Words:
    """Returns the targets (n, 4) that points would meet; of Weierstrass curves R and -R have one
    target.
    """
    targets = np.empty((len(r), 4), np.uint64)
    _check(_lib.vl_targets(_words(targets), len(r), _words(r), SCHEMES[scheme]), -1)
    return targets


def double_mul(r: Words, infinite: Codes, terms: Terms, *, scheme: str, isa: int) -> Work:
    """Returns the work that fills `r` (n, 8) with the CPU's own points, and `infinite` (n,), 1
    where it is none and the row zero.
    """
    number, out = SCHEMES[scheme], _bytes_at(infinite)
    words = [_words(array) for array in (r, terms.u, terms.v, terms.q)]

    def work(start: int, stop: int) -> None:
        to, u, v, q = (row + width * start for row, width in zip(words, (8, 4, 4, 8), strict=True))
        n = stop - start
        _check(_lib.vl_double_mul(to, out + start, n, u, v, q, number, isa, *_scratch()), isa)

    return work


def sums_hold(held: list[bool], r: Words, terms: Terms, *, scheme: str, isa: int) -> Work:
    """Returns the work that appends to `held` whether all points of a part are the right ones
    (Ed25519: up to points of small order), by random sums whose coefficients are drawn in the call.
    Not for P-256 and SM2.
    """
    number = SCHEMES[scheme]
    words = [_words(array) for array in (r, terms.u, terms.v, terms.q)]

    def work(start: int, stop: int) -> None:
        rows = [row + width * start for row, width in zip(words, (8, 4, 4, 8), strict=True)]
        hold = _ffi.new("int *")
        seed = os.urandom(32)
        _check(
            _lib.vl_sums_hold(hold, stop - start, *rows, number, seed, isa, *_scratch()),
            isa,
        )
        held.append(bool(hold[0]))

    return work


class Recent:
    """What a device was asked of late: its last 2^20 targets, 29 MB. One call at a time."""

    def __init__(self) -> None:
        self._memory = np.zeros(_lib.vl_recent_size(), np.uint8)
        self._key = os.urandom(_lib.VL_RECENT_KEY)

    def enter(self, terms: Terms, *, scheme: str, always: bool = False) -> NDArray[np.bool_]:
        """Returns which items must not be asked: they have the target of another that was entered,
        and other terms, or a target that two different x would meet, or a point of small order. The
        others are entered; always: all are.
        """
        n = len(terms.u)
        unfit = np.zeros(n, np.uint8)
        words = [_words(each) for each in (terms.targets, terms.u, terms.v, terms.q)]
        number, memory = SCHEMES[scheme], _bytes_at(self._memory)
        enter, out = _lib.vl_recent_enter, _bytes_at(unfit)
        _check(enter(out, n, *words, number, always, memory, self._key), -1)
        return unfit.view(np.bool_)
