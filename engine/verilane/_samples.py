"""Valid signatures by keys that everybody knows, to measure with: nothing is secret here.

Each scheme's own equation is solved for s, with P = d G and R = k G from the CPU's lanes.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _cpu
from ._cpu_terms import CURVES, Terms, double_mul
from ._known_points import GROUPS, words

__all__ = ["SIZE", "Bytes", "Samples", "made", "samples"]

# So many different ones: in what the CPU sums up at once no item comes twice.
SIZE = 1024

Bytes = NDArray[np.uint8]


class Samples(NamedTuple):
    """Columns of n rows; messages: 32 bytes each, of ECDSA the digests, of SM2 e."""

    keys: Bytes
    signatures: Bytes
    messages: Bytes

    def repeated(self, n: int) -> "Samples":
        """Returns n items, these ones over and over."""
        return Samples(*(np.resize(column, (n, column.shape[1])) for column in self))


class _Item(NamedTuple):
    order: int
    d: int
    k: int
    p: tuple[int, int]
    r: tuple[int, int]
    message: bytes


@cache
def samples(scheme: str) -> Samples:
    """Returns SIZE items of a scheme."""
    return made(scheme, range(SIZE))


def made(scheme: str, numbers: range) -> Samples:
    """Returns the items of these numbers."""
    order = GROUPS[CURVES[scheme]].order
    secrets, nonces = (_scalars(f"{scheme} {what}", numbers, order) for what in ("key", "nonce"))
    points, rs = (_multiples(scheme, each) for each in (secrets, nonces))
    messages = [hashlib.sha256(f"{scheme} {i}".encode()).digest() for i in numbers]
    items = map(_Item, [order] * len(numbers), secrets, nonces, points, rs, messages)
    signed = [_SIGN[scheme](item) for item in items]
    keys, signatures = (b"".join(each) for each in zip(*signed, strict=True))
    columns = (keys, signatures, b"".join(messages))
    return Samples(*(np.frombuffer(each, np.uint8).reshape(len(numbers), -1) for each in columns))


def _scalars(name: str, numbers: range, order: int) -> list[int]:
    return [
        2 + int.from_bytes(hashlib.sha512(f"{name} {i}".encode()).digest(), "big") % (order - 4)
        for i in numbers
    ]


def _multiples(scheme: str, factors: list[int]) -> list[tuple[int, int]]:
    """By f G = (f - 1) G + 1 G; Ed25519: f B = (f + 1) B - 1 B."""
    _, _, x, y = GROUPS[CURVES[scheme]]
    before = 1 if scheme == "ed25519" else -1
    one, base = words([1]), words([x + (y << 256)], 8)
    u, n = words([factor + before for factor in factors]), len(factors)
    terms = Terms(u, np.repeat(one, n, 0), np.repeat(base, n, 0), u)
    r, infinite = np.zeros((n, 8), np.uint64), np.zeros(n, np.uint8)
    double_mul(r, infinite, terms, scheme=scheme, isa=_cpu.AUTO)(0, n)
    rows = r.astype("<u8").tobytes()
    numbers = [int.from_bytes(rows[i : i + 32], "little") for i in range(0, len(rows), 32)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _big(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def _ecdsa(item: _Item) -> tuple[bytes, bytes]:
    n, d, k, p, r, message = item
    e = int.from_bytes(message, "big")
    x = r[0] % n
    return _big(*p), _big(x, pow(k, -1, n) * (e + x * d) % n)


def _sm2(item: _Item) -> tuple[bytes, bytes]:
    n, d, k, p, r, message = item
    x = (int.from_bytes(message, "big") + r[0]) % n
    return _big(*p), _big(x, pow(1 + d, -1, n) * (k - x * d) % n)


def _schnorr(item: _Item) -> tuple[bytes, bytes]:
    n, d, k, p, r, message = item
    d, k = (n - s if point[1] & 1 else s for s, point in ((d, p), (k, r)))
    tag = hashlib.sha256(b"BIP0340/challenge").digest()
    e = hashlib.sha256(tag + tag + _big(r[0], p[0]) + message).digest()
    return _big(p[0]), _big(r[0], (k + int.from_bytes(e, "big") * d) % n)


def _ed25519(item: _Item) -> tuple[bytes, bytes]:
    n, d, k, p, r, message = item
    a, encoded = ((y | (x & 1) << 255).to_bytes(32, "little") for x, y in (p, r))
    h = int.from_bytes(hashlib.sha512(encoded + a + message).digest(), "little")
    return a, encoded + ((k + h * d) % n).to_bytes(32, "little")


_SIGN: dict[str, Callable[[_Item], tuple[bytes, bytes]]] = {
    "secp256k1.ecdsa": _ecdsa,
    "p256.ecdsa": _ecdsa,
    "sm2": _sm2,
    "secp256k1.schnorr": _schnorr,
    "ed25519": _ed25519,
}
