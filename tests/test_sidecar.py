"""The sidecar's contract, over its socket: every verdict of every scheme is that of the same call
in this process; what breaks the contract is refused, and the server lives on.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ed25519_items
import schnorr_items
import sm2_items
from generated_code import FOLDER, NAMES, SOURCES, generate
from items import honest_items
from reference import der
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from sidecar_process import Sidecar, metric, sidecar
from verilane import Verdict, Verdicts, ed25519, p256, secp256k1, sm2

grpc = pytest.importorskip("grpc")
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: E402

from verilane.sidecar import Client  # noqa: E402
from verilane.sidecar import verilane_pb2 as pb  # noqa: E402
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


# ---- Verdicts ----

Rows = list[tuple[bytes, ...]]


def hostile(rows: Rows) -> Rows:
    """Rows, then each of the first with one part that is changed in every simple way."""
    result = list(rows)
    for index, row in enumerate(rows[:24]):
        for place, part in enumerate(row):
            half = len(part) // 2
            for other in (
                b"",
                part[:-1],
                part + b"\0",
                bytes(len(part)),
                b"\xff" * len(part),
                part[:half] + bytes(len(part) - half),
                bytes(half) + part[half:],
                bytes([part[0] ^ 1 << index % 8]) + part[1:] if part else b"\1",
                part[:-1] + bytes([part[-1] ^ 1 << index % 8]) if part else b"\2",
            ):
                result.append((*row[:place], other, *row[place + 1 :]))
    return result


@dataclass(frozen=True)
class Case:
    scheme: str
    module: Any
    columns: tuple[str, ...]
    rows: Rows
    rules: tuple[dict[str, Any], ...] = field(default=({},))

    def all_columns(self) -> dict[str, list[bytes]]:
        parts = zip(*hostile(self.rows), strict=True)
        return {name: list(part) for name, part in zip(self.columns, parts, strict=True)}


def with_der(rows: Rows) -> Rows:
    def encode(s: bytes) -> bytes:
        return der.encode(int.from_bytes(s[:32], "big"), int.from_bytes(s[32:64], "big"))

    return [(key, encode(signature), *rest) for key, signature, *rest in rows]


ECDSA_RULES: tuple[dict[str, Any], ...] = ({}, {"low_s": True}, {"hybrid_keys": True})
DER_RULES: tuple[dict[str, Any], ...] = (
    {"encoding": "der"},
    {"encoding": "der-lax", "low_s": True},
)
ED25519_RULES = tuple({"rule": rule} for rule in ("zip215", "rfc8032", "openssl", "strict"))


def ecdsa_rows(curve: Any) -> Rows:
    items = honest_items(300, curve)
    hybrid = [item for item in items if len(item.key) == 65]
    rows = [(item.key, item.signature, item.digest) for item in items]
    rows += [(bytes([6 + i.key[64] % 2]) + i.key[1:], i.signature, i.digest) for i in hybrid]
    return rows


def cases() -> Iterator[Case]:
    columns = ("keys", "signatures", "digests")
    for name, curve, module in (
        ("secp256k1.ecdsa", SECP256K1, secp256k1.ecdsa),
        ("p256.ecdsa", P256, p256.ecdsa),
    ):
        rows = ecdsa_rows(curve)
        yield Case(name, module, columns, rows, ECDSA_RULES)
        yield Case(name, module, columns, with_der(rows), DER_RULES)
    columns = ("keys", "signatures", "messages")
    rows = list(zip(*schnorr_items.columns(schnorr_items.honest_items(300)), strict=True))
    yield Case("secp256k1.schnorr", secp256k1.schnorr, columns, rows)
    made = [*ed25519_items.honest_items(100), *ed25519_items._small_order()]
    rows = list(zip(*ed25519_items.columns(made), strict=True))
    yield Case("ed25519", ed25519, columns, rows, ED25519_RULES)
    items = sm2_items.honest_items(60)
    rows = [(i.key, i.signature, i.message) for i in items]
    yield Case(
        "sm2", sm2, columns, rows, ({}, {"user_id": b""}, {"user_id": b"ALICE123@YAHOO.COM"})
    )
    fisco = [sm2_items.as_fisco(item) for item in items]
    fisco_rows = [(i.key, i.signature, i.message) for i in fisco]
    yield Case("sm2", sm2, columns, fisco_rows, ({"encoding": "fisco"},))
    keyless = [row[1:] for row in fisco_rows]
    yield Case("sm2", sm2, columns[1:], keyless, ({"encoding": "fisco"},))
    yield Case("sm2", sm2, columns, with_der(rows), ({"encoding": "der"},))
    rows = [(i.key, i.signature, i.message, i.user_id) for i in items]
    yield Case("sm2", sm2, (*columns, "user_id"), rows)
    rows = [(i.key, i.signature, i.digest) for i in items]
    yield Case("sm2", sm2, ("keys", "signatures", "digests"), rows)


def in_process(case: Case, columns: dict[str, Any], rules: dict[str, Any]) -> Verdicts:
    given: dict[str, Any] = {"keys": None, **columns} if case.scheme == "sm2" else columns
    verdicts: Verdicts = case.module.verify_many(**given, **rules)
    return verdicts


def test_verdicts_are_those_of_this_process(client: Client) -> None:
    found: dict[str, set[Verdict]] = {}
    for case in cases():
        columns = case.all_columns()
        for rules in case.rules:
            got = client.verify_many(case.scheme, **columns, **rules)
            assert got == in_process(case, columns, rules), (case.scheme, rules)
            found.setdefault(case.scheme, set()).update(got.counts())
    without_digests = {"secp256k1.schnorr", "ed25519"}
    for scheme, verdicts in found.items():
        missing = {Verdict.BAD_MESSAGE} if scheme in without_digests else set()
        assert verdicts == set(Verdict) - {Verdict.UNDECIDED} - missing, scheme


def test_recovered_keys_are_those_of_this_process(client: Client) -> None:
    items = [item for item in honest_items() if item.verdict == 1][:200]
    signatures = [item.signature + bytes([i]) for item in items for i in range(5)]
    signatures += [b"", bytes(64), bytes(66)]
    digests = [item.digest for item in items for _ in range(5)] + [bytes(32), bytes(31), b""]
    for rules in ({}, {"low_s": True}, {"parity_ids": True}):
        keys, verdicts = client.recover_many(signatures, digests, **rules)
        expected, codes = secp256k1.ecdsa.recover_many(signatures, digests, **rules)
        assert verdicts == codes
        assert np.array_equal(keys, expected)
        assert set(verdicts.counts()) >= {Verdict.OK, Verdict.BAD_SIGNATURE}


def test_columns_in_every_form(client: Client) -> None:
    """Packed, ragged and lists; none, one, and more than a piece or a batch may have; all of a
    wrong length.
    """
    items = [item for item in honest_items() if len(item.key) == 64]
    lists = [[getattr(i, name) for i in items] for name in ("key", "signature", "digest")]
    packed = [np.frombuffer(b"".join(part), np.uint8).reshape(len(items), -1) for part in lists]
    ragged = [
        (b"junk" + b"".join(part), 4 + np.arange(len(items) + 1) * len(part[0])) for part in lists
    ]
    long = [np.tile(part, (40, 1)) for part in packed]
    for columns in (lists, packed, ragged, [part[:1] for part in lists], [[], [], []], long):
        named = dict(zip(("keys", "signatures", "digests"), columns, strict=True))
        assert client.verify_many("secp256k1.ecdsa", **named) == secp256k1.ecdsa.verify_many(
            **named
        )
    for place in range(3):
        for length in (0, 1, 31, 66):
            wrong = [*lists[:place], [bytes(length)] * len(items), *lists[place + 1 :]]
            named = dict(zip(("keys", "signatures", "digests"), wrong, strict=True))
            got = client.verify_many("secp256k1.ecdsa", **named)
            assert got == secp256k1.ecdsa.verify_many(**named), (place, length)
            assert not got.count(Verdict.OK)


def test_bytes_are_taken_when_they_are_given(client: Client) -> None:
    items = [item for item in honest_items() if item.verdict == 1 and len(item.key) == 64]
    parts = [[getattr(i, name) for i in items] for name in ("key", "signature", "digest")]
    arrays = [np.frombuffer(bytearray(b"".join(part)), np.uint8) for part in parts]
    shaped = [part.reshape(len(items), -1) for part in arrays]
    named = dict(zip(("keys", "signatures", "digests"), shaped, strict=True))
    futures = [client.submit("secp256k1.ecdsa", **named) for _ in range(20)]
    for part in arrays:
        part[:] = 0
    assert all(future.result(30).all_ok for future in futures)


# ---- The client's arguments ----


def test_what_the_module_raises_the_client_raises(client: Client) -> None:
    three = {"keys": [bytes(33)] * 3, "signatures": [bytes(64)] * 3, "digests": bytes(96)}
    for wrong, error in (
        ({"keys": [bytes(33)] * 2}, ValueError),
        ({"keys": "text"}, TypeError),
        ({"signatures": np.zeros((3, 63), np.uint8)}, ValueError),
        ({"digests": bytes(95)}, ValueError),
        ({"encoding": "fisco"}, ValueError),
        ({"encoding": "no such"}, ValueError),
    ):
        with pytest.raises(error) as ours:
            client.verify_many("secp256k1.ecdsa", **{**three, **wrong})
        with pytest.raises(error) as theirs:
            secp256k1.ecdsa.verify_many(**{**three, **wrong})
        assert type(ours.value) is type(theirs.value)


@pytest.mark.parametrize(
    ("scheme", "given", "error"),
    [
        ("no.such", {}, ValueError),
        ("secp256k1.ecdsa", {"keys": [], "signatures": []}, TypeError),
        ("secp256k1.ecdsa", {"keys": [], "signatures": [], "messages": []}, TypeError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "low_s": True}, TypeError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "rule": "x"}, ValueError),
        ("ed25519", {"keys": [], "signatures": [], "messages": [], "nonsense": False}, TypeError),
        ("secp256k1.schnorr", {"keys": [], "signatures": [], "digests": b""}, TypeError),
        ("sm2", {"keys": [], "signatures": []}, ValueError),
        ("sm2", {"keys": [], "signatures": [], "messages": [], "digests": []}, ValueError),
        ("sm2", {"signatures": [], "messages": []}, TypeError),
        (
            "sm2",
            {"keys": [], "signatures": [], "messages": [], "user_id": bytes(8192)},
            ValueError,
        ),
    ],
)
def test_bad_use(client: Client, scheme: str, given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        client.submit(scheme, **given)


# ---- The contract ----


def good(**changes: Any) -> Any:
    """A batch of three valid signatures, changed."""
    items = [i for i in honest_items() if i.verdict == 1 and len(i.key) == 33][:3]
    fields = {
        "id": 7,
        "profile": pb.Profile(scheme=pb.SECP256K1_ECDSA),
        "count": 3,
        "keys": pb.Column(data=b"".join(i.key for i in items)),
        "signatures": pb.Column(data=b"".join(i.signature for i in items)),
        "digests": pb.Column(data=b"".join(i.digest for i in items)),
    }
    return pb.Batch(**{**fields, **changes})


COLUMNS = ("keys", "signatures", "digests")


def repeated(name: str, times: int) -> Any:
    return pb.Column(data=getattr(good(), name).data * times)


def profile(**fields: Any) -> dict[str, Any]:
    return {"profile": pb.Profile(**{"scheme": pb.SECP256K1_ECDSA, **fields})}


def offsets(*values: int) -> bytes:
    return np.array(values, "<u4").tobytes()


def test_tags_and_numbers_come_back(stub: Any) -> None:
    tags = np.array([3, 2**64 - 1, 0], "<u8").tobytes()
    (status,) = stub.Verify(iter([good(id=2**64 - 1, tags=tags)]), timeout=30)
    assert (status.id, status.outcome, status.tags) == (2**64 - 1, pb.BatchStatus.DONE, tags)
    assert (status.verdicts, status.keys, status.reason) == (b"\1\1\1", b"", "")


def test_user_id_of_no_bytes_is_one(stub: Any) -> None:
    """An unset user_id stands for the default one, an empty one for itself."""
    item = next(i for i in sm2_items.honest_items(60) if i.user_id == b"" and i.verdict == 1)
    for user_id, code in ((b"", 1), (None, 5)):
        batch = pb.Batch(
            count=1,
            profile=pb.Profile(scheme=pb.SM2, user_id=user_id),
            keys=pb.Column(data=item.key),
            signatures=pb.Column(data=item.signature),
            messages=pb.Column(data=item.message, offsets=offsets(0, len(item.message))),
        )
        (status,) = stub.Verify(iter([batch]), timeout=30)
        assert list(status.verdicts) == [code]


def test_batches_without_items(stub: Any) -> None:
    empty = pb.Column()
    batch = good(count=0, keys=empty, signatures=empty, digests=empty)
    (status,) = stub.Verify(iter([batch]), timeout=30)
    assert (status.outcome, status.verdicts) == (pb.BatchStatus.DONE, b"")


REFUSED = {
    "no scheme": profile(scheme=0),
    "unknown scheme": profile(scheme=99),
    "unknown encoding": profile(encoding=99),
    "unknown rule": profile(scheme=pb.ED25519, ed25519_rule=99),
    "another's encoding": profile(encoding=pb.ENCODING_FISCO),
    "another's flag": profile(parity_ids=True),
    "another's rule": profile(ed25519_rule=pb.RULE_STRICT),
    "another's user ID": profile(user_id=b""),
    "another's column": {"messages": pb.Column(data=b"abc")},
    "another's empty column": {"user_ids": pb.Column(offsets=offsets(0))},
    "a column is missing": {"digests": None},
    "no profile": {"profile": None},
    "count too small": {"count": 2},
    "count too large": {"count": 4},
    "count of 2^32 - 1": {"count": 2**32 - 1},
    "count of 2^32 - 1 of nothing": {
        "count": 2**32 - 1,
        "keys": pb.Column(),
        "signatures": pb.Column(),
        "digests": pb.Column(),
    },
    "too many items": {"count": 8193, "keys": pb.Column(data=bytes(8193 * 33))},
    "tags too short": {"tags": bytes(23)},
    "tags too long": {"tags": bytes(32)},
    "offsets too few": {"keys": pb.Column(data=bytes(99), offsets=offsets(0, 33, 66))},
    "offsets of odd size": {"keys": pb.Column(data=bytes(99), offsets=bytes(15))},
    "offsets that descend": {"keys": pb.Column(data=bytes(99), offsets=offsets(0, 66, 33, 99))},
    "offsets that leave": {"keys": pb.Column(data=bytes(99), offsets=offsets(0, 33, 66, 100))},
    "offsets near 2^32": {"keys": pb.Column(data=bytes(99), offsets=offsets(0, 1, 2, 2**32 - 1))},
    "sm2 without either": profile(scheme=pb.SM2) | {"digests": None},
    "sm2 with both": profile(scheme=pb.SM2)
    | {"messages": pb.Column(data=b"abc"), "digests": pb.Column(data=bytes(96))},
    "sm2 digests with ID": profile(scheme=pb.SM2, user_id=b"x"),
    "sm2 with a long ID": profile(scheme=pb.SM2, user_id=bytes(8192))
    | {"messages": pb.Column(data=b"abc"), "digests": None},
    "sm2 without keys": profile(scheme=pb.SM2) | {"keys": None},
}


def test_what_is_refused(stub: Any, server: tuple[Sidecar, str]) -> None:
    """Each costs itself alone: all go through one stream, with good batches in between."""
    batches = []
    for number, changes in enumerate(REFUSED.values()):
        batches += [good(id=2 * number), good(**{"id": 2 * number + 1, **changes})]
    answers = {status.id: status for status in stub.Verify(iter(batches), timeout=60)}
    assert len(answers) == len(batches)
    for number, name in enumerate(REFUSED):
        assert answers[2 * number].verdicts == b"\1\1\1", name
        status = answers[2 * number + 1]
        assert (status.outcome, status.verdicts) == (pb.BatchStatus.REFUSED, b""), name
        assert status.reason, name
    assert server[0].named("batch_refused")


def test_messages_that_are_no_batches(channel: Any, stub: Any) -> None:
    """Bytes that are no protobuf, and a message that is too long, end their own stream."""
    raw = channel.stream_stream("/verilane.v1.Verifier/Verify")
    for bad in (b"\xff" * 100, good().SerializeToString()[:-1], bytes(5 << 20)):
        with pytest.raises(grpc.RpcError):
            list(raw(iter([bad]), timeout=30))
        (status,) = stub.Verify(iter([good()]), timeout=30)
        assert status.verdicts == b"\1\1\1"


def test_a_stream_that_is_cancelled(stub: Any, server: tuple[Sidecar, str]) -> None:
    """What it had under way is held no longer, neither too much nor too little of it."""
    heavy = good(count=3000, **{name: repeated(name, 1000) for name in COLUMNS})
    for _ in range(20):
        ended = threading.Event()

        def batches(ended: threading.Event = ended) -> Iterator[Any]:
            yield from [heavy] * 4
            ended.wait(30)

        call = stub.Verify(batches())
        next(call)
        call.cancel()
        ended.set()
    assert len(list(stub.Verify(iter([good()] * 50), timeout=30))) == 50
    until = time.monotonic() + 30
    while (held := sample(server[1], "verilane_held_bytes")) > 10_000:
        assert time.monotonic() < until, held
    assert held >= 0
    assert sample(server[1], "verilane_batches_under_way") == 0


def test_limits(stub: Any) -> None:
    limits = stub.GetLimits(pb.LimitsRequest(), timeout=30)
    assert (limits.batch_items, limits.message_bytes, limits.stream_batches) == (8192, 4 << 20, 4)
    assert limits.version


# ---- Health, reflection, metrics ----


def test_health(channel: Any) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "verilane.v1.Verifier"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=30)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection(channel: Any) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=30)
    names = {service.name for service in answer.list_services_response.service}
    assert {"verilane.v1.Verifier", "grpc.health.v1.Health"} <= names
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol="verilane.v1.Batch")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=30)
    assert answer.file_descriptor_response.file_descriptor_proto


def scrape(path: str, request: bytes = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(request)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts).decode()


def sample(path: str, name: str, **labels: str) -> float:
    """One number of a server's metrics."""
    head, _, body = scrape(f"{path}.metrics").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    return metric(body, name, **labels)


def test_metrics(server: tuple[Sidecar, str], stub: Any) -> None:
    path = server[1]
    ok = {"scheme": "secp256k1.ecdsa", "verdict": "OK"}
    refused = {"outcome": "refused"}
    before = (
        sample(path, "verilane_items_total", **ok),
        sample(path, "verilane_batches_total", **refused),
    )
    mixed = good(digests=pb.Column(data=good().digests.data[:64] + bytes(32)))
    list(stub.Verify(iter([good(), mixed, good(count=2)]), timeout=30))
    assert sample(path, "verilane_items_total", **ok) == before[0] + 5
    assert sample(path, "verilane_items_total", scheme="secp256k1.ecdsa", verdict="MISMATCH") >= 1
    assert sample(path, "verilane_batches_total", **refused) == before[1] + 1
    assert sample(path, "verilane_batch_items_count") >= 2
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


# ---- Generated code ----


def test_generated_code_is_current(tmp_path: Path) -> None:
    """By another version of the generator: what the code says, not how."""
    pytest.importorskip("grpc_tools")
    for path in generate(tmp_path):
        theirs = path.read_text(encoding="utf-8")
        ours = (SOURCES / FOLDER / path.name).read_text(encoding="utf-8")
        made_by = re.match(r"# Made by grpcio-tools (\S+) from verilane\.proto", ours)
        assert made_by is not None
        if made_by[1] == version("grpcio-tools"):
            assert ours == theirs
        elif path.name == "verilane_pb2.py":
            assert re.findall("AddSerializedFile.*", ours) == re.findall(
                "AddSerializedFile.*", theirs
            )
        elif path.name == "verilane_pb2_grpc.py":
            calls = re.compile(r"'/verilane\.[^']+'|verilane__pb2\.\w+\.\w+|def \w+")
            assert calls.findall(ours) == calls.findall(theirs)
    assert {path.name for path in tmp_path.rglob("verilane_pb2*")} == set(NAMES)
