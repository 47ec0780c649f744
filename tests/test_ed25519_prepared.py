"""Ed25519 with prepared keys: under every rule and both ways every verdict is what it is without,
whoever prepared them.
"""

import pickle
import random
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ed25519_items import (
    NAMES,
    Item,
    columns,
    honest_items,
    item,
    one_of_each_kind,
    signed,
    special_items,
)
from outcomes import assert_as_known
from reference.ed25519 import RULES, TORSION, B, L, add, decode, encode, multiply
from strategies import tweaked_items
from verilane import PreparedKeys, Verdict, _cpu, _cpu_keys, _cpu_signatures, ed25519
from verilane._columns import column
from verilane._devices import isa_of
from verilane._prepared import key_column

ROW = 6400


@pytest.fixture
def isa(ed25519_isa: str) -> str:
    return ed25519_isa


def prepared(items: list[Item], device: str | None = None) -> PreparedKeys:
    return ed25519.prepare([x.key for x in items], device=device)


def codes(
    keys: PreparedKeys, items: list[Item], device: str | None, *, equation: bool, rule: str
) -> list[int]:
    """By one way: lanes alone, or batch equations whatever the size."""
    k = key_column(keys, "ed25519", widths=(32,), row=ROW)
    s, m = (column("items", x, widths=None) for x in columns(items)[1:])
    verdicts = np.zeros(k.n, np.uint8)
    _cpu_signatures.ed25519_verify(
        verdicts,
        k,
        s,
        m,
        rule=_cpu_signatures.ED25519_RULES[NAMES[rule]],
        flags=_cpu_signatures.PREPARED_KEYS | (_cpu_signatures.EQUATION_ALWAYS if equation else 0),
        equations=equation,
        isa=isa_of(device),
    )(0, k.n)
    return verdicts.tolist()


def assert_same(keys: PreparedKeys, items: list[Item], device: str | None) -> None:
    for rule in RULES:
        for equation in (False, True) if rule == "ZIP215" else (False,):
            got = codes(keys, items, device, equation=equation, rule=rule)
            assert_as_known(items, got, rule)


# ---- Verdicts ----


def test_all_special_items(isa: str) -> None:
    """A + T for all T of small order, A of small order, encodings that are not canonical, and what
    decodes to nothing; prepared here and there.
    """
    items = list(special_items())
    for maker in ("cpu:scalar", isa):
        assert_same(prepared(items, maker), items, isa)
    random.Random(2).shuffle(items)
    assert_same(prepared(items, isa), items, isa)


def test_the_good_ones_by_one_equation(isa: str) -> None:
    items = [x for x in special_items() if x.verdicts["ZIP215"] == 1]
    assert len(items) > 150
    for n in (1, 2, 9, 40, len(items)):
        assert_same(prepared(items[-n:], isa), items[-n:], isa)


def test_every_kind_at_every_size(isa: str) -> None:
    good = [x for x in honest_items() if x.verdicts["ZIP215"] == 1]
    for index, x in enumerate(one_of_each_kind()):
        for n in (1, 7, 64):
            batch = good[index : index + n]
            batch[index % n] = x
            assert_same(prepared(batch, isa), batch, isa)


@pytest.mark.parametrize("n", [0, 1, 8, 9, 200, 1023, 1024, 1025, 2100])
@pytest.mark.parametrize("threads", [1, 2])
def test_sizes(isa: str, n: int, threads: int) -> None:
    """By the way that is the caller's."""
    items = ([*honest_items(), *special_items()] * 3)[:n]
    keys = ed25519.prepare([x.key for x in items], device=isa, threads=threads)
    assert (len(keys), keys.nbytes, keys.scheme) == (n, ROW * n, "ed25519")
    for rule in RULES:
        got = ed25519.verify_many(
            keys, *columns(items)[1:], rule=NAMES[rule], device=isa, threads=threads
        )
        assert got.codes.tolist() == [x.verdicts[rule] for x in items]


@pytest.mark.parametrize("n", [1024, 2100])
def test_a_few_forged_items_in_large_batches(isa: str, n: int) -> None:
    """At the edges of blocks and of their halves; by the way that is the caller's."""
    both = {code: [x for x in honest_items() if x.verdicts["ZIP215"] == code] for code in (1, 5)}
    for places in ([0], [31, 32], [n // 2 - 1, n // 2], [n - 1], [0, 511, 512, 1023], []):
        batch = (both[1] * 5)[:n]
        for place in places:
            batch[place] = both[5][place % 50]
        got = ed25519.verify_many(prepared(batch, isa), *columns(batch)[1:], device=isa, threads=1)
        assert np.flatnonzero(got.codes != 1).tolist() == sorted(places)
        assert set(got.codes[places]) <= {5}


def test_errors_that_cancel_are_rejected(isa: str) -> None:
    """With equal coefficients these batches would pass."""
    rng = random.Random("errors")
    d = rng.randrange(1, L)
    for errors in ([d, L - d], [1, L - 1, 0, 0], [d, d, -2 * d % L]):
        items = []
        for i, error in enumerate(errors):
            key, message = encode(add(multiply(77, B), TORSION[i])), b"%d" % i
            r = encode(add(multiply(88 + error, B), TORSION[i]))
            items.append(item("wrong", key, signed(key, r, message, 77, 88), message))
        assert [x.verdicts["ZIP215"] for x in items] == [5 if error else 1 for error in errors]
        assert_same(prepared(items, isa), items, isa)


@settings(max_examples=40)
@given(tweaked_items())
def test_tweaked_signatures(tweaked: tuple[Item, int]) -> None:
    batch = [tweaked[0]] * 9 + honest_items()[:33]
    assert_same(prepared(batch), batch, None)


@settings(max_examples=40)
@given(data=st.data())
def test_verdicts_equal_those_without(data: st.DataObject) -> None:
    """Any keys, signatures and messages: mutated ones of honest items, or any bytes."""
    items = honest_items()[: data.draw(st.integers(1, 60), "n")]
    rows = [[x.key, x.signature, x.message] for x in items]
    for _ in range(data.draw(st.integers(0, 5), "changes")):
        row = data.draw(st.sampled_from(rows))
        place = data.draw(st.integers(0, 2), "column")
        row[place] = data.draw(st.binary(max_size=70) | st.just(row[place][::-1]), "bytes")
    keys, signatures, messages = (list(x) for x in zip(*rows, strict=True))
    for rule in NAMES.values():
        want = ed25519.verify_many(keys, signatures, messages, rule=rule)
        made = ed25519.prepare(keys)
        assert ed25519.verify_many(made, signatures, messages, rule=rule) == want


# ---- The object ----


def test_keys_that_are_none_are_known_beforehand(isa: str) -> None:
    """What no rule takes. What some rules refuse is a key until then."""
    items = [*special_items(), *honest_items()[:50]]
    keys = prepared(items, isa)
    wanted = [1 if len(x.key) == 32 and decode(x.key) is not None else 2 for x in items]
    assert keys.verdicts.codes.tolist() == wanted
    assert {1, 2} == set(wanted)
    rows = keys._rows
    assert rows.any(axis=1).tolist() == [code == 1 for code in wanted]
    for row, x in zip(rows[::5], items[::5], strict=True):
        assert row[-32:].tobytes() in (x.key, bytes(32))


def test_rows_are_the_same_whoever_made_them(isa: str) -> None:
    items = [*special_items(), *honest_items()[:50]]
    assert (prepared(items, isa)._rows == prepared(items, "cpu:scalar")._rows).all()


def test_take(isa: str) -> None:
    """Tables are shared, keys repeated, reordered, taken from what was taken."""
    items = [*special_items()[::3], *honest_items()[:100]]
    keys = prepared(items, isa)
    rng = random.Random("take")
    first = [rng.randrange(-len(items), len(items)) for _ in range(700)]
    second = [rng.randrange(700) for _ in range(1100)]
    once, twice = keys.take(first), keys.take(np.array(first)).take(second)
    chosen = [items[i] for i in first]
    assert_same(once, chosen, isa)
    assert once.verdicts.codes.tolist() == [int(keys.verdicts[i]) for i in first]
    assert_same(twice, [chosen[i] for i in second], isa)
    assert (len(twice), twice.nbytes - keys.nbytes) == (1100, 8 * 1100)
    assert twice._rows.base is not None and np.shares_memory(twice._rows, keys._rows)
    assert len(keys.take([])) == 0 == len(ed25519.prepare([]).take([]))
    got = ed25519.verify_many(keys.take([]), [], [], device=isa)
    assert len(got) == 0
    for wrong in ([len(items)], [-len(items) - 1], [2**40]):
        with pytest.raises(IndexError):
            keys.take(wrong)
    with pytest.raises(ValueError, match="read-only"):
        once._rows[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        once._places[0] = 1  # type: ignore[index]


def test_in_parts_on_several_threads(isa: str) -> None:
    items = (honest_items() * 4)[:2400]
    keys = prepared(honest_items(), isa).take(np.arange(2400) % 600)
    for rule in RULES:
        got = ed25519.verify_many(
            keys, *columns(items)[1:], rule=NAMES[rule], device=isa, threads=2
        )
        assert got.codes.tolist() == [x.verdicts[rule] for x in items]


def test_rows_start_on_a_cache_line() -> None:
    for n in (1, 2, 5, 100):
        keys = ed25519.prepare([bytes(32)] * n)
        assert keys._rows.ctypes.data % 64 == 0
        assert keys._rows.shape == (n, ROW) and keys._rows.flags.c_contiguous


def test_pickled_keys(isa: str) -> None:
    """Also where a pickle's buffers are odd addresses, as in memory that processes share."""
    items = special_items()[:50]
    keys, signatures, messages = columns(items)
    prepared = ed25519.prepare(keys)
    for keys_given in (prepared, prepared.take(range(50))):
        buffers: list[Any] = []
        data = pickle.dumps(keys_given, 5, buffer_callback=buffers.append)
        odd = [memoryview(b"!" + bytes(each.raw()))[1:] for each in buffers]
        for made in (pickle.loads(pickle.dumps(keys_given)), pickle.loads(data, buffers=odd)):
            assert not made._rows.flags.writeable
            got = ed25519.verify_many(made, signatures, messages, device=isa)
            assert got == ed25519.verify_many(keys, signatures, messages, device=isa)


def test_rows_that_are_not_there() -> None:
    rows, codes = np.zeros((2, ROW), np.uint8), np.ones(1, np.uint8)
    for place in (-1, 2):
        with pytest.raises(IndexError, match="of 2 rows"):
            PreparedKeys("ed25519", rows, codes, np.array([place]))
    for width in (64, 2 * ROW):
        keys = PreparedKeys("ed25519", rows.reshape(-1)[:width].reshape(1, -1), codes)
        with pytest.raises(TypeError, match=f"rows of {width} bytes"):
            ed25519.verify_many(keys, [b""], [b""])
        with pytest.raises(TypeError, match=f"rows of {width} bytes"):
            ed25519.verify_many(keys.take([0]), [b""], [b""])


def test_one_item_takes_no_prepared_keys() -> None:
    with pytest.raises(TypeError, match="key: expected bytes"):
        ed25519.verify(ed25519.prepare([bytes(32)]), bytes(64), b"")  # type: ignore[arg-type]


# ---- The C ABI ----


def test_c_refuses_what_are_no_rows() -> None:
    lib, ffi = _cpu._lib, _cpu._ffi
    assert lib.vl_ed25519_prepared_size() == _cpu_keys.ED25519_ROW == ROW
    size = lib.vl_scratch_size()
    scratch, argument = ffi.new("uint8_t[]", size), lib.VL_ERROR_ARGUMENT
    memory, verdicts = ffi.new("uint64_t[]", 3 * ROW // 8), ffi.new("uint8_t[2]")
    rows = ffi.cast("uint8_t *", memory)
    data = ffi.new("uint8_t[64]")
    keys = ffi.new("vl_column *", (data, ffi.NULL, 32))
    lent = (scratch, size)

    def prepare(rows: Any, verdicts: Any, n: int, keys: Any, isa: int, *lent: Any) -> int:
        return int(lib.vl_ed25519_prepare_keys(rows, verdicts, n, keys, isa, *lent))

    assert prepare(ffi.NULL, verdicts, 2, keys, 0, *lent) == argument
    assert prepare(rows, ffi.NULL, 2, keys, 0, *lent) == argument
    assert prepare(rows + 4, verdicts, 2, keys, 0, *lent) == argument
    assert prepare(rows, verdicts, 2, ffi.NULL, 0, *lent) == argument
    assert prepare(rows, verdicts, 2, keys, 0, scratch, size - 1) == lib.VL_ERROR_SCRATCH
    assert prepare(rows, verdicts, 2, keys, 99, *lent) == lib.VL_ERROR_ISA
    assert list(verdicts) == [0, 0]
    assert prepare(ffi.NULL, ffi.NULL, 0, ffi.NULL, 0, *lent) == lib.VL_SUCCESS
    assert prepare(rows, verdicts, 2, keys, 0, *lent) == lib.VL_SUCCESS
    assert list(verdicts) == [1, 1], "y = 0 is a point"

    signatures = ffi.new("vl_column *", (data, ffi.NULL, 32))
    offsets = ffi.new("int64_t[3]")

    def verify(keys: Any, n: int = 2, flags: int = lib.VL_PREPARED_KEYS) -> int:
        columns = (keys, signatures, signatures)
        return int(lib.vl_ed25519_verify(verdicts, n, *columns, 0, flags, ffi.NULL, 0, *lent))

    def column_of(data: Any, offsets: Any, width: int) -> Any:
        return ffi.new("vl_column *", (data, offsets, width))

    assert verify(column_of(rows, ffi.NULL, ROW)) == lib.VL_SUCCESS
    assert list(verdicts) == [3, 3]
    assert verify(ffi.NULL) == argument
    assert verify(column_of(ffi.NULL, ffi.NULL, ROW)) == argument
    assert verify(column_of(ffi.NULL, offsets, 0)) == argument
    assert verify(column_of(rows + 4, ffi.NULL, ROW)) == argument
    assert verify(column_of(rows, ffi.NULL, ROW - 8)) == argument
    assert verify(column_of(rows, ffi.NULL, 32)) == argument
    assert verify(column_of(rows, ffi.NULL, ROW), flags=lib.VL_XONLY_KEYS) == argument
    for wrong in (-ROW, -1, 8, 32, ROW - 1):
        offsets[1] = wrong
        assert verify(column_of(rows, offsets, 0)) == argument
        assert verify(column_of(rows, offsets, 0), 1) == lib.VL_SUCCESS, "not looked at"
    offsets[0], offsets[1], offsets[2] = 2 * ROW, 0, -1
    assert verify(column_of(rows, offsets, 0)) == lib.VL_SUCCESS
    assert list(verdicts) == [2, 3], "a row of zeros is no key"
    assert verify(ffi.NULL, 0) == lib.VL_SUCCESS


# ---- Memory that changes meanwhile ----


def test_keys_that_change_meanwhile(isa: str) -> None:
    """S B = R + H(R || A2 || M) A1: no signature by A1, nor by A2. Whoever decodes a key from one
    read of the caller's memory and hashes another one accepts it now and then.
    """
    a1, a2 = encode(multiply(5, B)), encode(multiply(6, B))
    r, n = encode(multiply(9, B)), 32
    signature = signed(a2, r, b"m", 5, 9)
    both = [np.frombuffer(a * n, np.uint8).reshape(n, 32) for a in (a1, a2)]
    keys = both[0].copy()
    stop = threading.Event()

    def flip() -> None:
        while not stop.is_set():
            np.copyto(keys, both[1])
            np.copyto(keys, both[0])

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            got = ed25519.verify_many(keys, [signature] * n, [b"m"] * n, device=isa, threads=1)
            assert not got.count(Verdict.OK)
    finally:
        stop.set()
        thread.join()
