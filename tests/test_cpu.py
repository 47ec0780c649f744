"""Which instruction sets are taken, on machines that the test makes up: CPUID's answers, and what
the operating system says that it saves. What each set needs stands here once more, from the
manuals (Intel SDM volume 2, CPUID).
"""

import ctypes
import platform
import random

import pytest

from native_library import library

BASE, SHA_NI, AVX2, AVX512, ARM64_SHA2 = range(5)
# Places in leaves 0, 1 and 7, four registers each.
EAX_0, EBX_0, ECX_0, EDX_0, EAX_1, EBX_1, ECX_1, EDX_1, EAX_7, EBX_7, ECX_7, EDX_7 = range(12)
OSXSAVE = (ECX_1, 27)
BITS = {
    "SSSE3": (ECX_1, 9),
    "SSE4.1": (ECX_1, 19),
    "the SHA extensions": (EBX_7, 29),
    "AVX2": (EBX_7, 5),
    "BMI2": (EBX_7, 8),
    "FMA": (ECX_1, 12),
    "AVX512F": (EBX_7, 16),
    "AVX512DQ": (EBX_7, 17),
    "AVX512_IFMA": (EBX_7, 21),
    "AVX512BW": (EBX_7, 30),
    "AVX512VL": (EBX_7, 31),
    "AVX512_VBMI2": (ECX_7, 6),
}
NEEDS = {
    SHA_NI: {"SSSE3", "SSE4.1", "the SHA extensions"},
    AVX2: {"AVX2", "BMI2", "FMA"},
    AVX512: {name for name in BITS if name.startswith("AVX512")} | {"AVX2", "BMI2"},
}
# Bits of XCR0: XMM and YMM; opmask and both halves of ZMM beside them.
SAVED = {SHA_NI: 0, AVX2: 0x06, AVX512: 0xE6}
UNSAVED = {
    AVX2: "operating system does not save AVX registers",
    AVX512: "operating system does not save AVX-512 registers",
}
ALL = {*BITS.values(), OSXSAVE}

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="CPUID is of x86-64"
)


class Answers:
    """What each set lacks. bits: those that CPUID has set."""

    def __init__(
        self,
        bits: "set[tuple[int, int]]",
        xcr0: int = 0xFF,
        highest: int = 7,
        registers: "dict[int, int] | None" = None,
    ) -> None:
        native = library("made_up_cpu.c")
        leaves = (ctypes.c_uint32 * 12)()
        for place, value in (registers or {}).items():
            leaves[place] = value
        for place, bit in bits:
            leaves[place] |= 1 << bit
        missing = (ctypes.c_char_p * 5)()
        self.asked = native.native_missing(missing, 5, highest, leaves, ctypes.c_uint32(xcr0))
        self.missing = [None if text is None else text.decode() for text in missing]
        self.halves = bool(native.native_halves_512())


def expected(which: int, bits: "set[tuple[int, int]]", xcr0: int, highest: int) -> bool:
    """Whether a machine has a set."""
    there = {bit for bit in bits if bit[0] < EAX_7 or highest >= 7} if highest >= 1 else set()
    saved = xcr0 if OSXSAVE in there else 0
    needed = {BITS[name] for name in NEEDS[which]}
    return needed <= there and saved & SAVED[which] == SAVED[which]


def test_a_machine_that_has_all() -> None:
    found = Answers(ALL)
    assert found.missing == [None, None, None, None, "not an arm64 CPU"]
    assert found.asked == 1


@pytest.mark.parametrize("name", sorted(BITS))
def test_each_bit_alone(name: str) -> None:
    """Without it, the sets that need it are missing for that reason, and no other one is."""
    found = Answers(ALL - {BITS[name]})
    for which, needs in NEEDS.items():
        assert found.missing[which] == (f"CPU lacks {name}" if name in needs else None)


def test_what_the_operating_system_saves() -> None:
    for xcr0 in range(256):
        found = Answers(ALL, xcr0=xcr0)
        assert found.missing[SHA_NI] is None
        for which, reason in UNSAVED.items():
            saved = xcr0 & SAVED[which] == SAVED[which]
            assert found.missing[which] == (None if saved else reason), xcr0


def test_xgetbv_is_an_instruction_to_ask_for_first() -> None:
    found = Answers(ALL - {OSXSAVE})
    assert found.asked == 0
    assert found.missing[SHA_NI] is None
    assert [found.missing[which] for which in UNSAVED] == list(UNSAVED.values())


@pytest.mark.parametrize("highest", [0, 1, 4, 6])
def test_a_cpu_without_leaf_7(highest: int) -> None:
    """What CPUID gives for a leaf that there is not is the last one's answer: not to be read."""
    found = Answers(ALL, highest=highest)
    assert found.missing[BASE] is None
    assert None not in found.missing[1:]


def test_random_machines() -> None:
    rng = random.Random("machines")
    some = 0
    for _ in range(5000):
        bits = {bit for bit in ALL if rng.random() < 0.9}
        xcr0, highest = rng.choice([0xFF, 0xE7, 0x07, 0x03, 0]), rng.choice([1, 7, 7, 7])
        found = Answers(bits, xcr0, highest)
        for which in NEEDS:
            has = expected(which, bits, xcr0, highest)
            assert (found.missing[which] is None) == has, (bits, xcr0, highest)
            some += has
    assert some > 1000


AMD = {EBX_0: 0x68747541, EDX_0: 0x69746E65, ECX_0: 0x444D4163}


@pytest.mark.parametrize(
    ("vendor", "eax", "halves"),
    [
        (AMD, 0x00A20F10, True),  # Zen 3 has no AVX-512 to halve
        (AMD, 0x00A60F12, True),  # Zen 4
        (AMD, 0x00B40F40, False),  # Zen 5
        (AMD, 0x00800F11, False),  # Zen
        (AMD, 0x000A0610, False),  # another family, whose extended number does not count
        ({EBX_0: 0x756E6547, EDX_0: 0x49656E69, ECX_0: 0x6C65746E}, 0x00A60F12, False),
    ],
)
def test_where_512_bits_are_halved(vendor: dict[int, int], eax: int, halves: bool) -> None:
    assert Answers(ALL, registers={**vendor, EAX_1: eax}).halves is halves
