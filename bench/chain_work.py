"""What chains prove with Ethereum's tries, against the library `trie`: the same work for the
benchmarks and for compare.py.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
import rlp
from eth_hash.auto import keccak
from numpy.typing import NDArray
from trie import HexaryTrie

from verilane import merkle
from verilane.proofs import mpt

Run = Callable[[], object]
TRANSACTIONS = 10_000
ACCOUNTS = 10_000
PROOFS = 1_000


@cache
def transactions() -> list[bytes]:
    """Of 100 to 400 bytes."""
    rng = np.random.default_rng(1)
    return [rng.bytes(size) for size in rng.integers(100, 401, TRANSACTIONS).tolist()]


def trie_root() -> Run:
    items = transactions()
    return lambda: merkle.ordered_trie_root(items, threads=1)


def peer_root() -> bytes:
    """Key by key, which is faster than within squash_changes()."""
    trie = HexaryTrie({})
    for index, item in enumerate(transactions()):
        trie[rlp.encode(index)] = item
    return bytes(trie.root_hash)


Proofs = tuple[bytes, list[bytes], list[bytes], list[list[bytes]]]


@cache
def accounts() -> Proofs:
    """The root of a state of 10,000 accounts; 1,000 addresses, their accounts, and the proofs."""
    rng, trie = np.random.default_rng(2), HexaryTrie({})
    addresses = [rng.bytes(20) for _ in range(ACCOUNTS)]
    for address in addresses:
        trie[keccak(address)] = rlp.encode([7, 10**18, rng.bytes(32), rng.bytes(32)])
    some = addresses[:PROOFS]
    proofs = [[rlp.encode(node) for node in trie.get_proof(keccak(each))] for each in some]
    return bytes(trie.root_hash), some, [trie[keccak(each)] for each in some], proofs


def verify_accounts(threads: int | None = 1) -> Run:
    root, keys, values, proofs = accounts()
    return lambda: mpt.verify_many(root, keys, values, proofs, hash_keys=True, threads=threads)


Packed = tuple[bytes, NDArray[np.int64], NDArray[np.int64]]


def verify_packed_accounts() -> Run:
    root, keys, values, proofs = accounts()
    nodes = [node for proof in proofs for node in proof]
    packed: Packed = (
        b"".join(nodes),
        np.array([0, *accumulate(map(len, nodes))]),
        np.array([0, *accumulate(map(len, proofs))]),
    )
    rows = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 20)
    return lambda: mpt.verify_many(root, rows, values, packed, hash_keys=True, threads=1)


def peer_accounts() -> Run:
    """Nodes by their hashes, then a look-up: half the time of HexaryTrie.get_from_proof."""
    root, keys, values, proofs = accounts()

    def run() -> bool:
        good = True
        for key, value, proof in zip(keys, values, proofs, strict=True):
            trie = HexaryTrie({keccak(node): node for node in proof}, root)
            good &= trie[keccak(key)] == value
        return good

    return run


def figures() -> Iterator[dict[str, Any]]:
    """What compare.py measures."""
    yield {
        "name": "root of 10,000 transactions (Ethereum's trie)",
        "n": TRANSACTIONS,
        "ours": trie_root(),
        "theirs": peer_root,
        "target": 30.0,
    }
    yield {
        "name": "1,000 proofs of accounts (Ethereum's trie)",
        "n": PROOFS,
        "ours": verify_accounts(),
        "theirs": peer_accounts(),
        "target": 30.0,
    }
