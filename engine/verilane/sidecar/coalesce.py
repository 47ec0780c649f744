"""Small batches of all callers, verified together: alone, each would leave most lanes empty."""

from concurrent.futures import Future
from functools import lru_cache
from typing import TYPE_CHECKING

from .._items import SIGNATURES_PER_CORE
from ..errors import Busy, VerifierClosed
from ..verifier import Batch, Priority, Rules, Verifier
from . import verilane_pb2 as pb
from .profiles import PRIORITIES, understood

if TYPE_CHECKING:
    from .._verdicts import Verdicts
    from .metrics import Metrics

__all__ = ["SMALL_BYTES", "Coalescer"]

# Larger batches are worth several cores, and fill lanes by themselves.
_SMALL_ITEMS = 2 * SIGNATURES_PER_CORE
SMALL_BYTES = 1 << 16
"""Of a message: what is longer would hold the event loop up."""

# Items that wait, in each class. What callers may hold bounds them too; items of no bytes do not
# count there.
_QUEUE = 1 << 18
_CLASSES = {number: Priority[name.upper()] for name, number in PRIORITIES.items()}


_rules = lru_cache(256)(Rules)


class Coalescer:
    """A verifier.Verifier that is given batches of the contract."""

    def __init__(self, verifier: Verifier) -> None:
        """verifier: its own from now on."""
        self._verifier = verifier

    @classmethod
    def of(
        cls,
        metrics: "Metrics",
        *,
        threads: int | None,
        device: str | None,
        cache: int,
        memory: int,
    ) -> "Coalescer":
        """Returns a new one, which holds so many bytes of memory at most, and is counted."""
        verifier = Verifier(
            threads=threads, device=device, queue=_QUEUE, cache=cache, memory=memory
        )
        verifier.register(metrics.registry)
        return cls(verifier)

    def submit(self, batch: "pb.Batch", source: int) -> "Future[Verdicts] | None":
        """Returns the future of a batch's verdicts; None for one that is not for here: too large,
        of a scheme that has more to say than verdicts, or when too much waits already. source: who
        sent it; whoever sends bad signatures is kept apart for a while.

        Raises Refused, TypeError and ValueError for what the contract does not allow.
        """
        if not 0 < batch.count < _SMALL_ITEMS:
            return None
        scheme, arguments = understood(batch)
        given = [name for name in ("messages", "digests") if name in arguments]
        if scheme.function != "verify_many" or batch.HasField("user_ids") or len(given) != 1:
            return None
        keys, signatures = arguments.pop("keys", None), arguments.pop("signatures")
        messages = arguments.pop(given[0])
        if scheme.name == "sm2":
            arguments["digests"] = given == ["digests"]
        items = Batch(_rules(scheme.name, **arguments), keys, signatures, messages)
        priority = _CLASSES[batch.priority]
        try:
            return self._verifier.submit_many(items, priority=priority, source=source)
        except (Busy, VerifierClosed, MemoryError):
            return None

    def close(self) -> None:
        """Begins nothing any more, and waits for what is begun."""
        self._verifier.close(drain=False)
