"""Who may include whom in C and in the kernels, and what a C source may hold."""

import re
from pathlib import Path

import pytest

from conftest import ROOT

C_SOURCES = sorted(
    path
    for folder in ("csrc", "kernels")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".c", ".h", ".inc", ".cl")
)
SYSTEM = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
LOCAL = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def includes(path: Path) -> list[Path]:
    """The files that a C source includes, found as the compiler does: beside it, in csrc, in
    kernels.
    """
    result = []
    for name in LOCAL.findall(path.read_text(encoding="utf-8")):
        places = [folder / name for folder in (path.parent, ROOT / "csrc", ROOT / "kernels")]
        there = [place.resolve() for place in places if place.exists()]
        assert there, f"{name_of(path)} includes {name}, which is nowhere"
        result.append(there[0])
    return result


@pytest.mark.parametrize("path", C_SOURCES, ids=name_of)
def test_c_includes_point_down(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    for target in includes(path):
        place = target.relative_to(ROOT).parts
        assert place[0] in ("csrc", "kernels")
        if folder == "kernels":
            assert place[0] == "kernels", (
                f"{name_of(path)} includes {name_of(target)}, outside kernels"
            )


# In kernels: entry -> double_mul, msm, decompress -> group -> field, scalar -> lang.
KERNEL_LEVEL = {"lang.h": 0, "word": 1, "field": 2, "scalar": 2, "hash": 2, "group": 3, "": 4}
KERNEL_LEVEL["msm"] = 4


def kernel_level(path: Path) -> int:
    parts = path.relative_to(ROOT / "kernels").parts
    if parts[0] == "lang.h":
        return KERNEL_LEVEL["lang.h"]
    if parts[0].startswith("word_"):
        return KERNEL_LEVEL["word"]
    return KERNEL_LEVEL[parts[0] if len(parts) > 1 else ""]


@pytest.mark.parametrize(
    "path", [path for path in C_SOURCES if path.is_relative_to(ROOT / "kernels")], ids=name_of
)
def test_kernel_includes_point_down(path: Path) -> None:
    for target in includes(path):
        assert kernel_level(target) <= kernel_level(path), (
            f"{name_of(path)} includes {name_of(target)}"
        )
    system = SYSTEM.findall(path.read_text(encoding="utf-8"))
    assert path.name == "lang.h" or not system, (
        f"{name_of(path)} includes {system}: only lang.h may"
    )


# Intrinsics live in the word files, in SHA-256's by instructions for it, and where the CPU is asked
# what it has.
INTRINSICS = re.compile(
    r"\b_mm(?:256|512)?_\w+|\b__m(?:128|256|512)i?\b|\b__(?:get_)?cpuid\w*|\b_?xgetbv\b"
    r"|\bv(?:ld|st)1q_\w+|\bvsha256\w+|\bgetauxval\b|\bsysctl\w+"
)
INTRINSIC_HEADERS = {"immintrin.h", "x86intrin.h", "cpuid.h", "arm_neon.h", "sys/auxv.h"}


def may_use_intrinsics(path: Path) -> bool:
    return path.name.startswith("word_") or name_of(path) in (
        "csrc/cpu_arm64.h",
        "csrc/cpu_x86_64.h",
        "csrc/hash/sha256_arm64.c",
        "csrc/hash/sha256_shani.c",
    )


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", C_SOURCES, ids=name_of)
def test_intrinsics_stay_in_word_files(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    if may_use_intrinsics(path):
        return
    assert not INTRINSICS.findall(text)
    # A file that switches instructions on must include the header before it does (csrc/target.h).
    assert "VL_TARGET_BEGIN" in text or not INTRINSIC_HEADERS & set(SYSTEM.findall(text))


OWN_MEMORY = re.compile(r"\b(?:malloc|calloc|realloc|free|pthread_create|pthread_mutex_init)\s*\(")


@pytest.mark.parametrize(
    "path", [path for path in C_SOURCES if path.parent.name != "verifier"], ids=name_of
)
def test_only_the_verifier_allocates_and_starts_threads(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    assert not OWN_MEMORY.findall(text)
    assert not any(target.parent.name == "verifier" for target in includes(path))


def test_exported_names_have_the_prefix() -> None:
    header = (ROOT / "csrc" / "verilane.h").read_text(encoding="utf-8")
    functions = re.findall(
        r"^(?:int|size_t|const char \*)\s*(\w+)\(", without_comments(header), re.MULTILINE
    )
    assert len(functions) >= 10
    assert all(name.startswith("vl_") for name in functions), functions


def test_only_dispatch_names_variants() -> None:
    """One table names the instruction sets' rows; everything else goes through it."""
    rows = re.compile(r"\bvl_(?:secp256k1|p256|sm2|ed25519)_(?:scalar|portable|avx2|avx512)\b")
    allowed = {"csrc/dispatch.c", "csrc/ops.h"}
    for path in C_SOURCES:
        if name_of(path) not in allowed and not path.name.startswith("isa_"):
            assert not rows.search(without_comments(path.read_text(encoding="utf-8"))), name_of(
                path
            )


def test_sources_are_portable() -> None:
    """One build serves every CPU: no flags for a machine, no paths of one."""
    for name in ("build_native.py", "build_library.py"):
        builder = (ROOT / "csrc" / name).read_text(encoding="utf-8")
        assert "-march" not in builder
        assert "-mtune" not in builder
