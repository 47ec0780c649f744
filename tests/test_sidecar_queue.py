"""What a sidecar's client queues: pieces of jobs, and how they are written."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("grpc")

from verilane._columns import column
from verilane.sidecar import verilane_pb2 as pb
from verilane.sidecar.profiles import PRIORITIES, Answer
from verilane.sidecar.work import Job, Piece, Queue, batch_of


def job(n: int, *, keyed: bool = False) -> Job:
    return Job(pb.Profile(), {"messages": column("m", [b"x"] * n, widths=None)}, keyed=keyed)


def test_pieces_cover_a_job() -> None:
    lengths = [3, 0, 5000, 1, 1, 70_000, 2, *range(50)]
    items = [bytes([i % 256]) * length for i, length in enumerate(lengths)]
    made = Job(pb.Profile(scheme=4), {"messages": column("m", items, widths=None)}, keyed=False)
    for items_most, octets in ((1, 1), (7, 1000), (1000, 6000), (1000, 1 << 20)):
        pieces = Piece(made, 0, made.n).cut(items_most, octets)
        assert [piece.first for piece in pieces[1:]] == [piece.last for piece in pieces[:-1]]
        assert (pieces[0].first, pieces[-1].last) == (0, made.n)
        got: list[bytes] = []
        for piece in pieces:
            assert len(piece) <= items_most and (piece.size <= octets or len(piece) == 1)
            batch = pb.Batch.FromString(batch_of([piece]))
            assert batch.count == len(piece) and batch.ByteSize() <= piece.size + 64
            ends = np.frombuffer(batch.messages.offsets, "<u4")
            data = batch.messages.data
            if len(ends):
                got += [data[a:b] for a, b in pairwise(ends)]
            else:
                width = len(data) // len(piece)
                got += [data[i * width : (i + 1) * width] for i in range(len(piece))]
        assert got == items


def test_pieces_of_one_kind_go_together() -> None:
    """Whatever forms their columns have: the batch is that of all items in one list."""
    lists = [[b"a", b"bc", b""], [b"x"] * 5, [b"yz"] * 4, [b"", b""], [b"long" * 100, b"x"]]
    flat = [item for part in lists for item in part]
    profile = pb.Profile(scheme=4)
    pieces = Queue()
    for part in lists:
        made = Job(profile, {"messages": column("m", part, widths=None)}, keyed=False)
        pieces.put([Piece(made, 0, made.n)])
    number, sent = pieces.send(100, 10_000)
    assert [piece.job.n for piece in sent] == [3, 5, 4, 2, 2]
    batch = batch_of(sent, number)
    assert pb.Batch.FromString(batch).SerializeToString(deterministic=True) == batch
    whole = Job(profile, {"messages": column("m", flat, widths=None)}, keyed=False)
    assert batch == batch_of([Piece(whole, 0, whole.n)], number)
    same = Job(profile, {"messages": column("m", [b"ab"] * 6, widths=None)}, keyed=False)
    parts = [Piece(same, 0, 2), Piece(same, 2, 3), Piece(same, 3, 6)]
    assert batch_of(parts) == batch_of([Piece(same, 0, 6)])
    assert not pb.Batch.FromString(batch_of(parts)).messages.offsets


NAMES = ("keys", "signatures", "messages", "digests", "user_ids")
PARTS = st.lists(st.lists(st.binary(max_size=5) | st.just(b"same"), min_size=1), min_size=1)


@given(st.data())
def test_a_batch_is_what_protobuf_writes(data: Any) -> None:
    """Whatever its numbers, however many bytes: of some columns, cut anywhere."""
    number = data.draw(st.integers(0, 2**64 - 1))
    rows = data.draw(PARTS)
    cuts = [data.draw(st.integers(0, len(row) - 1)) for row in rows]
    names = data.draw(st.sets(st.sampled_from(NAMES), min_size=1))
    options = {"user_id": data.draw(st.none() | st.binary()), "low_s": data.draw(st.booleans())}
    profile = pb.Profile(scheme=data.draw(st.integers(0, 2**31 - 1)), **options)
    priority = data.draw(st.sampled_from(sorted(PRIORITIES)))
    expected = pb.Batch(id=number, profile=profile, priority=PRIORITIES[priority])
    pieces = []
    for row, cut in zip(rows, cuts, strict=True):
        made = {name: column(name, row, widths=None) for name in names}
        job = Job(profile, made, keyed=False, priority=priority)
        pieces.append(Piece(job, cut, len(row)))
    items = [item for row, cut in zip(rows, cuts, strict=True) for item in row[cut:]]
    expected.count = len(items)
    lengths = [len(item) for item in items]
    packed = all(len({len(item) for item in row}) == 1 for row in rows) and len({*lengths}) == 1
    ends = np.cumsum([0, *lengths]).astype("<u4").tobytes()
    for name in names:
        part = pb.Column(data=b"".join(items), offsets=b"" if packed else ends)
        getattr(expected, name).CopyFrom(part)
    assert batch_of(pieces, number) == expected.SerializeToString(deterministic=True)


def test_long_batches_are_what_protobuf_writes() -> None:
    rows = [[bytes([i]) * 64] * 300 for i in range(3)]
    pieces = [
        Piece(
            Job(pb.Profile(scheme=2), {"keys": column("keys", row, widths=None)}, keyed=False),
            0,
            300,
        )
        for row in rows
    ]
    data = b"".join(item for row in rows for item in row)
    batch = pb.Batch(profile=pb.Profile(scheme=2), count=900, keys=pb.Column(data=data))
    assert batch_of(pieces) == batch.SerializeToString()


def test_who_does_not_go_together() -> None:
    pieces = Queue()

    def put(n: int, **fields: Any) -> Piece:
        made = Job(pb.Profile(**fields), {"m": column("m", [b"x"] * n, widths=None)}, keyed=False)
        piece = Piece(made, 0, n)
        pieces.put([piece])
        return piece

    other = put(1, scheme=4), put(1, scheme=2), put(1, scheme=4, ed25519_rule=3)
    for piece in other:
        assert pieces.send(100, 10_000)[1] == [piece], "another kind"
    several = [put(40) for _ in range(4)]
    assert pieces.send(100, 10_000)[1] == several[:2], "items"
    assert pieces.send(100, 100)[1] == several[2:3], "bytes"
    assert pieces.send(1, 1)[1] == several[3:], "one goes always"
    pieces.lost()
    for piece in (*other, *several):
        assert pieces.send(100, 10_000)[1] == [piece], "what was lost goes alone"


def test_the_most_urgent_go_first() -> None:
    """In order among themselves; what was lost or comes back goes before those of its class."""
    pieces = Queue()
    put: dict[str, list[Piece]] = {}
    for priority in ("bulk", "mempool", "block", "consensus", "bulk", "block", "consensus"):
        columns = {"messages": column("m", [b"x"], widths=None)}
        piece = Piece(Job(pb.Profile(), columns, keyed=False, priority=priority), 0, 1)
        pieces.put([piece])
        put.setdefault(priority, []).append(piece)
    expected = [put[name] for name in ("consensus", "block", "mempool", "bulk")]
    sent = [pieces.send(100, 10_000)[1] for _ in range(4)]
    assert sent == expected, "those of different classes share no batch"
    assert pieces.send(100, 10_000)[1] == [] and not pieces.ready()
    pieces.lost()
    pieces.take_back([put["bulk"][1]])
    order = [pieces.next_to_settle() for _ in range(8)]
    bulk = [put["bulk"][1], *put["bulk"]]
    assert order == [*put["consensus"], *put["block"], *put["mempool"], *bulk]


def test_a_piece_is_answered_once() -> None:
    pieces = Queue()
    made = job(4)
    pieces.put(Piece(made, 0, 4).cut(2, 1000))
    old, (first,) = pieces.send(2, 1000)
    later, (second,) = pieces.send(2, 1000)
    assert pieces.send(2, 1000)[1] == []
    pieces.lost()
    number, again = pieces.send(2, 1000)
    assert again == [first] and number > later > old, "in order, with a new number"
    assert pieces.answered(old) == []
    assert pieces.answered(number) == [first]
    assert pieces.answered(number) == []
    first.job.answer(0, Answer(b"\1\5"))
    assert not made.future.done()
    assert pieces.next_to_settle() is second and pieces.next_to_settle() is None
    second.job.answer(2, Answer(b"\2\3"))
    assert made.future.result().codes.tolist() == [1, 5, 2, 3]
    assert len(pieces) == pieces.bytes == 0


def test_what_is_cancelled_is_not_sent() -> None:
    pieces = Queue()
    gone, kept = job(1), job(1)
    for each in (gone, kept):
        pieces.put([Piece(each, 0, 1)])
    assert gone.future.cancel()
    _, (sent,) = pieces.send(10, 1000)
    assert sent.job is kept
    gone.answer(0, Answer(b"\1"))
    gone.fail(ValueError())
    assert gone.future.cancelled() and len(pieces) == 1


def test_bytes_are_counted_whatever_happens() -> None:
    pieces, rng = Queue(), np.random.default_rng(1)
    held: list[Any] = []
    for _ in range(3000):
        step = rng.integers(6)
        if step == 0:
            pieces.put(Piece(job(3), 0, 3).cut(1, 1000))
        elif step == 1:
            pieces.send(int(rng.integers(1, 4)), 1000)
        elif step == 2:
            pieces.lost()
        elif step == 3 and pieces._sent:
            held += pieces.answered(min(pieces._sent))
        elif step == 4 and held:
            pieces.take_back([held.pop()])
        else:
            piece = pieces.next_to_settle()
            held += [piece] if piece is not None else []
        inside = [*pieces._waiting, *(piece for sent in pieces._sent.values() for piece in sent)]
        assert pieces.bytes == sum(piece.size for piece in inside)
        assert len(pieces) == len(inside)
