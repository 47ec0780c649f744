"""Proofs of what chains commit to beside plain Merkle trees, many at once.

- `ics23`: the Cosmos SDK's stores and other trees with a ProofSpec (IBC).
- `merkleblock`: Bitcoin's transactions in blocks (BIP 37).
- `mpt`: Ethereum's tries (accounts, storage, transactions, receipts).
"""

from . import ics23 as ics23
from . import merkleblock as merkleblock
from . import mpt as mpt

__all__ = ["ics23", "merkleblock", "mpt"]
