"""Hostile batches of the schemes with batch equations, Ed25519 and BIP-340: each beside a clean
batch of the same scheme and size.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from workload import (
    ED25519_RELATED,
    SCHNORR_RELATED,
    Columns,
    ed25519_signatures,
    forged,
    packed,
    repeated,
    schnorr_signatures,
    some_forged,
)

from verilane import Verdict, ed25519, secp256k1


class Batch(NamedTuple):
    """bad: how many items are a MISMATCH, or None for all."""

    columns: Callable[[int], Columns]
    bad: int | None = 0


def batches(
    signed: Callable[[int], Columns], related: dict[str, Callable[[int], Columns]]
) -> dict[str, Batch]:
    """Where some are forged, the equation fails and they have to be found."""
    some = {f"{bad} forged": Batch(partial(some_forged, signed, bad), bad) for bad in (1, 2, 16)}
    return {
        "clean": Batch(signed),
        "all forged": Batch(partial(forged, signed), None),
        **some,
        "one repeated": Batch(partial(repeated, signed)),
        **{name: Batch(columns) for name, columns in related.items()},
    }


ROWS = [
    pytest.param(
        module,
        batch,
        n,
        marks=pytest.mark.benchmark(group=f"{scheme}, hostile, n = {n}"),
        id=f"{scheme}, {name}, {n}items",
    )
    for scheme, module, kinds in [
        ("ed25519", ed25519, batches(ed25519_signatures, ED25519_RELATED)),
        ("schnorr", secp256k1.schnorr, batches(schnorr_signatures, SCHNORR_RELATED)),
    ]
    for name, batch in kinds.items()
    for n in (64, 1024)
]


@pytest.mark.parametrize(("module", "batch", "n"), ROWS)
def test_hostile(measure: Any, module: Any, batch: Batch, n: int) -> None:
    columns = [packed(column) for column in batch.columns(n)]
    clean = batch.columns in (ed25519_signatures, schnorr_signatures)
    verdicts = measure(lambda: module.verify_many(*columns, threads=1), n, base=clean)
    bad = n if batch.bad is None else batch.bad
    assert verdicts.count(Verdict.MISMATCH) == bad
    assert verdicts.count(Verdict.OK) == n - bad
