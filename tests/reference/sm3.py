"""SM3 as GB/T 32905-2016 writes it, one step at a time."""

WORD = 0xFFFFFFFF

# Section 4.1.
INITIAL = [
    *(0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600),
    *(0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E),
]


def rotl(x: int, n: int) -> int:
    n %= 32
    return (x << n | x >> (32 - n)) & WORD


def t(j: int) -> int:
    """Section 4.2."""
    return 0x79CC4519 if j < 16 else 0x7A879D8A


def _ff(j: int, x: int, y: int, z: int) -> int:
    """Section 4.3."""
    return x ^ y ^ z if j < 16 else (x & y) | (x & z) | (y & z)


def _gg(j: int, x: int, y: int, z: int) -> int:
    """Section 4.3."""
    return x ^ y ^ z if j < 16 else (x & y) | (~x & z)


def _p0(x: int) -> int:
    """Section 4.4."""
    return x ^ rotl(x, 9) ^ rotl(x, 17)


def _p1(x: int) -> int:
    """Section 4.4."""
    return x ^ rotl(x, 15) ^ rotl(x, 23)


def expand(block: bytes) -> tuple[list[int], list[int]]:
    """Section 5.3.2: W[0..67] and W'[0..63] of a 64-byte block."""
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        mixed = _p1(w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15))
        w.append(mixed ^ rotl(w[j - 13], 7) ^ w[j - 6])
    return w, [w[j] ^ w[j + 4] for j in range(64)]


def _compress(state: list[int], block: bytes) -> list[int]:
    """Section 5.3.3."""
    w, w_ = expand(block)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        ss1 = rotl((rotl(a, 12) + e + rotl(t(j), j)) & WORD, 7)
        ss2 = ss1 ^ rotl(a, 12)
        tt1 = (_ff(j, a, b, c) + d + ss2 + w_[j]) & WORD
        tt2 = (_gg(j, e, f, g) + h + ss1 + w[j]) & WORD
        d, c, b, a = c, rotl(b, 9), a, tt1
        h, g, f, e = g, rotl(f, 19), e, _p0(tt2)
    return [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def pad(message: bytes) -> bytes:
    """Section 5.2."""
    zeros = -(len(message) + 9) % 64
    return message + b"\x80" + bytes(zeros) + (8 * len(message)).to_bytes(8, "big")


def sm3(message: bytes) -> bytes:
    state, padded = INITIAL, pad(message)
    for i in range(0, len(padded), 64):
        state = _compress(state, padded[i : i + 64])
    return b"".join(x.to_bytes(4, "big") for x in state)
