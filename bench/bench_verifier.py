"""The coalescing verifier beside libsecp256k1: native threads, Python threads, an event loop, one
call.

`pytest bench/bench_verifier.py`; `python bench/verifier_figures.py` holds the project's figures
against their targets.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import verifier_work as work

from verilane.verifier import Verifier

NATIVE, PYTHON = 1 << 16, 1 << 14


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with work.quiet_verifier() as made:
        yield made


CALLERS = pytest.mark.parametrize(
    "callers",
    [
        pytest.param(n, marks=pytest.mark.benchmark(group=f"verifier, {n} native threads"))
        for n in (work.CALLERS, 8)
    ],
)


@CALLERS
def test_native_libsecp256k1(measure: Any, callers: int) -> None:
    assert measure(work.native(None, NATIVE, callers), NATIVE, base=True)


@CALLERS
def test_native(measure: Any, verifier: Verifier, callers: int) -> None:
    assert measure(work.native(verifier, NATIVE, callers), NATIVE)


@pytest.mark.benchmark(group="verifier, Python")
@pytest.mark.parametrize("peer", [work.python_coincurve, work.python_coincurve_pool])
def test_python_peer(measure: Any, peer: Any) -> None:
    assert measure(peer(PYTHON), PYTHON, base=peer is work.python_coincurve)


@pytest.mark.benchmark(group="verifier, Python")
@pytest.mark.parametrize(
    "way", [work.python_blocking, work.python_many, work.python_many_items, work.python_loop]
)
def test_python(measure: Any, verifier: Verifier, way: Any) -> None:
    assert measure(way(verifier, PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, one call")
def test_one_call_without(measure: Any) -> None:
    assert measure(work.one_call_without(200), 200, base=True)


@pytest.mark.benchmark(group="verifier, one call")
def test_one_call(measure: Any, verifier: Verifier) -> None:
    assert measure(work.one_call(verifier, 200), 200)
