"""ICS-23 proofs: that a key has a value in a Merkle tree, or that it is not there; many at once.

A proof is an encoded CommitmentProof (cosmos/ics23, proofs.proto v0.11) with a proof of existence,
of non-existence, or a batch of both, compressed or not. What it may look like is fixed by a
ProofSpec: IAVL (the Cosmos SDK's stores), TENDERMINT (its list of stores), SMT, or one's own. The
rules are those of the reference implementation (CheckAgainstSpec with IAVL's prefixes, leftmost and
rightmost paths, neighbours, empty children), and the wire format is read strictly: an unknown
field, a field given twice or a varint longer than need be is no proof. Trees must be sorted by key,
or by the key's hash where the spec says so: a proof of non-existence relies on it.

Verdicts: OK. BAD_KEY: the root has not the hash's length, 32 bytes for most. BAD_SIGNATURE: bytes
that are no CommitmentProof; one of another kind than was asked for; a leaf or step that is not as
the spec wants it, too many or too few steps; no leaf, or an empty key or value in it; a proof of
non-existence with no side, or whose sides are no neighbours. BAD_MESSAGE: the key or value that was
asked for is empty. MISMATCH: all that is right, but the proof is one of another key, value or root
(or the batch has none for this key).

A batch is asked for one key at a time: its first proof of existence with that key, or its first
gap around it, decides. What else is in a batch must be readable, no more.
"""

from .spec import IAVL, SMT, TENDERMINT, HashOp, InnerSpec, LeafOp, LengthOp, ProofSpec
from .verify import (
    verify_chained_many,
    verify_membership,
    verify_membership_many,
    verify_non_membership,
    verify_non_membership_many,
)

__all__ = [
    "IAVL",
    "SMT",
    "TENDERMINT",
    "HashOp",
    "InnerSpec",
    "LeafOp",
    "LengthOp",
    "ProofSpec",
    "verify_chained_many",
    "verify_membership",
    "verify_membership_many",
    "verify_non_membership",
    "verify_non_membership_many",
]
