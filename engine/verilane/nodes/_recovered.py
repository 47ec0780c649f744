"""Keys that were recovered from signatures, kept for whoever asks again."""

__all__ = ["RecoveredKeys", "known_keys", "signature_row"]


class RecoveredKeys:
    """The keys of the last signatures, by digest and signature. A key is a pure function of these,
    so that what is kept can't become wrong; only what was recovered is kept, never a failure.

    The name of an entry is all bytes of both (Python hashes them with a secret salt, and compares
    them): 32 and 65, so that no two pairs share one. Full, it forgets the older half. Safe to share
    by threads without a lock, which nothing has to hold over a fork either: two threads that fill
    it at once can make it forget early.
    """

    __slots__ = ("_generations", "_size")

    def __init__(self, size: int) -> None:
        """size: entries that are kept at least; twice as many at most."""
        self._size = size
        self._generations: tuple[dict[bytes, bytes], dict[bytes, bytes]] = {}, {}

    def get(self, digest: bytes, signature: bytes) -> bytes | None:
        """Returns the key, 64 bytes, or None if it is not known. signature: 65 bytes."""
        name = digest + signature
        young, old = self._generations
        return young.get(name) or old.get(name)

    def put(self, digest: bytes, signature: bytes, key: bytes) -> None:
        """Keeps a key that was recovered from these. digest: 32 bytes; signature: 65 bytes."""
        young, _ = self._generations
        if len(young) >= self._size:
            self._generations = {}, young
            young, _ = self._generations
        young[digest + signature] = key

    def clear(self) -> None:
        """Forgets all."""
        self._generations = {}, {}

    def __len__(self) -> int:
        return sum(map(len, self._generations))


# Of the last 16,384 signatures at least: several of the largest blocks, in 9 MB at most.
known_keys = RecoveredKeys(1 << 14)


def signature_row(v: int, r: int, s: int) -> bytes:
    """Returns r, s and v as 65 bytes. What doesn't fit is no signature, and gives no bytes."""
    try:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + v.to_bytes(1, "big")
    except OverflowError:
        return b""
