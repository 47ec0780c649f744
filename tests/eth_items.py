"""Signatures, keys and digests for eth-keys' back ends (hypothesis): valid ones, mutated ones, and
those whose sums meet infinity.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from reference import ecdsa
from reference.secp256k1 import CURVE, N
from reference.secp256k1 import P as FIELD

HALF = N // 2
# Numbers at the borders of what is r, s, x or y.
BORDERS = (0, 1, 2, HALF, HALF + 1, N - 1, N, FIELD - N, FIELD - 1, FIELD, 2**256 - 1)
SCALARS = st.integers(1, N - 1) | st.integers(1, 20) | st.integers(N - 20, N - 1)


@dataclass(frozen=True)
class EthItem:
    """One signature of a digest, and a key: bytes of the right length, and integers in the range
    that eth-keys' objects let through; nothing else about them is sure.
    """

    digest: bytes
    v: int
    r: int
    s: int
    key: bytes  # x, y

    @property
    def vrs(self) -> tuple[int, int, int]:
        return self.v, self.r, self.s


def to_bytes(number: int) -> bytes:
    return (number % 2**256).to_bytes(32, "big")


def point_bytes(secret: int) -> bytes:
    point = CURVE.multiply_base(secret)
    assert point is not None
    return to_bytes(point[0]) + to_bytes(point[1])


def beyond_order() -> int:
    """An r with a point whose x is r + n: what recovery ids 2 and 3 are for. No honest signer meets
    one.
    """
    return next(r for r in range(1, 100) if CURVE.lift_x(r + N, 0) is not None)


def is_on_curve(key: bytes) -> bool:
    return len(key) == 64 and CURVE.decode_point(b"\4" + key) is not None


@st.composite
def signed(draw: st.DrawFn) -> EthItem:
    """Valid; s is as it comes, low or high."""
    secret, nonce = draw(SCALARS), draw(SCALARS)
    digest = draw(st.binary(min_size=32, max_size=32) | st.sampled_from(BORDERS).map(to_bytes))
    try:
        r, s, v = ecdsa.sign(secret, digest, nonce)
    except AssertionError:  # this digest and nonce give s = 0
        r, s, v = ecdsa.sign(secret, b"\7" * 32, nonce)
        digest = b"\7" * 32
    return EthItem(digest, v % 2, r, s, point_bytes(secret))


@st.composite
def at_infinity(draw: st.DrawFn) -> EthItem:
    """e = s k with R = k G: s R = e G, so that recovery gives infinity for one v; with v's other
    parity it gives -2 s k / r times G. The key: that of u G = -v Q, or u G = v Q.
    """
    nonce, s = draw(SCALARS), draw(SCALARS)
    point = CURVE.multiply_base(nonce)
    assert point is not None
    r, e = point[0] % N, s * nonce % N
    # u = e / s, v = r / s: u G = +-(v Q) for Q = +-(e / r) G.
    sign = draw(st.sampled_from((1, N - 1)))
    key = point_bytes(sign * e * pow(r, -1, N) % N)
    return EthItem(to_bytes(e), draw(st.integers(0, 1)), r, s, key)


KEYS = (
    SCALARS.map(point_bytes)
    | st.binary(min_size=64, max_size=64)
    | st.tuples(*[st.sampled_from(BORDERS).map(to_bytes)] * 2).map(b"".join)
)
IN_RANGE = st.sampled_from([each for each in BORDERS if each < N]) | st.integers(0, N - 1)


@st.composite
def eth_items(draw: st.DrawFn) -> EthItem:
    """Any of these, and then some part changed, or none."""
    item = draw(signed() | at_infinity())
    digest, v, r, s, key = item.digest, item.v, item.r, item.s, item.key
    match draw(st.integers(0, 9)):
        case 0:
            s = N - s  # the same key, by the other v
        case 1:
            v, s = 1 - v, N - s
        case 2:
            v = 1 - v
        case 3:
            r = draw(IN_RANGE)
        case 4:
            s = draw(IN_RANGE)
        case 5:
            key = draw(KEYS)
        case 6:
            y = int.from_bytes(key[32:], "big")
            key = key[:32] + to_bytes(draw(st.sampled_from((FIELD - y, y + 1, y + FIELD))))
        case 7:
            digest = draw(st.binary(min_size=32, max_size=32))
        case 8:
            digest = to_bytes(int.from_bytes(digest, "big") ^ 1 << draw(st.integers(0, 255)))
    return EthItem(digest, v, r, s, key)
