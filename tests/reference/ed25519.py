"""Ed25519 with plain integers: RFC 8032 section 5.1, step by step, the rules of ZIP 215, and what
else verifiers do, one flag for each difference.
"""

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

OK, BAD_KEY, BAD_SIGNATURE, MISMATCH = 1, 2, 3, 5

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(p: Point, q: Point) -> Point:
    """The complete law of -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1.4, in affine form)."""
    (x1, y1), (x2, y2) = p, q
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def negate(p: Point) -> Point:
    return -p[0] % P, p[1]


Extended = tuple[int, int, int, int]


def _add_extended(p: Extended, q: Extended) -> Extended:
    """The same as (X, Y, Z, T), x = X / Z, y = Y / Z, T = X Y / Z: section 5.1.4 to the letter."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(k: int, p: Point) -> Point:
    """k p for any integer k >= 0: k is not reduced."""
    sum_: Extended = (0, 1, 1, 0)
    power: Extended = (p[0], p[1], 1, p[0] * p[1] % P)
    while k:
        if k & 1:
            sum_ = _add_extended(sum_, power)
        power = _add_extended(power, power)
        k >>= 1
    x, y, z, _ = sum_
    inverse = pow(z, -1, P)
    return x * inverse % P, y * inverse % P


def on_curve(p: Point) -> bool:
    x, y = p
    return (-x * x + y * y - 1 - D * x * x * y * y) % P == 0


def recover_x(y: int, sign: int) -> int | None:
    """Section 5.1.3, steps 2 to 4, but x = 0 takes either sign. y may be p or more."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return x if x % 2 == sign else -x % P


def is_canonical(data: bytes) -> bool:
    """Section 5.1.3: y < p, and no sign where x = 0."""
    y = int.from_bytes(data, "little") % 2**255
    return y < P and not (y in (1, P - 1) and data[31] >= 128)


def decode(data: bytes) -> Point | None:
    """The point, also from an encoding that is not canonical."""
    y = int.from_bytes(data, "little") % 2**255
    x = recover_x(y, data[31] >> 7)
    return None if x is None else (x, y % P)


def encode(p: Point) -> bytes:
    """Section 5.1.2."""
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def encodings(p: Point) -> list[bytes]:
    """Every encoding that decodes to p: the canonical one first."""
    x, y = p
    signs = [0, 1] if x == 0 else [x & 1]
    ys = [y, y + P] if y + P < 2**255 else [y]
    return [(v | sign << 255).to_bytes(32, "little") for v in ys for sign in signs]


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert BASE is not None
B: Point = BASE


def _torsion() -> list[Point]:
    """The eight points whose order divides 8: multiples of L times any point that has order 8 L."""
    y = 2
    while True:
        point = decode(y.to_bytes(32, "little"))
        if point is not None:
            root = multiply(L, point)
            points = [multiply(i, root) for i in range(8)]
            if len(set(points)) == 8:
                return points
        y += 1


TORSION = _torsion()


# ---- Rules ----


@dataclass(frozen=True)
class Rule:
    """What a verifier demands beside S < L and the equation."""

    canonical_key: bool = False
    canonical_r: bool = False
    large_order: bool = False
    cofactored: bool = False


RULES = {
    "ZIP215": Rule(cofactored=True),
    "RFC8032": Rule(canonical_key=True, canonical_r=True),
    "OPENSSL": Rule(),
    "STRICT": Rule(large_order=True),
}


def hash_scalar(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def verify(key: bytes, signature: bytes, message: bytes, rule: str = "ZIP215") -> int:
    """The verdict by section 5.1.7 under a rule."""
    demands = RULES[rule]
    point = decode(key) if len(key) == 32 else None
    if point is None:
        return BAD_KEY
    if demands.canonical_key and not is_canonical(key):
        return BAD_KEY
    if demands.large_order and point in TORSION:
        return BAD_KEY
    if len(signature) != 64:
        return BAD_SIGNATURE
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L or (demands.canonical_r and not is_canonical(r)):
        return BAD_SIGNATURE
    r_point = decode(r)
    if demands.large_order and r_point in TORSION:
        return BAD_SIGNATURE
    k = hash_scalar(r, key, message)
    expected = add(multiply(s, B), multiply(k, negate(point)))
    if not demands.cofactored:
        return OK if encode(expected) == r else MISMATCH
    if r_point is None:
        return MISMATCH
    difference = multiply(8, add(expected, negate(r_point)))
    return OK if difference == NEUTRAL else MISMATCH


# ---- Signing ----


def expand(seed: bytes) -> tuple[int, bytes]:
    """Section 5.1.5: the secret scalar and the prefix."""
    digest = hashlib.sha512(seed).digest()
    a = int.from_bytes(digest[:32], "little")
    return a & (2**254 - 8) | 2**254, digest[32:]


def public_key(seed: bytes) -> bytes:
    return encode(multiply(expand(seed)[0], B))


def sign(seed: bytes, message: bytes) -> bytes:
    """Section 5.1.6."""
    a, prefix = expand(seed)
    key = encode(multiply(a, B))
    nonce = hash_scalar(prefix, message)
    r = encode(multiply(nonce, B))
    return r + ((nonce + hash_scalar(r, key, message) * a) % L).to_bytes(32, "little")
