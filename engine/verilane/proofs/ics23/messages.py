"""CommitmentProofs read into tables: one row for each proof of existence or of a gap, and for each
step of their paths.

Source: cosmos/ics23, proto/cosmos/ics23/v1/proofs.proto (v0.11, before ExclusionProof).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ragged import Ints, Part, ragged
from ..wire import BYTES, NUMBER, Fields, read_fields, read_packed

__all__ = ["Gaps", "Leaves", "Proofs", "Steps", "read_proofs"]

Numbers = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_COMMITMENT = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES}  # exist, nonexist, batch, compressed
_ENTRIES = {1: BYTES}
_COMPRESSED = {1: BYTES, 2: BYTES}  # entries, lookup_inners
_ENTRY = {1: BYTES, 2: BYTES}  # exist, nonexist
_EXISTENCE = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES}  # key, value, leaf, path
_GAP = {1: BYTES, 2: BYTES, 3: BYTES}  # key, left, right
_LEAF = {1: NUMBER, 2: NUMBER, 3: NUMBER, 4: NUMBER, 5: BYTES}
_INNER = {1: NUMBER, 2: BYTES, 3: BYTES}  # hash, prefix, suffix


class Steps(NamedTuple):
    """InnerOps: hash, and where prefix and suffix lie."""

    hash: Numbers
    prefix: tuple[Ints, Ints]
    suffix: tuple[Ints, Ints]


class Leaves(NamedTuple):
    """Proofs of existence: key, value, LeafOp, and the path: the steps' rows path[offsets[i] :
    offsets[i + 1]].

    proof: whose it is. top: it is a whole proof or a batch's entry, no part of a gap.
    """

    proof: Ints
    top: Mask
    key: tuple[Ints, Ints]
    value: tuple[Ints, Ints]
    has_leaf: Mask
    ops: tuple[Numbers, Numbers, Numbers, Numbers]
    prefix: tuple[Ints, Ints]
    path: Ints
    offsets: Ints


class Gaps(NamedTuple):
    """Proofs of non-existence: the rows of the leaves left and right of the gap, -1 for none."""

    proof: Ints
    left: Ints
    right: Ints


class Proofs(NamedTuple):
    """All that n CommitmentProofs hold; the rows of a proof come in the order of its bytes. good:
    which proofs could be read. batch: which are batches.
    """

    good: Mask
    batch: Mask
    leaves: Leaves
    gaps: Gaps
    steps: Steps


class _Messages(NamedTuple):
    """Messages of one type: whose they are, and where."""

    proof: Ints
    start: Ints
    end: Ints

    def joined(self, *others: "_Messages") -> "_Messages":
        columns = zip(*[self, *others], strict=True)
        return _Messages(*[np.concatenate(column) for column in columns])


class _Sides(NamedTuple):
    """Proofs of gaps: where each side's proof is, -1 for none."""

    messages: _Messages
    left: Ints
    right: Ints


class _Reader:
    """Reads messages, and remembers which proofs were found to be none."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.good = np.ones(len(part.start), bool)

    def fields(self, messages: _Messages, types: dict[int, int]) -> Fields:
        return read_fields(self.part, messages.start, messages.end, types)

    def refuse(self, messages: _Messages, wrong: Mask) -> None:
        self.good[messages.proof[wrong]] = False

    def one_of(self, messages: _Messages, fields: Fields, numbers: Iterable[int]) -> None:
        """Refuses messages that do not hold exactly one of these."""
        count = sum(fields.slice(number)[2].astype(np.int64) for number in numbers)
        self.refuse(messages, (count != 1) | ~fields.good)


def _inside(messages: _Messages, fields: Fields, number: int) -> tuple[_Messages, Ints]:
    """Returns the messages that a field holds, and the rows of those that they lie in."""
    row, start, end = fields.repeated(number)
    return _Messages(messages.proof[row], start, end), row


def read_proofs(part: Part) -> Proofs:
    """Reads the items of a column as CommitmentProofs."""
    reader = _Reader(part)
    whole = _Messages(np.arange(len(part.start)), part.start, part.end)
    fields = reader.fields(whole, _COMMITMENT)
    reader.one_of(whole, fields, _COMMITMENT)
    exist, gap, batch, packed = (_inside(whole, fields, number)[0] for number in _COMMITMENT)
    is_batch = np.zeros(len(part.start), bool)
    is_batch[batch.proof] = is_batch[packed.proof] = True

    fields = reader.fields(batch, _ENTRIES)
    reader.refuse(batch, ~fields.good)
    entries = _entries(reader, _inside(batch, fields, 1)[0])
    fields = reader.fields(packed, _COMPRESSED)
    reader.refuse(packed, ~fields.good)
    packed_entries = _entries(reader, _inside(packed, fields, 1)[0])
    lookup = _inside(packed, fields, 2)[0]

    plain_gaps, left_right = _gaps(reader, gap.joined(entries[1]))
    packed_gaps, packed_left_right = _gaps(reader, packed_entries[1])
    plain = exist.joined(entries[0], *left_right)
    compressed = packed_entries[0].joined(*packed_left_right)
    tops = [len(exist.proof) + len(entries[0].proof), len(packed_entries[0].proof)]
    leaves, steps, row_of = _leaves(reader, plain, compressed, lookup, tops)
    gaps = _numbered(row_of, (plain_gaps, packed_gaps), (tops[0], len(plain.proof) + tops[1]))
    return Proofs(reader.good, is_batch, leaves, gaps, steps)


def _entries(reader: _Reader, messages: _Messages) -> tuple[_Messages, _Messages]:
    """Reads a batch's entries: proofs of existence, and of gaps."""
    fields = reader.fields(messages, _ENTRY)
    reader.one_of(messages, fields, _ENTRY)
    return _inside(messages, fields, 1)[0], _inside(messages, fields, 2)[0]


def _gaps(reader: _Reader, messages: _Messages) -> tuple[_Sides, list[_Messages]]:
    """Reads proofs of gaps: returns the places of their sides among all that is left and right of
    gaps, and those.

    The key is not read: a proof is one of a gap, and so of every key in it.
    """
    fields = reader.fields(messages, _GAP)
    fields.slice(1)
    sides, places, base = [], [], 0
    for number in (2, 3):
        side, row = _inside(messages, fields, number)
        fields.slice(number)
        place = np.full(len(messages.proof), -1, np.int64)
        place[row] = base + np.arange(len(row))
        base += len(row)
        sides.append(side)
        places.append(place)
    reader.refuse(messages, ~fields.good)
    return _Sides(messages, places[0], places[1]), sides


def _numbered(row_of: Ints, kinds: tuple[_Sides, ...], bases: tuple[int, ...]) -> Gaps:
    """Returns all gaps in the order of their bytes, with the rows of their sides."""
    messages = kinds[0].messages.joined(*[kind.messages for kind in kinds[1:]])
    order = np.argsort(messages.start, kind="stable")
    sides = []
    for columns in ([kind.left for kind in kinds], [kind.right for kind in kinds]):
        for place, base in zip(columns, bases, strict=True):
            place[place >= 0] = row_of[base + place[place >= 0]]
        sides.append(np.concatenate(columns)[order])
    return Gaps(messages.proof[order], *sides)


def _leaves(
    reader: _Reader,
    plain: _Messages,
    compressed: _Messages,
    lookup: _Messages,
    tops: list[int],
) -> tuple[Leaves, Steps, Ints]:
    """Reads all proofs of existence, and returns also the row of each: they are sorted."""
    messages = plain.joined(compressed)
    top = np.zeros(len(messages.proof), bool)
    top[: tops[0]] = True
    top[len(plain.proof) : len(plain.proof) + tops[1]] = True
    order = np.argsort(messages.start, kind="stable")
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.arange(len(order))
    messages = _Messages(*[column[order] for column in messages])
    is_packed = order >= len(plain.proof)

    # A compressed path is one field of bytes; a plain one is a field for each step.
    fields = reader.fields(messages, _EXISTENCE)
    key, value, leaf = fields.slice(1), fields.slice(2), fields.slice(3)
    row, start, end = fields.repeated(4)
    own = ~is_packed[row]
    inners = _Messages(messages.proof[row[own]], start[own], end[own])
    paths = _Messages(row[~own], start[~own], end[~own])
    reader.refuse(messages, ~fields.good | (is_packed & (np.bincount(row, minlength=len(top)) > 1)))

    steps = _steps(reader, inners.joined(lookup))
    path_row, path = _packed_paths(reader, messages, paths, lookup, len(inners.proof))
    of = np.concatenate([row[own], path_row])
    path = np.concatenate([np.arange(len(inners.proof)), path])[np.argsort(of, kind="stable")]
    offsets = ragged(np.bincount(of, minlength=len(top)).astype(np.int64))

    ops = reader.fields(_Messages(messages.proof, leaf[0], leaf[1]), _LEAF)
    prefix = ops.slice(5)
    numbers = ops.number(1), ops.number(2), ops.number(3), ops.number(4)
    reader.refuse(messages, ~ops.good)
    return (
        Leaves(
            messages.proof,
            top[order],
            key[:2],
            value[:2],
            leaf[2],
            numbers,
            prefix[:2],
            path,
            offsets,
        ),
        steps,
        row_of,
    )


def _steps(reader: _Reader, messages: _Messages) -> Steps:
    fields = reader.fields(messages, _INNER)
    steps = Steps(fields.number(1), fields.slice(2)[:2], fields.slice(3)[:2])
    reader.refuse(messages, ~fields.good)
    return steps


def _packed_paths(
    reader: _Reader, messages: _Messages, paths: _Messages, lookup: _Messages, base: int
) -> tuple[Ints, Ints]:
    """Reads compressed paths, whose `proof` is the leaf's row: returns for each step the leaf's row
    and its own, which is `base` and more.
    """
    which, index, good = read_packed(reader.part, paths.start, paths.end)
    row = paths.proof[which]
    proof = messages.proof[row]
    counts = np.bincount(lookup.proof, minlength=len(reader.good))
    right = index < counts[proof].astype(np.uint64)
    reader.good[messages.proof[paths.proof[~good]]] = False
    reader.good[proof[~right]] = False
    # lookup is sorted by proof, since it comes from messages that are.
    first = ragged(counts.astype(np.int64))[proof]
    return row, np.where(right, base + first + index.astype(np.int64), 0)
