"""Verifies the batches of all streams on threads of its own; C releases the GIL.

This is all that knows how: a coalescing verifier can take its place.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .._pool import cores
from .metrics import Metrics
from .profiles import NAMES, Answer, judge

if TYPE_CHECKING:
    from . import verilane_pb2 as pb

__all__ = ["Engine"]


class Engine:
    """As many workers as cores. While several batches wait, each is done by one core: parts of a
    batch on several cores cost more, and keep each other waiting. A batch that is alone takes all.
    """

    def __init__(self, metrics: Metrics, *, threads: int | None, device: str | None) -> None:
        """threads: cores to use at most; None takes all. device: as verify_many takes it."""
        self._cores = cores() if threads is None else threads
        self._device, self._metrics = device, metrics
        self._executor = ThreadPoolExecutor(self._cores, thread_name_prefix="verilane-batch")
        self._here = 0

    async def answer(self, batch: "pb.Batch") -> Answer:
        """Returns the verdicts of a batch. Raises Refused where it breaks the contract. A batch
        whose caller is cancelled before it is begun is never begun.
        """
        self._here += 1
        self._metrics.waiting.inc()
        came = time.perf_counter()
        work = self._executor.submit(self._work, batch, came)
        try:
            return await asyncio.wrap_future(work)
        finally:
            self._here -= 1
            if work.cancelled():
                self._metrics.waiting.dec()

    def _work(self, batch: "pb.Batch", came: float) -> Answer:
        begun = time.perf_counter()
        self._metrics.waiting.dec()
        self._metrics.waits.observe(begun - came)
        threads = max(self._cores // max(self._here, 1), 1)
        answer = judge(batch, device=self._device, threads=threads)
        scheme = NAMES[batch.profile.scheme]
        self._metrics.work.labels(scheme).observe(time.perf_counter() - begun)
        return answer

    def close(self) -> None:
        """Begins no batch any more; those that are begun go on."""
        self._executor.shutdown(wait=False, cancel_futures=True)
