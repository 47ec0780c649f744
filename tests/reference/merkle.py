"""Merkle tree roots, straight from their definitions."""

from collections.abc import Sequence
from hashlib import sha256


def rfc6962_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, MTH(D[n])."""
    n = len(leaves)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1  # the largest power of two smaller than n
    while 2 * k < n:
        k *= 2
    return sha256(b"\x01" + rfc6962_root(leaves[:k]) + rfc6962_root(leaves[k:])).digest()


def _pair(left: bytes, right: bytes) -> bytes:
    return sha256(sha256(left + right).digest()).digest()


def bitcoin_root(leaves: Sequence[bytes]) -> tuple[bytes, bool]:
    """Bitcoin Core's ComputeMerkleRoot (src/consensus/merkle.cpp): the root, and whether equal
    neighbours were paired (CVE-2012-2459), a lone last node with itself not counted.
    """
    mutated = False
    level = list(leaves)
    if not level:
        return bytes(32), False
    while len(level) > 1:
        mutated |= any(level[i] == level[i + 1] for i in range(0, len(level) - 1, 2))
        if len(level) % 2:
            level.append(level[-1])
        level = [_pair(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0], mutated
