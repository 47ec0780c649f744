"""The data that every benchmark measures, the same for us and for the peers.

Every signature is by a key of its own, with low s: no cache can help, and libsecp256k1 takes all.
"""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from coincurve import PrivateKey, PublicKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl import bindings as sodium
from nacl.signing import SigningKey
from numpy.typing import NDArray

# SEC 2 v2.0 section 2.4.1.
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

# GB/T 32918.5-2017.
SM2_ORDER = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123

# RFC 8032 section 5.1, and a point of order 8.
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")

Packed = NDArray[np.uint8]
Columns = tuple[list[bytes], list[bytes], list[bytes]]


@dataclass(frozen=True)
class Signatures:
    """n valid signatures, in the forms that the libraries take."""

    keys: list[bytes]  # 33 bytes
    keys_uncompressed: list[bytes]  # 65 bytes
    compact: list[bytes]  # r || s
    der: list[bytes]
    recoverable: list[bytes]  # r || s || id
    digests: list[bytes]

    def __len__(self) -> int:
        return len(self.digests)

    def head(self, n: int) -> "Signatures":
        """The first n."""
        return Signatures(*(column[:n] for column in vars(self).values()))

    @property
    def keys_raw(self) -> list[bytes]:
        """The keys as x || y, 64 bytes."""
        return [key[1:] for key in self.keys_uncompressed]


def packed(column: list[bytes]) -> Packed:
    """The column as an array of shape (n, width)."""
    return np.frombuffer(b"".join(column), np.uint8).reshape(len(column), -1)


@cache
def signatures(n: int) -> Signatures:
    """n signatures by libsecp256k1, always the same."""
    rng = random.Random("bench")
    result = Signatures([], [], [], [], [], [])
    for _ in range(n):
        private = PrivateKey(rng.randbytes(32))
        digest = rng.randbytes(32)
        recoverable = private.sign_recoverable(digest, hasher=None)
        result.keys.append(private.public_key.format())
        result.keys_uncompressed.append(private.public_key.format(compressed=False))
        result.compact.append(recoverable[:64])
        result.der.append(private.sign(digest, hasher=None))
        result.recoverable.append(recoverable)
        result.digests.append(digest)
    return result


@cache
def schnorr_signatures(n: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """(x-only keys, BIP-340 signatures, messages of 32 bytes), all valid, always the same."""
    rng = random.Random("schnorr")
    keys, signed, messages = [], [], []
    for _ in range(n):
        private = PrivateKey(rng.randbytes(32))
        message = rng.randbytes(32)
        keys.append(private.public_key_xonly.format())
        signed.append(private.sign_schnorr(message, bytes(32)))
        messages.append(message)
    return keys, signed, messages


def _with_other_messages(columns: Columns) -> Columns:
    """Ordinary forgeries: every message has changed since."""
    keys, signed, messages = columns
    return keys, signed, [bytes([message[0] ^ 1]) + message[1:] for message in messages]


def _mixed(good: Columns, forged: Columns, bad: int) -> Columns:
    """Items of `good`, but `bad` of them from `forged`, evenly spread."""
    n = len(good[0])
    places = {(2 * i + 1) * n // (2 * bad) for i in range(bad)}
    keys, signed, messages = (
        [(y if i in places else x) for i, (x, y) in enumerate(zip(a, b, strict=True))]
        for a, b in zip(good, forged, strict=True)
    )
    return keys, signed, messages


@cache
def schnorr_forged(n: int) -> Columns:
    """Every item is a MISMATCH."""
    return _with_other_messages(schnorr_signatures(n))


@cache
def schnorr_some_forged(n: int, bad: int) -> Columns:
    """Valid but for `bad` of them, evenly spread."""
    return _mixed(schnorr_signatures(n), schnorr_forged(n), bad)


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


@dataclass(frozen=True)
class OtherCurve:
    """n valid signatures over P-256 or SM2's curve, and the peer's own objects of the keys."""

    keys: list[bytes]  # 33 bytes
    keys_raw: list[bytes]  # x || y, 64 bytes
    parsed: list[Any]
    compact: list[bytes]  # r || s
    der: list[bytes]
    messages: list[bytes]  # 32 bytes: P-256's are digests

    @property
    def columns(self) -> list[Packed]:
        """Keys (64 bytes), signatures and messages, packed."""
        return [packed(column) for column in (self.keys_raw, self.compact, self.messages)]


def _append(data: OtherCurve, public: Any, der: bytes, message: bytes) -> None:
    numbers = public.public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    r, s = decode_dss_signature(der)
    data.keys.append(bytes([2 + y[31] % 2]) + x)
    data.keys_raw.append(x + y)
    data.parsed.append(public)
    data.compact.append(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    data.der.append(der)
    data.messages.append(message)


@cache
def p256_signatures(n: int) -> OtherCurve:
    """n signatures of digests by OpenSSL (cryptography), by a key each."""
    rng, algorithm = random.Random("p256"), ec.ECDSA(Prehashed(SHA256()))
    result = OtherCurve([], [], [], [], [], [])
    for _ in range(n):
        private = ec.derive_private_key(rng.randrange(1, 2**255), ec.SECP256R1())
        digest = rng.randbytes(32)
        _append(result, private.public_key(), private.sign(digest, algorithm), digest)
    return result


@cache
def sm2_signatures(n: int) -> OtherCurve:
    """n signatures of messages of 32 bytes by Tongsuo, by a key each, with the default user ID."""
    from tongsuopy.crypto import hashes
    from tongsuopy.crypto.asymciphers import ec as tongsuo

    rng, algorithm = random.Random("sm2"), tongsuo.ECDSA(hashes.SM3())
    result = OtherCurve([], [], [], [], [], [])
    for _ in range(n):
        private = tongsuo.derive_private_key(rng.randrange(1, 2**255), tongsuo.SM2())
        message = rng.randbytes(32)
        _append(result, private.public_key(), private.sign(message, algorithm), message)
    return result


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
def ed25519_signatures(n: int) -> Columns:
    """(keys, signatures, messages of 32 bytes), all valid under every rule, always the same."""
    rng = random.Random("ed25519")
    keys, signed, messages = [], [], []
    for _ in range(n):
        private, message = SigningKey(rng.randbytes(32)), rng.randbytes(32)
        keys.append(bytes(private.verify_key))
        signed.append(private.sign(message).signature)
        messages.append(message)
    return keys, signed, messages


@cache
def ed25519_forged(n: int) -> Columns:
    """Every item is a MISMATCH."""
    return _with_other_messages(ed25519_signatures(n))


@cache
def ed25519_some_forged(n: int, bad: int) -> Columns:
    """Valid but for `bad` of them, evenly spread."""
    return _mixed(ed25519_signatures(n), ed25519_forged(n), bad)


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


@cache
def leaves(n: int) -> Packed:
    """n leaves of 32 bytes."""
    return np.frombuffer(random.Random("leaves").randbytes(32 * n), np.uint8).reshape(n, 32)
