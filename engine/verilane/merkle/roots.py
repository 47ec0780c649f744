"""Roots of Merkle trees."""

import numpy as np

from .._columns import Column, ColumnLike
from ..errors import MutatedTree
from .kinds import Run, leaf_column, levels_above, open_device_run, size_of

__all__ = ["checked_option", "length_of", "mix_in", "root"]


def root(
    leaves: ColumnLike,
    tree: str = "rfc6962",
    hash: str | None = None,
    *,
    limit: int | None = None,
    length: "int | str | None" = None,
    on_duplicate: str = "raise",
    threads: int | None = None,
    device: str | None = None,
) -> bytes:
    """Returns the 32-byte root over n leaves, in order.

    leaves: packed, ragged, an Arrow array or a sequence of bytes-like items; plain packed bytes are
    leaves of 32 bytes (another width: an array of shape (n, width)).
    tree: "rfc6962", "bitcoin", "plain", "openzeppelin", "ssz", "fisco2" or "fisco3", as the
    module's text says. hash: None is the kind's own; any hash of `verilane.hashes` with 32 bytes
    ("bitcoin" takes no other than its own).
    limit: of an "ssz" tree, how many chunks it may have: zeros fill it up to the next power of two;
    None: there are n. length: of an "ssz" list, what is mixed in with its root; "leaves" stands for
    n, None for nothing.
    on_duplicate: in a "bitcoin" tree, equal neighbours let another list of leaves have the same
    root (CVE-2012-2459): "raise" raises MutatedTree, which holds the root; "ignore" returns it.
    device: "cpu" or a name from `devices()`; a root that a GPU made is not checked, unless you do
    it. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for an unknown tree, hash, option or
    device, a packed length that is no multiple of 32, a leaf of a wrong length (all but "rfc6962"
    and "plain" have leaves of 32 bytes), more leaves than the limit, and for "openzeppelin" without
    leaves; DeviceUnavailable for a named device that is missing.
    """
    run = open_device_run(tree, hash, device=device, threads=threads)
    checked_option(on_duplicate)
    items = leaf_column(leaves, run.kind)
    size = size_of(run.kind, items.n, limit)
    mixed = length_of(run, length, items.n)
    if run.kind.is_sorted:
        items = _heap_level(items, run)
        size = items.n
    result, mutated = _reduce(items, size, run)
    if mutated and on_duplicate == "raise":
        raise MutatedTree(result)
    return result if mixed is None else mix_in(run, result, mixed)


def checked_option(on_duplicate: str) -> None:
    """Raises ValueError for what on_duplicate can't be."""
    if on_duplicate not in ("raise", "ignore"):
        raise ValueError(f"on_duplicate: expected 'raise' or 'ignore', got {on_duplicate!r}")


def length_chunk(run: Run, length: int) -> bytes:
    """Returns the chunk that mix_in_length hashes with a root. ValueError where there is none."""
    if run.kind.name != "ssz":
        raise ValueError(f"length: a {run.kind.name!r} tree mixes in none")
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"length: expected a number, got {type(length).__name__}")
    if not 0 <= length < 1 << 256:
        raise ValueError(f"length: {length}, expected 0 to 2^256 - 1")
    return length.to_bytes(32, "little")


def length_of(run: Run, length: "int | str | None", leaves: int) -> bytes | None:
    """Returns the chunk for a length that may be "leaves", their number, or None. ValueError for
    another text.
    """
    if length is None:
        return None
    if isinstance(length, str) and length != "leaves":
        raise ValueError(f"length: expected a number or 'leaves', got {length!r}")
    return length_chunk(run, leaves if isinstance(length, str) else length)


def mix_in(run: Run, root: bytes, chunk: bytes) -> bytes:
    """Returns the hash of root and chunk."""
    pair = np.frombuffer(root + chunk, np.uint8).reshape(1, 64)
    return bytes(run.pairs(pair)[0])


def _reduce(leaves: Column, size: int, run: Run) -> tuple[bytes, bool]:
    """Returns the root, and whether equal neighbours were paired below it."""
    height = run.height()
    nodes = np.zeros((-(-leaves.n // run.kind.width**height), 32), np.uint8)
    below = run.nodes(leaves, height=height, first=0, total=size, out=nodes)
    result, above = run.root(nodes, height=height, total=size)
    return result, above or below


def _heap_level(leaves: Column, run: Run) -> Column:
    """Returns the lowest full level of a heap of 2n - 1 nodes, in reverse order: 2^k nodes.

    Node i is made of the nodes 2i + 1 and 2i + 2; leaf i is node 2n - 2 - i. The deepest level is
    the first 2(n - 2^k) leaves, the one above it the other leaves, then the deepest ones' parents.
    """
    n = leaves.n
    if n == 0:
        raise ValueError("leaves: an openzeppelin tree has at least one leaf")
    width = 1 << levels_above(n + 1, 2) - 1
    deepest = 2 * (n - width)
    if not deepest:
        return leaves
    start = 0 if leaves.offsets is None else int(leaves.offsets[0])
    rows = leaves.data[start : start + 32 * n].reshape(n, 32)
    level = np.empty((width, 32), np.uint8)
    level[: n - deepest] = rows[deepest:]
    run.parents(level[n - deepest :], rows[:deepest], nodes=deepest, level=0)
    return Column(level.reshape(-1), None, 32, width)
