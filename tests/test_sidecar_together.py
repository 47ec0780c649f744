"""The sidecar's small batches, which go through a coalescing verifier: the verdicts are those of
this process, urgent ones come first, and whatever is not for it is verified by itself.
"""

import asyncio
import random
import threading
from collections.abc import Iterator
from concurrent import futures
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar_batches import COLUMNS, batch, good
from sidecar_cases import cases, in_process
from sidecar_process import Sidecar, sample, sidecar
from verilane import Verdict

grpc = pytest.importorskip("grpc")

from verilane.sidecar import Client  # noqa: E402
from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
from verilane.sidecar.coalesce import Coalescer  # noqa: E402
from verilane.sidecar.profiles import Answer  # noqa: E402
from verilane.sidecar.service import Mailbox  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import VerifierStub  # noqa: E402
from verilane.sidecar.work import Job, Piece, batch_of  # noqa: E402
from verilane.verifier import Priority, Verifier  # noqa: E402

pytest_plugins = ["sidecar_fixtures"]

STREAMS = 8


def pieces_of(job: Job, rng: random.Random) -> list[Piece]:
    """A job in pieces of 1 to 24 items, in any order."""
    pieces, first = [], 0
    while first < job.n:
        last = min(first + rng.randint(1, 24), job.n)
        pieces.append(Piece(job, first, last))
        first = last
    rng.shuffle(pieces)
    return pieces


def asked(path: str, messages: list[tuple[int, bytes]]) -> dict[int, Any]:
    """The answers of one connection of its own, by number."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"unix:{path}", options) as channel:
        verify = channel.stream_stream(
            "/verilane.v1.Verifier/Verify", response_deserializer=pb.BatchStatus.FromString
        )
        return {status.id: status for status in verify(iter([m for _, m in messages]), timeout=120)}


def test_verdicts_are_those_of_this_process(server: tuple[Sidecar, str], client: Client) -> None:
    """All cases at once, cut into small batches, from several connections."""
    rng = random.Random("together")
    jobs, pieces, expected = [], [], []
    for case in cases():
        columns = case.all_columns()
        for rules in case.rules:
            job = client._job(case.scheme, {**columns, **rules})
            jobs.append(job)
            expected.append(in_process(case, columns, rules))
            pieces += pieces_of(job, rng)
    rng.shuffle(pieces)
    messages = [(number, batch_of([piece], number)) for number, piece in enumerate(pieces)]
    before = sample(server[1], "verilane_together_seconds_count")
    with futures.ThreadPoolExecutor(STREAMS) as executor:
        parts = [messages[i::STREAMS] for i in range(STREAMS)]
        for answers in executor.map(lambda part: asked(server[1], part), parts):
            for number, status in answers.items():
                assert status.outcome == pb.BatchStatus.DONE, status.reason
                piece = pieces[number]
                piece.job.answer(piece.first, Answer(status.verdicts))
    for job, verdicts in zip(jobs, expected, strict=True):
        assert job.future.result(0) == verdicts
    counts = [verdicts.counts() for verdicts in expected]
    assert {verdict for each in counts for verdict in each} == set(Verdict) - {Verdict.UNDECIDED}
    alone = sum("user_ids" in piece.job.columns for piece in pieces)
    together = sample(server[1], "verilane_together_seconds_count") - before
    assert together == len(pieces) - alone and alone > 0


def test_urgent_ones_come_first(tmp_path: Path) -> None:
    """A vote does not wait behind a crowd of small batches that were there before it."""
    path = tmp_path / "s"
    slow = ("--threads", 1, "--device", "cpu:scalar")
    bulk = batch(100)
    bulk.priority = pb.PRIORITY_BULK
    vote = good(priority=pb.PRIORITY_CONSENSUS)
    answered = threading.Semaphore(0)
    total = STREAMS * 40

    def crowd(number: int) -> int:
        with grpc.insecure_channel(f"unix:{path}", [("a", number)]) as channel:
            count = 0
            for status in VerifierStub(channel).Verify(iter([bulk] * 40), timeout=120):
                assert not status.verdicts.strip(b"\1")
                count += 1
                answered.release()
            return count

    with (
        sidecar("--unix", path, *slow) as _,
        grpc.insecure_channel(f"unix:{path}") as channel,
        futures.ThreadPoolExecutor(STREAMS) as executor,
    ):
        list(VerifierStub(channel).Verify(iter([vote]), timeout=30))
        counts = [executor.submit(crowd, number) for number in range(STREAMS)]
        for _ in range(STREAMS):
            assert answered.acquire(timeout=60)
        (status,) = VerifierStub(channel).Verify(iter([vote]), timeout=60)
        assert status.verdicts == b"\1\1\1"
        left = total - STREAMS
        while answered.acquire(blocking=False):
            left -= 1
        assert left > total // 2, "the vote was behind them"
        assert [count.result(120) for count in counts] == [40] * STREAMS


def test_priorities_that_are_none(client: Client) -> None:
    columns: dict[str, Any] = {name: [] for name in COLUMNS}
    for wrong in ("vote", 1, None):
        with pytest.raises(ValueError, match="priority"):
            client.submit("secp256k1.ecdsa", **columns, priority=wrong)
    three = [b"x"] * 3
    for right in ("consensus", "block", "mempool", "bulk"):
        given = {"keys": three, "signatures": three, "digests": three, "priority": right}
        verdicts = client.verify_many("secp256k1.ecdsa", **given)
        assert verdicts.count(Verdict.BAD_KEY) == 3


def test_what_is_valid_may_be_remembered(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with (
        sidecar("--unix", path, "--metrics", f"unix:{path}.metrics", "--cache", 1000),
        grpc.insecure_channel(f"unix:{path}") as channel,
    ):
        for hits in (0, 3, 6):
            (status,) = VerifierStub(channel).Verify(iter([good()]), timeout=30)
            assert status.verdicts == b"\1\1\1"
            assert sample(str(path), "verilane_verifier_cache_hits_total") == hits


# ---- The parts by themselves ----


@pytest.fixture
def coalescer() -> Iterator[Coalescer]:
    made = Coalescer(Verifier(threads=1, queue=4, max_wait=60.0))
    yield made
    made.close()


def test_what_is_not_for_it(coalescer: Coalescer) -> None:
    """None: the server verifies such a batch by itself, or says what is wrong with it."""
    assert coalescer.submit(good(count=0, keys=None, signatures=None, digests=None), 1) is None
    assert coalescer.submit(batch(128), 1) is None
    recover = pb.Batch(
        count=1,
        profile=pb.Profile(scheme=pb.SECP256K1_RECOVER),
        signatures=pb.Column(data=bytes(65)),
        digests=pb.Column(data=bytes(32)),
    )
    assert coalescer.submit(recover, 1) is None
    columns = {"keys": pb.Column(data=bytes(64)), "signatures": pb.Column(data=bytes(64))}
    sm2 = pb.Batch(count=1, profile=pb.Profile(scheme=pb.SM2), **columns)
    digest = pb.Column(data=bytes(32))
    for parts in (
        {},
        {"messages": digest, "digests": digest},
        {"messages": digest, "user_ids": digest},
    ):
        one = pb.Batch.FromString(sm2.SerializeToString() + pb.Batch(**parts).SerializeToString())
        assert coalescer.submit(one, 1) is None


def test_a_full_queue(coalescer: Coalescer) -> None:
    waits = coalescer.submit(good(), 1)
    assert waits is not None and not waits.done()
    assert coalescer.submit(good(), 2) is None, "Busy"
    with pytest.raises(ValueError, match="more items"):
        coalescer.submit(batch(5), 1)
    assert coalescer.submit(good(priority=pb.PRIORITY_CONSENSUS), 1) is not None
    assert waits.cancel()


def test_closed(coalescer: Coalescer) -> None:
    waits = coalescer.submit(good(), 1)
    assert waits is not None
    coalescer.close()
    assert waits.exception(30) is not None
    assert coalescer.submit(good(), 1) is None


def test_classes_are_those_of_the_verifier() -> None:
    from verilane.sidecar.coalesce import _CLASSES

    names = {pb.Priority.Name(number).removeprefix("PRIORITY_") for number in _CLASSES}
    assert names == {each.name for each in Priority}
    assert all(pb.Priority.Name(n) == f"PRIORITY_{c.name}" for n, c in _CLASSES.items())


def test_the_loop_gets_all_of_its_post() -> None:
    """From many threads; what fails takes nothing else with it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        failed: list[Any] = []
        loop.set_exception_handler(lambda _, context: failed.append(context))
        mailbox, got, done = Mailbox(), [0] * 8, asyncio.Event()

        def told(sender: int, number: int) -> None:
            assert got[sender] == number, "in order"
            got[sender] += 1
            if got == [2000] * 8:
                done.set()
            if number % 100 == 0:
                raise ZeroDivisionError

        def post(sender: int) -> None:
            for number in range(2000):
                mailbox.put(partial(told, sender, number))

        threads = [threading.Thread(target=post, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(done.wait(), 60)
        assert len(failed) == 8 * 20

    asyncio.run(run())
