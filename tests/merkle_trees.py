"""Every kind of Merkle tree and its reference: the root over leaves, whether a proof holds; and
proofs that others have published.
"""

import base64
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from reference.merkle import (
    bitcoin_root,
    fisco2_root,
    fisco3_root,
    openzeppelin_root,
    rfc6962_root,
    ssz_root,
)
from reference.merkle_proofs import fisco_verify, full_verify, rfc6962_verify, sorted_verify
from test_hashes import OTHERS

KECCAK = OTHERS["keccak256"]


def sha(data: bytes) -> bytes:
    return sha256(data).digest()


def double(data: bytes) -> bytes:
    return sha(sha(data))


def published_proofs(archive: Path, kind: str) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """(case, path) of transparency-dev/merkle's proofs, the good and the bad. kind: "inclusion" or
    "consistency".
    """
    with tarfile.open(archive) as files:
        for member in files:
            if member.name.startswith(f"testdata/{kind}/") and member.isfile():
                file = files.extractfile(member)
                assert file is not None
                case = json.load(file)
                yield case, [base64.b64decode(node) for node in case["proof"] or []]


@dataclass(frozen=True)
class Reference:
    root: Callable[[Sequence[bytes]], bytes]
    holds: Callable[[bytes, bytes, int, int, Sequence[bytes]], bool]
    hashed_leaves: bool = False
    has_index: bool = True


TREES: dict[str, Reference] = {
    "rfc6962": Reference(
        rfc6962_root,
        lambda root, leaf, i, n, path: rfc6962_verify(
            root, sha(b"\0" + leaf), i, n, path, lambda pair: sha(b"\1" + pair)
        ),
        hashed_leaves=True,
    ),
    "bitcoin": Reference(
        lambda leaves: bitcoin_root(leaves)[0],
        lambda root, leaf, i, n, path: full_verify(root, leaf, i, n, path, double),
    ),
    "plain": Reference(
        lambda leaves: rfc6962_root(leaves, sha, b"", b""),
        lambda root, leaf, i, n, path: rfc6962_verify(root, sha(leaf), i, n, path, sha),
        hashed_leaves=True,
    ),
    "openzeppelin": Reference(
        lambda leaves: openzeppelin_root(leaves, KECCAK),
        lambda root, leaf, i, n, path: sorted_verify(root, leaf, path, KECCAK),
        has_index=False,
    ),
    "ssz": Reference(
        ssz_root, lambda root, leaf, i, n, path: full_verify(root, leaf, i, n, path, sha)
    ),
    "fisco2": Reference(
        lambda leaves: fisco2_root(leaves, KECCAK),
        lambda root, leaf, i, n, path: fisco_verify(root, leaf, i, n, path, KECCAK, 16),
    ),
    "fisco3": Reference(
        lambda leaves: fisco3_root(leaves, KECCAK),
        lambda root, leaf, i, n, path: fisco_verify(root, leaf, i, n, path, KECCAK, 2),
    ),
}


def nodes(data: bytes) -> list[bytes]:
    return [data[i : i + 32] for i in range(0, len(data), 32)]
