"""Who is measured at what: for each scheme, Verilane on each device beside the libraries that nodes
use now, over the same items.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import ed25519, p256, secp256k1, sm2
from .._devices import devices
from . import items, peers
from .machine import cores
from .measure import Run

__all__ = ["MANY", "PEER", "SCHEMES", "VERILANE", "Contender", "Scheme", "contenders", "singles"]

VERILANE, PEER = "verilane", "peer"

MANY = 256
"""From this batch size on, all cores are measured too."""

Rows = Callable[[int], Sequence[list[Any]]]


@dataclass(frozen=True)
class Contender:
    """One line of a chart. device: "cpu:avx512", "opencl:0" ...; "" for a peer."""

    name: str
    kind: str
    device: str
    threads: int


@dataclass(frozen=True)
class Peer:
    """A loop of another library over its own form of the items."""

    name: str
    loop: Callable[..., object]
    rows: Rows


@dataclass(frozen=True)
class Scheme:
    """rows(n): n valid items, in the columns that many() takes. needs: what signs them."""

    name: str
    title: str
    many: Callable[..., Any]
    one: Callable[..., Any]
    rows: Rows
    peers: tuple[Peer, ...]
    needs: str = "coincurve"

    @property
    def missing(self) -> str | None:
        """The package that its items can't be signed without, where it is not here."""
        return None if importlib.util.find_spec(self.needs) else self.needs


def _of(make: Callable[[int], Any], *names: str) -> Rows:
    """Columns of what `make` makes, by their names."""
    return lambda n: [getattr(make(n), name) for name in names]


_ecdsa_peer = _of(items.signatures, "keys", "der", "digests")
_p256_peer = _of(items.p256_signatures, "parsed", "der", "messages")
_sm2_peer = _of(items.sm2_signatures, "parsed", "der", "messages")

SCHEMES = (
    Scheme(
        "secp256k1-ecdsa",
        "ECDSA secp256k1 (Bitcoin, Cosmos)",
        secp256k1.ecdsa.verify_many,
        secp256k1.ecdsa.verify,
        _of(items.signatures, "keys", "compact", "digests"),
        (Peer("libsecp256k1", peers.coincurve_verify, _ecdsa_peer),),
    ),
    Scheme(
        "secp256k1-recover",
        "ECDSA recovery (Ethereum)",
        secp256k1.ecdsa.recover_many,
        secp256k1.ecdsa.recover,
        _of(items.signatures, "recoverable", "digests"),
        (
            Peer(
                "libsecp256k1",
                peers.coincurve_recover,
                _of(items.signatures, "recoverable", "digests"),
            ),
        ),
    ),
    Scheme(
        "bip340",
        "Schnorr BIP-340 (Taproot, Nostr)",
        secp256k1.schnorr.verify_many,
        secp256k1.schnorr.verify,
        items.schnorr_signatures,
        (Peer("libsecp256k1", peers.coincurve_schnorr, items.schnorr_signatures),),
    ),
    Scheme(
        "ed25519",
        "Ed25519 ZIP 215 (CometBFT)",
        ed25519.verify_many,
        ed25519.verify,
        items.ed25519_signatures,
        (
            Peer("libsodium", peers.pynacl_verify, items.ed25519_signatures),
            Peer("OpenSSL", peers.cryptography_ed25519, items.ed25519_signatures),
        ),
        needs="nacl",
    ),
    Scheme(
        "p256-ecdsa",
        "ECDSA P-256 (Fabric, TEEs)",
        p256.ecdsa.verify_many,
        p256.ecdsa.verify,
        _of(items.p256_signatures, "keys_raw", "compact", "messages"),
        (Peer("OpenSSL", peers.cryptography_p256, _p256_peer),),
        needs="cryptography",
    ),
    Scheme(
        "sm2",
        "SM2 (FISCO BCOS, ChainMaker)",
        sm2.verify_many,
        sm2.verify,
        _of(items.sm2_signatures, "keys_raw", "compact", "messages"),
        (Peer("Tongsuo", peers.tongsuo_sm2, _sm2_peer),),
        needs="tongsuopy",
    ),
)


def contenders(scheme: Scheme, n: int, *, with_peers: bool) -> dict[Contender, Run]:
    """Returns who takes part at a batch of n items, and a call of each. Every device that is here
    has one thread; the CPU at its fastest, and peers, have all cores as well.
    """
    columns = [items.packed(column) for column in scheme.rows(n)]
    runs: dict[Contender, Run] = {}

    def enter(name: str, device: str, threads: int) -> None:
        run = partial(scheme.many, *columns, device=device, threads=threads)
        runs[Contender(name, VERILANE, device, threads)] = run

    for device in devices():
        if device.available and device.signature_lanes and _runs(scheme, device.name):
            enter(f"Verilane {device.name}", device.name, 1)
    many = cores() if n >= MANY else 1
    if many > 1:
        enter(f"Verilane cpu, {many} threads", "cpu", many)
    for peer in scheme.peers if with_peers else ():
        rows = peer.rows(n)
        runs[Contender(peer.name, PEER, "", 1)] = partial(peer.loop, *rows)
        if many > 1:
            run = peers.in_threads(peer.loop, many, *rows)
            runs[Contender(f"{peer.name}, {many} threads", PEER, "", many)] = run
    return runs


def singles(scheme: Scheme, *, with_peers: bool) -> dict[str, Run]:
    """Returns a call for one item, of Verilane's `verify` and of each peer."""
    item = [column[0] for column in scheme.rows(1)]
    runs: dict[str, Run] = {"Verilane": partial(scheme.one, *item)}
    for peer in scheme.peers if with_peers else ():
        runs[peer.name] = partial(peer.loop, *peer.rows(1))
    return runs


def _runs(scheme: Scheme, device: str) -> bool:
    """Keys are recovered on the CPU alone."""
    return device.startswith("cpu") or scheme.many is not secp256k1.ecdsa.recover_many
