"""The sidecar's throughput beside that of calls in one process: `python bench/bench_sidecar.py`.

Batches of 1,024 valid items, packed. In process: one caller, verify_many on all cores; and as many
callers as cores, each with one, which is the best that this package does. Over the socket: one
client with several batches under way. Server and client share the cores. The sides take turns; what
is printed are medians, of the ratios too: to the first side, to the second, and of the CPU time
that the first and the socket take, which neighbours on the machine disturb least (Linux only). Exit
status 1 if one of the first ratios is less than 0.8.

Then small batches from a crowd: 50 connections, each with one batch under way. What a batch of one
item costs is what gRPC costs.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
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
from sidecar_process import Sidecar, sidecar
from verilane import ed25519, p256, secp256k1, sm2
from verilane.benchmark.machine import cores, describe
from verilane.sidecar import Client
from verilane.sidecar.work import Piece, batch_of

N = 1024
TARGET = 0.8
UNDER_WAY = 8
CROWD = 50
SIZES = ((1, 1), (1, 16), (64, 64))
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


def seconds(server: Sidecar, run: Run, batches: int) -> tuple[float, float]:
    """Wall and CPU time of a batch, in both processes."""
    on_linux = sys.platform == "linux"
    there = server.cpu_seconds() if on_linux else 0.0
    begun, here = time.perf_counter(), time.process_time()
    run(batches)
    wall, cpu = time.perf_counter() - begun, time.process_time() - here
    there = server.cpu_seconds() - there if on_linux else float("nan")
    return wall / batches, (cpu + there) / batches


async def crowd(path: str, messages: list[bytes], duration: float) -> list[float]:
    """Seconds of each batch, of all connections."""
    took: list[float] = []
    until = time.perf_counter() + duration

    async def one(rng: random.Random) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"unix:{path}", options=options) as channel:
            call = channel.stream_stream("/verilane.v1.Verifier/Verify")()
            while (begun := time.perf_counter()) < until:
                await call.write(rng.choice(messages))
                await call.read()
                took.append(time.perf_counter() - begun)
            await call.done_writing()

    await asyncio.gather(*(one(random.Random(number)) for number in range(CROWD)))
    return took


def small_batches(
    server: Sidecar, client: Client, path: str, scheme: str, columns: Columns, duration: float
) -> None:
    """Prints a row for each size."""
    job, rng = client._job(scheme, dict(columns)), random.Random(1)
    for least, most in SIZES:
        pieces = []
        for _ in range(300):
            first, n = rng.randrange(N - most), rng.randint(least, most)
            pieces.append(Piece(job, first, first + n))
        messages = [batch_of([piece], 1) for piece in pieces]
        asyncio.run(crowd(path, messages, 0.5))
        before = server.cpu_seconds() if sys.platform == "linux" else float("nan")
        took = sorted(asyncio.run(crowd(path, messages, duration)))
        there = (server.cpu_seconds() if sys.platform == "linux" else float("nan")) - before
        rate = len(took) / duration
        items = statistics.mean(map(len, pieces))
        print(
            f"| {scheme} | {least} to {most} | {rate:,.0f}/s | {rate * items:,.0f}/s "
            f"| {there / len(took) * 1e6:.0f} us | {took[len(took) // 2] * 1e3:.1f} ms "
            f"| {took[len(took) * 99 // 100] * 1e3:.1f} ms |",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, default=60, help="in a round")
    parser.add_argument("--only", default="", help="only schemes whose name holds this text")
    parser.add_argument("--crowd", type=float, default=2.0, help="seconds of each row")
    options = parser.parse_args()
    for name, value in describe().items():
        print(f"- {name}: {value}")
    good = True
    with (
        tempfile.TemporaryDirectory() as folder,
        sidecar("--unix", f"{folder}/s") as server,
        Client(f"{folder}/s") as client,
    ):
        chosen = [each for each in schemes() if options.only in each[0]]
        print(
            "\n| scheme | in process | all callers | socket | ratio | best ratio | CPU ratio ",
            end="",
        )
        print("| one at a time |\n|---|---|---|---|---|---|---|---|")
        for scheme, verify, columns in chosen:
            runs = (
                one_caller(verify, columns),
                many_callers(verify, columns),
                over_the_socket(client, scheme, columns),
                one_at_a_time(client, scheme, columns),
            )
            for run in runs:
                run(10)
            times = np.array(
                [
                    [seconds(server, run, options.batches) for run in runs]
                    for _ in range(options.rounds)
                ]
            )
            wall, cpu = times[..., 0], times[..., 1]
            one, most, socket, single = np.median(wall, axis=0)
            ratio, best = np.median(wall[:, :2] / wall[:, 2:3], axis=0)
            work = np.median(cpu[:, 0] / cpu[:, 2])
            good &= bool(ratio >= TARGET)
            print(
                f"| {scheme} | {N / one:,.0f}/s | {N / most:,.0f}/s | {N / socket:,.0f}/s "
                f"| {ratio:.2f} | {best:.2f} | {work:.2f} | {single * 1e3:.2f} ms "
                f"({one * 1e3:.2f} in process) |",
                flush=True,
            )
        print(f"\n{CROWD} connections:\n\n| scheme | items in a batch | batches | items ", end="")
        print("| server's CPU, a batch | median | 99 % |\n|---|---|---|---|---|---|---|")
        for scheme, _, columns in chosen:
            small_batches(server, client, f"{folder}/s", scheme, columns, options.crowd)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
