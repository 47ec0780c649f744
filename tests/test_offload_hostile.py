"""What somebody could do who knows how devices are used: the answers that he may expect from their
memory, processes that fork, calls that are interrupted.
"""

import signal
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faulty_device import SCHEME_OF, Faulty, number, words
from faulty_place import NAME, installed
from forks import succeeds_in_a_child
from offload_items import WAYS, Row, codes, forged, scalars
from reference.secp256k1 import CURVE
from verilane import _devices, _offload, ed25519, use
from verilane._device_child import Child
from verilane._device_worker import Turn
from verilane._known_points import known
from verilane._trust import Trusted
from verilane.errors import DeviceFailure

pytestmark = pytest.mark.usefixtures("faulty_kind")


# ---- Known answers ----


class Stale(Faulty):
    """One slot at a time keeps what it had in the launch before: one in which it passes, if there
    is any. expects: u and v of an item -> x of the point that it expects.
    """

    expects: dict[bytes, int]

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        before = self.last
        super().double_mul(curve, r, exceptional, u, v, q)
        if before is None:
            return
        for i in range(min(len(r), len(before[0]))):
            if self.expects.get(u[i].tobytes() + v[i].tobytes()) == number(before[0][i, :4]):
                r[i] = before[0][i]
                return


def test_nobody_expects_a_known_answer() -> None:
    """What a device was tried with is in its memory when the first batch comes: who makes
    signatures must not know it.
    """
    elsewhere = known.__wrapped__("secp256k1")  # in the process of somebody who prepares for it
    xs = sorted({number(row[:4]) for row in elsewhere.r[elsewhere.infinite == 0]})
    made = [(forged("forged", x, 19, i, 29), scalars(19, i), x) for i, x in enumerate(xs, 100)]
    rows = [row for row, _, _ in made] + WAYS[0].honest(67 - len(made))
    for _ in range(20):
        device = Stale()
        device.expects = {given: x for _, given, x in made}
        installed(device)
        assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]


class Idle(Faulty):
    """Leaves one item's sum where sums on edwards25519 begin. key: u of it."""

    key: bytes

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        super().double_mul(curve, r, exceptional, u, v, q)
        for i in range(len(r)):
            if u[i].tobytes() == self.key:
                r[i] = np.concatenate([words(0), words(1)])


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("which", [5, 6, 7], ids=lambda which: WAYS[which].name)
def test_nobody_expects_a_sum_that_was_not_begun(which: int, strict: bool) -> None:
    """R of small order: a device may have that point without having done anything."""
    way, s = WAYS[which], (77).to_bytes(32, "little")
    rows = way.honest(40)
    nothing = (1).to_bytes(32, "little")
    row = Row((rows[0].columns[0], nothing + s, b"anything"), 5)
    device = Idle()
    device.key = s
    trusted = installed(device)
    with use(NAME, strict=strict):
        assert codes(way, [row, *rows]) == [5] + [1] * 40
    assert trusted.missing is None, "it was not asked"


@pytest.mark.parametrize("curve", SCHEME_OF)
def test_known_answers_are_new(curve: str) -> None:
    here, there = (known.__wrapped__(curve) for _ in range(2))
    assert np.array_equal(here.infinite, there.infinite)
    there_too = {row.tobytes() for row in there.r}
    for row, infinite, hard in zip(here.r, here.infinite, here.hard, strict=True):
        neutral = curve == "ed25519" and number(row[:4]) == 0
        assert infinite or (neutral and hard) or row.tobytes() not in there_too


# ---- A device in an attacker's hands ----


class Colluding(Faulty):
    """Knows the digests, and with them what is expected: r = e v / u. It answers a point that has
    this x.
    """

    digests: dict[bytes, int]

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        super().double_mul(curve, r, exceptional, u, v, q)
        for i in range(len(r)):
            e = self.digests.get(u[i].tobytes())
            if e is not None:
                x = e * number(v[i]) * pow(number(u[i]), -1, CURVE.N) % CURVE.N
                point = CURVE.lift_x(x, 0)
                assert point is not None
                r[i] = np.concatenate([words(each) for each in point])
                self.injected += 1


def test_strict_stops_whoever_has_the_device() -> None:
    """Blind comparing does not, and the README says so."""
    target = CURVE.multiply_base(3**100)
    assert target is not None
    row = forged("forged", target[0], 19, 23, 29)
    device = Colluding()
    device.digests = {scalars(19): int.from_bytes(row.columns[2], "big")}
    trusted = installed(device)
    with use(NAME, strict=True):
        assert codes(WAYS[0], [row, *WAYS[0].honest(50)]) == [5] + [1] * 50
    assert device.injected == 1
    assert trusted.missing == "gave a wrong answer"


# ---- Forks ----


@pytest.mark.parametrize("lock", ["a launch", "the list of devices"])
def test_a_fork_in_the_middle(lock: str) -> None:
    """Another thread's launch is under way: the child goes on, on the CPU."""
    rows = WAYS[0].honest(100)
    trusted = installed(Faulty())
    assert codes(WAYS[0], rows, device=NAME) == [1] * 100
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with trusted._lock._lock if lock == "a launch" else _devices._lock:
            held.set()
            release.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    goes_on = succeeds_in_a_child(lambda: codes(WAYS[0], rows, device=NAME) == [1] * 100)
    release.set()
    thread.join()
    assert goes_on


def test_a_device_that_is_not_used_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """In quarantine: the CPU does not prepare blocks that nobody takes."""
    trusted = installed(Faulty())
    rows = WAYS[0].rows[:100]
    assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]
    trusted.quarantine("was put there by a test")
    monkeypatch.delattr(_offload, "Run")
    assert codes(WAYS[0], rows, device=NAME) == [row.verdict for row in rows]


# ---- Calls that are interrupted ----


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """What waits for ever fails."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("place", ["launched", "to be finished", "to be judged", "finished"])
def test_an_exception_between_two_steps(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler may raise at any place: whoever comes next gets the device."""
    rows = WAYS[0].honest(200)
    trusted = installed(Faulty(most=67))
    assert codes(WAYS[0], rows, device=NAME) == [1] * 200
    owner, name = {
        "launched": (_offload.Run, "_launch"),
        "to be finished": (_offload.Run, "_finish"),
        "to be judged": (Trusted, "answers"),
        "finished": (_offload.Run, "_finish"),
    }[place]
    step = getattr(owner, name)

    def interrupted(*arguments: Any) -> None:
        if place in ("launched", "finished"):
            step(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            codes(WAYS[0], rows, device=NAME)
    if place != "finished":
        assert not trusted._tested, "known answers first, where a launch was left under way"
    with within(60):
        assert codes(WAYS[0], rows, device=NAME) == [1] * 200
    assert trusted.missing is None


def test_a_turn_ends_once() -> None:
    """Whoever releases late, or twice, does not take it from whoever has it now."""
    turn, first, second, run = Turn(), object(), object(), object()
    assert turn.acquire(first, run)
    assert not turn.acquire(second), "the same thread"
    turn.release(second)
    assert turn.locked()
    turn.release(run)
    turn.release(first)
    assert not turn.locked()
    assert turn.acquire(second, run)
    turn.release(first)
    assert turn.locked()
    found: list[bool] = []
    other = threading.Thread(target=lambda: found.append(turn.acquire(first, timeout=0.01)))
    other.start()
    other.join()
    assert found == [False]
    turn.release(second)
    turn.release(run)
    assert not turn.locked()


def test_a_handler_that_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the very thread that has a launch under way: it does not wait for itself."""
    rows = WAYS[0].honest(200)
    installed(Faulty(most=67))
    prepare, inner = _offload.Run._prepare, []

    def handled(run: Any, start: int, *rest: Any) -> Any:
        if start > 0 and not inner:
            inner.append([])
            inner[0] = codes(WAYS[0], rows, device=NAME)
        return prepare(run, start, *rest)

    monkeypatch.setattr(_offload.Run, "_prepare", handled)
    with within(60):
        assert codes(WAYS[0], rows, device=NAME) == [1] * 200
    assert inner == [[1] * 200]


def test_a_handler_that_verifies_while_a_device_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody knows yet how many items the device may have at a time: it gets none."""
    rows = WAYS[0].honest(200)
    device = Faulty()
    installed(device)
    ask, inner = Trusted._ask_room, []

    def handled(trusted: Trusted, curve: str) -> None:
        with monkeypatch.context() as patch:
            patch.delattr(_offload, "Run")
            inner.append(codes(WAYS[0], rows, device=NAME))
        ask(trusted, curve)

    monkeypatch.setattr(Trusted, "_ask_room", handled)
    with within(60):
        assert codes(WAYS[0], rows, device=NAME) == [1] * 200
    assert inner == [[1] * 200]
    assert device.asked > 200


# ---- Items that a device is of no use for ----


class Exceptional(Faulty):
    """No answer to anything but known questions: items can be made for which that is right."""

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        super().double_mul(curve, r, exceptional, u, v, q)
        exceptional[:] |= self.calls > 1


def test_items_without_an_answer_do_not_go_on_and_on() -> None:
    device = Exceptional(most=70)  # launches of 67, as that of the known answers
    trusted = installed(device)
    rows = WAYS[0].honest(600)
    assert codes(WAYS[0], rows, device=NAME) == [1] * 600
    assert device.calls <= 4
    assert trusted.missing is None


def test_items_that_may_not_be_asked_do_not_go_on_and_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """All have one target: what comes before the points is not done twice for all of them."""
    rows = [forged("forged", 3**150, 19, i, 29) for i in range(100, 700)]
    prepared: list[int] = []
    prepare = _offload.Run._prepare

    def count(run: Any, start: int, *rest: Any) -> Any:
        prepared.append(start)
        return prepare(run, start, *rest)

    monkeypatch.setattr(_offload.Run, "_prepare", count)
    installed(Faulty(most=60))
    assert codes(WAYS[0], rows, device=NAME) == [5] * 600
    assert len(prepared) <= 3


def test_prepared_keys_of_refused_items_are_not_copied() -> None:
    """A row of Ed25519's takes 6400 bytes: a large batch of bad signatures would double them."""
    keys = [row.columns[0] for row in WAYS[5].honest(300)] * 4
    prepared = ed25519.prepare(keys)
    installed(Faulty())
    tracemalloc.start()
    try:
        found = ed25519.verify_many(prepared, bytes(64 * 1200), [b""] * 1200, device=NAME)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.numpy().tolist() == [5] * 1200
    assert most < prepared.nbytes / 2


# ---- A device's own process ----


def test_a_child_runs_nothing_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node may have been started anywhere, where anyone may have left a json.py."""
    for name in ("json.py", "sys.py", "verilane.py", "sitecustomize.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    child = Child(NAME, "faulty_device:open_device", NAME)
    assert child.room("secp256k1") > 1
    child.kill()
    assert not (tmp_path / "ran").exists()


def test_a_child_that_never_stops_talking() -> None:
    """What its process says is not collected without end."""
    child = Child(NAME, "faulty_device:open_talker", NAME)
    tracemalloc.start()
    try:
        with pytest.raises(DeviceFailure, match="said too much"):
            child.room("secp256k1")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 21
    child.kill()
