"""What a py-evm node costs per transaction: `python bench/eth_node.py` (dependency group: nodes).

Blocks of 200 transfers, each by an account of its own, are imported into chains of eth-tester's,
one for each back end of eth-keys, in turn, block by block. Counted is the time that this process
ran (all threads, no other process), so that a shared machine may be used; the ratio is that of the
medians. Every chain must come to the same state roots. Exit status 1 when a target is missed.
"""

import argparse
import gc
import importlib
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NamedTuple

import rlp
from eth.vm.forks import BerlinVM
from eth_hash.auto import keccak
from eth_hash.backends import pycryptodome
from eth_keys.backends import CoinCurveECCBackend
from eth_keys.datatypes import PrivateKey, PublicKey, Signature
from eth_tester.backends.pyevm.main import get_default_genesis_params, setup_tester_chain

from verilane.benchmark.machine import describe
from verilane.nodes import eth_hash, eth_keys
from verilane.nodes._recovered import RecoveredKeys, signature_row

TRANSFERS = 200
SIGNERS = [PrivateKey((i + 1).to_bytes(32, "big"), CoinCurveECCBackend) for i in range(TRANSFERS)]
OURS = "verilane.nodes.eth_keys.Backend"
COINCURVE = "eth_keys.backends.CoinCurveECCBackend"
NATIVE = "eth_keys.backends.NativeECCBackend"
REMEMBERING = f"{__name__}.RememberingCoinCurve"


class RememberingCoinCurve(CoinCurveECCBackend):  # type: ignore[misc]
    """coincurve with a store like ours: what is gained by asking once alone, and not by lanes."""

    known = RecoveredKeys(1 << 14)

    def ecdsa_recover(self, msg_hash: bytes, signature: Signature) -> PublicKey:
        row = signature_row(*signature.vrs)
        key = self.known.get(msg_hash, row)
        if key is None:
            key = super().ecdsa_recover(msg_hash, signature).to_bytes()
            self.known.put(msg_hash, row, key)
        return PublicKey(key, backend=self)

    def ecdsa_verify(self, msg_hash: bytes, signature: Any, public_key: PublicKey) -> bool:
        known = self.known.get(msg_hash, signature_row(*signature.vrs))
        if known == public_key.to_bytes():
            return True
        return bool(super().ecdsa_verify(msg_hash, signature, public_key))


class Side(NamedTuple):
    """A node. slow: it imports few blocks."""

    name: str
    backend: str
    prefetch: bool = False
    our_keccak: bool = False
    slow: bool = False


SIDES = [
    Side("eth-keys' native back end", NATIVE, slow=True),
    Side("coincurve", COINCURVE),
    Side("coincurve, keys remembered", REMEMBERING),
    Side("Verilane, one by one as py-evm asks", OURS),
    Side("Verilane, prefetch", OURS, prefetch=True),
    Side("Verilane, prefetch and Keccak", OURS, prefetch=True, our_keccak=True),
]
# The promise: (side, times the CPU time of the last one at least).
TARGETS = {"coincurve": 1.15, "eth-keys' native back end": 10.0}


def new_chain() -> Any:
    """A chain of eth-tester's at its genesis block, with money for every signer."""
    account = {"balance": 10**24, "nonce": 0, "code": b"", "storage": {}}
    state = {each.public_key.to_canonical_address(): dict(account) for each in SIGNERS}
    overrides = {"timestamp": 1000, "difficulty": 131072, "nonce": bytes(8), "mix_hash": bytes(32)}
    params = get_default_genesis_params(overrides)
    return setup_tester_chain(params, state, TRANSFERS, ((0, BerlinVM),))[1]


def mined(blocks: int) -> Iterator[tuple[bytes, Any]]:
    """Yields every block as bytes, and its class. Each account sends to another new account."""
    chain = new_chain()
    for nonce in range(blocks):
        transfers = [
            chain.create_unsigned_transaction(
                nonce=nonce,
                gas_price=10**10,
                gas=21000,
                to=(10**6 * (nonce + 1) + i).to_bytes(20, "big"),
                value=1 + i,
                data=b"",
            ).as_signed_transaction(signer, chain_id=chain.chain_id)
            for i, signer in enumerate(SIGNERS)
        ]
        block = chain.mine_all(transfers, coinbase=b"\1" * 20)[0].imported_block
        assert len(block.transactions) == TRANSFERS
        yield rlp.encode(block), type(block)


@contextmanager
def chosen(side: Side) -> Iterator[None]:
    """All of eth-keys and eth-hash as this side has them."""
    hasher, preimage = keccak.hasher, keccak.preimage
    os.environ["ECC_BACKEND_CLASS"] = side.backend
    if side.our_keccak:
        eth_hash.install()
    try:
        yield
    finally:
        keccak.hasher, keccak.preimage = hasher, preimage


def imported(side: Side, chain: Any, encoded: bytes, kind: Any) -> float:
    """Returns the seconds of CPU time per transaction; nothing about the block is known before."""
    eth_keys.forget()
    RememberingCoinCurve.known.clear()
    with chosen(side):
        block = rlp.decode(encoded, sedes=kind)
        gc.collect()
        start = time.process_time()
        if side.prefetch:
            assert eth_keys.prefetch(block.transactions).all_ok
        chain.import_block(block)
        taken = time.process_time() - start
    assert chain.get_canonical_head().state_root == block.header.state_root
    return taken / TRANSFERS


def measured(rounds: int, blocks: int) -> dict[str, list[float]]:
    """Seconds per transaction by side; the first block of a chain warms up and doesn't count."""
    times: dict[str, list[float]] = {side.name: [] for side in SIDES}
    work = list(mined(blocks + 1))
    for turn in range(rounds):
        chains = {side.name: new_chain() for side in SIDES}
        for height, (encoded, kind) in enumerate(work):
            for side in rotated(SIDES, turn + height):
                if side.slow and (turn > 0 or height > 2):
                    continue
                taken = imported(side, chains[side.name], encoded, kind)
                if height > 0:
                    times[side.name].append(taken)
        roots = {chains[side.name].get_canonical_head().state_root for side in SIDES[1:]}
        assert len(roots) == 1
    return times


def rotated(sides: list[Side], by: int) -> list[Side]:
    by %= len(sides)
    return sides[by:] + sides[:by]


def report(times: dict[str, list[float]], show: Callable[[str], None] = print) -> bool:
    """Prints a line for each side; returns whether the last one meets its targets."""
    medians = {name: statistics.median(each) for name, each in times.items()}
    ours = medians[SIDES[-1].name]
    show(f"{'CPU time per transaction':<40}{'µs':>8}{'spread':>14}{'over the last':>16}")
    for name, each in times.items():
        spread = f"{min(each) * 1e6:.0f}-{max(each) * 1e6:.0f}"
        show(f"{name:<40}{medians[name] * 1e6:>8.0f}{spread:>14}{medians[name] / ours:>16.2f}")
    met = {name: medians[name] / ours >= target for name, target in TARGETS.items()}
    for name, target in TARGETS.items():
        show(f"target: {target} times {name}: {'met' if met[name] else 'MISSED'}")
    return all(met.values())


def keccak_times(size: int, rounds: int = 15) -> dict[str, float]:
    """Seconds of CPU time for one digest of so many bytes, by eth-hash's back ends and by ours."""
    message = os.urandom(size)
    hashers = {"pycryptodome": pycryptodome.keccak256, "Verilane": eth_hash.keccak256}
    if importlib.util.find_spec("sha3") is not None:
        hashers["safe-pysha3"] = importlib.import_module("eth_hash.backends.pysha3").keccak256
    times: dict[str, list[float]] = {name: [] for name in hashers}
    for _ in range(rounds):
        for name, hasher in hashers.items():
            start = time.process_time()
            for _ in range(1000):
                hasher(message)
            times[name].append((time.process_time() - start) / 1000)
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=5, help="that count, in each round")
    options = parser.parse_args()
    for name, value in describe().items():
        print(f"{name}: {value}")
    versions = {name: metadata.version(name) for name in ("eth-keys", "eth-tester", "py-evm")}
    print(f"node: {versions}")
    for size in (64, 110, 532):  # a trie's key, a transfer, a trie's branch
        each = ", ".join(f"{name} {1e6 * s:.2f} µs" for name, s in keccak_times(size).items())
        print(f"Keccak-256 of {size} bytes: {each}")
    return 0 if report(measured(options.rounds, options.blocks)) else 1


if __name__ == "__main__":
    sys.exit(main())
