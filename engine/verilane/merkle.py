"""Roots of Merkle trees, hashed in the lanes of the CPU.

A tree's kind fixes its leaf and node hashes and what becomes of an odd last node:

- "rfc6962" (Certificate Transparency, CometBFT): RFC 6962 section 2.1; leaves of any length.
- "bitcoin": leaves are 32-byte hashes (in internal byte order), nodes double SHA-256, an odd last
  node pairs with itself.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _cpu, _pool
from ._columns import Column, ColumnLike, column
from ._devices import isa_of
from .errors import MutatedTree

__all__ = ["MutatedTree", "root"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of tree: its number in C, its own hash, its leaves' length if that is fixed."""

    number: int
    hash: str
    leaf_size: int | None


_KINDS = {
    "rfc6962": _Kind(_cpu.TREE_RFC6962, "sha256", None),
    "bitcoin": _Kind(_cpu.TREE_BITCOIN, "sha256d", 32),
}

# Flat bytes have no other mark of where one leaf ends: they are hashes.
_FLAT_WIDTHS = (32,)

# Threads work on subtrees of 2^11 leaves: what C reduces at a time, and few enough nodes (one in
# 2,048) for a single thread to finish.
_HEIGHT = 11

# 4,096 leaves take 130 us, a few times what it costs to wake a thread.
_LEAVES_PER_CORE = 1 << 12


def root(
    leaves: ColumnLike,
    tree: str = "rfc6962",
    hash: str | None = None,
    *,
    on_duplicate: str = "raise",
    threads: int | None = None,
    device: str | None = None,
) -> bytes:
    """Returns the 32-byte root over n leaves, in order.

    leaves: packed, ragged, an Arrow array or a sequence of bytes-like items; plain packed bytes are
    leaves of 32 bytes (another width: an array of shape (n, width)). None at all gives the empty
    tree's root: SHA-256 of nothing for "rfc6962", 32 zero bytes for "bitcoin".
    tree: "rfc6962" or "bitcoin". hash: None is the kind's own, and the only one so far.
    on_duplicate: in a "bitcoin" tree, equal neighbours let another list of leaves have the same
    root (CVE-2012-2459): "raise" raises MutatedTree, which holds the root; "ignore" returns it.
    device: "cpu" or a name from `devices()`. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for an unknown tree, hash, option or
    device, a packed length that is no multiple of 32, or a "bitcoin" leaf that is not 32 bytes
    long; DeviceUnavailable for a named device that is missing.
    """
    kind = _kind(tree, hash)
    if on_duplicate not in ("raise", "ignore"):
        raise ValueError(f"on_duplicate: expected 'raise' or 'ignore', got {on_duplicate!r}")
    isa = isa_of(device)
    items = column("leaves", leaves, widths=_FLAT_WIDTHS if _is_flat(leaves) else None)
    _check_sizes(items, kind.leaf_size, tree)
    result, mutated = _reduce(items, kind.number, isa, threads)
    if mutated and on_duplicate == "raise":
        raise MutatedTree(result)
    return result


def _kind(tree: str, hash: str | None) -> _Kind:
    kind = _KINDS.get(tree) if isinstance(tree, str) else None
    if kind is None:
        raise ValueError(f"no tree is named {tree!r}; there are: {', '.join(_KINDS)}")
    if hash not in (None, kind.hash):
        raise ValueError(f"tree {tree!r} has no hash {hash!r}; there is: {kind.hash}")
    return kind


def _is_flat(leaves: Any) -> bool:
    if isinstance(leaves, (list, tuple)):
        return False
    try:
        return memoryview(leaves).ndim == 1
    except (TypeError, ValueError):
        return False


def _check_sizes(leaves: Column, size: int | None, tree: str) -> None:
    """Raises ValueError unless all leaves are `size` bytes long (None: any size)."""
    if size is None or leaves.n == 0:
        return
    if leaves.offsets is None:
        item, found = 0, leaves.width
    else:
        sizes = np.diff(leaves.offsets)
        item = int(np.argmax(sizes != size))
        found = int(sizes[item])
    if found != size:
        raise ValueError(f"leaves: item {item} has {found} bytes; a {tree} leaf has {size}")


def _reduce(leaves: Column, tree: int, isa: int, threads: int | None) -> tuple[bytes, bool]:
    """Returns the root, and whether equal neighbours were paired below it."""
    subtree = 1 << _HEIGHT
    nodes = np.zeros((-(-leaves.n // subtree), 32), np.uint8)
    work, mutated_below = _cpu.merkle_nodes(nodes, leaves, height=_HEIGHT, tree=tree, isa=isa)
    _pool.run(leaves.n, work, threads=threads, least=_LEAVES_PER_CORE, grain=subtree)
    result, mutated_above = _cpu.merkle_root(nodes, tree=tree, isa=isa)
    return result, mutated_above or mutated_below()
