"""Which proofs a ProofSpec lets pass: the checks of ICS 23's reference implementation.

Source: cosmos/ics23, go/proof.go and go/ops.go (CheckAgainstSpec, validateIavlOps, IsLeftMost,
IsRightMost, IsLeftNeighbor). Beyond those, a step's suffix is no longer than the other children,
and a path has 128 steps at most where the spec does not say.
"""

import numpy as np
from numpy.typing import NDArray

from ..ragged import Bytes, Ints, rows
from ..wire import read_varints
from .messages import Leaves, Proofs, Steps
from .spec import DIGEST_SIZES, HashOp, LengthOp, ProofSpec

__all__ = ["Neighbours", "leaves_in_spec"]

Mask = NDArray[np.bool_]

_REQUIRED = {LengthOp.REQUIRE_32_BYTES: 32, LengthOp.REQUIRE_64_BYTES: 64}
_LIMITS = {LengthOp.FIXED32_BIG: 1 << 32, LengthOp.FIXED32_LITTLE: 1 << 32}
# What follows height, size and version in an IAVL node: the length of the left child's hash; or
# that, the hash, and the length of the right one.
_IAVL_REST = (1, 34)


def leaves_in_spec(data: Bytes, proofs: Proofs, spec: ProofSpec) -> Mask:
    """Returns which proofs of existence are as the spec wants them, step by step."""
    leaves = proofs.leaves
    good = _leaf_ops(data, leaves, spec)
    depths = np.diff(leaves.offsets)
    good &= (depths >= spec.min_depth) & (depths <= spec.depth)
    wrong = ~_inner_ops(data, proofs.steps, spec)[leaves.path]
    owner = np.repeat(np.arange(len(good)), depths)
    if spec.has_iavl_prefixes:
        height, rest = _iavl_prefixes(data, *proofs.steps.prefix)
        layer = 1 + np.arange(len(owner)) - leaves.offsets[owner]
        wrong |= height[leaves.path] < layer
        wrong |= ~np.isin(rest, _IAVL_REST)[leaves.path]
    good[owner[wrong]] = False
    return good


def _leaf_ops(data: Bytes, leaves: Leaves, spec: ProofSpec) -> Mask:
    wanted = spec.leaf
    good: Mask = leaves.has_leaf.copy()
    ops = wanted.hash, wanted.prehash_key, wanted.prehash_value, wanted.length
    for given, op in zip(leaves.ops, ops, strict=True):
        good &= given == op
    good &= _starts_with(data, leaves.prefix, wanted.prefix)
    for (start, end), prehash in (
        (leaves.key, wanted.prehash_key),
        (leaves.value, wanted.prehash_value),
    ):
        good &= _length_is_right(end - start, wanted.length, prehash)
    if spec.has_iavl_prefixes:
        height, rest = _iavl_prefixes(data, *leaves.prefix)
        good &= (height >= 0) & (rest == 0)
    return good


def _length_is_right(length: Ints, op: LengthOp, prehash: HashOp) -> Mask:
    """A key or value is never empty; a spec can ask for a length of what goes into the leaf."""
    good: Mask = length > 0
    if prehash != HashOp.NO_HASH:
        length = np.full_like(length, DIGEST_SIZES[prehash])
    if op in _REQUIRED:
        good &= length == _REQUIRED[op]
    good &= length < _LIMITS.get(op, 1 << 62)
    return good


def _inner_ops(data: Bytes, steps: Steps, spec: ProofSpec) -> Mask:
    inner = spec.inner
    others = (len(inner.child_order) - 1) * inner.child_size
    prefix = steps.prefix[1] - steps.prefix[0]
    suffix = steps.suffix[1] - steps.suffix[0]
    good: Mask = (
        (steps.hash == inner.hash)
        & ~_starts_with(data, steps.prefix, spec.leaf.prefix)
        & (prefix >= inner.min_prefix_length)
        & (prefix <= inner.max_prefix_length + others)
        & (suffix % inner.child_size == 0)
        & (suffix <= others)
    )
    return good


def _starts_with(data: Bytes, slices: tuple[Ints, Ints], prefix: bytes) -> Mask:
    start, end = slices
    good = end - start >= len(prefix)
    good[good] = (rows(data, start[good], len(prefix)) == np.frombuffer(prefix, np.uint8)).all(
        axis=1
    )
    return good


def _iavl_prefixes(data: Bytes, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Returns the heights and how many bytes follow height, size and version; -1 as height where
    these are no three numbers that are not negative.
    """
    at, good = start, np.ones(len(start), bool)
    numbers = []
    for _ in range(3):
        number, at, read = read_varints(data, at, end)
        # Signed numbers are written with the sign in the last bit (zigzag).
        good &= read & (number & np.uint64(1) == 0)
        numbers.append((number >> np.uint64(1)).astype(np.int64))
    return np.where(good, numbers[0], -1), end - at


class Neighbours:
    """Where in its node each step's child stands."""

    def __init__(self, data: Bytes, memory: bytes, proofs: Proofs, spec: ProofSpec) -> None:
        self._memory, self._leaves = memory, proofs.leaves
        steps, inner = proofs.steps, spec.inner
        self._slices = [column.tolist() for column in (*steps.prefix, *steps.suffix)]
        branch = _branches(steps, spec)
        empty = [
            _is_empty(data, steps, branch, other, spec) for other in range(len(inner.child_order))
        ]
        left, right = branch >= 0, branch >= 0
        for other, is_empty in enumerate(empty):
            left = left & (is_empty | (branch <= other))
            right = right & (is_empty | (branch >= other))
        self._branch: list[int] = branch.tolist()
        self._leftmost: list[bool] = left.tolist()
        self._rightmost: list[bool] = right.tolist()

    def are_at_a_gap(self, left: int, right: int) -> bool:
        """True if nothing lies between these leaves; -1 is the end of the tree on that side. A node
        whose other children are all empty is passed as if they were not there.
        """
        if left < 0:
            return right >= 0 and all(self._leftmost[step] for step in self._path(right))
        if right < 0:
            return all(self._rightmost[step] for step in self._path(left))
        below_left, below_right = self._path(left), self._path(right)
        while below_left and below_right:
            a, b = below_left.pop(), below_right.pop()
            if not self._is_same(a, b):
                break
        else:
            return False  # one path ends within the other
        return (
            self._branch[a] >= 0
            and self._branch[b] == self._branch[a] + 1
            and all(self._rightmost[step] for step in below_left)
            and all(self._leftmost[step] for step in below_right)
        )

    def _path(self, leaf: int) -> list[int]:
        first, last = self._leaves.offsets[leaf : leaf + 2]
        steps: list[int] = self._leaves.path[first:last].tolist()
        return steps

    def _is_same(self, a: int, b: int) -> bool:
        memory = self._memory
        p, q, s, t = self._slices
        return a == b or (
            memory[p[a] : q[a]] == memory[p[b] : q[b]]
            and memory[s[a] : t[a]] == memory[s[b] : t[b]]
        )


def _branches(steps: Steps, spec: ProofSpec) -> Ints:
    """Returns which child each step has, -1 for those whose lengths fit none."""
    inner = spec.inner
    prefix = steps.prefix[1] - steps.prefix[0]
    suffix = steps.suffix[1] - steps.suffix[0]
    branch = np.full(len(prefix), -1, np.int64)
    for place, child in enumerate(inner.child_order):
        own = prefix - place * inner.child_size
        right = (len(inner.child_order) - 1 - place) * inner.child_size
        fits = (inner.min_prefix_length <= own) & (own <= inner.max_prefix_length)
        branch[fits & (suffix == right)] = child
    return branch


def _is_empty(data: Bytes, steps: Steps, branch: Ints, child: int, spec: ProofSpec) -> Mask:
    """Returns in which steps another child is the spec's empty one."""
    inner = spec.inner
    out = np.zeros(len(branch), bool)
    if not inner.empty_child:
        return out
    place = inner.child_order.index(child)
    for own_place, own in enumerate(inner.child_order):
        if own == child:
            continue
        which = np.flatnonzero(branch == own)
        if place < own_place:
            start = steps.prefix[1][which] - (own_place - place) * inner.child_size
        else:
            start = steps.suffix[0][which] + (place - own_place - 1) * inner.child_size
        found = rows(data, start, inner.child_size)
        out[which] = (found == np.frombuffer(inner.empty_child, np.uint8)).all(axis=1)
    return out
