"""What `make fuzz` runs (tests/fuzz): the Python package's checks hold on what they begin with, and
a finding is told as one. The harnesses in C take minutes to build; `make fuzz` does.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import ROOT

HERE = ROOT / "tests" / "fuzz"


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


NAMES = [
    line.removeprefix("def check_").partition("(")[0]
    for line in (HERE / "checks.py").read_text(encoding="utf-8").splitlines()
    if line.startswith("def check_")
]


@pytest.mark.parametrize("name", NAMES)
def test_checks_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("google.protobuf")
    checks = module("checks")
    monkeypatch.setattr(checks, "folder", lambda: tmp_path)
    assert list(checks.CHECKS) == NAMES
    number = NAMES.index(name)
    for data in checks.seeds(12)[12 * number : 12 * (number + 1)]:
        assert data[:3] == bytes([0, 0, number])
        checks.check(data)


def test_every_harness_has_seeds() -> None:
    generate = module("generate")
    assert sorted(generate.CORPORA) == module("run").NAMES
    for name in ("hashes", "keys", "light"):
        inputs = list(generate.CORPORA[name]())
        assert len(set(inputs)) > 10


def test_without_clang_python_still_runs() -> None:
    command = [sys.executable, HERE / "run.py", "--seconds=1", "--clang=no-such-clang"]
    done = subprocess.run([*command, "light", "python"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED harnesses in C: no-such-clang" in done.stdout
    assert "ok      python" in done.stdout


def test_a_finding_fails_and_is_told(tmp_path: Path) -> None:
    run = module("run")
    text = "print('==1==ERROR: AddressSanitizer: heap-buffer-overflow'); raise SystemExit(1)"
    found = run.run_one("x", [sys.executable, "-c", text], tmp_path / "log", 1)
    assert not found.good and "heap-buffer-overflow" in found.told
    fine = run.run_one("x", [sys.executable, "-c", "print('DONE 3 inputs')"], tmp_path / "log", 1)
    assert fine.good and fine.told == "DONE 3 inputs"
    pieces = "for n in (5, 7): print('stat::number_of_executed_units:', n)"
    assert run.run_one("x", [sys.executable, "-c", pieces], tmp_path / "log", 1).told == "12 inputs"
