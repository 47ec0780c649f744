"""What the other libraries are asked to do: the package's loops, and libsecp256k1 without one."""

from coincurve import PublicKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from coincurve.ecdsa import der_to_cdata

from verilane.benchmark.items import Signatures
from verilane.benchmark.peers import Run as Run
from verilane.benchmark.peers import coincurve_recover as coincurve_recover
from verilane.benchmark.peers import coincurve_schnorr as coincurve_schnorr
from verilane.benchmark.peers import coincurve_verify as coincurve_verify
from verilane.benchmark.peers import coincurve_verify_parsed as coincurve_verify_parsed
from verilane.benchmark.peers import cryptography_ed25519 as cryptography_ed25519
from verilane.benchmark.peers import cryptography_p256 as cryptography_p256
from verilane.benchmark.peers import cryptography_verify as cryptography_verify
from verilane.benchmark.peers import hashlib_bitcoin_root as hashlib_bitcoin_root
from verilane.benchmark.peers import hashlib_root as hashlib_root
from verilane.benchmark.peers import in_threads as in_threads
from verilane.benchmark.peers import pynacl_verify as pynacl_verify
from verilane.benchmark.peers import tongsuo_sm2 as tongsuo_sm2


def libsecp256k1_verify(data: Signatures) -> Run:
    """secp256k1_ecdsa_verify alone, through coincurve's cffi: keys and signatures parsed before."""
    verify, context = lib.secp256k1_ecdsa_verify, GLOBAL_CONTEXT.ctx
    items = [
        (der_to_cdata(signature), ffi.new("unsigned char[32]", digest), PublicKey(key).public_key)
        for key, signature, digest in zip(data.keys, data.der, data.digests, strict=True)
    ]

    def run() -> bool:
        verdicts = [verify(context, *item) for item in items]
        return all(verdicts)

    return run
