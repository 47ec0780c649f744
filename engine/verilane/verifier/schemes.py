"""The schemes' own verify_many for what a verifier was asked, and the lanes that C has for it."""

from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import ed25519, sm2
from .._columns import Column
from .._cpu_loans import Loan, lane_of
from .._cpu_verifier import ED25519_RULES, ENCODINGS, KEY_FORMS, SM2_ENCODINGS, Request
from ..p256 import ecdsa as p256
from ..secp256k1 import ecdsa, schnorr
from .rules import Rules

__all__ = ["lanes", "verify_loan"]

_ECDSA: dict[str, Any] = {"secp256k1.ecdsa": ecdsa, "p256.ecdsa": p256}


def _rules() -> list[tuple[Rules, bool]]:
    """Returns all rules that there are, user IDs excepted, and whether items hold their keys."""
    flags = product(ENCODINGS, (False, True), (False, True), KEY_FORMS)
    made = [
        Rules(scheme, encoding=encoding, low_s=low_s, hybrid_keys=hybrid, key_form=form)
        for encoding, low_s, hybrid, form in flags
        for scheme in _ECDSA
    ]
    made.append(Rules("secp256k1.schnorr"))
    made += [Rules("ed25519", rule=rule) for rule in ED25519_RULES]
    of_sm2 = [
        Rules("sm2", encoding=encoding, digests=digests)
        for encoding in SM2_ENCODINGS
        for digests in (False, True)
    ]
    keyless = [(rules, True) for rules in of_sm2 if rules.encoding == "fisco"]
    return [*((rules, False) for rules in [*made, *of_sm2]), *keyless]


@cache
def lanes() -> dict[int, tuple[Rules, bool]]:
    """Returns the rules of each lane; of SM2 any user ID, and whether items hold their keys."""
    return {
        lane_of(
            Request(rules.code, rules.option, rules.flags, 0, 0, 0, rules.signed_id),
            keyless=keyless,
        ): (rules, keyless)
        for rules, keyless in _rules()
    }


def verify_loan(loan: Loan, lane: int, *, device: str | None, threads: int) -> NDArray[np.uint8]:
    """Returns the verdicts of what was lent, as numbers (n,). Options and exceptions are those of
    verify_many.
    """
    rules, keyless = lanes()[lane]
    keys, signatures, messages = map(_ragged, (loan.keys, loan.signatures, loan.messages))
    where: dict[str, Any] = {"device": device, "threads": threads}
    if rules.scheme in _ECDSA:
        verdicts = _ECDSA[rules.scheme].verify_many(
            keys,
            signatures,
            messages,
            encoding=rules.encoding,
            low_s=rules.low_s,
            hybrid_keys=rules.hybrid_keys,
            key_form=rules.key_form,
            **where,
        )
    elif rules.scheme == "ed25519":
        verdicts = ed25519.verify_many(keys, signatures, messages, rule=rules.rule, **where)
    elif rules.scheme == "secp256k1.schnorr":
        verdicts = schnorr.verify_many(keys, signatures, messages, **where)
    else:
        if rules.digests:
            where["digests"] = messages
        else:
            where.update(messages=messages, user_id=_ragged(loan.user_ids))
        of_items = None if keyless else keys
        verdicts = sm2.verify_many(of_items, signatures, encoding=rules.encoding, **where)
    codes: NDArray[np.uint8] = verdicts.numpy()
    return codes


def _ragged(column: Column) -> Any:
    return column.data, column.offsets
