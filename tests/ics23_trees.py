"""Trees that prove their keys as ICS 23 asks, built node by node, and its messages, written by the
protobuf library.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from reference import ics23 as reference
from verilane.proofs import ics23

# ---- Messages: cosmos/ics23's proofs.proto ----

SCHEMA = {
    "LeafOp": "hash prehash_key prehash_value length:number prefix:bytes",
    "InnerOp": "hash:number prefix suffix:bytes",
    "ExistenceProof": "key value:bytes leaf:LeafOp path:InnerOp*",
    "NonExistenceProof": "key:bytes left right:ExistenceProof",
    "BatchEntry": "exist:ExistenceProof nonexist:NonExistenceProof",
    "BatchProof": "entries:BatchEntry*",
    "CompressedExistenceProof": "key value:bytes leaf:LeafOp path:int32*",
    "CompressedNonExistenceProof": "key:bytes left right:CompressedExistenceProof",
    "CompressedBatchEntry": "exist:CompressedExistenceProof nonexist:CompressedNonExistenceProof",
    "CompressedBatchProof": "entries:CompressedBatchEntry* lookup_inners:InnerOp*",
    "CommitmentProof": (
        "exist:ExistenceProof nonexist:NonExistenceProof batch:BatchProof "
        "compressed:CompressedBatchProof"
    ),
    "MerkleProof": "proofs:CommitmentProof*",
}


def _messages() -> dict[str, Any]:
    field = descriptor_pb2.FieldDescriptorProto
    scalars = {"number": field.TYPE_UINT64, "int32": field.TYPE_INT32, "bytes": field.TYPE_BYTES}
    file = descriptor_pb2.FileDescriptorProto(name="ics23.proto", package="t", syntax="proto3")
    for name, text in SCHEMA.items():
        message, names = file.message_type.add(name=name), []
        for word in text.split():
            each, _, kind = word.partition(":")
            names.append(each)
            if not kind:
                continue
            for each in names:
                one = message.field.add(name=each, number=len(message.field) + 1)
                one.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
                bare = kind.rstrip("*")
                one.type = scalars.get(bare, field.TYPE_MESSAGE)
                if bare not in scalars:
                    one.type_name = f".t.{bare}"
            names = []
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {name: message_factory.GetMessageClass(find(f"t.{name}")) for name in SCHEMA}


M = _messages()


def leaf_op(spec: ics23.ProofSpec, prefix: bytes) -> Any:
    leaf = spec.leaf
    return M["LeafOp"](
        hash=leaf.hash,
        prehash_key=leaf.prehash_key,
        prehash_value=leaf.prehash_value,
        length=leaf.length,
        prefix=prefix,
    )


def encoded(**proof: Any) -> bytes:
    data: bytes = M["CommitmentProof"](**proof).SerializeToString(deterministic=True)
    return data


def batch(entries: Sequence[Any]) -> bytes:
    kinds = {"ExistenceProof": "exist", "NonExistenceProof": "nonexist"}
    named = [M["BatchEntry"](**{kinds[each.DESCRIPTOR.name]: each}) for each in entries]
    return encoded(batch=M["BatchProof"](entries=named))


def compressed(entries: Sequence[Any]) -> bytes:
    """As compress.go does: each step once, paths by number."""
    inners: list[Any] = []
    numbers: dict[bytes, int] = {}

    def squeezed(proof: Any) -> Any:
        path = []
        for step in proof.path:
            data = step.SerializeToString(deterministic=True)
            if data not in numbers:
                numbers[data] = len(inners)
                inners.append(step)
            path.append(numbers[data])
        return M["CompressedExistenceProof"](
            key=proof.key, value=proof.value, leaf=proof.leaf, path=path
        )

    named = []
    for each in entries:
        if each.DESCRIPTOR.name == "ExistenceProof":
            named.append(M["CompressedBatchEntry"](exist=squeezed(each)))
            continue
        sides = {
            side: squeezed(getattr(each, side)) for side in ("left", "right") if each.HasField(side)
        }
        gap = M["CompressedNonExistenceProof"](key=each.key, **sides)
        named.append(M["CompressedBatchEntry"](nonexist=gap))
    return encoded(compressed=M["CompressedBatchProof"](entries=named, lookup_inners=inners))


# ---- Trees ----


class Step(NamedTuple):
    prefix: bytes
    suffix: bytes


class Tree:
    """A tree over pairs: its root, and the path of every key."""

    def __init__(self, spec: ics23.ProofSpec, pairs: dict[bytes, bytes]) -> None:
        self.spec, self.pairs = spec, pairs
        self.paths: dict[bytes, list[Step]] = {key: [] for key in pairs}
        self.leaf_prefixes: dict[bytes, bytes] = dict.fromkeys(pairs, spec.leaf.prefix)
        self.order = self.compared if spec.prehash_key_before_comparison else bytes
        self.keys = sorted(pairs, key=self.order)
        self.root = b""

    @staticmethod
    def compared(key: bytes) -> bytes:
        return sha256(key).digest()

    def join(
        self, prefix: bytes, left: bytes, right: bytes, below: tuple[list[bytes], list[bytes]]
    ) -> bytes:
        """Hashes a node over two children, and adds the step to the paths of the keys below."""
        for key in below[0]:
            self.paths[key].append(Step(prefix, right))
        for key in below[1]:
            self.paths[key].append(Step(prefix + left, b""))
        return sha256(prefix + left + right).digest()

    def exist(self, key: bytes) -> Any:
        return M["ExistenceProof"](
            key=key,
            value=self.pairs[key],
            leaf=leaf_op(self.spec, self.leaf_prefixes[key]),
            path=[
                M["InnerOp"](hash=self.spec.inner.hash, prefix=step.prefix, suffix=step.suffix)
                for step in self.paths[key]
            ],
        )

    def gap(self, key: bytes) -> Any:
        """What proves that a key is not there."""
        left = [each for each in self.keys if self.order(each) < self.order(key)]
        right = [each for each in self.keys if self.order(each) > self.order(key)]
        sides = {}
        if left:
            sides["left"] = self.exist(left[-1])
        if right:
            sides["right"] = self.exist(right[0])
        return M["NonExistenceProof"](key=key, **sides)


def zigzag(*numbers: int) -> bytes:
    return b"".join(varint(2 * number) for number in numbers)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def kv_leaf(prefix: bytes, key: bytes, value: bytes) -> bytes:
    hashed = sha256(value).digest()
    return sha256(prefix + varint(len(key)) + key + varint(len(hashed)) + hashed).digest()


def iavl(pairs: dict[bytes, bytes]) -> Tree:
    """cosmos/iavl's hashes: height, size and version, then key and value, or both children."""
    tree = Tree(ics23.IAVL, pairs)

    def node(keys: list[bytes]) -> tuple[int, bytes]:
        if len(keys) == 1:
            version = len(keys[0]) * 37
            prefix = tree.leaf_prefixes[keys[0]] = zigzag(0, 1, version)
            return 0, kv_leaf(prefix, keys[0], pairs[keys[0]])
        half = (len(keys) + 1) // 2
        (a, left), (b, right) = node(keys[:half]), node(keys[half:])
        height = 1 + max(a, b)
        head = zigzag(height, len(keys), 1000 + len(keys)) + b"\x20"
        for key in keys[:half]:
            tree.paths[key].append(Step(head, b"\x20" + right))
        for key in keys[half:]:
            tree.paths[key].append(Step(head + left + b"\x20", b""))
        return height, sha256(head + left + b"\x20" + right).digest()

    tree.root = node(tree.keys)[1]
    return tree


def tendermint(pairs: dict[bytes, bytes]) -> Tree:
    """RFC 6962's shape and prefixes over pairs."""
    tree = Tree(ics23.TENDERMINT, pairs)

    def node(keys: list[bytes]) -> bytes:
        if len(keys) == 1:
            return kv_leaf(b"\0", keys[0], pairs[keys[0]])
        half = 1
        while 2 * half < len(keys):
            half *= 2
        below = keys[:half], keys[half:]
        return tree.join(b"\1", node(below[0]), node(below[1]), below)

    tree.root = node(tree.keys)
    return tree


def smt(pairs: dict[bytes, bytes]) -> Tree:
    """celestiaorg/smt: a leaf stands where no other key shares its path; zeros where there is
    none.
    """
    tree = Tree(ics23.SMT, pairs)

    def node(keys: list[bytes], depth: int) -> bytes:
        if not keys:
            return bytes(32)
        if len(keys) == 1:
            path, value = sha256(keys[0]).digest(), sha256(pairs[keys[0]]).digest()
            return sha256(b"\0" + path + value).digest()
        below: tuple[list[bytes], list[bytes]] = [], []
        for key in keys:
            below[sha256(key).digest()[depth // 8] >> (7 - depth % 8) & 1].append(key)
        return tree.join(b"\1", node(below[0], depth + 1), node(below[1], depth + 1), below)

    tree.root = node(tree.keys, 0)
    return tree


TREES: dict[str, Callable[[dict[bytes, bytes]], Tree]] = {
    "iavl": iavl,
    "tendermint": tendermint,
    "smt": smt,
}


def pairs_of(n: int, seed: int = 0) -> dict[bytes, bytes]:
    """n keys and values of several lengths."""
    out = {}
    for i in range(n):
        digest = sha256(b"%d/%d" % (seed, i)).digest()
        out[digest[: 1 + i % 9] + b"%d" % i] = digest[9:] * (1 + i % 5) + b"v"
    return out


# ---- Verdicts ----

Row = tuple[bytes, bytes, bytes, bytes]


def verdicts(rows: Sequence[Row], spec: ics23.ProofSpec, **more: Any) -> list[int]:
    """Of root, proof, key and value; no value asks for absence. Both kinds in one go each, and as
    the reference says.
    """
    out = [0] * len(rows)
    exist = [i for i, row in enumerate(rows) if row[3]]
    absent = [i for i, row in enumerate(rows) if not row[3]]
    if exist:
        columns = [[rows[i][k] for i in exist] for k in range(4)]
        found = ics23.verify_membership_many(*columns, spec=spec, **more)
        for i, code in zip(exist, found, strict=True):
            out[i] = code
    if absent:
        columns = [[rows[i][k] for i in absent] for k in range(3)]
        found = ics23.verify_non_membership_many(*columns, spec=spec, **more)
        for i, code in zip(absent, found, strict=True):
            out[i] = code
    return out


def expected(rows: Sequence[Row], spec: ics23.ProofSpec) -> list[int]:
    return [
        reference.membership(root, proof, key, value, spec)
        if value
        else reference.non_membership(root, proof, key, spec)
        for root, proof, key, value in rows
    ]


def near(tree: Tree) -> list[bytes]:
    """Keys that are not there: before, between and after those that are."""
    found = [key + b"\0" for key in tree.pairs] + [key[:-1] + b"~" for key in tree.pairs]
    return [key for key in [b"\0", *found, b"\xff" * 9] if key not in tree.pairs]


def honest(tree: Tree) -> list[Row]:
    rows = [
        (tree.root, encoded(exist=tree.exist(key)), key, value) for key, value in tree.pairs.items()
    ]
    return rows + [(tree.root, encoded(nonexist=tree.gap(key)), key, b"") for key in near(tree)]


def flipped(data: bytes, bit: int) -> bytes:
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)
