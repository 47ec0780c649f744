"""Columns in, verdicts out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import _pool
from ..._columns import BytesLike, Column, ColumnLike, column
from ..._devices import isa_of
from ..._items import decided, item
from ..._verdicts import Verdict, Verdicts
from ...errors import InvalidSignature
from ..columns import BLOCK, Roots, blocks, one_or_all, verdict_codes
from ..ragged import Ints, Part, take_part
from ..wire import BYTES, read_fields
from .claims import Forest, Found
from .spec import IAVL, TENDERMINT, ProofSpec

__all__ = [
    "verify_chained_many",
    "verify_membership",
    "verify_membership_many",
    "verify_non_membership",
    "verify_non_membership_many",
]

Mask = NDArray[np.bool_]

# A proof takes 20 us and more.
_PROOFS_PER_CORE = 64

# ibc-go's MerkleProof, types/v1/merkle.proto: repeated CommitmentProof proofs = 1
_CHAIN = {1: BYTES}


def verify_membership_many(
    roots: ColumnLike,
    proofs: ColumnLike,
    keys: ColumnLike,
    values: ColumnLike,
    *,
    spec: ProofSpec = IAVL,
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies that n keys have these values in the trees with these roots.

    roots: a column of n, or one root for all; 32 bytes each (or what the spec's hash has). proofs:
    a column of n encoded CommitmentProofs, or a sequence of one for all, which then is a batch.
    keys, values: columns of n, of any lengths; keys fix n.
    spec: IAVL, TENDERMINT, SMT, or a ProofSpec.
    device: "cpu" or a name from `devices()`. threads: cores to use at most; None takes all.

    Verdicts: see the module. Raises TypeError for what is not bytes-like and for a spec that is
    none; ValueError for columns that do not fit each other and an unknown device; DeviceUnavailable
    for a named device that is missing.
    """
    return _verify(roots, proofs, [keys], values, (spec,), device, threads)


def verify_non_membership_many(
    roots: ColumnLike,
    proofs: ColumnLike,
    keys: ColumnLike,
    *,
    spec: ProofSpec = IAVL,
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies that the trees with these roots do not have these n keys.

    Arguments, verdicts and what is raised: as for `verify_membership_many`.
    """
    return _verify(roots, proofs, [keys], None, (spec,), device, threads)


def verify_chained_many(
    roots: ColumnLike,
    proofs: ColumnLike,
    keys: Sequence[ColumnLike],
    values: "ColumnLike | None" = None,
    *,
    specs: Sequence[ProofSpec] = (IAVL, TENDERMINT),
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies that n keys have these values (None: that they are not there) in trees whose roots
    are values in the next tree, and so on up to the trees with these roots.

    proofs: encoded MerkleProofs of IBC, each with a CommitmentProof for every spec, the lowest tree
    first. keys: a column for every spec, in this order; from the second on, bytes are one key for
    all. A Cosmos chain's: `[keys, b"ibc"]`, the store's name last; `roots` are app hashes.

    Source: ICS 23 and ibc-go, 23-commitment (VerifyMembership, VerifyNonMembership). The rest as
    for `verify_membership_many`; a proof of another number of trees is a BAD_SIGNATURE.
    """
    if isinstance(specs, ProofSpec) or len(specs) != len(keys) or not specs:
        raise ValueError("keys: expected a column for every spec, of which there is one or more")
    return _verify(roots, proofs, keys, values, tuple(specs), device, threads, is_chain=True)


def verify_membership(
    root: BytesLike,
    proof: BytesLike,
    key: BytesLike,
    value: BytesLike,
    *,
    spec: ProofSpec = IAVL,
    device: str | None = None,
) -> None:
    """Verifies one proof: returns None if it holds, else raises InvalidSignature with the
    verdict.
    """
    _verify_one(root, proof, key, [item("value", value)], spec, device)


def verify_non_membership(
    root: BytesLike,
    proof: BytesLike,
    key: BytesLike,
    *,
    spec: ProofSpec = IAVL,
    device: str | None = None,
) -> None:
    """Verifies one proof: returns None if it holds, else raises InvalidSignature with the
    verdict.
    """
    _verify_one(root, proof, key, None, spec, device)


def _verify_one(
    root: BytesLike,
    proof: BytesLike,
    key: BytesLike,
    values: list[bytes] | None,
    spec: ProofSpec,
    device: str | None,
) -> None:
    roots, proofs, keys = [item("root", root)], [item("proof", proof)], [item("key", key)]
    verdict = _verify(roots, proofs, [keys], values, (spec,), device, 1)[0]
    if verdict != Verdict.OK:
        raise InvalidSignature(verdict)


class _Block(NamedTuple):
    """Some of a call's claims: which proof each has, its keys from the lowest tree up, its value.
    skip: those that are wrong without their proof.
    """

    proof: Ints
    keys: list[list[bytes]]
    values: list[bytes] | None
    skip: Mask


def _verify(
    roots: ColumnLike,
    proofs: ColumnLike,
    keys: Sequence[ColumnLike],
    values: "ColumnLike | None",
    specs: tuple[ProofSpec, ...],
    device: str | None,
    threads: int | None,
    *,
    is_chain: bool = False,
) -> Verdicts:
    for spec in specs:
        if not isinstance(spec, ProofSpec):
            raise TypeError(f"spec: expected a ProofSpec, got {type(spec).__name__}")
    isa = isa_of(device)
    lowest = column("keys", keys[0], widths=None)
    n = lowest.n
    named = [lowest, *[_names(each, n) for each in keys[1:]]]
    known = None if values is None else column("values", values, widths=None, n=n, fixed_by="keys")
    given = Roots(roots, n, specs[-1].digest_size)
    paths = one_or_all("proofs", column("proofs", proofs, widths=None), n, "keys")

    def forests(start: int, stop: int) -> list[Forest]:
        part = take_part(paths, start, stop)
        parts = _links(part, len(specs)) if is_chain else [part]
        return [Forest(part, spec, isa) for part, spec in zip(parts, specs, strict=True)]

    shared = forests(0, 1) if n > 1 and paths.n == 1 else None
    verdicts = np.zeros(n, np.uint8)

    def work(start: int, stop: int) -> None:
        for first, last in blocks(paths if shared is None else lowest, start, stop):
            expected, is_root = given.rows(first, last)
            own = [_items(each, first, last) for each in named]
            valued = None if known is None else take_part(known, first, last).items()
            empty = np.array([not all(each) for each in zip(*own, *_alone(valued), strict=True)])
            proof = np.arange(last - first) if shared is None else np.zeros(last - first, np.int64)
            block = _Block(proof, own, valued, empty | ~is_root)
            found = _follow(shared or forests(first, last), block)
            wrong = found.mismatch | (found.roots != expected).any(axis=1)
            verdicts[first:last] = verdict_codes(~is_root, found.malformed, empty, wrong)

    if n:
        _pool.run(n, work, threads=threads, least=_PROOFS_PER_CORE, shortest=BLOCK)
    return decided(verdicts)


def _alone(values: list[bytes] | None) -> list[list[bytes]]:
    return [] if values is None else [values]


def _names(value: ColumnLike, n: int) -> Column:
    """Returns a column of n keys, or of one for all."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = [value]
    return one_or_all("keys", column("keys", value, widths=None), n, "keys of the lowest tree")


def _items(column: Column, first: int, last: int) -> list[bytes]:
    if column.n == 1:
        return take_part(column, 0, 1).items() * (last - first)
    return take_part(column, first, last).items()


def _links(part: Part, count: int) -> list[Part]:
    """Returns the proofs for each tree that chains are made of; nothing, which is no proof, where
    one has another number of them.
    """
    fields = read_fields(part, part.start, part.end, _CHAIN)
    chain, start, end = fields.repeated(1)
    right = fields.good & (np.bincount(chain, minlength=len(part.start)) == count)
    which = right[chain]
    links = []
    for place in range(count):
        starts, ends = np.zeros((2, len(part.start)), np.int64)
        starts[right] = start[which][place::count]
        ends[right] = end[which][place::count]
        links.append(Part(part.memory, part.data, starts, ends))
    return links


def _follow(forests: list[Forest], block: _Block) -> Found:
    """Checks claims from the lowest tree up: a tree's root is the value in the next one."""
    lowest = forests[0]
    if block.values is None:
        found = lowest.absent(block.proof, block.keys[0], block.skip)
    else:
        found = lowest.existing(block.proof, block.keys[0], block.values, block.skip)
    malformed, mismatch = found.malformed, found.mismatch
    for forest, keys in zip(forests[1:], block.keys[1:], strict=True):
        roots = [root.tobytes() for root in found.roots]
        skip = block.skip | malformed | mismatch
        found = forest.existing(block.proof, keys, roots, skip)
        malformed, mismatch = malformed | found.malformed, mismatch | found.mismatch
    return Found(malformed, mismatch, found.roots)
