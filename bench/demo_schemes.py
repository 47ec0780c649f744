"""The demo's second part: the other schemes, signed by a library that is not ours, some forged, all
verified, and verified by that library too. SM2 where tongsuopy is installed.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from coincurve import PrivateKey, PublicKeyXOnly
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from rich.console import Console
from rich.table import Table

from verilane import Verdict, Verdicts, ed25519, p256, secp256k1, sm2

SIGNATURES = 4_096
FORGED = SIGNATURES // 64

Triple = tuple[bytes, bytes, bytes]
"""Key, signature, message (or digest)."""


@dataclass(frozen=True)
class Scheme:
    """sign: makes one honest triple. verify_many: ours. accepts: what the other library says."""

    name: str
    peer: str
    sign: Callable[[], Triple]
    verify_many: Callable[..., Verdicts]
    accepts: Callable[[bytes, bytes, bytes], bool]


# ---- Signing and verifying, by libsecp256k1 and OpenSSL ----


def sign_bip340() -> Triple:
    private, message = PrivateKey(), secrets.token_bytes(32)
    return private.public_key_xonly.format(), private.sign_schnorr(message), message


def accepts_bip340(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        return PublicKeyXOnly(key).verify(signature, message)
    except ValueError:
        return False


def sign_ed25519() -> Triple:
    private, message = Ed25519PrivateKey.generate(), secrets.token_bytes(100)
    return private.public_key().public_bytes_raw(), private.sign(message), message


def accepts_ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


def sign_p256() -> Triple:
    private, digest = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(32)
    r, s = utils.decode_dss_signature(private.sign(digest, PREHASHED))
    key = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return key, r.to_bytes(32, "big") + s.to_bytes(32, "big"), digest


def accepts_p256(key: bytes, signature: bytes, digest: bytes) -> bool:
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        public.verify(utils.encode_dss_signature(r, s), digest, PREHASHED)
    except (InvalidSignature, ValueError):
        return False
    return len(signature) == 64


def sign_sm2() -> Triple:
    private = tongsuo.derive_private_key(secrets.randbelow(2**255) + 1, tongsuo.SM2())
    message = secrets.token_bytes(100)
    numbers = private.public_key().public_numbers()
    r, s = utils.decode_dss_signature(private.sign(message, SM3))
    x, y, r, s = (n.to_bytes(32, "big") for n in (numbers.x, numbers.y, r, s))
    return x + y, r + s, message


def accepts_sm2(key: bytes, signature: bytes, message: bytes) -> bool:
    x, y, r, s = (
        int.from_bytes(half, "big") for pair in (key, signature) for half in (pair[:32], pair[32:])
    )
    try:
        public = tongsuo.EllipticCurvePublicNumbers(x, y, tongsuo.SM2()).public_key()
        public.verify(utils.encode_dss_signature(r, s), message, SM3)
    except (TongsuoInvalidSignature, ValueError):
        return False
    return len(signature) == 64


SCHEMES = [
    Scheme(
        "BIP-340 (Taproot, Nostr)",
        "libsecp256k1",
        sign_bip340,
        secp256k1.schnorr.verify_many,
        accepts_bip340,
    ),
    Scheme(
        "Ed25519 ZIP 215 (CometBFT)",
        "OpenSSL",
        sign_ed25519,
        ed25519.verify_many,
        accepts_ed25519,
    ),
    Scheme(
        "Ed25519 strict (Solana)",
        "OpenSSL",
        sign_ed25519,
        partial(ed25519.verify_many, rule=ed25519.STRICT),
        accepts_ed25519,
    ),
    Scheme("ECDSA P-256 (Fabric)", "OpenSSL", sign_p256, p256.ecdsa.verify_many, accepts_p256),
]
try:  # there are wheels for Linux on x86-64
    from tongsuopy.crypto import hashes as tongsuo_hashes
    from tongsuopy.crypto.asymciphers import ec as tongsuo
    from tongsuopy.crypto.exceptions import InvalidSignature as TongsuoInvalidSignature
except ImportError:
    pass
else:
    SM3 = tongsuo.ECDSA(tongsuo_hashes.SM3())
    SCHEMES.append(Scheme("SM2 (FISCO BCOS)", "Tongsuo", sign_sm2, sm2.verify_many, accepts_sm2))


# ---- Forging ----


def flipped(data: bytes) -> bytes:
    """One bit, at random, is the other way round."""
    bit = secrets.randbelow(8 * len(data))
    return bytes(byte ^ (bit // 8 == i) << bit % 8 for i, byte in enumerate(data))


# (honest triple, another signer's) -> forgery
WAYS: list[tuple[Verdict, Callable[[Triple, Triple], Triple]]] = [
    (Verdict.MISMATCH, lambda t, _: (t[0], flipped(t[1][:32]) + t[1][32:], t[2])),
    (Verdict.MISMATCH, lambda t, _: (t[0], t[1], flipped(t[2]))),
    (Verdict.MISMATCH, lambda t, other: (other[0], t[1], t[2])),
    (Verdict.MISMATCH, lambda t, other: (t[0], other[1], t[2])),
    (Verdict.BAD_SIGNATURE, lambda t, _: (t[0], t[1][:32] + b"\xff" * 32, t[2])),
    (Verdict.BAD_SIGNATURE, lambda t, _: (t[0], t[1][:63], t[2])),
    (Verdict.BAD_KEY, lambda t, _: (t[0][:31], t[1], t[2])),
]


def forge_some(triples: list[Triple]) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """Replaces FORGED of them at random places; returns the verdicts to be expected."""
    honest = triples.copy()
    expected = np.full(len(triples), int(Verdict.OK), np.uint8)
    for turn, place in enumerate(secrets.SystemRandom().sample(range(len(triples)), FORGED)):
        verdict, forge = WAYS[turn % len(WAYS)]
        triples[place] = forge(honest[place], honest[place - 1])
        expected[place] = int(verdict)
    return expected


# ---- Verifying ----


def timed(run: Callable[[], Verdicts]) -> tuple[float, Verdicts]:
    """The best of three, after one that builds tables."""
    verdicts, seconds = run(), []
    for _ in range(3):
        began = time.perf_counter()
        verdicts = run()
        seconds.append(time.perf_counter() - began)
    return min(seconds), verdicts


def demo_schemes(console: Console) -> bool:
    """Shows a row for each scheme; returns whether every verdict was right."""
    table = Table(title=f"{SIGNATURES:,} signatures of each scheme", title_justify="left")
    for heading in (
        "",
        "verdicts right",
        "forged",
        "us each, 1 thread",
        "all cores",
        "the loop",
        "",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    right = True
    for scheme in SCHEMES:
        triples = [scheme.sign() for _ in range(SIGNATURES)]
        expected = forge_some(triples)
        columns = [list(column) for column in zip(*triples, strict=True)]
        one, verdicts = timed(partial(scheme.verify_many, *columns, threads=1))
        every, again = timed(partial(scheme.verify_many, *columns))
        began = time.perf_counter()
        accepted = np.array([scheme.accepts(*triple) for triple in triples])
        loop = time.perf_counter() - began
        same = (verdicts.codes == expected) & (again.codes == expected)
        same &= accepted == (expected == int(Verdict.OK))
        right &= bool(same.all())
        table.add_row(
            scheme.name,
            f"{same.sum():,}",
            f"{FORGED}",
            *(f"{seconds / SIGNATURES * 1e6:.2f}" for seconds in (one, every, loop)),
            f"{loop / one:.1f} times {scheme.peer}",
        )
    console.print(table)
    if not right:
        console.print("[red]Some of these verdicts are wrong.[/red]")
    return right
