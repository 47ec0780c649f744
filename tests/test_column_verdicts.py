"""Signatures get the same verdicts from every form that a column may have."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from items import honest_items
from verilane import secp256k1

pa = pytest.importorskip("pyarrow")


def compact_rows() -> tuple[list[bytes], list[bytes], list[bytes], list[int]]:
    items = [item for item in honest_items() if len(item.key) == 64][:100]
    assert {item.verdict for item in items} == {1, 5}
    columns = [[getattr(item, name) for item in items] for name in ("key", "signature", "digest")]
    return *columns, [item.verdict for item in items]  # type: ignore[return-value]


VERDICT_FORMS: dict[str, Callable[[list[bytes], int], Any]] = {
    "list": lambda rows, width: rows,
    "packed": lambda rows, width: b"".join(rows),
    "numpy": lambda rows, width: np.frombuffer(b"".join(rows), np.uint8).reshape(-1, width),
    "arrow fixed": lambda rows, width: pa.array(rows, pa.binary(width)),
    "arrow binary": lambda rows, width: pa.array([b"?", *rows], pa.binary())[1:],
    "arrow chunks": lambda rows, width: pa.chunked_array([rows[:9], rows[9:]], pa.large_binary()),
    "offsets": lambda rows, width: (b"".join(rows), np.arange(len(rows) + 1) * width),
}


@pytest.mark.parametrize("form", VERDICT_FORMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_verdicts_from_every_form(isa: str, form: str, threads: int) -> None:
    *rows, expected = compact_rows()
    columns = [
        VERDICT_FORMS[form](part, width) for part, width in zip(rows, (64, 64, 32), strict=True)
    ]
    verdicts = secp256k1.ecdsa.verify_many(*columns, device=isa, threads=threads)
    assert verdicts.codes.tolist() == expected


def test_forms_may_differ_from_column_to_column(isa: str) -> None:
    keys, signatures, digests, expected = compact_rows()
    verdicts = secp256k1.ecdsa.verify_many(
        pa.array(keys, pa.binary()), signatures, b"".join(digests), device=isa
    )
    assert verdicts.codes.tolist() == expected


def test_items_of_wrong_lengths_get_verdicts(isa: str) -> None:
    item = next(item for item in honest_items() if item.verdict == 1)
    lengths = [0, 1, 31, 32, 33, 63, 64, 65, 66, 300]
    keys = [bytes(length) for length in lengths]
    n = len(lengths)
    for columns, wanted in [
        ((keys, [item.signature] * n, [item.digest] * n), 2),
        (([item.key] * n, keys, [item.digest] * n), 3),
        (([item.key] * n, [item.signature] * n, [k for k in keys if len(k) != 32] + [b""]), 4),
    ]:
        codes = secp256k1.ecdsa.verify_many(*columns, device=isa).codes
        assert (codes == wanted).all(), (wanted, codes)
