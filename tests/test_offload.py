"""Signatures on a device beside the CPU: verdicts are those of the CPU, whatever the device is."""

import logging
import threading
import time
from typing import Any

import numpy as np
import pytest

import items
from faulty_device import Faulty, hangs, out_of_memory, unwritten, unwritten_points, zeros
from faulty_place import NAME, installed
from items import from_scalars
from offload_items import WAYS, Row, Way, codes, columns, forged, scalars
from reference.secp256k1 import CURVE
from verilane import (
    DeviceUnavailable,
    _offload,
    ed25519,
    secp256k1,
    sm2,
    use,
)

pytestmark = pytest.mark.usefixtures("faulty_kind")


# ---- A device that is right ----


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_verdicts_are_those_of_the_cpu(way: Way, strict: bool) -> None:
    """All items, honest and hostile, in launches of several sizes."""
    for most in (1, 64, 1 << 20):
        rows = way.rows if most > 1 else way.rows[:20]
        device = Faulty(most=most)
        trusted = installed(device)
        with use(NAME, strict=strict):
            assert codes(way, rows) == [row.verdict for row in rows]
        assert trusted.missing is None
        assert (device.asked > 0) == (way.summable or not strict)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_valid_items_are_the_device_s(way: Way) -> None:
    rows = way.honest(100)
    device = Faulty()
    installed(device)
    assert codes(way, rows, device=NAME) == [1] * len(rows)
    assert device.asked == 67 + len(rows)  # known answers come first
    assert codes(way, rows, device=NAME) == [1] * len(rows)
    assert device.asked == 67 + 2 * len(rows), "the same items again are no attack"


def test_one_process_and_many_threads() -> None:
    way = WAYS[0]
    device = Faulty(most=100)
    trusted = installed(device)
    found: list[bool] = []

    def verify(part: int) -> None:
        rows = way.rows[part::8]
        found.append(codes(way, rows, device=NAME) == [row.verdict for row in rows])

    threads = [threading.Thread(target=verify, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
    assert trusted.missing is None


def test_every_form_of_columns() -> None:
    """Items that are not OK are picked out of packed, ragged and prepared columns."""
    rows = [row for row in WAYS[0].rows if [len(each) for each in row.columns] == [33, 64, 32]]
    rows = [row for i, row in enumerate(rows) if row.verdict == 1 or i % 3 == 0]
    keys, signatures, digests = columns(rows)
    expected = [row.verdict for row in rows]
    assert 20 < expected.count(5) < len(rows) / 9
    installed(Faulty(most=200))

    def ragged(parts: list[bytes]) -> tuple[bytes, np.ndarray[Any, Any]]:
        return b"".join(parts), np.cumsum([0, *map(len, parts)]).astype(np.int64)

    verify = secp256k1.ecdsa.verify_many
    for k in (b"".join(keys), ragged(keys), secp256k1.ecdsa.prepare(keys, device=NAME)):
        for s in (b"".join(signatures), ragged(signatures)):
            assert verify(k, s, ragged(digests), device=NAME).numpy().tolist() == expected
    rows = [row for row in WAYS[5].rows if len(row.columns[0]) == 32]
    keys, signatures, messages = columns(rows)
    prepared = ed25519.prepare(keys)
    many = prepared.take(range(len(keys)))
    for k in (keys, prepared, many):
        found = ed25519.verify_many(k, signatures, messages, device=NAME).numpy()
        assert found.tolist() == [row.verdict for row in rows]


def test_sm2_keys_in_signatures() -> None:
    rows = [row for row in WAYS[3].rows if len(row.columns[0]) in (64, 65)][:200]
    keys, signatures, messages, ids = columns(rows)
    fisco = [s + k[-64:] for k, s in zip(keys, signatures, strict=True)]
    installed(Faulty())
    found = sm2.verify_many(None, fisco, messages, user_id=ids, encoding="fisco", device=NAME)
    assert found.numpy().tolist() == [row.verdict for row in rows]
    one = [row for row in rows if row.columns[3] == sm2.DEFAULT_USER_ID]
    keys, signatures, messages, _ = columns(one)
    found = sm2.verify_many(keys, signatures, messages, device=NAME)
    assert found.numpy().tolist() == [row.verdict for row in one]


def test_what_the_cpu_does_whatever_the_device() -> None:
    device = Faulty()
    installed(device)
    item = items.honest_items(1)[0]
    with use(NAME):
        secp256k1.ecdsa.verify(item.key, item.signature, item.digest)
        assert secp256k1.ecdsa.verify_many([], [], []).all_ok
        secp256k1.ecdsa.prepare([item.key])
    assert device.calls == 0


# ---- What a device is asked, and never asked twice ----


class Replaying(Faulty):
    """The worst that mixed-up memory can do: to every item it gives what the item expects, if it
    is the answer to any item that the device has ever been asked, in this launch or another.
    expects: u and v of an item -> x of the point that it expects.
    """

    def __init__(self, expects: dict[bytes, int]) -> None:
        super().__init__(NAME)
        self.expects = expects
        self.seen: dict[int, np.ndarray[Any, Any]] = {}
        self.replayed = 0

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        super().double_mul(curve, r, exceptional, u, v, q)
        for row in r:
            self.seen[int.from_bytes(row[:4].tobytes(), "little")] = row.copy()
        for i in range(len(r)):
            wanted = self.expects.get(u[i].tobytes() + v[i].tobytes())
            if wanted in self.seen and not np.array_equal(self.seen[wanted], r[i]):
                r[i] = self.seen[wanted]
                self.replayed += 1


X = CURVE.multiply_base(11 + 13 * 17)[0]  # type: ignore[index]
VALID = Row((lambda it: (it.key, it.signature, it.digest))(from_scalars("valid", 11, 13, 17)), 1)
REFUSED = forged("refused", 3**160, 11, 13, 17)
FORGED = forged("forged", X, 19, 23, 29)


@pytest.mark.parametrize(
    "first", [VALID, REFUSED], ids=["after a valid one", "after a refused one"]
)
@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one"])
@pytest.mark.parametrize("strict", [False, True])
def test_no_answer_serves_twice(first: Row, together: bool, strict: bool) -> None:
    """Who knows what the device answered once makes an item that expects it."""
    device = Replaying({scalars(19, 23): X})
    installed(device)
    others = [row for row in WAYS[0].honest(80) if row != VALID]
    with use(NAME, strict=strict):
        if not together:
            assert codes(WAYS[0], [first, *others[:40]]) == [first.verdict] + [1] * 40
        rows = [*others[40:], first, FORGED] if together else [*others[40:], FORGED]
        assert codes(WAYS[0], rows) == [row.verdict for row in rows]
        assert codes(WAYS[0], [FORGED, *others[:3]]) == [5, 1, 1, 1]


def test_strict_sees_answers_that_change_places() -> None:
    """Two invalid items, each of which expects the other's sum: no comparing tells when they are
    swapped, if nothing else is.
    """
    other = CURVE.multiply_base(19 + 23 * 29)
    assert other is not None
    rows = [forged("a", X, 19, 23, 29), forged("b", other[0], 11, 13, 17), *WAYS[0].honest(40)]
    device = Replaying({scalars(19, 23): X, scalars(11, 13): other[0]})
    trusted = installed(device)
    with use(NAME, strict=True):
        assert codes(WAYS[0], rows) == [row.verdict for row in rows]
    assert device.replayed == 2
    assert trusted.missing is not None


def test_slots_are_in_a_secret_order() -> None:
    orders = []

    class Watching(Faulty):
        def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
            orders.append([row.tobytes() for row in u])
            super().double_mul(curve, r, exceptional, u, v, q)

    rows = WAYS[0].honest(100)
    for _ in range(2):
        installed(Watching())
        assert codes(WAYS[0], rows, device=NAME) == [1] * 100
    launches = [order for order in orders if len(order) == 100]
    assert len(launches) == 2
    assert launches[0] != launches[1]
    assert set(launches[0]) == set(launches[1])


def test_too_many_refused() -> None:
    """Then the CPU does the rest; a few are done one by one."""
    bad = [row for row in WAYS[0].rows if row.verdict == 5]
    rows = [*WAYS[0].honest(100), *bad[:50], *WAYS[0].honest(200)[100:]]
    device = Faulty(most=50)
    trusted = installed(device)
    assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]
    assert trusted.missing is None
    asked, device.asked = device.asked, 0
    assert codes(WAYS[0], [*rows[:100], *rows[150:]], device=NAME) == [1] * 200
    assert device.asked == 200
    assert asked <= 67 + 50 + 150


# ---- Quarantine ----


def test_answers_left_unwritten() -> None:
    """Short output is seen as such, before anything is compared."""
    for fault in (unwritten, unwritten_points):
        trusted = installed(Faulty(fault=fault, after=1))
        assert codes(WAYS[0], WAYS[0].honest(100), device=NAME) == [1] * 100
        assert trusted.missing == "left answers unwritten"


def test_quarantine(caplog: pytest.LogCaptureFixture) -> None:
    device = Faulty(fault=zeros, after=2)
    trusted = installed(device)
    rows = WAYS[0].rows[:100]
    with caplog.at_level(logging.WARNING, "verilane"):
        for _ in range(3):
            assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]
    assert trusted.missing == "gave a wrong answer"
    assert device.calls == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"{NAME} gave a wrong answer: it is not used any more, the CPU goes on alone"
    ]


def test_wrong_from_the_start() -> None:
    """A device that was named and can't do it is an error, once; a batch that it failed is not."""
    installed(Faulty(fault=zeros))
    with pytest.raises(DeviceUnavailable, match="gave wrong answers to known questions on p256"):
        codes(WAYS[1], WAYS[1].rows[:100], device=NAME)
    assert codes(WAYS[1], WAYS[1].rows[:9], device=NAME) == [r.verdict for r in WAYS[1].rows[:9]]
    installed(Faulty(fault=out_of_memory))
    with pytest.raises(DeviceUnavailable, match="no memory left on the device"):
        codes(WAYS[1], WAYS[1].rows[:100], device=NAME)


def test_known_answers_before_each_first_and_after_each_error() -> None:
    calls: list[tuple[str, int]] = []

    class Watching(Faulty):
        def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
            calls.append((curve, len(r)))
            super().double_mul(curve, r, exceptional, u, v, q)

    device = Watching()
    installed(device)
    rows = WAYS[0].honest(200)
    codes(WAYS[0], rows[:100], device=NAME)
    assert [n for _, n in calls] == [67, 100]  # of one size
    calls.clear()
    codes(WAYS[0], rows[:20], device=NAME)
    assert [n for _, n in calls] == [20, 20]
    calls.clear()
    codes(WAYS[1], WAYS[1].honest(20), device=NAME)
    assert calls == [("p256", 67), ("p256", 20), ("p256", 20)]
    calls.clear()
    device.fault = out_of_memory
    assert codes(WAYS[0], rows[:20], device=NAME) == [1] * 20
    device.fault = None
    assert codes(WAYS[0], rows[:20], device=NAME) == [1] * 20
    assert [n for _, n in calls] == [20, 20, 20]


def test_three_failures_are_enough() -> None:
    device = Faulty(fault=out_of_memory, after=3)
    trusted = installed(device)
    rows = WAYS[0].rows[:100]
    for _ in range(5):
        assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]
    assert "failed 3 times, at last: no memory left on the device" in str(trusted.missing)


def test_deadline() -> None:
    device = Faulty(fault=hangs, after=3, most=50)
    trusted = installed(device, deadline=0.2)
    rows = WAYS[0].honest(150)
    start = time.monotonic()
    assert codes(WAYS[0], rows, device=NAME) == [1] * 150
    assert time.monotonic() - start < 20
    assert trusted.missing == "did not answer within 0.2 s"
    assert device.released.is_set()


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a launch is under way: the device can be used afterwards, after its test."""
    device = Faulty()
    trusted = installed(device)
    rows = WAYS[0].honest(100)
    assert codes(WAYS[0], rows, device=NAME) == [1] * 100
    judge = _offload.Run._judge

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_offload.Run, "_judge", interrupt)
    with pytest.raises(KeyboardInterrupt):
        codes(WAYS[0], rows, device=NAME)
    monkeypatch.setattr(_offload.Run, "_judge", judge)
    before = device.calls
    assert codes(WAYS[0], rows, device=NAME) == [1] * 100
    assert device.calls == before + 2
    assert trusted.missing is None
