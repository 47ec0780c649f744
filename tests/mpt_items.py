"""Tries and proofs that the tests of mpt work on."""

import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from Crypto.Hash import keccak as pycryptodome

from reference import mpt as reference
from reference.rlp import rlp_encode
from verilane.proofs import mpt

Items = Mapping[bytes, bytes]
EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


def keccak256(message: bytes) -> bytes:
    return pycryptodome.new(data=message, digest_bits=256).digest()


def root_of(items: Items) -> bytes:
    return reference.trie_root(items, keccak256)


def proof_of(items: Items, key: bytes) -> list[bytes]:
    return reference.prove(items, key, keccak256)


@cache
def some_trie(size: int, key: tuple[int, int], value: tuple[int, int], seed: int = 0) -> Items:
    """Keys and values of any length between two numbers; keys may begin other ones."""
    rng = random.Random(f"{size} {key} {value} {seed}")
    return {
        rng.randbytes(rng.randint(*key)): rng.randbytes(rng.randint(*value)) for _ in range(size)
    }


def asked(items: Items, absent: int = 40) -> list[bytes]:
    """All keys, and others that part from them everywhere: changed, cut, longer, of their own."""
    rng = random.Random(len(items))
    others = set()
    for key in list(items)[:absent]:
        for i in range(len(key)):
            for change in (0x01, 0x10, 0xFF):
                others.add(key[:i] + bytes([key[i] ^ change]) + key[i + 1 :])
        others |= {key[: len(key) // 2], key + b"\0", key + rng.randbytes(3)}
    others |= {b"", *(rng.randbytes(rng.randint(0, 4)) for _ in range(absent))}
    return [*items, *sorted(others - set(items))]


# ---- Verdicts ----

Case = tuple[bytes, bytes, bytes, Sequence[bytes]]
"""A root, a key as it is in the trie, a value, a proof."""


def names(cases: Sequence[Case], **more: Any) -> list[str]:
    if not cases:
        return []
    roots, keys, values, proofs = map(list, zip(*cases, strict=True))
    return [
        verdict.name
        for verdict in mpt.verify_many(roots, keys, values, proofs, hash_keys=False, **more)
    ]


def said(cases: Sequence[Case]) -> list[str]:
    return [reference.verify(*case, keccak256) for case in cases]


# ---- Nodes ----

LEAF = [b"\x20", b"value"]  # a leaf with an empty path: 8 bytes
TINY = [b"\x20", b"v"]  # so small that a branch over two of them is embedded
HASH = bytes(range(32))


def branch(children: dict[int, Any] | None = None, value: bytes = b"") -> list[Any]:
    return [*((children or {}).get(n, b"") for n in range(16)), value]


def single(node: Any) -> tuple[bytes, list[bytes]]:
    encoded = rlp_encode(node)
    return keccak256(encoded), [encoded]
