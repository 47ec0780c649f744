"""The command `verilane`, run as a process: results, exit statuses, files kept, bad input."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ed25519_items import honest_items as ed25519_items
from ed25519_items import one_of_each_kind as ed25519_kinds
from exceptional_items import one_of_each_kind
from items import Item, honest_items
from reference import p256
from schnorr_items import honest_items as honest_messages
from schnorr_items import hostile_items as hostile_messages
from verilane import Verdict, devices, secp256k1

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
ITEMS = [*honest_items()[:300], *one_of_each_kind()]
NAMES = [Verdict(item.verdict).name for item in ITEMS]
BAD = sum(item.verdict != 1 for item in ITEMS)


def run(*arguments: Any, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "verilane", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=120,
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


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All ITEMS, in several row groups."""
    path = tmp_path_factory.mktemp("cli") / "items.parquet"
    pq.write_table(table_of(ITEMS), path, row_group_size=100)
    return path


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "good.parquet"
    pq.write_table(table_of([item for item in ITEMS if item.verdict == 1]), path)
    return path


def assert_one_line(result: "subprocess.CompletedProcess[str]", *parts: str) -> None:
    """Bad input: exit status 2, one clear line on stderr, nothing else."""
    assert result.returncode == 2, result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for part in parts:
        assert part in result.stderr
    assert "Traceback" not in result.stderr


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


# ---- bip340 ----

SCHNORR = [*honest_messages()[:200], *hostile_messages()[::5]]


def bip340(keys: str, signatures: str, messages: str) -> list[str]:
    columns = ["--keys", keys, "--signatures", signatures, "--messages", messages]
    return ["--scheme", "bip340", *columns]


BIP340 = bip340("key", "signature", "message")


def schnorr_table() -> Any:
    columns = {
        name: pa.array([getattr(item, name) for item in SCHNORR], pa.binary())
        for name in ("key", "signature", "message")
    }
    return pa.table(columns | {"verdict": [Verdict(item.verdict).name for item in SCHNORR]})


def test_bip340(tmp_path: Path, isa: str) -> None:
    path, out = tmp_path / "schnorr.parquet", tmp_path / "out.parquet"
    pq.write_table(schnorr_table(), path, row_group_size=50)
    options = ["--expected", "verdict", "--device", isa, "--out", out, "--batch-size", 33]
    result = run("verify", path, *BIP340, *options)
    assert result.returncode == 0, result
    assert f"{len(SCHNORR)} signatures in" in result.stdout
    wanted = [Verdict(item.verdict).name for item in SCHNORR]
    assert pq.read_table(out)["verdict"].to_pylist() == wanted
    assert {"OK", "BAD_KEY", "BAD_SIGNATURE", "MISMATCH"} == set(wanted)
    assert run("verify", path, *BIP340).returncode == 1


def test_bip340_on_fixed_width_columns(tmp_path: Path) -> None:
    items = [item for item in SCHNORR if item.verdict == 1 and len(item.message) == 32]
    widths = {"key": 32, "signature": 64, "message": 32}
    columns = {
        name: pa.array([getattr(item, name) for item in items], pa.binary(width))
        for name, width in widths.items()
    }
    path = tmp_path / "fixed.parquet"
    pq.write_table(pa.table(columns), path)
    assert run("verify", path, *BIP340).returncode == 0
    swapped = bip340("signature", "key", "message")
    wanted = ("'signature' holds 64 bytes a row", "32")
    assert_one_line(run("verify", path, *swapped), *wanted)


def test_nostr_file(shared: Callable[[str], Path]) -> None:
    path = shared("chain/nostr_bip340.parquet")
    result = run("verify", path, *bip340("public_key", "signature", "message"))
    assert result.returncode == 0, result
    assert "361 signatures in" in result.stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (BIP340[:-2], "--scheme bip340 needs --messages"),
        ([*BIP340, "--digests", "digest"], "--scheme bip340 takes no --digests"),
        ([*BIP340, "--low-s"], "--scheme bip340 takes no --low-s"),
        ([*BIP340, "--hybrid-keys"], "--scheme bip340 takes no --hybrid-keys"),
        ([*BIP340, "--encoding", "der"], "--scheme bip340 takes no --encoding"),
        (COLUMNS[:-2], "--scheme secp256k1-ecdsa needs --digests"),
        ([*COLUMNS, "--messages", "digest"], "--scheme secp256k1-ecdsa takes no --messages"),
        ([*COLUMNS, "--rule", "strict"], "--scheme secp256k1-ecdsa takes no --rule"),
        ([*BIP340, "--rule", "strict"], "--scheme bip340 takes no --rule"),
        (["--scheme", "ed25519", *BIP340[2:-2]], "--scheme ed25519 needs --messages"),
        (["--scheme", "ed25519", *BIP340[2:], "--low-s"], "--scheme ed25519 takes no --low-s"),
        ([*BIP340[:-1], "nothing"], "no column 'nothing'"),
    ],
)
def test_options_of_another_scheme(
    file: Path, tmp_path: Path, options: list[str], complaint: str
) -> None:
    out = tmp_path / "out.parquet"
    assert_one_line(run("verify", file, *options, "--out", out), complaint)
    assert not out.exists()


# ---- ed25519 ----

ED25519_ITEMS = [*ed25519_items()[:100], *ed25519_kinds()]
ED25519 = ["--scheme", "ed25519", *BIP340[2:]]


@pytest.mark.parametrize("rule", ["zip215", "rfc8032", "openssl", "strict"])
def test_ed25519(tmp_path: Path, isa: str, rule: str) -> None:
    wanted = [Verdict(item.verdicts[rule.upper()]).name for item in ED25519_ITEMS]
    columns = {
        name: pa.array([getattr(item, name) for item in ED25519_ITEMS], pa.binary())
        for name in ("key", "signature", "message")
    }
    path, out = tmp_path / "ed25519.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table(columns | {"verdict": wanted}), path, row_group_size=50)
    options = ["--expected", "verdict", "--device", isa, "--out", out, "--batch-size", 33]
    result = run("verify", path, *ED25519, "--rule", rule, *options)
    assert result.returncode == 0, result
    assert pq.read_table(out)["verdict"].to_pylist() == wanted
    if rule == "zip215":
        assert run("verify", path, *ED25519, *options).returncode == 0
    else:
        assert run("verify", path, *ED25519, *options).returncode == 1


@pytest.mark.parametrize(("name", "rows"), [("cosmos_commits", 698), ("solana_ed25519", 2410)])
def test_ed25519_chain(shared: Callable[[str], Path], name: str, rows: int) -> None:
    columns = bip340("public_key", "signature", "message")[2:]
    path = shared(f"chain/{name}.parquet")
    result = run("verify", path, "--scheme", "ed25519", *columns, "--expected", "expected")
    assert result.returncode == 0, result
    assert f"{rows:,} signatures in" in result.stdout


def test_unknown_rule_lists_what_there_is(file: Path) -> None:
    result = run("verify", file, *ED25519, "--rule", "lax")
    assert result.returncode == 2
    for rule in ("zip215", "rfc8032", "openssl", "strict"):
        assert rule in result.stderr


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


RECOVER = ["--signatures", "signature", "--digests", "digest"]


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


# ---- The other commands ----


def test_devices_command() -> None:
    result = run("devices")
    assert result.returncode == 0
    for device in devices():
        line = next(
            line for line in result.stdout.splitlines() if line.strip().startswith(device.name)
        )
        assert str(device.missing or "yes") in line


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
