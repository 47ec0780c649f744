"""The sidecar's verdicts: every one of every scheme is that of the same call in this process; so is
what the client raises for bad use.
"""

from typing import Any

import numpy as np
import pytest

from items import honest_items
from sidecar_cases import cases, in_process
from verilane import Verdict, secp256k1

pytest.importorskip("grpc")

from verilane.sidecar import Client

pytest_plugins = ["sidecar_fixtures"]


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
