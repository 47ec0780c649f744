"""The client among servers of all kinds: that lie, fail, take little, mix up the order."""

import asyncio
import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar_batches import ECDSA, expected, mixed
from verilane import ed25519, secp256k1

grpc = pytest.importorskip("grpc")

from verilane.sidecar import Client, SidecarUnavailable  # noqa: E402
from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
from verilane.sidecar.profiles import judge  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import (  # noqa: E402
    VerifierServicer,
    add_VerifierServicer_to_server,
)


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
    columns = mixed(random.Random(lie), 100)
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
            columns = mixed(rng, 50)
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
            columns = mixed(rng, 50)
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
        client.verify_many(ECDSA, **mixed(random.Random(1), 5))


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
        asked = [mixed(rng, rng.randrange(1, 20)) for _ in range(60)]
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
    poison = mixed(random.Random("poison"), 3)
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
        asked = [mixed(rng, rng.randrange(1, 20)) for _ in range(100)]
        waiting = [client.submit(ECDSA, **columns) for columns in asked[:50]]
        bad = client.submit(ECDSA, **poison)
        waiting += [client.submit(ECDSA, **columns) for columns in asked[50:]]
        free.set()
        for columns, future in zip(asked, waiting, strict=True):
            assert future.result(60) == expected(columns)
        with pytest.raises(SidecarUnavailable, match="failed"):
            bad.result(60)
        fine = mixed(rng, 50)
        assert client.verify_many(ECDSA, **fine) == expected(fine)
    assert max(batch.count for batch in servicer.asked) > 200


def test_a_server_that_takes_little(tmp_path: Path) -> None:
    """Pieces are cut until it takes them; an item that is too long is none of its business."""
    limits = pb.Limits(batch_items=7, message_bytes=1000)
    columns = mixed(random.Random("little"), 200)
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
        client.verify_many(ECDSA, **mixed(random.Random(1), 5))
    assert not servicer.asked


# ---- asyncio, cancelling ----


def test_asyncio(tmp_path: Path) -> None:
    path = tmp_path / "s"
    rng = random.Random("asyncio")
    asked = [mixed(rng, rng.randrange(1, 200)) for _ in range(50)]

    async def run(client: Client) -> None:
        got = await asyncio.gather(*(client.averify_many(ECDSA, **each) for each in asked))
        for columns, verdicts in zip(asked, got, strict=True):
            assert verdicts == expected(columns)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.averify_many(ECDSA, **mixed(rng, 8000)), 0.0001)
        assert (await client.averify_many(ECDSA, **asked[0])) == expected(asked[0])

    with strange(path, Strange(lambda batch: [right(batch)])), Client(str(path)) as client:
        asyncio.run(run(client))
