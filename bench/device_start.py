"""How long the first call of each kind takes on each device: with empty caches (nothing was ever
built here), and in a new process later. `python bench/device_start.py` prints seconds.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from verilane import _calibration, devices, hashes, merkle

SEED = [bytes([i]) * 32 for i in range(64)]


def calls(name: str) -> dict[str, Callable[[], object]]:
    """What is called first: one scheme of each curve, a hash, a tree."""
    kinds = {each.curve: each for each in _calibration.WORKLOADS}
    return {
        "devices()": devices,
        **{each.name: lambda each=each: each.run(64, name) for each in kinds.values()},
        "sha256 digests": lambda: hashes.digest_many(SEED, device=name),
        "keccak256 digests": lambda: hashes.digest_many(SEED, "keccak256", device=name),
        "rfc6962 root": lambda: merkle.root(SEED, device=name),
    }


def child(name: str) -> None:
    """Prints the seconds of each call, in this process's first use of the device."""
    seconds = {}
    for what, call in calls(name).items():
        start = time.perf_counter()
        call()
        seconds[what] = time.perf_counter() - start
    print(json.dumps(seconds))


def measured(name: str, caches: str) -> dict[str, float]:
    places = ("VERILANE_CACHE", "POCL_CACHE_DIR", "CUDA_CACHE_PATH", "XDG_CACHE_HOME")
    env = {**os.environ, **{each: os.path.join(caches, each.lower()) for each in places}}
    for each in places:
        os.makedirs(env[each], exist_ok=True)
    run = [sys.executable, __file__, "--child", name]
    result = subprocess.run(run, env=env, stdout=subprocess.PIPE, check=True)
    times: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return times


def main() -> None:
    for device in devices():
        if device.kind == "cpu":
            continue
        if device.missing is not None:
            print(f"{device.name}: {device.missing}")
            continue
        with tempfile.TemporaryDirectory() as caches:
            cold, warm = (measured(device.name, caches) for _ in range(2))
        print(f"{device.name}: {device.title}")
        print(f"  {'first call':<20} {'ever, s':>9} {'later, s':>9}")
        for what in cold:
            print(f"  {what:<20} {cold[what]:9.2f} {warm[what]:9.2f}")
        print(f"  {'all of them':<20} {sum(cold.values()):9.2f} {sum(warm.values()):9.2f}")


if __name__ == "__main__":
    child(sys.argv[2]) if sys.argv[1:2] == ["--child"] else main()
