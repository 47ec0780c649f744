"""Verdicts for a whole Parquet file: batches through the library, results to a file, a tally at the
end.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .. import ed25519, sm2
from .._verdicts import Verdict, Verdicts
from ..errors import VerilaneError
from ..p256 import ecdsa as p256_ecdsa
from ..secp256k1 import ecdsa, schnorr
from .progress import Progress
from .stream import BadInput, Reader, Writer

__all__ = [
    "Check",
    "Tally",
    "ecdsa_check",
    "ed25519_check",
    "recover",
    "schnorr_check",
    "sm2_check",
    "verify",
]

FAILURES_SHOWN = 10

Good = NDArray[np.bool_]
Step = Callable[[pa.RecordBatch], "tuple[Verdicts, Good, list[Any]]"]
"""Does one batch: returns its verdicts, which rows are as they should be, and the values for
further columns of the results."""


@dataclass
class Tally:
    """What is known of the file so far."""

    rows: int = 0
    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    failures: int = 0
    first_failures: list[tuple[int, Verdict]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, verdicts: Verdicts, good: Good) -> None:
        """Counts the next batch."""
        for verdict, number in verdicts.counts().items():
            self.counts[verdict] += number
        failed = np.flatnonzero(~good)
        self.failures += len(failed)
        for row in failed[: FAILURES_SHOWN - len(self.first_failures)].tolist():
            self.first_failures.append((self.rows + row, verdicts[row]))
        self.rows += len(verdicts)


@dataclass(frozen=True)
class Check:
    """What a scheme reads of every row, and how it verifies a batch of such columns.

    columns: the names and the widths that their items may have, in the order of verify_many's
    arguments.
    """

    columns: list[tuple[str, "tuple[int, ...] | None"]]
    verify_many: Callable[..., Verdicts]

    @property
    def names(self) -> list[str]:
        """The columns to read."""
        return [name for name, _ in self.columns]


ECDSA: dict[str, Callable[..., Verdicts]] = {
    "secp256k1-ecdsa": ecdsa.verify_many,
    "p256-ecdsa": p256_ecdsa.verify_many,
}


def ecdsa_check(
    scheme: str, keys: str, signatures: str, digests: str, *, encoding: str, **options: Any
) -> Check:
    """ECDSA over the curve of `scheme`; `options` are those of ecdsa.verify_many."""
    return Check(
        [
            (keys, ecdsa.KEY_WIDTHS),
            (signatures, ecdsa.COMPACT_WIDTHS if encoding == "compact" else None),
            (digests, ecdsa.DIGEST_WIDTHS),
        ],
        partial(ECDSA[scheme], encoding=encoding, **options),
    )


def schnorr_check(keys: str, signatures: str, messages: str, **options: Any) -> Check:
    """BIP-340; `options` are those of schnorr.verify_many."""
    return Check(
        [(keys, schnorr.KEY_WIDTHS), (signatures, schnorr.SIGNATURE_WIDTHS), (messages, None)],
        partial(schnorr.verify_many, **options),
    )


def ed25519_check(keys: str, signatures: str, messages: str, **options: Any) -> Check:
    """Ed25519; `options` are those of ed25519.verify_many."""
    return Check(
        [(keys, ed25519.KEY_WIDTHS), (signatures, ed25519.SIGNATURE_WIDTHS), (messages, None)],
        partial(ed25519.verify_many, **options),
    )


def sm2_check(
    keys: str | None,
    signatures: str,
    messages: str | None,
    *,
    digests: str | None,
    user_ids: str | None,
    user_id: str | None,
    encoding: str,
    **options: Any,
) -> Check:
    """SM2, of messages or of digests; keys None: "fisco" signatures hold them. user_ids: a column;
    user_id: one for all. `options` are those of sm2.verify_many.
    """
    widths = {
        "keys": (keys, sm2.KEY_WIDTHS),
        "signatures": (signatures, sm2.SIGNATURE_WIDTHS[encoding]),
        "messages": (messages, None),
        "digests": (digests, sm2.DIGEST_WIDTHS),
        "user_id": (user_ids, None),
    }
    read = {name: column for name, column in widths.items() if column[0] is not None}
    given: dict[str, Any] = {"keys": None, "encoding": encoding, **options}
    if user_id is not None:
        given["user_id"] = os.fsencode(user_id)  # the bytes that were typed

    def verify_many(*columns: pa.Array) -> Verdicts:
        return sm2.verify_many(**given | dict(zip(read, columns, strict=True)))

    return Check([(name, width) for name, width in read.values() if name], verify_many)


def verify(
    reader: Reader,
    tally: Tally,
    check: Check,
    *,
    expected: str | None,
    out: Path | None,
    batch_size: int,
) -> None:
    """Verifies every row. Raises BadInput."""
    for name, widths in check.columns:
        reader.check(name, widths)
    agrees = _expectation(reader, expected)

    def step(batch: pa.RecordBatch) -> tuple[Verdicts, Good, list[Any]]:
        verdicts = check.verify_many(*(batch.column(name) for name in check.names))
        good = agrees(verdicts.codes, batch)
        return verdicts, good, [] if expected is None else [good]

    more = [] if expected is None else [pa.field("as_expected", pa.bool_())]
    _run(reader, tally, step, out, more, batch_size)


def recover(
    reader: Reader,
    tally: Tally,
    *,
    signatures: str,
    digests: str,
    expected: str | None,
    out: Path | None,
    batch_size: int,
    **options: Any,
) -> None:
    """Recovers the key of every row; `options` are those of ecdsa.recover_many. Raises BadInput."""
    reader.check(signatures, ecdsa.RECOVERABLE_WIDTHS)
    reader.check(digests, ecdsa.DIGEST_WIDTHS)
    if expected is not None:
        reader.check(expected, (64,))

    def step(batch: pa.RecordBatch) -> tuple[Verdicts, Good, list[Any]]:
        keys, verdicts = ecdsa.recover_many(
            batch.column(signatures), batch.column(digests), **options
        )
        packed = pa.py_buffer(keys)
        column = pa.Array.from_buffers(pa.binary(64), len(keys), [None, packed])
        good = verdicts.codes == int(Verdict.OK)
        if expected is None:
            return verdicts, good, [column]
        same = pc.equal(column.cast(pa.binary()), _plain(batch.column(expected)).cast(pa.binary()))
        good &= same.to_numpy(zero_copy_only=False)
        return verdicts, good, [column, good]

    more = [pa.field("public_key", pa.binary(64))]
    if expected is not None:
        more.append(pa.field("as_expected", pa.bool_()))
    _run(reader, tally, step, out, more, batch_size)


def _run(
    reader: Reader,
    tally: Tally,
    step: Step,
    out: Path | None,
    more: list[pa.Field],
    batch_size: int,
) -> None:
    """Does batch after batch. Whatever ends it, `tally` and the file `out` hold what was done."""
    schema = pa.schema([pa.field("row", pa.int64()), pa.field("verdict", pa.string()), *more])
    began = time.perf_counter()
    try:
        with Writer(out, schema, reader.path) as writer, Progress(reader.rows) as progress:
            for batch in reader.batches(batch_size):
                verdicts, good, columns = step(batch)
                rows = np.arange(tally.rows, tally.rows + len(verdicts))
                writer.write([rows, _names(verdicts.codes), *columns])
                tally.add(verdicts, good)
                progress.advance(len(verdicts))
    except (ValueError, VerilaneError) as error:
        raise BadInput(f"{reader.path}: {error}") from None
    finally:
        tally.seconds = time.perf_counter() - began


def _names(codes: NDArray[np.uint8]) -> pa.Array:
    names = pa.array([verdict.name for verdict in Verdict])
    return pa.DictionaryArray.from_arrays(codes.astype(np.int8), names).dictionary_decode()


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _expectation(
    reader: Reader, name: str | None
) -> Callable[[NDArray[np.uint8], pa.RecordBatch], Good]:
    """Returns what compares verdicts with the expected column: true and false, codes or names."""
    if name is None:
        return lambda codes, batch: codes == int(Verdict.OK)
    kind = reader.schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        convert = _expected_bools
    elif pa.types.is_integer(kind):
        convert = _expected_codes
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        convert = _expected_names
    else:
        raise BadInput(
            f"{reader.path}: column {name!r} holds {kind}, expected true and false, "
            "verdict codes or verdict names"
        )

    def agrees(codes: NDArray[np.uint8], batch: pa.RecordBatch) -> Good:
        return convert(codes, _plain(batch.column(name)))

    return agrees


def _expected_bools(codes: NDArray[np.uint8], values: pa.Array) -> Good:
    wanted: Good = values.to_numpy(zero_copy_only=False)
    good: Good = (codes == int(Verdict.OK)) == wanted
    return good


def _expected_codes(codes: NDArray[np.uint8], values: pa.Array) -> Good:
    wanted = values.to_numpy(zero_copy_only=False)
    unknown = wanted[(wanted < int(Verdict.OK)) | (wanted > int(max(Verdict)))]
    if len(unknown):
        raise BadInput(f"expected verdict {unknown[0]}: there is no such code")
    good: Good = codes == wanted
    return good


def _expected_names(codes: NDArray[np.uint8], values: pa.Array) -> Good:
    names = [verdict.name for verdict in Verdict if verdict != Verdict.UNDECIDED]
    known = pc.is_in(values, value_set=pa.array(names, values.type))
    if not pc.all(known, min_count=0).as_py():
        unknown = values.filter(pc.invert(known))[0].as_py()
        raise BadInput(f"expected verdict {unknown!r}: there are {', '.join(names)}")
    same: Good = pc.equal(_names(codes).cast(values.type), values).to_numpy(zero_copy_only=False)
    return same
