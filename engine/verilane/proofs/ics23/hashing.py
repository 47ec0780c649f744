"""Leaves and paths of many proofs, hashed in lanes: all leaves, then every level of all paths."""

from itertools import pairwise

import numpy as np

from ... import _cpu
from ..._columns import Column
from ..ragged import Bytes, Ints, Piece, fill, join, ragged, rows_of
from .messages import Leaves, Proofs, Steps
from .spec import DIGEST_SIZES, LIBRARY_HASHES, OWN_HASHES, HashOp, LengthOp, ProofSpec

__all__ = ["digest_all", "roots_of"]


def roots_of(data: Bytes, proofs: Proofs, which: Ints, spec: ProofSpec, isa: int) -> Bytes:
    """Returns the roots (n, digest size) that these proofs of existence lead to.

    Requires that they are as the spec wants them.
    """
    leaves, steps = proofs.leaves, proofs.steps
    depths = leaves.offsets[which + 1] - leaves.offsets[which]
    order = np.argsort(-depths, kind="stable")  # so that those that go on come first
    which, depths = which[order], depths[order]
    nodes = _leaf_hashes(data, leaves, which, spec, isa)
    active = np.searchsorted(-depths, -np.arange(int(depths.max(initial=0))), side="left")
    step = np.concatenate(
        [
            np.zeros(0, np.int64),
            *[leaves.path[leaves.offsets[which[:n]] + k] for k, n in enumerate(active)],
        ]
    )
    size = spec.digest_size
    images, holes = _images(data, steps, step, size)
    done = 0
    for n in active:
        fill(images.data, holes[done : done + n], rows_of(nodes[:n]))
        assert images.offsets is not None
        level = Column(images.data, images.offsets[done : done + n + 1], 0, int(n))
        nodes[:n] = digest_all(level, spec.inner.hash, isa)
        done += n
    roots = np.empty_like(nodes)
    roots[order] = nodes
    return roots


def _images(data: Bytes, steps: Steps, step: Ints, size: int) -> tuple[Column, Ints]:
    """Returns prefix || child || suffix of every step, where the child is still to be filled in,
    and where that is.
    """
    start = steps.prefix[0][step], steps.suffix[0][step]
    length = steps.prefix[1][step] - start[0], steps.suffix[1][step] - start[1]
    offsets = ragged(length[0] + size + length[1])
    out, holes = np.empty(int(offsets[-1]), np.uint8), offsets[:-1] + length[0]
    fill(out, offsets[:-1], (data, start[0], length[0]))
    fill(out, holes + size, (data, start[1], length[1]))
    return Column(out, offsets, 0, len(step)), holes


def _leaf_hashes(data: Bytes, leaves: Leaves, which: Ints, spec: ProofSpec, isa: int) -> Bytes:
    op = spec.leaf
    pieces = [_slices(data, leaves.prefix, which)]
    for slices, prehash in ((leaves.key, op.prehash_key), (leaves.value, op.prehash_value)):
        piece = _slices(data, slices, which)
        if prehash != HashOp.NO_HASH:
            piece = rows_of(digest_all(join([piece]), prehash, isa))
        pieces += [*_lengths(piece[2], op.length), piece]
    return digest_all(join(pieces), op.hash, isa)


def _slices(data: Bytes, slices: tuple[Ints, Ints], which: Ints) -> Piece:
    start, end = slices
    return data, start[which], end[which] - start[which]


def _lengths(length: Ints, op: LengthOp) -> list[Piece]:
    """Returns what is written before what has these lengths."""
    if op == LengthOp.VAR_PROTO:
        return [_varints(length)]
    width, order = _FIXED.get(op, (0, ">"))
    if width == 0:
        return []
    written = length.astype(f"{order}u{width}").view(np.uint8)
    return [rows_of(written.reshape(-1, width))]


_FIXED = {
    LengthOp.FIXED32_BIG: (4, ">"),
    LengthOp.FIXED32_LITTLE: (4, "<"),
    LengthOp.FIXED64_BIG: (8, ">"),
    LengthOp.FIXED64_LITTLE: (8, "<"),
}


def _varints(numbers: Ints) -> Piece:
    digits = np.maximum(numbers, 1)
    width = np.ones(len(numbers), np.int64)
    while (digits > 127).any():
        digits = digits >> 7
        width += digits > 0
    most = int(width.max(initial=1))
    place = np.arange(most)
    written = (numbers[:, None] >> 7 * place & 127) | np.where(place < width[:, None] - 1, 128, 0)
    return written.astype(np.uint8).reshape(-1), np.arange(len(numbers)) * most, width


def digest_all(messages: Column, op: HashOp, isa: int) -> Bytes:
    """Returns the digests (n, size) of a column."""
    if op in OWN_HASHES:
        kind = _cpu.HASHES[OWN_HASHES[op]]
        digests = np.zeros((messages.n, kind.size), np.uint8)
        _cpu.digest(digests, messages, hash=kind, isa=isa)(0, messages.n)
        return digests
    hash, ends = LIBRARY_HASHES[op], messages.offsets
    assert ends is not None
    memory = messages.data[ends[0] : ends[-1]].tobytes()
    places = (ends - ends[0]).tolist()
    found = b"".join(hash(memory[a:b]) for a, b in pairwise(places))
    return np.frombuffer(bytearray(found), np.uint8).reshape(messages.n, DIGEST_SIZES[op])
