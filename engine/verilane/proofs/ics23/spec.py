"""What a kind of tree demands of its proofs: ICS 23's ProofSpec (cosmos/ics23, proofs.proto)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = [
    "DIGEST_SIZES",
    "IAVL",
    "LIBRARY_HASHES",
    "OWN_HASHES",
    "SMT",
    "TENDERMINT",
    "HashOp",
    "InnerSpec",
    "LeafOp",
    "LengthOp",
    "ProofSpec",
]

# Where max_depth is 0: what the reference implementation takes since 2024.
DEFAULT_DEPTH = 128


class HashOp(IntEnum):
    """How bytes are hashed; the numbers are the protobuf's."""

    NO_HASH = 0
    SHA256 = 1
    SHA512 = 2
    KECCAK256 = 3
    RIPEMD160 = 4
    BITCOIN = 5
    """RIPEMD-160 of SHA-256."""
    SHA512_256 = 6
    BLAKE2B_512 = 7
    BLAKE2S_256 = 8


class LengthOp(IntEnum):
    """How a key's and a value's length is written before it; the numbers are the protobuf's."""

    NO_PREFIX = 0
    VAR_PROTO = 1
    """A varint."""
    FIXED32_BIG = 3
    FIXED32_LITTLE = 4
    FIXED64_BIG = 5
    FIXED64_LITTLE = 6
    REQUIRE_32_BYTES = 7
    """Nothing, but there must be 32 bytes."""
    REQUIRE_64_BYTES = 8


# What our lanes hash, and what Python's library does one by one.
OWN_HASHES = {HashOp.SHA256: "sha256", HashOp.SHA512: "sha512", HashOp.KECCAK256: "keccak256"}
LIBRARY_HASHES: dict[HashOp, Callable[[bytes], bytes]] = {
    HashOp.RIPEMD160: lambda data: hashlib.new("ripemd160", data).digest(),
    HashOp.BITCOIN: lambda data: hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest(),
    HashOp.SHA512_256: lambda data: hashlib.new("sha512_256", data).digest(),
    HashOp.BLAKE2B_512: lambda data: hashlib.blake2b(data).digest(),
    HashOp.BLAKE2S_256: lambda data: hashlib.blake2s(data).digest(),
}
DIGEST_SIZES = dict.fromkeys(HashOp, 32) | {
    HashOp.NO_HASH: 0,
    HashOp.SHA512: 64,
    HashOp.BLAKE2B_512: 64,
    HashOp.RIPEMD160: 20,
    HashOp.BITCOIN: 20,
}


@dataclass(frozen=True, slots=True)
class LeafOp:
    """leaf = hash(prefix || length || prehash_key(key) || length || prehash_value(value)). A
    proof's own leaf may have a longer prefix, which begins with this one.
    """

    prefix: bytes
    hash: HashOp = HashOp.SHA256
    prehash_key: HashOp = HashOp.NO_HASH
    prehash_value: HashOp = HashOp.NO_HASH
    length: LengthOp = LengthOp.NO_PREFIX


@dataclass(frozen=True, slots=True)
class InnerSpec:
    """node = hash(prefix || children), each of child_size bytes: a hash, and what is written before
    it. A proof's step has all that is left of its child in one prefix, of min_prefix_length to
    max_prefix_length bytes beside the other children, and what is right of it in a suffix.

    child_order: the children's numbers from left to right in their key order, as they lie in the
    node. empty_child: what stands for a child that is not there; b"" where there is none.
    """

    child_order: tuple[int, ...]
    child_size: int
    min_prefix_length: int
    max_prefix_length: int
    empty_child: bytes = b""
    hash: HashOp = HashOp.SHA256


@dataclass(frozen=True, slots=True)
class ProofSpec:
    """The tree that a proof must be of. max_depth: of steps between leaf and root; 0 stands for
    128. prehash_key_before_comparison: neighbours are in the order of their hashed keys.

    Raises ValueError for a spec under which proofs could be forged, or that no tree here has:
    without a leaf prefix a leaf could be taken for a node; without a length or a hash a key could
    be taken for a longer one; where the prefix's length leaves room for a child it does not tell
    which child a step has.
    """

    leaf: LeafOp
    inner: InnerSpec
    max_depth: int = 0
    min_depth: int = 0
    prehash_key_before_comparison: bool = False
    digest_size: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        leaf, inner = self.leaf, self.inner
        for op in (leaf.hash, leaf.prehash_key, leaf.prehash_value, inner.hash):
            _check_hash(op)
        size = DIGEST_SIZES[inner.hash]
        LengthOp(leaf.length)
        _demand(
            size > 0 and DIGEST_SIZES[leaf.hash] == size, "leaf and inner hash of the same size"
        )
        _demand(bool(leaf.prefix), "a leaf prefix")
        _demand(
            leaf.length != LengthOp.NO_PREFIX or leaf.prehash_key != HashOp.NO_HASH,
            "a length or a hash of the key in the leaf",
        )
        order = inner.child_order
        _demand(sorted(order) == list(range(len(order))), "a child_order that counts from 0")
        _demand(len(order) >= 2 and inner.child_size >= size, "two or more children, each a hash")
        _demand(
            0 <= inner.min_prefix_length <= inner.max_prefix_length
            and inner.max_prefix_length < inner.min_prefix_length + inner.child_size,
            "prefix lengths that leave no room for a child",
        )
        _demand(len(inner.empty_child) in (0, inner.child_size), "an empty child of child_size")
        _demand(0 <= self.min_depth <= self.depth, "0 <= min_depth <= max_depth")
        _demand(
            not self.prehash_key_before_comparison or leaf.prehash_key != HashOp.NO_HASH,
            "a hash of the key to compare by",
        )
        object.__setattr__(self, "digest_size", size)

    @property
    def depth(self) -> int:
        """The most steps that a proof may have."""
        return self.max_depth or DEFAULT_DEPTH

    @property
    def has_iavl_prefixes(self) -> bool:
        """True if a prefix starts with height, size and version: for all specs that are IAVL's but
        for the leaf prefix and the depth, as in the reference implementation.
        """
        return self._shape() == IAVL._shape()

    def _shape(self) -> tuple[int, ...]:
        leaf, inner = self.leaf, self.inner
        return (
            leaf.hash,
            leaf.prehash_key,
            leaf.prehash_value,
            leaf.length,
            inner.hash,
            inner.min_prefix_length,
            inner.max_prefix_length,
            inner.child_size,
            len(inner.child_order),
        )


def _check_hash(op: HashOp) -> None:
    HashOp(op)
    if op in LIBRARY_HASHES:
        try:
            LIBRARY_HASHES[op](b"")
        except ValueError:
            raise ValueError(f"{HashOp(op).name}: Python's hashlib has no such hash here") from None


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"a ProofSpec needs {what}")


_BINARY = (0, 1)

IAVL = ProofSpec(
    LeafOp(b"\0", prehash_value=HashOp.SHA256, length=LengthOp.VAR_PROTO),
    InnerSpec(_BINARY, child_size=33, min_prefix_length=4, max_prefix_length=12),
)
"""The Cosmos SDK's stores; a child is the byte 32 and a hash."""

TENDERMINT = ProofSpec(
    LeafOp(b"\0", prehash_value=HashOp.SHA256, length=LengthOp.VAR_PROTO),
    InnerSpec(_BINARY, child_size=32, min_prefix_length=1, max_prefix_length=1),
)
"""CometBFT's RFC 6962 trees: the Cosmos SDK's list of stores."""

SMT = ProofSpec(
    LeafOp(b"\0", prehash_key=HashOp.SHA256, prehash_value=HashOp.SHA256),
    InnerSpec(
        _BINARY, child_size=32, min_prefix_length=1, max_prefix_length=1, empty_child=bytes(32)
    ),
    max_depth=256,
    prehash_key_before_comparison=True,
)
"""Sparse Merkle trees as in celestiaorg/smt."""
