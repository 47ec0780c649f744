"""The eight-lane word in plain C (tests/native/word_emulated.h) is that of AVX-512."""

import ctypes
import random
import struct

import pytest

from native_library import has_avx512, library

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


def test_emulated_words_are_those_of_avx512() -> None:
    if not has_avx512():
        pytest.skip("this CPU lacks AVX-512 IFMA")
    both = [library("words.c", f"MACHINE_5X52_{kind}") for kind in ("MADD", "EMULATED")]
    for _ in range(2000):
        values = [
            RNG.choice([*EDGE_WORDS, RNG.getrandbits(64), RNG.getrandbits(52)]) for _ in range(320)
        ]
        data = struct.pack("<320Q", *values)
        offsets = struct.pack("<8Q", *(RNG.randrange(64) for _ in range(8)))
        count, stride = RNG.choice([0, 1, 12, 52, 63, 64, 127, 200]), RNG.choice([8, 9, 40])
        answers = []
        for native in both:
            out = [ctypes.create_string_buffer(8 * 1024) for _ in range(3)]
            native.native_words_arithmetic(out[0], data, count)
            native.native_words_shifts(out[1], data)
            native.native_words_memory(out[2], data, offsets, ctypes.c_size_t(stride))
            answers.append([buffer.raw for buffer in out])
        assert answers[0] == answers[1]
