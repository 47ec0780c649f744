"""The sidecar's contract, over its socket: what breaks it is refused, and the server lives on."""

import re
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sm2_items
from generated_code import FOLDER, NAMES, SOURCES, generate
from sidecar_batches import COLUMNS, good, offsets, repeated
from sidecar_process import Sidecar, sample

grpc = pytest.importorskip("grpc")

from verilane.sidecar import verilane_pb2 as pb  # noqa: E402

pytest_plugins = ["sidecar_fixtures"]


def profile(**fields: Any) -> dict[str, Any]:
    return {"profile": pb.Profile(**{"scheme": pb.SECP256K1_ECDSA, **fields})}


def later(message: Any, field: bytes = b"\xf8\x01\x01") -> Any:
    """A message with one field more, by default one that no contract has: number 31, of value 1."""
    return type(message).FromString(message.SerializeToString() + field)


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
    "unknown key form": profile(key_form=99),
    "another's key form": profile(scheme=pb.SECP256K1_RECOVER, key_form=pb.KEY_FORM_SEC1)
    | {"keys": None},
    "a later rule": {"profile": later(pb.Profile(scheme=pb.SECP256K1_ECDSA))},
    "a rule of another type": {
        "profile": later(pb.Profile(scheme=pb.SECP256K1_ECDSA), b"\x42\x01\x01")
    },
    "a later part of a column": {"keys": later(repeated("keys", 1))},
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


def test_a_few_bytes_do_not_ask_for_many(stub: Any) -> None:
    """Of keys above all: 64 bytes each. Items without any byte have their verdicts all the same."""

    def asked(n: int, size: int) -> Any:
        column = pb.Column(data=bytes(n * size))
        recovery = pb.Profile(scheme=pb.SECP256K1_RECOVER)
        return pb.Batch(id=n, count=n, profile=recovery, signatures=pb.Column(), digests=column)

    batches = [asked(8192, 0), asked(8191, 16), asked(8190, 32), asked(250, 0)]
    answers = {status.id: status for status in stub.Verify(iter(batches), timeout=60)}
    for n in (8192, 8191):
        assert answers[n].outcome == pb.BatchStatus.REFUSED
        assert "bytes of answer" in answers[n].reason
    for n in (8190, 250):
        assert answers[n].verdicts in (b"\3" * n, b"\4" * n)
        assert len(answers[n].keys) == 64 * n


def test_a_later_field_of_a_batch_is_refused(stub: Any) -> None:
    (status,) = stub.Verify(iter([later(good())]), timeout=30)
    assert (status.outcome, status.verdicts) == (pb.BatchStatus.REFUSED, b"")
    assert "does not know" in status.reason


def test_messages_that_are_no_batches(channel: Any, stub: Any) -> None:
    """Bytes that are no protobuf, and a message that is too long, end their own stream."""
    raw = channel.stream_stream("/verilane.v1.Verifier/Verify")
    for bad in (b"\xff" * 100, good().SerializeToString()[:-1], bytes(5 << 20)):
        with pytest.raises(grpc.RpcError):
            list(raw(iter([bad]), timeout=30))
        (status,) = stub.Verify(iter([good()]), timeout=30)
        assert status.verdicts == b"\1\1\1"


@pytest.mark.parametrize("times", [1000, 30])
def test_a_stream_that_is_cancelled(stub: Any, server: tuple[Sidecar, str], times: int) -> None:
    """What it had under way is held no longer, neither too much nor too little of it."""
    heavy = good(count=3 * times, **{name: repeated(name, times) for name in COLUMNS})
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
    while sample(server[1], "verilane_batches_under_way") != 0:
        assert time.monotonic() < until


def test_limits(stub: Any) -> None:
    limits = stub.GetLimits(pb.LimitsRequest(), timeout=30)
    assert (limits.batch_items, limits.message_bytes, limits.stream_batches) == (8192, 4 << 20, 4)
    assert limits.version


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
