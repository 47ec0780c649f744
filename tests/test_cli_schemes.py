"""`verilane verify` for the schemes that sign messages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_files import COLUMNS, assert_one_line, run
from ed25519_items import honest_items as ed25519_items
from ed25519_items import one_of_each_kind as ed25519_kinds
from schnorr_items import honest_items as honest_messages
from schnorr_items import hostile_items as hostile_messages
from sm2_items import as_der, as_fisco
from sm2_items import exceptional_items as sm2_chosen
from sm2_items import honest_items as sm2_items
from verilane import Verdict

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


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
        ([*BIP340, "--user-id", "A"], "--scheme bip340 takes no --user-id"),
        ([*COLUMNS, "--encoding", "fisco"], "secp256k1-ecdsa takes no --encoding fisco"),
        (["--scheme", "sm2", *BIP340[2:-2]], "--scheme sm2 needs --messages or --digests"),
        (["--scheme", "sm2", *BIP340[4:]], "--scheme sm2 needs --keys"),
        (["--scheme", "sm2", *BIP340[2:], "--encoding", "der-lax"], "takes no --encoding der-lax"),
        (
            ["--scheme", "sm2", *BIP340[2:], "--user-id", "A", "--user-ids", "key"],
            "at most one of --user-id or --user-ids",
        ),
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


# ---- sm2 ----

SM2 = ["--scheme", "sm2", *BIP340[2:]]


def sm2_file(path: Path, items: list[Any]) -> list[str]:
    """Writes a file of items; returns the verdicts' names."""
    wanted = [Verdict(item.verdict).name for item in items]
    names = ("key", "signature", "message", "digest", "user_id")
    columns = {
        name: pa.array([getattr(item, name) for item in items], pa.binary()) for name in names
    }
    pq.write_table(pa.table(columns | {"verdict": wanted}), path, row_group_size=50)
    return wanted


@pytest.mark.parametrize("encoding", ["compact", "der", "fisco"])
def test_sm2(tmp_path: Path, encoding: str) -> None:
    """Messages with an ID in each row; digests; and, for fisco, without keys."""
    make = {"compact": lambda x: x, "der": as_der, "fisco": as_fisco}[encoding]
    path, out = tmp_path / "sm2.parquet", tmp_path / "out.parquet"
    wanted = sm2_file(path, [make(item) for item in sm2_items()[:110]])
    options = ["--expected", "verdict", "--out", out, "--batch-size", 33, "--encoding", encoding]
    result = run("verify", path, *SM2, "--user-ids", "user_id", *options)
    assert result.returncode == 0, result
    assert "110 signatures in" in result.stdout
    assert pq.read_table(out)["verdict"].to_pylist() == wanted
    digests = ["--scheme", "sm2", "--signatures", "signature", "--digests", "digest"]
    keys = [] if encoding == "fisco" else ["--keys", "key"]
    assert run("verify", path, *digests, *keys, *options).returncode == 0


def test_sm2_verdicts_and_user_ids(tmp_path: Path) -> None:
    path = tmp_path / "sm2.parquet"
    wanted = sm2_file(path, sm2_chosen()[-120:])
    assert {"BAD_KEY", "BAD_SIGNATURE", "BAD_MESSAGE", "MISMATCH", "OK"} == set(wanted)
    digests = [*SM2[:-2], "--digests", "digest", "--expected", "verdict"]
    assert run("verify", path, *digests).returncode == 0
    alice = [x for x in sm2_items() if x.user_id == b"ALICE123@YAHOO.COM" and x.verdict == 1]
    sm2_file(path, alice)
    assert run("verify", path, *SM2, "--user-id", "ALICE123@YAHOO.COM").returncode == 0
    assert run("verify", path, *SM2).returncode == 1
    long = run("verify", path, *SM2, "--user-id", "A" * 8192)
    assert_one_line(long, "user_id: 8192 bytes, expected 8191 at most")


def test_sm2_chain(shared: Callable[[str], Path]) -> None:
    columns = bip340("public_key", "signature", "message")[2:]
    options = ["--user-ids", "user_id", "--expected", "expected"]
    path = shared("chain/sm2_signatures.parquet")
    result = run("verify", path, "--scheme", "sm2", *columns, *options)
    assert result.returncode == 0, result
    assert "3 signatures in" in result.stdout
