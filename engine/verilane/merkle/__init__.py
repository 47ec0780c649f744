"""Merkle trees: roots, proofs, and trees that are kept; hashed in the lanes of the CPU.

A tree's kind fixes its leaf and node hashes and what becomes of a last node that is alone:

- "rfc6962" (Certificate Transparency, CometBFT): RFC 6962 section 2.1; leaves of any length.
- "bitcoin": leaves are 32-byte hashes (in internal byte order), nodes double SHA-256, a lone node
  pairs with itself.
- "plain": as "rfc6962" but without prefixes before leaves and nodes. Leaves of 64 bytes can then be
  taken for nodes: for data whose leaves have another, fixed length.
- "openzeppelin" (@openzeppelin/merkle-tree): leaves are 32-byte hashes in the order of the tree
  (that library sorts them first), nodes Keccak-256 of the smaller child and the larger one; the
  nodes lie in a heap of 2n - 1, leaves last and in reverse order.
- "ssz" (Ethereum's consensus layer, merkleize): leaves are 32-byte chunks, nodes SHA-256, zeros
  fill the tree up to the next power of two of its limit; a list's length is mixed in.
- "fisco2" (FISCO BCOS 2): leaves are 32-byte hashes, nodes Keccak-256 of up to 16 children, each
  leaf after the RLP of its index, and the root once more hashed. SM chains: hash="sm3".
- "fisco3" (FISCO BCOS 3.1 and later): leaves are 32-byte hashes, nodes Keccak-256, a lone node is
  hashed alone. SM chains: hash="sm3".

The empty tree's root is the hash of nothing ("rfc6962", "plain", "fisco2"), 32 zero bytes
("bitcoin", "fisco3"), zeros up to the limit ("ssz"); there is none for "openzeppelin".

`ordered_trie_root` is the root of an Ethereum trie of transactions, receipts or withdrawals; its
proofs are in `verilane.proofs.mpt`.
"""

from ..errors import MutatedTree
from .consistency import verify_consistency
from .multiproof import MultiProof, verify_multiproof
from .proofs import verify_proofs
from .range import Range
from .roots import root
from .tree import Tree
from .tries import ordered_trie_root, ordered_trie_roots

__all__ = [
    "MultiProof",
    "MutatedTree",
    "Range",
    "Tree",
    "ordered_trie_root",
    "ordered_trie_roots",
    "root",
    "verify_consistency",
    "verify_multiproof",
    "verify_proofs",
]
