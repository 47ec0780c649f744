"""ECDSA over P-256: public vectors (../shared/vectors) and real signatures (../shared/chain), on
every ISA.

What is asked of both curves is in test_ecdsa_properties.py, test_ecdsa_exceptional.py and
test_ecdsa_wycheproof.py.
"""

import hashlib
import lzma
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from items import honest_items
from reference import ecdsa
from reference.p256 import CURVE
from verilane import Verdict, p256, secp256k1

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test


def verdicts_of(columns: Any, isa: str, **options: Any) -> list[int]:
    return p256.ecdsa.verify_many(*columns, **options, device=isa).codes.tolist()


# ---- Botan ----

BOTAN_HASHES = {
    "SHA-1": hashlib.sha1,
    "SHA-224": hashlib.sha224,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


def botan_rows(path: Path, last: str) -> Iterator[dict[str, str]]:
    """One dictionary a case over secp256r1. A line `Name = value` holds until it is said again;
    `last` closes a case.
    """
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    row: dict[str, str] = {}
    for line in data.decode().splitlines():
        if "=" not in line or line.startswith("#"):
            continue
        name, value = (part.strip() for part in line.split("=", 1))
        row = {} if name == "Group" and last == "Signature" and "Px" in row else row
        row[name] = value
        if name == last and row["Group"] == "secp256r1":
            yield dict(row)


def botan_case(row: dict[str, str]) -> tuple[bytes, bytes, bytes]:
    """(key, signature, digest): the key as it is, or of the secret X; the hash named, or none."""
    if "X" in row:
        key = CURVE.encode_point(CURVE.multiply_base(int(row["X"], 0)))
    else:
        key = b"".join(int(row[name], 16).to_bytes(32, "big") for name in ("Px", "Py"))
    message = bytes.fromhex(row["Msg"])
    if row.get("Hash") in BOTAN_HASHES:
        message = BOTAN_HASHES[row["Hash"]](message).digest()
    return key, bytes.fromhex(row["Signature"]), ecdsa.truncate(message)


@pytest.mark.parametrize(
    ("name", "count"), [("verify.vec", 10), ("rfc6979.vec", 15), ("prob.vec.xz", 72)]
)
def test_botan_signatures(shared: Shared, isa: str, name: str, count: int) -> None:
    """All valid; and none with r, s or the digest changed."""
    rows = list(botan_rows(shared(f"vectors/p256/ecdsa_{name}"), "Signature"))
    assert len(rows) == count
    assert {row.get("Valid", "1") for row in rows} == {"1"}
    cases = [botan_case(row) for row in rows]
    assert verdicts_of(zip(*cases, strict=True), isa) == [ecdsa.OK] * count
    for where in (31, 63, 95):
        changed = []
        for key, signature, digest in cases:
            blob = bytearray(signature + digest)
            blob[where] ^= 1
            changed.append((key, bytes(blob[:64]), bytes(blob[64:])))
        expected = [ecdsa.verify(*case, curve=CURVE) for case in changed]
        assert ecdsa.OK not in expected
        assert verdicts_of(zip(*changed, strict=True), isa) == expected


def test_botan_invalid_keys(shared: Shared, isa: str) -> None:
    """Points off the curve; and, cut to their low 256 bits, coordinates out of range."""
    rows = list(botan_rows(shared("vectors/p256/ecdsa_invalid.vec"), "InvalidKeyY"))
    assert len(rows) == 15
    good = honest_items(curve=CURVE)[0]
    keys = []
    for row in rows:
        pair = [int(row[name], 16) for name in ("InvalidKeyX", "InvalidKeyY")]
        keys.append(b"\x04" + b"".join((x % 2**256).to_bytes(32, "big") for x in pair))
    columns = keys, [good.signature] * len(keys), [good.digest] * len(keys)
    assert verdicts_of(columns, isa) == [ecdsa.BAD_KEY] * len(keys)


# Left out: ecdsa_explicit.vec, which holds private keys with explicit parameters, no signatures.


# ---- OpenSSL ----


def openssl_cases(path: Path) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """(key, DER signature, digest, valid) of the Verify and DigestVerify tests with P-256."""
    blocks = path.read_text().split("\n\n")
    pem = next(block for block in blocks if block.startswith("PublicKey=P-256-PUBLIC"))
    public = load_pem_public_key(pem.split("\n", 1)[1].encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    numbers = public.public_numbers()
    key = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    for block in blocks:
        lines = [line for line in block.splitlines() if "=" in line and line[0] != "#"]
        row = {
            name.strip(): value.strip() for name, value in (line.split("=", 1) for line in lines)
        }
        message = row.get("Input", "").strip('"').encode()
        if row.get("Verify") == "P-256-PUBLIC":
            digest = message.rjust(32, b"\0")
        elif row.get("Key") == "P-256-PUBLIC" and "SHA256" in (
            row.get("DigestVerify"),
            row.get("OneShotDigestVerify"),
        ):
            digest = hashlib.sha256(message).digest()
        else:
            continue
        yield key, bytes.fromhex(row["Output"]), digest, "Result" not in row


def test_openssl(shared: Shared, isa: str) -> None:
    """Strict and lax differ on two: what comes after the signature, and BER's open length."""
    cases = list(openssl_cases(shared("vectors/p256/evppkey_ecdsa.txt")))
    assert len(cases) == 10
    columns = list(zip(*(case[:3] for case in cases), strict=True))
    got = verdicts_of(columns, isa, encoding="der")
    assert [code == ecdsa.OK for code in got] == [valid for *_, valid in cases]
    lax = verdicts_of(columns, isa, encoding="der-lax")
    assert Counter(zip(got, lax, strict=True)) == {
        (ecdsa.OK, ecdsa.OK): 4,
        (ecdsa.MISMATCH, ecdsa.MISMATCH): 4,
        (ecdsa.BAD_SIGNATURE, ecdsa.OK): 2,
    }


# ---- Real signatures ----


def test_chain(shared: Shared, isa: str) -> None:
    """Fabric blocks, SGX and TDX quotes, Intel's collateral; packed and as Arrow columns."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(shared("chain/p256_signatures.parquet"))
    columns = [table[name] for name in ("public_key", "signature", "digest")]
    assert len(table) == 178
    assert verdicts_of(columns, isa) == [ecdsa.OK] * 178
    lists = [column.to_pylist() for column in columns]
    assert verdicts_of([b"".join(column) for column in lists], isa) == [ecdsa.OK] * 178
    low = table["low_s"].to_pylist()
    assert low.count(False) == 49
    expected = [ecdsa.OK if each else ecdsa.BAD_SIGNATURE for each in low]
    assert verdicts_of(columns, isa, low_s=True) == expected
    assert set(verdicts_of([lists[0][1:] + lists[0][:1], *lists[1:]], isa)) <= {
        ecdsa.OK,
        ecdsa.MISMATCH,
    }


# ---- Two curves ----


def test_curves_are_not_mixed_up(isa: str) -> None:
    """Each curve's items are refused by the other, and in turns each still gets its own verdict."""
    ours, theirs = honest_items(curve=CURVE)[:20], honest_items()[:20]
    for _ in range(3):
        for items, own, other in (
            (ours, p256.ecdsa, secp256k1.ecdsa),
            (theirs, secp256k1.ecdsa, p256.ecdsa),
        ):
            columns = [[getattr(x, name) for x in items] for name in ("key", "signature", "digest")]
            assert own.verify_many(*columns, device=isa).codes.tolist() == [
                item.verdict for item in items
            ]
            assert Verdict.OK not in list(other.verify_many(*columns, device=isa))
