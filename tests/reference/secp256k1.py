"""The curve secp256k1: parameters (SEC 2 v2.0 section 2.4.1), group law and octet strings (SEC 1
v2.0).

A point is a pair (x, y) of integers in [0, p), or None for the point at infinity O.
"""

from functools import cache

Point = tuple[int, int] | None

# SEC 2 v2.0 section 2.4.1.
P = 2**256 - 2**32 - 2**9 - 2**8 - 2**7 - 2**6 - 2**4 - 1
A, B = 0, 7
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# The endomorphism (x, y) -> (BETA x, y) multiplies by LAMBDA (Gallant, Lambert, Vanstone 2001,
# section 2, example 4): BETA^3 = 1 mod p and LAMBDA^3 = 1 mod n, both other than 1, and they belong
# together. test_reference.py checks it.
BETA = 0x7AE96A2B657C07106E64479EAC3434E99CF0497512F58995C1396C28719501EE
LAMBDA = 0x5363AD4CC05C30E0A5261C028812645A122E22EA20816678DF02967C1B23BD72


def is_on_curve(x: int, y: int) -> bool:
    """0 <= x, y < p and y^2 = x^3 + ax + b."""
    return 0 <= x < P and 0 <= y < P and (y * y - x**3 - A * x - B) % P == 0


def negate(point: Point) -> Point:
    return None if point is None else (point[0], -point[1] % P)


def add(left: Point, right: Point) -> Point:
    """The group law, SEC 1 v2.0 section 2.2.1, rules 1 to 5."""
    if left is None:
        return right
    if right is None:
        return left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    if x1 == x2:
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) % P
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(scalar: int, point: Point) -> Point:
    """scalar * point for any integer, by doubling and adding."""
    if scalar < 0:
        return multiply(-scalar, negate(point))
    total: Point = None
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


@cache
def _base_window(position: int) -> list[Point]:
    """[j * 256^position * G for j in 0..255]."""
    step: Point = G
    if position > 0:
        below = _base_window(position - 1)
        step = add(below[255], below[1])
    window: list[Point] = [None]
    for _ in range(255):
        window.append(add(window[-1], step))
    return window


def multiply_base(scalar: int) -> Point:
    """(scalar mod n) * G, one table look-up per byte of the scalar."""
    total: Point = None
    for position, digit in enumerate((scalar % N).to_bytes(32, "little")):
        total = add(total, _base_window(position)[digit])
    return total


def lift_x(x: int, odd: int) -> Point:
    """The point with this x whose y has this parity; None when there is none (SEC 1 section 2.3.4,
    step 2.4).
    """
    if not 0 <= x < P:
        return None
    y = pow(x**3 + A * x + B, (P + 1) // 4, P)  # a root if there is one, for p = 3 mod 4
    if not is_on_curve(x, y):
        return None
    # y = 0 does not occur: n is odd, so no point has order 2.
    return (x, y) if y % 2 == odd else (x, P - y)


def decode_point(octets: bytes, *, hybrid: bool = False) -> Point:
    """The point of an encoded public key, or None when it encodes none.

    SEC 1 v2.0 section 2.3.4 for 33 and 65 bytes, which cannot be infinity here; 06 and 07 are the
    hybrid form of ANSI X9.62 section 4.3.6 (the first octet repeats the parity of y); 64 bytes are
    x || y, as Ethereum writes them.
    """
    x = int.from_bytes(octets[1:33], "big")
    y = int.from_bytes(octets[33:], "big")
    match len(octets):
        case 33 if octets[0] in (2, 3):
            return lift_x(x, octets[0] - 2)
        case 65 if octets[0] == 4 or (hybrid and octets[0] == 6 + y % 2):
            return (x, y) if is_on_curve(x, y) else None
        case 64:
            return decode_point(b"\x04" + octets)
    return None


def encode_point(point: Point, form: str = "compressed") -> bytes:
    """SEC 1 v2.0 section 2.3.3; forms: compressed (33), uncompressed (65), hybrid (65) and raw (64
    bytes).
    """
    assert point is not None
    x, y = (value.to_bytes(32, "big") for value in point)
    match form:
        case "compressed":
            return bytes([2 + point[1] % 2]) + x
        case "uncompressed":
            return b"\x04" + x + y
        case "hybrid":
            return bytes([6 + point[1] % 2]) + x + y
        case "raw":
            return x + y
    raise ValueError(form)
