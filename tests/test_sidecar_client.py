"""The sidecar's client when things go wrong: a server that is killed, that is not there, that lies,
that takes less; each item is answered once, whatever happens.
"""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from items import honest_items
from sidecar_process import sidecar
from verilane import Verdicts, ed25519, secp256k1

grpc = pytest.importorskip("grpc")

from verilane.errors import Busy  # noqa: E402
from verilane.sidecar import Client, SidecarUnavailable  # noqa: E402
from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
from verilane.sidecar.profiles import judge  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import (  # noqa: E402
    VerifierServicer,
    add_VerifierServicer_to_server,
)

ECDSA = "secp256k1.ecdsa"


def sample(rng: random.Random, n: int) -> dict[str, list[bytes]]:
    """Items of any verdict, in an order of their own."""
    items = rng.choices(honest_items(), k=n)
    return {
        "keys": [item.key for item in items],
        "signatures": [item.signature for item in items],
        "digests": [item.digest for item in items],
    }


def expected(columns: dict[str, list[bytes]]) -> Verdicts:
    return secp256k1.ecdsa.verify_many(**columns)


# ---- A server that is killed ----


@pytest.mark.parametrize("fallback", [False, True])
def test_killed_under_load(tmp_path: Path, fallback: bool) -> None:
    """SIGKILL, again and again, while threads and futures wait: no item is lost, none is answered
    twice (a future can't be, and each batch has verdicts of its own).
    """
    path = tmp_path / "s"
    stop = threading.Event()
    kills = 0

    def serve() -> None:
        nonlocal kills
        while not stop.is_set():
            with sidecar("--unix", path) as server:
                enough = len(results) + 8
                while len(results) < enough and not stop.is_set():
                    time.sleep(0.01)
                server.stop(signal.SIGKILL)
                kills += 1

    results: list[tuple[dict[str, list[bytes]], Verdicts]] = []
    thread = threading.Thread(target=serve)
    thread.start()
    rng = random.Random("killed")

    def ask(client: Client, seed: int) -> None:
        own = random.Random(seed)
        while kills < 2 and thread.is_alive():
            columns = sample(own, own.choice([1, 10, 300, 2000]))
            results.append((columns, client.verify_many(ECDSA, **columns)))
            if fallback:  # it is quick, and servers take their time to start
                time.sleep(0.05)

    try:
        patience = 0.2 if fallback else 120
        with Client(str(path), fallback=fallback, patience=patience) as client:
            threads = [threading.Thread(target=ask, args=(client, i)) for i in range(3)]
            for each in threads:
                each.start()
            called: list[Any] = []
            while kills < 2 and thread.is_alive():
                columns = sample(rng, 500)
                future = client.submit(ECDSA, **columns)
                future.add_done_callback(called.append)
                results.append((columns, future.result(180)))
            for each in threads:
                each.join(180)
                assert not each.is_alive()
            assert len(set(called)) == len(called)
            assert not len(client._queue) and not client._queue.bytes
    finally:
        stop.set()
        thread.join(60)
    assert kills >= 2 and len(results) >= 16
    for columns, verdicts in results:
        assert verdicts == expected(columns)


def test_a_server_that_stops_is_left_in_peace(tmp_path: Path) -> None:
    """SIGTERM: what it has not read goes to the next one."""
    path = tmp_path / "s"
    rng = random.Random("stopped")
    with Client(str(path), patience=60) as client:
        asked = [sample(rng, 3000) for _ in range(30)]
        with sidecar("--unix", path) as server:
            waiting = [client.submit(ECDSA, **columns) for columns in asked]
            waiting[0].result(60)
            assert server.stop() == 0
        with sidecar("--unix", path):
            for columns, future in zip(asked, waiting, strict=True):
                assert future.result(60) == expected(columns)


# ---- No server ----


def test_without_a_server(tmp_path: Path) -> None:
    columns = sample(random.Random(1), 3000)
    with Client(str(tmp_path / "s"), patience=0.1) as client:
        with pytest.raises(SidecarUnavailable, match="No such file"):
            client.verify_many(ECDSA, **columns)
        with pytest.raises(SidecarUnavailable):
            client.recover_many([bytes(65)], [bytes(32)])
    with Client(str(tmp_path / "s"), patience=0.1, fallback=True) as client:
        assert client.verify_many(ECDSA, **columns) == expected(columns)
        begun = time.monotonic()
        assert client.verify_many(ECDSA, **columns) == expected(columns)
        assert time.monotonic() - begun < 5, "it has been found missing before"
        signatures = [s + b"\0" for s in columns["signatures"]]
        keys, verdicts = client.recover_many(signatures, columns["digests"])
        theirs = secp256k1.ecdsa.recover_many(signatures, columns["digests"])
        assert verdicts == theirs[1] and (keys == theirs[0]).all()


def test_close_leaves_nobody_waiting(tmp_path: Path) -> None:
    client = Client(str(tmp_path / "s"), patience=None)
    future = client.submit(ECDSA, **sample(random.Random(1), 10))
    with pytest.raises(futures.TimeoutError):
        future.result(0.2)
    client.close()
    with pytest.raises(SidecarUnavailable, match="closed"):
        future.result(10)
    with pytest.raises(SidecarUnavailable, match="closed"):
        client.submit(ECDSA, **sample(random.Random(1), 10))
    client.close()


def test_busy(tmp_path: Path) -> None:
    with Client(str(tmp_path / "s"), patience=None, most_bytes=100_000) as client:
        columns = sample(random.Random(1), 500)
        first = client.submit(ECDSA, **columns)
        with pytest.raises(Busy):
            client.submit(ECDSA, **columns)
        with sidecar("--unix", tmp_path / "s"):
            assert client.verify_many(ECDSA, **columns) == expected(columns), "it waits"
            assert first.result(10) == expected(columns)


def test_fork(tmp_path: Path) -> None:
    client = Client(str(tmp_path / "s"))
    child = os.fork()
    if child == 0:
        try:
            client.submit(ECDSA, **sample(random.Random(1), 1))
        except RuntimeError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_target() -> None:
    with pytest.raises(ValueError, match="expected a path or HOST:PORT"):
        Client("nothing")


# ---- Servers that do not keep to the contract ----


class Strange(VerifierServicer):
    """A server that answers whatever `answers` makes of a batch."""

    def __init__(self, answers: Callable[[Any], list[Any]], limits: Any = None) -> None:
        self.answers = answers
        self.limits = limits or pb.Limits(batch_items=8192, message_bytes=1 << 22)
        self.asked: list[Any] = []

    def GetLimits(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.limits

    def Verify(self, request_iterator: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        for batch in request_iterator:
            self.asked.append(batch)
            yield from self.answers(batch)


@contextmanager
def strange(path: Path, servicer: Strange) -> Iterator[Strange]:
    server = grpc.server(futures.ThreadPoolExecutor(8))
    add_VerifierServicer_to_server(servicer, server)
    server.add_insecure_port(f"unix:{path}")
    server.start()
    try:
        yield servicer
    finally:
        server.stop(0).wait(10)


def right(batch: Any, **changes: Any) -> Any:
    return pb.BatchStatus(**{"id": batch.id, "verdicts": judge(batch).verdicts, **changes})


LIES: dict[str, Callable[[Any], list[Any]]] = {
    "no such batch": lambda batch: [right(batch, id=batch.id + 1000)],
    "too few verdicts": lambda batch: [right(batch, verdicts=b"\1" * (batch.count - 1))],
    "too many verdicts": lambda batch: [right(batch, verdicts=b"\1" * (batch.count + 1))],
    "no verdicts": lambda batch: [right(batch, verdicts=b"")],
    "undecided": lambda batch: [right(batch, verdicts=bytes(batch.count))],
    "verdicts of no name": lambda batch: [right(batch, verdicts=b"\6" * batch.count)],
    "keys for nothing": lambda batch: [right(batch, keys=bytes(64 * batch.count))],
    "failures": lambda batch: [right(batch, outcome=pb.BatchStatus.FAILED)],
    "an outcome of no name": lambda batch: [right(batch, outcome=77)],
}


@pytest.mark.parametrize("lie", LIES)
def test_answers_that_are_none(tmp_path: Path, lie: str) -> None:
    """None of them becomes a verdict: without a fallback an error, with one the right verdicts."""
    columns = sample(random.Random(lie), 100)
    path = tmp_path / "s"
    with strange(path, Strange(LIES[lie])):
        with (
            Client(str(path), patience=0.1) as client,
            pytest.raises(SidecarUnavailable),
        ):
            client.verify_many(ECDSA, **columns)
        with Client(str(path), patience=0.1, fallback=True) as client:
            assert client.verify_many(ECDSA, **columns) == expected(columns)


def test_answers_twice(tmp_path: Path) -> None:
    """The second answer is to nothing: it ends the connection, and changes no verdict."""
    wrong = {1: b"\5", 5: b"\1"}

    def twice(batch: Any) -> list[Any]:
        codes = judge(batch).verdicts
        return [right(batch), right(batch, verdicts=b"".join(wrong.get(c, b"\2") for c in codes))]

    path = tmp_path / "s"
    rng = random.Random("twice")
    with strange(path, Strange(twice)), Client(str(path)) as client:
        for _ in range(20):
            columns = sample(rng, 50)
            assert client.verify_many(ECDSA, **columns) == expected(columns)


def test_fails_sometimes(tmp_path: Path) -> None:
    rng = random.Random("fails")

    def moody(batch: Any) -> list[Any]:
        if rng.random() < 0.5:
            return [right(batch, outcome=pb.BatchStatus.FAILED, verdicts=b"")]
        return [right(batch)]

    path = tmp_path / "s"
    with strange(path, Strange(moody)), Client(str(path)) as client:
        for _ in range(20):
            columns = sample(rng, 50)
            assert client.verify_many(ECDSA, **columns) == expected(columns)


def test_refused_is_an_error_at_once(tmp_path: Path) -> None:
    def refuse(batch: Any) -> list[Any]:
        return [pb.BatchStatus(id=batch.id, outcome=pb.BatchStatus.REFUSED, reason="so there")]

    path = tmp_path / "s"
    with (
        strange(path, Strange(refuse)),
        Client(str(path), fallback=True) as client,
        pytest.raises(ValueError, match="so there"),
    ):
        client.verify_many(ECDSA, **sample(random.Random(1), 5))


def test_in_any_order(tmp_path: Path) -> None:
    """Answers come when they are done, not as they were asked."""
    kept: list[Any] = []

    def reversed_by_threes(batch: Any) -> list[Any]:
        kept.append(right(batch))
        if len(kept) < 3:
            return []
        answers = kept[::-1]
        kept.clear()
        return answers

    path = tmp_path / "s"
    rng = random.Random("order")
    with strange(path, Strange(reversed_by_threes)), Client(str(path)) as client:
        asked = [sample(rng, rng.randrange(1, 20)) for _ in range(60)]
        rules = [{"low_s": index % 2 == 0} for index in range(60)]  # none goes with its neighbour
        waiting = [
            client.submit(ECDSA, **columns, **rule)
            for columns, rule in zip(asked, rules, strict=True)
        ]
        for columns, rule, future in zip(asked, rules, waiting, strict=True):
            assert future.result(60) == secp256k1.ecdsa.verify_many(**columns, **rule)


def test_what_waits_goes_together(tmp_path: Path) -> None:
    """Small batches of one kind share messages while as many are under way as the server reads.
    What it fails at goes alone, so that nobody suffers from another's batch.
    """
    poison = sample(random.Random("poison"), 3)
    poison["signatures"][0] = bytes(range(64))
    free = threading.Event()

    def choosy(batch: Any) -> list[Any]:
        assert free.wait(60)
        if poison["signatures"][0] in batch.signatures.data:
            return [right(batch, outcome=pb.BatchStatus.FAILED, verdicts=b"")]
        return [right(batch)]

    path = tmp_path / "s"
    rng = random.Random("together")
    limits = pb.Limits(batch_items=8192, message_bytes=1 << 22, stream_batches=1)
    with strange(path, Strange(choosy, limits)) as servicer, Client(str(path)) as client:
        asked = [sample(rng, rng.randrange(1, 20)) for _ in range(100)]
        waiting = [client.submit(ECDSA, **columns) for columns in asked[:50]]
        bad = client.submit(ECDSA, **poison)
        waiting += [client.submit(ECDSA, **columns) for columns in asked[50:]]
        free.set()
        for columns, future in zip(asked, waiting, strict=True):
            assert future.result(60) == expected(columns)
        with pytest.raises(SidecarUnavailable, match="failed"):
            bad.result(60)
        fine = sample(rng, 50)
        assert client.verify_many(ECDSA, **fine) == expected(fine)
    assert max(batch.count for batch in servicer.asked) > 200


def test_a_server_that_takes_little(tmp_path: Path) -> None:
    """Pieces are cut until it takes them; an item that is too long is none of its business."""
    limits = pb.Limits(batch_items=7, message_bytes=1000)
    columns = sample(random.Random("little"), 200)
    path = tmp_path / "s"
    servicer = Strange(lambda batch: [right(batch)], limits)
    with strange(path, servicer):
        with Client(str(path)) as client:
            assert client.verify_many(ECDSA, **columns) == expected(columns)
            assert {batch.count for batch in servicer.asked} <= set(range(8))
            assert max(batch.ByteSize() for batch in servicer.asked) <= 1000
            long = {"keys": [bytes(32)], "signatures": [bytes(64)], "messages": [bytes(5000)]}
            with pytest.raises(ValueError, match="an item of"):
                client.verify_many("ed25519", **long)
        with Client(str(path), fallback=True) as client:
            assert client.verify_many("ed25519", **long) == ed25519.verify_many(**long)


def test_a_socket_of_somebody_else(tmp_path: Path) -> None:
    """Whoever answers is trusted: so a socket that is not the server's user's is not asked."""
    path = tmp_path / "s"
    servicer = Strange(lambda batch: [right(batch, verdicts=b"\1" * batch.count)])
    with (
        strange(path, servicer),
        Client(str(path), users={os.geteuid() + 1}, patience=0.1) as client,
        pytest.raises(SidecarUnavailable, match="who may answer anything"),
    ):
        client.verify_many(ECDSA, **sample(random.Random(1), 5))
    assert not servicer.asked


# ---- asyncio, cancelling ----


def test_asyncio(tmp_path: Path) -> None:
    path = tmp_path / "s"
    rng = random.Random("asyncio")
    asked = [sample(rng, rng.randrange(1, 200)) for _ in range(50)]

    async def run(client: Client) -> None:
        got = await asyncio.gather(*(client.averify_many(ECDSA, **each) for each in asked))
        for columns, verdicts in zip(asked, got, strict=True):
            assert verdicts == expected(columns)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.averify_many(ECDSA, **sample(rng, 8000)), 0.0001)
        assert (await client.averify_many(ECDSA, **asked[0])) == expected(asked[0])

    with strange(path, Strange(lambda batch: [right(batch)])), Client(str(path)) as client:
        asyncio.run(run(client))
