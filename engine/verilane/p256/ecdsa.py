"""ECDSA over P-256 (NIST P-256, secp256r1, prime256v1): verification by SEC 1 v2.0 section 4.1.4
and FIPS 186-5 section 6.4.2.

Everything here is public data: nothing is constant time. A digest is given, never made: for a hash
longer than 32 bytes it is its leftmost 32 bytes, a shorter one is padded with zeros on the left.
"""

from .._ecdsa import COMPACT_WIDTHS as COMPACT_WIDTHS
from .._ecdsa import DIGEST_WIDTHS as DIGEST_WIDTHS
from .._ecdsa import KEY_WIDTHS as KEY_WIDTHS
from .._ecdsa import Ecdsa

__all__ = ["prepare", "verify", "verify_many"]

_P256 = Ecdsa("p256")

verify_many = _P256.verify_many
prepare = _P256.prepare
verify = _P256.verify
