"""All that Verilane does, on CPUs that lack something: each thing that an instruction set asks for
is switched off in turn (VERILANE_CPU_WITHOUT), then CPUs of older years are emulated (qemu-user).
Nothing is lost but speed, and `devices` says why.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import known_work
from builds import ADDRESSES_CHECKED
from verilane import _cpu

ROOT = Path(__file__).resolve().parents[1]
HERE = {isa.name: isa.missing for isa in _cpu.isas()}
BASE = {"scalar", "portable"}
# What a set is missing for, by what is switched off.
NEEDS = {
    "sha-ni": ["SSSE3", "SSE4.1", "SHA"],
    "avx2": ["AVX2", "BMI2", "FMA", "YMM"],
    "avx512": [
        "AVX2",
        "BMI2",
        "AVX512F",
        "AVX512BW",
        "AVX512DQ",
        "AVX512VL",
        "AVX512_IFMA",
        "AVX512_VBMI2",
        "ZMM",
    ],
    "arm64-sha2": ["SHA2"],
}
OF_THIS_KIND = [name for name in NEEDS if not (HERE[name] or "").startswith("not an ")]
FEATURES = list(dict.fromkeys(each for name in OF_THIS_KIND for each in NEEDS[name]))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "work"
    known_work.write(path)
    return path


def done(work: Path, *before: str, without: str = "") -> dict[str, "str | None"]:
    """Does it in a process of its own; returns why each instruction set is missing there."""
    environment = {**os.environ, "VERILANE_CPU_WITHOUT": without, "OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [*before, sys.executable, str(ROOT / "tests" / "known_work.py"), str(work)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, str | None] = json.loads(result.stdout)
    return found


def test_features_are_named() -> None:
    found = []
    while (name := _cpu._text(_cpu._lib.vl_cpu_feature(len(found)))) is not None:
        found.append(name)
    assert list(dict.fromkeys(found)) == FEATURES
    assert _cpu._text(_cpu._lib.vl_cpu_feature(-1)) is None
    assert _cpu._lib.vl_cpu_without(_cpu._ffi.NULL) == _cpu._lib.VL_ERROR_ARGUMENT


@pytest.mark.parametrize("without", ["", *FEATURES, "SHA AVX512_IFMA", "SHA, AVX2, SHA2"])
def test_without(work: Path, without: str) -> None:
    off = without.replace(",", " ").split()
    found = done(work, without=without)
    for name, missing in HERE.items():
        reasons = [f"{each} is switched off" for each in NEEDS.get(name, []) if each in off]
        if missing is None and reasons:
            assert found[name] in reasons
        else:
            assert found[name] == missing
    assert all(found[name] is None for name in BASE)


def test_what_there_is_not_is_warned_of() -> None:
    code = "import verilane._cpu as cpu; print([isa.missing for isa in cpu.isas()])"
    environment = {**os.environ, "VERILANE_CPU_WITHOUT": "MMX"}
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "VERILANE_CPU_WITHOUT: 'MMX' is none of what Verilane asks for" in result.stderr
    assert FEATURES == [] or FEATURES[0] in result.stderr
    assert result.stdout.strip() == str(list(HERE.values()))


# Models of qemu, as far as it emulates them: no AVX-512, and in older versions no SHA extensions.
# Without XSAVE is what an operating system that saves no wide registers looks like.
MODELS = {
    "Nehalem": ("avx2", "CPU lacks AVX2"),
    "Haswell": ("avx2", None),
    "Haswell,-xsave": ("avx2", "operating system does not save AVX registers"),
    "Skylake-Server": ("sha-ni", "CPU lacks the SHA extensions"),
}


@pytest.mark.parametrize("model", MODELS)
def test_emulated(work: Path, model: str) -> None:
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("models are of x86-64")
    qemu = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if qemu is None:
        pytest.skip("there is no qemu-x86_64 here (Debian: apt install qemu-user)")
    if ADDRESSES_CHECKED:
        pytest.skip("the sanitizer's memory has no place beside the emulator's")
    name, reason = MODELS[model]
    found = done(work, qemu, "-cpu", model)
    assert found[name] == reason
    assert all(found[each] is None for each in BASE)
