"""Roots of Ethereum's ordered tries: of a block's transactions, receipts or withdrawals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_proofs, _pool
from .._columns import Column, ColumnLike, column
from .._devices import isa_of

__all__ = ["ordered_trie_root", "ordered_trie_roots"]

# 512 transactions take 100 us.
_ITEMS_PER_CORE = 512


def ordered_trie_root(
    items: ColumnLike, *, threads: int | None = None, device: str | None = None
) -> bytes:
    """Returns the 32-byte root of the Merkle-Patricia trie that holds n items under the keys
    rlp(0), rlp(1), ... (Yellow Paper, section 4.3.2 and appendix D; geth's DeriveSha).

    items: a column of n, of any lengths but zero: a block's transactions or receipts as EIP-2718
    encodes them (legacy ones: their RLP), or the RLP of its withdrawals. Without items it is
    Keccak-256 of 80, rlp("").
    threads: cores to use at most; None takes all. device: "cpu" or a name from `devices()`. It
    takes 48 bytes of memory an item.

    Raises TypeError for what is not bytes-like; ValueError for an empty item (a trie holds none:
    geth refuses it too), flat bytes, offsets out of order, and an unknown device;
    DeviceUnavailable for a named device that is missing.
    """
    data = _items(items)
    return bytes(_roots(data, np.array([0, data.n], np.int64), device, threads)[0])


def ordered_trie_roots(
    items: ColumnLike, sizes: Any, *, threads: int | None = None, device: str | None = None
) -> NDArray[np.uint8]:
    """Returns the roots of many ordered tries, (m, 32): those of many blocks, hashed together.

    items: the items of the first trie, then those of the second one, and so on, as for
    `ordered_trie_root`. sizes: m numbers, how many items each trie has; they add up to n.

    Raises as `ordered_trie_root` does; TypeError for sizes that are no integers, ValueError for
    sizes below zero or that do not add up to n.
    """
    data = _items(items)
    given = np.asarray(sizes)
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"sizes: expected integers, got {given.dtype}")
    if given.ndim != 1 or (given.size and (int(given.min()) < 0 or int(given.max()) > data.n)):
        raise ValueError(f"sizes: expected a row of numbers from 0 to {data.n} (the items)")
    starts = np.zeros(len(given) + 1, np.int64)
    np.cumsum(given.astype(np.int64), out=starts[1:])
    if starts[-1] != data.n or (np.diff(starts) < 0).any():
        raise ValueError(f"sizes: {starts[-1]} in all, but {data.n} items")
    return _roots(data, starts, device, threads)


def _items(items: ColumnLike) -> Column:
    data = column("items", items, widths=None)
    lengths = np.array([data.width]) if data.offsets is None else np.diff(data.offsets)
    if data.n and not lengths.all():
        raise ValueError(f"items: item {int(np.argmin(lengths))} is empty; a trie holds none")
    return data


def _roots(
    items: Column, starts: NDArray[np.int64], device: str | None, threads: int | None
) -> NDArray[np.uint8]:
    isa, tries = isa_of(device), len(starts) - 1
    nodes = np.empty((items.n, _cpu_proofs.TRIE_NODE_WORDS), np.uint64)
    roots = np.zeros((tries, 32), np.uint8)
    if items.n:
        leaves = _cpu_proofs.trie_leaves(nodes, items, starts, isa=isa)
        _pool.run(items.n, leaves, threads=threads, least=_ITEMS_PER_CORE)
    if tries:
        above = _cpu_proofs.trie_roots(roots, nodes, starts, isa=isa)
        per_core = max(16 * _ITEMS_PER_CORE * tries // max(items.n, 1), 1)
        _pool.run(tries, above, threads=threads, least=per_core)
    return roots
