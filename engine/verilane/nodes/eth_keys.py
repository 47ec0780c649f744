"""A back end for eth-keys, and so for eth-account, py-evm, eth-tester and web3.py. Extra:
verilane[eth].

The environment variable ECC_BACKEND_CLASS=verilane.nodes.eth_keys.Backend chooses it, as
`KeyAPI(backend=Backend())` does. `prefetch` recovers the senders of a whole block in one call.
"""

from typing import Any

from eth_keys.backends.base import BaseECCBackend
from eth_keys.backends.coincurve import CoinCurveECCBackend, is_coincurve_available
from eth_keys.backends.native import NativeECCBackend
from eth_keys.datatypes import (
    BaseSignature,
    NonRecoverableSignature,
    PrivateKey,
    PublicKey,
    Signature,
)
from eth_keys.exceptions import BadSignature
from eth_keys.validation import validate_uncompressed_public_key_bytes

from .. import secp256k1
from .._cpu_items import secp256k1_decode_one
from .._cpu_signatures import HYBRID_KEYS
from .._devices import cpu_of
from .._verdicts import Verdict
from ..errors import InvalidSignature
from ._recovered import known_keys, signature_row
from .py_evm import prefetch

__all__ = ["Backend", "forget", "prefetch"]


class Backend(BaseECCBackend):
    """Verifies, recovers, compresses and decompresses by Verilane; signs by the back end that it
    replaces, since nothing in Verilane is constant time: coincurve's where that is installed, else
    eth-keys' own in Python.

    What is accepted, and what is raised, is what CoinCurveECCBackend accepts and raises; the native
    one differs from that only where it doesn't check: keys off the curve, digests that don't have
    32 bytes. Both take a high s, in verification and in recovery: that transactions need a low one
    since Homestead (EIP-2) is the node's business, and the precompile takes both.

    A key that was recovered is kept for a while, for the whole process: py-evm recovers each
    sender twice, and then verifies the signature with that very key, which can't fail. `prefetch`
    fills the same store.
    """

    def ecdsa_sign(self, msg_hash: bytes, private_key: PrivateKey) -> Signature:
        """Signs a digest; the back end that is replaced does it."""
        return Signature(_replaced().ecdsa_sign(msg_hash, private_key).to_bytes(), backend=self)

    def ecdsa_sign_non_recoverable(
        self, msg_hash: bytes, private_key: PrivateKey
    ) -> NonRecoverableSignature:
        """Signs a digest; the back end that is replaced does it."""
        signed = _replaced().ecdsa_sign_non_recoverable(msg_hash, private_key)
        return NonRecoverableSignature(signed.to_bytes(), backend=self)

    def private_key_to_public_key(self, private_key: PrivateKey) -> PublicKey:
        """Returns a private key's public key; the back end that is replaced computes it."""
        return _rebound(_replaced().private_key_to_public_key(private_key), self)

    def ecdsa_verify(
        self, msg_hash: bytes, signature: BaseSignature, public_key: PublicKey
    ) -> bool:
        """Whether a signature of a digest was made with this key; s may be high.

        Raises ValueError for a key that is no point of the curve, and for a digest that does not
        have 32 bytes.
        """
        if not _is_plain(msg_hash, signature, _SIGNATURES) or type(public_key) is not PublicKey:
            return _replaced().ecdsa_verify(msg_hash, signature, public_key)  # type: ignore[no-any-return]
        if len(msg_hash) != 32:
            raise ValueError(_NO_DIGEST)
        key = bytes(public_key.to_bytes())
        if type(signature) is Signature:
            row = signature_row(*signature.vrs)
            if known_keys.get(msg_hash, row) == key:
                return True  # R = u G + v Q, whichever way it is solved: what is recovered verifies
        else:
            row = signature_row(0, *signature.rs)
        return _verified(key, row[:64], msg_hash)

    def ecdsa_recover(self, msg_hash: bytes, signature: Signature) -> PublicKey:
        """Returns the key that a signature of a digest was made with; s may be high.

        Raises BadSignature where there is none, and for a digest that does not have 32 bytes.
        """
        if not _is_plain(msg_hash, signature, (Signature,)):
            return _rebound(_replaced().ecdsa_recover(msg_hash, signature), self)
        row = signature_row(*signature.vrs)
        key = known_keys.get(msg_hash, row)
        if key is None:
            if len(msg_hash) != 32:
                raise BadSignature(_NO_DIGEST)
            try:
                key = secp256k1.ecdsa.recover(row, msg_hash, parity_ids=True)
            except InvalidSignature as error:
                raise BadSignature(_NOT_RECOVERED) from error
            known_keys.put(msg_hash, row, key)
        return PublicKey(key, backend=self)

    def decompress_public_key_bytes(self, compressed_public_key_bytes: bytes) -> bytes:
        """Returns 64 bytes, x and y. Takes 65 bytes too (04, 06 or 07 first), as libsecp256k1 does.

        Raises ValueError for what is no point of the curve.
        """
        if type(compressed_public_key_bytes) is not bytes:
            replaced = _replaced()
            return replaced.decompress_public_key_bytes(compressed_public_key_bytes)  # type: ignore[no-any-return]
        if len(compressed_public_key_bytes) not in (33, 65):
            raise ValueError(_NO_KEY)
        return _decoded(compressed_public_key_bytes)

    def compress_public_key_bytes(self, uncompressed_public_key_bytes: bytes) -> bytes:
        """Returns 33 bytes: 02 or 03, and x.

        Raises eth-keys' ValidationError for what does not have 64 bytes, ValueError for what is no
        point of the curve.
        """
        validate_uncompressed_public_key_bytes(uncompressed_public_key_bytes)
        point = _decoded(bytes(uncompressed_public_key_bytes))
        return bytes([2 + (point[63] & 1)]) + point[:32]


def forget() -> None:
    """Forgets all keys that were recovered."""
    known_keys.clear()


# coincurve's words: nodes show them.
_NO_DIGEST = "Message hash must be 32 bytes long."
_NOT_RECOVERED = "failed to recover ECDSA public key"
_NO_KEY = "The public key could not be parsed or is invalid."

_SIGNATURES = (Signature, NonRecoverableSignature)


def _is_plain(msg_hash: Any, signature: Any, kinds: tuple[type, ...]) -> bool:
    """Whether these are eth-keys' own objects, which have checked what they hold. What isn't, is
    left to the back end that is replaced, with all that it takes and raises.
    """
    return type(msg_hash) is bytes and type(signature) in kinds


def _replaced() -> BaseECCBackend:
    """Returns the back end that eth-keys would use without us."""
    return CoinCurveECCBackend() if is_coincurve_available() else NativeECCBackend()


def _rebound(key: PublicKey, backend: BaseECCBackend) -> PublicKey:
    return PublicKey(key.to_bytes(), backend=backend)


def _verified(key: bytes, signature: bytes, digest: bytes) -> bool:
    try:
        secp256k1.ecdsa.verify(key, signature, digest)
    except InvalidSignature as error:
        if error.verdict == Verdict.BAD_KEY:
            raise ValueError(_NO_KEY) from error
        return False
    return True


def _decoded(key: bytes) -> bytes:
    """Returns x and y of a key of 33, 64 or 65 bytes."""
    point = secp256k1_decode_one(key, HYBRID_KEYS, cpu_of(None))
    if point is None:
        raise ValueError(_NO_KEY)
    return point
