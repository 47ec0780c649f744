"""Ed25519: verify, beside libsodium (PyNaCl) and OpenSSL (cryptography).

`pytest bench -k "ed25519 and n=1024"` picks rows by parts of their names.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import peers
import pytest
from numpy.typing import NDArray
from workload import (
    ed25519_forged,
    ed25519_progression,
    ed25519_signatures,
    ed25519_some_forged,
    ed25519_torsion,
    packed,
)

import verilane
from verilane import Verdict, _cpu_keys, _cpu_signatures, ed25519
from verilane._columns import column
from verilane._devices import isa_of
from verilane._prepared import key_column

BATCHES = [1, 8, 64, 1024, 16384]
MANY = [n for n in BATCHES if n >= 1024]
SLOW_PEER = [n for n in BATCHES if n <= 1024]
ISAS = [d.name for d in verilane.devices() if d.available and d.signature_lanes and d.kind == "cpu"]

verify_many = ed25519.verify_many


def sizes(group: str, batches: list[int] = BATCHES) -> Any:
    """A row of this group for each batch size."""
    marks = [pytest.mark.benchmark(group=f"{group}, n = {n}") for n in batches]
    rows = [
        pytest.param(n, marks=mark, id=f"n={n}") for n, mark in zip(batches, marks, strict=True)
    ]
    return pytest.mark.parametrize("n", rows)


@sizes("ed25519")
def test_ed25519_pynacl(measure: Any, n: int) -> None:
    columns = ed25519_signatures(n)
    assert measure(lambda: peers.pynacl_verify(*columns), n, base=True)


@sizes("ed25519", SLOW_PEER)
def test_ed25519_cryptography(measure: Any, n: int) -> None:
    columns = ed25519_signatures(n)
    assert measure(lambda: peers.cryptography_ed25519(*columns), n)


@sizes("ed25519")
def test_ed25519_packed(measure: Any, n: int) -> None:
    columns = [packed(column) for column in ed25519_signatures(n)]
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("ed25519")
def test_ed25519_lists(measure: Any, n: int) -> None:
    columns = ed25519_signatures(n)
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("ed25519", MANY)
def test_ed25519_packed_all_cores(measure: Any, n: int) -> None:
    columns = [packed(column) for column in ed25519_signatures(n)]
    assert measure(lambda: verify_many(*columns), n).all_ok


@sizes("ed25519")
@pytest.mark.parametrize("device", ISAS)
def test_ed25519_packed_on(measure: Any, n: int, device: str) -> None:
    columns = [packed(column) for column in ed25519_signatures(n)]
    assert measure(lambda: verify_many(*columns, device=device, threads=1), n).all_ok


@sizes("ed25519", [1])
def test_ed25519_one(measure: Any, n: int) -> None:
    item = [column[0] for column in ed25519_signatures(n)]
    assert measure(lambda: ed25519.verify(*item), n) is None


# ---- Prepared keys: each row beside the same without, one way at a time ----


def one_way(n: int, device: str, way: str, *, prepare: bool) -> Callable[[], NDArray[np.uint8]]:
    """The verification of n packed items by `way`: one equation for all, or one lane for each."""
    keys, signatures, messages = map(packed, ed25519_signatures(n))
    given = ed25519.prepare(keys, device=device) if prepare else keys
    verdicts = np.zeros(n, np.uint8)
    work = _cpu_signatures.ed25519_verify(
        verdicts,
        key_column(given, "ed25519", widths=(32,), row=_cpu_keys.ED25519_ROW),
        column("signatures", signatures, widths=None),
        column("messages", messages, widths=None),
        rule=_cpu_signatures.ED25519_RULES[ed25519.ZIP215],
        flags=_cpu_signatures.EQUATION_ALWAYS | (_cpu_signatures.PREPARED_KEYS if prepare else 0),
        equations=way == "equation",
        isa=isa_of(device),
    )

    def run() -> NDArray[np.uint8]:
        work(0, n)
        return verdicts

    return run


PREPARED = [8, 64, 96, 144, 1024]


@sizes("ed25519, prepared keys", PREPARED)
@pytest.mark.parametrize("device", ["cpu:scalar", "cpu:avx2", "cpu:avx512"])
@pytest.mark.parametrize("way", ["equation", "lanes"])
@pytest.mark.parametrize("keys", ["as bytes", "prepared"])
def test_ed25519_prepared(measure: Any, n: int, device: str, way: str, keys: str) -> None:
    if device not in ISAS:
        pytest.skip(f"{device} is missing here")
    run = one_way(n, device, way, prepare=keys == "prepared")
    assert set(measure(run, n)) == {1}


@sizes("ed25519, preparing keys", [64, 1024])
@pytest.mark.parametrize("device", ISAS)
def test_ed25519_prepare(measure: Any, n: int, device: str) -> None:
    keys = packed(ed25519_signatures(n)[0])
    measure(lambda: ed25519.prepare(keys, device=device, threads=1), n)


# ---- One equation for all, and one lane for each: where the first is the better one ----


@sizes("ed25519, ways", [8, 12, 16, 32, 40, 48, 64, 128, 1024])
@pytest.mark.parametrize("device", ["cpu:scalar", "cpu:avx2", "cpu:avx512"])
@pytest.mark.parametrize("way", ["equation", "lanes"])
def test_ed25519_ways(measure: Any, n: int, device: str, way: str) -> None:
    if device not in ISAS:
        pytest.skip(f"{device} is missing here")
    assert set(measure(one_way(n, device, way, prepare=False), n)) == {1}


# ---- Hostile batches: each group's base is a clean batch ----


@sizes("ed25519, hostile", [64, 1024])
def test_ed25519_hostile_clean(measure: Any, n: int) -> None:
    columns = [packed(column) for column in ed25519_signatures(n)]
    assert measure(lambda: verify_many(*columns, threads=1), n, base=True).all_ok


@sizes("ed25519, hostile", [64, 1024])
def test_ed25519_hostile_forged(measure: Any, n: int) -> None:
    """Ordinary forgeries: R does not match, and the rule is cofactored."""
    columns = [packed(column) for column in ed25519_forged(n)]
    verdicts = measure(lambda: verify_many(*columns, threads=1), n)
    assert set(verdicts) == {Verdict.MISMATCH}


@sizes("ed25519, hostile", [64, 1024])
@pytest.mark.parametrize("bad", [1, 2, 16])
def test_ed25519_hostile_some_forged(measure: Any, n: int, bad: int) -> None:
    """Batch equations fail, and the bad items have to be found."""
    columns = [packed(column) for column in ed25519_some_forged(n, bad)]
    verdicts = measure(lambda: verify_many(*columns, threads=1), n)
    assert verdicts.count(Verdict.MISMATCH) == bad


@sizes("ed25519, hostile", [64, 1024])
def test_ed25519_hostile_progression(measure: Any, n: int) -> None:
    """Keys a B, (a + 1) B, (a + 2) B, ..."""
    columns = [packed(column) for column in ed25519_progression(n)]
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("ed25519, hostile", [64, 1024])
def test_ed25519_hostile_torsion(measure: Any, n: int) -> None:
    """Every R has a part of small order: valid, but only under the cofactored equation."""
    columns = [packed(column) for column in ed25519_torsion(n)]
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("ed25519, hostile", [64, 1024])
def test_ed25519_hostile_repeated(measure: Any, n: int) -> None:
    """One signature n times."""
    columns = [packed(column[:1] * n) for column in ed25519_signatures(n)]
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok
