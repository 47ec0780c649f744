"""Real signatures: every row of the Bitcoin and Ethereum columns in ../shared/chain."""

import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference import ecdsa
from reference.keccak import keccak256
from verilane import secp256k1

pa = pytest.importorskip("pyarrow", reason="the chain columns are Parquet files")
pq = pytest.importorskip("pyarrow.parquet")

Shared = Callable[[str], Path]  # the fixture: finds a file of ../shared or skips the test

# Every row is checked on every ISA once (as Arrow columns, der and recover). Further passes take
# every k-th row on a slow ISA, with a warning that says so, and then at most this many seconds.
SECONDS_PER_PASS = 2


@cache
def read(path: Path) -> Any:
    return pq.read_table(path)


@cache
def seconds_per_signature(path: Path, isa: str) -> float:
    """Measured on the first 256 rows of the Ethereum file."""
    head = read(path).slice(0, 256)
    columns = [head[name] for name in ("public_key", "digest")]
    signatures = [signature[:64] for signature in head["signature"].to_pylist()]
    start = time.perf_counter()
    secp256k1.ecdsa.verify_many(columns[0], signatures, columns[1], device=isa)
    return (time.perf_counter() - start) / 256


def rows(shared: Shared, name: str, isa: str, *, whole: bool = False) -> Any:
    """The table, or every k-th row of it with a warning that says so."""
    table = read(shared(f"chain/{name}"))
    cost = seconds_per_signature(shared("chain/ethereum_transactions.parquet"), isa)
    step = 1 if whole else max(1, round(cost * len(table) / SECONDS_PER_PASS))
    if step > 1:
        warnings.warn(f"{isa} is slow: only every {step}th row of {name}", stacklevel=2)
        table = table.take(np.arange(0, len(table), step))
    return table


def numbers(column: Any) -> Any:
    return column.to_numpy().astype(bool)


def assert_codes(got: Any, expected: Any) -> None:
    assert len(got) == len(expected)
    wrong = np.flatnonzero(got.codes != expected)
    assert not len(wrong), [(i, got.codes[i], expected[i]) for i in wrong[:20].tolist()]


# ---- Bitcoin ----


def bitcoin(shared: Shared, isa: str, *, whole: bool = False) -> tuple[Any, Any]:
    table = rows(shared, "bitcoin_ecdsa.parquet", isa, whole=whole)
    expected = np.where(numbers(table["expected"]), ecdsa.OK, ecdsa.MISMATCH).astype(np.uint8)
    return table, expected


def test_bitcoin_file_is_whole(shared: Shared) -> None:
    table = read(shared("chain/bitcoin_ecdsa.parquet"))
    assert len(table) == 47_111
    assert numbers(table["expected"]).sum() == 45_828
    assert (~numbers(table["low_s"])).sum() == 1_122


@pytest.mark.parametrize("encoding", ["der", "der-lax"])
def test_bitcoin_arrow(shared: Shared, isa: str, encoding: str) -> None:
    table, expected = bitcoin(shared, isa, whole=encoding == "der")
    columns = table["public_key"], table["signature"], table["digest"]
    assert_codes(secp256k1.ecdsa.verify_many(*columns, encoding=encoding, device=isa), expected)


def test_bitcoin_low_s(shared: Shared, isa: str) -> None:
    """With low_s=True exactly the rows with a high s are refused, and as BAD_SIGNATURE."""
    table, expected = bitcoin(shared, isa)
    columns = table["public_key"], table["signature"], table["digest"]
    low = numbers(table["low_s"])
    expected = np.where(low, expected, ecdsa.BAD_SIGNATURE)
    got = secp256k1.ecdsa.verify_many(*columns, encoding="der", low_s=True, device=isa)
    assert_codes(got, expected)


def test_bitcoin_lists(shared: Shared, isa: str) -> None:
    table, expected = bitcoin(shared, isa)
    columns = (table[name].to_pylist() for name in ("public_key", "signature", "digest"))
    assert_codes(secp256k1.ecdsa.verify_many(*columns, encoding="der", device=isa), expected)


def test_bitcoin_ragged(shared: Shared, isa: str) -> None:
    """(data, offsets) as they lie in the file, digests packed."""
    table, expected = bitcoin(shared, isa)

    def ragged(name: str) -> tuple[Any, Any]:
        column = table[name].combine_chunks()
        items = column.to_pylist()
        offsets = np.cumsum([0, *map(len, items)])
        return b"".join(items), offsets

    digests = b"".join(table["digest"].to_pylist())
    got = secp256k1.ecdsa.verify_many(
        ragged("public_key"), ragged("signature"), digests, encoding="der", device=isa
    )
    assert_codes(got, expected)


@pytest.mark.parametrize("width", [33, 65])
def test_bitcoin_packed(shared: Shared, isa: str, width: int) -> None:
    """Keys of one width at a time, signatures compact: three NumPy arrays of fixed width."""
    table, expected = bitcoin(shared, isa)
    keys, signatures, digests = (
        table[name].to_pylist() for name in ("public_key", "signature", "digest")
    )
    chosen = [index for index, key in enumerate(keys) if len(key) == width]
    compact = [compact_of(signatures[index]) for index in chosen]

    def packed(items: Iterator[bytes], size: int) -> Any:
        return np.frombuffer(b"".join(items), np.uint8).reshape(-1, size)

    got = secp256k1.ecdsa.verify_many(
        packed((keys[index] for index in chosen), width),
        packed(iter(compact), 64),
        packed((digests[index] for index in chosen), 32),
        device=isa,
    )
    assert len(chosen) > 20
    assert_codes(got, expected[chosen])


def compact_of(signature: bytes) -> bytes:
    parsed = ecdsa.parse_signature(signature, encoding="der")
    assert parsed is not None
    return ecdsa.compact(*parsed)


def test_bitcoin_by_the_reference(shared: Shared) -> None:
    """The reference says the same of some rows, the false ones among them."""
    table = read(shared("chain/bitcoin_ecdsa.parquet"))
    expected = numbers(table["expected"])
    chosen = [*range(0, len(table), 600), *np.flatnonzero(~expected)[::60].tolist()]
    for index in chosen:
        key, signature, digest = (
            table[name][index].as_py() for name in ("public_key", "signature", "digest")
        )
        verdict = ecdsa.verify(key, signature, digest, encoding="der")
        assert verdict == (ecdsa.OK if expected[index] else ecdsa.MISMATCH)


# ---- Ethereum ----


def ethereum_columns(table: Any, form: str) -> tuple[Any, Any]:
    signatures, digests = table["signature"], table["digest"]
    match form:
        case "arrow":
            return signatures, digests
        case "list":
            return signatures.to_pylist(), digests.to_pylist()
    return b"".join(signatures.to_pylist()), b"".join(digests.to_pylist())


@pytest.mark.parametrize("form", ["arrow", "list", "packed"])
def test_ethereum_recover(shared: Shared, isa: str, form: str) -> None:
    """Every row gives its sender's key."""
    table = rows(shared, "ethereum_transactions.parquet", isa, whole=form == "arrow")
    columns = ethereum_columns(table, form)
    keys, verdicts = secp256k1.ecdsa.recover_many(*columns, low_s=True, device=isa)
    assert verdicts.all_ok, verdicts
    expected = np.frombuffer(b"".join(table["public_key"].to_pylist()), np.uint8).reshape(-1, 64)
    wrong = np.flatnonzero((keys != expected).any(axis=1))
    assert not len(wrong), wrong[:20].tolist()


def test_ethereum_senders(shared: Shared) -> None:
    """The key column is right: Keccak-256 of it ends in the sender's address."""
    table = read(shared("chain/ethereum_transactions.parquet"))
    assert len(table) == 15_746
    for index in range(0, len(table), 50):
        key = table["public_key"][index].as_py()
        assert keccak256(key)[12:] == table["sender"][index].as_py()


@pytest.mark.parametrize("form", ["arrow", "list", "packed"])
def test_ethereum_verify(shared: Shared, isa: str, form: str) -> None:
    """The keys of 64 bytes verify the signatures; under the next row's digest none does."""
    table = rows(shared, "ethereum_transactions.parquet", isa)
    signatures, digests = ethereum_columns(table, form)
    if form == "arrow":
        keys = table["public_key"]
        signatures = pa.array([each[:64] for each in signatures.to_pylist()], pa.binary(64))
    elif form == "list":
        keys = table["public_key"].to_pylist()
        signatures = [each[:64] for each in signatures]
    else:
        keys = b"".join(table["public_key"].to_pylist())
        signatures = np.frombuffer(signatures, np.uint8).reshape(-1, 65)[:, :64]
    assert secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa).all_ok


def test_ethereum_wrong_digest(shared: Shared, isa: str) -> None:
    """Another row's digest gives another key (or none), and a MISMATCH."""
    table = rows(shared, "ethereum_transactions.parquet", isa)
    keys, signatures = table["public_key"].to_pylist(), table["signature"].to_pylist()
    digests = table["digest"].to_pylist()
    shifted = digests[1:] + digests[:1]
    same = np.array([a == b for a, b in zip(digests, shifted, strict=True)])
    assert same.mean() < 0.1  # neighbours that sign the same call with the same nonce
    compact = [signature[:64] for signature in signatures]
    verdicts = secp256k1.ecdsa.verify_many(keys, compact, shifted, device=isa)
    assert_codes(verdicts, np.where(same, ecdsa.OK, ecdsa.MISMATCH))
    recovered, _ = secp256k1.ecdsa.recover_many(signatures, shifted, device=isa)
    expected = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 64)
    assert np.array_equal((recovered == expected).all(axis=1), same)
