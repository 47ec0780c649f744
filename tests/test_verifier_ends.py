"""The verifier's ends: callbacks that raise, loops that go, threads that can't be had, a fork."""

import asyncio
import gc
import sys
import threading
import weakref

import pytest

from forks import needs_fork, no_threads_in_children, succeeds_in_a_child
from verifier_items import plugged, valid
from verilane import Verdict, VerifierForked
from verilane.verifier import Verifier

OK = Verdict.OK
VOTE = valid("ed25519", 1)[0]


def test_a_callback_that_exits_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with plugged() as verifier:
        first, second = verifier.submit(VOTE), verifier.submit(VOTE)
        first.add_done_callback(lambda _: sys.exit(3))
        assert [f.result(60) for f in (first, second)] == [OK, OK]
        assert verifier.submit(VOTE).result(60) == OK
    assert "callback raised" in caplog.text


def test_a_callback_may_wait_for_another_verifier() -> None:
    told: list[object] = []
    with Verifier(threads=1) as other, plugged() as verifier:
        future = verifier.submit(VOTE)
        future.add_done_callback(lambda _: told.append(other.submit(VOTE).result(30)))
        assert future.result(60) == OK
    assert told == [OK]


def test_event_loops_are_not_kept() -> None:
    loops = []

    async def ask(verifier: Verifier) -> Verdict:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        return await verifier.averify(VOTE)

    with Verifier(threads=1) as verifier:
        for _ in range(5):
            assert asyncio.run(ask(verifier)) == OK
        gc.collect()
        assert [loop() for loop in loops] == [None] * 5


def test_tasks_are_told_that_there_is_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread() -> None:
        raise RuntimeError("can't start new thread")

    async def ask(verifier: Verifier) -> list[object]:
        monkeypatch.setattr(verifier._dispatcher, "_start", no_thread)
        calls = (verifier.averify(item) for item in [VOTE] * 600)
        results = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 30)
        monkeypatch.undo()
        return [*results, await verifier.averify(VOTE)]

    with Verifier(threads=1) as verifier:
        *results, last = asyncio.run(ask(verifier))
    assert {str(result) for result in results} == {"can't start new thread"}
    assert last == OK


@needs_fork
@no_threads_in_children
def test_fork() -> None:
    """The child's futures end with a name for it, its calls too, and it may have a verifier of its
    own; the parent's goes on."""
    verifier = plugged()
    futures = [verifier.submit(VOTE) for _ in range(30)]
    futures.append(verifier.submit_many(valid("ed25519", 30)))
    told: list[int] = []
    futures[0].add_done_callback(lambda _: told.append(1))

    def child() -> bool:
        assert all(isinstance(f.exception(0), VerifierForked) for f in futures)
        assert told == []
        for ask in (
            lambda: verifier.verify(VOTE),
            lambda: verifier.submit(VOTE),
            lambda: verifier.submit_many([VOTE]),
            lambda: verifier.stats(),
        ):
            with pytest.raises(VerifierForked):
                ask()
        verifier.close()
        with Verifier(threads=2) as another:
            return another.submit(VOTE).result(30) == another.verify(VOTE) == OK

    assert succeeds_in_a_child(child)
    assert [f.result(60) for f in futures[:30]] == [OK] * 30
    assert futures[30].result(60).all_ok
    assert told == [1]
    verifier.close()


@needs_fork
def test_fork_while_a_callback_waits_for_who_forks() -> None:
    """As in ProcessPoolExecutor.submit, which holds a lock and forks, beside a callback of it."""
    lock, waits = threading.Lock(), threading.Event()

    def callback(_: object) -> None:
        waits.set()
        with lock:
            pass

    with plugged() as verifier:
        future = verifier.submit(VOTE)
        with lock:
            future.add_done_callback(callback)
            assert waits.wait(60)
            assert succeeds_in_a_child(lambda: True)
        assert verifier.submit(VOTE).result(60) == OK


@needs_fork
@no_threads_in_children
def test_fork_while_another_thread_begins() -> None:
    """What it held is nobody's in the child."""
    with Verifier(threads=1) as verifier:

        def child() -> bool:
            with pytest.raises(VerifierForked):
                verifier.submit(VOTE)
            return True

        with verifier._dispatcher._lock:
            assert succeeds_in_a_child(child)
        assert verifier.submit(VOTE).result(60) == OK
