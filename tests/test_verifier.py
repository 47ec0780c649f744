"""The coalescing verifier: every lane by every door, and what raises."""

import asyncio
import gc
import inspect
import random
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import verilane
from verifier_items import LANES, lane_items, mismatching, valid
from verilane import DeviceUnavailable, Verdict, VerifierClosed
from verilane.verifier import Batch, Item, Priority, Rules, Verifier

OK = Verdict.OK


@pytest.fixture(scope="module")
def verifier() -> Any:
    with Verifier(cache=0) as made:
        yield made


def name_of_lane(lane: int) -> str:
    rules, keyless = LANES[lane]
    flags = "low-s " * rules.low_s + "hybrid " * rules.hybrid_keys + "digests " * rules.digests
    flags += rules.key_form * (rules.key_form != "any")
    rule = rules.rule if rules.scheme == "ed25519" else rules.encoding
    return "-".join(f"{rules.scheme} {rule} {flags} {'keyless' * keyless}".split())


ALL_LANES = pytest.mark.parametrize("lane", range(len(LANES)), ids=name_of_lane)


def test_every_lane_is_tested() -> None:
    """VL_LANES of csrc/verifier/lanes.h: 36 of each ECDSA, BIP-340, 4 of Ed25519, 8 of SM2."""
    assert len(LANES) == 85


@ALL_LANES
def test_lanes_have_items_of_all_kinds(lane: int) -> None:
    _, verdicts = lane_items(lane)
    assert {Verdict.OK, Verdict.MISMATCH} <= set(verdicts)


# ---- Every lane by every door ----


@ALL_LANES
def test_futures(verifier: Verifier, lane: int) -> None:
    items, verdicts = lane_items(lane)
    futures = [verifier.submit(item) for item in items]
    assert [future.result(60) for future in futures] == verdicts


@ALL_LANES
def test_blocking(verifier: Verifier, lane: int) -> None:
    items, verdicts = lane_items(lane)
    assert [verifier.verify(item) for item in items[:24]] == verdicts[:24]
    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(verifier.verify, items)) == verdicts


@ALL_LANES
def test_batches(verifier: Verifier, lane: int) -> None:
    items, verdicts = lane_items(lane)
    rules = items[0].rules
    keys, signatures, messages = (list(c) for c in zip(*(i[1:] for i in items), strict=True))
    batch = Batch(rules, None if keys[0] is None else keys, signatures, messages)
    assert list(verifier.submit_many(batch).result(60)) == verdicts
    assert list(verifier.verify_many(batch)) == verdicts
    assert list(verifier.submit_many(items).result(60)) == verdicts


@ALL_LANES
def test_event_loop(verifier: Verifier, lane: int) -> None:
    items, verdicts = lane_items(lane)

    async def ask() -> list[Verdict]:
        return await asyncio.gather(*(verifier.averify(item) for item in items))

    assert asyncio.run(ask()) == verdicts


@pytest.mark.parametrize("cache", [0, 100, 100_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_all_lanes_mixed(threads: int, cache: int) -> None:
    """Items of all lanes, in any order and class, some twice."""
    rng = random.Random(threads)
    everything = [
        pair for lane in range(len(LANES)) for pair in zip(*lane_items(lane), strict=True)
    ]
    chosen = rng.choices(everything, k=4000)
    with Verifier(threads=threads, cache=cache) as verifier:
        futures = [
            verifier.submit(item, priority=rng.choice(list(Priority)), source=rng.randrange(5))
            for item, _ in chosen
        ]
        mixed = verifier.submit_many([item for item, _ in chosen])
        assert [f.result(60) for f in futures] == [verdict for _, verdict in chosen]
        assert list(mixed.result(60)) == [verdict for _, verdict in chosen]


def test_every_cpu_device(isa: str) -> None:
    items, verdicts = lane_items(0)
    with Verifier(device=isa, threads=2) as verifier:
        assert list(verifier.submit_many(items).result(60)) == verdicts


def test_packed_columns(verifier: Verifier) -> None:
    items = valid("ed25519", 64)
    by_size = [item for item in items if len(item.message) == len(items[0].message)]
    columns = [
        np.frombuffer(b"".join(column), np.uint8).reshape(len(by_size), -1)
        for column in list(zip(*(item[1:] for item in by_size), strict=True))[:2]
    ]
    messages = [item.message for item in by_size]
    batch = Batch("ed25519", *columns, messages)
    assert verifier.verify_many(batch).all_ok
    assert verifier.submit_many(batch).result(60).all_ok


def test_user_ids() -> None:
    """The ID is part of what was signed, and of what the cache knows."""
    item = valid("sm2", 1)[0]
    with Verifier() as verifier:
        assert verifier.verify(item) == OK
        other = item._replace(rules=Rules("sm2", user_id=b"another"))
        assert [verifier.verify(each) for each in (other, item, other)] == [
            Verdict.MISMATCH,
            OK,
            Verdict.MISMATCH,
        ]


def test_nothing_at_all(verifier: Verifier) -> None:
    assert len(verifier.submit_many([]).result(10)) == 0
    assert len(verifier.verify_many(Batch("ed25519", [], [], []))) == 0


def test_bytes_like_parts(verifier: Verifier) -> None:
    rules, key, signature, message = valid("ed25519", 1)[0]
    item = Item(rules, bytearray(key), memoryview(signature), np.frombuffer(message, np.uint8))
    assert verifier.verify(item) == OK
    assert verifier.submit(item).result(10) == OK


def test_a_copy_is_taken(verifier: Verifier) -> None:
    """What is changed after submit changes nothing."""
    rules, key, signature, message = valid("ed25519", 1)[0]
    mutable = bytearray(signature)
    future = verifier.submit(Item(rules, key, mutable, message))
    mutable[:] = bytes(64)
    assert future.result(10) == OK
    rows = np.frombuffer(signature * 300, np.uint8).reshape(300, 64).copy()
    many = verifier.submit_many(Batch(rules, [key] * 300, rows, [message] * 300))
    rows[:] = 0
    assert many.result(10).all_ok


# ---- What raises, and when ----


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("secp256k1",), {}),
        (("ecdsa",), {}),
        (("",), {}),
        (("ed25519",), {"rule": "zip216"}),
        (("ed25519",), {"rule": None}),
        (("ed25519",), {"encoding": "der"}),
        (("ed25519",), {"low_s": True}),
        (("secp256k1.schnorr",), {"hybrid_keys": True}),
        (("secp256k1.ecdsa",), {"encoding": "fisco"}),
        (("secp256k1.ecdsa",), {"rule": "strict"}),
        (("secp256k1.ecdsa",), {"user_id": b"x"}),
        (("sm2",), {"encoding": "der-lax"}),
        (("sm2",), {"low_s": True}),
        (("sm2",), {"user_id": bytes(8192)}),
        (("p256.ecdsa",), {"digests": True}),
    ],
)
def test_rules_that_there_are_none_of(arguments: Any, options: Any) -> None:
    with pytest.raises(ValueError, match=r"named|no such option|at most"):
        Rules(*arguments, **options)


@pytest.mark.parametrize("door", ["verify", "submit", "verify_many", "submit_many", "averify"])
def test_bad_requests_fail_at_submit(verifier: Verifier, door: str) -> None:
    good = valid("ed25519", 1)[0]

    def ask(item: Any, **options: Any) -> Any:
        result = getattr(verifier, door)([item] if "many" in door else item, **options)
        return asyncio.run(result) if inspect.iscoroutine(result) else result

    for item, error in [
        (good._replace(rules="ed25518"), ValueError),
        (good._replace(rules=7), TypeError),
        (good._replace(key=None), ValueError),
        (good._replace(key="text"), TypeError),
        (good._replace(message=[1, 2]), TypeError),
        (good._replace(message=bytes(2 << 20)), ValueError),
    ]:
        with pytest.raises(error):
            ask(item)
    for options, error in [
        ({"priority": 4}, ValueError),
        ({"priority": -1}, ValueError),
        ({"source": -1}, ValueError),
        ({"source": 1 << 64}, ValueError),
        ({"source": "a"}, TypeError),
        ({"timeout": -1}, ValueError),
        ({"timeout": "1"}, TypeError),
    ]:
        with pytest.raises(error):
            ask(good, **options)
    assert verifier.stats()["tickets"] == 0


def test_columns_that_do_not_fit(verifier: Verifier) -> None:
    _, key, signature, message = valid("ed25519", 1)[0]
    with pytest.raises(ValueError, match="messages: 2 items"):
        verifier.submit_many(Batch("ed25519", [key], [signature], [message, message]))
    with pytest.raises(ValueError, match="no key"):
        verifier.submit_many(Batch("ed25519", None, [signature], [message]))
    with pytest.raises(TypeError):
        verifier.submit_many(Batch("ed25519", [key], ["text"], [message]))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threads": 0}, ValueError),
        ({"threads": 2000}, ValueError),
        ({"threads": "2"}, TypeError),
        ({"queue": 0}, ValueError),
        ({"queue": {9: 1}}, ValueError),
        ({"max_wait": -1.0}, ValueError),
        ({"cache": -1}, ValueError),
        ({"memory": 0}, ValueError),
        ({"tickets": 1 << 31}, ValueError),
        ({"device": "cpu:none"}, ValueError),
        ({"device": "opencl:99"}, DeviceUnavailable),
    ],
)
def test_options_without_a_meaning(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Verifier(**options)


def test_after_closing() -> None:
    item = valid("ed25519", 1)[0]
    verifier = Verifier(threads=1)
    future = verifier.submit(item)
    verifier.close()
    verifier.close(drain=False)
    assert future.result(0) == OK

    async def ask() -> Verdict:
        return await verifier.averify(item)

    for ask_again in (
        lambda: verifier.verify(item),
        lambda: verifier.submit(item),
        lambda: verifier.submit_many([item]),
        lambda: verifier.verify_many([item]),
        lambda: asyncio.run(ask()),
    ):
        with pytest.raises(VerifierClosed):
            ask_again()
    assert verifier.stats()["errors"][Priority.BLOCK][9] == 5


def test_an_exception_in_the_block_gives_up() -> None:
    futures = []

    def stop() -> None:
        with Verifier(threads=1) as verifier:
            futures.extend(verifier.submit(item) for item in valid("p256.ecdsa", 60) * 20)
            raise LookupError

    with pytest.raises(LookupError):
        stop()
    assert len(futures) == 1200
    assert all(future.done() for future in futures)
    for future in futures:
        assert future.exception() is None or isinstance(future.exception(), VerifierClosed)


def test_forgotten_verifiers_end() -> None:
    """Without close, too: threads and memory go with the object."""
    item = valid("ed25519", 1)[0]
    for _ in range(20):
        verifier = Verifier(threads=2)
        assert verifier.submit(item).result(10) == OK
        thread = verifier._dispatcher._thread
        del verifier
        assert thread is not None
        thread.join(10)
        assert not thread.is_alive()


def test_garbage_is_collected_under_a_futures_lock() -> None:
    """Which may happen to whoever waits for it: its verifier has gone, and it has to be told."""
    verifier = Verifier(threads=1, max_wait=3600.0, batch_time=1.0)
    future: Any = verifier.submit(valid("ed25519", 1)[0])

    def collect() -> None:
        with future._condition:
            gc.collect()

    thread = threading.Thread(target=collect, daemon=True)
    gc.disable()
    try:
        verifier.itself = verifier  # type: ignore[attr-defined]
        del verifier
        thread.start()
        thread.join(20)
    finally:
        gc.enable()
    assert not thread.is_alive()
    assert isinstance(future.exception(10), VerifierClosed)


def test_a_task_that_is_cancelled(verifier: Verifier) -> None:
    good = valid("ed25519", 8)

    async def ask() -> list[Any]:
        tasks = [asyncio.ensure_future(verifier.averify(item)) for item in good]
        await asyncio.sleep(0)
        tasks[3].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(ask())
    assert isinstance(results.pop(3), (asyncio.CancelledError, CancelledError))
    assert results == [OK] * 7


def test_one_bad_item_is_alone(verifier: Verifier) -> None:
    for scheme in ("ed25519", "secp256k1.schnorr", "secp256k1.ecdsa"):
        items = valid(scheme, 60)
        items = [*items[:31], mismatching(items[31]), *items[32:]]
        verdicts = verifier.submit_many(items).result(10)
        assert verdicts.failed.tolist() == [31]


def test_the_package_shows_it() -> None:
    assert verilane.Verifier is Verifier
    assert verilane.verifier.Verifier is Verifier
