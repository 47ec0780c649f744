"""Batches that are lent, at the C functions of csrc/binding.h: what is offered, what comes back."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from verilane._native import ffi, lib

from verifier_items import batch_of, mismatching, valid
from verilane import Busy, Verdict, VerilaneError, _cpu_loans
from verilane._cpu_loans import LANES, TIMEOUT, Lender, Loan, Offer
from verilane.verifier import Item, Priority, Rules, Verifier
from verilane.verifier.schemes import lanes

SCHEME = "secp256k1.ecdsa"
LANE = next(lane for lane, (rules, _) in lanes().items() if rules == Rules(SCHEME))
ITEMS = valid(SCHEME, 60)


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    """Its workers wait for company."""
    with Verifier(threads=1, max_wait=3600.0, batch_time=1.0, cache=1000) as made:
        yield made


def least(number: int) -> Any:
    numbers = np.zeros(LANES, np.uint64)
    numbers[LANE] = number
    return numbers


def lent(verifier: Verifier, most: int = 1000) -> Loan:
    lender = Lender(verifier._engine)
    result, offer = lender.wait(least(1), 10_000_000)
    assert result == 0
    loan = lender.lend(offer, least=1, most=most)
    assert loan is not None
    return loan


def test_all_lanes_have_rules() -> None:
    assert sorted(lanes()) == list(range(LANES))
    unknown = ffi.new("vl_request *", {"scheme": 99})
    assert lib.vl_verifier_lane(unknown, 0) == lib.VL_ERROR_ARGUMENT
    assert lib.vl_verifier_lane(ffi.NULL, 0) == lib.VL_ERROR_ARGUMENT


def test_offers(verifier: Verifier) -> None:
    """The most urgent class with enough of a lane that is asked for; of votes there are none."""
    lender = Lender(verifier._engine)
    assert lender.wait(least(1), 0)[0] == TIMEOUT
    for count, priority in ((30, Priority.BULK), (20, Priority.MEMPOOL), (40, Priority.CONSENSUS)):
        verifier.submit_many(batch_of(ITEMS[:count]), priority=priority)
    assert lender.wait(least(0), 1000)[0] == TIMEOUT
    assert lender.wait(least(31), 1000)[0] == TIMEOUT
    assert lender.wait(least(21), 0) == (0, Offer(Priority.BULK, LANE, 30))
    assert lender.wait(least(20), 0) == (0, Offer(Priority.MEMPOOL, LANE, 20))
    assert lender.lend(Offer(Priority.BULK, LANE, 30), least=31, most=99) is None
    assert verifier.stats()["depth"] == [40, 0, 20, 30]


def test_somebody_who_waits_is_called(verifier: Verifier) -> None:
    """By the item that makes it enough."""
    found: list[Any] = []
    lender = Lender(verifier._engine)
    thread = threading.Thread(target=lambda: found.append(lender.wait(least(5), -1)))
    thread.start()
    for item in ITEMS[:4]:
        verifier.submit(item)
    thread.join(0.05)
    assert thread.is_alive()
    verifier.submit(ITEMS[4])
    thread.join(30)
    assert found == [(0, Offer(Priority.BLOCK, LANE, 5))]


def test_what_is_lent(verifier: Verifier) -> None:
    """Every byte of every item, in order; what is left waits."""
    future = verifier.submit_many(ITEMS[:50])
    loan = lent(verifier, most=30)
    assert (loan.n, verifier.stats()["depth"][Priority.BLOCK]) == (30, 20)
    for i, item in enumerate(ITEMS[:30]):
        for column, part in zip((loan.keys, loan.signatures, loan.messages), item[1:], strict=True):
            assert column.offsets is not None
            assert column.data[column.offsets[i] : column.offsets[i + 1]].tobytes() == part
    assert not future.done()
    codes = np.array([i % 5 + 1 for i in range(30)], np.uint8)
    loan.give_back(codes)
    verifier.close()
    assert [int(each) for each in future.result(0)] == [*codes.tolist(), *[1] * 20]


def test_what_the_cache_knows_is_not_lent(verifier: Verifier) -> None:
    """It has its verdicts at once. Only what was found valid is remembered."""
    future = verifier.submit_many([*ITEMS[:10], mismatching(ITEMS[0])])
    lent(verifier).give_back(np.array([1] * 10 + [5], np.uint8))
    assert future.result(30).count(Verdict.OK) == 10
    known = [verifier.submit(item) for item in ITEMS[:10]]
    more = verifier.submit_many([*ITEMS[5:12], mismatching(ITEMS[0])])
    loan = lent(verifier)
    assert loan.n == 3
    assert [each.result(30) for each in known] == [Verdict.OK] * 10
    assert not more.done()
    loan.give_back(np.array([1, 1, 5], np.uint8))
    assert list(more.result(30)) == [Verdict.OK] * 7 + [Verdict.MISMATCH]
    verifier.submit_many(ITEMS[:12])
    result, offer = Lender(verifier._engine).wait(least(1), 10_000_000)
    assert result == 0
    assert Lender(verifier._engine).lend(offer, least=1, most=99) is None  # nothing is left of it
    stats = verifier.stats()
    assert (stats["cache_hits"], stats["cache_items"]) == (10 + 5 + 12, 12)
    assert sum(stats["batch_sizes"]) == stats["batches"] == 3


def test_errors_are_given_back(verifier: Verifier) -> None:
    """What nobody could decide is an error with a name, and never remembered."""
    for verdicts, error, kind in (
        (None, lib.VL_ERROR_MEMORY, MemoryError),
        (None, lib.VL_ERROR_BUSY, Busy),
        (np.zeros(5, np.uint8), 0, VerilaneError),
        (np.full(5, 6, np.uint8), 0, VerilaneError),
        (np.full(5, 255, np.uint8), 0, VerilaneError),
    ):
        future = verifier.submit_many(ITEMS[:5])
        loan = lent(verifier)
        assert loan.n == 5
        loan.give_back(verdicts, error)
        assert isinstance(future.exception(30), kind)
    assert verifier.stats()["cache_items"] == verifier.stats()["bytes"] == 0


def test_no_memory_for_what_was_lent(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """The items are not lost with it, and nobody waits for them."""

    def no_memory(*_: object) -> Any:
        raise MemoryError

    future = verifier.submit_many(ITEMS[:5])
    monkeypatch.setattr(_cpu_loans, "_column", no_memory)
    with pytest.raises(MemoryError):
        lent(verifier)
    assert isinstance(future.exception(30), MemoryError)
    assert verifier.stats()["bytes"] == 0


def test_arguments(verifier: Verifier) -> None:
    engine, offer = verifier._engine, ffi.new("vl_offer *", (Priority.BULK, LANE, 1))
    loan, numbers = ffi.new("vl_loan **"), ffi.from_buffer("uint64_t[]", least(1))
    at, wrong = engine._at, lib.VL_ERROR_ARGUMENT
    assert lib.vl_verifier_await(ffi.NULL, offer, numbers, 0) == wrong
    assert lib.vl_verifier_await(at, ffi.NULL, numbers, 0) == wrong
    assert lib.vl_verifier_await(at, offer, ffi.NULL, 0) == wrong
    assert lib.vl_verifier_lend(ffi.NULL, loan, offer, 1, 1) == wrong
    assert lib.vl_verifier_lend(at, ffi.NULL, offer, 1, 1) == wrong
    assert lib.vl_verifier_lend(at, loan, ffi.NULL, 1, 1) == wrong
    assert lib.vl_verifier_lend(at, loan, offer, 1, 0) == wrong
    for priority, lane in ((Priority.CONSENSUS, LANE), (4, LANE), (-1, LANE), (3, -1), (3, LANES)):
        offer.priority, offer.lane = priority, lane
        assert lib.vl_verifier_lend(at, loan, offer, 1, 1) == wrong
    verifier.submit_many(ITEMS[:5])
    held = lent(verifier)
    with pytest.raises(ValueError, match="verdicts for 5 items"):
        held.give_back(np.ones(4, np.uint8))
    for arguments in ((ffi.NULL, 0), (ffi.NULL, 1), (ffi.NULL, -16)):
        assert lib.vl_verifier_take_back(at, held._at, *arguments) == wrong
    held.give_back(None)


def test_the_end(verifier: Verifier) -> None:
    lender, waiting = Lender(verifier._engine), []
    thread = threading.Thread(target=lambda: waiting.append(lender.wait(least(9), -1)[0]))
    thread.start()
    verifier.submit_many(ITEMS[:5])
    held = lent(verifier)
    future = verifier.submit(Item(SCHEME, *ITEMS[6][1:]))
    verifier.close(drain=False)
    thread.join(30)
    assert waiting == [lib.VL_ERROR_CLOSED]
    assert future.done()
    held.give_back(np.ones(5, np.uint8))
    assert lender.lend(Offer(Priority.BLOCK, LANE, 1), least=0, most=5) is None
    assert lender.wait(least(1), -1)[0] == lib.VL_ERROR_CLOSED
    assert verifier.stats()["verdicts"][Priority.BLOCK][Verdict.OK] == 0
