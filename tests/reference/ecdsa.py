"""ECDSA, SEC 1 v2.0 section 4.1, with the verdicts that Verilane's ABI fixes; over secp256k1 unless
`curve` says another.

A digest is 32 bytes here: hashing (step 2 of 4.1.4) is the caller's, and the leftmost 256 bits of a
longer hash are taken (step 3) by truncate().
"""

from functools import lru_cache

from . import der
from .secp256k1 import CURVE as SECP256K1
from .secp256k1 import N
from .weierstrass import Curve, Point

# The fixed numbers of the ABI. When several faults hold, the first in this order is the verdict.
OK, BAD_KEY, BAD_SIGNATURE, BAD_MESSAGE, MISMATCH = 1, 2, 3, 4, 5

Signature = tuple[int, int]


def truncate(digest: bytes) -> bytes:
    """SEC 1 section 4.1.3 step 5: the leftmost ceil(log2 n) = 256 bits of a hash, all of a shorter
    one.
    """
    return digest[:32].rjust(32, b"\0")


def compact(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign(
    secret: int, digest: bytes, nonce: int, *, curve: Curve = SECP256K1
) -> tuple[int, int, int]:
    """SEC 1 section 4.1.3 with the nonce given: (r, s, recovery id). s is not lowered."""
    n, point = curve.N, curve.multiply_base(nonce)
    assert point is not None
    r = point[0] % n
    s = pow(nonce, -1, n) * (int.from_bytes(digest, "big") + r * secret) % n
    assert r, "this nonce gives no signature"
    assert s, "this nonce gives no signature"
    return r, s, 2 * (point[0] >= n) + point[1] % 2


def low_form(
    r: int, s: int, recovery_id: int = 0, *, curve: Curve = SECP256K1
) -> tuple[int, int, int]:
    """The signature with s <= n/2: (r, n - s) holds for the same key, with -R in place of R."""
    n = curve.N
    return (r, s, recovery_id) if s <= n // 2 else (r, n - s, recovery_id ^ 1)


def parse_signature(
    signature: bytes,
    *,
    encoding: str = "compact",
    low_s: bool = False,
    curve: Curve = SECP256K1,
) -> Signature | None:
    """(r, s), or None when the encoding, the range (4.1.4 step 1) or the policy refuses it."""
    match encoding:
        case "compact":
            parsed = None
            if len(signature) == 64:
                parsed = (
                    int.from_bytes(signature[:32], "big"),
                    int.from_bytes(signature[32:], "big"),
                )
        case "der":
            parsed = der.parse_strict(signature)
        case "der-lax":
            parsed = der.parse_lax(signature)
        case _:
            raise ValueError(encoding)
    if parsed is None:
        return None
    r, s = parsed
    if not (1 <= r < curve.N and 1 <= s < curve.N):
        return None
    if low_s and s > curve.N // 2:
        return None
    return r, s


@lru_cache(maxsize=200_000)
def equation_holds(key: Point, r: int, s: int, digest: bytes, curve: Curve = SECP256K1) -> bool:
    """SEC 1 section 4.1.4 steps 3 to 8, for 1 <= r, s < n."""
    n = curve.N
    e = int.from_bytes(digest, "big")
    u1 = e * pow(s, -1, n) % n
    u2 = r * pow(s, -1, n) % n
    point = curve.add(curve.multiply_base(u1), curve.multiply(u2, key))
    if point is None:
        return False
    return point[0] % n == r


def verify(
    key: bytes,
    signature: bytes,
    digest: bytes,
    *,
    encoding: str = "compact",
    low_s: bool = False,
    hybrid_keys: bool = False,
    key_form: str = "any",
    curve: Curve = SECP256K1,
) -> int:
    """The verdict code of one item."""
    if len(key) not in {"any": (33, 64, 65), "sec1": (33, 65), "compressed": (33,)}[key_form]:
        return BAD_KEY
    point = curve.decode_point(key, hybrid=hybrid_keys)
    if point is None:
        return BAD_KEY
    parsed = parse_signature(signature, encoding=encoding, low_s=low_s, curve=curve)
    if parsed is None:
        return BAD_SIGNATURE
    if len(digest) != 32:
        return BAD_MESSAGE
    return OK if equation_holds(point, *parsed, digest, curve) else MISMATCH


@lru_cache(maxsize=200_000)
def recover_point(
    r: int, s: int, digest: bytes, recovery_id: int, curve: Curve = SECP256K1
) -> Point:
    """SEC 1 section 4.1.6 for one candidate: j = id div 2 and the parity of y = id mod 2. None: no
    key.

    Step 1.3 tests nR = O, which every point passes (the cofactor is 1)."""
    n = curve.N
    point = curve.lift_x(r + n * (recovery_id // 2), recovery_id % 2)
    if point is None:
        return None
    e = int.from_bytes(digest, "big")
    inverse = pow(r, -1, n)
    minus = curve.negate(curve.multiply_base(e * inverse))
    return curve.add(curve.multiply(s * inverse % n, point), minus)


def recover(signature: bytes, digest: bytes, *, low_s: bool = False) -> tuple[int, bytes]:
    """(verdict code, x || y); the key is 64 zero bytes unless the verdict is OK."""
    nothing = bytes(64)
    parsed = parse_signature(signature[:64], low_s=low_s)
    if len(signature) != 65 or parsed is None or signature[64] > 3:
        return BAD_SIGNATURE, nothing
    r, s = parsed
    recovery_id = signature[64]
    if SECP256K1.lift_x(r + N * (recovery_id // 2), recovery_id % 2) is None:
        return BAD_SIGNATURE, nothing
    if len(digest) != 32:
        return BAD_MESSAGE, nothing
    key = recover_point(r, s, digest, recovery_id)
    if key is None:
        return BAD_SIGNATURE, nothing
    return OK, SECP256K1.encode_point(key, "raw")


assert SECP256K1.P > N, "recovery ids 2 and 3 exist because p > n"
