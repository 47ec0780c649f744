"""Exceptional items made on purpose: what lockstep point formulas and lenient checks get wrong.

On a curve without an endomorphism LAMBDA, BETA and the halves of scalars are only numbers.
"""

import random
from collections.abc import Iterator
from functools import cache

from items import GLV_BASIS, Item, from_point, from_scalars, glv_split, negated_s
from reference import ecdsa
from reference.secp256k1 import BETA, LAMBDA
from reference.secp256k1 import CURVE as SECP256K1
from reference.weierstrass import Curve
from signed import first_of_each_kind


def _doublings_and_infinities(curve: Curve) -> Iterator[Item]:
    n = curve.N
    rng = random.Random("sums")
    for trial in range(4):
        u2, q = rng.randrange(1, n), rng.randrange(1, n)
        yield from_scalars(f"u1 G = u2 Q:{trial}", u2 * q, u2, q, curve=curve)
        yield from_scalars(f"R infinite:{trial}", -u2 * q, u2, q, curve=curve)
        yield from_scalars(
            f"R infinite, digest >= n:{trial}", -u2 * q, u2, q, shift_digest=True, curve=curve
        )
    for d in (1, 2, 3, -1, -2, 7):
        yield from_scalars(f"u1 G = u2 Q + d G:{d}", u2 * q + d, u2, q, curve=curve)
        yield from_scalars(f"R = d G, small:{d}", d - u2 * q, u2, q, curve=curve)


def _zero_digests(curve: Curve) -> Iterator[Item]:
    n = curve.N
    rng = random.Random("zero")
    for q in (1, n - 1, rng.randrange(n)):
        for u2 in (1, n - 1, LAMBDA, rng.randrange(n)):
            yield from_scalars(f"u1 = 0:{q:x},{u2:x}", 0, u2, q, curve=curve)
            yield from_scalars(
                f"u1 = 0, digest n:{q:x},{u2:x}", 0, u2, q, shift_digest=True, curve=curve
            )


def _special_keys(curve: Curve) -> Iterator[Item]:
    """Q = +-d G: d small, a power of two, or moved by the endomorphism (beta as a plain scalar)."""
    n = curve.N
    rng = random.Random("keys")
    multiples = [*range(1, 17), 31, 32, 33, BETA, n // 2, LAMBDA + 1, LAMBDA - 1]
    multiples += [2**i for i in (5, 8, 11, 13, 16, 64, 127, 128, 129, 255)]
    multiples += [m * power for m in (1, 2, 3, 15) for power in (LAMBDA, LAMBDA**2)]
    for d in multiples:
        for q in (d, -d):
            yield from_scalars(
                f"Q = d G:{q}", rng.randrange(n), rng.randrange(1, n), q, curve=curve
            )
            u1, u2 = rng.randrange(1, 40), rng.randrange(1, 40)
            yield from_scalars(f"Q = d G, u1 and u2 small:{q}", u1, u2, q, curve=curve)
            yield from_scalars(f"Q = d G, u1 G = u2 Q:{q}", u2 * q, u2, q, curve=curve)


def _tiny_everything(curve: Curve) -> Iterator[Item]:
    """All of u1, u2, q within a few units of zero: nearly every addition is exceptional."""
    n = curve.N
    for q in (1, 2, 3, -1, -2, LAMBDA, -LAMBDA, LAMBDA**2):
        for u1 in (0, 1, 2, 3, -1, -2):
            for u2 in (1, 2, -1, -3):
                yield from_scalars(f"tiny:{u1},{u2},{q % n:x}", u1, u2, q, curve=curve)


def _special_scalars(curve: Curve) -> Iterator[Item]:
    """u2, then u1, whose digits or GLV halves are zero, extreme, or on the border of a window."""
    n = curve.N
    rng = random.Random("scalars")
    (a1, b1), (a2, b2) = GLV_BASIS
    scalars = [1, 2, 15, 16, 17, n - 1, n - 2, n // 2, n // 2 + 1, n - 2**128]
    scalars += [2**127 - 1, 2**127, 2**128 - 1, 2**128, 2**128 + 1, 2**255]
    scalars += [int(digits * 32, 16) for digits in ("55", "aa", "10", "f0", "7f")]
    scalars += [LAMBDA, 2 * LAMBDA, -LAMBDA, LAMBDA**2, LAMBDA + 1, LAMBDA - 1]
    scalars += [16 * LAMBDA + 16, 2**127 * LAMBDA]
    # Corners of the region that the split maps to: halves of sums of the basis, where the rounding
    # flips.
    for sign1, sign2 in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        k1, k2 = (sign1 * a1 + sign2 * a2) // 2, (sign1 * b1 + sign2 * b2) // 2
        scalars += [k1 + dk1 + LAMBDA * (k2 + dk2) for dk1 in (-1, 0, 1) for dk2 in (-1, 0, 1)]
    for k in scalars:
        q = rng.randrange(1, n)
        yield from_scalars(f"u2 special:{k % n:x}", rng.randrange(n), k, q, curve=curve)
        yield from_scalars(f"u1 special:{k % n:x}", k, rng.randrange(1, n), q, curve=curve)
        yield from_scalars(f"u1 and u2 special:{k % n:x}", k, k, q, curve=curve)


def _colliding_last_digits(curve: Curve) -> Iterator[Item]:
    """The first or last digit of a random u1 is met by a sum equal or opposite to it.

    D is the part of u1 (or of one of its GLV halves) that one table entry stands for, for several
    window widths: the lowest digit or what is above the last border, unsigned or with the carry of
    a signed recoding. u2 q = +-D - (u1 - D) makes the sum of everything else +-D.
    """
    n = curve.N
    rng = random.Random("digits")
    for width in (4, 5, 8, 11, 13):
        u1 = rng.randrange(1, n)
        k1, k2 = glv_split(u1)
        for value, unit, bits in ((u1, 1, 256), (k1, 1, 128), (k2, LAMBDA, 128)):
            low = value % 2**width
            border = width * ((bits - 1) // width)
            high = value >> border << border
            for digit in (low, low - 2**width, high, high + 2**border):
                part = digit * unit
                for target in (part, -part):
                    u2 = rng.randrange(1, n)
                    q = (target - (u1 - part)) * pow(u2, -1, n)
                    yield from_scalars(
                        f"last digit collides:{width},{digit},{target % n:x}",
                        u1,
                        u2,
                        q,
                        curve=curve,
                    )


def _colliding_halves(curve: Curve) -> Iterator[Item]:
    """A random u1 is summed in two parts, cut at some bit: u2 Q meets either, or their difference.

    The low part is u1 mod 2^cut, or that minus 2^cut where windows are signed.
    """
    n = curve.N
    rng = random.Random("halves")
    for cut in (44, 64, 88, 128, 132, 160, 176, 192, 220, 242):
        u1 = rng.randrange(1, n)
        for low in (u1 % 2**cut, u1 % 2**cut - 2**cut):
            high = u1 - low
            for target in (low, -low, high, -high, high - low, low - high):
                u2 = rng.randrange(1, n)
                q = target * pow(u2, -1, n)
                yield from_scalars(f"half collides:{cut},{target % n:x}", u1, u2, q, curve=curve)


def _colliding_generator_sums(curve: Curve) -> Iterator[Item]:
    """The sum so far equals plus or minus the generator's table entry that is added next.

    u1 = 2^a + 2^b (in one half, or with the endomorphism in two) has two digits, whatever the
    window width and the order. If u2 Q is (+-2^a +- 2^b) G or +-2^a G, then the first or the second
    of the two additions is a doubling, or gives infinity, in either order.
    """
    n = curve.N
    rng = random.Random("generator")
    positions = [(0, 11), (11, 22), (4, 8), (0, 121), (110, 121), (5, 125), (64, 96), (0, 128)]
    for a, b in [*positions, (128, 244), (250, 255)]:
        for shift in (1, LAMBDA):
            x, y = 2**a, 2**b * shift
            for target in (x, -x, y, -y, y - x, x - y, -x - y):
                u2 = rng.randrange(1, n)
                q = target * pow(u2, -1, n)
                yield from_scalars(
                    f"generator sum collides:{a},{b},{target % n:x}", x + y, u2, q, curve=curve
                )


def _colliding_main_loop(curve: Curve) -> Iterator[Item]:
    """The accumulator of the doubling loop equals plus or minus what is added at bit t.

    When the bits of u2 from t on are read, the accumulator is T Q with T = (k1 >> t) +
    LAMBDA (k2 >> t), for the halves of u2, or with T = u2 >> t; a signed recoding has the same
    prefix or the next integer. With q = +-d / T that is +-d G, and u1 = d 2^t puts the digit d
    there in a loop that reads u1 and u2 together.
    """
    n = curve.N
    rng = random.Random("loop")
    for t in (1, 4, 5, 8, 10, 11, 16, 25, 64, 120, 125):
        u2 = rng.randrange(1, n)
        k1, k2 = glv_split(u2)
        halves = (k1 >> t) + LAMBDA * (k2 >> t)
        for prefix in (u2 >> t, (u2 >> t) + 1, halves, halves + 1 + LAMBDA):
            for d in (1, -1, 2, 16):
                q = d * pow(prefix, -1, n)
                yield from_scalars(
                    f"main loop collides:{t},{d},{prefix % n:x}", abs(d) << t, u2, q, curve=curve
                )


def _overflowing_x(curve: Curve) -> Iterator[Item]:
    """R.x >= n, so r = R.x - n (valid); r + n < p where R.x is r itself (valid); and r + n >= p
    where a comparison modulo p or 2^256 would be fooled (a MISMATCH).
    """
    n, p = curve.N, curve.P
    rng = random.Random("overflow")
    xs = [*range(n + 1, n + 8), *range(p - 8, p), *(rng.randrange(n, p) for _ in range(4))]
    xs = [x for x in xs if curve.lift_x(x, 0)]
    for x in xs:
        scalars = rng.randrange(n), rng.randrange(1, n)
        yield from_point(
            f"R.x = r + n:{x - n:x}", curve.lift_x(x, x % 2), x - n, *scalars, ecdsa.OK, curve=curve
        )
    for x in (x for x in (*range(1, 10), p - n - 1, p - n, p - n + 1) if curve.lift_x(x, 0)):
        scalars = rng.randrange(n), rng.randrange(1, n)
        yield from_point(
            f"R.x = r, small:{x:x}", curve.lift_x(x, x % 2), x, *scalars, ecdsa.OK, curve=curve
        )
        if x + p - n < n:
            yield from_point(
                f"R.x = r + n mod p:{x:x}",
                curve.lift_x(x, 0),
                x + p - n,
                *scalars,
                ecdsa.MISMATCH,
                curve=curve,
            )
        wrapped = x + 2**256 - n
        name = f"R.x = r + n mod 2^256:{x:x}"
        yield from_point(name, curve.lift_x(x, 0), wrapped, *scalars, ecdsa.MISMATCH, curve=curve)
        yield from_point(
            f"R.x = r + 1:{x:x}", curve.lift_x(x, 0), x + 1, *scalars, ecdsa.MISMATCH, curve=curve
        )
    x = next(x for x in range(n, p) if curve.lift_x(x, 0))
    yield from_point(
        f"R.x >= n, r wrong:{x:x}", curve.lift_x(x, 0), x - n + 5, 7, 9, ecdsa.MISMATCH, curve=curve
    )


def _range_of_r_s(curve: Curve) -> Iterator[Item]:
    n, p = curve.N, curve.P
    good = from_scalars("good", 11, 13, 17, curve=curve)
    bad = {"0": 0, "n": n, "n + 1": n + 1, "2^256 - 1": 2**256 - 1, "p": p}
    for label, value in bad.items():
        word = value.to_bytes(32, "big")
        pairs = {"r": word + good.signature[32:], "s": good.signature[:32] + word, "r, s": 2 * word}
        for what, signature in pairs.items():
            yield Item(f"{what} = {label}", good.key, signature, good.digest, ecdsa.BAD_SIGNATURE)
    yield Item(
        "s negated",
        good.key,
        negated_s(good.signature, curve),
        good.digest,
        ecdsa.OK,
    )
    for s in (1, 2, n // 2, n // 2 + 1, n - 1):
        point = curve.multiply_base(n // 3)
        assert point is not None
        digest = bytes(31) + b"\x05"
        key = ecdsa.recover_point(point[0] % n, s, digest, point[1] % 2, curve)
        yield Item(
            f"s extreme:{s:x}",
            curve.encode_point(key),
            ecdsa.compact(point[0] % n, s),
            digest,
            ecdsa.OK,
        )
    yield Item(
        "signature of 63 bytes", good.key, good.signature[1:], good.digest, ecdsa.BAD_SIGNATURE
    )
    yield Item("signature empty", good.key, b"", good.digest, ecdsa.BAD_SIGNATURE)
    for length in (0, 31, 33, 64):
        yield Item(
            f"digest length:{length}", good.key, good.signature, bytes(length), ecdsa.BAD_MESSAGE
        )


def _large_digests(curve: Curve) -> Iterator[Item]:
    n = curve.N
    rng = random.Random("digests")
    for e in (n, n + 1, n + 2**64, 2**256 - 1, 2**256 - 2):
        secret = rng.randrange(1, n)
        digest = e.to_bytes(32, "big")
        r, s, _ = ecdsa.sign(secret, digest, rng.randrange(1, n), curve=curve)
        key = curve.encode_point(curve.multiply_base(secret))
        yield Item(f"digest >= n:{e:x}", key, ecdsa.compact(r, s), digest, ecdsa.OK)
        negated = bytes([key[0] ^ 1]) + key[1:]
        verdict = ecdsa.OK if e == n else ecdsa.MISMATCH  # u1 = 0 cannot tell Q from -Q
        yield Item(f"digest >= n, key negated:{e:x}", negated, ecdsa.compact(r, s), digest, verdict)


def _bad_keys(curve: Curve) -> Iterator[Item]:
    p = curve.P
    good = from_scalars("good", 11, 13, 17, curve=curve)
    point = curve.multiply_base(17)
    assert point is not None
    x, y = (value.to_bytes(32, "big") for value in point)
    lonely = next(x for x in range(1, 50) if curve.lift_x(x, 0) is None).to_bytes(32, "big")
    high = next(x for x in range(p, 2**256) if curve.lift_x(x - p, 0))
    low_y = curve.lift_x(high - p, 0)
    assert low_y is not None
    word = [value.to_bytes(32, "big") for value in (0, p, high, low_y[1])]
    keys = {
        "x not on the curve, 02": b"\x02" + lonely,
        "x not on the curve, 03": b"\x03" + lonely,
        "x not on the curve, 04": b"\x04" + lonely + y,
        "y of another point": b"\x04" + x + word[3],
        "y + 1, raw": x + (point[1] + 1).to_bytes(32, "big"),
        "x = 0": b"\x02" + word[0],
        "x = p": b"\x03" + word[1],
        "x = p + a valid x, 02": b"\x02" + word[2],
        "x = p + a valid x, 04": b"\x04" + word[2] + word[3],
        "x = p + a valid x, raw": word[2] + word[3],
        "y = 0": b"\x04" + x + word[0],
        "y = p": x + word[1],
        "x = y = 0, raw": bytes(64),
        "x = y = 2^256 - 1": b"\x04" + b"\xff" * 64,
        "infinity, 1 byte": b"\x00",
        "infinity, 33 bytes": bytes(33),
        "infinity, 65 bytes": bytes(65),
        "first byte 05": b"\x05" + x,
        "first byte 04, 33 bytes": b"\x04" + x,
        "first byte 02, 65 bytes": b"\x02" + x + y,
        "hybrid": bytes([6 + point[1] % 2]) + x + y,
        "hybrid, wrong parity": bytes([7 - point[1] % 2]) + x + y,
        "empty": b"",
        "32 bytes": x,
        "66 bytes": b"\x04" + x + y + b"\x00",
    }
    if curve.lift_x(0, 0):  # on P-256
        del keys["x = 0"]
    for label, key in keys.items():
        yield Item(f"key, {label}", key, good.signature, good.digest, ecdsa.BAD_KEY)


@cache
def exceptional_items(curve: Curve = SECP256K1) -> list[Item]:
    """All of the above; their verdicts follow from how they were made."""
    makers = (
        _doublings_and_infinities,
        _zero_digests,
        _special_keys,
        _tiny_everything,
        _special_scalars,
        _colliding_last_digits,
        _colliding_halves,
        _colliding_generator_sums,
        _colliding_main_loop,
        _overflowing_x,
        _range_of_r_s,
        _large_digests,
        _bad_keys,
    )
    return [item for maker in makers for item in maker(curve)]


def one_of_each_kind(curve: Curve = SECP256K1) -> list[Item]:
    return first_of_each_kind(exceptional_items(curve))
