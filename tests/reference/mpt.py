"""Ethereum's Merkle-Patricia tries, straight from the Yellow Paper's appendices C and D; proofs are
made and checked over whole tries, one node after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference.rlp import rlp_decode_strict, rlp_encode

Hash = Callable[[bytes], bytes]
Nibbles = tuple[int, ...]


def nibbles(key: bytes) -> Nibbles:
    return tuple(half for byte in key for half in (byte >> 4, byte & 15))


def hex_prefix(path: Nibbles, leaf: bool) -> bytes:
    """HP(x, t), equation (186)."""
    flag = 2 * leaf
    full = (flag + 1, *path) if len(path) % 2 else (flag, 0, *path)
    return bytes(16 * high + low for high, low in zip(full[::2], full[1::2], strict=True))


def rlp_of_index(index: int) -> bytes:
    return rlp_encode(index.to_bytes((index.bit_length() + 7) // 8, "big"))


def structure(items: Mapping[Nibbles, bytes], i: int, hash: Hash) -> Any:
    """c(J, i): the node over items that share their first i nibbles, as what RLP encodes."""
    keys = sorted(items)
    first, last = keys[0], keys[-1]
    if len(keys) == 1:
        return [hex_prefix(first[i:], True), items[first]]
    j = i
    while j < len(first) and first[j] == last[j]:
        j += 1
    if j > i:
        return [hex_prefix(first[i:j], False), reference(items, j, hash)]
    below: list[dict[Nibbles, bytes]] = [{} for _ in range(16)]
    for key, value in items.items():
        if len(key) > i:
            below[key[i]][key] = value
    children = [reference(each, i + 1, hash) for each in below]
    return [*children, items.get(first[:i], b"") if len(first) == i else b""]


def reference(items: Mapping[Nibbles, bytes], i: int, hash: Hash) -> Any:
    """n(J, i): what stands for that node in its parent."""
    if not items:
        return b""
    node = structure(items, i, hash)
    encoded = rlp_encode(node)
    return node if len(encoded) < 32 else hash(encoded)


def trie_root(items: Mapping[bytes, bytes], hash: Hash) -> bytes:
    """TRIE(J)."""
    return hash(root_node(items, hash))


def root_node(items: Mapping[bytes, bytes], hash: Hash) -> bytes:
    if not items:
        return rlp_encode(b"")
    return rlp_encode(structure({nibbles(k): v for k, v in items.items()}, 0, hash))


def ordered_root(values: Sequence[bytes], hash: Hash) -> bytes:
    return trie_root({rlp_of_index(i): value for i, value in enumerate(values)}, hash)


def prove(items: Mapping[bytes, bytes], key: bytes, hash: Hash) -> list[bytes]:
    """The nodes that a key's path goes through, those embedded in others excepted; of an empty trie
    none.
    """
    below, path, i, proof = {nibbles(k): v for k, v in items.items()}, nibbles(key), 0, []
    while below:
        node = structure(below, i, hash)
        encoded = rlp_encode(node)
        if i == 0 or len(encoded) >= 32:
            proof.append(encoded)
        if len(node) == 2:
            shared = len(node_path(node[0]))
            if is_leaf(node[0]) or node_path(node[0]) != path[i : i + shared]:
                return proof
            i += shared
        else:
            if i == len(path):
                return proof
            below = {k: v for k, v in below.items() if len(k) > i and k[i] == path[i]}
            i += 1
    return proof


def is_leaf(path: bytes) -> bool:
    return path[0] >> 4 >= 2


def node_path(path: bytes) -> Nibbles:
    return nibbles(path)[1 if path[0] >> 4 & 1 else 2 :]


# ---- Checking ----


def check_reference(item: Any) -> None:
    if isinstance(item, bytes):
        if len(item) != 32:
            raise ValueError("a reference is neither a hash nor a node")
    else:
        if len(rlp_encode(item)) >= 32:
            raise ValueError("an embedded node of 32 bytes or more")
        check_node(item)


def check_node(node: Any) -> None:
    """ValueError for what is no node."""
    if not isinstance(node, list) or len(node) not in (2, 17):
        raise ValueError("no list of 2 or 17")
    if len(node) == 17:
        for child in node[:16]:
            if child != b"":
                check_reference(child)
        if not isinstance(node[16], bytes):
            raise ValueError("a value that is a list")
        return
    path, second = node
    if not isinstance(path, bytes) or not path or path[0] >> 4 > 3:
        raise ValueError("no path")
    if hex_prefix(node_path(path), is_leaf(path)) != path:
        raise ValueError("a path that is not in its only form")
    if not is_leaf(path):
        if not node_path(path):
            raise ValueError("an extension by nothing")
        check_reference(second)
    elif not isinstance(second, bytes) or not second:
        raise ValueError("a leaf without a value")


LONGEST_KEY = 256


def verify(root: bytes, key: bytes, value: bytes | None, proof: Sequence[bytes], hash: Hash) -> str:
    """The verdict's name. key: as it is in the trie. value: b"" for an absent key, None for any."""
    if len(root) != 32:
        return "BAD_KEY"
    if len(proof) > 2 * min(len(key), LONGEST_KEY) + 1:
        return "BAD_SIGNATURE"
    proof = list(proof) or [b"\x80"]
    nodes = []
    try:
        for node in proof:
            nodes.append(rlp_decode_strict(node))
            if proof != [b"\x80"]:
                check_node(nodes[-1])
            if len(nodes) > 1 and len(node) < 32:
                raise ValueError("an embedded node by itself")
    except ValueError:
        return "BAD_SIGNATURE"
    if len(key) > LONGEST_KEY:
        return "BAD_MESSAGE"
    found, path = root, nibbles(key)
    for number, (encoded, node) in enumerate(zip(proof, nodes, strict=True)):
        if hash(encoded) != found:
            return "MISMATCH"
        found, path = follow(node, path)
        if found is not None:
            continue
        if number + 1 < len(proof):
            return "BAD_SIGNATURE"
        return "OK" if value is None or value == path else "MISMATCH"
    return "BAD_SIGNATURE"


def follow(node: Any, path: Nibbles) -> tuple[Any, Any]:
    """The hash of the next node and the path in it; or None and the value, b"" for none."""
    while isinstance(node, list):
        if len(node) == 17:
            if not path:
                return None, node[16]
            node, path = node[path[0]], path[1:]
            continue
        part = node_path(node[0])
        if is_leaf(node[0]):
            return None, node[1] if path == part else b""
        if path[: len(part)] != part:
            return None, b""
        node, path = node[1], path[len(part) :]
    return (node, path) if node else (None, b"")
