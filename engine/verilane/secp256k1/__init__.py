"""The curve secp256k1 (SEC 2 v2.0 section 2.4.1): Bitcoin, Ethereum and most chains after them."""

from . import ecdsa, schnorr

__all__ = ["ecdsa", "schnorr"]
