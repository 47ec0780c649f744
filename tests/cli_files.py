"""What the tests of the command line share: a file of items, a run of the command."""

import os
import subprocess
import sys
from typing import Any

import pytest

from exceptional_items import one_of_each_kind
from items import Item, honest_items
from verilane import Verdict

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = [
    "--scheme",
    "secp256k1-ecdsa",
    "--keys",
    "key",
    "--signatures",
    "signature",
    "--digests",
    "digest",
]
RECOVER = ["--signatures", "signature", "--digests", "digest"]
ITEMS = [*honest_items()[:300], *one_of_each_kind()]
NAMES = [Verdict(item.verdict).name for item in ITEMS]
BAD = sum(item.verdict != 1 for item in ITEMS)


def run(*arguments: Any, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "verilane", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def table_of(items: list[Item]) -> Any:
    return pa.table(
        {
            "key": pa.array([item.key for item in items], pa.binary()),
            "signature": pa.array([item.signature for item in items], pa.binary()),
            "digest": pa.array([item.digest for item in items], pa.binary()),
            "as_bool": pa.array([item.verdict == 1 for item in items]),
            "as_code": pa.array([item.verdict for item in items], pa.uint8()),
            "as_name": pa.array([Verdict(item.verdict).name for item in items]),
        }
    )


def assert_one_line(result: "subprocess.CompletedProcess[str]", *parts: str) -> None:
    """Bad input: exit status 2, one clear line on stderr, nothing else."""
    assert result.returncode == 2, result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for part in parts:
        assert part in result.stderr
    assert "Traceback" not in result.stderr
