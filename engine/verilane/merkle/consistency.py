"""Consistency proofs: that a log's tree has only grown (RFC 6962, section 2.1.2)."""

from typing import TYPE_CHECKING

import numpy as np

from .._columns import BytesLike
from .._cpu_trees import LoneRule
from .._items import item
from .._verdicts import Verdict
from .kinds import Run, open_run

if TYPE_CHECKING:
    from .levels import Levels

__all__ = ["consistency_path", "verify_consistency"]


def _require_log(run: Run) -> None:
    if run.kind.lone != LoneRule.UP or run.kind.is_sorted:
        raise ValueError(f"a {run.kind.name!r} tree has no consistency proofs")


def consistency_path(nodes: "Levels", old_size: int) -> bytes:
    """Returns PROOF(old_size, D[n]) of RFC 6962 section 2.1.2."""
    _require_log(nodes.run)
    if isinstance(old_size, bool) or not isinstance(old_size, int):
        raise TypeError(f"old_size: expected a number, got {type(old_size).__name__}")
    if not 0 < old_size <= nodes.n:
        raise ValueError(f"old_size: {old_size}, expected 1 to {nodes.n}")
    found = []
    first, stop, is_old_root = 0, nodes.n, True  # SUBPROOF(m, D[first:stop], b)
    while old_size != stop:
        half = 1 << (stop - first - 1).bit_length() - 1
        if old_size <= first + half:
            found.append(_subtree(nodes, first + half, stop))
            stop = first + half
        else:
            found.append(_subtree(nodes, first, first + half))
            first, is_old_root = first + half, False
    if not is_old_root:
        found.append(_subtree(nodes, first, stop))
    return b"".join(reversed(found))


def _subtree(nodes: "Levels", first: int, stop: int) -> bytes:
    """Returns MTH(D[first:stop]) where D[first:stop] is a subtree of the tree."""
    level = (stop - first - 1).bit_length()
    return bytes(nodes.node(level, first >> level))


def verify_consistency(
    old_root: BytesLike,
    new_root: BytesLike,
    proof: BytesLike,
    old_size: int,
    new_size: int,
    *,
    tree: str = "rfc6962",
    hash: str | None = None,
    device: str | None = None,
) -> Verdict:
    """Verifies that a log's tree of `new_size` leaves begins with the one of `old_size` leaves
    (RFC 9162 section 2.1.4.2). tree: "rfc6962" or "plain".

    Returns OK; BAD_KEY for a root that is not 32 bytes long; BAD_SIGNATURE for sizes that are not
    0 < old <= new < 2^63, and a proof that does not have as many nodes of 32 bytes as they ask for;
    MISMATCH for other roots. Equal sizes have an empty proof and equal roots. Anything is
    consistent with an empty log: ask for no proof of it.

    Raises TypeError for what is not bytes-like or no number; ValueError for another kind of tree.
    """
    run = open_run(tree, hash, device=device, threads=1)
    _require_log(run)
    old, new, path = item("old_root", old_root), item("new_root", new_root), item("proof", proof)
    for name, size in (("old_size", old_size), ("new_size", new_size)):
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"{name}: expected a number, got {type(size).__name__}")
    if len(old) != 32 or len(new) != 32:
        return Verdict.BAD_KEY
    if not 0 < old_size <= new_size < 1 << 63 or len(path) != 32 * _length(old_size, new_size):
        return Verdict.BAD_SIGNATURE
    made = _roots(run, old, path, old_size, new_size)
    return Verdict.OK if made == (old, new) else Verdict.MISMATCH


def _length(old_size: int, new_size: int) -> int:
    """How many nodes PROOF(old_size, D[new_size]) has."""
    if old_size == new_size:
        return 0
    length = 0 if old_size & (old_size - 1) == 0 else 1
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    while last:
        length += bool(node & 1) or node < last
        node, last = node >> 1, last >> 1
    return length


def _roots(run: Run, old: bytes, path: bytes, old_size: int, new_size: int) -> tuple[bytes, bytes]:
    """Returns the old and the new root that the proof leads to (RFC 9162 section 2.1.4.2)."""
    if old_size == new_size:
        return old, old
    steps = [path[i : i + 32] for i in range(0, len(path), 32)]
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    made_old = made_new = steps[0]
    for step in steps[1:]:
        while last and not node & 1 and node == last:  # a lone node moves up
            node, last = node >> 1, last >> 1
        if node & 1:
            made_old, made_new = _parents(run, step + made_old, step + made_new)
        else:
            (made_new,) = _parents(run, made_new + step)
        node, last = node >> 1, last >> 1
    return made_old, made_new


def _parents(run: Run, *pairs: bytes) -> list[bytes]:
    rows = np.frombuffer(b"".join(pairs), np.uint8).reshape(-1, 64)
    return [bytes(row) for row in run.pairs(rows)]
