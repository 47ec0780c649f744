"""Items of an event loop: what its tasks ask in one turn of the loop is handed in at its end, in
one call.
"""

import asyncio
from typing import Any

import numpy as np

from .._columns import column
from .._cpu_verifier import NO_ROOM, Engine, Request
from .dispatch import Dispatcher
from .futures import verdict_of

__all__ = ["LoopItems"]

# So many items at most share one completion, since the first waits for the last.
_TOGETHER = 512

_Asked = tuple["asyncio.Future[Any]", "bytes | None", bytes, bytes]


class LoopItems:
    """What the tasks of one event loop have asked and not handed in yet. Everything runs in that
    loop; it is not held here, so that it can go when it is closed.
    """

    def __init__(self, engine: Engine, dispatcher: Dispatcher) -> None:
        self._engine, self._dispatcher = engine, dispatcher
        self._asked: dict[tuple[Request, bool], list[_Asked]] = {}

    def ask(
        self, request: Request, key: bytes | None, signature: bytes, message: bytes
    ) -> "asyncio.Future[Any]":
        """Returns the future of one item."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._asked:
            loop.call_soon(self._hand_in)
        asked = self._asked.setdefault((request, key is None), [])
        asked.append((future, key, signature, message))
        return future

    def _hand_in(self) -> None:
        asked, self._asked = self._asked, {}
        for (request, keyless), items in asked.items():
            for start in range(0, len(items), _TOGETHER):
                part = items[start : start + _TOGETHER]
                try:
                    self._hand_in_part(request, keyless, part)
                except Exception as error:  # no thread or no memory: nobody else would tell them
                    for future in (each[0] for each in part):
                        if not future.done():
                            future.set_exception(error)

    def _hand_in_part(self, request: Request, keyless: bool, items: list[_Asked]) -> None:
        futures, keys, signatures, messages = zip(*items, strict=True)
        part = _LoopPart(asyncio.get_running_loop(), futures, self._engine.isa)
        tag = self._dispatcher.add(part)
        result, _ = self._engine.submit_many(
            tag,
            part.results,
            request,
            None if keyless else column("keys", keys, widths=None),
            column("signatures", signatures, widths=None),
            column("messages", messages, widths=None),
        )
        if result >= 0:
            return
        self._dispatcher.drop(tag)
        if result in NO_ROOM and len(items) > 1:  # for all together, but for some of them there is
            half = len(items) // 2
            self._hand_in_part(request, keyless, items[:half])
            self._hand_in_part(request, keyless, items[half:])
        else:
            part.results.view(np.int8)[:] = result
            part.tell(None)


class _LoopPart:
    """The futures of one call of submit_many. Holds the memory that C writes to."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, futures: tuple["asyncio.Future[Any]", ...], isa: int
    ) -> None:
        self.results = np.zeros(len(futures), np.uint8)
        self._loop, self._futures, self._isa = loop, futures, isa

    def settle(self, result: int) -> Any:
        """Returns what the loop is to do."""
        return self._loop, (self.tell, None)

    def tell(self, _: None) -> None:
        """Runs in the loop."""
        isa = self._isa
        codes = self.results.view(np.int8).tolist()
        for future, code in zip(self._futures, codes, strict=True):
            if future.done():  # cancelled
                continue
            try:
                verdict = verdict_of(code, isa)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(verdict)

    def fail(self, error: Exception) -> None:
        """A loop does not survive a fork: nobody is there to be told."""
