"""The sidecar's client when things go wrong: a server that is killed, that is not there, that lies,
that takes less; each item is answered once, whatever happens.
"""

import random
import signal
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from forks import succeeds_in_a_child
from sidecar_batches import ECDSA, expected, mixed
from sidecar_process import sidecar
from verilane import Verdicts, secp256k1

grpc = pytest.importorskip("grpc")

from verilane.errors import Busy  # noqa: E402
from verilane.sidecar import Client, SidecarUnavailable  # noqa: E402

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
            columns = mixed(own, own.choice([1, 10, 300, 2000]))
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
                columns = mixed(rng, 500)
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
        asked = [mixed(rng, 3000) for _ in range(30)]
        with sidecar("--unix", path) as server:
            waiting = [client.submit(ECDSA, **columns) for columns in asked]
            waiting[0].result(60)
            assert server.stop() == 0
        with sidecar("--unix", path):
            for columns, future in zip(asked, waiting, strict=True):
                assert future.result(60) == expected(columns)


# ---- No server ----


def test_without_a_server(tmp_path: Path) -> None:
    columns = mixed(random.Random(1), 3000)
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
    future = client.submit(ECDSA, **mixed(random.Random(1), 10))
    with pytest.raises(futures.TimeoutError):
        future.result(0.2)
    client.close()
    with pytest.raises(SidecarUnavailable, match="closed"):
        future.result(10)
    with pytest.raises(SidecarUnavailable, match="closed"):
        client.submit(ECDSA, **mixed(random.Random(1), 10))
    client.close()


def test_a_callback_that_exits_costs_the_others_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    columns = mixed(random.Random(1), 3)
    with Client(str(tmp_path / "s"), patience=0.2) as client:
        first = client.submit(ECDSA, **columns)
        first.add_done_callback(lambda _: sys.exit(3))
        second = client.submit(ECDSA, **columns)
        for future in (first, second, client.submit(ECDSA, **columns)):
            assert isinstance(future.exception(30), SidecarUnavailable)
    assert "callback raised" in caplog.text


def test_a_thread_that_can_not_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = mixed(random.Random(1), 3)

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Client(str(tmp_path / "s"), patience=0.2) as client:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(RuntimeError, match="new thread"):
                client.submit(ECDSA, **columns)
        future = client.submit(ECDSA, **columns)
        assert isinstance(future.exception(30), SidecarUnavailable)


def test_busy(tmp_path: Path) -> None:
    with Client(str(tmp_path / "s"), patience=None, most_bytes=100_000) as client:
        columns = mixed(random.Random(1), 500)
        first = client.submit(ECDSA, **columns)
        with pytest.raises(Busy):
            client.submit(ECDSA, **columns)
        with sidecar("--unix", tmp_path / "s"):
            assert client.verify_many(ECDSA, **columns) == expected(columns), "it waits"
            assert first.result(10) == expected(columns)


def test_fork(tmp_path: Path) -> None:
    client = Client(str(tmp_path / "s"))

    def child() -> bool:
        with pytest.raises(RuntimeError, match="fork"):
            client.submit(ECDSA, **mixed(random.Random(1), 1))
        return True

    assert succeeds_in_a_child(child)


def test_target() -> None:
    with pytest.raises(ValueError, match="expected a path or HOST:PORT"):
        Client("nothing")
