"""What `make fuzz` does: builds the harnesses, runs each for a while, and fails on a finding.

Harnesses in C need a clang that has libFuzzer; where there is none that is said, and what is in
Python (fuzz_python.py) still runs.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
FINDINGS = ROOT / "build" / "fuzz-findings"
NAMES = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
GRACE = 120
"""Seconds beyond the time asked for: making tables, reading seeds, on a busy machine."""


@dataclass
class Run:
    """One harness that was run."""

    name: str
    good: bool
    seconds: float
    told: str


def environment() -> dict[str, str]:
    """Names the library of coincurve, if that is installed and none is named."""
    found = dict(os.environ)
    spec = importlib.util.find_spec("coincurve")
    if spec and spec.submodule_search_locations and "VERILANE_LIBSECP256K1" not in found:
        for folder in spec.submodule_search_locations:
            for library in Path(folder).glob("_libsecp256k1*.so"):
                found["VERILANE_LIBSECP256K1"] = str(library)
    return found


def has_libfuzzer(clang: str) -> bool:
    words = clang.split()
    if not shutil.which(words[0]):
        return False
    text = "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);\n"
    text += "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) {\n"
    text += "    return d && n > 5 && 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text(text)
        command = [*words, "-fsanitize=fuzzer,address,undefined", source, "-o", f"{folder}/probe"]
        return subprocess.run(command, capture_output=True).returncode == 0


def build(clang: str) -> None:
    """Makes points, seeds and harnesses in build/fuzz."""
    subprocess.run([sys.executable, HERE / "generate.py", BUILD], cwd=ROOT, check=True)
    jobs = str(os.cpu_count() or 1)
    make = ["make", "-s", "-f", HERE / "build.mk", "-j", jobs, f"CLANG={clang}"]
    subprocess.run(make, cwd=ROOT, check=True)


def run_c(name: str, seconds: int) -> Run:
    """Runs a harness on what it found before, and on its seeds."""
    corpus, log = BUILD / "corpus" / name, BUILD / "logs" / f"{name}.log"
    for folder in (corpus, log.parent, FINDINGS):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BUILD / f"fuzz_{name}", f"-max_total_time={seconds}", "-max_len=4096", "-timeout=60"]
    command += [f"-artifact_prefix={FINDINGS}/{name}-", "-print_final_stats=1", corpus]
    seeds = BUILD / "seeds" / name
    command += [seeds] if seeds.is_dir() else []
    return run_one(name, command, log, seconds)


def run_python(seconds: int) -> Run:
    log = BUILD / "logs" / "python.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, HERE / "fuzz_python.py", f"--seconds={seconds}"]
    return run_one("python", command, log, seconds)


def run_one(name: str, command: list[object], log: Path, seconds: int) -> Run:
    """Runs a command that is to end by itself after so many seconds; what it says goes to `log`.
    What it leaves in its folder for temporary files is removed.
    """
    begun = time.monotonic()
    words = [str(word) for word in command]
    with log.open("w") as out, tempfile.TemporaryDirectory() as temporary:
        try:
            status = subprocess.run(
                words,
                cwd=ROOT,
                env=environment() | {"TMPDIR": temporary},
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=seconds + GRACE,
            ).returncode
        except subprocess.TimeoutExpired:
            out.write("FINDING it did not end in time\n")
            status = 1
    return Run(name, status == 0, time.monotonic() - begun, _told(log, status == 0))


def _told(log: Path, good: bool) -> str:
    """What is worth reading of a log: how much was done, what was skipped; what was found."""
    lines = log.read_text(errors="replace").splitlines()
    if not good:
        marks = ("FINDING", "ERROR", "runtime error", "SUMMARY", "Test unit written", "    #")
        marks += ("Uncaught", '  File "')
        marked = [line for line in lines if any(mark in line for mark in marks)]
        return "\n".join([str(log), *(marked or lines)[:30]])
    parts = [line for line in lines if line.startswith("SKIPPED")]
    done = [int(line.split(":")[-1]) for line in lines if "number_of_executed_units" in line]
    parts += [f"{sum(done)} inputs"] if done else []
    parts += [line for line in lines if line.startswith("DONE")]
    return "; ".join(parts)


def again(path: Path, minimise: int | None, clang: str) -> int:
    """Runs an input again, by the harness that its name begins with; minimise: so many seconds."""
    name = path.name.partition("-")[0]
    selected([name])
    if name == "python":
        command: list[object] = [sys.executable, HERE / "fuzz_python.py", path]
    else:
        build(clang)
        command = [BUILD / f"fuzz_{name}", path]
    if minimise and name != "python":
        small = path.with_name(f"{path.name}-small")
        command[1:1] = ["-minimize_crash=1", f"-max_total_time={minimise}"]
        command.append(f"-exact_artifact_path={small}")
    return subprocess.run(command, cwd=ROOT, env=environment()).returncode


def selected(names: Iterable[str]) -> list[str]:
    known = [*NAMES, "python"]
    wanted = list(names) or known
    for name in wanted:
        if name not in known:
            sys.exit(f"no harness is called {name}; there are {', '.join(known)}")
    return wanted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each harness")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once")
    parser.add_argument("--clang", default=os.environ.get("CLANG", "clang"))
    parser.add_argument("--again", type=Path, metavar="FILE", help="runs one input that was found")
    parser.add_argument("--minimise", type=int, metavar="SECONDS", help="cuts --again's FILE down")
    parser.add_argument("names", nargs="*", help=f"{', '.join(NAMES)}, python; all by default")
    options = parser.parse_args()
    if options.again:
        return again(options.again.resolve(), options.minimise, options.clang)
    names = selected(options.names)
    if any(name in NAMES for name in names):
        if has_libfuzzer(options.clang):
            build(options.clang)
        else:
            print(f"SKIPPED harnesses in C: {options.clang} has no libFuzzer, or is not here")
            names = [name for name in names if name == "python"]
    bad = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for run in pool.map(lambda name: _one(name, options.seconds), names):
            print(
                f"{'ok' if run.good else 'FINDING':8}{run.name:10}{run.seconds:6.0f} s  {run.told}"
            )
            bad += not run.good
    if bad:
        print(
            f"inputs are in {FINDINGS.relative_to(ROOT)}; CONTRIBUTING.md says what to do with them"
        )
    return 1 if bad else 0


def _one(name: str, seconds: int) -> Run:
    return run_python(seconds) if name == "python" else run_c(name, seconds)


if __name__ == "__main__":
    sys.exit(main())
