"""What `verilane serve` withstands: bytes that are no calls, halves of messages, slow readers."""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import raw_http2
from builds import ADDRESSES_CHECKED
from sidecar_batches import batch, works
from sidecar_process import sample, sidecar

grpc = pytest.importorskip("grpc")

from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import VerifierStub  # noqa: E402


def test_bytes_that_are_no_calls(tmp_path: Path) -> None:
    """Garbage, halves of everything, and connections that end at once: none costs the others."""
    path = tmp_path / "s"
    whole = raw_http2.HELLO + raw_http2.call(1) + raw_http2.message(1, bytes(1000))
    with sidecar("--unix", path) as server:
        assert works(path)
        time.sleep(0.3)
        files = server.open_files()
        kept = []
        for size in (0, 1, 10, 24, 30, 33, 50, 100, 200, 300, len(whole) - 1):
            for ends in (True, False):
                connection = raw_http2.connect(str(path))
                connection.sendall(whole[:size])
                if ends:
                    connection.close()
                else:
                    kept.append(connection)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", bytes(100_000), os.urandom(100_000)):
            connection = raw_http2.connect(str(path))
            with contextlib.suppress(ConnectionError):
                connection.sendall(garbage)
            kept.append(connection)
        for frames in (
            raw_http2.frame(raw_http2.DATA, 0, 1, b"x" * 100),
            raw_http2.frame(raw_http2.WINDOW_UPDATE, 0, 0, bytes(4)),
            raw_http2.frame(77, 0xFF, 5, b"x" * 100),
            raw_http2.call(2),
            raw_http2.call(1, b"/no/such") + raw_http2.message(1, b"x", length=2**32 - 1),
            raw_http2.call(1) + raw_http2.message(1, b"\xff" * 100),
        ):
            connection = raw_http2.connect(str(path))
            connection.sendall(raw_http2.HELLO + frames)
            kept.append(connection)
        assert works(path)
        for connection in kept:
            connection.close()
        until = time.monotonic() + 10
        while server.open_files() > files and time.monotonic() < until:
            time.sleep(0.1)
        assert server.open_files() <= files
        assert server.stop() == 0
    assert server.other_lines == []


def test_halves_of_messages_are_not_held_for_ever(tmp_path: Path) -> None:
    """200 callers hold 60 KB each, of messages that never end: over the limit some are cut off."""
    path = tmp_path / "s"
    half = raw_http2.HELLO + raw_http2.call(1)
    half += raw_http2.message(1, bytes(60_000), length=3_000_000)
    with sidecar("--unix", path, "--max-held", 8) as server:
        callers = [raw_http2.connect(str(path)) for _ in range(200)]
        for caller in callers:
            caller.sendall(half)
        event = server.wait_for("connection_cut")
        assert 30_000 < event["held_bytes"] < 100_000
        assert len(callers) > len(server.named("connection_cut"))
        assert works(path)
        assert ADDRESSES_CHECKED or server.memory() < 250 << 20
        for caller in callers:
            caller.close()
        assert server.stop() == 0


@pytest.mark.parametrize("method", [b"Verify", b"GetLimits"])
def test_small_calls_do_not_hide_halves_of_messages(tmp_path: Path, method: bytes) -> None:
    path, limits = tmp_path / "s", b"/verilane.v1.Verifier/GetLimits"
    half = raw_http2.HELLO + raw_http2.call(1, b"/verilane.v1.Verifier/" + method)
    half += raw_http2.message(1, bytes(60_000), length=3_000_000)
    with sidecar("--unix", path, "--metrics", f"unix:{path}.metrics") as server:
        with raw_http2.connect(str(path)) as caller:
            caller.sendall(half)
            for number in range(3, 13, 2):
                caller.sendall(raw_http2.call(number, limits) + raw_http2.empty(number))
            until = time.monotonic() + 30
            answered = b""
            while answered.count(version("verilane").encode()) < 5:
                answered += caller.recv(1 << 16)
            assert 50_000 < sample(path, "verilane_held_bytes") < 65_000
        while sample(path, "verilane_held_bytes") > 1000:
            assert time.monotonic() < until
        assert server.stop() == 0


def test_slow_readers(tmp_path: Path) -> None:
    """Callers who send and never read hold what they may, and no more; others are served."""
    path = tmp_path / "s"
    signatures = pb.Column(data=bytes(65 * 4000))
    work = pb.Batch(
        profile=pb.Profile(scheme=pb.SECP256K1_RECOVER),
        count=4000,
        signatures=signatures,
        digests=pb.Column(data=bytes(32 * 4000)),
    )
    with sidecar("--unix", path, "--max-held", 32) as server:
        assert works(path)
        before = server.memory()
        ended = threading.Event()

        def endless() -> Iterator[Any]:
            while not ended.is_set():
                yield work

        channels = [
            grpc.insecure_channel(f"unix:{path}", [("grpc.use_local_subchannel_pool", 1)])
            for _ in range(6)
        ]
        calls = [VerifierStub(channel).Verify(endless()) for channel in channels]
        for _ in range(4):
            time.sleep(0.3)
            assert ADDRESSES_CHECKED or server.memory() - before < 150 << 20
            assert works(path)
        ended.set()
        for call in calls:
            call.cancel()
        for channel in channels:
            channel.close()
        assert server.stop() == 0


def test_a_thousand_connections(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip(f"this process may open {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    path = tmp_path / "s"
    with sidecar("--unix", path, "--max-connections", 1000) as server:
        before = server.memory()
        callers = []
        for _ in range(999):
            caller = raw_http2.connect(str(path), timeout=30)
            caller.sendall(raw_http2.HELLO + raw_http2.call(1))
            callers.append(caller)
        assert all(caller.recv(9)[3:4] == bytes([raw_http2.SETTINGS]) for caller in callers)
        assert works(path), "the 1,000th"
        assert server.memory() - before < 200 << 20
        time.sleep(0.2)
        late = [raw_http2.connect(str(path)) for _ in range(5)]
        for one in late[1:]:
            assert raw_http2.is_closed(one), "there is room for one more"
        server.wait_for("connection_refused")
        for caller in (*callers, *late):
            caller.close()
        assert works(path)
        assert server.stop() == 0


def test_log_has_no_bytes_of_callers(tmp_path: Path) -> None:
    path = tmp_path / "s"
    secret = "5ec2e7" * 6
    with sidecar("--unix", path) as server:
        with grpc.insecure_channel(f"unix:{path}") as channel:
            bad = batch(3)
            bad.keys.data = bytes.fromhex(secret)
            bad.messages.data = bytes.fromhex(secret)
            bad.profile.user_id = bytes.fromhex(secret)
            list(VerifierStub(channel).Verify(iter([bad] * 100)))
        server.stop()
    text = "".join(map(str, server.events)) + "".join(server.other_lines)
    assert "batch_refused" in text and secret not in text.lower()
    assert repr(bytes.fromhex(secret))[2:-1] not in text
    assert len(server.named("batch_refused")) <= 60, "a line for each would fill disks"
