"""The ECDSA schemes side by side, for test bodies that run on each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from cryptography.hazmat.primitives.asymmetric import ec

from ecdsa_peers import libsecp256k1_accepts, openssl_accepts
from exceptional_items import exceptional_items, one_of_each_kind
from items import Item, honest_items
from reference import p256 as reference_p256
from reference import secp256k1 as reference_secp256k1
from reference.weierstrass import Curve
from verilane import p256, secp256k1


@dataclass(frozen=True)
class Scheme:
    """peers: whether others accept (key, r, s, digest)."""

    name: str
    curve: Curve
    module: ModuleType
    peers: tuple[Callable[[bytes, int, int, bytes], bool], ...]

    def accepted(self, key: bytes, r: int, s: int, digest: bytes) -> bool:
        """By all peers, or by none. key: in any of our forms."""
        sec1 = b"\x04" * (len(key) == 64) + key
        answers = {accepts(sec1, r, s, digest) for accepts in self.peers}
        assert len(answers) == 1
        return answers.pop()

    def honest(self) -> list[Item]:
        return honest_items(curve=self.curve)

    def exceptional(self) -> list[Item]:
        return exceptional_items(self.curve)

    def kinds(self) -> list[Item]:
        return one_of_each_kind(self.curve)


SCHEMES = [
    Scheme(
        "secp256k1",
        reference_secp256k1.CURVE,
        secp256k1.ecdsa,
        (libsecp256k1_accepts, partial(openssl_accepts, ec.SECP256K1())),
    ),
    Scheme(
        "p256",
        reference_p256.CURVE,
        p256.ecdsa,
        (partial(openssl_accepts, ec.SECP256R1()),),
    ),
]
