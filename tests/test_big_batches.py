"""Batches of 2^24 items, and memory beyond 2^32 bytes: no number of 32 bits in between. Memory that
is only zeros costs nothing, so little of what is lent here is ever filled.

Where it would take more than 20 s or 2 GiB, VERILANE_BIG=1 asks for it.
"""

import hashlib
import mmap
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from items import honest_items
from test_hashes import OTHERS
from verilane import _cpu, ed25519, hashes, merkle, secp256k1
from verilane._cpu import _ffi, _lib

ROOT = Path(__file__).resolve().parents[1]
N = 1 << 24
FAR = 1 << 32
SEEN = sorted(
    {0, 1, N - 1, *(N // 16 * k for k in range(1, 16)), *(N // 16 * k - 1 for k in (1, 8))}
)

BIG = pytest.mark.skipif(
    not os.environ.get("VERILANE_BIG"), reason="takes long, or much memory: VERILANE_BIG=1"
)


def sparse(size: int) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """Zeros, of which only those that are written to take memory."""
    try:
        return np.frombuffer(mmap.mmap(-1, size), np.uint8)
    except (OSError, OverflowError, ValueError, MemoryError) as error:
        pytest.skip(f"this machine lends no {size >> 30} GiB of addresses: {error}")


# ---- 2^24 items ----


def test_digests() -> None:
    """Of 8 bytes each that tell where they stand."""
    messages = np.arange(N + 3, dtype="<u8").view(np.uint8).reshape(-1, 8)
    digests = hashes.digest_many(messages, "sha256")
    assert digests.shape == (N + 3, 32)
    for i in [*SEEN, N, N + 1, N + 2]:
        assert digests[i].tobytes() == hashlib.sha256(messages[i].tobytes()).digest(), i


def test_root() -> None:
    """One leaf more than 2^24: its parts are trees of their own (RFC 6962 section 2.1)."""
    leaves = np.arange(N + 1, dtype="<u4").view(np.uint8).reshape(-1, 4)
    part = N // 16
    level = [merkle.root(leaves[k * part : (k + 1) * part]) for k in range(16)]
    while len(level) > 1:
        level = [
            hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest()
            for i in range(0, len(level), 2)
        ]
    last = hashlib.sha256(b"\0" + leaves[N].tobytes()).digest()
    assert merkle.root(leaves[:N]) == level[0]
    assert merkle.root(leaves) == hashlib.sha256(b"\1" + level[0] + last).digest()


def test_verdicts() -> None:
    """All zeros but a few: each verdict is where its item is. A key of zeros is none."""
    items = [i for i in honest_items() if len(i.key) == 33 and i.verdict in (1, 5)]
    keys, signatures = (sparse(N * width).reshape(N, width) for width in (33, 64))
    digests = sparse(N * 32).reshape(N, 32)
    for i, item in zip(SEEN, items, strict=False):
        for column, part in zip(
            (keys, signatures, digests), (item.key, item.signature, item.digest), strict=True
        ):
            column[i] = np.frombuffer(part, np.uint8)
    codes = secp256k1.ecdsa.verify_many(keys, signatures, digests).codes.copy()
    assert len(codes) == N
    for i, item in zip(SEEN, items, strict=False):
        assert codes[i] == item.verdict, i
    codes[SEEN] = 2
    assert (codes == 2).all()


@BIG
def test_equations() -> None:
    """Ed25519 by batch equations, one item of 2^24 wrong: a minute or two, and 2 GiB."""
    from ed25519_items import columns
    from ed25519_items import honest_items as edwards_items

    item = next(i for i in edwards_items() if i.verdicts["ZIP215"] == 1 and len(i.message) == 32)
    (key,), (signature,), (message,) = columns([item])
    rows = [np.tile(np.frombuffer(part, np.uint8), (N, 1)) for part in (key, signature, message)]
    rows[2][N - 3, 5] ^= 1
    assert ed25519.verify_many(*rows).failed.tolist() == [N - 3]


# ---- Beyond 2^32 bytes ----


@pytest.mark.parametrize("hash", ["sha256", "keccak256"])
def test_offsets_beyond_32_bits(isa: str, hash: str) -> None:
    """Messages on both sides of 2^32 and of 2^33; what lies 2^32 bytes before them is not read."""
    data = sparse(2 * FAR + 4096)
    for border in (FAR, 2 * FAR):
        data[border - 300 : border + 300] = np.arange(border % 7, 600 + border % 7) % 251
    small = [0, 1, 63, 64, 65, 127, 200, 299, 300, 301, 340, 600]
    for border in (FAR, 2 * FAR):
        offsets = np.array([border - 300 + each for each in small], np.int64)
        digests = hashes.digest_many((data, offsets), hash, device=isa)
        messages = [data[start:end].tobytes() for start, end in pairwise(offsets)]
        assert [row.tobytes() for row in digests] == [OTHERS[hash](each) for each in messages]


def test_rows_beyond_32_bits(isa: str) -> None:
    """Packed, with a stride of 2^31 + 8 bytes, as C programs may lend it."""
    stride, n = (1 << 31) + 8, 5
    data = sparse(stride * (n - 1) + 64)
    for i in range(n):
        data[i * stride : i * stride + 40] = np.arange(i, i + 40)
    number = next(each.number for each in _cpu.isas() if f"cpu:{each.name}" == isa)
    lent = _ffi.new("vl_column *", (_ffi.from_buffer("uint8_t[]", data), _ffi.NULL, 40, stride))
    out = np.zeros((n, 32), np.uint8)
    result = _lib.vl_digest(_cpu._bytes_at(out), n, lent, _lib.VL_SHA256, number, *_cpu._scratch())
    assert result == _lib.VL_SUCCESS
    for i in range(n):
        message = bytes(range(i, i + 40))
        assert out[i].tobytes() == hashlib.sha256(message).digest(), i


@BIG
def test_one_message_beyond_32_bits() -> None:
    """Its length in bits is beyond 2^35, in bytes beyond 2^32: both are in the padding."""
    size = FAR + 77
    data = sparse(size)
    data[-3:] = 1
    digests = hashes.digest_many((data, np.array([0, size], np.int64)), "sha256")
    assert digests[0].tobytes() == hashlib.sha256(data).digest()


# ---- In the sources ----


def test_no_size_is_shortened_in_silence() -> None:
    """As clang sees it, in every file of C: 64 bits become 32 only where that is written down."""
    clang = shutil.which("clang")
    if clang is None:
        pytest.skip("there is no clang here")
    flags = ["-std=c11", "-fsyntax-only", "-Wshorten-64-to-32", "-Werror", "-Icsrc", "-Ikernels"]
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "csrc").rglob("*.c"))
    done = subprocess.run([clang, *flags, *files], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
