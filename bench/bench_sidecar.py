"""The sidecar's throughput beside that of calls in one process: `python bench/bench_sidecar.py`.

Batches of 1,024 valid items, packed. In process: one caller, verify_many on all cores; and as many
callers as cores, each with one, which is the best that this package does. Over the socket: one
client with several batches under way. Server and client share the cores. The sides take turns; what
is printed are medians, of the ratios too (to the first side, and to the second). Exit status 1 if
one of the first is less than 0.8.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from workload import (
    ed25519_signatures,
    p256_signatures,
    packed,
    schnorr_signatures,
    signatures,
    sm2_signatures,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from sidecar_process import sidecar
from verilane import ed25519, p256, secp256k1, sm2
from verilane.benchmark.machine import cores, describe
from verilane.sidecar import Client

N = 1024
TARGET = 0.8
UNDER_WAY = 8
Columns = dict[str, Any]
Run = Callable[[int], None]


def named(names: str, parts: Any) -> Columns:
    return dict(zip(names.split(), map(packed, parts), strict=True))


def schemes() -> Iterator[tuple[str, Any, Columns]]:
    made = signatures(N)
    digests, messages = "keys signatures digests", "keys signatures messages"
    columns = named(digests, (made.keys, made.compact, made.digests))
    yield "secp256k1.ecdsa", secp256k1.ecdsa.verify_many, columns
    columns = named(messages, schnorr_signatures(N))
    yield "secp256k1.schnorr", secp256k1.schnorr.verify_many, columns
    other = p256_signatures(N)
    columns = dict(zip(digests.split(), other.columns, strict=True))
    yield "p256.ecdsa", p256.ecdsa.verify_many, columns
    yield "ed25519", ed25519.verify_many, named(messages, ed25519_signatures(N))
    other = sm2_signatures(N)
    yield "sm2", sm2.verify_many, dict(zip(messages.split(), other.columns, strict=True))


def one_caller(verify: Callable[..., Any], columns: Columns) -> Run:
    def run(batches: int) -> None:
        for _ in range(batches):
            assert verify(**columns).all_ok

    return run


def many_callers(verify: Callable[..., Any], columns: Columns) -> Run:
    executor = ThreadPoolExecutor(cores())

    def run(batches: int) -> None:
        calls = [executor.submit(verify, **columns, threads=1) for _ in range(batches)]
        assert all(call.result().all_ok for call in calls)

    return run


def over_the_socket(client: Client, scheme: str, columns: Columns) -> Run:
    def run(batches: int) -> None:
        waiting: list[Future[Any]] = []
        for _ in range(batches):
            if len(waiting) == UNDER_WAY:
                assert waiting.pop(0).result().all_ok
            waiting.append(client.submit(scheme, **columns))
        assert all(future.result().all_ok for future in waiting)

    return run


def one_at_a_time(client: Client, scheme: str, columns: Columns) -> Run:
    def run(batches: int) -> None:
        for _ in range(batches):
            assert client.verify_many(scheme, **columns).all_ok

    return run


def seconds(run: Run, batches: int) -> float:
    begun = time.perf_counter()
    run(batches)
    return (time.perf_counter() - begun) / batches


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, default=60, help="in a round")
    parser.add_argument("--only", default="", help="only schemes whose name holds this text")
    options = parser.parse_args()
    for name, value in describe().items():
        print(f"- {name}: {value}")
    print("\n| scheme | in process | all callers | socket | ratio | best ratio | one at a time |")
    print("|---|---|---|---|---|---|---|")
    good = True
    with (
        tempfile.TemporaryDirectory() as folder,
        sidecar("--unix", f"{folder}/s"),
        Client(f"{folder}/s") as client,
    ):
        for scheme, verify, columns in schemes():
            if options.only not in scheme:
                continue
            runs = (
                one_caller(verify, columns),
                many_callers(verify, columns),
                over_the_socket(client, scheme, columns),
                one_at_a_time(client, scheme, columns),
            )
            for run in runs:
                run(10)
            times = np.array(
                [[seconds(run, options.batches) for run in runs] for _ in range(options.rounds)]
            )
            one, most, socket, single = (statistics.median(side) for side in times.T)
            ratio, best = np.median(times[:, :2] / times[:, 2:3], axis=0)
            good &= bool(ratio >= TARGET)
            print(
                f"| {scheme} | {N / one:,.0f}/s | {N / most:,.0f}/s | {N / socket:,.0f}/s "
                f"| {ratio:.2f} | {best:.2f} | {single * 1e3:.2f} ms "
                f"({one * 1e3:.2f} in process) |",
                flush=True,
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
