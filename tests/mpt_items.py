"""Tries and proofs that the tests of mpt work on."""

import random
from collections.abc import Mapping
from functools import cache

from Crypto.Hash import keccak as pycryptodome

from reference.mpt import prove, root_node

Items = Mapping[bytes, bytes]
EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


def keccak256(message: bytes) -> bytes:
    return pycryptodome.new(data=message, digest_bits=256).digest()


def root_of(items: Items) -> bytes:
    return keccak256(root_node(items, keccak256))


def proof_of(items: Items, key: bytes) -> list[bytes]:
    return prove(items, key, keccak256)


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
