"""The front door: one item at a time from any number of callers, at the speed of batches."""

import asyncio
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import numpy as np

from .. import _pool
from .._cpu_verifier import Engine, Options, Request, error_of
from .._devices import cpu_of
from .._verdicts import Verdict, Verdicts
from ..errors import VerifierForked
from .dispatch import Dispatcher
from .futures import BatchFuture, ItemFuture, Part, verdict_of, verdicts_of
from .items import Batch, Columns, Item, Priority, columns_of, grouped
from .lines import Line, stats_of
from .loops import LoopItems
from .places import places_of
from .rules import Rules, rules_of

__all__ = ["Verifier"]

_BATCH_ITEMS = (256, 1024, 1024, 1024)


class Verifier:
    """Collects items from many callers and verifies them in batches, in threads of its own.

    What is queued when a worker becomes free is the next batch: an idle machine waits for nothing,
    and batches grow with the load. Items of the same rules share batches; a verdict never depends
    on an item's company.

    threads: workers; None takes all cores. queue: items that may wait, for each class or one number
    for all; more are Busy. max_wait: seconds that an item may wait for others to fill its batch,
    for each class or one number for all; 0: not at all. batch_time: about how many seconds a batch
    takes at most, and so how long an urgent item waits for a worker. memory: bytes of all items
    that wait or are at work; item_bytes: of one item. tickets: calls of submit that are not
    answered yet. Of memory and tickets a class leaves a sixteenth to each more urgent one. cache:
    valid items that are remembered, 16 bytes each; 0: none. An item is known again only if its
    rules, key, signature and message are the same. suspect_time: seconds that a source is apart
    from others after a signature of its that was none, in the schemes where that would cost others
    time (BIP-340, and Ed25519 under ZIP215; with a device beside the CPU all).
    device: None: workers and, for large batches, the devices that `verilane devices --calibrate`
    has measured here. "cpu" or one of the CPU's: workers only. A name from `devices()`: that one.
    Beside the CPU a device gets what waits of one class (CONSENSUS excepted) under the same rules:
    512 items or more, or where it was measured as many as it gains from. It has a thread of its
    own, no worker waits for it, and it decides nothing alone (`use`, which holds as it was where
    the verifier was made); where it fails the CPU does its items. One that was named and does not
    answer keeps its items for 30 s at most, and is not asked again.

    Methods may be called from any thread. `with Verifier() as v:` closes it at the end, and drains
    it. After a fork the child has no workers: calls raise VerifierForked there, and futures that
    were not done have that exception (their callbacks are not run).
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        queue: int | Mapping[Priority, int] = 65536,
        max_wait: float | Mapping[Priority, float] = 0.0,
        batch_time: float = 0.0015,
        memory: int = 256 << 20,
        item_bytes: int = 1 << 20,
        tickets: int = 65536,
        cache: int = 65536,
        suspect_time: float = 10.0,
        device: str | None = None,
    ) -> None:
        isa, places = cpu_of(device), places_of(device)
        options = Options(
            threads=_pool.cores() if threads is None else _number("threads", threads, 1, 1024),
            isa=isa,
            items=[_number("queue", each, 1) for each in _by_class("queue", queue, 65536)],
            batch_items=_BATCH_ITEMS,
            max_wait_us=[_us("max_wait", each) for each in _by_class("max_wait", max_wait, 0.0)],
            batch_us=max(_us("batch_time", batch_time), 1),
            bytes=_number("memory", memory, 1),
            item_bytes=_number("item_bytes", item_bytes, 1),
            tickets=_number("tickets", tickets, 1, (1 << 31) - 1),
            cache_items=_number("cache", cache, 0),
            suspect_ms=_us("suspect_time", suspect_time) // 1000,
        )
        self._engine = Engine(options)
        self._dispatcher = Dispatcher(self._engine)
        self._lines = [Line(self._engine, place, options.threads) for place in places]
        self._requests: dict[tuple[Rules, int], Request] = {}
        self._loops: weakref.WeakKeyDictionary[Any, LoopItems] = weakref.WeakKeyDictionary()
        # Nothing of Python's memory is written to any more when it goes away, or the interpreter.
        self._end = weakref.finalize(self, _give_up, self._engine, self._dispatcher)

    # ---- One item ----

    def verify(
        self,
        item: Item,
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> Verdict:
        """Waits for the verdict of one item.

        priority: its class. source: who sent it, a number of the caller's choice (64 bits); 0:
        unknown. timeout: seconds after which it is not begun any more.

        Raises Busy when the queue is full, at once; DeadlineExceeded, Shed, VerifierClosed,
        VerifierForked: no verdict was given; ValueError for rules that there are none of, and items
        longer than item_bytes; TypeError for what is not bytes-like. What is wrong inside an item
        is its verdict.
        """
        request = self._request(item.rules, priority, source, timeout)
        engine = self._engine
        return verdict_of(engine.verify(request, *item.parts()), engine.isa)

    def submit(
        self,
        item: Item,
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> "Future[Verdict]":
        """Returns the future of one item's Verdict. Options are those of `verify`.

        Raises at once what `verify` raises before an item is taken (Busy, ValueError, TypeError,
        VerifierClosed, VerifierForked); the future has the other exceptions. Cancelling it takes
        the item out of the queue.
        """
        request = self._request(item.rules, priority, source, timeout)
        parts = item.parts()
        future = ItemFuture(self._engine)
        tag = self._dispatcher.add(future)
        result, ticket = self._engine.submit(tag, request, *parts)
        self._taken(tag, result)
        future.tickets.append(ticket)
        return future

    async def averify(
        self,
        item: Item,
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> Verdict:
        """Waits for the verdict of one item, as `verify` does, in an event loop of asyncio.

        What the tasks of a loop ask in one turn of it is handed in together.
        """
        request = self._request(item.rules, priority, source, timeout)
        verdict: Verdict = await self._loop_items().ask(request, *item.parts())
        return verdict

    # ---- Many ----

    def verify_many(
        self,
        items: Batch | Sequence[Item],
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> Verdicts:
        """Waits for the verdicts of many items, in their order: a Batch of columns, or items of any
        rules. Options and exceptions are those of `verify`; one item without a verdict raises for
        all.
        """
        if not isinstance(items, Batch):
            return self.submit_many(
                items, priority=priority, source=source, timeout=timeout
            ).result()
        rules, columns = columns_of(items)
        results = np.zeros(columns.n, np.uint8)
        request = self._request(rules, priority, source, timeout)
        result = self._engine.verify_many(results, request, *columns)
        error = error_of(result, self._engine.isa)
        if error is not None:
            raise error
        return verdicts_of(results, self._engine.isa)

    def submit_many(
        self,
        items: Batch | Sequence[Item],
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> "Future[Verdicts]":
        """Returns the future of many items' Verdicts, in their order: a Batch of columns, or items
        of any rules. All are taken, or none is. Options and exceptions are those of `submit`; one
        item without a verdict is an exception for all.
        """
        groups: list[tuple[Rules, list[int] | None, Columns]]
        if isinstance(items, Batch):
            rules, columns = columns_of(items)
            n, groups = columns.n, [(rules, None, columns)] if columns.n else []
        else:
            items = list(items)
            n, groups = len(items), list(grouped(items))
        future = BatchFuture(self._engine, n)
        future.expect(len(groups))
        try:
            for rules, places, columns in groups:
                request = self._request(rules, priority, source, timeout)
                at = None if places is None else np.array(places, np.intp)
                part = Part(future, columns.n, at)
                tag = self._dispatcher.add(part)
                result, ticket = self._engine.submit_many(tag, part.results, request, *columns)
                self._taken(tag, result)
                future.tickets.append(ticket)
        except BaseException:
            future.cancel()
            raise
        return future

    async def averify_many(
        self,
        items: Batch | Sequence[Item],
        *,
        priority: Priority = Priority.BLOCK,
        source: int = 0,
        timeout: float | None = None,
    ) -> Verdicts:
        """Waits as `verify_many` does, in an event loop of asyncio."""
        future = self.submit_many(items, priority=priority, source=source, timeout=timeout)
        return await asyncio.wrap_future(future)

    # ---- Its end ----

    def close(self, *, drain: bool = True) -> None:
        """Takes no more items. drain: waits until those that were taken are done; else those that
        no worker has begun end with VerifierClosed, and so do those that a device has. When it
        returns, all futures are done. It may be called again.
        """
        result = self._engine.close(drain=drain)
        error = error_of(result, self._engine.isa)
        if error is not None and not isinstance(error, VerifierForked):
            raise error
        if error is None:
            self._dispatcher.join()
            for line in self._lines:
                line.join()

    def __enter__(self) -> "Verifier":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(drain=kind is None)

    # ---- What it has done ----

    def stats(self) -> dict[str, Any]:
        """Returns what csrc/verilane_verifier.h calls vl_verifier_stats: counters since it was
        made, rows by class (the order of Priority), histograms by powers of two. A batch that a
        device had is one of the batches. And "devices", by name: `launches`; of them `failures`;
        `items` that the device decided; `redone`: that it was asked for and the CPU decided;
        `busy_us` of all launches, and `times`, their histogram, as `waits`.
        """
        return {**self._engine.stats(), "devices": stats_of(self._lines)}

    def register(self, registry: Any = None, *, name: str = "verilane_verifier") -> Any:
        """Shows the counters through prometheus_client (pip install 'verilane[metrics]'); returns
        the collector, for registry.unregister. registry: None takes prometheus_client's own. name:
        what the metrics' names begin with.
        """
        from .metrics import register

        return register(self, registry, name)

    # ---- Inside ----

    def _request(
        self, given: Rules | str, priority: int, source: int, timeout: float | None
    ) -> Request:
        rules = rules_of(given)
        if source == 0 and timeout is None:
            known = self._requests.get((rules, priority))
            if known is not None:
                return known
        request = Request(
            rules.code,
            rules.option,
            rules.flags,
            Priority(priority),
            _number("source", source, 0, (1 << 64) - 1),
            0 if timeout is None else max(_us("timeout", timeout), 1),
            rules.signed_id,
        )
        if source == 0 and timeout is None and len(self._requests) < _REQUESTS_KEPT:
            self._requests[rules, priority] = request
        return request

    def _taken(self, tag: int, result: int) -> None:
        error = error_of(result, self._engine.isa)
        if error is not None:
            self._dispatcher.drop(tag)
            raise error

    def _loop_items(self) -> LoopItems:
        loop = asyncio.get_running_loop()
        items = self._loops.get(loop)
        if items is None:
            items = self._loops[loop] = LoopItems(self._engine, self._dispatcher)
        return items


_REQUESTS_KEPT = 256
_MOMENT = 1.0


def _give_up(engine: Engine, dispatcher: Dispatcher) -> None:
    """Whoever collects garbage may hold a lock that a future needs: nobody is waited for without
    end.
    """
    if engine.close(drain=False) == 0:
        dispatcher.join(_MOMENT)


def _number(name: str, value: int, least: int, most: int = 1 << 40) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name}: expected {least} to {most}, got {value}")
    return value


def _us(name: str, seconds: float) -> int:
    """Returns microseconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name}: expected seconds, got {type(seconds).__name__}")
    if not 0 <= seconds <= 1e9:
        raise ValueError(f"{name}: expected 0 or more seconds, got {seconds}")
    return round(seconds * 1_000_000)


def _by_class(name: str, value: Any, default: Any) -> list[Any]:
    """Returns a value for each class, in their order."""
    if not isinstance(value, Mapping):
        return [value] * len(Priority)
    unknown = set(value) - set(Priority)
    if unknown:
        raise ValueError(f"{name}: no classes: {unknown}")
    return [value.get(each, default) for each in Priority]
