"""Constants of the hashes, published vectors, and `hashes.digest_many` as a user meets it."""

import lzma
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from reference import blake2b, keccak, sha2, sm3
from test_hashes import OTHERS, PERIODIC, digests
from verilane import DeviceUnavailable, devices, hashes, use

Shared = Callable[[str], Path]

KERNELS = Path(__file__).resolve().parents[1] / "kernels" / "hash"


def tables(name: str) -> dict[str, list[int]]:
    """Every table of constants in a header of kernels/hash."""
    text = (KERNELS / name).read_text("utf-8")
    found = re.findall(r"CONST u\d+ (\w+)(?:\[\d+\])+ = \{(.*?)\};", text, re.DOTALL)
    return {name: [int(word, 0) for word in re.findall(r"\w+", table)] for name, table in found}


# ---- Constants ----


def test_constants_of_sha2() -> None:
    pad64 = sha2.SHA256.schedule(sha2.SHA256.pad(bytes(64))[64:])
    assert tables("sha256_constants.h") == {
        "sha256_initial": sha2.SHA256.initial,
        "sha256_k": sha2.SHA256.k,
        "sha256_k_pad64": [
            (k + w) & sha2.SHA256.mask for k, w in zip(sha2.SHA256.k, pad64, strict=True)
        ],
    }
    assert tables("sha512_constants.h") == {
        "sha512_initial": sha2.SHA512.initial,
        "sha512_k": sha2.SHA512.k,
    }


def test_constants_of_sm3() -> None:
    w, x = sm3.expand(sm3.pad(bytes(64))[64:])
    assert tables("sm3_constants.h") == {
        "sm3_initial": sm3.INITIAL,
        "sm3_t": [sm3.rotl(sm3.t(j), j) for j in range(64)],
        "sm3_w_pad64": w[:64],
        "sm3_x_pad64": x,
    }


def test_constants_of_keccak() -> None:
    assert tables("keccak_constants.h") == {"keccak_iota": keccak.ROUND_CONSTANTS}


def test_constants_of_blake2b() -> None:
    assert tables("blake2b_constants.h") == {
        "blake2b_sigma": [i for row in blake2b.SIGMA for i in row]
    }


# ---- Published vectors ----

RFC7693_ABC = (
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)


def test_reference_of_blake2b_is_the_rfc_s() -> None:
    """Appendix A, whose digest has 64 bytes."""
    assert blake2b.blake2b(b"abc", 64).hex() == RFC7693_ABC


@cache
def botan(path: Path, section: str) -> list[tuple[bytes, bytes]]:
    """The (message, digest) pairs of one section of a Botan .vec file."""
    data = path.read_bytes()
    text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode()
    text = text.split(f"[{section}]")[1].split("\n[")[0]
    pairs = re.findall(r"^In = ?([0-9A-Fa-f]*)\s*\nOut = ([0-9A-Fa-f]+)\s*$", text, re.MULTILINE)
    return [(bytes.fromhex(message), bytes.fromhex(digest)) for message, digest in pairs]


@pytest.mark.parametrize(
    ("hash", "file", "section", "least"),
    [
        ("sha256", "merkle/sha2_32.vec.xz", "SHA-256", 100),
        ("sm3", "sm/sm3.vec", "SM3", 50),
        ("keccak256", "merkle/keccak.vec.xz", "Keccak-1600(256)", 100),
    ],
)
def test_botan_vectors(
    isa: str, shared: Shared, hash: str, file: str, section: str, least: int
) -> None:
    pairs = botan(shared(f"vectors/{file}"), section)
    assert len(pairs) > least
    for batch in (pairs, pairs[::-1], pairs[5:6]):
        found = digests([message for message, _ in batch], isa, hash)
        assert found == [digest for _, digest in batch]


def test_openssl_sm3_vectors(isa: str, shared: Shared) -> None:
    text = shared("vectors/sm/evpmd_sm3.txt").read_text("utf-8")
    pairs = re.findall(
        r"^Digest = SM3\nInput = ([0-9A-F]+)\nOutput = ([0-9A-F]+)$", text, re.MULTILINE
    )
    assert len(pairs) >= 3
    found = digests([bytes.fromhex(message) for message, _ in pairs], isa, "sm3")
    assert found == [bytes.fromhex(digest) for _, digest in pairs]


# ---- hashes.digest_many ----


@pytest.mark.parametrize("hash", OTHERS)
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_digest_many(hash: str, threads: int | None) -> None:
    messages = [PERIODIC[i : i + i % 200] for i in range(20_000)]
    found = hashes.digest_many(messages, hash, threads=threads)
    assert found.dtype == np.uint8
    assert found.shape == (len(messages), len(OTHERS[hash](b"")))
    for i in (0, 1, 199, 200, 9_999, 19_999):
        assert found[i].tobytes() == OTHERS[hash](messages[i])
    assert (found == hashes.digest_many(messages, hash, threads=1)).all()


def test_digest_many_takes_every_column() -> None:
    rows = np.frombuffer(PERIODIC[:4000], np.uint8).reshape(100, 40)
    expected = hashes.digest_many([row.tobytes() for row in rows])
    ragged = rows.reshape(-1), np.arange(0, 4001, 40)
    assert (hashes.digest_many(rows) == expected).all()
    assert (hashes.digest_many(ragged) == expected).all()
    assert hashes.digest_many([]).shape == (0, 32)
    assert hashes.digest_many([], "sha512").shape == (0, 64)


def test_digest_many_on_a_device() -> None:
    for device in devices():
        if device.missing is None:
            with use(device.name):
                assert hashes.digest_many([b"abc"])[0].tobytes() == OTHERS["sha256"](b"abc")
        else:
            with pytest.raises(DeviceUnavailable):
                hashes.digest_many([b"abc"], device=device.name)


def test_digest_many_refuses() -> None:
    with pytest.raises(ValueError, match=r"no hash is named 'md5'; there are: sha256, sha256d, "):
        hashes.digest_many([b""], "md5")
    with pytest.raises(ValueError, match=r"no hash is named None"):
        hashes.digest_many([b""], None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no device is named"):
        hashes.digest_many([b""], device="cpu:none")
    with pytest.raises(ValueError, match="no fixed width"):
        hashes.digest_many(b"abc")
    with pytest.raises(ValueError, match="out of order"):
        hashes.digest_many((b"abc", [0, 3, 2]))
    with pytest.raises(TypeError):
        hashes.digest_many(["abc"])
