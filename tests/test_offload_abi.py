"""The C ABI beneath devices: terms, judging, the CPU's own points, random sums, what was asked of
late; compared with plain big integers.
"""

import random
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from faulty_device import SCHEME_OF, words
from offload_items import WAYS, Way, columns
from reference import ed25519 as ed
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from reference.sm2 import CURVE as SM2
from verilane import _cpu_terms
from verilane._columns import Column, column, take
from verilane._cpu_terms import SCHEMES, Recent, Terms
from verilane._devices import isa_of
from verilane._known_points import known
from verilane.errors import InternalError

CURVES = {"secp256k1": SECP256K1, "p256": P256, "sm2": SM2}
Words = NDArray[np.uint64]


def numbers(rows: Words) -> list[int]:
    data = np.ascontiguousarray(rows).astype("<u8").tobytes()
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]


def point_of(row: Words) -> tuple[int, int]:
    x, y = numbers(row)
    return x, y


def sum_of(curve: str, u: int, v: int, q: tuple[int, int]) -> tuple[int, int] | None:
    if curve == "ed25519":
        minus = (-q[0] % ed.P, q[1])
        return ed.add(ed.multiply(u, ed.B), ed.multiply(v, minus))
    group = CURVES[curve]
    return group.add(group.multiply_base(u), group.multiply(v, q))


def row_of(*values: int) -> Words:
    return np.concatenate([words(value) for value in values])


# ---- The CPU's own points ----


@pytest.mark.parametrize("curve", SCHEME_OF)
def test_known_points(curve: str, isa: str) -> None:
    """What devices are tried with is right, on every machine."""
    made = known(curve)
    n = len(made.hard)
    r, infinite = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
    scheme = SCHEME_OF[curve]
    _cpu_terms.double_mul(r, infinite, made.terms, scheme=scheme, isa=isa_of(isa))(0, n)
    assert np.array_equal(r, made.r)
    assert np.array_equal(infinite, made.infinite)
    for i in [*range(10), n - 1]:
        u, v = numbers(made.terms.u[i])[0], numbers(made.terms.v[i])[0]
        expected = sum_of(curve, u, v, point_of(made.terms.q[i]))
        assert (None if infinite[i] else point_of(r[i])) == expected


@pytest.mark.parametrize("curve", SCHEME_OF)
def test_double_mul_refuses_what_is_no_number_or_point(curve: str) -> None:
    terms = known(curve).terms.first(3)
    order = CURVES[curve].N if curve in CURVES else 2**253
    r, infinite = np.zeros((3, 8), np.uint64), np.zeros(3, np.uint8)
    bad_u, bad_v, bad_q = terms.u.copy(), terms.v.copy(), terms.q.copy()
    bad_u[1], bad_v[2] = words(order), words(order)
    bad_q[0, 0] ^= np.uint64(1)
    for wrong in (terms._replace(u=bad_u), terms._replace(v=bad_v), terms._replace(q=bad_q)):
        work = _cpu_terms.double_mul(r, infinite, wrong, scheme=SCHEME_OF[curve], isa=-1)
        with pytest.raises(InternalError):
            work(0, 3)


# ---- Judging ----


def codes_of(scheme: str, pairs: list[tuple[Words, Words]], isa: int = -1) -> list[int]:
    r = np.array([each for each, _ in pairs], np.uint64)
    targets = np.array([target for _, target in pairs], np.uint64)
    codes = np.full(len(pairs), 77, np.uint8)
    _cpu_terms.judge(codes, r, targets, scheme=scheme, isa=isa)(0, len(pairs))
    return codes.tolist()


def assert_judged(
    scheme: str, pairs: list[tuple[Words, Words]], expected: list[int], isa: int
) -> None:
    """Some one by one, and all, in more than a block."""
    assert len(pairs) > 1024
    assert codes_of(scheme, pairs, isa) == expected
    for i in range(26):
        assert codes_of(scheme, pairs[i : i + 1], isa) == expected[i : i + 1]


@pytest.mark.parametrize("name", CURVES)
def test_x_mod_n(name: str) -> None:
    """ECDSA and SM2: x alone counts; every x that is congruent to the target and below p."""
    n, p = CURVES[name].N, CURVES[name].P
    scheme, rng = SCHEME_OF[name], random.Random("x")
    values = [0, 1, p - n - 1, p - n, p - n + 1, n - 1, *(rng.randrange(n) for _ in range(20))]
    for t in values:
        xs = [t, t + n, t + 1, t - 1, n - t, t + p, t + 2**256 - n, 0, n, p, 2**256 - 1]
        xs = [x for x in xs if 0 <= x < 2**256]
        found = codes_of(scheme, [(row_of(x, rng.getrandbits(256)), words(t)) for x in xs])
        assert found == [1 if x % n == t and x < p else 0 for x in xs]


def test_schnorr_judges_the_whole_point(isa: str) -> None:
    curve, p = SECP256K1, SECP256K1.P
    pairs: list[tuple[Words, Words]] = []
    expected: list[int] = []
    for k in range(1, 100):
        point = curve.multiply_base(k)
        assert point is not None
        x, y = point if point[1] % 2 == 0 else (point[0], p - point[1])
        rows = [
            ((x, y), x, 1),
            ((x, p - y), x, 0),
            ((x, y ^ 1), x, 0),
            ((x, y ^ 2), x, 0),
            ((x, y ^ 2**255), x, 0),
            ((x, 0), x, 0),
            ((x, (y + p) % 2**256), x, 0),
            ((x, y), x + 1, 0),
            ((x, y), (x + p) % 2**256, 0),
            ((2**256 - 1, y), 2**256 - 1, 0),
            ((p, y), p, 0),
            ((0, 0), 0, 0),
            ((0, y), 0, 0),
        ]
        pairs += [(row_of(*each), words(target)) for each, target, _ in rows]
        expected += [code for _, _, code in rows]
    assert_judged("secp256k1.schnorr", pairs, expected, isa_of(isa))


def test_ed25519_judges_the_whole_point(ed25519_isa: str) -> None:
    pairs: list[tuple[Words, Words]] = []
    expected: list[int] = []
    for k in range(100):
        x, y = ed.multiply(k, ed.B)
        target = int.from_bytes(ed.encode((x, y)), "little")
        rows = [
            ((x, y), target, 1),
            ((-x % ed.P, y), target, int(x == 0)),
            ((x ^ 1, y), target, 0),
            ((x ^ 2, y), target, 0),
            ((x, y ^ 1), target, 0),
            ((x, y + ed.P), target, 0),
            ((x + ed.P, y), target, 0),
            ((x + ed.P, y), target ^ 2**255, 0),
            ((x, y), target ^ 2**255, 0),
            ((x, ed.P + 1), ed.P + 1, 0),
            ((0, 0), target, 0),
            ((0, 0), 0, 0),
        ]
        pairs += [(row_of(*each), words(wanted)) for each, wanted, _ in rows]
        expected += [code for _, _, code in rows]
    assert_judged("ed25519", pairs, expected, isa_of(ed25519_isa))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_targets_are_those_of_the_points(way: Way) -> None:
    """A valid item's target is that of its own sum: the way back from targets_of to judge."""
    rows = way.honest(50)
    terms, codes = Terms.empty(50), np.zeros(50, np.uint8)
    given = [column("items", each, widths=None) for each in columns(rows)]
    terms_work(way, terms, codes, given)(0, 50)
    assert not codes.any()
    r, infinite = np.zeros((50, 8), np.uint64), np.zeros(50, np.uint8)
    _cpu_terms.double_mul(r, infinite, terms, scheme=way.scheme, isa=-1)(0, 50)
    assert np.array_equal(_cpu_terms.targets_of(r, scheme=way.scheme), terms.targets)
    _cpu_terms.judge(codes, r, terms.targets, scheme=way.scheme)(0, 50)
    assert codes.all()


def terms_work(way: Way, terms: Terms, codes: Any, given: list[Column]) -> Any:
    if way.scheme.endswith("ecdsa"):
        curve = way.scheme.partition(".")[0]
        options: dict[str, Any] = {"curve": curve, "encoding": 0, "flags": 0}
        return _cpu_terms.ecdsa_terms(terms, codes, *given, first=0, isa=-1, **options)
    if way.scheme == "secp256k1.schnorr":
        return _cpu_terms.schnorr_terms(terms, codes, *given, first=0, flags=0, isa=-1)
    if way.scheme == "ed25519":
        return _cpu_terms.ed25519_terms(terms, codes, *given, first=0, rule=0, isa=-1)
    ids = given[3] if len(given) == 4 else None
    options = {"one_user_id": False, "encoding": 0}
    return _cpu_terms.sm2_terms(terms, codes, *given[:3], ids, first=0, isa=-1, **options)


# ---- Random sums ----


def hold(curve: str, r: Words, terms: Terms, isa: str | None) -> bool:
    held: list[bool] = []
    scheme = SCHEME_OF[curve]
    _cpu_terms.sums_hold(held, r, terms, scheme=scheme, isa=isa_of(isa))(0, len(r))
    return held[0]


@pytest.mark.parametrize("keys", [1, 5, 61])
@pytest.mark.parametrize("n", [1, 2, 8, 100, 1024, 1500])
@pytest.mark.parametrize("curve", ["secp256k1", "ed25519"])
def test_sums(curve: str, n: int, keys: int, isa: str) -> None:
    """They hold for right points, and for no others, however many items share a key."""
    made = known(curve)
    good = np.flatnonzero(made.infinite == 0)[-61:]
    rows = good[np.arange(n) % len(good)]
    terms = made.terms.take(rows)
    terms = terms._replace(q=np.ascontiguousarray(terms.q[np.arange(n) % keys]))
    r, infinite = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
    _cpu_terms.double_mul(r, infinite, terms, scheme=SCHEME_OF[curve], isa=-1)(0, n)
    assert not infinite.any()
    assert hold(curve, r, terms, isa)
    for i in {0, n // 2, n - 1}:
        for word in (0, 3, 4, 7):
            wrong = r.copy()
            wrong[i, word] ^= np.uint64(4)
            assert not hold(curve, wrong, terms, isa)
        wrong = r.copy()
        wrong[i] = made.r[good[0]] if not np.array_equal(made.r[good[0]], r[i]) else made.r[good[1]]
        assert not hold(curve, wrong, terms, isa)  # on the curve, and another
        wrong = r.copy()
        x, y = point_of(r[i])
        minus = (ed.P - x, y) if curve == "ed25519" else (x, SECP256K1.P - y)
        wrong[i] = row_of(*minus)
        assert not hold(curve, wrong, terms, isa)
    if n > 1 and not np.array_equal(r[0], r[1]):
        wrong = r.copy()
        wrong[[0, 1]] = wrong[[1, 0]]  # their plain sum is the same
        assert not hold(curve, wrong, terms, isa)


def test_sums_take_small_order_for_nothing() -> None:
    """Ed25519: R + T for T of small order passes, which no rule with sums minds; and any bytes may
    come.
    """
    made = known("ed25519")
    terms, r = made.terms.first(40), made.r[:40].copy()
    for t in ed.TORSION:
        r[3] = row_of(*ed.add(point_of(made.r[3]), t))
        assert hold("ed25519", r, terms, None)
    rng = random.Random("bytes")
    for row in (bytes(64), b"\xff" * 64, *(rng.randbytes(64) for _ in range(5))):
        for curve in ("ed25519", "secp256k1"):
            r = known(curve).r[10:50].copy()
            r[7] = np.frombuffer(row, np.uint64)
            assert not hold(curve, r, known(curve).terms.take(np.arange(10, 50)), None)


@pytest.mark.parametrize("curve", ["p256", "sm2"])
def test_no_sums_there(curve: str) -> None:
    with pytest.raises(InternalError):
        hold(curve, known(curve).r, known(curve).terms, None)


# ---- What was asked of late ----


def random_terms(n: int, rng: np.random.Generator) -> Terms:
    return Terms(*(rng.integers(2**62, 2**63, (n, w), dtype=np.uint64) for w in (4, 4, 8, 4)))


def test_recent() -> None:
    rng, recent = np.random.default_rng(5), Recent()
    first, scheme = random_terms(500, rng), "p256.ecdsa"
    assert not recent.enter(first, scheme=scheme).any()
    assert not recent.enter(first, scheme=scheme).any(), "the same items"
    assert recent.enter(first, scheme="sm2").all(), "another scheme"
    for name in ("u", "v", "q"):
        array = getattr(first, name)
        for word in range(array.shape[1]):
            other = array.copy()
            other[:, word] ^= np.uint64(1 << (word * 7 % 64))
            assert recent.enter(first._replace(**{name: other}), scheme=scheme).all()
    for word in range(4):
        other = first.targets.copy()
        other[:, word] ^= np.uint64(1)
        assert not recent.enter(first._replace(targets=other), scheme=scheme).any()
    # Within one call: whoever comes first.
    twice = random_terms(10, rng)
    twice.targets[5:] = twice.targets[:5]
    assert recent.enter(twice, scheme=scheme).tolist() == [False] * 5 + [True] * 5
    assert not recent.enter(twice.first(5), scheme=scheme).any()
    # Always: both are there from then on, and each is in the other's way.
    assert recent.enter(twice, scheme=scheme, always=True).tolist() == [False] * 5 + [True] * 5
    assert recent.enter(twice, scheme=scheme).all()


def test_recent_does_not_slow_down() -> None:
    """One item asked for over and over costs no more than many."""
    rng, recent = np.random.default_rng(8), Recent()
    many, n = random_terms(1 << 14, rng), 1 << 14
    one = many.take(np.zeros(n, np.intp))
    start = time.perf_counter()
    for _ in range(8):
        recent.enter(many, scheme="sm2")
    usual = time.perf_counter() - start
    for _ in range(64):
        start = time.perf_counter()
        assert not recent.enter(one, scheme="sm2").any()
        assert time.perf_counter() - start < 10 * usual + 1


def test_recent_forgets_the_oldest() -> None:
    rng, recent, window = np.random.default_rng(6), Recent(), 1 << 20
    scheme = "sm2"
    old, other = random_terms(1, rng), random_terms(1, rng)
    other = other._replace(targets=old.targets)
    entered = 0
    recent.enter(old, scheme=scheme)
    while entered < window - 1:
        n = min(1 << 16, window - 1 - entered)
        assert not recent.enter(random_terms(n, rng), scheme=scheme).any()
        entered += n
    assert recent.enter(other, scheme=scheme).all(), "the last of the window"
    assert not recent.enter(random_terms(1, rng), scheme=scheme).any()
    assert not recent.enter(other, scheme=scheme).any(), "and gone"
    assert recent.enter(old, scheme=scheme).all()


def test_targets_that_two_x_meet() -> None:
    """They never go to a device: what it answers says more than what was asked for."""
    recent, rng = Recent(), np.random.default_rng(7)
    for name, curve in CURVES.items():
        n, p = curve.N, curve.P
        for target in (0, 1, p - n - 1, p - n, n - 1):
            terms = random_terms(1, rng)._replace(targets=words(target).reshape(1, 4))
            unfit = recent.enter(terms, scheme=SCHEME_OF[name], always=True)
            assert unfit.tolist() == [target < p - n]
    small = [x % 2 << 255 | (y + more) for x, y in ed.TORSION for more in (0, ed.P)]
    for target in {*small, *(each ^ 1 << 255 for each in small), 7, 2**255 - 1, 2**256 - 1}:
        if target < 2**256:
            terms = random_terms(1, rng)._replace(targets=words(target).reshape(1, 4))
            unfit = recent.enter(terms, scheme="ed25519", always=True)
            assert unfit.tolist() == [target % 2**255 % ed.P in {y for _, y in ed.TORSION}]
    n, p = SECP256K1.N, SECP256K1.P
    for target in (n - 2, n, p - 1):
        terms = random_terms(1, rng)._replace(targets=words(target).reshape(1, 4))
        assert recent.enter(terms, scheme="secp256k1.schnorr").tolist() == [target >= n]


# ---- Columns ----


def test_take() -> None:
    rng = random.Random("take")
    parts = [rng.randbytes(rng.choice([0, 0, 1, 5, 33])) for _ in range(50)]
    where = np.array([3, 3, 49, 0, 7, 2], np.intp)
    ragged = take(column("x", parts, widths=None), where)
    assert ragged.offsets is not None
    data = ragged.data.tobytes()
    found = [data[a:b] for a, b in zip(ragged.offsets[:-1], ragged.offsets[1:], strict=True)]
    assert found == [parts[i] for i in where]
    packed = column("x", b"".join(bytes([i]) * 4 for i in range(50)), widths=(4,))
    assert take(packed, where).data.tobytes() == b"".join(bytes([i]) * 4 for i in where)
    rows = Column(packed.data, np.arange(50)[::-1] * 4, 4, 50)
    assert take(rows, where).offsets.tolist() == [(49 - i) * 4 for i in where]  # type: ignore[union-attr]
    assert take(packed, np.zeros(0, np.intp)).n == 0
    assert set(SCHEMES) == {way.scheme for way in WAYS}
