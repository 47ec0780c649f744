"""The schedule of multi-scalar sums (kernels/msm/schedule.inc): every term's digits, read back from
the lists of its windows, make its scalar again.
"""

import ctypes
import random
from collections import defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from native_library import broken_bounds, has_avx512, library

MOST_TERMS, MOST_WINDOWS, MOST_BUCKETS = 1024, 8, 300  # as tests/native/schedule.c has them
L = 2**252 + 27742317777372353535851937790883648493
MACHINES = ["MACHINE_5X51_INT128", "MACHINE_5X51_EMULATED", "MACHINE_5X51_MADD"]


@pytest.fixture(scope="module", params=MACHINES)
def native(request: pytest.FixtureRequest) -> ctypes.CDLL:
    if request.param == "MACHINE_5X51_MADD" and not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    return library("schedule.c", request.param, verify=True)


@dataclass(frozen=True)
class Range:
    """Terms of one kind. centred: 0, or the bits of what is stored, v for v - 2^(bits - 1)."""

    stored: list[int]
    windows: int
    length: int = 4
    centred: int = 0
    signs: list[int] | None = None

    def scalars(self) -> list[int]:
        offset = 1 << self.centred - 1 if self.centred else 0
        signs = self.signs or [0] * len(self.stored)
        return [(v - offset) * (1 - 2 * sign) for v, sign in zip(self.stored, signs, strict=True)]


def load(native: ctypes.CDLL, ranges: list[Range], width: int, buckets: int) -> dict[int, int]:
    """Gives the ranges to the schedule; returns the scalar of every term."""
    lanes, end, expected = native.native_lanes(), 0, {}
    native.native_begin(width, buckets)
    for r in ranges:
        flat = b"".join(v.to_bytes(8 * r.length, "little") for v in r.stored)
        signs = None if r.signs is None else bytes(r.signs)
        n = len(r.stored)
        first = native.native_terms(flat, r.length, signs, n, r.windows, r.centred)
        assert first == end
        end = -(-(first + n) // lanes) * lanes
        expected |= dict(enumerate(r.scalars(), first))
    return expected


def read_back(
    native: ctypes.CDLL, windows: list[int], width: int, buckets: int, longest: int
) -> dict[int, int]:
    """The sum of every term's digits, at their places, over the lists of these windows."""
    sums: dict[int, int] = defaultdict(int)
    lists = (ctypes.c_uint32 * (3 * 5000))()
    entries = (ctypes.c_uint32 * (MOST_TERMS * MOST_WINDOWS))()
    for at in range(0, len(windows), MOST_WINDOWS):
        part = windows[at : at + MOST_WINDOWS]
        numbers = (ctypes.c_uint32 * len(part))(*part)
        count = native.native_sort(lists, entries, numbers, len(part), longest)
        rows = [tuple(lists[3 * i : 3 * i + 3]) for i in range(count)]
        lengths = [min(length, 255) for _, length, _ in rows]
        assert lengths == sorted(lengths, reverse=True)
        assert all(1 <= length <= longest for _, length, _ in rows)
        if longest > MOST_TERMS:
            assert len({bucket for *_, bucket in rows}) == count
        used = set()
        for start, length, bucket in rows:
            window, size = divmod(bucket, buckets + 1)
            assert 1 <= size <= buckets
            for place in range(start, start + length):
                assert place not in used
                used.add(place)
                term, minus = divmod(entries[place], 2)
                sums[term] += (-size if minus else size) << (part[window] * width)
    return sums


def check(
    native: ctypes.CDLL, ranges: list[Range], width: int, buckets: int, longest: int = 1 << 30
) -> None:
    broken_bounds(native)
    expected = load(native, ranges, width, buckets)
    windows = list(range(ranges[0].windows))
    random.Random(width).shuffle(windows)
    got = read_back(native, windows, width, buckets, longest)
    assert broken_bounds(native) == (0, "")
    assert set(got) <= set(expected)
    assert [got.get(term, 0) for term in expected] == list(expected.values())


def special(bound: int, rng: random.Random, count: int) -> list[int]:
    """Numbers below a bound whose digits are extreme, carried, or zero."""
    near = [0, 1, 2, bound - 1, bound - 2, bound // 2, bound // 2 + 1, bound // 3]
    powers = [1 << i for i in range(bound.bit_length())]
    numbers = near + powers + [x - 1 for x in powers] + [bound - x for x in powers]
    numbers += [rng.randrange(bound) for _ in range(count)]
    return [x for x in numbers if 0 <= x < bound][:count]


@pytest.mark.parametrize("width", range(2, 10))
@pytest.mark.parametrize("longest", [1, 7, 1 << 30])
def test_numbers_below_the_order_and_coefficients(
    native: ctypes.CDLL, width: int, longest: int
) -> None:
    """What the equation of Ed25519 has: k < L, and centred coefficients of 128 bits."""
    rng = random.Random(width)
    keys = Range(special(L, rng, 301), -(-253 // width))
    coefficients = Range(special(2**128, rng, 300), -(-128 // width), 2, 128)
    check(native, [keys, coefficients], width, 1 << width - 1, longest)
    check(native, [keys], width, 1 << width - 1, longest)


@pytest.mark.parametrize("n", [*range(1, 20), 63, 64, 65])
def test_tails(native: ctypes.CDLL, n: int) -> None:
    rng = random.Random(n)
    signs = [rng.getrandbits(1) for _ in range(n)]
    for first in (n, 65 - n if n < 65 else 1):
        ranges = [
            Range(special(L, rng, 400)[-first:], 51),
            Range([rng.getrandbits(127) for _ in range(n)], 26, 2, 0, signs),
            Range([rng.getrandbits(128) for _ in range(n)], 26, 2, 128, signs),
        ]
        check(native, ranges, 5, 16)


def test_a_higher_top_window(native: ctypes.CDLL) -> None:
    """Half-scalars a little above 2^127 in 16 windows of 8 bits, whose top digits reach 166."""
    rng = random.Random("top")
    bound = int(0.645 * 2**128)
    signs = [rng.getrandbits(1) for _ in range(500)]
    check(native, [Range(special(bound, rng, 500), 16, 2, 0, signs)], 8, 166)


@pytest.mark.parametrize("scalar", [0, 1, L - 1, 2**128 - 1, 128])
def test_one_scalar_for_all(native: ctypes.CDLL, scalar: int) -> None:
    """All terms in one bucket of each window, lists longer than the sort tells apart."""
    check(native, [Range([scalar] * 1000, 32)], 8, 128)
    check(native, [Range([scalar] * 1000, 32)], 8, 128, 100)


@pytest.mark.parametrize("masks", [[7, ~7], [1 << j for j in range(9)], [0b1010, ~0b1010]])
def test_lists_of_lists(native: ctypes.CDLL, masks: list[int]) -> None:
    """Each old list is in those new ones that its bucket's bits ask for, unless it is left out."""
    rng = random.Random(str(masks))
    masks = [mask & 0xFFFFFFFF for mask in masks]
    width, buckets, windows = 8, 166, 8
    load(native, [Range([rng.getrandbits(128) for _ in range(700)], 17, 2)], width, buckets)
    lists = (ctypes.c_uint32 * (3 * 5000))()
    entries = (ctypes.c_uint32 * (MOST_TERMS * MOST_WINDOWS))()
    numbers = (ctypes.c_uint32 * windows)(*range(9, 9 + windows))
    count = native.native_sort(lists, entries, numbers, windows, 4)
    old = [lists[3 * i + 2] for i in range(count)]
    assert len(old) > len(set(old)), "some are cut"
    live = [int(rng.random() < 0.9) for _ in range(count)]
    given_masks = (ctypes.c_uint32 * len(masks))(*masks)
    count = native.native_regroup(lists, entries, windows, given_masks, len(masks), bytes(live))
    got = []
    lengths = []
    for i in range(count):
        start, length, bucket = lists[3 * i : 3 * i + 3]
        lengths.append(min(length, 255))
        got += [(entries[place], bucket) for place in range(start, start + length)]
    assert lengths == sorted(lengths, reverse=True)
    assert len({lists[3 * i + 2] for i in range(count)}) == count
    expected = []
    for i, bucket in enumerate(old):
        window, size = divmod(bucket, buckets + 1)
        parts = [size & mask for mask in masks if size & mask and live[i]]
        expected += [(2 * i, window * (buckets + 1) + part) for part in parts]
        assert not live[i] or sum(parts) == size
    assert sorted(got) == sorted(expected)
    assert broken_bounds(native) == (0, "")


@settings(max_examples=30)
@given(data=st.data())
def test_any_ranges(native: ctypes.CDLL, data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 9), "width")
    longest = data.draw(st.integers(1, 40), "longest")
    ranges = []
    for bits in sorted(data.draw(st.lists(st.integers(1, 255), min_size=1, max_size=3)))[::-1]:
        length = -(-bits // 64)
        centred = data.draw(st.sampled_from([0, bits]))
        windows = -(-(bits if centred else bits + 1) // width)
        stored = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=20))
        signs = data.draw(st.none() | st.just([x & 1 for x in stored]))
        ranges.append(Range(stored, windows, length, centred, signs))
    ranges.sort(key=lambda r: -r.windows)
    check(native, ranges, width, 1 << width - 1, longest)
