"""Parts of the sidecar by themselves: its budget, its log, what the client queues."""

import asyncio
import io
import json
import os
import socket
import threading
import weakref
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("grpc")

from verilane._columns import column
from verilane.sidecar import verilane_pb2 as pb
from verilane.sidecar.budget import Account, Budget
from verilane.sidecar.engine import Engine
from verilane.sidecar.front import Door, Front
from verilane.sidecar.log import Log
from verilane.sidecar.metrics import Metrics
from verilane.sidecar.profiles import PRIORITIES, Answer
from verilane.sidecar.work import Job, Piece, Queue, batch_of

NOBODY = 65534


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


# ---- What a client queues ----


def job(n: int, *, keyed: bool = False) -> Job:
    return Job(pb.Profile(), {"messages": column("m", [b"x"] * n, widths=None)}, keyed=keyed)


def test_pieces_cover_a_job() -> None:
    lengths = [3, 0, 5000, 1, 1, 70_000, 2, *range(50)]
    items = [bytes([i % 256]) * length for i, length in enumerate(lengths)]
    made = Job(pb.Profile(scheme=4), {"messages": column("m", items, widths=None)}, keyed=False)
    for items_most, octets in ((1, 1), (7, 1000), (1000, 6000), (1000, 1 << 20)):
        pieces = Piece(made, 0, made.n).cut(items_most, octets)
        assert [piece.first for piece in pieces[1:]] == [piece.last for piece in pieces[:-1]]
        assert (pieces[0].first, pieces[-1].last) == (0, made.n)
        got: list[bytes] = []
        for piece in pieces:
            assert len(piece) <= items_most and (piece.size <= octets or len(piece) == 1)
            batch = pb.Batch.FromString(batch_of([piece]))
            assert batch.count == len(piece) and batch.ByteSize() <= piece.size + 64
            ends = np.frombuffer(batch.messages.offsets, "<u4")
            data = batch.messages.data
            if len(ends):
                got += [data[a:b] for a, b in pairwise(ends)]
            else:
                width = len(data) // len(piece)
                got += [data[i * width : (i + 1) * width] for i in range(len(piece))]
        assert got == items


def test_pieces_of_one_kind_go_together() -> None:
    """Whatever forms their columns have: the batch is that of all items in one list."""
    lists = [[b"a", b"bc", b""], [b"x"] * 5, [b"yz"] * 4, [b"", b""], [b"long" * 100, b"x"]]
    flat = [item for part in lists for item in part]
    profile = pb.Profile(scheme=4)
    pieces = Queue()
    for part in lists:
        made = Job(profile, {"messages": column("m", part, widths=None)}, keyed=False)
        pieces.put([Piece(made, 0, made.n)])
    number, sent = pieces.send(100, 10_000)
    assert [piece.job.n for piece in sent] == [3, 5, 4, 2, 2]
    batch = batch_of(sent, number)
    assert pb.Batch.FromString(batch).SerializeToString(deterministic=True) == batch
    whole = Job(profile, {"messages": column("m", flat, widths=None)}, keyed=False)
    assert batch == batch_of([Piece(whole, 0, whole.n)], number)
    same = Job(profile, {"messages": column("m", [b"ab"] * 6, widths=None)}, keyed=False)
    parts = [Piece(same, 0, 2), Piece(same, 2, 3), Piece(same, 3, 6)]
    assert batch_of(parts) == batch_of([Piece(same, 0, 6)])
    assert not pb.Batch.FromString(batch_of(parts)).messages.offsets


NAMES = ("keys", "signatures", "messages", "digests", "user_ids")
PARTS = st.lists(st.lists(st.binary(max_size=5) | st.just(b"same"), min_size=1), min_size=1)


@given(st.data())
def test_a_batch_is_what_protobuf_writes(data: Any) -> None:
    """Whatever its numbers, however many bytes: of some columns, cut anywhere."""
    number = data.draw(st.integers(0, 2**64 - 1))
    rows = data.draw(PARTS)
    cuts = [data.draw(st.integers(0, len(row) - 1)) for row in rows]
    names = data.draw(st.sets(st.sampled_from(NAMES), min_size=1))
    options = {"user_id": data.draw(st.none() | st.binary()), "low_s": data.draw(st.booleans())}
    profile = pb.Profile(scheme=data.draw(st.integers(0, 2**31 - 1)), **options)
    priority = data.draw(st.sampled_from(sorted(PRIORITIES)))
    expected = pb.Batch(id=number, profile=profile, priority=PRIORITIES[priority])
    pieces = []
    for row, cut in zip(rows, cuts, strict=True):
        made = {name: column(name, row, widths=None) for name in names}
        job = Job(profile, made, keyed=False, priority=priority)
        pieces.append(Piece(job, cut, len(row)))
    items = [item for row, cut in zip(rows, cuts, strict=True) for item in row[cut:]]
    expected.count = len(items)
    lengths = [len(item) for item in items]
    packed = all(len({len(item) for item in row}) == 1 for row in rows) and len({*lengths}) == 1
    ends = np.cumsum([0, *lengths]).astype("<u4").tobytes()
    for name in names:
        part = pb.Column(data=b"".join(items), offsets=b"" if packed else ends)
        getattr(expected, name).CopyFrom(part)
    assert batch_of(pieces, number) == expected.SerializeToString(deterministic=True)


def test_long_batches_are_what_protobuf_writes() -> None:
    rows = [[bytes([i]) * 64] * 300 for i in range(3)]
    pieces = [
        Piece(
            Job(pb.Profile(scheme=2), {"keys": column("keys", row, widths=None)}, keyed=False),
            0,
            300,
        )
        for row in rows
    ]
    data = b"".join(item for row in rows for item in row)
    batch = pb.Batch(profile=pb.Profile(scheme=2), count=900, keys=pb.Column(data=data))
    assert batch_of(pieces) == batch.SerializeToString()


def test_who_does_not_go_together() -> None:
    pieces = Queue()

    def put(n: int, **fields: Any) -> Piece:
        made = Job(pb.Profile(**fields), {"m": column("m", [b"x"] * n, widths=None)}, keyed=False)
        piece = Piece(made, 0, n)
        pieces.put([piece])
        return piece

    other = put(1, scheme=4), put(1, scheme=2), put(1, scheme=4, ed25519_rule=3)
    for piece in other:
        assert pieces.send(100, 10_000)[1] == [piece], "another kind"
    several = [put(40) for _ in range(4)]
    assert pieces.send(100, 10_000)[1] == several[:2], "items"
    assert pieces.send(100, 100)[1] == several[2:3], "bytes"
    assert pieces.send(1, 1)[1] == several[3:], "one goes always"
    pieces.lost()
    for piece in (*other, *several):
        assert pieces.send(100, 10_000)[1] == [piece], "what was lost goes alone"


def test_the_most_urgent_go_first() -> None:
    """In order among themselves; what was lost or comes back goes before those of its class."""
    pieces = Queue()
    put: dict[str, list[Piece]] = {}
    for priority in ("bulk", "mempool", "block", "consensus", "bulk", "block", "consensus"):
        columns = {"messages": column("m", [b"x"], widths=None)}
        piece = Piece(Job(pb.Profile(), columns, keyed=False, priority=priority), 0, 1)
        pieces.put([piece])
        put.setdefault(priority, []).append(piece)
    expected = [put[name] for name in ("consensus", "block", "mempool", "bulk")]
    sent = [pieces.send(100, 10_000)[1] for _ in range(4)]
    assert sent == expected, "those of different classes share no batch"
    assert pieces.send(100, 10_000)[1] == [] and not pieces.ready()
    pieces.lost()
    pieces.take_back([put["bulk"][1]])
    order = [pieces.next_to_settle() for _ in range(8)]
    bulk = [put["bulk"][1], *put["bulk"]]
    assert order == [*put["consensus"], *put["block"], *put["mempool"], *bulk]


def test_a_piece_is_answered_once() -> None:
    pieces = Queue()
    made = job(4)
    pieces.put(Piece(made, 0, 4).cut(2, 1000))
    old, (first,) = pieces.send(2, 1000)
    later, (second,) = pieces.send(2, 1000)
    assert pieces.send(2, 1000)[1] == []
    pieces.lost()
    number, again = pieces.send(2, 1000)
    assert again == [first] and number > later > old, "in order, with a new number"
    assert pieces.answered(old) == []
    assert pieces.answered(number) == [first]
    assert pieces.answered(number) == []
    first.job.answer(0, Answer(b"\1\5"))
    assert not made.future.done()
    assert pieces.next_to_settle() is second and pieces.next_to_settle() is None
    second.job.answer(2, Answer(b"\2\3"))
    assert made.future.result().codes.tolist() == [1, 5, 2, 3]
    assert len(pieces) == pieces.bytes == 0


def test_what_is_cancelled_is_not_sent() -> None:
    pieces = Queue()
    gone, kept = job(1), job(1)
    for each in (gone, kept):
        pieces.put([Piece(each, 0, 1)])
    assert gone.future.cancel()
    _, (sent,) = pieces.send(10, 1000)
    assert sent.job is kept
    gone.answer(0, Answer(b"\1"))
    gone.fail(ValueError())
    assert gone.future.cancelled() and len(pieces) == 1


def test_bytes_are_counted_whatever_happens() -> None:
    pieces, rng = Queue(), np.random.default_rng(1)
    held: list[Any] = []
    for _ in range(3000):
        step = rng.integers(6)
        if step == 0:
            pieces.put(Piece(job(3), 0, 3).cut(1, 1000))
        elif step == 1:
            pieces.send(int(rng.integers(1, 4)), 1000)
        elif step == 2:
            pieces.lost()
        elif step == 3 and pieces._sent:
            held += pieces.answered(min(pieces._sent))
        elif step == 4 and held:
            pieces.take_back([held.pop()])
        else:
            piece = pieces.next_to_settle()
            held += [piece] if piece is not None else []
        inside = [*pieces._waiting, *(piece for sent in pieces._sent.values() for piece in sent)]
        assert pieces.bytes == sum(piece.size for piece in inside)
        assert len(pieces) == len(inside)
