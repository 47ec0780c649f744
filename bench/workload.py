"""The data that every benchmark measures, the same for us and for the peers.

Every signature is by a key of its own, with low s: no cache can help, and libsecp256k1 takes all.
"""

import hashlib
import random
from collections.abc import Callable, Iterable
from functools import cache

from coincurve import PrivateKey, PublicKey
from nacl import bindings as sodium

from verilane.benchmark.items import (
    Columns as Columns,
)
from verilane.benchmark.items import (
    OtherCurve as OtherCurve,
)
from verilane.benchmark.items import (
    Packed as Packed,
)
from verilane.benchmark.items import (
    Signatures as Signatures,
)
from verilane.benchmark.items import (
    ed25519_signatures as ed25519_signatures,
)
from verilane.benchmark.items import (
    leaves as leaves,
)
from verilane.benchmark.items import (
    p256_signatures as p256_signatures,
)
from verilane.benchmark.items import (
    packed as packed,
)
from verilane.benchmark.items import (
    schnorr_signatures as schnorr_signatures,
)
from verilane.benchmark.items import (
    signatures as signatures,
)
from verilane.benchmark.items import (
    sm2_signatures as sm2_signatures,
)

# SEC 2 v2.0 section 2.4.1.
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

# GB/T 32918.5-2017.
SM2_ORDER = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123

# RFC 8032 section 5.1, and a point of order 8.
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


@cache
def forged(signed: Callable[[int], Columns], n: int) -> Columns:
    """Ordinary forgeries: of what `signed` gives, every message has changed since."""
    keys, signatures, messages = signed(n)
    return keys, signatures, [bytes([message[0] ^ 1]) + message[1:] for message in messages]


@cache
def some_forged(signed: Callable[[int], Columns], bad: int, n: int) -> Columns:
    """Valid but for `bad` of them, evenly spread."""
    places = {(2 * i + 1) * n // (2 * bad) for i in range(bad)}
    keys, signatures, messages = (
        [(y if i in places else x) for i, (x, y) in enumerate(zip(a, b, strict=True))]
        for a, b in zip(signed(n), forged(signed, n), strict=True)
    )
    return keys, signatures, messages


def repeated(signed: Callable[[int], Columns], n: int) -> Columns:
    """One signature n times."""
    keys, signatures, messages = signed(1)
    return keys * n, signatures * n, messages * n


@cache
def schnorr_related(n: int) -> Columns:
    """Keys a G, (a + 1) G, (a + 2) G and so on, each signature with R = P; all valid."""
    tag = hashlib.sha256(b"BIP0340/challenge").digest()
    keys, signed, messages = [], [], []
    for secret in range(10**9, 10**9 + n):
        point, message = PrivateKey.from_int(secret).public_key.format(), secret.to_bytes(32, "big")
        d, x = secret if point[0] == 2 else ORDER - secret, point[1:]
        e = int.from_bytes(hashlib.sha256(tag + tag + x + x + message).digest(), "big")
        keys.append(x)
        signed.append(x + ((1 + e) * d % ORDER).to_bytes(32, "big"))
        messages.append(message)
    return keys, signed, messages


@cache
def exceptional_sm2(n: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """(keys of 64 bytes, compact signatures, digests) with s G = -t Q, so that the sum is infinite:
    with Q = q G, any t gives s = -t q and r = t - s. All of these items are a MISMATCH.
    """
    from tongsuopy.crypto.asymciphers import ec as tongsuo

    rng, curve = random.Random("exceptional"), tongsuo.SM2()
    keys, signed, digests = [], [], []
    for _ in range(n):
        q, t = rng.randrange(1, SM2_ORDER), rng.randrange(1, SM2_ORDER)
        numbers = tongsuo.derive_private_key(q, curve).public_key().public_numbers()
        s = -t * q % SM2_ORDER
        keys.append(numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))
        signed.append(((t - s) % SM2_ORDER).to_bytes(32, "big") + s.to_bytes(32, "big"))
        digests.append(rng.randbytes(32))
    return keys, signed, digests


@cache
def ed25519_progression(n: int) -> Columns:
    """Keys a B, (a + 1) B, (a + 2) B and so on; all valid."""
    secrets = range(10**9, 10**9 + n)
    return _ed25519_signed(secrets, random.Random("progression"), torsion=False)


@cache
def ed25519_torsion(n: int) -> Columns:
    """R = r B + T with T of order 8 and S = r + k a: valid under the cofactored equation only."""
    rng = random.Random("torsion")
    return _ed25519_signed([rng.randrange(ED25519_ORDER) for _ in range(n)], rng, torsion=True)


def _ed25519_signed(secrets: Iterable[int], rng: random.Random, *, torsion: bool) -> Columns:
    base = sodium.crypto_scalarmult_ed25519_base_noclamp
    keys, signed, messages = [], [], []
    for a in secrets:
        r, message = rng.randrange(ED25519_ORDER), rng.randbytes(32)
        key, nonce = base(a.to_bytes(32, "little")), base(r.to_bytes(32, "little"))
        if torsion:
            nonce = sodium.crypto_core_ed25519_add(nonce, ORDER_8)
        k = int.from_bytes(hashlib.sha512(nonce + key + message).digest(), "little")
        keys.append(key)
        signed.append(nonce + ((r + k * a) % ED25519_ORDER).to_bytes(32, "little"))
        messages.append(message)
    return keys, signed, messages


# By their names: what a batch of related keys or points is made of.
ED25519_RELATED = {
    "keys in progression": ed25519_progression,
    # Valid, but only under the cofactored equation.
    "torsion everywhere": ed25519_torsion,
}
SCHNORR_RELATED = {"keys in progression": schnorr_related}


@cache
def exceptional(n: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """(keys, compact signatures, digests) with u1 G = -u2 Q, so that R is infinite.

    No incomplete formula gets through that sum: whatever the order of its additions, the last one
    meets a point and its negative. All of these items are a MISMATCH. With Q = q G: any r and u2
    give s = r / u2, u1 = -u2 q and the digest u1 s = -q r.
    """
    rng = random.Random("exceptional")
    keys, compact, digests = [], [], []
    for _ in range(n):
        q, r, u2 = (rng.randrange(1, ORDER) for _ in range(3))
        keys.append(PrivateKey.from_int(q).public_key.format())
        s = r * pow(u2, -1, ORDER) % ORDER
        compact.append(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        digests.append((-q * r % ORDER).to_bytes(32, "big"))
    return keys, compact, digests


@cache
def exceptional_schnorr(n: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """(x-only keys, signatures, messages) with s G = e P, so that R is infinite: s = e d for any r.

    All of these items are a MISMATCH.
    """
    rng, tag = random.Random("exceptional"), hashlib.sha256(b"BIP0340/challenge").digest()
    keys, signed, messages = [], [], []
    for _ in range(n):
        d, r, message = rng.randrange(1, ORDER), rng.randbytes(32), rng.randbytes(32)
        key = PrivateKey.from_int(d).public_key.format()
        d = d if key[0] == 2 else ORDER - d
        e = int.from_bytes(hashlib.sha256(tag + tag + r + key[1:] + message).digest(), "big")
        keys.append(key[1:])
        signed.append(r + (e * d % ORDER).to_bytes(32, "big"))
        messages.append(message)
    return keys, signed, messages


@cache
def parsed_keys(n: int) -> list[PublicKey]:
    """The keys of signatures(n) as coincurve's objects."""
    return [PublicKey(key) for key in signatures(n).keys]
