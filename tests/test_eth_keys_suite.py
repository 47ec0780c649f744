"""eth-keys' own tests, run with our back end in place of coincurve's.

They come with its sdist: VERILANE_ETH_KEYS names the folder that it was unpacked to, which has to
be of the version that is installed. Nothing is downloaded here, and nothing of it is kept here.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("eth_keys", reason="eth-keys is not installed (extra: eth)")

# Both test files ask eth_keys.backends for CoinCurveECCBackend and NativeECCBackend: from here on
# the first of these names is ours. What is chosen by the environment is ours too.
PLUGIN = """
import eth_keys.backends
from verilane.nodes.eth_keys import Backend

eth_keys.backends.CoinCurveECCBackend = Backend


def pytest_runtest_logreport(report):
    if report.when == "call":
        ran[report.outcome] = ran.get(report.outcome, 0) + 1
        ours[0] += "[Backend-" in report.nodeid or report.nodeid.endswith("[Backend]")


def pytest_sessionfinish():
    print("ran:", ran, "by the name of ours:", ours[0])


ran, ours = {}, [0]
"""


def test_their_tests_pass(tmp_path: Path) -> None:
    unpacked = os.environ.get("VERILANE_ETH_KEYS")
    if not unpacked:
        pytest.skip("VERILANE_ETH_KEYS names no unpacked sdist of eth-keys")
    tests = Path(unpacked).resolve() / "tests"
    assert (tests / "backends" / "test_backends.py").is_file(), f"no tests in {unpacked}"
    (tmp_path / "ours_for_coincurves.py").write_text(PLUGIN, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ours_for_coincurves", "-p"]
    command += ["no:cacheprovider", "-c", os.devnull, "--rootdir", str(tests)]
    command += [str(tests / "backends"), *map(str, sorted((tests / "core").glob("test_key*.py")))]
    environment = {
        **os.environ,
        "ECC_BACKEND_CLASS": "verilane.nodes.eth_keys.Backend",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(tests.parent)]),
        "PYTHONSAFEPATH": "1",
    }
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    ran = re.search(r"ran: {'passed': (\d+)} by the name of ours: (\d+)", done.stdout)
    assert ran is not None, done.stdout[-5000:]
    assert int(ran[1]) > 60 and int(ran[2]) > 20, ran[0]
