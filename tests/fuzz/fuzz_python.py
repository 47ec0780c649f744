"""Runs checks.py on bytes for a while: guided by coverage where atheris is installed (dependency
group fuzz), else by Hypothesis.

    python tests/fuzz/fuzz_python.py [--seconds 60]    # or a file: runs it again
"""

import argparse
import importlib.util
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BUILD = Path(__file__).resolve().parents[2] / "build" / "fuzz"
FINDINGS = BUILD.with_name("fuzz-findings")
AT_MOST = 100_000
"""Inputs of one process under atheris, which keeps some 4 KB of each; the checks keep none."""


def by_atheris(seconds: int) -> int:
    """Processes, one after another, each from what was reached before."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        command = [sys.executable, __file__, "--piece", f"--seconds={math.ceil(left)}"]
        status = subprocess.run(command).returncode
        if status:
            return status
    return 0


def piece(seconds: int) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["verilane"], enable_loader_override=False):
        import checks

    corpus, seeds = BUILD / "corpus" / "python", BUILD / "seeds" / "python"
    shutil.rmtree(seeds, ignore_errors=True)
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(checks.seeds()):
        (seeds / f"{number:03}").write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={FINDINGS}/python-"]
    options += [f"-runs={AT_MOST}", "-max_len=1024", "-timeout=120", "-print_final_stats=1"]
    options += [str(corpus), str(seeds)]
    atheris.Setup([sys.argv[0], *options], checks.check)
    atheris.Fuzz()


def by_hypothesis(seconds: int) -> int:
    """Rounds of examples until the time is over."""
    import checks
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    end, count = time.monotonic() + seconds, 0

    def one(data: bytes) -> None:
        nonlocal count
        if time.monotonic() < end:
            count += 1
            checks.check(data)

    rules = settings(
        max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    # Few bytes are zeros: zeros pick the first of everything.
    first = st.integers(0, len(checks.CHECKS) - 1).map(lambda number: bytes([0, 0, number]))
    rest = st.binary(max_size=24) | st.binary(min_size=24, max_size=600)
    number = 0
    while time.monotonic() < end:
        number += 1
        rules(given(st.builds(bytes.__add__, first, rest))(one))()
    print(f"DONE {count} inputs by Hypothesis in {number} rounds")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--engine", choices=["atheris", "hypothesis"])
    parser.add_argument("--piece", action="store_true", help="one process under atheris")
    parser.add_argument("file", nargs="?", type=Path, help="an input to run again")
    options = parser.parse_args()
    FINDINGS.mkdir(parents=True, exist_ok=True)
    if options.file:
        import checks

        checks.check(options.file.read_bytes())
        return 0
    if options.piece:
        piece(options.seconds)
    engine = options.engine or ("atheris" if importlib.util.find_spec("atheris") else "hypothesis")
    if engine == "atheris":
        return by_atheris(options.seconds)
    if not options.engine:
        print("SKIPPED coverage: atheris is not installed")
    return by_hypothesis(options.seconds)


if __name__ == "__main__":
    sys.exit(main())
