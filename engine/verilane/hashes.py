"""Digests of many messages at once, hashed in the lanes of the CPU or of a GPU."""

import numpy as np
from numpy.typing import NDArray

from . import _cpu, _device_hashes, _pool
from ._columns import Column, ColumnLike, column
from ._devices import isa_of, machine_of

__all__ = ["digest_many"]

# What is worth waking a thread for: 256 KiB of messages take 100 us or more with any hash. A
# message counts as a block of 128 bytes at least.
_BYTES_PER_CORE = 1 << 18
_LEAST_BYTES = 128


def digest_many(
    data: ColumnLike,
    hash: str = "sha256",
    *,
    device: str | None = None,
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Returns the digests of n messages, in order: an array (n, digest size) of uint8.

    data: n messages of any lengths: a sequence of bytes-like items, ragged `(data, offsets)`, an
    Arrow binary array, or an array of shape (n, width). Messages of different lengths are sorted
    into lanes inside.
    hash: "sha256" and "sha512" (FIPS 180-4), "sha256d" (SHA-256 of SHA-256, as Bitcoin hashes),
    "sm3" (GB/T 32905-2016), "keccak256" (as Ethereum hashes), "sha3-256" (FIPS 202),
    "blake2b-256" (RFC 7693, no key).
    Digests have 32 bytes, those of "sha512" 64.
    device: "cpu" or a name from `devices()`; a digest that a GPU made is not checked, unless you do
    it. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for an unknown hash or device, for flat
    bytes (which do not tell where a message ends) and for offsets out of order; DeviceUnavailable
    for a named device that is missing.
    """
    kind = _cpu.HASHES.get(hash) if isinstance(hash, str) else None
    if kind is None:
        raise ValueError(f"no hash is named {hash!r}; there are: {', '.join(_cpu.HASHES)}")
    machine = machine_of(device)
    isa = isa_of(device) if machine is None else _cpu.AUTO
    messages = column("data", data, widths=None)
    digests = np.zeros((messages.n, kind.size), np.uint8)
    if machine is not None:
        _device_hashes.hasher(machine, kind).digest(digests, messages)
        return digests
    work = _cpu.digest(digests, messages, hash=kind, isa=isa)
    _pool.run(messages.n, work, threads=threads, least=_worth_a_core(messages))
    return digests


def _worth_a_core(messages: Column) -> int:
    """Returns how many of these messages are worth a core of their own."""
    if messages.offsets is None:
        total = messages.n * messages.width
    else:
        total = int(messages.offsets[-1] - messages.offsets[0])
    average = total // max(messages.n, 1) + _LEAST_BYTES
    return max(_BYTES_PER_CORE // average, 1)
