"""Hostile items (hypothesis): for ECDSA valid ones of which any part may be changed, for Ed25519
signatures with parts of small order.
"""

import random
from dataclasses import dataclass

from hypothesis import strategies as st

import ed25519_items
from reference import der, ecdsa, ed25519
from reference.ed25519 import TORSION
from reference.secp256k1 import CURVE as SECP256K1
from reference.secp256k1 import LAMBDA, N
from reference.weierstrass import Curve


@dataclass(frozen=True)
class Check:
    """One item whose bytes may be anything; the reference says what it is worth."""

    key: bytes
    signature: bytes
    digest: bytes


@st.composite
def mutated(draw: st.DrawFn, good: bytes, lengths: tuple[int, ...]) -> bytes:
    """Mostly `good` itself; else one byte changed, cut, lengthened, or bytes of an allowed or any
    length.
    """
    match draw(st.integers(0, 12)):
        case 0 if good:
            where = draw(st.integers(0, len(good) - 1))
            return good[:where] + bytes([draw(st.integers(0, 255))]) + good[where + 1 :]
        case 1:
            return good[: draw(st.integers(0, len(good)))]
        case 2:
            where = draw(st.integers(0, len(good)))
            return good[:where] + draw(st.binary(min_size=1, max_size=3)) + good[where:]
        case 3:
            length = draw(st.sampled_from(lengths))
            return draw(st.binary(min_size=length, max_size=length))
        case 4:
            return draw(st.binary(max_size=140))
    return good


def _lax_variants(r: int, s: int) -> list[bytes]:
    """Encodings of (r, s) that only the lax parser takes."""
    strict = der.encode(r, s)
    body_r, body_s = der.encode_integer(r)[2:], der.encode_integer(s)[2:]

    def sequence(*integers: bytes) -> bytes:
        body = b"".join(integers)
        return bytes([0x30, len(body)]) + body

    padded = [bytes([2, len(body) + 2]) + bytes(2) + body for body in (body_r, body_s)]
    long_form = [bytes([2, 0x82, 0, len(body)]) + body for body in (body_r, body_s)]
    unsigned = [
        bytes([2, len(body.lstrip(bytes(1)))]) + body.lstrip(bytes(1)) for body in (body_r, body_s)
    ]
    return [
        strict + b"\x01",
        b"\x30\x00" + strict[2:],
        b"\x30\x80" + strict[2:],
        b"\x30\x81" + strict[1:],
        sequence(*padded),
        sequence(*long_form),
        sequence(*unsigned),
        sequence(padded[0], unsigned[1]) + bytes(5),
    ]


@st.composite
def signature_bytes(draw: st.DrawFn, r: int, s: int, encoding: str, n: int) -> bytes:
    """(r, s) in this encoding, or (r, n - s); under der and der-lax also what only the lax parser
    reads.
    """
    if draw(st.booleans()):
        s = n - s
    if encoding == "compact":
        return draw(mutated(ecdsa.compact(r, s), (64, 65, 70)))
    good = der.encode(r, s)
    if draw(st.integers(0, 3)) == 0:
        good = draw(st.sampled_from(_lax_variants(r, s)))
    return draw(mutated(good, (8, 64, 70, 71, 72, 73)))


@st.composite
def checks(draw: st.DrawFn, encoding: str, curve: Curve = SECP256K1) -> Check:
    """A valid signature by one of a few keys, then each of its parts perhaps changed."""
    n = curve.N
    secret = draw(st.sampled_from([1, 2, n - 1, LAMBDA, 0xC0FFEE, n // 3]))
    nonce = draw(st.sampled_from([1, 3, n // 2, 0xDECAF, n - 5]))
    digest = draw(
        st.one_of(
            st.sampled_from([bytes(32), b"\xff" * 32, bytes(range(32))]),
            st.binary(min_size=32, max_size=32),
        )
    )
    form = draw(st.sampled_from(["compressed", "uncompressed", "raw", "hybrid"]))
    r, s, _ = ecdsa.sign(secret, digest, nonce, curve=curve)
    key = curve.encode_point(curve.multiply_base(secret), form)
    if draw(st.integers(0, 4)) == 0:
        key = bytes([key[0] ^ 1]) + key[1:]  # the other parity, and no parity at all
    return Check(
        draw(mutated(key, (33, 64, 65))),
        draw(signature_bytes(r, s, encoding, n)),
        draw(mutated(digest, (32,))),
    )


def random_checks(seed: str, n: int) -> list[Check]:
    """No structure at all; the short lengths are where parsers overrun."""
    rng = random.Random(seed)
    return [
        Check(
            rng.choice([b"", b"\x02", b"\x04", b"\x06"])
            + rng.randbytes(rng.choice([0, 1, 32, 64])),
            rng.choice([b"", b"\x30", b"\x30\x06\x02"]) + rng.randbytes(rng.randrange(80)),
            rng.randbytes(rng.choice([0, 31, 32, 33])),
        )
        for _ in range(n)
    ]


@st.composite
def recoveries(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """(65-byte signature, digest): valid, with any id, or with anything changed; small r, so that
    id 2 and 3 exist.
    """
    digest = draw(st.binary(min_size=32, max_size=32))
    if draw(st.booleans()):
        r, s, recovery_id = ecdsa.sign(
            0xC0FFEE, digest, draw(st.sampled_from([1, 3, N // 2, 0xDECAF]))
        )
    else:
        r, s, recovery_id = (
            draw(st.integers(1, 60)),
            draw(st.integers(1, N - 1)),
            draw(st.integers(0, 3)),
        )
    recovery_id = draw(st.one_of(st.just(recovery_id), st.integers(0, 255)))
    return draw(mutated(ecdsa.compact(r, s) + bytes([recovery_id]), (64, 65, 66))), draw(
        mutated(digest, (32,))
    )


@st.composite
def tweaked_items(draw: st.DrawFn) -> tuple[ed25519_items.Item, int]:
    """(item, error): A + T and R + U for honest A and R, T and U of small order, and S wrong by
    `error`.
    """
    seed = draw(st.binary(min_size=32, max_size=32))
    secret, nonce = int.from_bytes(seed, "little") % ed25519.L, ed25519.hash_scalar(seed)
    error = draw(st.sampled_from([0, 0, 1, ed25519.L - 1, 8]))
    message = draw(st.binary(max_size=200))
    key, r = (
        ed25519.encode(ed25519.add(ed25519.multiply(k, ed25519.B), draw(st.sampled_from(TORSION))))
        for k in (secret, nonce + error)
    )
    signature = ed25519_items.signed(key, r, message, secret, nonce)
    return ed25519_items.item("tweaked", key, signature, message), error
