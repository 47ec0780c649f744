"""Roots of Merkle trees, hashed in the lanes of the CPU.

A tree's kind fixes its leaf and node hashes and what becomes of an odd last node:

- "rfc6962" (Certificate Transparency, CometBFT): RFC 6962 section 2.1; leaves of any length.
- "bitcoin": leaves are 32-byte hashes (in internal byte order), nodes double SHA-256, an odd last
  node pairs with itself.
- "plain": as "rfc6962" but without prefixes before leaves and nodes. Leaves of 64 bytes can then be
  taken for nodes: for data whose leaves have another, fixed length.
- "openzeppelin" (@openzeppelin/merkle-tree): leaves are 32-byte hashes in the order of the tree
  (that library sorts them first), nodes Keccak-256 of the smaller child and the larger one; the
  nodes lie in a heap of 2n - 1, leaves last and in reverse order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _cpu, _pool
from ._columns import Column, ColumnLike, column
from ._devices import isa_of
from .errors import MutatedTree

__all__ = ["MutatedTree", "root"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of tree: its number in C, its own hash and the others that it takes, its leaves'
    length if that is fixed.
    """

    number: int
    hash: str
    others: tuple[str, ...]
    leaf_size: int | None
    heap: bool = False


_ANY = tuple(name for name, hash in _cpu.HASHES.items() if hash.size == 32)

_KINDS = {
    "rfc6962": _Kind(_cpu.TREE_RFC6962, "sha256", _ANY, None),
    "bitcoin": _Kind(_cpu.TREE_BITCOIN, "sha256d", ("sha256d",), 32),
    "plain": _Kind(_cpu.TREE_PLAIN, "sha256", _ANY, None),
    "openzeppelin": _Kind(_cpu.TREE_SORTED, "keccak256", _ANY, 32, heap=True),
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
    tree's root: the hash of nothing for "rfc6962" and "plain", 32 zero bytes for "bitcoin".
    tree: "rfc6962", "bitcoin", "plain" or "openzeppelin". hash: None is the kind's own: SHA-256 for
    "rfc6962" and "plain", Keccak-256 for "openzeppelin"; they take any hash of `verilane.hashes`
    with 32 bytes. "bitcoin" has double SHA-256 and no other.
    on_duplicate: in a "bitcoin" tree, equal neighbours let another list of leaves have the same
    root (CVE-2012-2459): "raise" raises MutatedTree, which holds the root; "ignore" returns it.
    device: "cpu" or a name from `devices()`. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for an unknown tree, hash, option or
    device, a packed length that is no multiple of 32, a leaf of "bitcoin" or "openzeppelin" that
    does not have 32 bytes, and for "openzeppelin" without leaves; DeviceUnavailable for a named
    device that is missing.
    """
    kind = _kind(tree, hash)
    if on_duplicate not in ("raise", "ignore"):
        raise ValueError(f"on_duplicate: expected 'raise' or 'ignore', got {on_duplicate!r}")
    isa = isa_of(device)
    items = column("leaves", leaves, widths=_FLAT_WIDTHS if _is_flat(leaves) else None)
    _check_sizes(items, kind.leaf_size, tree)
    run = _Run(kind.number, _cpu.HASHES[hash or kind.hash].number, isa, threads)
    if kind.heap:
        items = _heap_level(items, run)
    result, mutated = _reduce(items, run)
    if mutated and on_duplicate == "raise":
        raise MutatedTree(result)
    return result


def _kind(tree: str, hash: str | None) -> _Kind:
    kind = _KINDS.get(tree) if isinstance(tree, str) else None
    if kind is None:
        raise ValueError(f"no tree is named {tree!r}; there are: {', '.join(_KINDS)}")
    if hash is not None and hash not in kind.others:
        raise ValueError(f"tree {tree!r} has no hash {hash!r}; there is: {', '.join(kind.others)}")
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
        article = "an" if tree[0] in "aeiou" else "a"
        raise ValueError(f"leaves: item {item} has {found} bytes; {article} {tree} leaf has {size}")


@dataclass(frozen=True, slots=True)
class _Run:
    """What one call reduces with: the numbers of tree, hash and ISA in C, and its threads."""

    tree: int
    hash: int
    isa: int
    threads: int | None


def _reduce(leaves: Column, run: _Run) -> tuple[bytes, bool]:
    """Returns the root, and whether equal neighbours were paired below it."""
    nodes, mutated_below = _nodes(leaves, _HEIGHT, run)
    result, mutated_above = _cpu.merkle_root(nodes, tree=run.tree, hash=run.hash, isa=run.isa)
    return result, mutated_above or mutated_below


def _nodes(leaves: Column, height: int, run: _Run) -> tuple[NDArray[np.uint8], bool]:
    """Returns the nodes on one level, and whether equal neighbours were paired below it."""
    subtree = 1 << height
    nodes = np.zeros((-(-leaves.n // subtree), 32), np.uint8)
    work, mutated = _cpu.merkle_nodes(
        nodes, leaves, height=height, tree=run.tree, hash=run.hash, isa=run.isa
    )
    _pool.run(leaves.n, work, threads=run.threads, least=_LEAVES_PER_CORE, grain=subtree)
    return nodes, mutated()


def _heap_level(leaves: Column, run: _Run) -> Column:
    """Returns the lowest full level of a heap of 2n - 1 nodes, in reverse order: 2^k nodes.

    Node i is made of the nodes 2i + 1 and 2i + 2; leaf i is node 2n - 2 - i. The deepest level is
    the first 2(n - 2^k) leaves, the one above it the other leaves, then the deepest ones' parents.
    """
    n = leaves.n
    if n == 0:
        raise ValueError("leaves: an openzeppelin tree has at least one leaf")
    width = 1 << (n.bit_length() - 1)
    deepest = 2 * (n - width)
    if not deepest:
        return leaves
    start = 0 if leaves.offsets is None else int(leaves.offsets[0])
    rows = leaves.data[start : start + 32 * n].reshape(n, 32)
    parents, _ = _nodes(Column(rows[:deepest].reshape(-1), None, 32, deepest), 1, run)
    return Column(np.concatenate([rows[deepest:], parents]).reshape(-1), None, 32, width)
