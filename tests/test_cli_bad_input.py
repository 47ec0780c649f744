"""`verilane` and what can't be used: one clear line, exit status 2, what was done is kept."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cli_files import COLUMNS, ITEMS, NAMES, RECOVER, assert_one_line, run, table_of
from verilane import devices

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


# ---- Bad input ----


def test_missing_column_lists_what_there_is(file: Path) -> None:
    result = run("verify", file, *COLUMNS, "--digests", "hash")
    assert_one_line(result, "no column 'hash'", "key, signature, digest, as_bool")
    result = run("verify", file, *COLUMNS, "--expected", "wanted")
    assert_one_line(result, "no column 'wanted'")


def test_wrong_type_and_width(file: Path, tmp_path: Path) -> None:
    assert_one_line(run("verify", file, *COLUMNS, "--keys", "as_name"), "'as_name' holds string")
    assert_one_line(run("verify", file, *COLUMNS, "--expected", "key"), "'key' holds binary")
    path = tmp_path / "narrow.parquet"
    fixed = {"key": pa.binary(33), "signature": pa.binary(64), "digest": pa.binary(20)}
    columns = {name: pa.array([bytes(k.byte_width)], k) for name, k in fixed.items()}
    pq.write_table(pa.table(columns), path)
    assert_one_line(run("verify", path, *COLUMNS), "'digest' holds 20 bytes a row, expected 32")
    result = run("recover", path, *RECOVER)
    assert_one_line(result, "'signature' holds 64 bytes a row, expected 65")


@pytest.mark.parametrize("kind", ["no file", "a folder", "empty", "text", "cut short"])
def test_unreadable_files(file: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "input.parquet"
    if kind == "a folder":
        path.mkdir()
    elif kind != "no file":
        data = file.read_bytes()
        path.write_bytes({"empty": b"", "text": b"hello" * 100}.get(kind, data[: len(data) // 2]))
    out = tmp_path / "out.parquet"
    assert_one_line(run("verify", path, *COLUMNS, "--out", out), str(path))
    assert not out.exists(), "nothing was verified"


def damaged(file: Path, path: Path, group: int) -> None:
    """A copy in which the signatures of one row group are overwritten."""
    column = pq.ParquetFile(file).metadata.row_group(group).column(1)
    data = bytearray(file.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xa5" * column.total_compressed_size
    path.write_bytes(data)


def test_verdicts_before_the_damage_are_kept(file: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "damaged.parquet", tmp_path / "out.parquet"
    damaged(file, path, 2)
    result = run("verify", path, *COLUMNS, "--out", out, "--batch-size", 100)
    assert_one_line(result, "unreadable after row 200")
    assert pq.read_table(out)["verdict"].to_pylist() == NAMES[:200]


def test_nulls_are_bad_input(tmp_path: Path) -> None:
    table = table_of(ITEMS[:50])
    keys = table["key"].to_pylist()
    keys[30] = None
    path, out = tmp_path / "nulls.parquet", tmp_path / "out.parquet"
    pq.write_table(table.set_column(0, "key", pa.array(keys, pa.binary())), path)
    result = run("verify", path, *COLUMNS, "--out", out, "--batch-size", 20)
    assert_one_line(result, "column 'key' is null in row 30")
    assert pq.read_table(out)["verdict"].to_pylist() == NAMES[:20]


def test_expected_values_must_be_verdicts(tmp_path: Path) -> None:
    table = table_of(ITEMS[:2])
    path = tmp_path / "expected.parquet"
    for values, message in [
        (pa.array(["OK", "FINE"]), "expected verdict 'FINE'"),
        (pa.array([1, 0]), "expected verdict 0"),
        (pa.array([1, 6]), "expected verdict 6"),
        (pa.array([0.5, 1.0]), "'as_bool' holds double"),
    ]:
        pq.write_table(table.set_column(3, "as_bool", values), path)
        assert_one_line(run("verify", path, *COLUMNS, "--expected", "as_bool"), message)


def test_out_may_not_be_the_input(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    assert_one_line(run("verify", file, *COLUMNS, "--out", file), "can't replace")
    assert file.read_bytes() == before
    missing = tmp_path / "no" / "such" / "out.parquet"
    assert_one_line(run("verify", file, *COLUMNS, "--out", missing), str(missing))


def test_bad_use(file: Path) -> None:
    assert_one_line(
        run("verify", file, *COLUMNS, "--device", "gpu:9"), "no device is named 'gpu:9'"
    )
    assert_one_line(
        run("verify", file, *COLUMNS, VERILANE_DEVICE="tpu"), "no device is named 'tpu'"
    )
    for wrong in (
        ["--encoding", "pem"],
        ["--scheme", "rsa"],
        ["--threads", "0"],
        ["--batch-size", "0"],
        ["--no-such-option"],
    ):
        result = run("verify", file, *COLUMNS, *wrong)
        assert result.returncode == 2, result
        assert wrong[0] in result.stderr
    assert run("verify", file).returncode == 2
    assert run("no-such-command").returncode == 2


def test_missing_device(file: Path) -> None:
    missing = [device for device in devices() if not device.available]
    if not missing:
        pytest.skip("this machine has every device")
    result = run("verify", file, *COLUMNS, "--device", missing[0].name)
    assert_one_line(result, str(missing[0].missing))


def test_interrupt_keeps_what_was_done(tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit status 130, and a readable file."""
    path, out = tmp_path / "long.parquet", tmp_path / "out.parquet"
    items, repeats = ITEMS[:200], 4000
    with pq.ParquetWriter(path, table_of(items).schema) as writer:
        writer.write_table(pa.concat_tables([table_of(items)] * repeats))
    options = ["--out", out, "--batch-size", "20", "--device", "cpu:scalar", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "verilane", "verify", path, *COLUMNS, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C is ignored in what a shell runs in the background, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not out.exists():
        time.sleep(0.01)
    time.sleep(0.5)  # all of it takes ten seconds and more
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert len(errors.strip().splitlines()) == 1, errors
    done = pq.read_table(out)["verdict"].to_pylist()
    assert 0 < len(done) < len(items) * repeats
    assert done == (NAMES[:200] * repeats)[: len(done)]


WIDTHS = {"key": 33, "signature": 64, "digest": 32}


def write_random_rows(path: Path, rows: int) -> None:
    """Rows of random bytes, 129 each, in row groups of 100,000."""
    schema = pa.schema([(name, pa.binary(width)) for name, width in WIDTHS.items()])
    rng = np.random.default_rng(1)
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for _ in range(rows // 100_000):
            arrays = []
            for width in WIDTHS.values():
                data = pa.py_buffer(rng.bytes(100_000 * width))
                arrays.append(pa.Array.from_buffers(pa.binary(width), 100_000, [None, data]))
            writer.write_batch(pa.record_batch(arrays, schema=schema))


MEASURED = """
import resource, sys
from verilane.cli import main
try:
    main()
except SystemExit as end:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(end.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit, file=sys.stderr)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """The file grows by 245 MB, what is held in memory by less than 100: it is streamed."""
    peaks = []
    for rows in (100_000, 2_000_000):
        path = tmp_path / f"{rows}.parquet"
        write_random_rows(path, rows)
        result = subprocess.run(
            [sys.executable, "-c", MEASURED, "verify", path, *COLUMNS],
            capture_output=True,
            text=True,
            check=True,
        )
        status, peak = map(int, result.stderr.split())
        assert status == 1
        assert f"{rows:,} signatures" in result.stdout
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 100, peaks
