"""Signed items for measuring, the same for us and for the peers: made by the peers' libraries.

Every signature is by a key of its own, with low s: no cache can help, and libsecp256k1 takes all.
"""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.signing import SigningKey
from numpy.typing import NDArray

__all__ = [
    "Columns",
    "OtherCurve",
    "Packed",
    "Signatures",
    "ed25519_signatures",
    "leaves",
    "p256_signatures",
    "packed",
    "schnorr_signatures",
    "signatures",
    "sm2_signatures",
]

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
    """N signatures by libsecp256k1, always the same."""
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


def _signed(n: int, seed: str, library: Any, curve: Any, algorithm: Any) -> OtherCurve:
    """library: its module of elliptic curves; Tongsuo's is like that of cryptography."""
    rng, result = random.Random(seed), OtherCurve([], [], [], [], [], [])
    for _ in range(n):
        private = library.derive_private_key(rng.randrange(1, 2**255), curve)
        message = rng.randbytes(32)
        _append(result, private.public_key(), private.sign(message, algorithm), message)
    return result


@cache
def p256_signatures(n: int) -> OtherCurve:
    """N signatures of digests by OpenSSL (cryptography), by a key each."""
    return _signed(n, "p256", ec, ec.SECP256R1(), ec.ECDSA(Prehashed(SHA256())))


@cache
def sm2_signatures(n: int) -> OtherCurve:
    """N signatures of messages of 32 bytes by Tongsuo, by a key each, with the default user ID."""
    from tongsuopy.crypto import hashes
    from tongsuopy.crypto.asymciphers import ec as tongsuo

    return _signed(n, "sm2", tongsuo, tongsuo.SM2(), tongsuo.ECDSA(hashes.SM3()))


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
def leaves(n: int) -> Packed:
    """N leaves of 32 bytes."""
    return np.frombuffer(random.Random("leaves").randbytes(32 * n), np.uint8).reshape(n, 32)
