"""BIP-340 Schnorr: exceptional items, equations and lanes. All else is in bench_schemes.py.

`pytest bench -k "schnorr and 1024items"` picks rows by parts of their names.
"""

from typing import Any

import numpy as np
import peers
import pytest
from rows import SIGNATURE_ISAS, sizes
from workload import exceptional_schnorr, packed, schnorr_signatures

from verilane import Verdict, _cpu_signatures, secp256k1
from verilane._columns import column
from verilane._devices import isa_of

verify_many = secp256k1.schnorr.verify_many


# ---- Exceptional items only: what an attacker would send ----


@sizes("schnorr, every item exceptional", [64, 1024])
def test_schnorr_exceptional_coincurve(measure: Any, n: int) -> None:
    """Honest items: libsecp256k1's formulas are complete, its cost does not depend on the item."""
    columns = schnorr_signatures(n)
    assert measure(lambda: peers.coincurve_schnorr(*columns), n, base=True)


@sizes("schnorr, every item exceptional", [64, 1024])
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_schnorr_exceptional_on(measure: Any, n: int, device: str) -> None:
    columns = [packed(column) for column in exceptional_schnorr(n)]
    verdicts = measure(lambda: verify_many(*columns, device=device, threads=1), n)
    assert set(verdicts) == {Verdict.MISMATCH}


# ---- One equation for all, and one lane for each: where the first is the better one ----


@sizes("schnorr, ways", [4, 6, 8, 12, 16, 32, 40, 48, 64, 128, 1024])
@pytest.mark.parametrize("device", ["cpu:scalar", "cpu:avx2", "cpu:avx512"])
@pytest.mark.parametrize("way", ["equation", "lanes"])
def test_schnorr_ways(measure: Any, n: int, device: str, way: str) -> None:
    if device not in SIGNATURE_ISAS:
        pytest.skip(f"{device} is missing here")
    keys, signed, messages = (
        column("items", packed(x), widths=None) for x in schnorr_signatures(n)
    )
    verdicts = np.zeros(n, np.uint8)
    work = _cpu_signatures.schnorr_verify(
        verdicts,
        keys,
        signed,
        messages,
        flags=_cpu_signatures.EQUATION_ALWAYS,
        equations=way == "equation",
        isa=isa_of(device),
    )
    measure(lambda: work(0, n), n)
    assert set(verdicts) == {1}
