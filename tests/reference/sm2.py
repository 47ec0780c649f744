"""SM2: the curve sm2p256v1 (GB/T 32918.5-2017) and verification and signing (GB/T 32918.2-2016),
with the verdicts that Verilane's ABI fixes.
"""

from functools import lru_cache

from . import der
from .ecdsa import BAD_KEY, BAD_MESSAGE, BAD_SIGNATURE, MISMATCH, OK
from .sm3 import sm3
from .weierstrass import Curve, Point

CURVE = Curve(
    P=2**256 - 2**224 - 2**96 + 2**64 - 1,
    A=-3,
    B=0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    G=(
        0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
        0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    ),
    N=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
)
N = CURVE.N
DEFAULT_USER_ID = b"1234567812345678"


def octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


@lru_cache(maxsize=200_000)
def user_hash(key: Point, user_id: bytes) -> bytes:
    """ZA of section 5.5: SM3(ENTLA || IDA || a || b || xG || yG || xA || yA). OverflowError where
    ENTLA, the length of IDA in bits, needs more than two bytes.
    """
    assert key is not None
    numbers = (CURVE.A % CURVE.P, CURVE.B, *CURVE.G, *key)
    length = (8 * len(user_id)).to_bytes(2, "big")
    return sm3(length + user_id + b"".join(map(octets, numbers)))


@lru_cache(maxsize=200_000)
def message_hash(key: Point, user_id: bytes, message: bytes) -> bytes:
    """e: section 6.1 A1 and A2, 7.1 B3 and B4."""
    return sm3(user_hash(key, user_id) + message)


def sign(secret: int, digest: bytes, nonce: int) -> tuple[int, int]:
    """(r, s): section 6.1 A3 to A6, for e = digest and k = nonce."""
    e = int.from_bytes(digest, "big")
    point = CURVE.multiply_base(nonce)
    assert point is not None
    r = (e + point[0]) % N
    assert r != 0
    assert r + nonce != N
    s = pow(1 + secret, -1, N) * (nonce - r * secret) % N
    assert s != 0
    return r, s


def parse_signature(signature: bytes, encoding: str = "compact") -> tuple[int, int] | None:
    """(r, s), or None when its encoding, B1, B2 or B5 refuses it."""
    parsed: tuple[int, int] | None = None
    match encoding, len(signature):
        case ("compact", 64) | ("fisco", 128):
            parsed = (
                int.from_bytes(signature[:32], "big"),
                int.from_bytes(signature[32:64], "big"),
            )
        case "der", _:
            parsed = der.parse_strict(signature)
    if parsed is None:
        return None
    r, s = parsed
    if not (1 <= r < N and 1 <= s < N) or (r + s) % N == 0:
        return None
    return parsed


@lru_cache(maxsize=200_000)
def equation_holds(key: Point, r: int, s: int, digest: bytes) -> bool:
    """Section 7.1 B5 to B7."""
    t = (r + s) % N
    point = CURVE.add(CURVE.multiply_base(s), CURVE.multiply(t, key))
    if point is None:
        return False
    return (int.from_bytes(digest, "big") + point[0]) % N == r


def verify(
    key: bytes | None,
    signature: bytes,
    message: bytes | None = None,
    *,
    digest: bytes | None = None,
    user_id: bytes = DEFAULT_USER_ID,
    encoding: str = "compact",
) -> int:
    """The verdict code of one item, of a message or of a digest."""
    appended = signature[64:] if encoding == "fisco" and len(signature) == 128 else None
    if key is None and appended is None:
        return BAD_SIGNATURE
    point = CURVE.decode_point(appended if key is None else key)
    if point is None:
        return BAD_KEY
    if appended is not None and CURVE.decode_point(appended) != point:
        return BAD_KEY
    parsed = parse_signature(signature, encoding)
    if parsed is None:
        return BAD_SIGNATURE
    if digest is None:
        assert message is not None
        if 8 * len(user_id) >= 2**16:
            return BAD_MESSAGE
        digest = message_hash(point, user_id, message)
    if len(digest) != 32:
        return BAD_MESSAGE
    return OK if equation_holds(point, *parsed, digest) else MISMATCH
