"""The word in plain C (tests/native/word_emulated.h) is that of AVX-512, and of AVX2 with FMA."""

import ctypes
import random
import struct

import pytest

from native_library import has_avx2, has_avx512, library

RNG = random.Random("words")

EDGE_WORDS = [
    0,
    1,
    2**52 - 1,
    2**52,
    2**63,
    2**64 - 1,
    2**64 - 2**52,
    2**32 - 1,
    0x5555555555555555,
]


@pytest.fixture(params=["MADD", "AVX2"])
def words(request: pytest.FixtureRequest) -> tuple[ctypes.CDLL, ctypes.CDLL, int]:
    """What this CPU has, the same in plain C, and the lanes of both."""
    kind, lanes = request.param, {"MADD": 8, "AVX2": 4}[request.param]
    if not (has_avx512() if kind == "MADD" else has_avx2()):
        pytest.skip(f"this CPU lacks what {kind} needs")
    emulated = library("words.c", "MACHINE_5X52_EMULATED", f"WORD_LANES={lanes}")
    return library("words.c", f"MACHINE_5X52_{kind}"), emulated, lanes


def test_emulated_words_are_those_of_the_cpu(
    words: tuple[ctypes.CDLL, ctypes.CDLL, int],
) -> None:
    lanes = words[2]
    for _ in range(2000):
        values = [
            RNG.choice([*EDGE_WORDS, RNG.getrandbits(64), RNG.getrandbits(52)]) for _ in range(320)
        ]
        data = struct.pack("<320Q", *values)
        offsets = struct.pack(f"<{lanes}Q", *(RNG.randrange(64) for _ in range(lanes)))
        count, stride = RNG.choice([0, 1, 12, 52, 63, 64, 127, 200]), RNG.choice([8, 9, 40])
        answers = []
        for native in words[:2]:
            out = [ctypes.create_string_buffer(8 * 1024) for _ in range(3)]
            native.native_words_arithmetic(out[0], data, count)
            native.native_words_shifts(out[1], data)
            native.native_words_memory(out[2], data, offsets, ctypes.c_size_t(stride))
            answers.append([buffer.raw for buffer in out])
        assert answers[0] == answers[1]


def test_products_of_doubles_at_their_edges() -> None:
    """A product whose low half is all ones, or about a half: there rounding to nearest errs."""
    if not has_avx2():
        pytest.skip("this CPU lacks AVX2 or FMA")
    native = library("words.c", "MACHINE_5X52_AVX2")
    low = 2**52 - 1
    edges = [0, 1, 2, 3, 2**26 - 1, 2**26, 2**26 + 1, 2**51 - 1, 2**51, 2**51 + 1, low - 1, low]
    pairs = [(a, b) for a in edges for b in edges]
    for half in (2**51, low, 2**51 - 1, 2**51 + 1):  # a b mod 2^52
        odd = [RNG.getrandbits(52) | 1 for _ in range(64)]
        pairs += [(a, half * pow(a, -1, 2**52) % 2**52) for a in odd]
    for a, b in pairs:
        out = ctypes.create_string_buffer(8 * 1024)
        native.native_words_arithmetic(out, struct.pack("<24Q", *[a] * 8, *[b] * 8, *[0] * 8), 0)
        vectors = struct.unpack("<1024Q", out.raw)
        assert vectors[72:76] == (a * b % 2**52,) * 4, (a, b)
        assert vectors[80:84] == (a * b >> 52,) * 4, (a, b)


def test_the_mode_of_rounding_comes_back() -> None:
    """A program's own floating point is as it was, sticky flags included."""
    if not has_avx2():
        pytest.skip("this CPU lacks AVX2 or FMA")
    native = library("words.c", "MACHINE_5X52_AVX2")
    native.native_words_mode.restype = ctypes.c_uint32
    before = native.native_words_mode()
    data = struct.pack("<24Q", *(RNG.getrandbits(64) for _ in range(24)))
    native.native_words_arithmetic(ctypes.create_string_buffer(8 * 1024), data, 0)
    assert native.native_words_mode() == before
