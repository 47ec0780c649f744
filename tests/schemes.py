"""The ECDSA schemes side by side, for test bodies that run on each."""

from dataclasses import dataclass
from types import ModuleType

from exceptional_items import exceptional_items, one_of_each_kind
from items import Item, honest_items
from reference import p256 as reference_p256
from reference import secp256k1 as reference_secp256k1
from reference.weierstrass import Curve
from verilane import p256, secp256k1


@dataclass(frozen=True)
class Scheme:
    name: str
    curve: Curve
    module: ModuleType

    def honest(self) -> list[Item]:
        return honest_items(curve=self.curve)

    def exceptional(self) -> list[Item]:
        return exceptional_items(self.curve)

    def kinds(self) -> list[Item]:
        return one_of_each_kind(self.curve)


SCHEMES = [
    Scheme("secp256k1", reference_secp256k1.CURVE, secp256k1.ecdsa),
    Scheme("p256", reference_p256.CURVE, p256.ecdsa),
]
