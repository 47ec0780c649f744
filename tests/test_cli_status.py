"""What the command's exit status says when the fault lies outside the items: a full disk, an
output that nobody reads, a fault of our own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from cli_files import COLUMNS, ITEMS, assert_one_line, run, table_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FULL = Path("/dev/full")  # every write fails as on a full disk
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@needs_full
def test_disk_full_while_the_results_are_written(good_file: Path, tmp_path: Path) -> None:
    """So few rows are written when the file is closed, not before."""
    out = tmp_path / "out.parquet"
    out.symlink_to(FULL)
    assert_one_line(run("verify", good_file, *COLUMNS, "--out", out), str(out))


@needs_full
def test_standard_output_that_cannot_be_written(good_file: Path) -> None:
    with FULL.open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "verilane", "verify", good_file, *COLUMNS],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert result.returncode == 2, "all valid, but nobody was told"
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("verilane: ")


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    table = table_of(ITEMS[:10])
    path = tmp_path / "twice.parquet"
    pq.write_table(table.append_column("key", table["key"]), path)
    assert_one_line(run("verify", path, *COLUMNS), "2 columns are named 'key'")


@pytest.mark.parametrize("size", [1 << 24, (1 << 24) + 1, 1 << 70])
def test_batch_size_has_a_limit(good_file: Path, size: int) -> None:
    result = run("verify", good_file, *COLUMNS, "--batch-size", size)
    assert result.returncode == (0 if size == 1 << 24 else 2), result
    assert "Traceback" not in result.stderr


BROKEN = """
import sys
from verilane.cli import audit, main
def verify(*arguments, **options):
    raise AssertionError("a fault of ours")
audit.verify = verify
main()
"""


def test_a_fault_of_ours_is_not_a_verdict(good_file: Path) -> None:
    """1 would say "not all valid", 2 "bad input"."""
    result = subprocess.run(
        [sys.executable, "-c", BROKEN, "verify", good_file, *COLUMNS],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 70
    assert "a fault of ours" in result.stderr
