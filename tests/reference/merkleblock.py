"""Bitcoin's partial Merkle trees, recursively: BIP 37, and Bitcoin Core's CPartialMerkleTree."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from .outcome import BAD_KEY, BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK, Malformed, demand


def sha256d(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def width(total: int, height: int) -> int:
    return (total + (1 << height) - 1) >> height


def height_of(total: int) -> int:
    height = 0
    while width(total, height) > 1:
        height += 1
    return height


# ---- To make ----


def compact(number: int) -> bytes:
    if number < 253:
        return bytes([number])
    if number < 1 << 16:
        return b"\xfd" + number.to_bytes(2, "little")
    return b"\xfe" + number.to_bytes(4, "little")


def node(txids: Sequence[bytes], height: int, i: int) -> bytes:
    if height == 0:
        return txids[i]
    left = node(txids, height - 1, 2 * i)
    right = left
    if 2 * i + 1 < width(len(txids), height - 1):
        right = node(txids, height - 1, 2 * i + 1)
    return sha256d(left + right)


def build(txids: Sequence[bytes], matched: set[int]) -> tuple[list[bytes], list[bool]]:
    """TraverseAndBuild: hashes and flags."""
    hashes: list[bytes] = []
    flags: list[bool] = []

    def visit(height: int, i: int) -> None:
        below = range(i << height, min((i + 1) << height, len(txids)))
        flag = any(k in matched for k in below)
        flags.append(flag)
        if height == 0 or not flag:
            hashes.append(node(txids, height, i))
            return
        visit(height - 1, 2 * i)
        if 2 * i + 1 < width(len(txids), height - 1):
            visit(height - 1, 2 * i + 1)

    visit(height_of(len(txids)), 0)
    return hashes, flags


def serialize(header: bytes, total: int, hashes: Sequence[bytes], flags: Sequence[bool]) -> bytes:
    packed = bytearray((len(flags) + 7) // 8)
    for k, flag in enumerate(flags):
        packed[k // 8] |= flag << k % 8
    data = compact(len(hashes)) + b"".join(hashes) + compact(len(packed)) + packed
    return header + total.to_bytes(4, "little") + data


# ---- To check ----


def take(data: bytes, n: int) -> tuple[bytes, bytes]:
    demand(len(data) >= n)
    return data[:n], data[n:]


def compact_size(data: bytes) -> tuple[int, bytes]:
    first, data = take(data, 1)
    if first[0] < 253:
        return first[0], data
    demand(first[0] != 255)
    size, least = (2, 253) if first[0] == 253 else (4, 1 << 16)
    number, data = take(data, size)
    value = int.from_bytes(number, "little")
    demand(value >= least)
    return value, data


def extract(proof: bytes, most: int) -> tuple[bytes, int, bytes, list[tuple[int, bytes, bool]]]:
    """Header, total, the tree's root, and all leaves in it: number, hash, matched."""
    header, data = take(proof, 80)
    count, data = take(data, 4)
    total = int.from_bytes(count, "little")
    demand(0 < total <= most)
    n, data = compact_size(data)
    demand(n <= total)
    joined, data = take(data, 32 * n)
    hashes = [joined[32 * k : 32 * k + 32] for k in range(n)]
    size, data = compact_size(data)
    packed, data = take(data, size)
    demand(not data)
    flags = [byte >> k & 1 for byte in packed for k in range(8)]
    demand(len(flags) >= n)
    leaves = []
    used = [0, 0]

    def visit(height: int, i: int) -> bytes:
        demand(used[0] < len(flags))
        flag = flags[used[0]]
        used[0] += 1
        if height == 0 or not flag:
            demand(used[1] < len(hashes))
            used[1] += 1
            if height == 0:
                leaves.append((i, hashes[used[1] - 1], bool(flag)))
            return hashes[used[1] - 1]
        left = visit(height - 1, 2 * i)
        right = left
        if 2 * i + 1 < width(total, height - 1):
            right = visit(height - 1, 2 * i + 1)
            demand(left != right)
        return sha256d(left + right)

    root = visit(height_of(total), 0)
    demand(used[1] == n and (used[0] + 7) // 8 == size and not any(flags[used[0] :]))
    return header, total, root, leaves


def verify(
    block_hash: bytes,
    proof: bytes,
    txid: bytes,
    total: int | None = None,
    coinbase: bytes | None = None,
    most: int = 16666,
) -> int:
    if len(block_hash) != 32:
        return BAD_KEY
    try:
        header, found, root, leaves = extract(proof, most)
    except Malformed:
        return BAD_SIGNATURE
    is_coinbase = coinbase is None or (
        len(coinbase) != 64
        and coinbase[4:5] == b"\1"
        and coinbase[5:37] == bytes(32)
        and coinbase[37:41] == b"\xff\xff\xff\xff"
    )
    if len(txid) != 32 or not is_coinbase:
        return BAD_MESSAGE
    checks: list[Any] = [
        sha256d(header) == block_hash,
        header[36:68] == root,
        any(leaf == txid and matched for _, leaf, matched in leaves),
        total in (None, found),
        coinbase is None or any(k == 0 and leaf == sha256d(coinbase) for k, leaf, _ in leaves),
    ]
    return OK if all(checks) else MISMATCH
