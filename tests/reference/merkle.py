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


# ---- Trees that are reduced level by level ----


def ssz_root(chunks: Sequence[bytes], limit: int | None = None, length: int | None = None) -> bytes:
    """Ethereum consensus specs, ssz/simple-serialize.md: merkleize(chunks, limit) and
    mix_in_length, with every zero chunk written out (so limits must be small).
    """
    size = 1
    while size < (len(chunks) if limit is None else limit):
        size *= 2
    level = [*chunks, *[bytes(32)] * (size - len(chunks))]
    while len(level) > 1:
        level = [_sha256(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    root = level[0]
    return root if length is None else _sha256(root + length.to_bytes(32, "little"))


def rlp_index(index: int) -> bytes:
    """Ethereum's Yellow Paper, appendix B, for an integer."""
    big_endian = index.to_bytes((index.bit_length() + 7) // 8, "big")
    if 0 < index < 0x80:
        return big_endian
    return bytes([0x80 + len(big_endian)]) + big_endian


def fisco2_root(leaves: Sequence[bytes], hash: Hash) -> bytes:
    """calculateMerkleProofRoot of FISCO BCOS 2 (ParallelMerkleProof.cpp), over what Block's
    calTransactionRoot puts together of every transaction hash.
    """
    if not leaves:
        return hash(b"")
    level = [rlp_index(i) + leaf for i, leaf in enumerate(leaves)]
    while len(level) > 1:
        level = [hash(b"".join(level[i : i + 16])) for i in range(0, len(level), 16)]
    return hash(level[0])


def fisco3_root(leaves: Sequence[bytes], hash: Hash) -> bytes:
    """generateMerkle of FISCO BCOS 3 (bcos-crypto/merkle/Merkle.h) with its width 2."""
    if not leaves:
        return bytes(32)
    level = list(leaves)
    while len(level) > 1:
        level = [hash(b"".join(level[i : i + 2])) for i in range(0, len(level), 2)]
    return level[0]
