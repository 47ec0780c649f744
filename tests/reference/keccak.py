"""Keccak-256 as Ethereum hashes: FIPS 202's sponge with the original padding (01 instead of 06).

Only so that the tests can make signing digests and addresses from what chains publish.
"""

from collections.abc import Iterator

MASK = 2**64 - 1


def _rotate(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & MASK


def _round_constants() -> Iterator[int]:
    """FIPS 202 algorithm 5: bit 2^j - 1 of a round's constant is the LFSR's next output."""
    lfsr = 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << (2**j - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        yield constant


ROUND_CONSTANTS = list(_round_constants())


def _permute(state: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600], FIPS 202 sections 3.2 and 3.3; state[x][y] is a lane of 64 bits."""
    for constant in ROUND_CONSTANTS:
        # theta
        column = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in state]
        mixed = [column[x - 1] ^ _rotate(column[(x + 1) % 5], 1) for x in range(5)]
        state = [[lane ^ mixed[x] for lane in state[x]] for x in range(5)]
        # rho and pi: the offsets are the triangular numbers along (x, y) -> (y, 2x + 3y)
        x, y, current = 1, 0, state[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, state[x][y] = state[x][y], _rotate(current, (t + 1) * (t + 2) // 2)
        # chi
        for y in range(5):
            row = [state[x][y] for x in range(5)]
            for x in range(5):
                state[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        # iota
        state[0][0] ^= constant
    return state


def keccak256(message: bytes, padding: int = 0x01) -> bytes:
    """Keccak-256 of the message; with padding 0x06 it is SHA3-256."""
    rate = 136
    padded = bytearray(message + bytes(rate - len(message) % rate))
    padded[len(message)] ^= padding
    padded[-1] ^= 0x80
    state = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            word = padded[start + 8 * i : start + 8 * i + 8]
            state[i % 5][i // 5] ^= int.from_bytes(word, "little")
        state = _permute(state)
    return b"".join(state[x][0].to_bytes(8, "little") for x in range(4))
