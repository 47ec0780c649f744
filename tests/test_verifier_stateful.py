"""Whatever is done to a verifier, and in whatever order: every future ends, with the right verdict
or with a named error.
"""

import asyncio
import contextlib
import random
import threading
import time
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from builds import THREADS_CHECKED
from forks import needs_fork, succeeds_in_a_child
from verifier_items import LANES, lane_items
from verilane import (
    Busy,
    DeadlineExceeded,
    Verdict,
    Verdicts,
    VerifierClosed,
    VerifierForked,
)
from verilane.verifier import Item, Priority, Verifier

# A handful of items of every lane, with their verdicts.
KNOWN = [
    pair
    for lane in range(len(LANES))
    for pair in random.Random(lane).sample(list(zip(*lane_items(lane), strict=True)), 12)
]
NAMED = (Busy, DeadlineExceeded, VerifierClosed, CancelledError)

some_items = st.lists(st.integers(0, len(KNOWN) - 1), min_size=1, max_size=40).map(
    lambda places: [KNOWN[place] for place in places]
)
priorities = st.sampled_from(list(Priority))
sources = st.integers(0, 3)
timeouts = st.sampled_from([None, None, None, 0.0, 0.0005, 60.0])


class Front(RuleBasedStateMachine):
    """Verifiers of all kinds, asked by all doors, cancelled, forked, closed."""

    def __init__(self) -> None:
        super().__init__()
        self.verifier: Verifier | None = None
        self.asked: list[tuple[Future[Any], list[Verdict]]] = []
        self.threads: list[threading.Thread] = []

    @initialize(
        threads=st.integers(1, 3),
        queue=st.sampled_from([1, 20, 65536]),
        tickets=st.sampled_from([2, 65536]),
        memory=st.sampled_from([20_000, 1 << 20, 1 << 28]),
        cache=st.sampled_from([0, 200]),
        max_wait=st.sampled_from([0.0, 0.002]),
        batch_time=st.sampled_from([1e-6, 0.0015]),
    )
    def make(self, **options: Any) -> None:
        self.verifier = Verifier(**options)

    @rule(items=some_items, priority=priorities, source=sources, timeout=timeouts)
    def submit(self, items: list[tuple[Item, Verdict]], **options: Any) -> None:
        for item, verdict in items:
            self._ask(lambda item=item: self._open.submit(item, **options), [verdict])

    @rule(items=some_items, priority=priorities, source=sources, timeout=timeouts)
    def submit_many(self, items: list[tuple[Item, Verdict]], **options: Any) -> None:
        given, verdicts = [item for item, _ in items], [verdict for _, verdict in items]
        self._ask(lambda: self._open.submit_many(given, **options), verdicts)

    @rule(items=some_items, priority=priorities, source=sources, timeout=timeouts)
    def wait(self, items: list[tuple[Item, Verdict]], **options: Any) -> None:
        """In other threads: what they wait for is looked at in the end."""
        for item, verdict in items[:8]:
            future: Future[Any] = Future()
            self.asked.append((future, [verdict]))
            call = (future, self._open, item, options)
            self.threads.append(threading.Thread(target=_verify_into, args=call, daemon=True))
            self.threads[-1].start()

    @rule(items=some_items, priority=priorities, source=sources, timeout=timeouts)
    def loop(self, items: list[tuple[Item, Verdict]], **options: Any) -> None:
        async def ask() -> list[Any]:
            calls = (self._open.averify(item, **options) for item, _ in items)
            return await asyncio.gather(*calls, return_exceptions=True)

        for result, (item, verdict) in zip(asyncio.run(ask()), items, strict=True):
            if isinstance(result, ValueError):
                assert _never_fits(result)
                assert sum(map(len, filter(None, item[1:]))) > 10_000
            else:
                assert result == verdict or isinstance(result, NAMED), result

    @rule(place=st.integers(0, 1 << 20))
    def cancel(self, place: int) -> None:
        """Whichever: how many are left is a matter of time, and no strategy may depend on it."""
        if self.asked:
            self.asked[place % len(self.asked)][0].cancel()

    @rule()
    def pause(self) -> None:
        time.sleep(0.001)

    @rule()
    def fork(self) -> None:
        """Of the child all is over at once, and with the right name."""
        if THREADS_CHECKED:  # no_threads_in_children
            return
        assert succeeds_in_a_child(self._all_is_over_in_child)

    def _all_is_over_in_child(self) -> bool:
        ours = [future for future, _ in self.asked if type(future) is not Future]
        right = all(future.done() for future in ours)
        with pytest.raises(VerifierForked):
            self._open.verify(KNOWN[0][0])
        with Verifier(threads=1) as another:
            return right and another.submit(KNOWN[0][0]).result(30) == KNOWN[0][1]

    @rule(drain=st.booleans())
    def close(self, drain: bool) -> None:
        """And goes on asking: that is refused by name."""
        self._open.close(drain=drain)
        assert all(future.done() for future, _ in self.asked if type(future) is not Future)

    @invariant()
    def what_is_done_is_right(self) -> None:
        left = []
        for future, verdicts in self.asked:
            if future.done():
                _check(future, verdicts)
            else:
                left.append((future, verdicts))
        self.asked = left

    def teardown(self) -> None:
        if self.verifier is None:
            return
        for future, verdicts in self.asked:
            _wait(future)
            _check(future, verdicts)
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        self.verifier.close()
        stats = self.verifier.stats()
        assert stats["depth"] == [0, 0, 0, 0]
        assert stats["bytes"] == stats["tickets"] == 0

    @property
    def _open(self) -> Verifier:
        assert self.verifier is not None
        return self.verifier

    def _ask(self, call: Any, verdicts: list[Verdict]) -> None:
        try:
            future = call()
        except (Busy, VerifierClosed):
            return
        except ValueError as error:
            if not _never_fits(error):
                raise
            return
        self.asked.append((future, verdicts))


def _verify_into(
    future: Future[Any], verifier: Verifier, item: Item, options: dict[str, Any]
) -> None:
    try:
        result = verifier.verify(item, **options)
    except BaseException as error:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(result)


def _never_fits(error: BaseException) -> bool:
    """Whether that is what a queue says of more than it ever holds."""
    return isinstance(error, ValueError) and "than the verifier ever takes" in str(error)


def _wait(future: Future[Any]) -> None:
    with contextlib.suppress(CancelledError):
        future.exception(60)


def _check(future: Future[Any], verdicts: list[Verdict]) -> None:
    if future.cancelled():
        return
    error = future.exception(0)
    if error is not None:
        assert isinstance(error, NAMED) or _never_fits(error), error
        return
    result = future.result(0)
    assert (list(result) if isinstance(result, Verdicts) else [result]) == verdicts


@needs_fork
class TestFront(Front.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(max_examples=40, stateful_step_count=25)
