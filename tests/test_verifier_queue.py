"""The verifier's queue: classes, bounds, deadlines, cancelling, bad sources, counters."""

import asyncio
import time
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from builds import THREADS_CHECKED
from verifier_items import batch_of, in_thread, mismatching, plug, plugged, valid
from verilane import Busy, DeadlineExceeded, Shed, Verdict, VerifierClosed
from verilane.verifier import Batch, Item, Priority, Verifier

OK, MISMATCH = Verdict.OK, Verdict.MISMATCH
VOTE = valid("ed25519", 1)[0]


def in_order(futures: dict[str, list[Future[Any]]]) -> list[str]:
    """Waits for all; returns the names in the order in which the futures ended."""
    order: list[str] = []
    for name, each in futures.items():
        for future in each:
            future.add_done_callback(lambda _, name=name: order.append(name))
    for each in futures.values():
        for future in each:
            future.result(60)
    return order


# ---- Classes ----


def test_urgent_items_come_first() -> None:
    """Handed in last, done first: beside them only what rides in a vector's empty lanes."""
    items = valid("ed25519", 100)
    with plugged(cache=0) as verifier:
        futures = {
            priority.name: [verifier.submit(item, priority=priority) for item in items]
            for priority in reversed(Priority)
        }
        order = in_order(futures)
    for priority in Priority:
        places = [i for i, name in enumerate(order) if name == priority.name]
        more_urgent = 100 * priority
        assert places[-1] < more_urgent + 100 + 8
        assert places[8] >= more_urgent


def test_a_vote_does_not_wait_for_the_mempool() -> None:
    """While thousands wait, votes are verified one after another."""
    pool = batch_of(valid("p256.ecdsa", 60), 1000)
    with Verifier(threads=2, cache=0) as verifier:
        waiting = verifier.submit_many(pool, priority=Priority.MEMPOOL)
        for _ in range(20):
            assert verifier.verify(VOTE, priority=Priority.CONSENSUS) == OK
        assert verifier.stats()["depth"][Priority.MEMPOOL] > 0
        waiting.cancel()


def test_batches_are_short() -> None:
    """One job of thousands is done in batches, of which none takes long."""
    batch = batch_of(valid("p256.ecdsa", 60), 100)
    with Verifier(threads=1, cache=0, batch_time=0.001) as verifier:
        assert verifier.verify_many(batch, priority=Priority.BULK).all_ok
        stats = verifier.stats()
        assert stats["batches"] >= 10
        assert sum(stats["batch_sizes"]) == stats["batches"]


def sizes_since(verifier: Verifier, before: list[int]) -> list[int]:
    """The histogram of batches since then."""
    now = verifier.stats()["batch_sizes"]
    return [each - other for each, other in zip(now, before, strict=True)]


def test_long_messages_do_not_hide_among_short_ones() -> None:
    """A batch ends before its bytes are too many, wherever in a job they are."""
    rules, key, signature, _ = VOTE
    messages = [*[bytes(1_000_000)] * 10, *[b"short"] * 1000]
    batch = Batch(rules, [key] * 1010, [signature] * 1010, messages)
    with Verifier(threads=1, cache=0, batch_time=1.0) as verifier:
        assert verifier.submit_many(batch).result(60).failed.tolist() == list(range(1010))
        sizes = verifier.stats()["batch_sizes"]
        assert sizes[1] == 9  # the last one has short ones behind it
        assert sum(sizes[2:]) <= 3


def test_long_messages_do_not_ride_with_votes() -> None:
    rules, key, signature, _ = VOTE
    with plugged(cache=0) as verifier:
        before = verifier.stats()["batch_sizes"]
        futures = [
            verifier.submit(Item(rules, key, signature, bytes(400_000)), priority=Priority.MEMPOOL)
            for _ in range(3)
        ]
        futures.append(verifier.submit(VOTE, priority=Priority.CONSENSUS))
        assert [f.result(60) for f in futures] == [MISMATCH] * 3 + [OK]
        plug_vote_and_last, two = sizes_since(verifier, before)[1:3]
        assert (plug_vote_and_last, two) == (3, 1)


def test_garbage_does_not_make_batches_long() -> None:
    """How long an item takes is learned from those that were verified: others are cheap."""
    good = valid("p256.ecdsa", 60)
    no_key = [item._replace(key=b"\x09" * 33) for item in good]
    with Verifier(threads=1, cache=0) as verifier:
        assert verifier.submit_many(batch_of(good, 10)).result(60).all_ok
        assert len(verifier.submit_many(batch_of(no_key, 200)).result(60).failed) == 12_000
        before = verifier.stats()["batch_sizes"]
        assert verifier.submit_many(batch_of(good, 35)).result(60).all_ok
        assert sum(sizes_since(verifier, before)[10:]) == 0  # an item takes more than 3 us


def test_max_wait_fills_batches() -> None:
    wait = 20.0 if THREADS_CHECKED else 2.0
    items, other = valid("ed25519", 16), valid("p256.ecdsa", 1)[0]
    with Verifier(threads=1, cache=0, max_wait={Priority.BULK: wait}) as verifier:
        start = time.perf_counter()
        futures = []
        for item in items:
            futures.append(verifier.submit(item, priority=Priority.BULK))
            time.sleep(0.001)
        assert verifier.submit(other).result(10) == OK  # others do not wait
        assert time.perf_counter() - start < wait
        assert [f.result(60) for f in futures] == [OK] * 16
        assert time.perf_counter() - start >= wait
        assert verifier.stats()["batches"] == 2


def test_closing_does_not_wait_for_max_wait() -> None:
    verifier = Verifier(threads=1, max_wait=3600.0)
    future = verifier.submit(VOTE)
    verifier.close()
    assert future.result(0) == OK


# ---- Bounds ----


def test_a_full_queue_is_busy_at_once() -> None:
    others = valid("p256.ecdsa", 2)
    with plugged(queue={Priority.MEMPOOL: 10, Priority.BLOCK: 20}) as verifier:
        futures = [verifier.submit(VOTE, priority=Priority.MEMPOOL) for _ in range(10)]
        start = time.perf_counter()
        for ask in (
            lambda: verifier.submit(VOTE, priority=Priority.MEMPOOL),
            lambda: verifier.verify(VOTE, priority=Priority.MEMPOOL),
            lambda: verifier.submit_many([VOTE], priority=Priority.MEMPOOL),
            lambda: verifier.submit_many([VOTE] * 19 + others),
        ):
            with pytest.raises(Busy):
                ask()
        assert time.perf_counter() - start < (5.0 if THREADS_CHECKED else 0.1)
        assert verifier.stats()["depth"] == [0, 0, 10, 0]  # of the last one nothing was kept
        futures.append(verifier.submit(VOTE, priority=Priority.CONSENSUS))
        with pytest.raises(ValueError, match="more items"):
            verifier.submit_many([VOTE] * 21)
        assert [f.result(60) for f in futures] == [OK] * 11


def test_a_turn_of_the_loop_that_does_not_fit() -> None:
    """What tasks ask in one turn is handed in together; where that is too much, some of it is."""
    good = valid("ed25519", 30)

    async def ask(verifier: Verifier) -> list[Any]:
        calls = (verifier.averify(item) for item in good)
        return await asyncio.gather(*calls, return_exceptions=True)

    for room in (1, 7):
        with plugged(queue=room) as verifier:
            results = asyncio.run(ask(verifier))
            assert results.count(OK) == room
            assert sum(isinstance(result, Busy) for result in results) == 30 - room


def test_tickets_are_bounded() -> None:
    with plugged(tickets=5) as verifier:
        futures = [verifier.submit(VOTE) for _ in range(4)]
        with pytest.raises(Busy):
            verifier.submit(VOTE)
        assert [f.result(60) for f in futures] == [OK] * 4
        assert verifier.submit(VOTE).result(60) == OK


def until_busy(verifier: Verifier, item: Item, priority: Priority) -> list[Future[Any]]:
    """Hands an item in again and again, until the verifier is full."""
    futures: list[Future[Any]] = []
    while len(futures) < 10_000:
        try:
            futures.append(verifier.submit(item, priority=priority))
        except Busy:
            return futures
    raise AssertionError("it is never full")


@pytest.mark.parametrize("full", [Priority.BULK, Priority.MEMPOOL, Priority.BLOCK])
def test_whoever_fills_memory_or_tickets_leaves_some_to_others(full: Priority) -> None:
    rules, key, signature, _ = VOTE
    long = Item(rules, key, signature, bytes(1 << 20))
    with plugged(tickets=1600, cache=0) as verifier:
        asked = until_busy(verifier, long, full)
        for priority in reversed([each for each in Priority if each < full]):
            asked.append(verifier.submit(long, priority=priority))
        for future in asked[1:]:
            future.cancel()
    with plugged(96 << 20, tickets=160, cache=0) as verifier:
        asked = until_busy(verifier, VOTE, full)
        assert len(asked) == 160 - 10 * full - 1  # and the one that is at work
        for priority in reversed([each for each in Priority if each < full]):
            assert len(until_busy(verifier, VOTE, priority)) == 10


def test_only_the_mempool_is_shed() -> None:
    """Urgent items push the mempool's out, the oldest first; others they do not."""
    rules, key, signature, _ = VOTE
    long = Item(rules, key, signature, bytes(1 << 18))
    with Verifier(threads=1, memory=64 << 20, item_bytes=49 << 20) as verifier:
        plug(verifier)
        bulk = [verifier.submit(long, priority=Priority.BULK) for _ in range(8)]
        pool = until_busy(verifier, long, Priority.MEMPOOL)
        with pytest.raises(Busy):
            verifier.submit(long, priority=Priority.BULK)
        block = [verifier.submit(long) for _ in range(25)]
        vote = verifier.submit(long, priority=Priority.CONSENSUS)
        for future in pool[:9]:
            with pytest.raises(Shed):
                future.result(0.5)
        futures = [*pool[9:], *bulk, *block, vote]
        assert {future.result(60) for future in futures} == {MISMATCH}
        assert verifier.stats()["errors"][Priority.MEMPOOL][6] == 9
        assert verifier.stats()["bytes"] == 0


# ---- Deadlines and cancelling ----


def test_deadlines() -> None:
    with plugged() as verifier:
        late = [verifier.submit(VOTE, timeout=0.001 * (i % 5)) for i in range(50)]
        many = verifier.submit_many(valid("ed25519", 60), timeout=0.003)
        early = [verifier.submit(VOTE, timeout=60) for _ in range(50)]
        with pytest.raises(DeadlineExceeded):
            verifier.verify(VOTE, timeout=0.002)
        for future in late:
            assert isinstance(future.exception(60), DeadlineExceeded)
        assert isinstance(many.exception(60), DeadlineExceeded)
        assert [f.result(60) for f in early] == [OK] * 50
        assert verifier.stats()["errors"][Priority.BLOCK][7] == 50 + 60 + 1


def test_deadlines_of_what_waits_for_company() -> None:
    with Verifier(threads=1, max_wait=3600.0) as verifier:
        start = time.perf_counter()
        assert isinstance(verifier.submit(VOTE, timeout=0.05).exception(30), DeadlineExceeded)
        assert 0.05 <= time.perf_counter() - start < 5


def test_cancelling() -> None:
    with plugged() as verifier:
        futures = [verifier.submit(VOTE) for _ in range(20)]
        many = verifier.submit_many([*valid("ed25519", 30), *valid("p256.ecdsa", 30)])
        assert all(future.cancel() for future in futures[::2])
        assert many.cancel()
        assert verifier.stats()["depth"][Priority.BLOCK] == 10
        for future in futures[::2]:
            with pytest.raises(CancelledError):
                future.result(0)
        assert [f.result(60) for f in futures[1::2]] == [OK] * 10
        assert not futures[1].cancel()
        assert verifier.stats()["errors"][Priority.BLOCK][8] == 70


# ---- Closing ----


def test_draining() -> None:
    verifier = plugged()
    futures = [verifier.submit(VOTE, priority=p) for p in Priority for _ in range(30)]
    verifier.close()
    assert [future.result(0) for future in futures] == [OK] * 120


def test_giving_up() -> None:
    verifier = plugged()
    futures = [verifier.submit(VOTE, priority=p) for p in Priority for _ in range(30)]
    waiting = in_thread(lambda: verifier.verify(VOTE))
    while verifier.stats()["depth"][Priority.BLOCK] < 31:
        pass
    verifier.close(drain=False)
    assert {type(future.exception(0)) for future in futures} == {VerifierClosed}
    assert isinstance(waiting.exception(10), VerifierClosed)


# ---- Bad sources ----


@pytest.mark.parametrize("scheme", ["ed25519", "secp256k1.schnorr"])
def test_bad_sources_are_apart(scheme: str) -> None:
    """Who sent a bad signature has batches of his own for a while; others share theirs."""
    items = valid(scheme, 60)
    with Verifier(threads=1, cache=0, suspect_time=0.6) as verifier:

        def ask(source: int, items: list[Item] = items) -> int:
            """Returns how many of the items were apart."""
            before = verifier.stats()["apart"]
            verifier.submit_many(items, source=source).result(60)
            return int(verifier.stats()["apart"] - before)

        assert ask(7) == 0
        assert ask(7, [*items[:40], mismatching(items[40])]) == 0
        assert verifier.stats()["suspects"] == 1
        assert (ask(7), ask(8), ask(0)) == (60, 0, 0)
        assert ask(0, [mismatching(items[0])]) == 0  # nobody is no source
        assert ask(0) == 0
        time.sleep(0.7)
        assert ask(7) == 0
        assert verifier.stats()["suspects"] == 0


def test_other_schemes_have_nothing_to_spoil() -> None:
    items = valid("secp256k1.ecdsa", 60)
    with Verifier(threads=1, cache=0) as verifier:
        verifier.verify_many([mismatching(items[0])], source=9)
        verifier.submit_many(items, source=9).result(60)
        assert verifier.stats()["apart"] == 0
        assert verifier.stats()["suspects"] == 1


def test_bad_items_of_a_suspect_leave_the_others_equation() -> None:
    """One attacker's items cost the others nothing: no batch of theirs has a bad one."""
    items = valid("ed25519", 60)
    bad = [mismatching(item) for item in items]
    with plugged(cache=0) as verifier:
        verifier.submit(bad[0], source=13).result(60)
        plug(verifier)
        good = [verifier.submit(item, source=1 + i % 5) for i, item in enumerate(items)]
        wrong = [verifier.submit(item, source=13) for item in bad]
        assert [f.result(60) for f in good] == [OK] * 60
        assert [f.result(60) for f in wrong] == [MISMATCH] * 60
        assert verifier.stats()["apart"] == 60


# ---- Counters ----


def test_prometheus() -> None:
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    with Verifier(threads=1) as verifier:
        collector = verifier.register(registry, name="node")
        verifier.verify(VOTE)
        verifier.verify(mismatching(VOTE), priority=Priority.CONSENSUS)
        verifier.submit_many(valid("ed25519", 32)).result(10)
        sample = registry.get_sample_value
        block, vote = {"class": "block"}, {"class": "consensus"}
        assert sample("node_verdicts_total", {**block, "verdict": "ok"}) == 33
        assert sample("node_verdicts_total", {**vote, "verdict": "mismatch"}) == 1
        assert sample("node_alone_total") == 2
        assert sample("node_queue_depth", block) == 0
        assert sample("node_cache_hits_total") == 1
        assert sample("node_batch_size_count") == 1
        assert sample("node_batch_size_sum") == 32
        assert sample("node_batch_size_bucket", {"le": "31.0"}) == 0
        assert sample("node_batch_size_bucket", {"le": "63.0"}) == 1
        assert sample("node_wait_seconds_count", block) == 33
        assert sample("node_busy_seconds_total") > 0
        assert "node_errors_total" in prometheus.generate_latest(registry).decode()
        registry.unregister(collector)
