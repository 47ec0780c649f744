"""Inclusion proofs verified, many at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_trees, _pool
from .._columns import BytesLike, Column, ColumnLike, column
from .._items import decided
from .._verdicts import Verdicts
from .kinds import is_flat, open_run

__all__ = ["NO_INDEX", "NO_SIZE", "numbers_of", "roots_of", "verify_proofs"]

# A proof of a large tree takes 0.5 us.
_PROOFS_PER_CORE = 256

# What an index and a size are when they are out of the range of 64 bits: below no size, and no
# size.
NO_INDEX, NO_SIZE = (1 << 64) - 1, 0


def verify_proofs(
    root: "BytesLike | ColumnLike",
    leaves: ColumnLike,
    proofs: ColumnLike,
    indices: Any = None,
    sizes: Any = None,
    *,
    leaf_hashes: bool = False,
    tree: str = "rfc6962",
    hash: str | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> Verdicts:
    """Verifies n inclusion proofs at once, hashed in lanes.

    root: 32 bytes, for all; or a column of n. leaves: a column of n, as in `merkle.root` (a leaf
    itself where the kind hashes leaves, else its 32-byte hash). leaf_hashes: True if they are the
    hashes of leaves all the same. proofs: a column of n; a proof is
    the nodes that are hashed together with the leaf's, 32 bytes each, level by level from below, on
    a level from left to right (RFC 6962 section 2.1.1). In a "bitcoin" tree the twin of a lone node
    is one of them, in an "ssz" tree so are nodes over zeros; in a "fisco2" tree the leaves come
    without their rlp(index).
    indices, sizes: the number of each leaf and of all the leaves of its tree; one number stands for
    all. The size of an "ssz" tree is its limit: a power of two, twice that where a length is mixed
    in (`Tree.proof_size`). "openzeppelin": neither, since sorted pairs have no sides.

    Verdicts: OK. BAD_KEY: a root that is not 32 bytes long. BAD_SIGNATURE: an index that is not
    below its size, or a proof that is not as long as they ask for ("openzeppelin": no multiple of
    32 bytes, or longer than 64 nodes). BAD_MESSAGE: a leaf that is not 32 bytes long, where it
    is not hashed. MISMATCH: the proof leads to another root. An RFC 6962 proof can hold
    for several sizes, so a size is only as good as where it comes from.

    Raises TypeError for what is not bytes-like, and for indices that are no integers; ValueError
    for columns of different length and unknown options; DeviceUnavailable for a named device that
    is missing.
    """
    run = open_run(tree, hash, device=device, threads=threads)
    paths = column("proofs", proofs, widths=None)
    n = paths.n
    items = column(
        "leaves", leaves, widths=(32,) if is_flat(leaves) else None, n=n, fixed_by="proofs"
    )
    roots = roots_of(root, n)
    if run.kind.is_sorted:
        if indices is not None or sizes is not None:
            raise ValueError("an 'openzeppelin' proof has neither index nor size")
        numbers: list[NDArray[np.uint64] | None] = [None, None]
    else:
        numbers = [
            numbers_of("indices", indices, n, NO_INDEX),
            numbers_of("sizes", sizes, n, NO_SIZE),
        ]
    verdicts = np.zeros(n, np.uint8)
    work = _cpu_trees.verify_proofs(
        verdicts,
        roots,
        items,
        paths,
        indices=numbers[0],
        sizes=numbers[1],
        leaf_hashes=leaf_hashes,
        **run.options(),
    )
    if n:
        _pool.run(n, work, threads=threads, least=_PROOFS_PER_CORE)
    return decided(verdicts)


def roots_of(root: Any, n: int) -> Column:
    """Returns one root for all proofs, or n of them, as a Column. ValueError for another number."""
    roots = column("root", root, widths=(32,) if is_flat(root) else None)
    if roots.n not in (1, n):
        raise ValueError(f"root: {roots.n} items, expected 1 or {n} (the proofs)")
    return roots


def numbers_of(name: str, value: Any, n: int, wrong: int) -> NDArray[np.uint64]:
    """Returns n numbers; those out of range are data too, and become `wrong`."""
    given = np.asarray(value)
    if given.dtype.kind not in "iu":
        given = np.asarray(value, object)  # numbers of any size, or no numbers
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in given.flat):
            raise TypeError(f"{name}: expected integers")
        in_range = [each if 0 <= each < 1 << 64 else wrong for each in given.flat]
        given = np.array(in_range, np.uint64).reshape(given.shape)
    if given.ndim == 0:
        given = np.broadcast_to(given, n)
    if given.shape != (n,):
        raise ValueError(f"{name}: expected a number or {n} of them, got {given.shape}")
    numbers = given.astype(np.uint64)  # never by way of floats, as NumPy 1 joins signs
    numbers[given < 0] = wrong
    return numbers
