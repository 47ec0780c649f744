"""bench/RESULTS.md is what bench/results.py makes of bench/runs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_results_are_those_of_the_runs() -> None:
    assert list((ROOT / "bench" / "runs").glob("*.json"))
    command = [sys.executable, str(ROOT / "bench" / "results.py")]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    written = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    assert made == written, "run python bench/results.py > bench/RESULTS.md"
