"""docs/chains.md: every call of its table, made on signatures of the chain itself where there are
any in ../shared/chain, and on one thing that the rule decides otherwise than its neighbours.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from coincurve import PrivateKey

import verilane
from reference import der, ecdsa, sm2
from reference.keccak import keccak256
from reference.secp256k1 import N
from reference.sm3 import sm3
from verilane import Verdict

pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")

Shared = Callable[[str], Path]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "chains.md"
OK, BAD_KEY, BAD_SIGNATURE = Verdict.OK, Verdict.BAD_KEY, Verdict.BAD_SIGNATURE


class Row(NamedTuple):
    chain: str
    signed: str
    call: str
    source: str
    checked: str


def rows() -> list[Row]:
    """The table of the page."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert cells[0] == ["chain", "what is signed", "call", "source", "checked by"]
    return [Row(*each[:2], each[2].strip("`"), each[3], each[4].strip("`")) for each in cells[1:]]


ROWS = {row.checked: row for row in rows()}


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Callable[..., list[int]]:
    """Makes the call of the row that names this test, word for word, on the columns that are given;
    returns the verdicts' codes.
    """
    row = ROWS[request.function.__name__]

    def made(**columns: Any) -> list[int]:
        found = eval(
            row.call, {name: getattr(verilane, name) for name in verilane.__all__}, columns
        )
        verdicts = found[1] if isinstance(found, tuple) else found
        return verdicts.codes.tolist()  # type: ignore[no-any-return]

    return made


Call = Callable[..., list[int]]


def test_every_row_is_checked_here() -> None:
    assert len(ROWS) == len(rows()) == 15
    for row in ROWS.values():
        assert callable(globals().get(row.checked)), row.checked
        assert re.fullmatch(r"(secp256k1|p256|ed25519|sm2)\.[\w.]+_many\(.*\)", row.call)
        assert len(row.source) > 5


def table(shared: Shared, name: str, *columns: str) -> dict[str, list[Any]]:
    read = pq.read_table(shared(f"chain/{name}.parquet"))
    return {column: read[column].to_pylist() for column in (*columns, "public_key", "signature")}


# ---- secp256k1 ----


def bitcoin(shared: Shared, *heights: int, most: int = 1500) -> tuple[dict[str, Any], list[int]]:
    """Columns for the call, and the codes that the chain's own verdicts are."""
    data = table(shared, "bitcoin_ecdsa", "height", "digest", "expected")
    chosen = [i for i, height in enumerate(data["height"]) if height in heights][:most]
    assert len(chosen) > 100
    keys, signatures, digests, valid = (
        [data[name][i] for i in chosen]
        for name in ("public_key", "signature", "digest", "expected")
    )
    codes = [int(OK if each else Verdict.MISMATCH) for each in valid]
    return {"keys": keys, "signatures": signatures, "digests": digests}, codes


def first_ok(columns: dict[str, Any], codes: list[int]) -> dict[str, Any]:
    """The first valid item alone."""
    i = codes.index(OK)
    return {name: [column[i]] for name, column in columns.items()}


def resigned(item: dict[str, Any], change: Callable[[int, int], bytes]) -> dict[str, Any]:
    """The item with its signature encoded otherwise."""
    parsed = ecdsa.parse_signature(item["signatures"][0], encoding="der")
    assert parsed is not None
    return {**item, "signatures": [change(*parsed)]}


def high(r: int, s: int) -> bytes:
    return der.encode(r, max(s, N - s))


def followed(r: int, s: int) -> bytes:
    return der.encode(r, s) + b"\0"


def hybrid(item: dict[str, Any]) -> dict[str, Any]:
    """Its key in 65 bytes that begin with 06 or 07."""
    point = ecdsa.SECP256K1.decode_point(item["keys"][0])
    assert point is not None
    raw = ecdsa.SECP256K1.encode_point(point, "raw")
    return {**item, "keys": [bytes([6 + raw[63] % 2]) + raw]}


def test_bitcoin_before_bip66(shared: Shared, call: Call) -> None:
    columns, codes = bitcoin(shared, 57043, 150013, 210000, 300025)
    assert call(**columns) == codes
    item = first_ok(columns, codes)
    assert call(**resigned(item, high)) == call(**resigned(item, followed)) == [OK]
    assert call(**hybrid(item)) == [OK]


def test_bitcoin_since_bip66(shared: Shared, call: Call) -> None:
    columns, codes = bitcoin(shared, 478558, 757753)
    assert call(**columns) == codes
    assert Verdict.MISMATCH in codes  # CHECKMULTISIG tries keys that didn't sign
    item = first_ok(columns, codes)
    assert call(**resigned(item, high)) == call(**hybrid(item)) == [OK]
    assert call(**resigned(item, followed)) == [BAD_SIGNATURE]


def test_bitcoin_policy(shared: Shared, call: Call) -> None:
    columns, codes = bitcoin(shared, 478558, 757753)
    assert call(**columns) == codes
    item = first_ok(columns, codes)
    assert call(**resigned(item, high)) == call(**resigned(item, followed)) == [BAD_SIGNATURE]
    assert call(**hybrid(item)) == [BAD_KEY]


def test_keys_of_64_bytes(shared: Shared) -> None:
    """What the page warns of: Verilane knows them, Bitcoin doesn't."""
    columns, codes = bitcoin(shared, 478558)
    item = hybrid(first_ok(columns, codes))
    signed = item["signatures"], item["digests"]
    for form, code in (("any", OK), ("sec1", BAD_KEY), ("compressed", BAD_KEY)):
        keys = [item["keys"][0][1:]]
        got = verilane.secp256k1.ecdsa.verify_many(keys, *signed, encoding="der", key_form=form)
        assert got.codes.tolist() == [code]


def test_bip340(shared: Shared, call: Call) -> None:
    data = table(shared, "nostr_bip340", "message")
    columns = {"keys": data["public_key"], "signatures": data["signature"]}
    assert call(**columns, messages=data["message"]) == [OK] * 361
    with_type = [each + b"\1" for each in data["signature"][:1]]
    item = {"keys": data["public_key"][:1], "messages": data["message"][:1]}
    assert call(**item, signatures=with_type) == [BAD_SIGNATURE]


def ethereum(shared: Shared) -> tuple[dict[str, list[bytes]], list[bytes]]:
    """Columns for the call, and the senders: of all types, and of both kinds of legacy ones."""
    data = table(shared, "ethereum_transactions", "digest", "sender", "type")
    assert set(data["type"]) == {0, 1, 2, 3}
    return {"signatures": data["signature"], "digests": data["digest"]}, data["sender"]


def with_high_s(signature: bytes) -> bytes:
    """The same key's, by the other parity."""
    s = N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([signature[64] ^ 1])


def test_ethereum_transactions(shared: Shared, call: Call) -> None:
    columns, senders = ethereum(shared)
    assert call(**columns) == [OK] * 15_746
    keys, _ = verilane.secp256k1.ecdsa.recover_many(**columns)
    found = verilane.hashes.digest_many(keys, "keccak256")[:, 12:]
    assert found.tobytes() == b"".join(senders)
    assert keccak256(keys[7].tobytes())[12:] == senders[7]
    item = {"digests": columns["digests"][:1]}
    signature = columns["signatures"][0]
    assert call(**item, signatures=[with_high_s(signature)]) == [BAD_SIGNATURE]
    assert call(**item, signatures=[signature[:64] + b"\2"]) == [BAD_SIGNATURE]


def test_ethereum_precompile(shared: Shared, call: Call) -> None:
    columns, _ = ethereum(shared)
    some = {name: column[:300] for name, column in columns.items()}
    assert call(**some) == [OK] * 300
    turned = [with_high_s(each) for each in some["signatures"]]
    assert call(digests=some["digests"], signatures=turned) == [OK] * 300
    both = [
        verilane.secp256k1.ecdsa.recover_many(each, some["digests"])[0]
        for each in (some["signatures"], turned)
    ]
    assert np.array_equal(*both)
    item = {"digests": some["digests"][:1]}
    assert call(**item, signatures=[turned[0][:64] + b"\3"]) == [BAD_SIGNATURE]


def test_cosmos_transactions(call: Call) -> None:
    """No transaction of the chain is at hand: signed by libsecp256k1, as its SDKs do."""
    secrets = [PrivateKey(bytes([i + 1] * 32)) for i in range(20)]
    digests = [hashlib.sha256(b"sign bytes %d" % i).digest() for i in range(20)]
    signed = [
        secret.sign_recoverable(digest, hasher=None)[:64]
        for secret, digest in zip(secrets, digests, strict=True)
    ]
    keys = [each.public_key.format() for each in secrets]
    assert call(keys=keys, signatures=signed, digests=digests) == [OK] * 20
    turned = [with_high_s(each + b"\0")[:64] for each in signed]
    assert call(keys=keys, signatures=turned, digests=digests) == [BAD_SIGNATURE] * 20
    reduced = [(2**256 - 1).to_bytes(32, "big") + each[32:] for each in signed]  # r >= n
    assert call(keys=keys, signatures=reduced, digests=digests) == [BAD_SIGNATURE] * 20


# ---- Ed25519 ----

# The key and R are the neutral element, S = 0: 0 = 0 + k 0 for every message.
NEUTRAL = b"\1" + bytes(31)
SMALL = {"keys": [NEUTRAL], "signatures": [NEUTRAL + bytes(32)], "messages": [b"any message"]}
# The same, not canonical: y = p + 1 stands for 1.
WRAPPED = (2**255 - 18).to_bytes(32, "little")
UNUSUAL = {"keys": [WRAPPED], "signatures": [WRAPPED + bytes(32)], "messages": [b"any message"]}


def ed25519_columns(shared: Shared, name: str) -> dict[str, Any]:
    data = table(shared, name, "message", "expected")
    assert all(data["expected"])
    names = {"keys": "public_key", "signatures": "signature", "messages": "message"}
    return {column: data[name] for column, name in names.items()}


def test_cosmos_votes(shared: Shared, call: Call) -> None:
    assert call(**ed25519_columns(shared, "cosmos_commits")) == [OK] * 698
    assert call(**SMALL) == call(**UNUSUAL) == [OK]


def test_solana(shared: Shared, call: Call) -> None:
    assert call(**ed25519_columns(shared, "solana_ed25519")) == [OK] * 2410
    assert call(**SMALL) == call(**UNUSUAL) == [BAD_KEY]


def zip215(call: Call, name: str) -> None:
    """What ZIP 215 lets pass, and what it refuses; by the call that test_cosmos_votes makes on
    honest signatures, since none of this chain is at hand.
    """
    assert ROWS[name].call == ROWS["test_cosmos_votes"].call
    assert call(**SMALL) == call(**UNUSUAL) == [OK]
    order = (2**252 + 27742317777372353535851937790883648493).to_bytes(32, "little")
    assert call(**{**SMALL, "signatures": [NEUTRAL + order]}) == [BAD_SIGNATURE]
    assert call(**{**SMALL, "keys": [b"\2" + bytes(31)]}) == [BAD_KEY]  # no point


def test_zcash(call: Call) -> None:
    zip215(call, "test_zcash")


def test_polkadot(call: Call) -> None:
    zip215(call, "test_polkadot")


# ---- P-256 and SM2 ----


def p256_columns(shared: Shared, kind: str) -> tuple[dict[str, list[bytes]], list[bool]]:
    data = table(shared, "p256_signatures", "source", "digest", "low_s")
    chosen = [i for i, source in enumerate(data["source"]) if source.startswith(kind)]
    names = {"keys": "public_key", "signatures": "signature", "digests": "digest"}
    columns = {column: [data[name][i] for i in chosen] for column, name in names.items()}
    return columns, [data["low_s"][i] for i in chosen]


P256_ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551


def test_fabric(shared: Shared, call: Call) -> None:
    columns, low = p256_columns(shared, "fabric")
    assert len(low) == 76 and all(low)
    pairs = [
        (int.from_bytes(each[:32], "big"), int.from_bytes(each[32:], "big"))
        for each in columns.pop("signatures")
    ]
    assert call(**columns, signatures=[der.encode(r, s) for r, s in pairs]) == [OK] * 76
    turned = [der.encode(r, P256_ORDER - s) for r, s in pairs]
    assert call(**columns, signatures=turned) == [BAD_SIGNATURE] * 76
    longer = [der.encode(r, s) + b"\0" for r, s in pairs]  # Go's parser stops before
    assert call(**columns, signatures=longer) == [BAD_SIGNATURE] * 76


def test_quotes(shared: Shared, call: Call) -> None:
    columns, low = p256_columns(shared, "quote")
    assert len(low) == 60 and 0 < sum(low) < 60
    assert call(**columns) == [OK] * 60


def sm2_signed(n: int, message: Callable[[int], bytes]) -> dict[str, list[bytes]]:
    """n signatures by the reference, keys as x, y and signatures as r, s."""
    columns: dict[str, list[bytes]] = {"keys": [], "signatures": [], "messages": []}
    for i in range(n):
        secret, text = 1000 + i, message(i)
        point = sm2.CURVE.multiply_base(secret)
        assert point is not None
        digest = sm2.message_hash(point, verilane.sm2.DEFAULT_USER_ID, text)
        r, s = sm2.sign(secret, digest, 77 + i)
        columns["keys"].append(sm2.CURVE.encode_point(point, "raw"))
        columns["signatures"].append(ecdsa.compact(r, s))
        columns["messages"].append(text)
    return columns


def test_fisco(call: Call) -> None:
    """No block of the chain is at hand: signed by the reference, the key behind the signature."""
    columns = sm2_signed(8, lambda i: sm3(b"transaction %d" % i))
    keys = columns.pop("keys")
    signed = [a + b for a, b in zip(columns.pop("signatures"), keys, strict=True)]
    assert call(**columns, signatures=signed) == [OK] * 8
    others = [each[:64] + keys[i - 1] for i, each in enumerate(signed)]
    assert call(**columns, signatures=others) == [Verdict.MISMATCH] * 8
    assert call(**columns, signatures=[each[:64] for each in signed]) == [BAD_SIGNATURE] * 8


def test_chainmaker(call: Call) -> None:
    """No block of the chain is at hand: signed by the reference."""
    columns = sm2_signed(8, lambda i: b"payload %d" % i)
    pairs = [
        (int.from_bytes(each[:32], "big"), int.from_bytes(each[32:], "big"))
        for each in columns.pop("signatures")
    ]
    signed = [der.encode(r, s) for r, s in pairs]
    assert call(**columns, signatures=signed) == [OK] * 8
    longer = [each + b"\0" for each in signed]
    assert call(**columns, signatures=longer) == [BAD_SIGNATURE] * 8
