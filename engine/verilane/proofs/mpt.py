"""Proofs of Ethereum's Merkle-Patricia tries, many at once: that a key has a value, or none.

A proof is the nodes that the key's path goes through, from the root on (EIP-1186; geth's Prove):
what `eth_getProof` returns. The nodes of all proofs are hashed in lanes, those that proofs share
once.

- An account: root is a block's stateRoot, key the address (20 bytes), value the RLP of nonce,
  balance, storageRoot and codeHash; hash_keys=True.
- A storage slot: root is the account's storageRoot, key the slot (32 bytes), value the RLP of the
  number in it; hash_keys=True. A slot that is zero is absent.
- A transaction or a receipt: root is the header's, key rlp(index) (`index_key`), value the item
  itself; hash_keys=False.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _cpu_proofs, _pool
from .._columns import BytesLike, Column, ColumnLike, column
from .._devices import isa_of
from .._items import decided
from .._verdicts import Verdict, Verdicts
from ..merkle.proofs import roots_of

__all__ = ["index_key", "lookup_many", "verify", "verify_many"]

# A proof of eight nodes takes 3 us.
_PROOFS_PER_CORE = 64


def verify_many(
    root: "BytesLike | ColumnLike",
    keys: ColumnLike,
    values: ColumnLike,
    proofs: Any,
    *,
    hash_keys: bool,
    threads: int | None = None,
    device: str | None = None,
) -> Verdicts:
    """Verifies n proofs at once: that keys[i] has the value values[i], or none where that is empty.

    root: 32 bytes, for all; or a column of n. keys: a column of n. hash_keys: True where a trie's
    keys are the Keccak-256 of these (state, storage), False where they are these themselves
    (transactions, receipts). values: a column of n, each the bytes that the trie holds; b"" says
    that the key is absent.
    proofs: n sequences of nodes (bytes-like each); or packed, `(data, node_offsets,
    proof_offsets)`: node j is data[node_offsets[j] : node_offsets[j + 1]], proof i has the nodes
    proof_offsets[i] up to proof_offsets[i + 1]; or a pyarrow array of lists of binary. No node at
    all stands for the one of an empty trie, 80. Nodes shorter than 32 bytes are part of their
    parents and do not come by themselves.

    Verdicts: OK. BAD_KEY: a root that is not 32 bytes long. BAD_SIGNATURE: a proof that is none: a
    node that is not in its only form (RLP, hex-prefix, references, no empty values), nodes that end
    before the path does or go on after it. BAD_MESSAGE: a key of more than 256 bytes that is not
    hashed. MISMATCH: a node's hash is not the one that the root or its parent says, or the value
    is another one. Whether the trie has the shape that its keys ask for is not looked at: its root
    vouches for it.

    Raises TypeError for what is not bytes-like; ValueError for columns of different length,
    offsets out of order, flat bytes as keys or values, and an unknown device; DeviceUnavailable for
    a named device that is missing.
    """
    nodes, starts = _proofs(proofs)
    n = len(starts) - 1
    claimed = column("values", values, widths=None, n=n, fixed_by="proofs")
    return _verify(
        root, keys, claimed, nodes, starts, hash_keys=hash_keys, threads=threads, device=device
    )


def lookup_many(
    root: "BytesLike | ColumnLike",
    keys: ColumnLike,
    proofs: Any,
    *,
    hash_keys: bool,
    threads: int | None = None,
    device: str | None = None,
) -> tuple[list[bytes], Verdicts]:
    """Returns the values that n proofs prove, and their verdicts.

    A value is b"" where the verdict is OK and the key is absent, and where the verdict is not OK.
    Everything else is as for `verify_many`.
    """
    nodes, starts = _proofs(proofs)
    nodes = nodes._replace(data=nodes.data.copy())  # what is verified must be what is returned
    found = np.zeros((len(starts) - 1, 2), np.int64)
    verdicts = _verify(
        root,
        keys,
        None,
        nodes,
        starts,
        hash_keys=hash_keys,
        threads=threads,
        device=device,
        found=found,
    )
    return [nodes.data[begin:end].tobytes() for begin, end in found.tolist()], verdicts


def verify(
    root: BytesLike,
    key: BytesLike,
    value: BytesLike,
    proof: Iterable[BytesLike],
    *,
    hash_keys: bool,
    device: str | None = None,
) -> Verdict:
    """Returns the verdict of one proof; see `verify_many`."""
    verdicts = verify_many(
        [root], [key], [value], [list(proof)], hash_keys=hash_keys, threads=1, device=device
    )
    return verdicts[0]


def index_key(index: int) -> bytes:
    """Returns rlp(index), the key of item `index` in a trie of transactions, receipts or
    withdrawals. ValueError for an index out of 0 to 2^64 - 1.
    """
    if not 0 <= index < 1 << 64:
        raise ValueError(f"index: {index}, expected 0 to 2^64 - 1")
    digits = index.to_bytes((index.bit_length() + 7) // 8, "big")
    return digits if 0 < index < 0x80 else bytes([0x80 + len(digits)]) + digits


def _verify(
    root: Any,
    keys: ColumnLike,
    values: Column | None,
    nodes: Column,
    starts: NDArray[np.int64],
    *,
    hash_keys: bool,
    threads: int | None,
    device: str | None,
    found: "NDArray[np.int64] | None" = None,
) -> Verdicts:
    isa, n = isa_of(device), len(starts) - 1
    looked_up = column("keys", keys, widths=None, n=n, fixed_by="proofs")
    roots = roots_of(root, n)
    if not isinstance(hash_keys, bool):
        raise TypeError(f"hash_keys: expected True or False, got {type(hash_keys).__name__}")
    verdicts = np.zeros(n, np.uint8)
    work = _cpu_proofs.trie_verify(
        verdicts,
        roots,
        looked_up,
        values,
        nodes,
        starts,
        hash_keys=hash_keys,
        longest=_longest(nodes, starts),
        found=found,
        isa=isa,
    )
    if n:
        _pool.run(n, work, threads=threads, least=_PROOFS_PER_CORE)
    return decided(verdicts)


def _proofs(value: Any) -> tuple[Column, NDArray[np.int64]]:
    """Returns the nodes of all proofs, and where in them each proof begins, with their number."""
    if isinstance(value, tuple) and len(value) == 3 and not isinstance(value[0], (list, tuple)):
        data, node_offsets, proof_offsets = value
        return _packed(
            column("proofs", (data, _offsets("node_offsets", node_offsets)), widths=None),
            _offsets("proof_offsets", proof_offsets),
        )
    if hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__"):
        return _arrow(value)
    try:
        proofs = [tuple(proof) for proof in value]
    except TypeError:
        raise TypeError("proofs: expected sequences of nodes, or a packed column") from None
    starts = np.zeros(len(proofs) + 1, np.int64)
    np.cumsum([len(proof) for proof in proofs], out=starts[1:])
    return column("proofs", list(chain.from_iterable(proofs)), widths=None), starts


def _arrow(value: Any) -> tuple[Column, NDArray[np.int64]]:
    """Lists of binary, as pyarrow holds them: one array, or in chunks."""
    if not hasattr(value, "validate"):
        raise TypeError(f"proofs: expected pyarrow lists of binary, got {type(value).__name__}")
    value.validate()  # its error is a ValueError
    lists = value.combine_chunks() if hasattr(value, "combine_chunks") else value
    if not hasattr(lists, "offsets") or not hasattr(lists, "values"):
        raise TypeError(f"proofs: expected lists of binary, got {lists.type}")
    if lists.null_count:
        raise ValueError(f"proofs: {lists.null_count} of {len(lists)} values are null")
    nodes = column("proofs", lists.values, widths=None)
    return _packed(nodes, _offsets("proof_offsets", lists.offsets))


def _packed(nodes: Column, starts: NDArray[np.int64]) -> tuple[Column, NDArray[np.int64]]:
    """Raises ValueError where `starts` do not ascend within the nodes."""
    if not starts.size or starts[0] < 0 or starts[-1] > nodes.n or (np.diff(starts) < 0).any():
        raise ValueError(
            f"proofs: proof_offsets must ascend, from 0 or more to {nodes.n} (nodes) or fewer"
        )
    return nodes, starts


def _offsets(name: str, value: Any) -> NDArray[np.int64]:
    given = np.asarray(value)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise TypeError(
            f"proofs: {name} must be a row of integers, got {given.dtype} of shape {given.shape}"
        )
    return given.astype(np.int64)  # a copy: what is checked must be what C reads


def _longest(nodes: Column, starts: NDArray[np.int64]) -> int:
    """Returns how many bytes the longest proof has."""
    if len(starts) < 2:
        return 0
    if nodes.offsets is None:
        return int(np.diff(starts).max()) * nodes.width
    return int(np.diff(nodes.offsets[starts]).max())
