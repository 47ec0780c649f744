"""Which rows benchmarks have: batch sizes, instruction sets, and the groups that rows stand in."""

from typing import Any

import pytest

import verilane

BATCHES = [1, 8, 64, 1024, 16384]
MANY = [n for n in BATCHES if n >= 1024]
SLOW_PEER = [n for n in BATCHES if n <= 1024]  # OpenSSL: a batch of 16,384 takes seconds

HERE = [device for device in verilane.devices() if device.available]
SIGNATURE_ISAS = [d.name for d in HERE if d.signature_lanes and d.kind == "cpu"]
HASH_ISAS = [d.name for d in HERE if d.hash_lanes and d.kind == "cpu"]
HASHERS = [d.name for d in HERE if d.hash_lanes]  # of whole trees; proofs and tries are the CPU's


def sizes(group: str, batches: list[int] = BATCHES) -> Any:
    """A row of this group for each batch size."""
    rows = [
        pytest.param(n, marks=pytest.mark.benchmark(group=f"{group}, n = {n}"), id=f"{n}items")
        for n in batches
    ]
    return pytest.mark.parametrize("n", rows)
