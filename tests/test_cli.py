"""The command `verilane`, run as a process: results, exit statuses, files kept."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_files import BAD, COLUMNS, ITEMS, NAMES, RECOVER, assert_one_line, run, table_of
from items import honest_items
from reference import p256
from verilane import devices, secp256k1

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


# ---- verify ----


def test_all_valid_is_0(good_file: Path) -> None:
    result = run("verify", good_file, *COLUMNS)
    assert result.returncode == 0, result
    n = len(ITEMS) - BAD
    assert f"{n} signatures in" in result.stdout
    assert "not OK: 0 rows" in result.stdout
    assert result.stderr == "", "no progress bar without a terminal"


def test_one_failure_is_1(file: Path) -> None:
    result = run("verify", file, *COLUMNS)
    assert result.returncode == 1
    assert f"not OK: {BAD} rows" in result.stdout
    for verdict in set(NAMES):
        line = next(line for line in result.stdout.splitlines() if line.strip().startswith(verdict))
        assert str(NAMES.count(verdict)) in line.split()
    first = next(index for index, name in enumerate(NAMES) if name != "OK")
    assert f"  row {first}: {NAMES[first]}" in result.stdout


def test_p256(tmp_path: Path) -> None:
    path = tmp_path / "p256.parquet"
    pq.write_table(table_of(honest_items(curve=p256.CURVE)[:100]), path)
    columns = ["--scheme", "p256-ecdsa", *COLUMNS[2:]]
    result = run("verify", path, *columns, "--expected", "as_name")
    assert result.returncode == 0, result
    assert "not as expected: 0 rows" in result.stdout
    assert run("verify", path, *COLUMNS, "--expected", "as_name").returncode == 1


@pytest.mark.parametrize("column", ["as_bool", "as_code", "as_name"])
def test_expected_verdicts(file: Path, tmp_path: Path, column: str) -> None:
    result = run("verify", file, *COLUMNS, "--expected", column)
    assert result.returncode == 0, result
    assert "not as expected: 0 rows" in result.stdout
    table = pq.read_table(file)
    wrong = table.filter(pa.array([i not in (5, 260) for i in range(len(table))]))
    lie = table.slice(5, 1).set_column(3, "as_bool", pa.array([not table["as_bool"][5].as_py()]))
    lie = lie.set_column(4, "as_code", pa.array([2], pa.uint8()))
    lie = lie.set_column(5, "as_name", pa.array(["BAD_KEY"]))
    pq.write_table(pa.concat_tables([wrong, lie]), tmp_path / "lie.parquet")
    result = run("verify", tmp_path / "lie.parquet", *COLUMNS, "--expected", column)
    assert result.returncode == 1
    assert "not as expected: 1 rows" in result.stdout
    assert f"row {len(wrong)}: {NAMES[5]}" in result.stdout


@pytest.mark.parametrize("batch", [1, 7, 100, 65536])
def test_out_holds_every_verdict(file: Path, tmp_path: Path, batch: int) -> None:
    out = tmp_path / "verdicts.parquet"
    options = ["--expected", "as_name", "--out", out, "--batch-size", batch]
    assert run("verify", file, *COLUMNS, *options).returncode == 0
    table = pq.read_table(out)
    assert table["row"].to_pylist() == list(range(len(ITEMS)))
    assert table["verdict"].to_pylist() == NAMES
    assert all(table["as_expected"].to_pylist())
    again = run("verify", file, *COLUMNS, "--out", out)
    assert again.returncode == 1, "an older result is replaced"
    assert pq.read_table(out).column_names == ["row", "verdict"]


def test_every_device(file: Path, isa: str) -> None:
    result = run("verify", file, *COLUMNS, "--expected", "as_code", "--device", isa, "--threads", 1)
    assert result.returncode == 0, result


def test_options_reach_the_rules(tmp_path: Path) -> None:
    from reference.secp256k1 import N

    valid = next(item for item in ITEMS if item.verdict == 1 and len(item.key) == 65)
    r, s = valid.signature[:32], int.from_bytes(valid.signature[32:], "big")
    high = r + max(s, N - s).to_bytes(32, "big")
    hybrid = bytes([6 + valid.key[64] % 2]) + valid.key[1:]
    path = tmp_path / "rules.parquet"
    rows = [(valid.key, high), (hybrid, high)]
    columns = {
        "key": [k for k, _ in rows],
        "signature": [s for _, s in rows],
        "digest": [valid.digest] * 2,
    }
    pq.write_table(pa.table({name: pa.array(c, pa.binary()) for name, c in columns.items()}), path)
    for options, wanted in [
        ([], ["OK", "BAD_KEY"]),
        (["--hybrid-keys"], ["OK", "OK"]),
        (["--low-s"], ["BAD_SIGNATURE", "BAD_KEY"]),
        (["--low-s", "--hybrid-keys"], ["BAD_SIGNATURE", "BAD_SIGNATURE"]),
        (["--encoding", "der"], ["BAD_SIGNATURE", "BAD_KEY"]),
        (["--encoding", "der-lax"], ["BAD_SIGNATURE", "BAD_KEY"]),
    ]:
        out = tmp_path / "out.parquet"
        run("verify", path, *COLUMNS, *options, "--out", out)
        assert pq.read_table(out)["verdict"].to_pylist() == wanted, options


def test_column_kinds(tmp_path: Path) -> None:
    """Fixed-size, large, and dictionary columns; and an empty file."""
    items = [item for item in ITEMS if len(item.key) == 64 and len(item.signature) == 64]
    table = table_of(items)
    fixed = table
    for index, width in enumerate([64, 64, 32]):
        values = table.column(index).combine_chunks().cast(pa.binary(width))
        fixed = fixed.set_column(index, table.column_names[index], values)
    large = table.set_column(0, "key", table["key"].cast(pa.large_binary()))
    repeated = table.set_column(0, "key", table["key"].combine_chunks().dictionary_encode())
    for number, each in enumerate([fixed, large, repeated, table.slice(0, 0)]):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(each, path)
        result = run("verify", path, *COLUMNS, "--expected", "as_name")
        assert result.returncode == 0, result
        assert f"{len(each)} signatures" in result.stdout


# ---- recover ----


def recoverable_table() -> Any:
    items = [item for item in honest_items() if item.verdict == 1][:50]
    signatures = [item.signature + bytes([i]) for item in items for i in range(4)]
    digests = [item.digest for item in items for _ in range(4)]
    keys, verdicts = secp256k1.ecdsa.recover_many(signatures, digests, device="cpu:scalar")
    return pa.table(
        {
            "signature": pa.array(signatures, pa.binary(65)),
            "digest": pa.array(digests, pa.binary(32)),
            "key": pa.array([key.tobytes() for key in keys], pa.binary(64)),
            "verdict": pa.array([verdict.name for verdict in verdicts]),
        }
    )


def test_recover(tmp_path: Path) -> None:
    table = recoverable_table()
    path, out = tmp_path / "signed.parquet", tmp_path / "keys.parquet"
    pq.write_table(table, path)
    result = run("recover", path, *RECOVER, "--out", out, "--batch-size", 33)
    bad = sum(name != "OK" for name in table["verdict"].to_pylist())
    assert bad, "recovery ids 2 and 3 have no point"
    assert (result.returncode, f"not OK: {bad} rows" in result.stdout) == (1, True)
    got = pq.read_table(out)
    assert got["public_key"].to_pylist() == table["key"].to_pylist()
    assert got["verdict"].to_pylist() == table["verdict"].to_pylist()


@pytest.mark.parametrize("kind", [pa.binary(64), pa.binary()])
def test_recover_expected(tmp_path: Path, kind: Any) -> None:
    whole = recoverable_table()
    table = whole.filter(pa.array([name == "OK" for name in whole["verdict"].to_pylist()]))
    keys = table["key"].to_pylist()
    path = tmp_path / "signed.parquet"
    pq.write_table(table.set_column(2, "key", pa.array(keys, kind)), path)
    result = run("recover", path, *RECOVER, "--expected", "key")
    assert result.returncode == 0, result
    keys[7] = bytes(64)
    pq.write_table(table.set_column(2, "key", pa.array(keys, kind)), path)
    result = run("recover", path, *RECOVER, "--expected", "key", "--out", tmp_path / "out.parquet")
    assert (result.returncode, "  row 7: OK" in result.stdout) == (1, True)
    flags = pq.read_table(tmp_path / "out.parquet")["as_expected"].to_pylist()
    assert flags == [row != 7 for row in range(len(flags))]


# ---- Real chains ----


def test_bitcoin(shared: Callable[[str], Path]) -> None:
    columns = "--keys public_key --signatures signature --digests digest --expected expected"
    for encoding in ("der", "der-lax"):
        result = run(
            "verify",
            shared("chain/bitcoin_ecdsa.parquet"),
            *["--scheme", "secp256k1-ecdsa", "--encoding"],
            encoding,
            *columns.split(),
        )
        assert result.returncode == 0, result
        assert "47,111 signatures" in result.stdout
        assert "MISMATCH               1,283" in result.stdout


def test_ethereum(shared: Callable[[str], Path], tmp_path: Path) -> None:
    path = shared("chain/ethereum_transactions.parquet")
    out = tmp_path / "keys.parquet"
    result = run("recover", path, *RECOVER, "--low-s", "--expected", "public_key", "--out", out)
    assert result.returncode == 0, result
    assert pq.read_table(out)["public_key"].equals(pq.read_table(path)["public_key"])


# ---- The other commands ----


def test_devices_command() -> None:
    result = run("devices")
    assert result.returncode == 0
    for device in devices():
        line = next(
            line for line in result.stdout.splitlines() if line.strip().startswith(device.name)
        )
        assert ("no: " if device.missing else "yes") in line


def test_selftest_command() -> None:
    result = run("selftest")
    assert result.returncode == 0
    assert result.stdout.splitlines()[0].split() == ["cpu:scalar", "ok"]
    assert len(result.stdout.splitlines()) == len(devices())


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith("verilane 0.")
    assert run("verify", "--help").returncode == 0
    for option in ("--scheme", "--keys", "--signatures", "--digests", "--messages", "--encoding"):
        assert option in run("verify", "--help").stdout


@pytest.mark.parametrize("library", ["typer", "rich", "pyarrow"])
def test_without_the_extra(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; from verilane.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert_one_line(result, library, "pip install 'verilane[cli]'")
