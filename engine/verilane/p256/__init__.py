"""The curve P-256 (SEC 2 v2.0 section 2.4.2, FIPS 186-5): TLS, WebAuthn, TPMs, TEEs, Hyperledger
Fabric.
"""

from . import ecdsa

__all__ = ["ecdsa"]
