"""SM2 signatures: the standard's own example, public vectors, real signatures, OpenSSL and Tongsuo,
on every ISA.
"""

import base64
import hashlib
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reference import der
from reference import sm2 as reference
from reference.ecdsa import BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK, compact
from reference.sm2 import CURVE, DEFAULT_USER_ID, N
from sm2_items import Item, as_der, codes, codes_of_digests, honest_items, signed
from verilane import sm2

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test


# ---- Published answers ----

# GB/T 32918.5-2017 annex A.2, with the default user ID.
EXAMPLE_SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
EXAMPLE_NONCE = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
EXAMPLE_ZA = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
EXAMPLE_E = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
EXAMPLE_R = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
EXAMPLE_S = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"


def test_the_standards_example(isa: str) -> None:
    key = CURVE.multiply_base(EXAMPLE_SECRET)
    assert reference.user_hash(key, DEFAULT_USER_ID).hex() == EXAMPLE_ZA
    item = signed(
        "example", EXAMPLE_SECRET, EXAMPLE_NONCE, b"message digest", DEFAULT_USER_ID, "raw"
    )
    assert item.digest.hex() == EXAMPLE_E
    assert item.signature.hex() == EXAMPLE_R + EXAMPLE_S
    assert codes([item], isa) == codes_of_digests([item], isa) == [OK]
    assert codes([replace(item, message=b"message digesT")], isa) == [MISMATCH]


def botan_rows(path: Path) -> Iterator[dict[str, str]]:
    """One dictionary a case on this curve. A line `Name = value` holds until it is said again."""
    row: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = (part.strip() for part in line.split("=", 1))
            row[name] = value
            if name == "Signature" and int(row["P"], 0) == CURVE.P:
                yield dict(row)


def test_botan(shared: Shared, isa: str) -> None:
    """One with SM3; and one with SHA-256 in its place, whose digest is made here."""
    rows = list(botan_rows(shared("vectors/sm/sm2_sig.vec")))
    assert [row["Hash"] for row in rows] == ["SM3", "SHA-256"]
    for row in rows:
        point = CURVE.multiply_base(int(row["x"], 0))
        signature, message = bytes.fromhex(row["Signature"]), bytes.fromhex(row["Msg"])
        user_id, key = row["Ident"].encode(), CURVE.encode_point(point)
        if row["Hash"] == "SM3":
            item = Item("botan", key, signature, OK, message=message, user_id=user_id)
            assert codes([item], isa) == [OK]
            assert codes([replace(item, user_id=DEFAULT_USER_ID)], isa) == [MISMATCH]
            continue
        numbers = (CURVE.A % CURVE.P, CURVE.B, *CURVE.G, *point)
        head = (8 * len(user_id)).to_bytes(2, "big") + user_id
        za = hashlib.sha256(head + b"".join(map(reference.octets, numbers))).digest()
        item = Item("botan", key, signature, OK, digest=hashlib.sha256(za + message).digest())
        assert codes_of_digests([item], isa) == [OK]


def test_openssl_file(shared: Shared, isa: str) -> None:
    """DER signatures of digests: two of 32 bytes; one of 64, as SHA-512 would make."""
    text = shared("vectors/sm/evppkey_sm2.txt").read_text()
    pem = re.search(r"-----BEGIN PRIVATE KEY-----(.*?)-----END", text, re.DOTALL)
    assert pem
    key = base64.b64decode(pem[1])[-64:]
    cases = re.findall(r"^Verify = .*\nCtrl = .*\nInput = (\w+)\nOutput = (\w+)", text, re.M)
    items = [
        Item("openssl", key, bytes.fromhex(signature), OK, digest=bytes.fromhex(digest))
        for digest, signature in cases
    ]
    assert codes_of_digests(items, isa, encoding="der") == [OK, OK, BAD_MESSAGE]
    assert codes_of_digests(items, isa) == [BAD_SIGNATURE] * 3


def test_chain(shared: Shared, isa: str) -> None:
    """Hygon's CSV report and root certificate, and a published answer, as Arrow columns."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(shared("chain/sm2_signatures.parquet"))
    columns = [table[name] for name in ("public_key", "signature", "message")]
    assert len(table) == 3
    got = sm2.verify_many(*columns, user_id=table["user_id"], device=isa)
    assert got.codes.tolist() == [OK] * 3
    assert sm2.verify_many(*columns, device=isa).codes.tolist() == [MISMATCH] * 3


# ---- Peers ----

# SEC 1's SubjectPublicKeyInfo of a key on this curve, up to its x.
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


def openssl_accepts(folder: Path, item: Item) -> bool:
    """What the command openssl says."""
    raw = CURVE.encode_point(CURVE.decode_point(item.key), "raw")
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(SPKI + raw)
    (folder / "key").write_bytes(pem + b"-----END PUBLIC KEY-----\n")
    (folder / "signature").write_bytes(as_der(item).signature)
    (folder / "message").write_bytes(item.message)
    files = ["-inkey", "key", "-sigfile", "signature", "-in", "message"]
    options = ["-rawin", "-digest", "sm3", "-pkeyopt", f"hexdistid:{item.user_id.hex()}"]
    command = ["openssl", "pkeyutl", "-verify", "-pubin", *files, *options]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "Signature Verified Successfully" in result.stdout:
        return True
    assert "Signature Verification Failure" in result.stdout, result
    return False


def test_with_openssl(tmp_path: Path) -> None:
    """Honest and forged ones, of all user IDs and lengths of messages."""
    version = "none"
    if shutil.which("openssl"):
        run = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
        version = run.stdout
    if not re.match(r"OpenSSL [3-9]\.", version):
        pytest.skip(f"needs the command openssl 3, here is: {version}")
    items = [item for item in honest_items()[:120] if item.user_id and item.message]
    items = [*items[::5], *(item for item in items if item.verdict == MISMATCH)][:36]
    assert {item.verdict for item in items} == {OK, MISMATCH}
    assert len({item.user_id for item in items}) > 4
    for item in items:
        assert openssl_accepts(tmp_path, item) == (item.verdict == OK)
    assert codes(items, "cpu") == [item.verdict for item in items]


def test_with_tongsuo(isa: str) -> None:
    """Signatures by Tongsuo, with its default user ID, a third of them with one bit changed."""
    pytest.importorskip("tongsuopy", reason="no tongsuopy here: pip install tongsuopy")
    from tongsuopy.crypto import exceptions, hashes
    from tongsuopy.crypto.asymciphers import ec

    rng, algorithm = random.Random("tongsuo"), ec.ECDSA(hashes.SM3())
    items = []
    for index in range(150):
        private = ec.derive_private_key(rng.randrange(1, N - 1), ec.SM2())
        public = private.public_key()
        numbers, message = public.public_numbers(), rng.randbytes(rng.randrange(1, 200))
        r, s = der.parse_strict(private.sign(message, algorithm)) or (0, 0)
        blob = bytearray(compact(r, s) + message)
        if index % 3 == 0:
            blob[rng.randrange(len(blob))] ^= 1 << rng.randrange(8)
        signature, message = bytes(blob[:64]), bytes(blob[64:])
        try:
            parsed = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            public.verify(der.encode(*parsed), message, algorithm)
            accepted = True
        except exceptions.InvalidSignature:
            accepted = False
        assert accepted == (index % 3 != 0)
        key = CURVE.encode_point((numbers.x, numbers.y), ("raw", "compressed")[index % 2])
        items.append(Item("tongsuo", key, signature, OK if accepted else MISMATCH, message))
    assert codes(items, isa, user_id=DEFAULT_USER_ID) == [item.verdict for item in items]
