"""The sidecar's verdicts: every one of every scheme is that of the same call in this process; so is
what the client raises for bad use.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import ed25519_items
import schnorr_items
import sm2_items
from items import honest_items
from reference import der
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from verilane import Verdict, Verdicts, ed25519, p256, secp256k1, sm2

pytest.importorskip("grpc")

from verilane.sidecar import Client

pytest_plugins = ["sidecar_fixtures"]

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


def test_verdicts_are_those_of_this_process(client: Client) -> None:
    found: dict[str, set[Verdict]] = {}
    for case in cases():
        columns = case.all_columns()
        for rules in case.rules:
            got = client.verify_many(case.scheme, **columns, **rules)
            assert got == in_process(case, columns, rules), (case.scheme, rules)
            found.setdefault(case.scheme, set()).update(got.counts())
    without_digests = {"secp256k1.schnorr", "ed25519"}
    for scheme, verdicts in found.items():
        missing = {Verdict.BAD_MESSAGE} if scheme in without_digests else set()
        assert verdicts == set(Verdict) - {Verdict.UNDECIDED} - missing, scheme


def test_recovered_keys_are_those_of_this_process(client: Client) -> None:
    items = [item for item in honest_items() if item.verdict == 1][:200]
    signatures = [item.signature + bytes([i]) for item in items for i in range(5)]
    signatures += [b"", bytes(64), bytes(66)]
    digests = [item.digest for item in items for _ in range(5)] + [bytes(32), bytes(31), b""]
    for rules in ({}, {"low_s": True}, {"parity_ids": True}):
        keys, verdicts = client.recover_many(signatures, digests, **rules)
        expected, codes = secp256k1.ecdsa.recover_many(signatures, digests, **rules)
        assert verdicts == codes
        assert np.array_equal(keys, expected)
        assert set(verdicts.counts()) >= {Verdict.OK, Verdict.BAD_SIGNATURE}


def test_columns_in_every_form(client: Client) -> None:
    """Packed, ragged and lists; none, one, and more than a piece or a batch may have; all of a
    wrong length.
    """
    items = [item for item in honest_items() if len(item.key) == 64]
    lists = [[getattr(i, name) for i in items] for name in ("key", "signature", "digest")]
    packed = [np.frombuffer(b"".join(part), np.uint8).reshape(len(items), -1) for part in lists]
    ragged = [
        (b"junk" + b"".join(part), 4 + np.arange(len(items) + 1) * len(part[0])) for part in lists
    ]
    long = [np.tile(part, (40, 1)) for part in packed]
    for columns in (lists, packed, ragged, [part[:1] for part in lists], [[], [], []], long):
        named = dict(zip(("keys", "signatures", "digests"), columns, strict=True))
        assert client.verify_many("secp256k1.ecdsa", **named) == secp256k1.ecdsa.verify_many(
            **named
        )
    for place in range(3):
        for length in (0, 1, 31, 66):
            wrong = [*lists[:place], [bytes(length)] * len(items), *lists[place + 1 :]]
            named = dict(zip(("keys", "signatures", "digests"), wrong, strict=True))
            got = client.verify_many("secp256k1.ecdsa", **named)
            assert got == secp256k1.ecdsa.verify_many(**named), (place, length)
            assert not got.count(Verdict.OK)


def test_bytes_are_taken_when_they_are_given(client: Client) -> None:
    items = [item for item in honest_items() if item.verdict == 1 and len(item.key) == 64]
    parts = [[getattr(i, name) for i in items] for name in ("key", "signature", "digest")]
    arrays = [np.frombuffer(bytearray(b"".join(part)), np.uint8) for part in parts]
    shaped = [part.reshape(len(items), -1) for part in arrays]
    named = dict(zip(("keys", "signatures", "digests"), shaped, strict=True))
    futures = [client.submit("secp256k1.ecdsa", **named) for _ in range(20)]
    for part in arrays:
        part[:] = 0
    assert all(future.result(30).all_ok for future in futures)


# ---- The client's arguments ----


def test_what_the_module_raises_the_client_raises(client: Client) -> None:
    three = {"keys": [bytes(33)] * 3, "signatures": [bytes(64)] * 3, "digests": bytes(96)}
    for wrong, error in (
        ({"keys": [bytes(33)] * 2}, ValueError),
        ({"keys": "text"}, TypeError),
        ({"signatures": np.zeros((3, 63), np.uint8)}, ValueError),
        ({"digests": bytes(95)}, ValueError),
        ({"encoding": "fisco"}, ValueError),
        ({"encoding": "no such"}, ValueError),
        ({"key_form": "no such"}, ValueError),
    ):
        with pytest.raises(error) as ours:
            client.verify_many("secp256k1.ecdsa", **{**three, **wrong})
        with pytest.raises(error) as theirs:
            secp256k1.ecdsa.verify_many(**{**three, **wrong})
        assert type(ours.value) is type(theirs.value)


@pytest.mark.parametrize(
    ("scheme", "given", "error"),
    [
        ("no.such", {}, ValueError),
        ("secp256k1.ecdsa", {"keys": [], "signatures": []}, TypeError),
        ("secp256k1.ecdsa", {"keys": [], "signatures": [], "messages": []}, TypeError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "low_s": True}, TypeError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "rule": "x"}, ValueError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "nonsense": False}, TypeError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "key_form": "sec1"}, TypeError),
        ("secp256k1.schnorr", {"keys": [], "signatures": [], "digests": b""}, TypeError),
        ("sm2", {"keys": [], "signatures": []}, ValueError),
        ("sm2", {"keys": [], "signatures": [], "messages": [], "digests": []}, ValueError),
        ("sm2", {"signatures": [], "messages": []}, TypeError),
        (
            "sm2",
            {"keys": [], "signatures": [], "messages": [], "user_id": bytes(8192)},
            ValueError,
        ),
    ],
)
def test_bad_use(client: Client, scheme: str, given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        client.submit(scheme, **given)
