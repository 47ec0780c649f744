"""Proofs that light clients check, against the loop that one would write in Python: the same work,
with the protobuf library and hashlib.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from verilane.proofs import ics23, merkleblock

Run = Callable[[], object]

KEYS = 1 << 14
PROOFS = 2000
TRANSACTIONS = 3000

sha256 = hashlib.sha256


def sha256d(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


# ---- ICS-23: proofs of an IAVL store ----


class Column(NamedTuple):
    root: bytes
    proofs: list[bytes]
    keys: list[bytes]
    values: list[bytes]


@cache
def message() -> Any:
    """The messages that a proof of existence is made of."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="b", syntax="proto3")
    types = {"n": (field.TYPE_UINT32, 1), "b": (field.TYPE_BYTES, 1)}
    for name, fields in (
        ("Leaf", "hash:n prehash_key:n prehash_value:n length:n prefix:b"),
        ("Inner", "hash:n prefix:b suffix:b"),
        ("Exist", "key:b value:b leaf:Leaf path:Inner*"),
        ("Commitment", "exist:Exist"),
    ):
        made = file.message_type.add(name=name)
        for number, word in enumerate(fields.split(), 1):
            each, _, kind = word.partition(":")
            one = made.field.add(name=each, number=number)
            bare = kind.rstrip("*")
            one.type, one.label = types.get(bare, (field.TYPE_MESSAGE, 1))
            if kind != bare:
                one.label = field.LABEL_REPEATED
            if bare not in types:
                one.type_name = f".b.{bare}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("b.Commitment"))


def zigzag(*numbers: int) -> bytes:
    return b"".join(varint(2 * number) for number in numbers)


def varint(number: int) -> bytes:
    if number < 128:
        return bytes([number])
    return bytes([number & 127 | 128]) + varint(number >> 7)


def leaf_hash(prefix: bytes, key: bytes, value: bytes) -> bytes:
    hashed = sha256(value).digest()
    return sha256(prefix + varint(len(key)) + key + b"\x20" + hashed).digest()


@cache
def store() -> Column:
    """PROOFS of a store's KEYS, 15 nodes and about 800 bytes each."""
    rng = np.random.default_rng(3)
    keys = sorted(rng.bytes(20) for _ in range(KEYS))
    values = [rng.bytes(32) for _ in range(KEYS)]
    head = zigzag(0, 1, 90_000)
    level = [leaf_hash(head, key, value) for key, value in zip(keys, values, strict=True)]
    paths: list[list[tuple[bytes, bytes]]] = [[] for _ in keys]
    height = 0
    while len(level) > 1:
        height += 1
        prefix = zigzag(height, 1 << height, 90_000) + b"\x20"
        for i, path in enumerate(paths):
            place = i >> height - 1
            other = level[place ^ 1]
            step = (prefix + other + b"\x20", b"") if place & 1 else (prefix, b"\x20" + other)
            path.append(step)
        level = [
            sha256(prefix + level[i] + b"\x20" + level[i + 1]).digest()
            for i in range(0, len(level), 2)
        ]
    chosen = rng.integers(0, KEYS, PROOFS).tolist()
    made = []
    for i in chosen:
        proof = message()()
        proof.exist.key, proof.exist.value = keys[i], values[i]
        leaf = proof.exist.leaf
        leaf.hash = leaf.prehash_value = leaf.length = 1
        leaf.prefix = head
        for before, after in paths[i]:
            proof.exist.path.add(hash=1, prefix=before, suffix=after)
        made.append(proof.SerializeToString())
    return Column(level[0], made, [keys[i] for i in chosen], [values[i] for i in chosen])


def verify_store(threads: int | None = 1) -> Run:
    root, proofs, keys, values = store()
    return lambda: ics23.verify_membership_many([root], proofs, keys, values, threads=threads)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def holds(root: bytes, data: bytes, key: bytes, value: bytes) -> bool:
    """The IAVL spec's rules, as in the reference implementation."""
    exist = message().FromString(data).exist
    leaf = exist.leaf
    if exist.key != key or exist.value != value or not key or not value:
        return False
    if (leaf.hash, leaf.prehash_key, leaf.prehash_value, leaf.length) != (1, 0, 1, 1):
        return False
    if not leaf.prefix.startswith(b"\0") or len(exist.path) > 128:
        return False
    node = leaf_hash(leaf.prefix, key, value)
    for layer, step in enumerate(exist.path, 1):
        prefix, suffix = step.prefix, step.suffix
        if step.hash != 1 or prefix[0] == 0 or not 4 <= len(prefix) <= 45 or len(suffix) % 33:
            return False
        height, at = read_varint(prefix, 0)
        size, at = read_varint(prefix, at)
        version, at = read_varint(prefix, at)
        if (height | size | version) & 1 or height < 2 * layer or len(prefix) - at not in (1, 34):
            return False
        node = sha256(prefix + node + suffix).digest()
    return node == root


def verify_store_loop() -> Run:
    root, proofs, keys, values = store()
    rows = list(zip(proofs, keys, values, strict=True))

    def run() -> bool:
        verdicts = [holds(root, *row) for row in rows]
        return all(verdicts)

    return run


# ---- Bitcoin: proofs of one transaction each ----


@cache
def payments() -> tuple[bytes, list[bytes], list[bytes]]:
    """A block's hash, proofs of PROOFS of its TRANSACTIONS, and these."""
    rng = np.random.default_rng(4)
    txids = [rng.bytes(32) for _ in range(TRANSACTIONS)]
    levels = [txids]
    while len(levels[-1]) > 1:
        level = levels[-1]
        pairs = [(level[i], level[min(i + 1, len(level) - 1)]) for i in range(0, len(level), 2)]
        levels.append([sha256d(left + right) for left, right in pairs])
    header = b"\0\0\0\x20" + rng.bytes(32) + levels[-1][0] + rng.bytes(12)
    chosen = rng.integers(0, TRANSACTIONS, PROOFS).tolist()
    return (
        sha256d(header),
        [one_payment(header, levels, i) for i in chosen],
        [txids[i] for i in chosen],
    )


def one_payment(header: bytes, levels: list[list[bytes]], i: int) -> bytes:
    """BIP 37: hashes and flags, depth first."""
    hashes: list[bytes] = []
    flags: list[int] = []

    def visit(height: int, place: int) -> None:
        on_path = i >> height == place
        flags.append(on_path)
        if height == 0 or not on_path:
            hashes.append(levels[height][place])
            return
        visit(height - 1, 2 * place)
        if 2 * place + 1 < len(levels[height - 1]):
            visit(height - 1, 2 * place + 1)

    visit(len(levels) - 1, 0)
    packed = sum(flag << k for k, flag in enumerate(flags))
    size = (len(flags) + 7) // 8
    tree = bytes([len(hashes)]) + b"".join(hashes) + bytes([size]) + packed.to_bytes(size, "little")
    return header + len(levels[0]).to_bytes(4, "little") + tree


def verify_payments(threads: int | None = 1) -> Run:
    block, proofs, txids = payments()
    return lambda: merkleblock.verify_many(block, proofs, txids, threads=threads)


def is_payment(block: bytes, proof: bytes, txid: bytes) -> bool:
    """Bitcoin Core's CPartialMerkleTree::ExtractMatches."""
    header, total, count = proof[:80], int.from_bytes(proof[80:84], "little"), proof[84]
    hashes = [proof[85 + 32 * k : 117 + 32 * k] for k in range(count)]
    at = 85 + 32 * count
    packed = proof[at + 1 :]
    flags = int.from_bytes(packed, "little")
    if not 0 < total <= 16_666 or count > total or len(packed) != proof[at]:
        return False
    matched, bits, used = [], 0, 0

    def visit(height: int, place: int) -> bytes:
        nonlocal bits, used
        flag = flags >> bits & 1
        bits += 1
        if height == 0 or not flag:
            used += 1
            if height == 0 and flag:
                matched.append(hashes[used - 1])
            return hashes[used - 1]
        left = right = visit(height - 1, 2 * place)
        if 2 * place + 1 < total + (1 << height - 1) - 1 >> height - 1:
            right = visit(height - 1, 2 * place + 1)
            if left == right:
                raise ValueError
        return sha256(sha256(left + right).digest()).digest()

    try:
        root = visit((total - 1).bit_length(), 0)
    except (IndexError, ValueError):
        return False
    return (
        used == count
        and (bits + 7) // 8 == len(packed)
        and root == header[36:68]
        and sha256d(header) == block
        and txid in matched
    )


def verify_payments_loop() -> Run:
    block, proofs, txids = payments()
    rows = list(zip(proofs, txids, strict=True))

    def run() -> bool:
        verdicts = [is_payment(block, *row) for row in rows]
        return all(verdicts)

    return run
