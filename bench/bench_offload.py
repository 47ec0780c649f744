"""What it costs the CPU not to believe a device, beside verifying itself: one core, secp256k1 and
Ed25519.

"blind" is all that always comes with a device, its points and the way there excepted: a secret
order, a look at what was asked of late, poisoned memory, comparing. "sums" is what `strict` adds.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from workload import ed25519_signatures, packed, schnorr_signatures, signatures

from verilane import _cpu, _cpu_signatures, _cpu_terms, _trust
from verilane._columns import Column, column
from verilane._cpu_terms import Recent, Terms

N = 8192
FEW = 100
SCHEMES = ["secp256k1.ecdsa", "secp256k1.schnorr", "ed25519"]
OPTIONS: dict[str, dict[str, Any]] = {
    "secp256k1.ecdsa": {"curve": "secp256k1", "encoding": 0, "flags": 0},
    "secp256k1.schnorr": {"flags": 0},
    "ed25519": {"rule": 0},
}
# Of each: what makes its terms, and what verifies it.
CALLS: dict[str, tuple[Any, Any]] = {
    "secp256k1.ecdsa": (_cpu_terms.ecdsa_terms, _cpu_signatures.ecdsa_verify),
    "secp256k1.schnorr": (_cpu_terms.schnorr_terms, _cpu_signatures.schnorr_verify),
    "ed25519": (_cpu_terms.ed25519_terms, _cpu_signatures.ed25519_verify),
}


class Work(NamedTuple):
    columns: list[Column]
    terms: Terms
    r: Any


def _columns(scheme: str) -> list[Column]:
    if scheme == "secp256k1.ecdsa":
        made = signatures(N)
        parts = [made.keys_raw, made.compact, made.digests]
    else:
        parts = list((schnorr_signatures if scheme.endswith("schnorr") else ed25519_signatures)(N))
    return [column("items", packed(part), widths=None) for part in parts]


def _sums(scheme: str, terms: Terms) -> Any:
    r, infinite = np.zeros((N, 8), np.uint64), np.zeros(N, np.uint8)
    _cpu_terms.double_mul(r, infinite, terms, scheme=scheme, isa=_cpu.AUTO)(0, N)
    return r


@cache
def work(scheme: str, keys: int = N) -> Work:
    """Valid items. keys: so many different ones; then items are no signatures any more, but their
    points are right.
    """
    columns, terms, codes = _columns(scheme), Terms.empty(N), np.zeros(N, np.uint8)
    of, _ = CALLS[scheme]
    of(terms, codes, *columns, first=0, isa=_cpu.AUTO, **OPTIONS[scheme])(0, N)
    assert not codes.any()
    terms = terms._replace(q=np.ascontiguousarray(terms.q[np.arange(N) % keys]))
    return Work(columns, terms, _sums(scheme, terms))


def rows(test: Any) -> Any:
    marks = [pytest.mark.benchmark(group=f"offload, {scheme}, n = {N}") for scheme in SCHEMES]
    each = zip(SCHEMES, marks, strict=True)
    return pytest.mark.parametrize("scheme", [pytest.param(s, marks=m, id=s) for s, m in each])(
        test
    )


@rows
@pytest.mark.parametrize("equations", [False, True], ids=["lanes", "equation"])
def test_offload_cpu(measure: Any, scheme: str, equations: bool) -> None:
    """Verifying without any device."""
    if scheme == "secp256k1.ecdsa" and equations:
        pytest.skip("ECDSA has no batch equation")
    options = OPTIONS[scheme]
    if scheme != "secp256k1.ecdsa":
        options = {**options, "equations": equations}
    codes = np.zeros(N, np.uint8)
    _, verify = CALLS[scheme]
    run = verify(codes, *work(scheme).columns, isa=_cpu.AUTO, **options)
    measure(lambda: run(0, N), N, base=not equations)
    assert (codes == 1).all()


@rows
def test_offload_blind(measure: Any, scheme: str) -> None:
    made, recent, rng = work(scheme), Recent(), np.random.default_rng(1)
    rows, memory = np.arange(N), Terms.empty(N)
    r, flags, codes = np.zeros((N, 8), np.uint64), np.zeros(N, np.uint8), np.zeros(N, np.uint8)
    judge = _cpu_terms.judge(codes, made.r, made.terms.targets, scheme=scheme)

    def blind() -> bool:
        asked = made.terms.take(rng.permutation(rows), memory)
        unfit = recent.enter(asked, scheme=scheme)
        _trust._poison(r, flags)
        judge(0, N)
        return bool(unfit.any())

    assert not measure(blind, N)
    assert codes.all()


@rows
@pytest.mark.parametrize("keys", [N, FEW])
def test_offload_sums(measure: Any, scheme: str, keys: int) -> None:
    made = work(scheme, keys)
    held: list[bool] = []
    check = _cpu_terms.sums_hold(held, made.r, made.terms, scheme=scheme, isa=_cpu.AUTO)
    measure(lambda: check(0, N), N)
    assert all(held)
