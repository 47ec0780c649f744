"""Merkle trees against the loop that one would write in Python: the same work for the benchmarks
and for compare.py.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import sha3
from numpy.typing import NDArray
from workload import leaves

from verilane import merkle

Run = Callable[[], object]
LEAVES = 1 << 20
PROOFS = 10_000
UPDATES = 1_000


@cache
def leaf_list() -> list[bytes]:
    return [leaf.tobytes() for leaf in leaves(LEAVES)]


def pair_root(level: list[bytes], hash: Callable[[bytes], Any]) -> bytes:
    """A node is the hash of a pair, a leaf is a node; for 2^k leaves (FISCO BCOS 3)."""
    while len(level) > 1:
        pairs = iter(level)
        level = [hash(left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return level[0]


def keccak_root() -> bytes:
    return pair_root(leaf_list(), sha3.keccak_256)


def sm3_root() -> bytes:
    return pair_root(leaf_list(), partial(hashlib.new, "sm3"))


@cache
def tree() -> merkle.Tree:
    return merkle.Tree(leaves(LEAVES), threads=1)


@cache
def proofs() -> tuple[bytes, NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """The root; indices of 10,000 leaves, the leaves, and their proofs, 20 nodes each."""
    indices = np.random.default_rng(1).integers(0, LEAVES, PROOFS)
    data, _ = tree().proofs(indices)
    return tree().root, indices, leaves(LEAVES)[indices], data.reshape(PROOFS, 640)


def verify_proofs(threads: int | None = 1) -> Run:
    root, indices, items, paths = proofs()
    return lambda: merkle.verify_proofs(root, items, paths, indices, LEAVES, threads=threads)


def verify_one(root: bytes, leaf: bytes, proof: bytes, index: int, size: int) -> bool:
    """RFC 9162 section 2.1.3.2, with hashlib."""
    sha256 = hashlib.sha256
    if index >= size:
        return False
    node, last = sha256(b"\0" + leaf).digest(), size - 1
    for at in range(0, len(proof), 32):
        if last == 0:
            return False
        sibling = proof[at : at + 32]
        if index & 1 or index == last:
            node = sha256(b"\1" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def verify_loop() -> Run:
    root, indices, items, paths = proofs()
    rows = list(zip(map(bytes, items), map(bytes, paths), indices.tolist(), strict=True))

    def run() -> bool:
        verdicts = [verify_one(root, leaf, proof, i, LEAVES) for leaf, proof, i in rows]
        return all(verdicts)

    return run


def verify_tightest_loop() -> Run:
    """What is left when the size is a power of two and proofs come cut into nodes."""
    root, indices, items, paths = proofs()
    rows = [
        (bytes(leaf), [bytes(node) for node in path.reshape(20, 32)], i)
        for leaf, path, i in zip(items, paths, indices.tolist(), strict=True)
    ]

    def run() -> bool:
        sha256, good = hashlib.sha256, True
        for leaf, path, index in rows:
            node = sha256(b"\0" + leaf).digest()
            for sibling in path:
                pair = sibling + node if index & 1 else node + sibling
                node = sha256(b"\1" + pair).digest()
                index >>= 1
            good &= node == root
        return good

    return run


def update() -> Run:
    kept = merkle.Tree(leaves(LEAVES), threads=1)
    rng = np.random.default_rng(2)
    indices = rng.permutation(LEAVES)[:UPDATES]
    new = rng.integers(0, 256, (UPDATES, 32), dtype=np.uint8)

    def run() -> bytes:
        kept.update_many(indices, new)
        return kept.root

    return run


def rebuild() -> Run:
    data = leaves(LEAVES)
    return lambda: merkle.Tree(data, threads=1).root


def figures() -> Iterator[dict[str, Any]]:
    """What compare.py measures beside the roots of SHA-256's trees."""
    data = leaves(LEAVES)
    for name, peer, target in (("keccak256", keccak_root, 14.0), ("sm3", sm3_root, 32.0)):
        yield {
            "name": f"merkle root, fisco3, {name}, 2^20 leaves",
            "n": LEAVES,
            "ours": lambda name=name: merkle.root(data, "fisco3", name, threads=1),
            "theirs": peer,
            "target": target,
        }
    yield {
        "name": "merkle root, rfc6962, two threads over one",
        "n": LEAVES,
        "ours": lambda: merkle.root(data, threads=2),
        "theirs": lambda: merkle.root(data, threads=1),
        "target": 1.8,
        "threads": 2,
    }
    for name, peer, target in (
        ("", verify_loop(), 20.0),
        (", nodes cut before", verify_tightest_loop(), None),
    ):
        yield {
            "name": f"merkle proofs, 10,000 of depth 20{name}",
            "n": PROOFS,
            "ours": verify_proofs(),
            "theirs": peer,
            "target": target,
        }
    yield {
        "name": "merkle tree, 1,000 of 2^20 leaves updated, over a rebuild",
        "n": UPDATES,
        "ours": update(),
        "theirs": rebuild(),
        "target": 20.0,
    }
