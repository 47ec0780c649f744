"""Proofs of what chains commit to beside plain Merkle trees, many at once.

- `mpt`: Ethereum's tries (accounts, storage, transactions, receipts).
"""

from . import mpt as mpt
