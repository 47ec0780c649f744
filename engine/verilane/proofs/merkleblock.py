"""Bitcoin's merkleblock proofs (BIP 37; what gettxoutproof gives): transactions are in a block.

A proof is a block header of 80 bytes, the number of transactions, and a partial Merkle tree: hashes
and flags. It is read strictly: lengths as short as can be, as many hashes and flags as the tree
uses, zeros in what fills the last byte of flags, no two equal siblings (CVE-2012-2459), no byte
after it. Hashes are in internal byte order (as they are hashed; reversed when displayed).

A proof alone says less than it seems (CVE-2017-12842): a transaction of 64 bytes can be taken for a
node, and a node for a transaction, where the number of transactions, and so the height of the tree,
is not known. So give what is known beside the block's hash: `totals`; or `coinbases`, the blocks'
first transactions, which must be in the proof too, and so at the same height: neither can a node
be one, nor can one of another length than 64 be a node.

Verdicts: OK. BAD_KEY: the block's hash is not 32 bytes long. BAD_SIGNATURE: bytes that are no such
proof. BAD_MESSAGE: the txid is not 32 bytes long, or the coinbase is no coinbase transaction.
MISMATCH: header, tree and block hash do not agree, or the txid is not among the matched ones, or
the total or coinbase is another one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _cpu, _pool
from .._columns import BytesLike, Column, ColumnLike, column
from .._devices import isa_of
from .._items import decided, item
from .._verdicts import Verdict, Verdicts
from ..errors import InvalidSignature
from .columns import BLOCK, Roots, blocks, is_flat, one_or_all, verdict_codes
from .partial_tree import HEADER, Trees, read_frames, walk
from .ragged import Bytes, Ints, Part, join, take_part

__all__ = ["MAX_TRANSACTIONS", "MerkleBlock", "parse", "verify_many"]

Mask = NDArray[np.bool_]

MAX_TRANSACTIONS = 4_000_000 // (4 * 60)
"""Bitcoin Core's limit: the weight of a block over that of the smallest transaction."""

# A proof takes 10 us and more.
_PROOFS_PER_CORE = 128

_ROOT = slice(36, 68)  # in a header


@dataclass(frozen=True, slots=True)
class MerkleBlock:
    """What a proof says. matches: number in the block and txid of each matched transaction."""

    header: bytes
    block_hash: bytes
    total: int
    matches: tuple[tuple[int, bytes], ...]

    @property
    def merkle_root(self) -> bytes:
        """The root in the header, which the tree leads to."""
        return self.header[_ROOT]


def parse(
    proof: BytesLike, *, max_transactions: int = MAX_TRANSACTIONS, device: str | None = None
) -> MerkleBlock:
    """Returns what a proof says, if its tree leads to the root in its header. Whether that block is
    in a chain is to be seen from its hash.

    Raises InvalidSignature with the verdict BAD_SIGNATURE or MISMATCH.
    """
    given = column("proof", [item("proof", proof)], widths=None)
    block = _Blocks(take_part(given, 0, 1), max_transactions, isa_of(device))
    if not block.trees.good[0]:
        raise InvalidSignature(Verdict.BAD_SIGNATURE)
    if not block.agree[0]:
        raise InvalidSignature(Verdict.MISMATCH)
    trees, which = block.trees, np.flatnonzero(block.trees.matched)
    which = which[np.argsort(trees.number[which])]
    matches = tuple((int(trees.number[i]), trees.leaf[i].tobytes()) for i in which)
    header = block.part.item(0)[:HEADER]
    return MerkleBlock(header, block.hashes[0].tobytes(), int(block.totals[0]), matches)


def verify_many(
    block_hashes: ColumnLike,
    proofs: ColumnLike,
    txids: ColumnLike,
    *,
    totals: Any = None,
    coinbases: "ColumnLike | None" = None,
    max_transactions: int = MAX_TRANSACTIONS,
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies that n transactions are in the blocks with these hashes, and matched in the proofs.

    block_hashes: a column of n, or one for all; 32 bytes each. proofs: a column of n, or a sequence
    of one for all. txids: a column of n, 32 bytes each; they fix n.
    totals: how many transactions the blocks are known to have: n numbers, or one for all.
    coinbases: the blocks' first transactions, a column of n or a sequence of one for all, without
    witnesses (txid serialization).
    max_transactions: larger blocks are refused. device: "cpu" or a name from `devices()`. threads:
    cores to use at most; None takes all.

    Verdicts: see the module. Raises TypeError for what is not bytes-like and for totals that are no
    integers; ValueError for columns that do not fit each other and an unknown device;
    DeviceUnavailable for a named device that is missing.
    """
    isa = isa_of(device)
    ids = column("txids", txids, widths=(32,) if is_flat(txids) else None)
    n = ids.n
    hashes = Roots(block_hashes, n, 32, "block_hashes", "txids")
    paths = one_or_all("proofs", column("proofs", proofs, widths=None), n, "txids")
    known = None if totals is None else _numbers(totals, n)
    firsts = None
    if coinbases is not None:
        firsts = one_or_all("coinbases", column("coinbases", coinbases, widths=None), n, "txids")
    verdicts = np.zeros(n, np.uint8)
    shared = None
    if n > 1 and paths.n == 1:
        shared = _Blocks(take_part(paths, 0, 1), max_transactions, isa)

    def work(start: int, stop: int) -> None:
        for first, last in blocks(ids if shared else paths, start, stop):
            block = shared or _Blocks(take_part(paths, first, last), max_transactions, isa)
            proof = np.arange(last - first) * (shared is None)
            expected, is_hash = hashes.rows(first, last)
            wrong = ~block.agree[proof] | (block.hashes[proof] != expected).any(axis=1)
            claimed = take_part(ids, first, last)
            no_message = claimed.end - claimed.start != 32
            wrong |= ~block.has(block.matched, proof, claimed.items())
            if known is not None:
                wrong |= known[first:last] != block.totals[proof]
            if firsts is not None:
                transactions = _some(firsts, first, last)
                no_message |= ~_are_coinbases(transactions)
                digests = [digest.tobytes() for digest in _sha256d(transactions, isa)]
                wrong |= ~block.has(block.first, proof, digests)
            verdicts[first:last] = verdict_codes(
                ~is_hash, ~block.trees.good[proof], no_message, wrong
            )

    if n:
        _pool.run(n, work, threads=threads, least=_PROOFS_PER_CORE, shortest=BLOCK)
    return decided(verdicts)


class _Blocks:
    """Proofs that were read and hashed. agree: the tree leads to the root in the header.
    matched: the hashes of matched leaves, with the proof that they are in.
    """

    def __init__(self, part: Part, most: int, isa: int) -> None:
        frames = read_frames(part, most)
        self.part, self.totals = part, frames.total
        self.trees: Trees = walk(part, frames, isa)
        n = len(part.start)
        start = np.where(frames.good, part.start, 0)
        size = np.where(frames.good, HEADER, 0)
        self.hashes: Bytes = _digest(join([(part.data, start, size)]), isa)
        roots = np.zeros((n, 32), np.uint8)
        good = frames.good
        roots[good] = part.data[start[good, None] + np.arange(HEADER)][:, _ROOT]
        self.agree: Mask = (self.trees.roots == roots).all(axis=1)
        self.matched = self._set(self.trees.matched)

    @cached_property
    def first(self) -> set[tuple[int, bytes]]:
        """The hash of leaf 0, where it is in the proof."""
        return self._set(self.trees.number == 0)

    def _set(self, which: Mask) -> set[tuple[int, bytes]]:
        owners = self.trees.tree[which].tolist()
        return {
            (tree, leaf.tobytes())
            for tree, leaf in zip(owners, self.trees.leaf[which], strict=True)
        }

    @staticmethod
    def has(known: set[tuple[int, bytes]], proof: Ints, hashes: list[bytes]) -> Mask:
        pairs = zip(proof.tolist(), hashes, strict=True)
        return np.fromiter((pair in known for pair in pairs), bool, len(hashes))


def _numbers(value: Any, n: int) -> NDArray[Any]:
    given: NDArray[Any] = np.asarray(value)
    if given.dtype.kind not in "iu" and given.size:
        raise TypeError("totals: expected integers")
    if given.ndim == 0:
        given = np.broadcast_to(given, n)
    if given.shape != (n,):
        raise ValueError(f"totals: expected a number or {n} of them, got {given.shape}")
    return given


def _some(column: Column, first: int, last: int) -> list[bytes]:
    if column.n == 1:
        return take_part(column, 0, 1).items() * (last - first)
    return take_part(column, first, last).items()


def _are_coinbases(transactions: list[bytes]) -> Mask:
    """Returns which can be coinbase transactions, and no nodes: one input, which spends nothing."""
    return np.fromiter(
        (
            len(each) != 64 and each[4:41] == b"\1" + bytes(32) + b"\xff" * 4
            for each in transactions
        ),
        bool,
        len(transactions),
    )


def _sha256d(messages: list[bytes], isa: int) -> Bytes:
    return _digest(column("messages", messages, widths=None), isa)


def _digest(messages: Column, isa: int) -> Bytes:
    digests = np.zeros((messages.n, 32), np.uint8)
    _cpu.digest(digests, messages, hash=_cpu.HASHES["sha256d"], isa=isa)(0, messages.n)
    return digests
