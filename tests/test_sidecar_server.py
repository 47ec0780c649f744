"""`verilane serve` as a process: its socket, who may come in, how it stops, what it withstands."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import raw_http2
from cli_files import assert_one_line, run
from sidecar_batches import batch, columns, works
from sidecar_process import metric, sidecar

grpc = pytest.importorskip("grpc")
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402

from verilane.sidecar import Client  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import VerifierStub  # noqa: E402

NOBODY = 65534
SLOW = ("--threads", 1, "--device", "cpu:scalar")


# ---- The socket ----


def test_socket_is_private_and_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sidecar("--unix", path) as server:
        found = path.lstat()
        assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
        assert works(path)
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []
    assert [event["event"] for event in server.events] == ["serving", "draining", "stopped"]
    assert server.events[0]["unix"] == str(path)
    assert server.other_lines == []


def test_one_server_a_path(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sidecar("--unix", path):
        assert_one_line(run("serve", "--unix", path), str(path), "another server has it")
        assert works(path)


def test_stale_socket_of_a_killed_server(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sidecar("--unix", path, "--metrics", f"unix:{path}.metrics") as server:
        server.stop(signal.SIGKILL)
    assert path.exists()
    with sidecar("--unix", path, "--metrics", f"unix:{path}.metrics") as server:
        assert works(path)
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", ["grpc", "prometheus_client"])
def test_without_the_extra(library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None; sys.argv = ['verilane', 'serve', '--unix',"
        " 's']; from verilane.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert_one_line(result, library, "pip install 'verilane[serve]'")


def test_client_without_the_extra() -> None:
    code = (
        "import sys; sys.modules['grpc'] = None\n"
        "import verilane.sidecar\n"
        "try: verilane.sidecar.Client\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "needs grpc: pip install 'verilane[serve]'" in result.stdout


# ---- Who may come in ----


def as_nobody(path: Path) -> str:
    """What becomes of another user's connection."""
    code = (
        "import os, socket, sys\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "s = socket.socket(socket.AF_UNIX); s.settimeout(10)\n"
        "try: s.connect(sys.argv[1])\n"
        "except OSError as error: print(error.strerror); sys.exit()\n"
        f"try: s.sendall({raw_http2.HELLO!r}); print('in' if s.recv(9) else 'out')\n"
        "except ConnectionError: print('out')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Others can enter it, but not write to it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_other_users_stay_out(public_folder: Path) -> None:
    path = public_folder / "s"
    with sidecar("--unix", path) as server:
        assert as_nobody(path) == "Permission denied", "the socket's mode"
        os.chmod(path, 0o666)
        assert as_nobody(path) == "out", "the kernel's word"
        event = server.wait_for("peer_refused")
        assert event["uid"] == NOBODY and event["pid"] > 0
        assert as_nobody(Path(f"{path}.verilane/grpc")) == "Permission denied", "the way around"
        assert works(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_users_who_are_named_come_in(public_folder: Path) -> None:
    path = public_folder / "s"
    with sidecar("--unix", path, "--allow-uid", NOBODY):
        assert as_nobody(path) == "in"
        assert works(path)


# ---- TLS ----


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca, server and caller, as PEM: certificate and key; other: signed by nobody."""
    from certificates import write_certificates

    folder = tmp_path_factory.mktemp("tls")
    write_certificates(folder)
    return folder


def test_tls(tmp_path: Path, certificates: Path) -> None:
    def pem(name: str) -> bytes:
        return (certificates / name).read_bytes()

    server_files = [
        *("--tls-cert", certificates / "server.pem"),
        *("--tls-key", certificates / "server.key"),
    ]
    scraped = ("--metrics", "127.0.0.1:0")
    with sidecar("--tcp", "127.0.0.1:0", *server_files, *scraped) as server:
        address = server.events[0]["tcp"]
        with urllib.request.urlopen(f"http://{server.events[0]['metrics']}/metrics") as page:
            assert metric(page.read().decode(), "verilane_connections") == 0
        with Client(address, root_certificates=pem("ca.pem")) as client:
            assert client.verify_many("secp256k1.ecdsa", **columns(50)).all_ok
        with (
            Client(address, root_certificates=pem("other.pem"), patience=0.2) as client,
            pytest.raises(ConnectionError),
        ):
            client.verify_many("secp256k1.ecdsa", **columns(50))
        with socket.create_connection(address.rsplit(":", 1), timeout=10) as plain:
            plain.sendall(raw_http2.HELLO)
            plain.settimeout(15)
            assert raw_http2.is_closed(plain), "nothing without TLS"
        assert server.stop() == 0
    ca = ("--tls-client-ca", certificates / "ca.pem")
    with sidecar("--unix", tmp_path / "s", "--tcp", "127.0.0.1:0", *server_files, *ca) as server:
        address = server.events[0]["tcp"]
        for name, good in (("caller", True), ("other", False), (None, False)):
            own = {}
            if name is not None:
                own = {
                    "private_key": pem(f"{name}.key"),
                    "certificate_chain": pem(f"{name}.pem"),
                }
            with Client(address, root_certificates=pem("ca.pem"), patience=0.2, **own) as client:
                if good:
                    assert client.verify_many("secp256k1.ecdsa", **columns(50)).all_ok
                else:
                    with pytest.raises(ConnectionError):
                        client.verify_many("secp256k1.ecdsa", **columns(50))
        assert works(tmp_path / "s")


def test_key_of_another_certificate(certificates: Path) -> None:
    options = ["--tls-cert", certificates / "server.pem", "--tls-key", certificates / "caller.key"]
    result = run("serve", "--tcp", "127.0.0.1:0", *options)
    assert result.returncode == 2 and "server.pem" in result.stderr


# ---- How it stops ----


@pytest.mark.parametrize(("n", "most"), [(4000, 30), (100, 400)])
def test_drain(tmp_path: Path, n: int, most: int) -> None:
    """What was read is answered, what was not comes back as UNAVAILABLE, and nobody gets in."""
    path = tmp_path / "s"
    with (
        sidecar("--unix", path, *SLOW) as server,
        grpc.insecure_channel(f"unix:{path}") as channel,
    ):
        states = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        batches = [batch(n, number) for number in range(most)]
        got: list[int] = []
        call = VerifierStub(channel).Verify(iter(batches))
        with contextlib.suppress(grpc.RpcError):
            for status in call:
                assert len(status.verdicts) == n
                if not got:
                    server.send(signal.SIGTERM)
                got.append(status.id)
        assert call.code() == grpc.StatusCode.UNAVAILABLE
        assert 2 <= len(got) < most and sorted(got) == list(range(len(got)))
        assert next(states).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.process.wait(30) == 0
    assert not path.exists()


@pytest.mark.parametrize("signals", [1, 2])
def test_drain_ends(tmp_path: Path, signals: int) -> None:
    """However slow callers are: after so many seconds, or at the second signal."""
    path = tmp_path / "s"
    with (
        sidecar("--unix", path, "--drain", 1 if signals == 1 else 60, *SLOW) as server,
        grpc.insecure_channel(f"unix:{path}") as channel,
    ):
        batches = [batch(8000, number) for number in range(30)]
        call = VerifierStub(channel).Verify(iter(batches))
        next(call)
        for _ in range(signals):
            server.send(signal.SIGINT)
            time.sleep(0.3)
        assert server.process.wait(20) == 0
        server.wait_for("cut_short")
        call.cancel()
