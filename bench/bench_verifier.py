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


@pytest.mark.benchmark(group="verifier, 64 native threads")
def test_native_libsecp256k1(measure: Any) -> None:
    assert measure(work.native(None, NATIVE), NATIVE, base=True)


@pytest.mark.benchmark(group="verifier, 64 native threads")
def test_native(measure: Any, verifier: Verifier) -> None:
    assert measure(work.native(verifier, NATIVE), NATIVE)


@pytest.mark.benchmark(group="verifier, 8 native threads")
def test_native_few_libsecp256k1(measure: Any) -> None:
    assert measure(work.native(None, NATIVE, 8), NATIVE, base=True)


@pytest.mark.benchmark(group="verifier, 8 native threads")
def test_native_few(measure: Any, verifier: Verifier) -> None:
    assert measure(work.native(verifier, NATIVE, 8), NATIVE)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_coincurve(measure: Any) -> None:
    assert measure(work.python_coincurve(PYTHON), PYTHON, base=True)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_coincurve_pool(measure: Any) -> None:
    assert measure(work.python_coincurve_pool(PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_blocking(measure: Any, verifier: Verifier) -> None:
    assert measure(work.python_blocking(verifier, PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_submit_many(measure: Any, verifier: Verifier) -> None:
    assert measure(work.python_many(verifier, PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_submit_many_items(measure: Any, verifier: Verifier) -> None:
    assert measure(work.python_many_items(verifier, PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, Python")
def test_python_averify(measure: Any, verifier: Verifier) -> None:
    assert measure(work.python_loop(verifier, PYTHON), PYTHON)


@pytest.mark.benchmark(group="verifier, one call")
def test_one_call_without(measure: Any) -> None:
    assert measure(work.one_call_without(200), 200, base=True)


@pytest.mark.benchmark(group="verifier, one call")
def test_one_call(measure: Any, verifier: Verifier) -> None:
    assert measure(work.one_call(verifier, 200), 200)
