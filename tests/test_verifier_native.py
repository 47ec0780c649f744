"""The verifier from native threads, which no interpreter slows down, and the C ABI's own rules."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
from verilane._native import ffi, lib

from builds import SANITIZED, THREADS_CHECKED
from exceptional_items import exceptional_items
from items import honest_items
from verifier_items import valid
from verifier_native import ask
from verilane import _cpu_verifier
from verilane.verifier import Priority, Rules, Verifier

SIZES = (33, 64, 32)
ITEMS = [
    item
    for item in [*honest_items(), *exceptional_items()]
    if tuple(map(len, (item.key, item.signature, item.digest))) == SIZES
]
EXPECTED = [item.verdict for item in ITEMS]
COLUMNS = tuple(
    np.frombuffer(b"".join(getattr(item, name) for item in ITEMS), np.uint8).reshape(-1, size)
    for name, size in zip(("key", "signature", "digest"), SIZES, strict=True)
)


def request_of(priority: Priority, timeout_us: int = 0) -> Any:
    rules = Rules("secp256k1.ecdsa")
    request = (rules.code, rules.option, rules.flags, priority, 0, timeout_us, None)
    return _cpu_verifier.Request(*request)


@pytest.mark.parametrize("threads", [1, 2, 3, 16, 64, 200])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_many_native_threads(threads: int, workers: int) -> None:
    assert {1, 2, 3, 5} <= set(EXPECTED)
    repeat = 3
    columns = tuple(np.tile(column, (repeat, 1)) for column in COLUMNS)
    with Verifier(threads=workers, cache=0) as verifier:
        request = request_of(Priority.BLOCK)
        results, _, _ = ask(verifier._engine, request, columns, threads=threads)
        assert results.tolist() == EXPECTED * repeat
        stats = verifier.stats()
        assert sum(stats["verdicts"][Priority.BLOCK]) == len(results)
        assert sum(stats["waits"][Priority.BLOCK]) == len(results)
        assert stats["bytes"] == 0


def test_a_caller_who_is_alone_wakes_nobody() -> None:
    with Verifier(threads=2, cache=0) as verifier:
        results, _, _ = ask(verifier._engine, request_of(Priority.BLOCK), COLUMNS, threads=1)
        assert results.tolist() == EXPECTED
        assert verifier.stats()["alone"] == len(EXPECTED)
        assert verifier.stats()["batches"] == 0


def test_callers_share_batches() -> None:
    with Verifier(threads=1, cache=0) as verifier:
        ask(verifier._engine, request_of(Priority.BLOCK), COLUMNS, threads=64)
        stats = verifier.stats()
        assert stats["batches"] < len(EXPECTED) / 8


# Some calls are answered by then, and some are not; ThreadSanitizer takes 20 times as long.
SOON = 1.0 if THREADS_CHECKED else 0.05


def test_closing_under_load() -> None:
    """Each call gets its verdict, or hears that it is closed."""
    columns = tuple(np.tile(column, (40, 1)) for column in COLUMNS)
    for drain in (True, False):
        verifier = Verifier(threads=2, cache=0)
        timer = threading.Timer(SOON, verifier.close, kwargs={"drain": drain})
        timer.start()
        results, _, _ = ask(verifier._engine, request_of(Priority.BLOCK), columns, threads=64)
        timer.join()
        closed = results == lib.VL_ERROR_CLOSED
        assert closed.any()
        assert (results[~closed] == np.tile(EXPECTED, 40)[~closed]).all()
        assert (~closed).any()


def test_full_queues_under_load() -> None:
    """64 callers and room for 5: each gets its verdict, or Busy at once."""
    with Verifier(threads=1, cache=0, queue=5) as verifier:
        results, _, _ = ask(verifier._engine, request_of(Priority.BLOCK), COLUMNS, threads=64)
        busy = results == lib.VL_ERROR_BUSY
        assert busy.any()
        assert not busy.all()
        assert (results[~busy] == np.array(EXPECTED)[~busy]).all()
        assert verifier.stats()["errors"][Priority.BLOCK][5] == busy.sum()


@pytest.mark.parametrize("timeout_us", [1, 100, 10_000_000])
def test_deadlines_under_load(timeout_us: int) -> None:
    """Whoever does the batches, callers included: late items are not begun."""
    request = request_of(Priority.MEMPOOL, timeout_us)
    with Verifier(threads=1, cache=0) as verifier:
        results, _, _ = ask(verifier._engine, request, COLUMNS, threads=64)
        late = results == lib.VL_ERROR_DEADLINE
        assert (results[~late] == np.array(EXPECTED)[~late]).all()
        assert verifier.stats()["errors"][Priority.MEMPOOL][7] == late.sum()
        if timeout_us == 1:
            assert late.any()
        if timeout_us == 10_000_000:
            assert not late.any()


# ---- The ABI's own rules ----


@pytest.fixture
def engine() -> Any:
    verifier = Verifier(threads=1)
    yield verifier._engine._at
    verifier.close()


def options_with(**changed: Any) -> Any:
    options = ffi.new("vl_verifier_options *")
    lib.vl_verifier_defaults(options)
    for name, value in changed.items():
        setattr(options, name, value)
    return options


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"size": 0}, lib.VL_ERROR_ARGUMENT),
        ({"size": 100_000}, lib.VL_ERROR_ARGUMENT),
        ({"threads": -1}, lib.VL_ERROR_ARGUMENT),
        ({"threads": 1025}, lib.VL_ERROR_ARGUMENT),
        ({"isa": 77}, lib.VL_ERROR_ISA),
        ({"items": [0, 1, 1, 1]}, lib.VL_ERROR_ARGUMENT),
        ({"items": [1, 1, 1, 1 << 60]}, lib.VL_ERROR_ARGUMENT),
        ({"batch_items": [1025, 1, 1, 1]}, lib.VL_ERROR_ARGUMENT),
        ({"max_wait_us": [0, 0, 0, -1]}, lib.VL_ERROR_ARGUMENT),
        ({"batch_us": 0}, lib.VL_ERROR_ARGUMENT),
        ({"batch_us": -5}, lib.VL_ERROR_ARGUMENT),
        ({"bytes": 0}, lib.VL_ERROR_ARGUMENT),
        ({"item_bytes": 0}, lib.VL_ERROR_ARGUMENT),
        ({"tickets": 0}, lib.VL_ERROR_ARGUMENT),
        ({"suspect_ms": -1}, lib.VL_ERROR_ARGUMENT),
        ({"cache_items": 1 << 50}, lib.VL_ERROR_ARGUMENT),
    ],
)
def test_options_without_a_meaning(changed: Any, error: int) -> None:
    made = ffi.new("vl_verifier **")
    assert lib.vl_verifier_create(made, options_with(**changed)) == error
    assert made[0] == ffi.NULL


def test_options_of_an_older_header() -> None:
    """A caller who knows the first members only gets the defaults of the rest."""
    options = options_with(threads=1, tickets=0)
    options.size = ffi.offsetof("vl_verifier_options", "items")
    made = ffi.new("vl_verifier **")
    assert lib.vl_verifier_create(made, options) == 0
    lib.vl_verifier_free(made[0])
    assert lib.vl_verifier_create(made, ffi.NULL) == 0
    lib.vl_verifier_free(made[0])
    lib.vl_verifier_free(ffi.NULL)


def test_null_is_an_argument_error(engine: Any) -> None:
    error = lib.VL_ERROR_ARGUMENT
    request, column = request_of(Priority.BLOCK).at, ffi.new("vl_column *")
    null, results = ffi.NULL, ffi.new("int8_t[4]")
    one = (b"k", 1, b"s", 1, b"m", 1)
    assert lib.vl_verifier_create(null, null) == error
    assert lib.vl_verifier_verify(null, request, *one) == error
    assert lib.vl_verifier_verify(engine, null, *one) == error
    for part in range(3):
        parts = list(one)
        parts[2 * part] = null
        assert lib.vl_verifier_verify(engine, request, *parts) == error
        assert lib.vl_verifier_submit(engine, null, 0, request, *parts) == error
    for columns in ((null, column, column), (column, null, column), (column, column, null)):
        assert lib.vl_verifier_verify_many(engine, results, 2, request, *columns) == error
        assert lib.vl_verifier_submit_many(engine, null, 0, results, 2, request, *columns) == error
    assert lib.vl_verifier_verify_many(engine, null, 2, request, *[column] * 3) == error
    assert lib.vl_verifier_submit_many(engine, null, 0, results, 0, request, *[column] * 3) == error
    assert lib.vl_verifier_collect(engine, null, 1, 0) == error
    assert lib.vl_verifier_collect(engine, ffi.new("vl_completion *"), 0, 0) == error
    assert lib.vl_verifier_read_stats(engine, null, 8) == error
    assert lib.vl_verifier_close(null, 1) == error


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": -1},
        {"scheme": 5},
        {"option": 3},
        {"option": -1},
        {"flags": 4},
        {"flags": 1 << 31},
        {"priority": 4},
        {"priority": -1},
        {"timeout_us": -1},
        {"scheme": lib.VL_ED25519, "option": 4},
        {"scheme": lib.VL_ED25519, "flags": 1},
        {"scheme": lib.VL_SECP256K1_SCHNORR, "option": 1},
        {"scheme": lib.VL_SM2, "option": lib.VL_DER_LAX},
        {"scheme": lib.VL_SM2, "flags": 1},
    ],
)
def test_requests_without_a_meaning(engine: Any, changed: dict[str, int]) -> None:
    request = request_of(Priority.BLOCK).at
    for name, value in changed.items():
        setattr(request, name, value)
    one = (b"k", 1, b"s", 1, b"m", 1)
    assert lib.vl_verifier_verify(engine, request, *one) == lib.VL_ERROR_ARGUMENT
    assert lib.vl_verifier_submit(engine, ffi.NULL, 0, request, *one) == lib.VL_ERROR_ARGUMENT


def test_tickets_and_completions(engine: Any) -> None:
    """What collect gives, and when; names of tickets that are over mean nobody."""
    _, key, signature, message = valid("ed25519", 1)[0]
    request = request_of(Priority.BLOCK).at
    request.scheme = lib.VL_ED25519
    parts = (key, 32, signature, 64, message, len(message))
    tickets = [ffi.new("uint64_t *") for _ in range(3)]
    completions = ffi.new("vl_completion[8]")
    assert lib.vl_verifier_collect(engine, completions, 8, 0) == lib.VL_ERROR_TIMEOUT
    assert lib.vl_verifier_collect(engine, completions, 8, 1000) == lib.VL_ERROR_TIMEOUT
    for tag, ticket in enumerate(tickets):
        assert lib.vl_verifier_submit(engine, ticket, 1000 + tag, request, *parts) == 0
    got: dict[int, int] = {}
    while len(got) < 3:
        count = lib.vl_verifier_collect(engine, completions, 2, -1)
        assert 1 <= count <= 2
        got |= {completions[i].tag: completions[i].result for i in range(count)}
    assert got == {1000: 1, 1001: 1, 1002: 1}
    assert len({ticket[0] for ticket in tickets}) == 3
    for ticket in tickets:
        assert lib.vl_verifier_cancel(engine, ticket[0]) == 0
    assert lib.vl_verifier_cancel(engine, (1 << 64) - 1) == 0
    assert lib.vl_verifier_submit(engine, ffi.NULL, 7, request, *parts) == 0
    assert lib.vl_verifier_close(engine, 1) == 0
    assert lib.vl_verifier_collect(engine, completions, 8, -1) == 1
    assert completions[0].tag == 7
    assert lib.vl_verifier_collect(engine, completions, 8, -1) == lib.VL_ERROR_CLOSED


def test_a_program_in_c(tmp_path: Path) -> None:
    """Linked with libverilane, by all doors at once, forking and closing meanwhile."""
    if SANITIZED:
        pytest.skip("a program would need the sanitizer's library first")
    compiler = next(
        (name for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name and which(name)),
        None,
    )
    if compiler is None:
        pytest.skip("there is no C compiler here")
    words = [sys.executable, "-m", "verilane.clib", "--cflags", "--libs"]
    flags = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    program, source = tmp_path / "stress", Path(__file__).parent / "native" / "verifier_stress.c"
    options = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
    subprocess.run([compiler, *options, str(source), *flags, "-o", str(program)], check=True)
    done = subprocess.run([str(program), "4", "2", "60"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(r"[1-9]\d* results, 0 wrong\n", done.stdout)
