"""Published BIP-340 signatures: the standard's own vectors, BIP-341's wallet vectors, Nostr's
events.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reference import schnorr
from schnorr_items import Item, codes_of
from verilane import secp256k1

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test
ROOT = Path(__file__).resolve().parents[1]


def rows(shared: Shared) -> list[dict[str, str]]:
    path = shared("vectors/secp256k1/test-vectors.csv")
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def both_ways(columns: list[list[bytes]], isa: str, *, equation: bool) -> list[int]:
    """Verdicts by the batch equation, however few the items are, or one by one."""
    items = [Item("published", *row, schnorr.OK) for row in zip(*columns, strict=True)]
    return codes_of(items, isa, equation=equation)


# What kind of no a row of the CSV is: the standard names one kind only.
REFUSED = {
    5: schnorr.BAD_KEY,  # not on the curve
    12: schnorr.BAD_SIGNATURE,  # r = p
    13: schnorr.BAD_SIGNATURE,  # s = n
    14: schnorr.BAD_KEY,  # x >= p
}


def test_bip340(shared: Shared, isa: str) -> None:
    """All 19 rows at once and one by one; messages of 0, 1, 17, 32 and 100 bytes."""
    cases = rows(shared)
    assert len(cases) == 19
    names = ("public key", "signature", "message")
    columns = [[bytes.fromhex(case[name]) for case in cases] for name in names]
    assert {len(message) for message in columns[2]} == {0, 1, 17, 32, 100}
    expected = [
        schnorr.OK
        if case["verification result"] == "TRUE"
        else REFUSED.get(index, schnorr.MISMATCH)
        for index, case in enumerate(cases)
    ]
    assert expected.count(schnorr.OK) == 9
    assert secp256k1.schnorr.verify_many(*columns, device=isa).codes.tolist() == expected
    for equation in (False, True):
        assert both_ways(columns, isa, equation=equation) == expected
    for item, code in zip(zip(*columns, strict=True), expected, strict=True):
        one = [[part] for part in item]
        assert secp256k1.schnorr.verify_many(*one, device=isa).codes.tolist() == [code]
        assert schnorr.verify(*item) == code


def test_the_reference_signs_as_the_standard_does(shared: Shared) -> None:
    """ "Default Signing", for the rows with a secret key: the reference's sums and hashes."""
    signed = 0
    for case in rows(shared):
        if not case["secret key"]:
            continue
        secret, aux = int(case["secret key"], 16), bytes.fromhex(case["aux_rand"])
        message = bytes.fromhex(case["message"])
        d, key = schnorr.even(secret)
        assert schnorr.point_bytes(key) == bytes.fromhex(case["public key"])
        mask = int.from_bytes(schnorr.tagged_hash("BIP0340/aux", aux), "big")
        data = schnorr.number_bytes(d ^ mask) + schnorr.point_bytes(key) + message
        nonce = int.from_bytes(schnorr.tagged_hash("BIP0340/nonce", data), "big") % schnorr.N
        assert schnorr.sign(secret, message, nonce) == bytes.fromhex(case["signature"])
        signed += 1
    assert signed == 8


def test_bip341_wallet(shared: Shared, isa: str) -> None:
    """Key path spends: the witness is a signature of sigHash by the output's key."""
    document = json.loads(shared("vectors/secp256k1/wallet-test-vectors.json").read_text())
    keys, signatures, messages = [], [], []
    for spending in document["keyPathSpending"]:
        outputs = spending["given"]["utxosSpent"]
        for case in spending["inputSpending"]:
            script = bytes.fromhex(outputs[case["given"]["txinIndex"]]["scriptPubKey"])
            assert script[:2] == b"\x51\x20", "OP_1 and 32 bytes"
            keys.append(script[2:])
            signatures.append(bytes.fromhex(case["expected"]["witness"][0])[:64])
            messages.append(bytes.fromhex(case["intermediary"]["sigHash"]))
    assert len(keys) == 7
    assert secp256k1.schnorr.verify_many(keys, signatures, messages, device=isa).all_ok
    moved = messages[1:] + messages[:1]
    got = secp256k1.schnorr.verify_many(keys, signatures, moved, device=isa)
    assert set(got.codes.tolist()) == {schnorr.MISMATCH}


def test_nostr(shared: Shared, isa: str) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(shared("chain/nostr_bip340.parquet"))
    assert len(table) == 361
    columns = [table[name] for name in ("public_key", "signature", "message")]
    assert secp256k1.schnorr.verify_many(*columns, device=isa).all_ok
    lists = [column.to_pylist() for column in columns]
    messages = lists[2]
    shifted = messages[1:] + messages[:1]
    got = secp256k1.schnorr.verify_many(*columns[:2], shifted, device=isa)
    same = [a == b for a, b in zip(messages, shifted, strict=True)]
    expected = [schnorr.OK if each else schnorr.MISMATCH for each in same]
    assert got.codes.tolist() == expected
    assert sum(same) < 20
    for equation in (False, True):
        assert set(both_ways(lists, isa, equation=equation)) == {schnorr.OK}
        assert both_ways([*lists[:2], shifted], isa, equation=equation) == expected


def test_the_tag_is_the_standards() -> None:
    """csrc/scheme/bip340.h states SHA-256(tag) || SHA-256(tag)."""
    text = (ROOT / "csrc" / "scheme" / "bip340.h").read_text("utf-8")
    stated = re.search(r"bip340_challenge_tag\[64\] = \{([^}]*)\}", text)
    assert stated is not None
    stated_bytes = bytes(int(byte, 16) for byte in re.findall("0x[0-9a-f]{2}", stated[1]))
    assert stated_bytes == 2 * hashlib.sha256(b"BIP0340/challenge").digest()
