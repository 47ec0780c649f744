"""Merkle tree roots, straight from their definitions."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

Hash: TypeAlias = Callable[[bytes], bytes]


def _sha256(message: bytes) -> bytes:
    return sha256(message).digest()


def rfc6962_root(
    leaves: Sequence[bytes],
    hash: Hash = _sha256,
    leaf_prefix: bytes = b"\x00",
    node_prefix: bytes = b"\x01",
) -> bytes:
    """RFC 6962 section 2.1, MTH(D[n]); with another hash, and perhaps without its prefixes."""
    n = len(leaves)
    if n == 0:
        return hash(b"")
    if n == 1:
        return hash(leaf_prefix + leaves[0])
    k = 1  # the largest power of two smaller than n
    while 2 * k < n:
        k *= 2
    left, right = (
        rfc6962_root(part, hash, leaf_prefix, node_prefix) for part in (leaves[:k], leaves[k:])
    )
    return hash(node_prefix + left + right)


def openzeppelin_root(leaves: Sequence[bytes], hash: Hash) -> bytes:
    """What makeMerkleTree of @openzeppelin/merkle-tree (src/core.ts) puts in tree[0]."""
    tree = [b""] * (2 * len(leaves) - 1)
    for i, leaf in enumerate(leaves):
        tree[len(tree) - 1 - i] = leaf
    for i in range(len(tree) - 1 - len(leaves), -1, -1):
        tree[i] = hash(b"".join(sorted([tree[2 * i + 1], tree[2 * i + 2]])))
    return tree[0]


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
