"""Claims about keys, checked against proofs: without the root, which comes out."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..._columns import Column
from ..ragged import Bytes, Ints, Part, ragged
from .hashing import digest_all, roots_of
from .messages import Proofs, read_proofs
from .rules import Neighbours, leaves_in_spec
from .spec import ProofSpec

__all__ = ["Forest", "Found", "first_around"]

Mask = NDArray[np.bool_]
Gap: TypeAlias = "tuple[bytes | None, bytes | None, int]"
"""Left end, right end (None where there is none), and row."""


class Found(NamedTuple):
    """What comes of n claims. malformed: the proof is none, or none of this kind. mismatch: it is
    one of something else. roots: (n, digest size), where neither holds.
    """

    malformed: Mask
    mismatch: Mask
    roots: Bytes


class Forest:
    """Proofs that were read, and their spec. proof: which one each claim has."""

    def __init__(self, part: Part, spec: ProofSpec, isa: int) -> None:
        self._part, self._spec, self._isa = part, spec, isa
        self._proofs: Proofs = read_proofs(part)
        self._in_spec = leaves_in_spec(part.data, self._proofs, spec)
        self._known_leaves: dict[int, dict[bytes, int]] = {}
        self._known_gaps: dict[int, list[Gap]] = {}
        self._neighbours: Neighbours | None = None

    def existing(
        self, proof: Ints, keys: Sequence[bytes], values: Sequence[bytes], skip: Mask
    ) -> Found:
        """Checks that keys have these values; what is to be skipped gets no root."""
        leaves, memory = self._proofs.leaves, self._part.memory
        row = self._leaf_rows(proof, keys)
        malformed = self._malformed(proof, row)
        there = np.flatnonzero((row >= 0) & ~malformed)
        malformed[there] = ~self._in_spec[row[there]]
        mismatch = row < 0
        spans = zip(
            there.tolist(),
            *[column[row[there]].tolist() for column in (*leaves.key, *leaves.value)],
            strict=True,
        )
        for i, a, b, c, d in spans:
            mismatch[i] = memory[a:b] != keys[i] or memory[c:d] != values[i]
        return Found(malformed, mismatch, self._roots(row, ~(malformed | mismatch | skip)))

    def absent(self, proof: Ints, keys: Sequence[bytes], skip: Mask) -> Found:
        """Checks that keys lie in gaps; what is to be skipped gets no root."""
        order = self._comparable(keys)
        row = self._gap_rows(proof, order)
        malformed = self._malformed(proof, row)
        mismatch = row < 0
        good = np.flatnonzero(~malformed & ~mismatch)
        left, right = np.full(len(row), -1), np.full(len(row), -1)
        left[good] = self._proofs.gaps.left[row[good]]
        right[good] = self._proofs.gaps.right[row[good]]
        malformed[good] = ~self._gaps_are_right(left[good], right[good])
        sides = self._side_keys(left[good]), self._side_keys(right[good])
        for i, low, high in zip(good.tolist(), *sides, strict=True):
            mismatch[i] = not _is_between(low, order[i], high)
        hashed = ~(malformed | mismatch | skip)
        roots = self._roots(np.where(left >= 0, left, right), hashed)
        both = hashed & (left >= 0) & (right >= 0)
        mismatch |= both & (self._roots(right, both) != roots).any(axis=1)
        return Found(malformed, mismatch, roots)

    def _malformed(self, proof: Ints, row: Ints) -> Mask:
        """Returns which claims have no proof that could be read, or one of another kind."""
        malformed: Mask = ~self._proofs.good[proof] | ((row < 0) & ~self._proofs.batch[proof])
        return malformed

    # ---- Rows ----

    def _leaf_rows(self, proof: Ints, keys: Sequence[bytes]) -> Ints:
        """Returns the row of each claim's proof of existence: in a batch, the first with its
        key.
        """
        leaves = self._proofs.leaves
        top = np.flatnonzero(leaves.top)
        row = self._only(leaves.proof[top], top)[proof]
        for batch, claims in self._in_batches(proof):
            known = self._leaves_of(batch)
            row[claims] = [known.get(keys[i], -1) for i in claims]
        return row

    def _gap_rows(self, proof: Ints, order: Sequence[bytes]) -> Ints:
        """Returns the row of each claim's proof of a gap: in a batch, the first that it is in."""
        gaps = self._proofs.gaps
        row = self._only(gaps.proof, np.arange(len(gaps.proof)))[proof]
        for batch, claims in self._in_batches(proof):
            row[claims] = first_around(self._gaps_of(batch), [order[i] for i in claims])
        return row

    def _in_batches(self, proof: Ints) -> Iterator[tuple[int, list[int]]]:
        """Returns every batch with its claims."""
        is_batch = self._proofs.good & self._proofs.batch
        claims: dict[int, list[int]] = {}
        for i in np.flatnonzero(is_batch[proof]).tolist():
            claims.setdefault(int(proof[i]), []).append(i)
        return iter(claims.items())

    def _only(self, proof: Ints, row: Ints) -> Ints:
        """Returns the row that each proof has, -1 for none."""
        out = np.full(len(self._proofs.good), -1, np.int64)
        out[proof] = row
        return out

    def _leaves_of(self, batch: int) -> dict[bytes, int]:
        found = self._known_leaves.get(batch)
        if found is None:
            leaves = self._proofs.leaves
            first, last = np.searchsorted(leaves.proof, [batch, batch + 1])
            rows = (first + np.flatnonzero(leaves.top[first:last]))[::-1]
            found = dict(zip(self._keys(rows), rows.tolist(), strict=True))
            self._known_leaves[batch] = found
        return found

    def _gaps_of(self, batch: int) -> list[Gap]:
        found = self._known_gaps.get(batch)
        if found is None:
            gaps = self._proofs.gaps
            first, last = np.searchsorted(gaps.proof, [batch, batch + 1])
            sides = self._side_keys(gaps.left[first:last]), self._side_keys(gaps.right[first:last])
            found = list(zip(*sides, range(first, last), strict=True))
            found.sort(key=lambda gap: (gap[0] is not None, gap[0] or b""))
            self._known_gaps[batch] = found
        return found

    # ---- Keys ----

    def _keys(self, rows: Ints) -> list[bytes]:
        memory, (start, end) = self._part.memory, self._proofs.leaves.key
        return [memory[a:b] for a, b in zip(start[rows].tolist(), end[rows].tolist(), strict=True)]

    def _side_keys(self, rows: Ints) -> list[bytes | None]:
        """Returns what the keys of these leaves are compared by, None for row -1."""
        found: Iterator[bytes] = iter(self._comparable(self._keys(rows[rows >= 0])))
        return [next(found) if row >= 0 else None for row in rows.tolist()]

    def _comparable(self, keys: Sequence[bytes]) -> Sequence[bytes]:
        if not self._spec.prehash_key_before_comparison:
            return keys
        data = np.frombuffer(b"".join(keys), np.uint8)
        lengths = np.fromiter(map(len, keys), np.int64, len(keys))
        column = Column(data, ragged(lengths), 0, len(keys))
        digests = digest_all(column, self._spec.leaf.prehash_key, self._isa)
        return [digest.tobytes() for digest in digests]

    # ---- Gaps and roots ----

    def _gaps_are_right(self, left: Ints, right: Ints) -> Mask:
        """Returns where both sides are as the spec wants them, and neighbours."""
        in_spec = np.append(self._in_spec, True)  # row -1: there is none
        good: Mask = in_spec[left] & in_spec[right]
        if self._neighbours is None:
            part = self._part
            self._neighbours = Neighbours(part.data, part.memory, self._proofs, self._spec)
        known: dict[tuple[int, int], bool] = {}
        for i in np.flatnonzero(good).tolist():
            pair = int(left[i]), int(right[i])
            if pair not in known:
                known[pair] = self._neighbours.are_at_a_gap(*pair)
            good[i] = known[pair]
        return good

    def _roots(self, row: Ints, which: Mask) -> Bytes:
        """Returns the roots of the rows that `which` names, zeros for the others."""
        out = np.zeros((len(row), self._spec.digest_size), np.uint8)
        rows, again = np.unique(row[which], return_inverse=True)
        found = roots_of(self._part.data, self._proofs, rows, self._spec, self._isa)
        out[which] = found[again]
        return out


def first_around(gaps: Sequence[Gap], keys: Sequence[bytes]) -> list[int]:
    """Returns for each key the least row of a gap that it is in, -1 for none. gaps: by left end.

    One pass over keys and gaps in their order: gaps that have begun wait by row, and one that ends
    before a key ends before all that come after it.
    """
    begun: list[tuple[int, bool, bytes]] = []
    out, at = [-1] * len(keys), 0
    for i in sorted(range(len(keys)), key=keys.__getitem__):
        while at < len(gaps) and _is_between(gaps[at][0], keys[i], None):
            _, right, row = gaps[at]
            heappush(begun, (row, right is not None, right or b""))
            at += 1
        while begun and begun[0][1] and begun[0][2] <= keys[i]:
            heappop(begun)
        if begun:
            out[i] = begun[0][0]
    return out


def _is_between(low: bytes | None, order: bytes, high: bytes | None) -> bool:
    return (low is None or low < order) and (high is None or order < high)
