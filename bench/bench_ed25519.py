"""Ed25519: prepared keys, equations and lanes. All else is in bench_schemes.py.

`pytest bench -k "ed25519 and 1024items"` picks rows by parts of their names.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rows import SIGNATURE_ISAS, sizes
from workload import ed25519_signatures, packed

from verilane import _cpu_keys, _cpu_signatures, ed25519
from verilane._columns import column
from verilane._devices import isa_of
from verilane._prepared import key_column

verify_many = ed25519.verify_many


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
    if device not in SIGNATURE_ISAS:
        pytest.skip(f"{device} is missing here")
    run = one_way(n, device, way, prepare=keys == "prepared")
    assert set(measure(run, n)) == {1}


@sizes("ed25519, preparing keys", [64, 1024])
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_ed25519_prepare(measure: Any, n: int, device: str) -> None:
    keys = packed(ed25519_signatures(n)[0])
    measure(lambda: ed25519.prepare(keys, device=device, threads=1), n)


# ---- One equation for all, and one lane for each: where the first is the better one ----


@sizes("ed25519, ways", [8, 12, 16, 32, 40, 48, 64, 128, 1024])
@pytest.mark.parametrize("device", ["cpu:scalar", "cpu:avx2", "cpu:avx512"])
@pytest.mark.parametrize("way", ["equation", "lanes"])
def test_ed25519_ways(measure: Any, n: int, device: str, way: str) -> None:
    if device not in SIGNATURE_ISAS:
        pytest.skip(f"{device} is missing here")
    assert set(measure(one_way(n, device, way, prepare=False), n)) == {1}
