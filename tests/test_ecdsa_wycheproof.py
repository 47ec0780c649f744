"""Wycheproof's signatures over secp256k1 and P-256 (../shared/vectors), on every ISA: no case gets
another answer than the file's own.
"""

import hashlib
import json
import lzma
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outcomes import assert_same
from reference import ecdsa
from schemes import SCHEMES, Scheme

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test

HASHES = {"SHA-256": hashlib.sha256, "SHA-512": hashlib.sha512, "SHA3-256": hashlib.sha3_256}
FORMS = ("uncompressed", "compressed", "raw")
SECP256K1, P256 = SCHEMES
DER = {"encoding": "der"}
BITCOIN = {"encoding": "der", "low_s": True}

# file: (curve, number of cases, options). Plain and SHA-3 files hold DER, p1363 files r || s,
# Bitcoin files DER with low s. Their DER is strict in the sense of BIP 66 in every valid case.
FILES: dict[str, tuple[Scheme, int, dict[str, Any]]] = {
    "wycheproof/ecdsa_secp256k1_sha256_test": (SECP256K1, 476, DER),
    "wycheproof/ecdsa_secp256k1_sha3_256_test": (SECP256K1, 474, DER),
    "wycheproof/ecdsa_secp256k1_sha256_p1363_test": (SECP256K1, 252, {}),
    "wycheproof/ecdsa_secp256k1_sha512_p1363_test": (SECP256K1, 322, {}),
    "wycheproof/ecdsa_secp256k1_sha256_bitcoin_test": (SECP256K1, 463, BITCOIN),
    "secp256k1/core_wycheproof_bitcoin": (SECP256K1, 463, BITCOIN),
    "wycheproof/ecdsa_secp256r1_sha256_test": (P256, 484, DER),
    "wycheproof/ecdsa_secp256r1_sha3_256_test": (P256, 482, DER),
    "wycheproof/ecdsa_secp256r1_sha256_p1363_test": (P256, 262, {}),
}


class Cases(NamedTuple):
    """columns: keys, signatures, digests: the first 256 bits of the hash (SEC 1 4.1.4 step 3)."""

    tests: list[dict[str, Any]]
    columns: tuple[list[bytes], list[bytes], list[bytes]]

    @property
    def names(self) -> list[str]:
        return [f"{test['tcId']} {test['comment']} {test['flags']}" for test in self.tests]


def cases_of(shared: Shared, name: str, scheme: Scheme) -> Cases:
    """Every third key is uncompressed, compressed, without its first byte."""
    cases = Cases([], ([], [], []))
    path = shared(f"vectors/{name}.json.xz")
    for group in json.loads(lzma.decompress(path.read_bytes()))["testGroups"]:
        point = scheme.curve.decode_point(bytes.fromhex(group["publicKey"]["uncompressed"]))
        for test in group["tests"]:
            digest = HASHES[group["sha"]](bytes.fromhex(test["msg"])).digest()
            item = (
                scheme.curve.encode_point(point, FORMS[test["tcId"] % 3]),
                bytes.fromhex(test["sig"]),
                ecdsa.truncate(digest),
            )
            cases.tests.append(test)
            for column, part in zip(cases.columns, item, strict=True):
                column.append(part)
    return cases


def assert_like_the_reference(scheme: Scheme, cases: Cases, isa: str, **options: Any) -> list[int]:
    got = scheme.module.verify_many(*cases.columns, **options, device=isa).codes.tolist()
    items = zip(*cases.columns, strict=True)
    reference = [ecdsa.verify(*item, **options, curve=scheme.curve) for item in items]
    assert_same(cases.names, reference, got)
    return got


@pytest.mark.parametrize("name", FILES)
def test_wycheproof(shared: Shared, isa: str, name: str) -> None:
    """The file's word first: valid or not; then which kind of no, by the reference."""
    scheme, count, options = FILES[name]
    cases = cases_of(shared, name, scheme)
    assert len(cases.tests) == count
    got = assert_like_the_reference(scheme, cases, isa, **options)
    valid = [test["result"] for test in cases.tests]
    assert_same(cases.names, valid, ["valid" if x == ecdsa.OK else "invalid" for x in got])


@pytest.mark.parametrize("name", ["wycheproof/ecdsa_secp256k1_sha256_test"])
def test_wycheproof_lax(shared: Shared, isa: str, name: str) -> None:
    """Under der-lax all that is valid stays valid, and some BER forms join it; none is forged."""
    cases = cases_of(shared, name, SECP256K1)
    got = assert_like_the_reference(SECP256K1, cases, isa, encoding="der-lax")
    joined = Counter()
    for test, code in zip(cases.tests, got, strict=True):
        assert code == ecdsa.OK or test["result"] != "valid", test["tcId"]
        if code == ecdsa.OK and test["result"] != "valid":
            joined.update(test["flags"])
    assert set(joined) <= {
        "BerEncodedSignature",
        "InvalidEncoding",
        "MissingZero",
        "ModifiedSignature",
    }
    assert joined["BerEncodedSignature"] >= 5
