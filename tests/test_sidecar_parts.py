"""Parts of the server by themselves: its budget, its connections, its engine, its log."""

import asyncio
import io
import json
import os
import socket
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("grpc")

from verilane.sidecar.budget import Account, Budget
from verilane.sidecar.engine import Engine
from verilane.sidecar.front import Door, Front
from verilane.sidecar.log import Log
from verilane.sidecar.metrics import Metrics

# ---- The budget ----


class Caller:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def cut(self) -> None:
        self.calls.append("cut")


LIMIT, MOST = 100_000, 50_000


def opened(n: int, patience: float = 60) -> tuple[Budget, list[Caller], list[Account], list[int]]:
    cut: list[int] = []
    budget = Budget(LIMIT, MOST, patience=patience, on_cut=lambda _, held: cut.append(held))
    callers = [Caller() for _ in range(n)]
    return budget, callers, [budget.open(caller) for caller in callers], cut


def test_budget_holds_callers_back() -> None:
    async def run() -> None:
        budget, callers, accounts, cut = opened(4)
        for account in accounts[:3]:
            account.came(40_000)
        assert [caller.calls for caller in callers] == [[], [], ["pause"], []]
        accounts[3].came(1000)
        assert callers[3].calls == [], "whoever asks for little is heard"
        accounts[2].came(100)
        assert callers[2].calls == ["pause"], "once is enough"
        accounts[0].message(39_000)
        accounts[0].change(-20_000)
        assert budget.held == 19_000 + 40_000 + 40_100 + 1000
        assert callers[2].calls == ["pause"]
        accounts[0].change(-19_000)
        assert callers[2].calls == ["pause", "resume"]
        for account in accounts:
            account.close()
            account.close()
        assert budget.held == 0 and not cut

    asyncio.run(run())


def test_budget_cuts_those_that_stand_still() -> None:
    async def run() -> None:
        budget, callers, accounts, cut = opened(3, patience=0.05)
        accounts[0].came(30_000)
        accounts[1].came(30_000)
        await asyncio.sleep(0.01)
        accounts[0].message(30_000)
        accounts[2].came(45_000)
        assert callers[2].calls == ["pause"]
        await asyncio.sleep(0.2)
        assert callers[1].calls == ["cut"] and cut == [30_000]
        assert callers[0].calls == [] and callers[2].calls == ["pause", "resume"]
        assert budget.held == 75_000
        accounts[1].came(10)
        accounts[1].message(10)
        assert budget.held == 75_000, "who is gone counts no more"

    asyncio.run(run())


def test_bytes_that_are_no_messages_count_up_to_a_bound() -> None:
    async def run() -> None:
        budget, _, (account,), _ = opened(1)
        for _ in range(10_000):
            account.came(17)  # pings
        assert budget.held == MOST
        account.message(0)
        assert budget.held == 0

    asyncio.run(run())


def test_a_small_message_does_not_hide_halves_of_large_ones() -> None:
    async def run() -> None:
        budget, _, (account,), _ = opened(1)
        account.begin()
        account.begin()
        account.came(40_000)
        account.came(100)
        account.message(50)
        assert budget.held >= 39_000
        account.change(-50)
        account.end()
        assert budget.held >= 39_000
        account.message(40_000)
        assert budget.held == 40_000
        account.change(-40_000)
        account.came(100)
        account.end()
        assert budget.held == 0

    asyncio.run(run())


def test_who_holds_little_is_not_held_back_for_others() -> None:
    """He may have his share, and no more."""

    async def run() -> None:
        _, callers, accounts, cut = opened(4, patience=0.05)
        for account in accounts[:3]:
            account.came(50_000)
        accounts[3].came(20_000)
        assert callers[3].calls == []
        accounts[3].came(10_000)
        assert callers[3].calls == ["pause"]
        accounts[3].message(30_000)
        await asyncio.sleep(0.2)
        assert cut == [50_000] * 3
        assert callers[3].calls == ["pause", "resume"]

    asyncio.run(run())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 60_000))))
def test_budget_counts_what_accounts_hold(steps: list[tuple[int, int, int]]) -> None:
    async def run() -> None:
        budget, _, accounts, _ = opened(4)
        gone: set[int] = set()
        whole = [0] * 4
        for which, kind, n in steps:
            account = accounts[which]
            if kind == 0:
                account.came(n)
            elif kind == 1:
                account.message(n)
                whole[which] += n
            elif kind == 2:
                account.change(-min(n, whole[which]))
                whole[which] -= min(n, whole[which])
            elif kind == 3 and n < 3000:
                account.close()
                gone.add(which)
            assert budget.held == sum(a.held for i, a in enumerate(accounts) if i not in gone)
            assert budget.held >= 0

    asyncio.run(run())


# ---- Connections ----


def test_tcp_leaves_connections_to_the_unix_socket() -> None:
    metrics = Metrics()
    log = Log(io.StringIO())
    budget, *_ = opened(0)
    front = Front("/nowhere", budget, most=16, log=log, metrics=metrics)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        unix = Door(ours, "", frozenset({os.geteuid()}))
        tcp = Door(ours, "", None)
        for doors in ([tcp], [unix, tcp]):
            front._doors[:] = doors
            for n in range(16):
                front._connections = dict.fromkeys(map(str, range(n)))  # type: ignore[arg-type]
                full = n >= 14 and len(doors) > 1
                assert front._why_not(ours, tcp) == ("too_many" if full else None)
                assert front._why_not(ours, unix) is None
    log.close()


# ---- The engine ----


def test_what_is_cancelled_is_not_kept() -> None:
    class Batch:
        def __call__(self, came: float) -> None:
            raise AssertionError("it was cancelled")

    engine = Engine(Metrics(), threads=1, device=None, cache=0, memory=1 << 20)
    free = threading.Event()
    busy = engine.submit(lambda _: free.wait(30))
    batch = Batch()
    there = weakref.ref(batch)
    assert engine.submit(batch).cancel()
    del batch
    assert there() is None
    assert not busy.done()
    free.set()
    engine.close()


def test_a_thread_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody began is not kept, and counts no more: who comes later has all cores."""

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    metrics, begun = Metrics(), threading.Event()
    engine = Engine(metrics, threads=2, device=None, cache=0, memory=1 << 20)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            engine.submit(lambda _: begun.set())
    assert engine._here == 0
    assert metrics.registry.get_sample_value("verilane_batches_under_way") == 0
    assert engine.submit(lambda _: engine._here).result(30) == 1
    assert not begun.is_set()
    engine.close()


# ---- The log ----


def test_log_writes_a_line_for_each_event() -> None:
    stream = io.StringIO()
    log = Log(stream, burst=1000)
    for number in range(100):
        log.event("hello", number=number, nothing=None, text='"\n')
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["number"] for line in lines] == list(range(100))
    assert set(lines[0]) == {"time", "event", "number", "text"}


def test_log_is_no_flood() -> None:
    stream = io.StringIO()
    log = Log(stream, burst=5)
    for _ in range(1000):
        log.event("often")
    log.event("once")
    log.close()
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert 5 <= events.count("often") <= 10 and events[-1] == "once"


def test_nobody_waits_for_the_log() -> None:
    class Stuck(io.StringIO):
        free = threading.Event()

        def write(self, text: str) -> int:
            assert self.free.wait(30)
            return super().write(text)

    stream = Stuck()
    log = Log(stream, burst=10_000, backlog=10)
    for number in range(5000):
        log.event("event", number=number)
    stream.free.set()
    log.close()
    assert 0 < len(stream.getvalue().splitlines()) < 30
