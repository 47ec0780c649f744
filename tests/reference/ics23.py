"""ICS 23's verifier, one proof at a time, from the specification (ICS 23: vector commitments), its
messages (cosmos/ics23, proofs.proto) and the rules of its reference implementation.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from Crypto.Hash import RIPEMD160, keccak

from .outcome import BAD_KEY, BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK, Malformed, demand

# ---- Protobuf ----

Message = dict[str, Any]

# number: (name, type, repeated); a type is a message, bytes, int, or "packed".
MESSAGES: dict[str, dict[int, tuple[str, Any, bool]]] = {
    "commitment": {
        1: ("exist", "existence", False),
        2: ("nonexist", "gap", False),
        3: ("batch", "batch", False),
        4: ("compressed", "compressed", False),
    },
    "batch": {1: ("entries", "entry", True)},
    "entry": {1: ("exist", "existence", False), 2: ("nonexist", "gap", False)},
    "compressed": {1: ("entries", "squeezed", True), 2: ("lookup", "inner", True)},
    "squeezed": {1: ("exist", "packed", False), 2: ("nonexist", "packed gap", False)},
    "existence": {
        1: ("key", bytes, False),
        2: ("value", bytes, False),
        3: ("leaf", "leaf", False),
        4: ("path", "inner", True),
    },
    "packed": {
        1: ("key", bytes, False),
        2: ("value", bytes, False),
        3: ("leaf", "leaf", False),
        4: ("path", "varints", False),
    },
    "gap": {1: ("key", bytes, False), 2: ("left", "existence", False)}
    | {3: ("right", "existence", False)},
    "packed gap": {1: ("key", bytes, False), 2: ("left", "packed", False)}
    | {3: ("right", "packed", False)},
    "leaf": {
        1: ("hash", int, False),
        2: ("prehash_key", int, False),
        3: ("prehash_value", int, False),
        4: ("length", int, False),
        5: ("prefix", bytes, False),
    },
    "inner": {1: ("hash", int, False), 2: ("prefix", bytes, False), 3: ("suffix", bytes, False)},
}
ONE_OF = {"commitment", "entry", "squeezed"}


def varint(data: bytes) -> tuple[int, bytes]:
    value = 0
    for i, byte in enumerate(data):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            demand(i == 0 or byte != 0)
            demand(value < 1 << 64)
            return value, data[i + 1 :]
    raise Malformed


def parse(data: bytes, kind: str) -> Message:
    out: Message = {}
    for name, type, repeated in MESSAGES[kind].values():
        if repeated:
            out[name] = []
        elif type in (bytes, int):
            out[name] = type()
    seen = set()
    while data:
        tag, data = data[0], data[1:]
        demand(tag >> 3 in MESSAGES[kind])
        name, type, repeated = MESSAGES[kind][tag >> 3]
        demand(tag & 7 == (0 if type is int else 2))
        demand(repeated or name not in seen)
        seen.add(name)
        value: Any
        value, data = varint(data)
        if type is not int:
            demand(value <= len(data))
            value, data = data[:value], data[value:]
        if type == "varints":
            numbers = []
            while value:
                number, value = varint(value)
                numbers.append(number)
            value = numbers
        elif isinstance(type, str):
            value = parse(value, type)
        if repeated:
            out[name].append(value)
        else:
            out[name] = value
    demand(kind not in ONE_OF or len(seen) == 1)
    return out


def expand(squeezed: Message, lookup: list[Message]) -> Message:
    """A compressed batch's entry as a batch's."""

    def existence(proof: Message) -> Message:
        path = proof.get("path", [])
        demand(all(number < len(lookup) for number in path))
        return proof | {"path": [lookup[number] for number in path]}

    if "exist" in squeezed:
        return {"exist": existence(squeezed["exist"])}
    gap = squeezed["nonexist"]
    sides = {side: existence(gap[side]) for side in ("left", "right") if side in gap}
    return {"nonexist": gap | sides}


# ---- Hashing ----


def ripemd160(data: bytes) -> bytes:
    return RIPEMD160.new(data).digest()


HASHES: dict[int, Callable[[bytes], bytes]] = {
    0: lambda data: data,
    1: lambda data: hashlib.sha256(data).digest(),
    2: lambda data: hashlib.sha512(data).digest(),
    3: lambda data: keccak.new(data=data, digest_bits=256).digest(),
    4: ripemd160,
    5: lambda data: ripemd160(hashlib.sha256(data).digest()),
    6: lambda data: hashlib.new("sha512_256", data).digest(),
    7: lambda data: hashlib.blake2b(data).digest(),
    8: lambda data: hashlib.blake2s(data).digest(),
}


def with_length(data: bytes, op: int) -> bytes:
    n = len(data)
    if op == 1:
        out = b""
        while n > 127:
            out += bytes([n % 128 + 128])
            n //= 128
        return out + bytes([n]) + data
    demand(op not in (7, 8) or n == {7: 32, 8: 64}[op])
    width, order = {3: (4, "big"), 4: (4, "little"), 5: (8, "big"), 6: (8, "little")}.get(
        op, (0, "big")
    )
    return (n.to_bytes(width, order) if width else b"") + data  # type: ignore[arg-type]


def root_of(proof: Message) -> bytes:
    leaf = proof["leaf"]
    key = with_length(HASHES[leaf["prehash_key"]](proof["key"]), leaf["length"])
    value = with_length(HASHES[leaf["prehash_value"]](proof["value"]), leaf["length"])
    node = HASHES[leaf["hash"]](leaf["prefix"] + key + value)
    for step in proof["path"]:
        node = HASHES[step["hash"]](step["prefix"] + node + step["suffix"])
    return node


# ---- The spec ----


def check_spec(proof: Message, spec: Any) -> None:
    demand("leaf" in proof)
    demand(len(proof["key"]) > 0 and len(proof["value"]) > 0)
    leaf = proof["leaf"]
    for name in ("hash", "prehash_key", "prehash_value", "length"):
        demand(leaf[name] == getattr(spec.leaf, name))
    demand(leaf["prefix"].startswith(spec.leaf.prefix))
    depth = len(proof["path"])
    demand(spec.min_depth <= depth <= (spec.max_depth or 128))
    inner = spec.inner
    others = (len(inner.child_order) - 1) * inner.child_size
    for step in proof["path"]:
        demand(step["hash"] == inner.hash)
        demand(not step["prefix"].startswith(spec.leaf.prefix))
        demand(inner.min_prefix_length <= len(step["prefix"]))
        demand(len(step["prefix"]) <= inner.max_prefix_length + others)
        demand(len(step["suffix"]) % inner.child_size == 0 and len(step["suffix"]) <= others)
    is_iavl = (
        (spec.leaf.hash, spec.leaf.prehash_key, spec.leaf.prehash_value, spec.leaf.length)
        == (1, 0, 1, 1)
        and (inner.hash, inner.min_prefix_length, inner.max_prefix_length) == (1, 4, 12)
        and (inner.child_size, len(inner.child_order)) == (33, 2)
    )
    if is_iavl:
        demand(iavl_rest(leaf["prefix"], 0) == 0)
        for layer, step in enumerate(proof["path"], 1):
            demand(iavl_rest(step["prefix"], layer) in (1, 34))
    root_of(proof)  # lengths


def iavl_rest(prefix: bytes, height: int) -> int:
    """How many bytes follow height, size and version."""
    numbers = []
    for _ in range(3):
        number, prefix = varint(prefix)
        numbers.append(-(number + 1) // 2 if number % 2 else number // 2)
    demand(min(numbers) >= 0 and numbers[0] >= height)
    return len(prefix)


def branch_of(step: Message, inner: Any) -> int:
    for place, branch in enumerate(inner.child_order):
        left, right = place, len(inner.child_order) - 1 - place
        own = len(step["prefix"]) - left * inner.child_size
        fits = inner.min_prefix_length <= own <= inner.max_prefix_length
        if fits and len(step["suffix"]) == right * inner.child_size:
            return int(branch)
    return -1


def others_are_empty(step: Message, inner: Any, branches: Any) -> bool:
    """Whether these of the step's siblings are empty children."""
    size = inner.child_size
    place = inner.child_order.index(branch_of(step, inner))
    own = len(step["prefix"]) - place * size
    siblings = step["prefix"][own:] + b"?" * size + step["suffix"]
    for branch in branches:
        at = inner.child_order.index(branch) * size
        if not inner.empty_child or siblings[at : at + size] != inner.empty_child:
            return False
    return True


def is_leftmost(path: list[Message], inner: Any) -> bool:
    return all(
        branch_of(step, inner) >= 0 and others_are_empty(step, inner, range(branch_of(step, inner)))
        for step in path
    )


def is_rightmost(path: list[Message], inner: Any) -> bool:
    n = len(inner.child_order)
    return all(
        branch_of(step, inner) >= 0
        and others_are_empty(step, inner, range(branch_of(step, inner) + 1, n))
        for step in path
    )


def are_neighbours(left: list[Message], right: list[Message], inner: Any) -> bool:
    """The paths are the same from the root down to a node, where they part by one child."""
    left, right = left[::-1], right[::-1]
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    if not left or not right:
        return False
    a, b = branch_of(left[0], inner), branch_of(right[0], inner)
    return a >= 0 and b == a + 1 and is_rightmost(left[1:], inner) and is_leftmost(right[1:], inner)


# ---- Verification ----


def entries_of(data: bytes) -> tuple[list[Message], bool]:
    """All proofs in a CommitmentProof, and whether it is a batch."""
    proof = parse(data, "commitment")
    if "batch" in proof:
        return proof["batch"]["entries"], True
    if "compressed" in proof:
        packed = proof["compressed"]
        return [expand(entry, packed["lookup"]) for entry in packed["entries"]], True
    return [proof], False


def membership(root: bytes, data: bytes, key: bytes, value: bytes, spec: Any) -> int:
    return _verdict(root, key and value, spec, lambda: _exists(root, data, key, value, spec))


def non_membership(root: bytes, data: bytes, key: bytes, spec: Any) -> int:
    return _verdict(root, key, spec, lambda: _absent(root, data, key, spec))


def _verdict(root: bytes, message: bytes, spec: Any, check: Callable[[], bool]) -> int:
    if len(root) != len(HASHES[spec.inner.hash](b"")):
        return BAD_KEY
    try:
        holds = check()
    except Malformed:
        return BAD_SIGNATURE
    if not message:
        return BAD_MESSAGE
    return OK if holds else MISMATCH


def _exists(root: bytes, data: bytes, key: bytes, value: bytes, spec: Any) -> bool:
    entries, is_batch = entries_of(data)
    if is_batch:
        entries = [e for e in entries if "exist" in e and e["exist"]["key"] == key]
        if not entries:
            return False
    demand("exist" in entries[0])
    proof = entries[0]["exist"]
    check_spec(proof, spec)
    return bool(proof["key"] == key and proof["value"] == value and root_of(proof) == root)


def _absent(root: bytes, data: bytes, key: bytes, spec: Any) -> bool:
    def order(key: bytes) -> bytes:
        return HASHES[spec.leaf.prehash_key](key) if spec.prehash_key_before_comparison else key

    def is_around(gap: Message) -> bool:
        return ("left" not in gap or order(gap["left"]["key"]) < order(key)) and (
            "right" not in gap or order(key) < order(gap["right"]["key"])
        )

    entries, is_batch = entries_of(data)
    if is_batch:
        entries = [e for e in entries if "nonexist" in e and is_around(e["nonexist"])]
        if not entries:
            return False
    demand("nonexist" in entries[0])
    gap = entries[0]["nonexist"]
    left, right = gap.get("left"), gap.get("right")
    for side in (left, right):
        if side is not None:
            check_spec(side, spec)
    if left is None:
        demand(right is not None)
        assert right is not None
        demand(is_leftmost(right["path"], spec.inner))
    elif right is None:
        demand(is_rightmost(left["path"], spec.inner))
    else:
        demand(are_neighbours(left["path"], right["path"], spec.inner))
    return (left is None or (order(left["key"]) < order(key) and root_of(left) == root)) and (
        right is None or (order(key) < order(right["key"]) and root_of(right) == root)
    )
