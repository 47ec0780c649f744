"""All schemes side by side, for the tests of devices: items with known verdicts, and how a batch of
them is verified.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import ed25519_items
import schnorr_items
import sm2_items
from exceptional_items import exceptional_items
from items import from_scalars, honest_items
from reference.ecdsa import compact
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from verilane import Verdicts, ed25519, p256, secp256k1, sm2


@dataclass(frozen=True)
class Row:
    """One item: its columns, and its verdict."""

    columns: tuple[bytes, ...]
    verdict: int
    honest: bool = False  # made by a peer: its R is its own


@dataclass(frozen=True)
class Way:
    """A scheme and its options. verify(*columns, device=): public. summable: whether `strict` has
    something to sum up.
    """

    name: str
    scheme: str
    verify: Callable[..., Verdicts]
    make: Callable[[], list[Row]]
    summable: bool

    @property
    def rows(self) -> list[Row]:
        return _rows(self.name)

    def valid(self, count: int) -> list[Row]:
        good = [row for row in self.rows if row.verdict == 1]
        return good[:count]

    def honest(self, count: int) -> list[Row]:
        """Valid items that have no R in common."""
        return [row for row in self.rows if row.verdict == 1 and row.honest][:count]


@cache
def _rows(name: str) -> list[Row]:
    """Honest and hostile items, mixed."""
    way = next(way for way in WAYS if way.name == name)
    rows = way.make()
    random.Random(name).shuffle(rows)
    return rows


def columns(rows: list[Row]) -> list[list[bytes]]:
    return [list(column) for column in zip(*(row.columns for row in rows), strict=True)]


def codes(way: Way, rows: list[Row], **options: Any) -> list[int]:
    return way.verify(*columns(rows), **options).numpy().tolist()


def _ecdsa(curve: Any) -> list[Row]:
    items = [*honest_items(curve=curve), *exceptional_items(curve)]
    return [Row((x.key, x.signature, x.digest), x.verdict, x.name == "honest") for x in items]


def _schnorr() -> list[Row]:
    items = [*schnorr_items.honest_items(), *schnorr_items.hostile_items()]
    return [Row((x.key, x.signature, x.message), x.verdict, x.name == "honest") for x in items]


def _ed25519(rule: str) -> list[Row]:
    items = [*ed25519_items.honest_items(), *ed25519_items.special_items()]
    return [
        Row((x.key, x.signature, x.message), x.verdicts[rule], x.name == "honest") for x in items
    ]


def _sm2_messages() -> list[Row]:
    items = sm2_items.honest_items()
    return [
        Row((x.key, x.signature, x.message, x.user_id), x.verdict, x.name == "honest")
        for x in items
    ]


def _sm2_digests() -> list[Row]:
    items = [*sm2_items.honest_items(), *sm2_items.exceptional_items()]
    return [Row((x.key, x.signature, x.digest), x.verdict, x.name == "honest") for x in items]


def _verify_sm2(keys: Any, signatures: Any, messages: Any, ids: Any, **options: Any) -> Verdicts:
    return sm2.verify_many(keys, signatures, messages, user_id=ids, **options)


def _verify_digests(keys: Any, signatures: Any, digests: Any, **options: Any) -> Verdicts:
    return sm2.verify_many(keys, signatures, digests=digests, **options)


WAYS = [
    Way(
        "secp256k1",
        "secp256k1.ecdsa",
        secp256k1.ecdsa.verify_many,
        partial(_ecdsa, SECP256K1),
        True,
    ),
    Way("p256", "p256.ecdsa", p256.ecdsa.verify_many, partial(_ecdsa, P256), False),
    Way("schnorr", "secp256k1.schnorr", secp256k1.schnorr.verify_many, _schnorr, True),
    Way("sm2", "sm2", _verify_sm2, _sm2_messages, False),
    Way("sm2, digests", "sm2", _verify_digests, _sm2_digests, False),
    *(
        Way(
            f"ed25519, {rule}",
            "ed25519",
            partial(ed25519.verify_many, rule=rule.lower()),
            partial(_ed25519, rule),
            rule == "ZIP215",
        )
        for rule in ("ZIP215", "RFC8032", "OPENSSL", "STRICT")
    ),
]


# ---- secp256k1 ECDSA with chosen internals ----


def forged(name: str, x: int, u1: int, u2: int, q: int) -> Row:
    """An item whose target is x, and whose sum is another point."""
    item = from_scalars(name, u1, u2, q)
    n = SECP256K1.N
    r = x % n
    s = r * pow(u2, -1, n) % n
    return Row((item.key, compact(r, s), (u1 * s % n).to_bytes(32, "big")), 5)


def scalars(*numbers: int) -> bytes:
    return b"".join((number % SECP256K1.N).to_bytes(32, "little") for number in numbers)
