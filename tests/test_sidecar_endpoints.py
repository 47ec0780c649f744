"""What the sidecar tells about itself: health, reflection, metrics."""

import asyncio
from typing import Any

import pytest

from sidecar_batches import batch, good
from sidecar_process import Sidecar, sample, scrape

grpc = pytest.importorskip("grpc")
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: E402

from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
from verilane.sidecar.server import _Health  # noqa: E402

pytest_plugins = ["sidecar_fixtures"]


def test_health(channel: Any) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "verilane.v1.Verifier"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=30)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_names_that_are_watched_are_not_kept() -> None:
    class Context:
        def __init__(self) -> None:
            self.answers: list[Any] = []

        def peer(self) -> str:
            return "nobody"

        async def write(self, answer: Any) -> None:
            self.answers.append(answer.status)

    class Service:
        def read(self, context: Any) -> None:
            pass

    async def watch(states: Any) -> None:
        context = Context()
        for number in range(100):
            asked = health_pb2.HealthCheckRequest(service=f"name {number}")
            call = asyncio.ensure_future(states.Watch(asked, context))
            await asyncio.sleep(0)
            call.cancel()
        assert context.answers == [health_pb2.HealthCheckResponse.SERVICE_UNKNOWN] * 100

    states = _Health(Service())  # type: ignore[arg-type]
    asyncio.run(watch(states))
    assert not [name for name in states._server_watchers if name]


def test_watching(channel: Any) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for service, state in (
        ("verilane.v1.Verifier", health_pb2.HealthCheckResponse.SERVING),
        ("other", health_pb2.HealthCheckResponse.SERVICE_UNKNOWN),
    ):
        call = stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=30)
        assert next(call).status == state
        call.cancel()


def test_a_call_without_a_message(channel: Any) -> None:
    call = channel.stream_unary("/verilane.v1.Verifier/GetLimits")
    with pytest.raises(grpc.RpcError) as error:
        call(iter([]), timeout=30)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_reflection(channel: Any) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=30)
    names = {service.name for service in answer.list_services_response.service}
    assert {"verilane.v1.Verifier", "grpc.health.v1.Health"} <= names
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol="verilane.v1.Batch")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=30)
    assert answer.file_descriptor_response.file_descriptor_proto


def test_metrics(server: tuple[Sidecar, str], stub: Any) -> None:
    path = server[1]
    ok = {"scheme": "secp256k1.ecdsa", "verdict": "OK"}
    refused = {"outcome": "refused"}
    before = (
        sample(path, "verilane_items_total", **ok),
        sample(path, "verilane_batches_total", **refused),
    )
    mixed = good(digests=pb.Column(data=good().digests.data[:64] + bytes(32)))
    list(stub.Verify(iter([good(), mixed, good(count=2), batch(200), batch(200)]), timeout=30))
    assert sample(path, "verilane_items_total", **ok) == before[0] + 405
    assert sample(path, "verilane_items_total", scheme="secp256k1.ecdsa", verdict="MISMATCH") >= 1
    assert sample(path, "verilane_batches_total", **refused) == before[1] + 1
    assert sample(path, "verilane_batch_items_count") >= 2
    assert sample(path, "verilane_together_seconds_count") >= 2
    assert sample(path, "verilane_verifier_batch_size_count") >= 1
    assert sample(path, "verilane_wait_seconds_count") >= 2
    assert sample(path, "verilane_verify_seconds_count", scheme="secp256k1.ecdsa") >= 2
    assert sample(path, "verilane_connections") >= 1
    assert sample(path, "verilane_batches_under_way") == 0


def test_metrics_know_one_page(server: tuple[Sidecar, str]) -> None:
    path = f"{server[1]}.metrics"
    assert scrape(path, b"GET / HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 404")
    assert scrape(path, b"POST /metrics HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 405")
    assert scrape(path, b"HEAD /metrics HTTP/1.0\r\n\r\n").endswith("\r\n\r\n")
    with pytest.raises(ConnectionError):  # it reads no head that is so long
        scrape(path, b"GET " + b"x" * (1 << 20))
    assert scrape(path).startswith("HTTP/1.1 200")
