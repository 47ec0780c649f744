"""One server for all tests of a file, and ways to ask it: a test file takes this as its plugin."""

from collections.abc import Iterator
from typing import Any

import pytest

from sidecar_process import Sidecar, sidecar

grpc = pytest.importorskip("grpc")

from verilane.sidecar import Client  # noqa: E402
from verilane.sidecar.verilane_pb2_grpc import VerifierStub  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sidecar, str]]:
    path = tmp_path_factory.mktemp("sidecar") / "s"
    with sidecar("--unix", path, "--metrics", f"unix:{path}.metrics") as process:
        yield process, str(path)


@pytest.fixture(scope="module")
def client(server: tuple[Sidecar, str]) -> Iterator[Client]:
    with Client(server[1]) as made:
        yield made


@pytest.fixture(scope="module")
def channel(server: tuple[Sidecar, str]) -> Iterator[Any]:
    with grpc.insecure_channel(f"unix:{server[1]}") as made:
        yield made


@pytest.fixture(scope="module")
def stub(channel: Any) -> Any:
    return VerifierStub(channel)
