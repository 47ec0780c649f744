"""The big-integer reference against libsecp256k1 (coincurve) and OpenSSL (cryptography), before it
judges anything.
"""

import itertools
import random

import pytest
from coincurve import PrivateKey, PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reference import der, ecdsa
from reference import secp256k1 as curve

RNG = random.Random("the reference")
SCALARS = [1, 2, 3, curve.LAMBDA, curve.N // 2, curve.N - 2, curve.N - 1] + [
    RNG.randrange(1, curve.N) for _ in range(12)
]


def libsecp256k1_accepts(key: bytes, r: int, s: int, digest: bytes) -> bool:
    """libsecp256k1 refuses s > n/2 by policy; normalised, the equation is the same."""
    r, s, _ = ecdsa.low_form(r, s)
    return PublicKey(key).verify(der.encode(r, s), digest, hasher=None)


def openssl_accepts(key: bytes, signature_der: bytes, digest: bytes) -> bool:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), key)
    try:
        public.verify(signature_der, digest, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("scalar", SCALARS)
def test_multiples_of_the_base_point(scalar: int) -> None:
    expected = PrivateKey.from_int(scalar).public_key.point()
    assert curve.multiply(scalar, curve.G) == expected
    assert curve.multiply_base(scalar) == expected
    assert curve.is_on_curve(*expected)


def test_group_law() -> None:
    a, b, c = (curve.multiply_base(RNG.randrange(curve.N)) for _ in range(3))
    assert curve.add(a, None) == curve.add(None, a) == a
    assert curve.add(a, curve.negate(a)) is None
    assert curve.add(a, a) == curve.multiply(2, a)
    assert curve.add(curve.add(a, b), c) == curve.add(a, curve.add(b, c))
    assert curve.multiply(curve.N, a) is None
    assert curve.multiply(-3, a) == curve.negate(curve.multiply(3, a))
    assert curve.multiply_base(0) is curve.multiply_base(curve.N) is None


def test_group_law_with_libsecp256k1() -> None:
    points = [curve.multiply_base(RNG.randrange(1, curve.N)) for _ in range(6)]
    for left, right in itertools.pairwise(points):
        keys = [PublicKey(curve.encode_point(point)) for point in (left, right)]
        assert PublicKey.combine_keys(keys).point() == curve.add(left, right)


def test_endomorphism_constants() -> None:
    point = curve.multiply_base(RNG.randrange(curve.N))
    assert point is not None
    assert pow(curve.BETA, 3, curve.P) == 1 != curve.BETA
    assert pow(curve.LAMBDA, 3, curve.N) == 1 != curve.LAMBDA
    assert curve.multiply(curve.LAMBDA, point) == (curve.BETA * point[0] % curve.P, point[1])


@pytest.mark.parametrize("form", ["compressed", "uncompressed", "hybrid"])
def test_key_encodings(form: str) -> None:
    """libsecp256k1 reads 02, 03, 04 and, always, hybrid 06 and 07."""
    for scalar in SCALARS:
        point = curve.multiply_base(scalar)
        octets = curve.encode_point(point, form)
        assert PublicKey(octets).point() == point
        assert curve.decode_point(octets, hybrid=form == "hybrid") == point


def test_key_validity() -> None:
    """Random first octets, x below and above p, y right and wrong: the same keys are valid as for
    libsecp256k1.
    """
    seen = {True: 0, False: 0}
    for trial in range(600):
        point = curve.multiply_base(RNG.randrange(1, curve.N))
        octets = bytearray(
            curve.encode_point(point, RNG.choice(["compressed", "uncompressed", "hybrid"]))
        )
        match trial % 4:
            case 0:
                octets[0] = RNG.randrange(9)
            case 1:
                octets[RNG.randrange(len(octets))] ^= 1 << RNG.randrange(8)
            case 2:
                octets[1:33] = (curve.P - 20 + RNG.randrange(40)).to_bytes(32, "big")
            case 3:
                octets = octets[: RNG.randrange(len(octets) + 1)] + bytes(RNG.randrange(2))
        ours = len(octets) != 64 and curve.decode_point(bytes(octets), hybrid=True) is not None
        try:
            PublicKey(bytes(octets))
            theirs = True
        except ValueError:
            theirs = False
        assert ours == theirs, octets.hex()
        seen[ours] += 1
    assert min(seen.values()) > 50


def test_hybrid_keys_are_an_option() -> None:
    point = curve.multiply_base(5)
    hybrid = curve.encode_point(point, "hybrid")
    assert curve.decode_point(hybrid) is None
    assert curve.decode_point(bytes([hybrid[0] ^ 1]) + hybrid[1:], hybrid=True) is None
    assert curve.decode_point(hybrid[1:]) == point


def test_sign_and_verify() -> None:
    for trial in range(40):
        secret, nonce = RNG.randrange(1, curve.N), RNG.randrange(1, curve.N)
        key = curve.encode_point(curve.multiply_base(secret))
        digest = RNG.randbytes(32)
        r, s, _ = ecdsa.sign(secret, digest, nonce)
        if trial % 2:
            digest = RNG.randbytes(32)
        ours = ecdsa.verify(key, ecdsa.compact(r, s), digest)
        assert ours == (ecdsa.MISMATCH if trial % 2 else ecdsa.OK)
        assert libsecp256k1_accepts(key, r, s, digest) == (ours == ecdsa.OK)
        assert openssl_accepts(key, encode_dss_signature(r, s), digest) == (ours == ecdsa.OK)
        assert encode_dss_signature(r, s) == der.encode(r, s)


def test_verify_takes_signatures_of_others() -> None:
    for _ in range(10):
        private = PrivateKey(RNG.randbytes(32))
        digest = RNG.randbytes(32)
        signature = private.sign(digest, hasher=None)
        key = private.public_key.format()
        assert ecdsa.verify(key, signature, digest, encoding="der", low_s=True) == ecdsa.OK
        recoverable = private.sign_recoverable(digest, hasher=None)
        assert ecdsa.recover(recoverable, digest) == (
            ecdsa.OK,
            private.public_key.format(False)[1:],
        )


def test_recovery_with_libsecp256k1() -> None:
    """Any r, s and id: the same key or none at all. Ids 2 and 3 mostly have none (r + n < p is
    rare).
    """
    found = 0
    for trial in range(80):
        r = RNG.randrange(1, curve.P - curve.N if trial % 4 == 0 else curve.N)
        signature = ecdsa.compact(r, RNG.randrange(1, curve.N)) + bytes(
            [trial % 4 if trial % 8 else 2]
        )
        digest = RNG.randbytes(32)
        verdict, key = ecdsa.recover(signature, digest)
        try:
            theirs = PublicKey.from_signature_and_message(signature, digest, hasher=None).format(
                False
            )[1:]
        except ValueError:
            theirs = None
        assert (key if verdict == ecdsa.OK else None) == theirs
        found += verdict == ecdsa.OK
    assert 10 < found < 40  # about half of those with id 0 or 1 or a small r


def test_recovery_where_x_overflows() -> None:
    """r + n < p, ids 2 and 3: the key comes back, verifies, and libsecp256k1 agrees."""
    found = 0
    for x in range(curve.N + 1, curve.N + 12):
        for odd in (0, 1):
            if curve.lift_x(x, odd) is None:
                continue
            signature = ecdsa.compact(x - curve.N, 3)
            digest = x.to_bytes(32, "big")
            verdict, key = ecdsa.recover(signature + bytes([2 + odd]), digest)
            assert verdict == ecdsa.OK
            assert ecdsa.verify(key, signature, digest) == ecdsa.OK
            assert libsecp256k1_accepts(b"\x04" + key, x - curve.N, 3, digest)
            found += 1
    assert found >= 4


@pytest.mark.parametrize("kind", ["flip", "cut", "insert", "random"])
def test_strict_der_with_openssl_and_libsecp256k1(kind: str) -> None:
    """A changed signature verifies for OpenSSL, for libsecp256k1 and here, or for nobody."""
    private = PrivateKey.from_int(7)
    key, digest = private.public_key.format(), bytes(range(32))
    good = private.sign(digest, hasher=None)
    for _ in range(150):
        changed = mutate(good, kind)
        accepted = ecdsa.verify(key, changed, digest, encoding="der") == ecdsa.OK
        assert accepted == openssl_accepts(key, changed, digest), changed.hex()
        try:
            theirs = private.public_key.verify(changed, digest, hasher=None)
        except ValueError:
            theirs = False
        assert accepted == theirs, changed.hex()


def mutate(good: bytes, kind: str) -> bytes:
    where = RNG.randrange(len(good))
    match kind:
        case "flip":
            where = RNG.choice([0, 1, 2, 3, 4, 36, 37, 38, 39, where])
            return good[:where] + bytes([RNG.randrange(256)]) + good[where + 1 :]
        case "cut":
            return good[:where]
        case "insert":
            changed = bytearray(good[:where] + RNG.randbytes(1) + good[where:])
            changed[1] += RNG.randrange(2)
            return bytes(changed)
    return RNG.randbytes(RNG.randrange(80))


LAX = {  # what the lax parser reads: (r, s) of each; None where it reads nothing
    "3006020101020102": (1, 2),
    "3000020101020102": (1, 2),  # the sequence's length is not looked at
    "30ff020101020102": None,  # 127 length bytes announced, fewer there
    "3080020101020102": (1, 2),  # indefinite form
    "308106020101020102": (1, 2),
    "30820006020101020102": (1, 2),
    "30060201010201020000": (1, 2),  # bytes after s
    "300702020001020102": (1, 2),  # padded r
    "3006020181020182": (0x81, 0x82),  # no sign byte
    "300702810101020102": (1, 2),  # long form of r's length
    "300c028600000000000101020102": (1, 2),  # the same, padded
    "300802840100000001020102": None,  # a length of 2^24
    "30050200020102": (0, 2),  # an empty integer is zero
    "3006020101030102": None,  # wrong tag
    "3106020101020102": None,
    "3006020101020302": None,  # s longer than what is left
    "300602010102": None,
    "30": None,
    "": None,
}


@pytest.mark.parametrize("text", LAX)
def test_lax_der(text: str) -> None:
    assert der.parse_lax(bytes.fromhex(text)) == LAX[text]


def test_lax_der_reads_all_that_strict_reads() -> None:
    for _ in range(200):
        r, s = (RNG.getrandbits(RNG.choice([1, 7, 8, 9, 127, 128, 255, 256])) for _ in range(2))
        assert der.parse_strict(der.encode(r, s)) == der.parse_lax(der.encode(r, s)) == (r, s)


def test_order_of_faults() -> None:
    """BAD_KEY before BAD_SIGNATURE before BAD_MESSAGE before MISMATCH."""
    key, signature, digest = curve.encode_point(curve.G), ecdsa.compact(1, 1), bytes(32)
    assert ecdsa.verify(b"", b"", b"") == ecdsa.BAD_KEY
    assert ecdsa.verify(key, b"", b"") == ecdsa.BAD_SIGNATURE
    assert ecdsa.verify(key, signature, b"") == ecdsa.BAD_MESSAGE
    assert ecdsa.verify(key, signature, digest) == ecdsa.MISMATCH


def test_truncate() -> None:
    assert ecdsa.truncate(bytes(range(64))) == bytes(range(32))
    assert ecdsa.truncate(b"\x01") == bytes(31) + b"\x01"
