"""Items of every scheme, valid and hostile, and the rules by which the sidecar judges them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ed25519_items
import schnorr_items
import sm2_items
from items import honest_items
from reference import der
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from verilane import Verdicts, ed25519, p256, secp256k1, sm2

Rows = list[tuple[bytes, ...]]


def hostile(rows: Rows) -> Rows:
    """Rows, then each of the first with one part that is changed in every simple way."""
    result = list(rows)
    for index, row in enumerate(rows[:24]):
        for place, part in enumerate(row):
            half = len(part) // 2
            for other in (
                b"",
                part[:-1],
                part + b"\0",
                bytes(len(part)),
                b"\xff" * len(part),
                part[:half] + bytes(len(part) - half),
                bytes(half) + part[half:],
                bytes([part[0] ^ 1 << index % 8]) + part[1:] if part else b"\1",
                part[:-1] + bytes([part[-1] ^ 1 << index % 8]) if part else b"\2",
            ):
                result.append((*row[:place], other, *row[place + 1 :]))
    return result


@dataclass(frozen=True)
class Case:
    scheme: str
    module: Any
    columns: tuple[str, ...]
    rows: Rows
    rules: tuple[dict[str, Any], ...] = field(default=({},))

    def all_columns(self) -> dict[str, list[bytes]]:
        parts = zip(*hostile(self.rows), strict=True)
        return {name: list(part) for name, part in zip(self.columns, parts, strict=True)}


def with_der(rows: Rows) -> Rows:
    def encode(s: bytes) -> bytes:
        return der.encode(int.from_bytes(s[:32], "big"), int.from_bytes(s[32:64], "big"))

    return [(key, encode(signature), *rest) for key, signature, *rest in rows]


ECDSA_RULES: tuple[dict[str, Any], ...] = (
    {},
    {"low_s": True},
    {"hybrid_keys": True},
    {"hybrid_keys": True, "key_form": "sec1"},
    {"key_form": "compressed"},
)
DER_RULES: tuple[dict[str, Any], ...] = (
    {"encoding": "der"},
    {"encoding": "der-lax", "low_s": True},
)
ED25519_RULES = tuple({"rule": rule} for rule in ("zip215", "rfc8032", "openssl", "strict"))


def ecdsa_rows(curve: Any) -> Rows:
    items = honest_items(300, curve)
    hybrid = [item for item in items if len(item.key) == 65]
    rows = [(item.key, item.signature, item.digest) for item in items]
    rows += [(bytes([6 + i.key[64] % 2]) + i.key[1:], i.signature, i.digest) for i in hybrid]
    return rows


def cases() -> Iterator[Case]:
    columns = ("keys", "signatures", "digests")
    for name, curve, module in (
        ("secp256k1.ecdsa", SECP256K1, secp256k1.ecdsa),
        ("p256.ecdsa", P256, p256.ecdsa),
    ):
        rows = ecdsa_rows(curve)
        yield Case(name, module, columns, rows, ECDSA_RULES)
        yield Case(name, module, columns, with_der(rows), DER_RULES)
    columns = ("keys", "signatures", "messages")
    rows = list(zip(*schnorr_items.columns(schnorr_items.honest_items(300)), strict=True))
    yield Case("secp256k1.schnorr", secp256k1.schnorr, columns, rows)
    made = [*ed25519_items.honest_items(100), *ed25519_items._small_order()]
    rows = list(zip(*ed25519_items.columns(made), strict=True))
    yield Case("ed25519", ed25519, columns, rows, ED25519_RULES)
    items = sm2_items.honest_items(60)
    rows = [(i.key, i.signature, i.message) for i in items]
    yield Case(
        "sm2", sm2, columns, rows, ({}, {"user_id": b""}, {"user_id": b"ALICE123@YAHOO.COM"})
    )
    fisco = [sm2_items.as_fisco(item) for item in items]
    fisco_rows = [(i.key, i.signature, i.message) for i in fisco]
    yield Case("sm2", sm2, columns, fisco_rows, ({"encoding": "fisco"},))
    keyless = [row[1:] for row in fisco_rows]
    yield Case("sm2", sm2, columns[1:], keyless, ({"encoding": "fisco"},))
    yield Case("sm2", sm2, columns, with_der(rows), ({"encoding": "der"},))
    rows = [(i.key, i.signature, i.message, i.user_id) for i in items]
    yield Case("sm2", sm2, (*columns, "user_id"), rows)
    rows = [(i.key, i.signature, i.digest) for i in items]
    yield Case("sm2", sm2, ("keys", "signatures", "digests"), rows)


def in_process(case: Case, columns: dict[str, Any], rules: dict[str, Any]) -> Verdicts:
    given: dict[str, Any] = {"keys": None, **columns} if case.scheme == "sm2" else columns
    verdicts: Verdicts = case.module.verify_many(**given, **rules)
    return verdicts
