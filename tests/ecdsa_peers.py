"""What others say of an ECDSA signature: libsecp256k1 (coincurve) and OpenSSL (cryptography).

key: as SEC 1 writes it. libsecp256k1 takes low s only, so it is asked about that.
"""

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from reference import der, ecdsa


def libsecp256k1_accepts(key: bytes, r: int, s: int, digest: bytes) -> bool:
    r, s, _ = ecdsa.low_form(r, s)
    return PublicKey(key).verify(der.encode(r, s), digest, hasher=None)


def openssl_accepts(curve: ec.EllipticCurve, key: bytes, r: int, s: int, digest: bytes) -> bool:
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, key)
    try:
        public.verify(der.encode(r, s), digest, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True
