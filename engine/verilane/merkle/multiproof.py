"""One proof for several leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._columns import BytesLike, Column, ColumnLike, column
from .._cpu_trees import LoneRule
from .._items import item
from .._verdicts import Verdict
from .kinds import Run, is_flat, levels_above, open_run
from .levels import distinct
from .paths import group_members
from .proofs import NO_INDEX, NO_SIZE, numbers_of

__all__ = ["MultiProof", "verify_multiproof"]

Nodes = NDArray[np.uint8]
Indices = NDArray[np.int64]

Climb: TypeAlias = Callable[[Run, Nodes, Nodes], bytes]
"""Makes a root from the leaves' nodes and the proof's."""


@dataclass(frozen=True)
class MultiProof:
    """One proof for several leaves, as `verify_multiproof` takes it.

    nodes: 32 bytes each, level by level from below, on a level from left to right: what can't be
    made from the leaves. flags: None, or of an "openzeppelin" tree that library's proofFlags, and
    `nodes` its proof.
    """

    nodes: bytes
    flags: tuple[bool, ...] | None = None


def verify_multiproof(
    root: BytesLike,
    leaves: ColumnLike,
    proof: MultiProof,
    indices: Any = None,
    size: int | None = None,
    *,
    tree: str = "rfc6962",
    hash: str | None = None,
    device: str | None = None,
) -> Verdict:
    """Verifies one proof for several leaves (`Tree.multiproof`): all of them are in the tree.

    leaves: in the order of `indices`, which ascend; size: as in `verify_proofs`, up to 2^60 for
    "fisco2" and 2^63 for the others. "openzeppelin": neither index nor size, but the proof's flags
    (multiProofVerify of OpenZeppelin's MerkleProof.sol), and leaves in the order of the tree.

    Returns the verdicts of `verify_proofs`; BAD_SIGNATURE also for indices that do not ascend, no
    leaf at all, and flags that do not fit. Raises as `verify_proofs` does.
    """
    run = open_run(tree, hash, device=device, threads=1)
    top, path = item("root", root), item("proof", proof.nodes)
    items = column("leaves", leaves, widths=(32,) if is_flat(leaves) else None)
    count = len(path) // 32
    if run.kind.is_sorted:
        if indices is not None or size is not None:
            raise ValueError("an 'openzeppelin' proof has neither index nor size")
        climb = _sorted_climb(items.n, count, proof.flags)
    else:
        numbers = numbers_of("indices", indices, items.n, NO_INDEX)
        total = int(numbers_of("size", size, 1, NO_SIZE)[0])
        climb = None if proof.flags is not None else _climb(run, numbers, total, count)
    if len(top) != 32:
        return Verdict.BAD_KEY
    if climb is None or len(path) % 32:
        return Verdict.BAD_SIGNATURE
    if not run.kind.hashed_leaves and not _are_nodes(items):
        return Verdict.BAD_MESSAGE
    nodes = np.empty((items.n, 32), np.uint8)
    run.nodes(items, height=0, first=0, total=items.n, out=nodes)
    made = climb(run, nodes, np.frombuffer(path, np.uint8).reshape(-1, 32))
    return Verdict.OK if made == top else Verdict.MISMATCH


def _are_nodes(items: Column) -> bool:
    if items.offsets is None:
        return items.width == 32
    return bool((np.diff(items.offsets) == 32).all())


# ---- Leaves with indices ----


@dataclass(frozen=True)
class _Level:
    """What happens on one level: its groups of children that hold something known, the children
    that are known and those that the proof gives, and how many nodes the level has.
    """

    groups: Indices
    known: NDArray[np.bool_]
    given: NDArray[np.bool_]
    nodes: int


def _climb(run: Run, numbers: NDArray[np.uint64], total: int, count: int) -> Climb | None:
    """Returns the way to the root, or None where the proof's nodes are too many or too few."""
    width = run.kind.width
    ascending = len(numbers) > 0 and bool((numbers[1:] > numbers[:-1]).all())
    if not ascending or not int(numbers[-1]) < total <= 1 << (60 if width == 16 else 63):
        return None
    levels, indices = [], numbers.astype(np.int64)
    height = levels_above(total, width)
    for level in range(height):
        nodes = -(-total // width**level)
        if run.kind.lone == LoneRule.ZERO:
            nodes = width ** (height - level)
        groups = distinct(indices // width)
        members = group_members(run.kind, groups * width)
        known = np.isin(members, indices)
        given = ~known & (members <= min(nodes, 1 << 63) - 1)
        levels.append(_Level(groups, known, given, nodes))
        indices = groups
    if sum(int(level.given.sum()) for level in levels) != count:
        return None
    size = width**height if run.kind.lone == LoneRule.ZERO else total
    return lambda run, nodes, path: _up(run, nodes, path, levels, size)


def _up(run: Run, nodes: Nodes, path: Nodes, levels: list[_Level], total: int) -> bytes:
    taken = 0
    for number, level in enumerate(levels):
        children = np.zeros((*level.known.shape, 32), np.uint8)
        given = int(level.given.sum())
        children[level.known] = nodes
        children[level.given] = path[taken : taken + given]
        taken += given
        nodes = np.empty((len(level.groups), 32), np.uint8)
        rows = children.reshape(len(level.groups), -1)
        numbers = level.groups.astype(np.uint64)
        run.parents(nodes, rows, groups=numbers, nodes=level.nodes, level=number)
    return run.root(nodes, height=len(levels), total=total)[0]


# ---- Sorted pairs ----


def _sorted_climb(n: int, count: int, flags: Sequence[bool] | None) -> Climb | None:
    """The function processMultiProof of OpenZeppelin's MerkleProof.sol: every step hashes the next
    of the leaves and of what steps made with the one after it, if its flag is set, else with the
    next of the proof.

    Returns None where leaves, proof and flags do not use up each other.
    """
    if flags is None or n == 0 or n + count != len(flags) + 1 or sum(map(bool, flags)) != n - 1:
        return None
    steps, at, given = [], 0, 0  # nodes: leaves, then what steps made; -1 - k: the proof's k
    for step, flag in enumerate(flags):
        second = at + 1 if flag else -1 - given
        if max(at, second) >= n + step:
            return None
        steps.append((at, second))
        at += 2 if flag else 1
        given += not flag
    return lambda run, nodes, path: _run_steps(run, nodes, path, steps)


def _run_steps(run: Run, leaves: Nodes, path: Nodes, steps: list[tuple[int, int]]) -> bytes:
    """Takes at once as many steps as need nothing of each other."""
    nodes = np.concatenate([leaves, np.zeros((len(steps), 32), np.uint8)])
    made, first = len(leaves), 0
    while first < len(steps):
        stop = first
        while stop < len(steps) and max(steps[stop]) < made:
            stop += 1
        pairs = np.empty((stop - first, 2, 32), np.uint8)
        for pair, (left, right) in zip(pairs, steps[first:stop], strict=True):
            pair[0] = nodes[left]
            pair[1] = nodes[right] if right >= 0 else path[-1 - right]
        nodes[made : made + stop - first] = run.pairs(pairs.reshape(-1, 64))
        made, first = made + stop - first, stop
    return bytes(nodes[-1])
