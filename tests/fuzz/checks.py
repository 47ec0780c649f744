"""What is true of the Python package whatever bytes it is given: each check makes something of any
bytes, asks the package, and compares with tests/reference or with another way to the same answer.
"""

import atexit
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import ics23_trees as trees
import mpt_items
from fuzz_choices import Source, refuses, spoiled
from reference import der, merkle, merkle_proofs, merkleblock, mpt
from reference.secp256k1 import N
from test_merkleblock import COINBASE, Block, txids
from verilane import Verdict, secp256k1
from verilane import merkle as merkle_api
from verilane._columns import column
from verilane.cli import evidence
from verilane.cli.leaves import Columns, Lines
from verilane.cli.stream import BadInput
from verilane.proofs import merkleblock as merkleblock_api
from verilane.proofs import mpt as mpt_api
from verilane.verifier import Item, Verifier

T = TypeVar("T")


# ---- Columns ----


def any_column(source: Source) -> Any:
    """Bytes in one of the forms that a column may have, or in none."""
    data = source.take(source.byte())
    ends = [source.byte() % (len(data) + 2) for _ in range(source.byte() % 6)]
    if source.byte() % 4:
        ends.sort()
    match source.byte() % 9:
        case 0:
            return data
        case 1:
            return memoryview(data)
        case 2:
            return (data, ends)
        case 3:
            kind = source.pick(["<i4", "<i8", "<u4", ">i8", "<f8", "<u8"])
            return (bytearray(data), np.array(ends).astype(kind))
        case 4:
            return [source.some() for _ in range(source.byte() % 5)]
        case 5:
            width = 1 + source.byte() % 66
            rows = len(data) // width
            array = np.frombuffer(data, np.uint8)[: rows * width].reshape(rows, width)
            return array[:: source.pick([1, 2, -1])]
        case 6:
            return [source.pick([b"", None, 3, "text", data]) for _ in range(source.byte() % 4)]
        case 7:
            return np.frombuffer(
                data[: len(data) // 8 * 8], source.pick(["<u8", "<f4", "i1", "S4"])
            )
        case _:
            return source.pick([None, 7, "text", {1: 2}, object()])


def check_columns(source: Source) -> None:
    """A column is refused, or holds items within its memory; so do the three of a call."""
    widths = source.pick([None, (32,), (33, 64, 65), (1,)])
    found = refuses(lambda: column("column", any_column(source), widths=widths))
    if found is not None:
        if found.offsets is None:
            assert found.n == 0 or found.data.size >= found.n * found.width
        else:
            offsets = found.offsets
            assert offsets.size == found.n + 1 and (np.diff(offsets) >= 0).all()
            assert 0 <= offsets[0] and offsets[-1] <= found.data.size
    keys, signatures, digests = (any_column(source) for _ in range(3))
    verify = secp256k1.ecdsa.verify_many
    verdicts = refuses(lambda: verify(keys, signatures, digests, threads=1))
    if verdicts is not None:
        assert all(1 <= verdict <= 5 for verdict in verdicts)


# ---- Signatures in DER ----


@cache
def honest() -> list[tuple[bytes, bytes, bytes]]:
    from items import honest_items

    items = [item for item in honest_items(60) if item.verdict == Verdict.OK]
    return [(item.key, item.signature, item.digest) for item in items]


def check_der(source: Source) -> None:
    """What DER says is what its r and s say as 64 bytes."""
    key, signature, digest = source.pick(honest())
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    encoded = der.encode(source.pick([r, 0, N - r, r + N]) % 2**256, source.pick([s, N - s, N, 1]))
    encoded = spoiled(source, encoded, [encoded])
    verify = secp256k1.ecdsa.verify_many
    for encoding, parse in (("der", der.parse_strict), ("der-lax", der.parse_lax)):
        found = parse(encoded)
        bad = found is None or max(found) >= 2**256
        compact = b"" if bad else b"".join(number.to_bytes(32, "big") for number in found)
        wanted = verify([key], [compact], [digest], threads=1)[0]
        assert verify([key], [encoded], [digest], encoding=encoding, threads=1)[0] == wanted


# ---- Proofs ----

TRIES = [
    mpt_items.some_trie(size, key, value)
    for size, key, value in ((2, (0, 2), (1, 2)), (17, (1, 1), (1, 40)), (60, (0, 5), (20, 34)))
]


@cache
def trie_cases() -> list[tuple[bytes, bytes, bytes, list[bytes]]]:
    return [
        (mpt_items.root_of(items), key, items.get(key, b""), mpt_items.proof_of(items, key))
        for items in TRIES
        for key in mpt_items.asked(items, 4)
    ]


def rehashed(
    proof: Sequence[bytes], at: int, spoil: Callable[[bytes], bytes]
) -> tuple[bytes, list[bytes]]:
    """A proof with node `at` changed, and the hashes above made to fit up to the root."""
    nodes = list(proof)
    before, nodes[at] = mpt_items.keccak256(nodes[at]), spoil(nodes[at])
    for i in reversed(range(at)):
        old, after = mpt_items.keccak256(nodes[i]), mpt_items.keccak256(nodes[i + 1])
        before, nodes[i] = old, nodes[i].replace(before, after)
    return mpt_items.keccak256(nodes[0]), nodes


def check_mpt(source: Source) -> None:
    cases = trie_cases()
    root, key, value, proof = source.pick(cases)
    others = [node for case in cases[:20] for node in case[3]]
    if source.byte() % 2 and proof:
        at = source.byte() % len(proof)
        root, proof = rehashed(proof, at, lambda node: spoiled(source, node, others))
    else:
        proof = [spoiled(source, node, others) for node in proof]
    key, value = spoiled(source, key, [key]), spoiled(source, value, [value])
    if source.byte() % 8 == 0:
        proof = [*proof, source.pick(others)]
    wanted = mpt.verify(root, key, value, proof, mpt_items.keccak256)
    found = mpt_api.verify_many([root], [key], [value], [proof], hash_keys=False, threads=1)
    assert found[0].name == wanted, (found[0], wanted)


def check_ordered_root(source: Source) -> None:
    values = [bytes([i + 1]) + source.some() for i in range(source.byte() % 140)]
    wanted = mpt.ordered_root(values, mpt_items.keccak256)
    assert merkle_api.ordered_trie_root(values) == wanted


BLOCKS = [Block(txids(n)) for n in (1, 2, 3, 7, 20)]


def check_merkleblock(source: Source) -> None:
    block = source.pick(BLOCKS)
    n = len(block.ids)
    proof = block.proof(*{source.byte() % n for _ in range(source.byte() % 4)})
    others = [each.proof(0) for each in BLOCKS]
    proof = spoiled(source, proof, others)
    row = (spoiled(source, block.hash, [proof]), proof, block.ids[source.byte() % n])
    total = source.pick([None, n, n + 1])
    coinbase = source.pick([None, COINBASE, spoiled(source, COINBASE, [COINBASE])])
    firsts = None if coinbase is None else [coinbase]
    columns = [[part] for part in row]
    found = merkleblock_api.verify_many(*columns, totals=total, coinbases=firsts, threads=1)
    wanted = merkleblock.verify(*row, total=total, coinbase=coinbase)
    assert found[0] == wanted, (found[0], wanted)


@cache
def ics23_rows() -> list[tuple[Any, trees.Row]]:
    made = []
    for name in trees.TREES:
        tree = trees.TREES[name](trees.pairs_of(7))
        rows = trees.honest(tree)
        entries = [tree.exist(key) for key in tree.keys] + [tree.gap(k) for k in trees.near(tree)]
        for proof in (trees.batch(entries), trees.compressed(entries)):
            rows += [(tree.root, proof, row[2], row[3]) for row in rows[:: len(rows) // 2]]
        made += [(tree.spec, row) for row in rows]
    return made


def check_ics23(source: Source) -> None:
    spec, (root, proof, key, value) = source.pick(ics23_rows())
    others = [row[1] for _, row in ics23_rows()]
    proof = spoiled(source, proof, others)
    row = (spoiled(source, root, [proof]), proof, spoiled(source, key, [key]), value)
    found, wanted = trees.verdicts([row], spec, threads=1), trees.expected([row], spec)
    assert found == wanted, (found, wanted)


def check_merkle_proof(source: Source) -> None:
    """An RFC 6962 proof holds where RFC 9162's own steps say so."""
    hash_, leaf, node = merkle_proofs_hashes()
    leaves = [source.take(1) for _ in range(1 + source.byte() % 20)]
    i = source.byte() % len(leaves)
    path = b"".join(merkle_proofs.rfc6962_path(leaves, i, hash_, (b"\x00", b"\x01")))
    root = merkle.rfc6962_root(leaves)
    path = spoiled(source, path, [path, root])
    root = spoiled(source, root, [path])[:32].ljust(32, b"\0")
    index, size = source.pick([i, i + 1, i ^ 1]), source.pick([len(leaves), len(leaves) + 1, 1])
    verify = merkle_api.verify_proofs
    found = verify(root, [leaves[i]], [path], [index], [size], threads=1)[0]
    nodes = [path[at : at + 32] for at in range(0, len(path), 32)]
    holds = merkle_proofs.rfc6962_verify(root, leaf(leaves[i]), index, size, nodes, node)
    assert (found == Verdict.OK) == (holds and len(path) % 32 == 0)


def merkle_proofs_hashes() -> tuple[merkle.Hash, merkle.Hash, merkle.Hash]:
    from hashlib import sha256

    return (
        lambda data: sha256(data).digest(),
        lambda data: sha256(b"\x00" + data).digest(),
        lambda data: sha256(b"\x01" + data).digest(),
    )


# ---- The sidecar ----


@cache
def batches() -> list[bytes]:
    from verilane.sidecar import verilane_pb2 as pb

    made = []
    for n in (1, 3):
        some = honest()[:n]
        batch = pb.Batch(id=7, count=n)
        batch.profile.scheme = 1
        for name, part in (("keys", 0), ("signatures", 1), ("digests", 2)):
            items = [row[part] for row in some]
            ends = np.cumsum([0, *map(len, items)]).astype("<u4")
            getattr(batch, name).data = b"".join(items)
            getattr(batch, name).offsets = ends.tobytes()
        made.append(batch.SerializeToString())
    return made


def check_sidecar(source: Source) -> None:
    """A message is no batch, or is refused, or has a verdict for each item."""
    from google.protobuf.message import DecodeError

    from verilane.sidecar import verilane_pb2 as pb
    from verilane.sidecar.errors import Refused
    from verilane.sidecar.profiles import judge

    data = spoiled(source, source.pick(batches()), batches())
    try:
        batch = pb.Batch.FromString(data)
    except DecodeError:
        return
    if source.byte() % 2:
        batch.profile.scheme = source.byte() % 9
        batch.profile.encoding = source.byte() % 5
        batch.profile.low_s = source.byte() % 2 == 1
    if batch.count > 1000:
        return  # the service refuses these before anything is made of them
    try:
        answer = judge(batch, threads=1)
    except Refused:
        return
    assert len(answer.verdicts) == batch.count and all(1 <= code <= 5 for code in answer.verdicts)
    assert len(answer.keys) in (0, 64 * batch.count)


# ---- The command's files ----


def reads(call: Callable[[], T]) -> T | None:
    """What a call gives; None where the file is bad, for which there is one line to print."""
    try:
        return call()
    except BadInput as bad:
        if "\n" in str(bad):
            raise
        return None


@cache
def folder() -> Path:
    """Of this process; removed at its end, but under libFuzzer, which ends it at once."""
    made = Path(tempfile.mkdtemp(prefix="verilane-fuzz-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def check_files(source: Source) -> None:
    """A file is read, or it is BadInput, with one line to print."""
    path = folder() / "input"
    proof = {"format": evidence.FORMAT, "tree": "rfc6962", "hash": "sha256", "root": "00" * 32}
    proof |= {"path": ["11" * 32], "size": 2, "index": 0, "leaf": "aa"}
    name = source.pick([*proof, "other"])
    proof[name] = source.pick([None, 1, -1, 2**70, "zz", [], ["aa", 5], {}, "aa" * 32, True])
    path.write_bytes(spoiled(source, json.dumps(proof).encode(), [b'{"[]}1e999\\u0000\xff']))
    root = source.take(32)
    found = reads(lambda: evidence.check(evidence.read_proof(path), None, root))
    assert found is None or found in Verdict
    lines = Lines(path)
    given = path.read_bytes()
    leaves = [leaf for batch in lines.batches() for leaf in batch.leaves]
    assert leaves == given.removesuffix(b"\n").split(b"\n") if given else leaves == []


@cache
def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder() / "seed.parquet"
    rows = [bytes([i]) * (i % 40) for i in range(200)]
    pq.write_table(pa.table({"leaf": pa.array(rows, pa.binary())}), path, row_group_size=64)
    return path.read_bytes()


def check_parquet(source: Source) -> None:
    """Data pages of Parquet are spoiled, not its footer: what Arrow does with a hostile footer is
    Arrow's.
    """
    path, data = folder() / "input.parquet", parquet()
    body = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    changed = bytearray(data)
    for _ in range(1 + source.byte() % 3):
        changed[4 + source.below(body - 4)] ^= 1 << source.byte() % 8
    path.write_bytes(changed)
    batches = reads(lambda: [batch.leaves for batch in Columns(path, "leaf").batches()])
    assert batches is None or sum(map(len, batches)) == 200


# ---- The verifier ----


@cache
def verifier() -> Verifier:
    return Verifier(threads=1)


def check_verifier(source: Source) -> None:
    """One by one or together, an item gets what verify_many says."""
    rules = source.pick(["secp256k1.ecdsa", "secp256k1.schnorr", "p256.ecdsa", "ed25519", "sm2"])
    rows = [
        tuple(spoiled(source, part, [part]) for part in source.pick(honest()))
        for _ in range(1 + source.byte() % 4)
    ]
    items = [Item(rules, *row) for row in rows]
    alone = [verifier().verify(item) for item in items]
    assert list(verifier().submit_many(items).result(60)) == alone
    if rules == "secp256k1.ecdsa":
        columns = [list(part) for part in zip(*rows, strict=True)]
        assert list(secp256k1.ecdsa.verify_many(*columns, threads=1)) == alone
    wrong: Any = source.pick([None, 7, "text", [b""]])
    assert refuses(lambda: verifier().submit(Item(rules, wrong, b"", b""))) is None


CHECKS: dict[str, Callable[[Source], None]] = {
    name.removeprefix("check_"): each
    for name, each in list(globals().items())
    if name.startswith("check_")
}


def check(data: bytes) -> None:
    """The first three bytes pick a check."""
    source = Source(data)
    source.pick(list(CHECKS.values()))(source)


def seeds(count: int = 20) -> list[bytes]:
    """Bytes to begin with, of each check."""
    rng = random.Random("seeds")
    return [
        bytes([0, 0, number]) + rng.randbytes(rng.choice([0, 8, 60, 300]))
        for number in range(len(CHECKS))
        for _ in range(count)
    ]
