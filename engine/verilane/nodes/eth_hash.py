"""Keccak-256 for eth-hash, and so for eth-utils, py-evm, trie and web3.py (extra: verilane[eth]).

eth-hash takes names from the environment (ETH_HASH_BACKEND), but only those of its own back ends.
So a program says it, once, before or after the others are imported:

    from verilane.nodes import eth_hash

    eth_hash.install()

or makes its own: `eth_hash.Keccak256(verilane.nodes.eth_hash.backend)`.
"""

from eth_hash.abc import BackendAPI, PreImageAPI
from eth_hash.auto import keccak as _auto
from eth_hash.main import Keccak256

from .. import _cpu
from .._cpu_items import digest_one
from .._devices import cpu_of

__all__ = ["Backend", "PreImage", "backend", "install", "keccak256", "preimage"]

_KECCAK256 = _cpu.HASHES["keccak256"]


class PreImage(PreImageAPI):
    """A message that is hashed in parts. They are kept, and hashed when the digest is asked for:
    the state of a hash that has begun is nothing that Verilane keeps.
    """

    def __init__(self, value: bytes | bytearray) -> None:
        self._parts = bytearray()
        self.update(value)

    def update(self, value: bytes | bytearray) -> None:
        """Appends to the message, also after a digest."""
        self._parts += value

    def digest(self) -> bytes:
        """Returns the digest of all that there is so far: 32 bytes."""
        return keccak256(self._parts)

    def copy(self) -> "PreImage":
        """Returns another message, so far the same."""
        return PreImage(self._parts)


class Backend(BackendAPI):
    """What eth-hash calls a back end."""

    def keccak256(self, in_data: bytes | bytearray) -> bytes:
        """Returns the digest of one message: 32 bytes."""
        return digest_one(in_data, _KECCAK256, cpu_of(None))

    def preimage(self, in_data: bytes | bytearray) -> PreImageAPI:
        """Returns a message that begins with this."""
        return PreImage(in_data)


backend = Backend()
"""What eth-hash's Keccak256 takes."""
keccak256 = backend.keccak256
preimage = backend.preimage


def install() -> None:
    """Makes `eth_hash.auto.keccak` hash by Verilane, wherever it has been imported to."""
    ours = Keccak256(backend)
    ours(b"")  # eth-hash's own check of a back end
    _auto.hasher, _auto.preimage = backend.keccak256, backend.preimage
