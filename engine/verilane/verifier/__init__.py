"""The coalescing verifier: blocking, future and asyncio calls for single items, batches inside.

    from verilane.verifier import Item, Priority, Rules, Verifier

    ETHEREUM = Rules("secp256k1.ecdsa", low_s=True)
    with Verifier() as verifier:
        verdict = verifier.verify(Item(ETHEREUM, key, signature, digest))
        future = verifier.submit(Item("ed25519", key, signature, vote), priority=Priority.CONSENSUS)
        verdicts = verifier.submit_many([Item(...), Item(...)]).result()

Everything here is public data: nothing is constant time.
"""

from .items import Batch, Item, Priority
from .rules import Rules
from .verifier import Verifier

__all__ = ["Batch", "Item", "Priority", "Rules", "Verifier"]
