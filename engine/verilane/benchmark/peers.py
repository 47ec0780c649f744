"""What other libraries are asked to do: the tightest loop that their Python interface allows."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from coincurve import PublicKey, PublicKeyXOnly
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.signing import VerifyKey

__all__ = [
    "Run",
    "coincurve_recover",
    "coincurve_schnorr",
    "coincurve_verify",
    "coincurve_verify_parsed",
    "cryptography_ed25519",
    "cryptography_p256",
    "cryptography_verify",
    "hashlib_bitcoin_root",
    "hashlib_root",
    "in_threads",
    "pynacl_verify",
    "tongsuo_sm2",
]

Run = Callable[[], object]


def coincurve_verify(keys: list[bytes], der: list[bytes], digests: list[bytes]) -> bool:
    """From bytes to a verdict: the key is parsed in the loop."""
    verdicts = [
        PublicKey(key).verify(signature, digest, None)
        for key, signature, digest in zip(keys, der, digests, strict=True)
    ]
    return all(verdicts)


def coincurve_verify_parsed(keys: list[PublicKey], der: list[bytes], digests: list[bytes]) -> bool:
    """Keys parsed before: less work than ours, which always parses."""
    verdicts = [
        key.verify(signature, digest, None)
        for key, signature, digest in zip(keys, der, digests, strict=True)
    ]
    return all(verdicts)


def coincurve_schnorr(keys: list[bytes], signatures: list[bytes], messages: list[bytes]) -> bool:
    """BIP-340, from bytes to a verdict: the key is parsed in the loop."""
    verdicts = [
        PublicKeyXOnly(key).verify(signature, message)
        for key, signature, message in zip(keys, signatures, messages, strict=True)
    ]
    return all(verdicts)


def pynacl_verify(keys: list[bytes], signatures: list[bytes], messages: list[bytes]) -> bool:
    """libsodium; it raises on the first bad signature."""
    for key, signature, message in zip(keys, signatures, messages, strict=True):
        VerifyKey(key).verify(message, signature)
    return True


def cryptography_ed25519(keys: list[bytes], signatures: list[bytes], messages: list[bytes]) -> bool:
    """OpenSSL; it raises on the first bad signature."""
    load = Ed25519PublicKey.from_public_bytes
    for key, signature, message in zip(keys, signatures, messages, strict=True):
        load(key).verify(signature, message)
    return True


def coincurve_recover(recoverable: list[bytes], digests: list[bytes]) -> list[PublicKey]:
    """The keys."""
    recover = PublicKey.from_signature_and_message
    return [
        recover(signature, digest, None)
        for signature, digest in zip(recoverable, digests, strict=True)
    ]


def in_threads(run: Callable[..., object], workers: int, *columns: list[object]) -> Run:
    """The loop cut into one part per worker; libsecp256k1 runs without the GIL."""
    size = -(-len(columns[0]) // workers)
    parts = [
        [column[start : start + size] for column in columns]
        for start in range(0, len(columns[0]), size)
    ]
    pool = ThreadPoolExecutor(workers)
    return lambda: list(pool.map(lambda part: run(*part), parts))


def cryptography_verify(keys: list[bytes], der: list[bytes], digests: list[bytes]) -> bool:
    """OpenSSL, from 65-byte keys; it raises on the first bad signature."""
    curve, algorithm = ec.SECP256K1(), ec.ECDSA(Prehashed(SHA256()))
    load = ec.EllipticCurvePublicKey.from_encoded_point
    for key, signature, digest in zip(keys, der, digests, strict=True):
        load(curve, key).verify(signature, digest, algorithm)
    return True


def cryptography_p256(keys: list[Any], der: list[bytes], digests: list[bytes]) -> bool:
    """OpenSSL over P-256, keys parsed before; it raises on the first bad signature."""
    algorithm = ec.ECDSA(Prehashed(SHA256()))
    for key, signature, digest in zip(keys, der, digests, strict=True):
        key.verify(signature, digest, algorithm)
    return True


def tongsuo_sm2(keys: list[Any], der: list[bytes], messages: list[bytes]) -> bool:
    """Tongsuo's SM2 with the default user ID, keys parsed before; it raises on the first bad
    signature.
    """
    from tongsuopy.crypto import hashes
    from tongsuopy.crypto.asymciphers import ec as tongsuo

    algorithm = tongsuo.ECDSA(hashes.SM3())
    for key, signature, message in zip(keys, der, messages, strict=True):
        key.verify(signature, message, algorithm)
    return True


def hashlib_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, level by level: an odd last node moves up."""
    sha256 = hashlib.sha256
    level = [sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = iter(level)
        odd = level[-1:] if len(level) % 2 else []
        level = [
            sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)
        ]
        level += odd
    return level[0] if level else sha256().digest()


def hashlib_bitcoin_root(leaves: list[bytes]) -> bytes:
    """Bitcoin's tree: double SHA-256, an odd last node is paired with itself."""
    sha256, level = hashlib.sha256, list(leaves)
    while len(level) > 1:
        level += level[-1:] if len(level) % 2 else []
        pairs = iter(level)
        level = [
            sha256(sha256(left + right).digest()).digest()
            for left, right in zip(pairs, pairs, strict=True)
        ]
    return level[0]
