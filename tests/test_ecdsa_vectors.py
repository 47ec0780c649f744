"""Every public secp256k1 vector file in ../shared/vectors, on every ISA; Wycheproof's are in
test_ecdsa_wycheproof.py.

Files are read in place. What a file holds that is not a signature check, and every case whose
answer is not the file's own word, is named here with its reason (the ETHEREUM tables and the
comments of the tests); test_nothing_is_left_out counts the cases.
"""

import base64
import hashlib
import json
import lzma
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from outcomes import assert_same
from reference import der, ecdsa
from reference import secp256k1 as curve
from reference.keccak import keccak256
from reference.rlp import rlp_decode, rlp_encode
from verilane import secp256k1

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test

FORMS = ("uncompressed", "compressed", "raw")


def load(shared: Shared, name: str) -> Any:
    path = shared(f"vectors/{name}")
    if path.suffix == ".xz":
        return json.loads(lzma.decompress(path.read_bytes()))
    return json.loads(path.read_text())


# ---- noble-curves ----


def test_noble_ecdsa(shared: Shared, isa: str) -> None:
    """2,019 signatures by known secrets, and 5 by other nonces ("extra entropy").

    Left out: invalid.sign (4 cases of secrets out of range: nothing to verify).
    """
    data = load(shared, "secp256k1/ecdsa.json.xz")
    cases = [(case["d"], case["m"], case["signature"]) for case in data["valid"]]
    for case in data["extraEntropy"]:
        kinds = [key for key in case if key == "signature" or key.startswith("extraEntropy")]
        cases += [(case["d"], case["m"], case[kind]) for kind in kinds]
    assert len(cases) == 2019 + 5 * 6
    keys = [
        curve.encode_point(curve.multiply_base(int(d, 16)), FORMS[index % 3])
        for index, (d, _, _) in enumerate(cases)
    ]
    digests = [bytes.fromhex(m) for _, m, _ in cases]
    signatures = [bytes.fromhex(signature) for _, _, signature in cases]
    assert secp256k1.ecdsa.verify_many(keys, signatures, digests, low_s=True, device=isa).all_ok
    shifted = digests[1:] + digests[:1]
    got = secp256k1.ecdsa.verify_many(keys, signatures, shifted, device=isa)
    same = [a == b for a, b in zip(digests, shifted, strict=True)]
    assert got.codes.tolist() == [ecdsa.OK if each else ecdsa.MISMATCH for each in same]


def test_noble_invalid(shared: Shared, isa: str) -> None:
    """25 refusals. The last one fails by the low-S rule alone, and is valid without it."""
    expected = {"Expected Point": ecdsa.BAD_KEY, "Expected Signature": ecdsa.BAD_SIGNATURE}
    cases = load(shared, "secp256k1/ecdsa.json.xz")["invalid"]["verify"]
    assert len(cases) == 25
    for case in cases:
        columns = [[bytes.fromhex(case[part])] for part in ("Q", "signature", "m")]
        strict = bool(case.get("strict"))
        got = secp256k1.ecdsa.verify_many(*columns, low_s=strict, device=isa)
        want = expected.get(case.get("exception"), ecdsa.BAD_SIGNATURE)
        assert got.codes.tolist() == [want], case["description"]
        if strict:
            assert secp256k1.ecdsa.verify_many(*columns, device=isa).all_ok


def test_noble_points(shared: Shared, isa: str) -> None:
    """A key is BAD_KEY exactly when it is no point: isPoint, and every point of the other lists.

    Sums and multiples are what the reference is checked with in test_noble_group_law."""
    data = load(shared, "secp256k1/points.json.xz")
    keys = [(case["P"], case["expected"]) for case in data["valid"]["isPoint"]]
    assert len(keys) == 2029
    keys += [(case["P"], True) for case in data["valid"]["pointCompress"]]
    keys += [(case["expected"], True) for case in data["valid"]["pointCompress"]]
    keys += [(case["P"], False) for case in data["invalid"]["pointCompress"]]
    n = len(keys)
    signature, digest = ecdsa.compact(1, 1), bytes(32)
    got = secp256k1.ecdsa.verify_many(
        [bytes.fromhex(key) for key, _ in keys], [signature] * n, [digest] * n, device=isa
    ).codes.tolist()
    names = [key for key, _ in keys]
    assert_same(names, [valid for _, valid in keys], [code != ecdsa.BAD_KEY for code in got])
    assert set(got) <= {ecdsa.BAD_KEY, ecdsa.MISMATCH, ecdsa.OK}


def test_noble_group_law(shared: Shared) -> None:
    """The reference's sums and multiples; infinity is what noble calls an exception."""
    data = load(shared, "secp256k1/points.json.xz")

    def point(text: str) -> curve.Point:
        return curve.decode_point(bytes.fromhex(text))

    for case in data["valid"]["pointAdd"]:
        if case["expected"] is None:
            assert curve.add(point(case["P"]), point(case["Q"])) is None
        else:
            assert curve.add(point(case["P"]), point(case["Q"])) == point(case["expected"])
    for case in data["valid"]["pointAddScalar"]:
        term = curve.multiply_base(int(case["d"], 16))
        assert curve.add(point(case["P"]), term) == point(case["expected"])
    for case in data["valid"]["pointMultiply"]:
        assert curve.multiply(int(case["d"], 16), point(case["P"])) == point(case["expected"])
    for case in data["valid"]["pointFromScalar"]:
        assert curve.multiply_base(int(case["d"], 16)) == point(case["expected"])


def test_rfc6979_nonces(shared: Shared, isa: str) -> None:
    """Signatures made with the file's nonces (k0, k1, k15: 1st, 2nd and 16th candidate)."""
    keys, signatures, digests = [], [], []
    cases = load(shared, "secp256k1/rfc6979.json")
    for case in cases:
        secret, digest = int(case["d"], 16), hashlib.sha256(case["message"].encode()).digest()
        for name in ("k0", "k1", "k15"):
            r, s, _ = ecdsa.sign(secret, digest, int(case[name], 16))
            keys.append(curve.encode_point(curve.multiply_base(secret)))
            signatures.append(ecdsa.compact(r, s))
            digests.append(digest)
    assert len(keys) == 3 * len(cases) > 20
    assert secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa).all_ok


def test_endomorphism(shared: Shared) -> None:
    """Scalars on the edges of the GLV split: the reference's multiples. The split itself is an
    internal of the kernels and tested there."""
    for case in load(shared, "secp256k1/endomorphism.json"):
        point = int(case["ax"]), int(case["ay"])
        expected = int(case["cx"]), int(case["cy"])
        assert curve.multiply(int(case["scalar"]), point) == expected, case["desc"]


def test_endomorphism_scalars_as_u2(shared: Shared, isa: str) -> None:
    """The same scalars as the verifier's u2: e = 0 and s = r / u2, so R = u2 Q."""
    keys, signatures = [], []
    for case in load(shared, "secp256k1/endomorphism.json"):
        r = int(case["cx"]) % curve.N
        s = r * pow(int(case["scalar"]), -1, curve.N) % curve.N
        keys.append(curve.encode_point((int(case["ax"]), int(case["ay"])), "raw"))
        signatures.append(ecdsa.compact(r, s))
    digests = [bytes(32)] * len(keys)
    assert secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa).all_ok


# ---- Botan ----


def botan_cases(path: Path) -> list[dict[str, str]]:
    """The secp256k1 cases of a .vec file: "Name = value" lines, a case per Signature or V line."""
    cases, current = [], {}
    for line in path.read_text().splitlines():
        if not line.strip():
            if current.get("Group") == "secp256k1":
                cases.append(current)
            current = {}
        elif "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            current[name.strip()] = value.strip()
    return cases + ([current] if current.get("Group") == "secp256k1" else [])


def test_botan_verify(shared: Shared, isa: str) -> None:
    """Msg is the digest itself ("Raw"); a case is valid unless it says Valid = 0."""
    cases = botan_cases(shared("vectors/p256/ecdsa_verify.vec"))
    assert len(cases) == 7
    keys = [
        curve.encode_point((int(case["Px"], 0), int(case["Py"], 0)), "uncompressed")
        for case in cases
    ]
    signatures = [bytes.fromhex(case["Signature"]) for case in cases]
    digests = [bytes.fromhex(case["Msg"]) for case in cases]
    got = secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa)
    assert [code == ecdsa.OK for code in got.codes] == [
        case.get("Valid", "1") == "1" for case in cases
    ]
    assert set(got.codes.tolist()) == {ecdsa.OK, ecdsa.BAD_SIGNATURE}  # r = 0 and s = 0


def test_botan_recovery(shared: Shared, isa: str) -> None:
    cases = botan_cases(shared("vectors/secp256k1/ecdsa_key_recovery.vec"))
    assert len(cases) == 1
    for case in cases:
        signature = ecdsa.compact(int(case["R"], 0), int(case["S"], 0)) + bytes([int(case["V"])])
        keys, verdicts = secp256k1.ecdsa.recover_many(
            [signature], [bytes.fromhex(case["Msg"])], device=isa
        )
        assert verdicts.all_ok
        assert keys.tobytes() == bytes.fromhex(case["Pubkey"])[1:]


def test_keys_of_signing_files(shared: Shared, isa: str) -> None:
    """ecdsa_explicit.vec and evppkey_ecdsa.txt hold one private key each on this curve, and no
    signature: a signature made with it verifies under the public key that stands beside it."""
    text = shared("vectors/p256/ecdsa_explicit.vec").read_text()
    explicit = bytes.fromhex(text.split("[secp256k1]\nKey = ")[1].split()[0])
    text = shared("vectors/p256/evppkey_ecdsa.txt").read_text()
    pem = text.split("PrivateKey = secp256k1\n-----BEGIN PRIVATE KEY-----\n")[1].split("-----")[0]
    for document in (explicit, base64.b64decode(pem)):
        secret = int.from_bytes(document.split(b"\x02\x01\x01\x04\x20")[1][:32], "big")
        digest = hashlib.sha256(document).digest()
        r, s, _ = ecdsa.sign(secret, digest, secret - 1)
        columns = [document[-65:]], [der.encode(r, s)], [digest]
        assert secp256k1.ecdsa.verify_many(*columns, encoding="der", device=isa).all_ok


def test_botan_files_without_this_curve(shared: Shared) -> None:
    """The other .vec files of that folder are for other curves: nothing to test here."""
    for name in ("ecdsa_invalid.vec", "ecdsa_rfc6979.vec"):
        assert not botan_cases(shared(f"vectors/p256/{name}"))
    text = lzma.decompress(shared("vectors/p256/ecdsa_prob.vec.xz").read_bytes()).decode()
    assert "secp256k1" not in text


# ---- Ethereum's TransactionTests ----

# The library sees (r, s, id) and a digest. These answers of the test files are about other things,
# which stay with the caller who reads the chain's format.
ETHEREUM_OUTSIDE = {
    "RLP_LEADING_ZEROS_V": "RLP",
    "RLP_LEADING_ZEROS_R": "RLP",
    "RLP_LEADING_ZEROS_S": "RLP",
    "RLP_TOO_FEW_ELEMENTS": "RLP",
    "RLP_TOO_MANY_ELEMENTS": "RLP",
    "INVALID_CHAINID": "which v a chain and fork allows",
}
# Fork: (values of v that it knows, low-S rule). EIP-155 (fork EIP158) adds 35 + 2 * 1 + id for
# chain 1. A v outside these is refused by the fork's own rule before there is a recovery id.
ETHEREUM_FORKS: dict[str, tuple[tuple[int, ...], bool]] = {
    "Frontier": ((27, 28), False),
    "Homestead": ((27, 28), True),
    "EIP158": ((27, 28, 37, 38), True),
    "Cancun": ((27, 28, 37, 38), True),
}


def ethereum_checks(shared: Shared) -> Iterator[tuple[str, bytes, bytes, bool, str, str]]:
    """(name, signature65, digest, low_s, exception or "", sender) for each file and fork."""
    with tarfile.open(shared("vectors/secp256k1/eth_TransactionTests_sig.tar.xz")) as archive:
        members = [member for member in archive.getmembers() if member.name.endswith(".json")]
        files = [json.load(archive.extractfile(member)) for member in members]
    for file in files:
        ((name, case),) = file.items()
        raw = bytes.fromhex(case["txbytes"].removeprefix("0x"))
        for fork, (known, low_s) in ETHEREUM_FORKS.items():
            answer = case["result"].get(fork, {"exception": "no answer for this fork"})
            exception = answer.get("exception", "").removeprefix("TransactionException.")
            fields = rlp_decode(raw)[0]
            if len(fields) != 9:
                yield f"{name} {fork}", b"", b"", low_s, exception, "not 9 fields"
                continue
            v, r, s = (int.from_bytes(field, "big") for field in fields[6:])
            if v not in known:
                yield f"{name} {fork}", b"", b"", low_s, exception, "v"
                continue
            chain = [] if v < 35 else [bytes([(v - 35) // 2]), b"", b""]
            digest = keccak256(rlp_encode(fields[:6] + chain))
            width = max(32, len(fields[7]), len(fields[8]))
            signature = r.to_bytes(width, "big") + s.to_bytes(width, "big")
            recovery_id = bytes([(v - 27 if v < 35 else v - 35) % 2])
            sender = answer.get("sender", "")
            yield f"{name} {fork}", signature + recovery_id, digest, low_s, exception, sender


def test_ethereum_transactions(shared: Shared, isa: str) -> None:
    """91 files under 4 forks: the sender comes out, or the signature is refused."""
    tally = Counter()
    for name, signature, digest, low_s, exception, sender in ethereum_checks(shared):
        if not signature:  # no recovery id, so nothing to ask; the file must refuse it too
            assert exception, name
            tally["no id"] += 1
            continue
        if exception in ETHEREUM_OUTSIDE:
            tally["outside"] += 1
            continue
        keys, verdicts = secp256k1.ecdsa.recover_many(
            [signature], [digest], low_s=low_s, device=isa
        )
        if exception:
            assert exception in ("INVALID_SIGNATURE_VRS", "EC_RECOVERY_FAIL"), name
            assert verdicts.codes.tolist() == [ecdsa.BAD_SIGNATURE], name
            tally["refused"] += 1
        else:
            assert verdicts.all_ok, name
            address = keccak256(keys.tobytes())[12:].hex()
            assert address == sender.removeprefix("0x").rjust(40, "0"), name
            tally["sender"] += 1
    assert tally.total() == 91 * len(ETHEREUM_FORKS)
    assert tally["sender"] > 60
    assert tally["refused"] > 30


# ---- The folder ----


def test_nothing_is_left_out(shared: Shared) -> None:
    """Every file of the folder is used above, or named here with the reason why not."""
    elsewhere = {
        "taproot-ref.tar.xz": "BIP-340 and script",
        "test-vectors.csv": "BIP-340",
        "wallet-test-vectors.json": "BIP-341",
    }
    tests = (Path(__file__), Path(__file__).with_name("test_ecdsa_wycheproof.py"))
    used = "".join(path.read_text() for path in tests)
    names = [path.name for path in shared("vectors/secp256k1").iterdir()]
    names += [path.name for path in shared("vectors/wycheproof").glob("*secp256k1*")]
    left = [
        name
        for name in names
        if name not in elsewhere and name.removesuffix(".json.xz") not in used
    ]
    assert not left
