"""BLAKE2b without a key as RFC 7693 writes it, one step at a time."""

from .sha2 import SHA512

MASK = 2**64 - 1

# Section 2.6: the initial value is SHA-512's.
INITIAL = SHA512.initial

# Section 2.7.
SIGMA = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]


def _rotr(x: int, n: int) -> int:
    return (x >> n | x << (64 - n)) & MASK


def _mix(v: list[int], a: int, b: int, c: int, d: int, x: int, y: int) -> None:
    """Section 3.1."""
    v[a] = (v[a] + v[b] + x) & MASK
    v[d] = _rotr(v[d] ^ v[a], 32)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = _rotr(v[b] ^ v[c], 24)
    v[a] = (v[a] + v[b] + y) & MASK
    v[d] = _rotr(v[d] ^ v[a], 16)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = _rotr(v[b] ^ v[c], 63)


def _compress(h: list[int], block: bytes, t: int, final: bool) -> list[int]:
    """Section 3.2."""
    m = [int.from_bytes(block[i : i + 8], "little") for i in range(0, 128, 8)]
    v = h + INITIAL
    v[12] ^= t & MASK
    v[13] ^= t >> 64
    if final:
        v[14] ^= MASK
    for i in range(12):
        s = SIGMA[i % 10]
        for k in range(4):
            _mix(v, k, 4 + k, 8 + k, 12 + k, m[s[2 * k]], m[s[2 * k + 1]])
        for k in range(4):
            places = k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4
            _mix(v, *places, m[s[8 + 2 * k]], m[s[9 + 2 * k]])
    return [h[i] ^ v[i] ^ v[i + 8] for i in range(8)]


def blake2b(message: bytes, size: int = 32) -> bytes:
    """Section 3.3, without a key."""
    h = list(INITIAL)
    h[0] ^= 0x01010000 ^ size
    blocks = [message[i : i + 128] for i in range(0, len(message), 128)] or [b""]
    for i, block in enumerate(blocks[:-1]):
        h = _compress(h, block, 128 * (i + 1), final=False)
    h = _compress(h, blocks[-1].ljust(128, b"\0"), len(message), final=True)
    return b"".join(x.to_bytes(8, "little") for x in h)[:size]
