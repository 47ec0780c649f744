"""Items with a known verdict for the SM2 tests: honest ones, and hostile ones on purpose.

How internals are chosen: take any s, t and a key Q = q G with known q. (x1, y1) = (s + t q) G,
r = t - s, e = r - x1. Then (r, s) is a valid signature of the digest e, and the verifier's two
scalars are s and t. Chosen items are therefore items of digests.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from exceptional_items import exceptional_items as ecdsa_items
from reference import der, ecdsa
from reference import sm2 as reference
from reference.ecdsa import BAD_KEY, BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK, compact
from reference.sm2 import CURVE, DEFAULT_USER_ID, N, octets
from reference.weierstrass import Point
from signed import Signed, first_of_each_kind
from verilane import sm2

P = CURVE.P
FORMS = ("compressed", "uncompressed", "raw")


@dataclass(frozen=True)
class Item(Signed):
    """One signature check, of a message or of a digest, and the verdict that it must get."""

    verdict: int
    message: bytes = b""
    digest: bytes = b""
    user_id: bytes = DEFAULT_USER_ID


# ---- Honest items ----

LENGTHS = (32, 0, 1, 22, 23, 24, 31, 33, 55, 64, 87, 88, 100, 300)
USER_IDS = (DEFAULT_USER_ID, b"", b"A", b"ALICE123@YAHOO.COM", bytes(range(256)), b"HYGON-SSD-PEK")


def signed(name: str, secret: int, nonce: int, message: bytes, user_id: bytes, form: str) -> Item:
    """A valid item that has both its message and its digest."""
    point = CURVE.multiply_base(secret)
    digest = reference.message_hash(point, user_id, message)
    signature = compact(*reference.sign(secret, digest, nonce))
    key = CURVE.encode_point(point, form)
    return Item(name, key, signature, OK, message, digest, user_id)


@cache
def honest_items(count: int = 550) -> list[Item]:
    """Signed by the reference: three forms of keys, half of the messages 32 bytes, half of the user
    IDs the default; every 5th has another message, or another user ID.
    """
    rng = random.Random("sm2")
    items = []
    for index in range(count):
        secret, nonce = rng.randrange(1, N - 1), rng.randrange(1, N)
        size = LENGTHS[index // 2 % len(LENGTHS)] if index % 2 else 32
        user_id = USER_IDS[index // 3 % len(USER_IDS)] if index % 3 == 0 else DEFAULT_USER_ID
        message = rng.randbytes(size)
        item = signed("honest", secret, nonce, message, user_id, FORMS[index % 3])
        if index % 10 == 4:
            other = rng.randbytes(max(size, 1))
            item = replace(item, message=other, digest=rng.randbytes(32), verdict=MISMATCH)
        if index % 10 == 9:
            digest = rng.randbytes(32)
            item = replace(item, user_id=user_id + b"\0", digest=digest, verdict=MISMATCH)
        items.append(item)
    return items


# ---- Items with chosen internals ----


def from_scalars(name: str, s: int, t: int, q: int, *, verdict: int | None = None) -> Item:
    """The item whose verification computes s G + t Q with Q = q G. `verdict` is for what is refused
    although the equation holds. Where the sum is infinite nothing is valid, not even e = r, which
    is what an x1 of 0 would do.
    """
    point = CURVE.multiply_base(s + t * q)
    r = (t - s) % N
    e = ((r - point[0]) if point else r) % N
    key = CURVE.encode_point(CURVE.multiply_base(q), FORMS[(s ^ t) % 3])
    holds = MISMATCH if point is None else OK
    signature = compact(r, s % N)
    return Item(name, key, signature, holds if verdict is None else verdict, digest=octets(e))


def _same_scalars_as_in_ecdsa() -> Iterator[Item]:
    """The sums of exceptional_items.py that have a signature here: s and t are not 0, nor equal."""
    chosen = [item for item in ecdsa_items(CURVE) if item.scalars and item.scalars[0] != 0]
    chosen = [item for item in chosen if item.scalars[0] != item.scalars[1]]
    firsts = {item.kind: item for item in reversed(chosen)}.values()
    for item in [*firsts, *chosen[::3]]:  # more than a third only takes time
        yield from_scalars(item.name, *item.scalars)


def _range() -> Iterator[Item]:
    """r, s and t just outside of [1, n - 1], in signatures whose equation holds modulo n."""
    rng = random.Random("range")
    q = rng.randrange(1, N)
    s = rng.randrange(1, N)
    refused = {"r = 0": (s, s), "s = 0": (0, s), "t = r + s = n": (s, 0), "r = s = 0": (0, 0)}
    for name, (s_, t) in refused.items():
        if t or s_:
            yield from_scalars(name, s_, t, q, verdict=BAD_SIGNATURE)
    small = from_scalars("r = 1", s, s + 1, q)
    yield small
    yield replace(
        small,
        name="r = n + 1",
        signature=compact(N + 1, s),
        verdict=BAD_SIGNATURE,
    )
    small = from_scalars("s = 1", 1, s, q)
    yield small
    yield replace(
        small,
        name="s = n + 1",
        signature=small.signature[:32] + octets(N + 1),
        verdict=BAD_SIGNATURE,
    )
    for name, s_, t in (("r = n - 1", s, s - 1), ("s = n - 1", -1, s), ("t = 1", s, 1)):
        yield from_scalars(name, s_, t, q)
    yield from_scalars("t = n - 1", s, -1, q)
    good = from_scalars("good", 11, 13, 17)
    for label, value in {"0": 0, "n": N, "n + 1": N + 1, "2^256 - 1": 2**256 - 1, "p": P}.items():
        word = octets(value)
        pairs = {"r": word + good.signature[32:], "s": good.signature[:32] + word, "r, s": 2 * word}
        for what, signature in pairs.items():
            name = f"signature, {what} = {label}"
            yield replace(good, name=name, signature=signature, verdict=BAD_SIGNATURE)
    for length in (0, 1, 63, 65, 128):
        signature = (2 * good.signature)[:length]
        name = f"signature of some length:{length}"
        yield replace(good, name=name, signature=signature, verdict=BAD_SIGNATURE)
    r, s = reference.parse_signature(good.signature) or (0, 0)
    for name, pair in {"n - s": (r, N - s), "n - r": (N - r, s), "exchanged": (s, r)}.items():
        yield replace(good, name=name, signature=compact(*pair), verdict=MISMATCH)


def _digests() -> Iterator[Item]:
    """e of n and more, and digests of a wrong length."""
    rng = random.Random("digests")
    for e in (0, 1, N - 1, N, N + 1, N + 2**64, 2**256 - 1):
        secret, nonce = rng.randrange(1, N - 1), rng.randrange(1, N)
        signature = compact(*reference.sign(secret, octets(e), nonce))
        key = CURVE.encode_point(CURVE.multiply_base(secret))
        yield Item(f"e extreme:{e:x}", key, signature, OK, digest=octets(e))
        yield Item(f"e + 1:{e:x}", key, signature, MISMATCH, digest=octets((e + 1) % 2**256))
    good = from_scalars("good", 11, 13, 17)
    for length in (0, 31, 33, 64):
        digest = (2 * good.digest)[:length]
        yield replace(good, name=f"digest length:{length}", digest=digest, verdict=BAD_MESSAGE)


def from_point(name: str, point: Point, s: int, t: int, e: int, verdict: int = OK) -> Item:
    """The item that computes (x1, y1) = point, of unknown logarithm: Q = (point - s G) / t."""
    rest = CURVE.add(point, CURVE.negate(CURVE.multiply_base(s)))
    key = CURVE.encode_point(CURVE.multiply(pow(t, -1, N), rest), "raw")
    return Item(name, key, compact((t - s) % N, s), verdict, digest=octets(e))


def _large_x1() -> Iterator[Item]:
    """x1 >= n; sums e + x1 of up to 3 n, where x1 - n is more than r; and sums that are r by the
    wrong modulus.
    """
    rng = random.Random("x1")
    xs = [*range(N, N + 9), *range(P - 9, P), *(rng.randrange(N, P) for _ in range(3)), 1, 2, 5]
    for x in (x for x in xs if CURVE.lift_x(x, 0)):
        point = CURVE.lift_x(x, x % 2)
        s, t = rng.randrange(1, N), rng.randrange(1, N)
        for r in (1, abs(x - N) - 1, abs(x - N) + 1):
            if 0 < r < N:
                yield from_point(f"x1 - n > r:{x:x}, {r:x}", point, s, (s + r) % N, (r - x) % N)
        r = (t - s) % N
        for e in {(r - x) % N, (r - x) % N + N}:
            if e < 2**256:
                yield from_point(f"x1 extreme:{x:x}, {e:x}", point, s, t, e)
        for modulus, what in ((P, "p"), (2**256, "2^256")):
            e = (r - x) % modulus
            if (e + x - r) % N:
                yield from_point(f"e + x1 = r mod {what}:{x:x}", point, s, t, e, MISMATCH)
        e = (r - x + 1) % N
        yield from_point(f"e + x1 = r + 1:{x:x}", point, s, t, e, MISMATCH)


def _bad_keys() -> Iterator[Item]:
    """Those of the ECDSA tests, hybrid ones among them, under a signature good for 17 G."""
    good = from_scalars("good", 11, 13, 17)
    for item in ecdsa_items(CURVE):
        if item.verdict == BAD_KEY:
            yield replace(good, name=item.name, key=item.key, verdict=BAD_KEY)
    yield replace(good, name="key of another", key=CURVE.encode_point(CURVE.G), verdict=MISMATCH)
    point = CURVE.decode_point(good.key)
    negated = CURVE.encode_point(CURVE.negate(point))
    yield replace(good, name="key negated", key=negated, verdict=MISMATCH)


def _ecdsa_signatures() -> Iterator[Item]:
    """ECDSA over the same curve and digest is another scheme."""
    rng = random.Random("ecdsa")
    for trial in range(4):
        secret, digest = rng.randrange(1, N), rng.randbytes(32)
        r, s, _ = ecdsa.sign(secret, digest, rng.randrange(1, N), curve=CURVE)
        key = CURVE.encode_point(CURVE.multiply_base(secret))
        yield Item(f"ECDSA:{trial}", key, compact(r, s), MISMATCH, digest=digest)


@cache
def exceptional_items() -> list[Item]:
    """All of the above, as items of digests; their verdicts follow from how they were made."""
    makers = (
        _same_scalars_as_in_ecdsa,
        _range,
        _digests,
        _large_x1,
        _bad_keys,
        _ecdsa_signatures,
    )
    return [item for maker in makers for item in maker()]


def one_of_each_kind() -> list[Item]:
    return first_of_each_kind(exceptional_items())


# ---- What the tests share ----


def codes(items: list[Item], isa: str, **options: Any) -> list[int]:
    """The verdicts of items of messages, each with its own user ID."""
    return sm2.verify_many(
        [item.key for item in items],
        [item.signature for item in items],
        [item.message for item in items],
        **{"user_id": [item.user_id for item in items], **options},
        device=isa,
    ).codes.tolist()


def codes_of_digests(items: list[Item], isa: str, **options: Any) -> list[int]:
    keys, signatures = [item.key for item in items], [item.signature for item in items]
    digests = [item.digest for item in items]
    return sm2.verify_many(keys, signatures, digests=digests, **options, device=isa).codes.tolist()


def as_der(item: Item) -> Item:
    r, s = reference.parse_signature(item.signature) or (0, 0)
    return replace(item, signature=der.encode(r, s))


def as_fisco(item: Item) -> Item:
    appended = CURVE.encode_point(CURVE.decode_point(item.key), "raw")
    return replace(item, signature=item.signature + appended)
