"""Verifies the batches of all streams: small ones together, large ones each on a thread of its own;
C releases the GIL.

This is all that knows how.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from .._pool import cores
from . import verilane_pb2 as pb
from .coalesce import Coalescer
from .metrics import Metrics
from .profiles import NAMES, Answer, judge

if TYPE_CHECKING:
    from .._verdicts import Verdicts

__all__ = ["Engine"]

_T = TypeVar("_T")


class Engine:
    """As many workers as cores. While several large batches wait, each is done by one core: parts
    of a batch on several cores cost more, and keep each other waiting. One alone takes all.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        threads: int | None,
        device: str | None,
        cache: int,
        memory: int,
    ) -> None:
        """threads: cores to use at most; None takes all. device: as verify_many takes it. cache:
        valid items of small batches that are remembered. memory: bytes of small batches' items that
        wait, or are at work.
        """
        self._cores = cores() if threads is None else threads
        self._device, self._metrics = device, metrics
        self._executor = ThreadPoolExecutor(self._cores, thread_name_prefix="verilane-batch")
        self._coalescer = Coalescer.of(
            metrics, threads=threads, device=device, cache=cache, memory=memory
        )
        self._lock = threading.Lock()
        self._here = 0

    def coalesce(self, batch: "pb.Batch", source: int) -> "Future[Verdicts] | None":
        """Returns what Coalescer.submit does."""
        future = self._coalescer.submit(batch, source)
        if future is not None:
            self._metrics.waiting.inc()
            future.add_done_callback(lambda _: self._metrics.waiting.dec())
        return future

    def submit(self, work: Callable[[float], _T]) -> "Future[_T]":
        """Calls work(when it was submitted) on a worker, which calls `answer`. What is cancelled
        before that is never begun, nor kept.
        """
        kept = [work]
        with self._lock:
            self._here += 1
        self._metrics.waiting.inc()
        try:
            future = self._executor.submit(_begun, kept, time.perf_counter())
        except BaseException:  # no thread can be had: what waits for one finds nothing to do
            kept.clear()
            self._gone(None)
            raise
        future.add_done_callback(lambda _: kept.clear())  # the executor keeps what was cancelled
        future.add_done_callback(self._gone)
        return future

    def answer(self, batch: "pb.Batch", came: float) -> Answer:
        """Returns the verdicts of a batch. Raises Refused where it breaks the contract."""
        begun = time.perf_counter()
        self._metrics.waits.observe(begun - came)
        threads = max(self._cores // max(self._here, 1), 1)
        answer = judge(batch, device=self._device, threads=threads)
        scheme = NAMES[batch.profile.scheme]
        self._metrics.work.labels(scheme).observe(time.perf_counter() - begun)
        return answer

    def close(self) -> None:
        """Begins no batch any more; those that are begun go on."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._coalescer.close()

    def _gone(self, _: object) -> None:
        with self._lock:
            self._here -= 1
        self._metrics.waiting.dec()


def _begun(kept: "list[Callable[[float], _T]]", came: float) -> _T:
    return kept.pop()(came)
