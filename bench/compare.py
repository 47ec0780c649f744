"""The figures that the project promises, each beside its target: `python bench/compare.py`.

Two sides are measured in turn, round by round (A B, B A, A B, ...), because a shared machine drifts
by 10 to 20 % within seconds; the ratio is that of the medians. `--clock cpu` counts the time that
this process ran instead of the time that passed, for a machine that has other work as well (not for
the figure of two threads). Exit status 1 when a target is missed.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import chain_work
import merkle_work
import peers
from figure import LARGE, Figure, Run
from figures_batch import batch_figures
from workload import (
    OtherCurve,
    Signatures,
    exceptional,
    leaves,
    p256_signatures,
    packed,
    parsed_keys,
    signatures,
    sm2_signatures,
)

import verilane
from verilane import merkle, p256, secp256k1, sm2
from verilane.benchmark.machine import cores, describe

Clock = Callable[[], float]
LEAVES = 1 << 20
AVX2 = "cpu:avx2"
ISAS = {"cpu"} | {each.name for each in verilane.devices() if each.available and each.kind == "cpu"}
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
verify_many = secp256k1.ecdsa.verify_many
recover_many = secp256k1.ecdsa.recover_many


def interleaved(figure: Figure, rounds: int, clock: Clock) -> tuple[list[float], list[float]]:
    """Seconds per call of both sides. Short calls get more rounds, of 10 ms each."""
    sides = (figure.ours, figure.theirs)
    for run in sides:  # builds tables, warms caches
        run()
    once = [seconds(run, 1, clock) for run in sides]
    calls = [max(1, round(0.01 / each)) for each in once]
    total = sum(count * each for count, each in zip(calls, once, strict=True))
    rounds = max(rounds, min(10 * rounds, round(1.0 / total)))
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(rounds):
        for side in (0, 1) if index % 2 == 0 else (1, 0):
            times[side].append(seconds(sides[side], calls[side], clock) / calls[side])
    return times


def seconds(run: Run, calls: int, clock: Clock) -> float:
    start = clock()
    for _ in range(calls):
        run()
    return clock() - start


def spread(times: list[float]) -> float:
    """Interquartile range over the median."""
    low, median, high = statistics.quantiles(times, n=4)
    return (high - low) / median


# ---- The figures ----


def verify(
    data: Signatures, keys: str = "keys", *, threads: int = 1, device: str | None = None
) -> Run:
    columns = packed(getattr(data, keys)), packed(data.compact), packed(data.digests)
    return lambda: verify_many(*columns, threads=threads, device=device)


def recover(data: Signatures) -> Run:
    columns = packed(data.recoverable), packed(data.digests)
    return lambda: recover_many(*columns, threads=1)


def coincurve(data: Signatures) -> Run:
    return lambda: peers.coincurve_verify(data.keys, data.der, data.digests)


def coincurve_parsed(data: Signatures) -> Run:
    keys = parsed_keys(len(data))
    return lambda: peers.coincurve_verify_parsed(keys, data.der, data.digests)


def figures(clock: Clock) -> Iterator[Figure]:
    yield from verify_figures()
    yield from batch_figures()
    yield from other_figures(P256)
    yield from other_figures(SM2)
    yield from shape_figures()
    yield from exceptional_figures(clock)
    yield from merkle_figures()


def verify_figures() -> Iterator[Figure]:
    large = signatures(LARGE)
    yield Figure(
        "verify, n = 16384, packed",
        LARGE,
        verify(large),
        coincurve(large),
        8.0,
        note="33-byte keys, parsed by both sides",
    )
    yield Figure(
        "verify, n = 16384, packed, keys of 64 bytes",
        LARGE,
        verify(large, "keys_raw"),
        coincurve_parsed(large),
        None,
        note="coincurve's keys parsed before",
    )
    yield Figure(
        "recover, n = 16384, packed",
        LARGE,
        recover(large),
        lambda: peers.coincurve_recover(large.recoverable, large.digests),
        7.5,
    )
    small = signatures(64)
    yield Figure("verify, n = 64, packed", 64, verify(small), coincurve(small), 5.0)
    yield Figure(
        "verify, n = 64, packed, keys of 64 bytes",
        64,
        verify(small, "keys_raw"),
        coincurve_parsed(small),
        None,
        note="coincurve's keys parsed before",
    )
    one = signatures(1)
    item = one.keys[0], one.compact[0], one.digests[0]
    yield Figure(
        "verify one",
        1,
        lambda: secp256k1.ecdsa.verify(*item),
        coincurve(one),
        1.3,
        better=False,
        note="secp256k1.ecdsa.verify",
    )
    yield Figure(
        "verify, n = 1, packed",
        1,
        verify(one),
        coincurve(one),
        None,
        better=False,
        note="secp256k1.ecdsa.verify_many",
    )
    for n in (64, 1024, LARGE):
        data = signatures(n)
        yield Figure(
            f"verify, n = {n}, scalar code alone",
            n,
            verify(data, device="cpu:scalar"),
            coincurve(data),
            1.0,
        )
        if AVX2 in ISAS:
            yield Figure(
                f"verify, n = {n}, AVX2 alone", n, verify(data, device=AVX2), coincurve(data), None
            )
            yield Figure(
                f"verify, n = {n}, AVX2 over scalar code",
                n,
                verify(data, device=AVX2),
                verify(data, device="cpu:scalar"),
                1.3,
            )


@dataclass(frozen=True)
class Other:
    """A scheme over P-256 or SM2's curve, and its peer, whose keys are parsed before."""

    name: str
    data: Callable[[int], OtherCurve]
    module: ModuleType
    loop: Callable[..., bool]
    peer: str
    target: float


def other_figures(scheme: Other) -> Iterator[Figure]:
    if importlib.util.find_spec(scheme.peer) is None:
        print(f"{scheme.name}: no {scheme.peer} here", file=sys.stderr)
        return
    for n in (1, 64, 1024):
        data = scheme.data(n)
        theirs = partial(scheme.loop, data.parsed, data.der, data.messages)
        if n == 1:
            item = data.keys_raw[0], data.compact[0], data.messages[0]
            ours, note = partial(scheme.module.verify, *item), "one: verify()"
            yield Figure(f"{scheme.name}, one", 1, ours, theirs, 1.5, better=False, note=note)
            continue
        for device, words, target in (
            ("cpu", "packed", scheme.target if n == 1024 else None),
            ("cpu:scalar", "scalar code alone", None),
            (AVX2, "AVX2 alone", None),
        ):
            if device not in ISAS:
                continue
            ours = partial(scheme.module.verify_many, *data.columns, threads=1, device=device)
            note = f"keys of 64 bytes, {scheme.peer}'s parsed before"
            yield Figure(f"{scheme.name}, n = {n}, {words}", n, ours, theirs, target, note=note)


def shape_figures() -> Iterator[Figure]:
    large = signatures(LARGE)
    lists = large.keys, large.compact, large.digests
    yield Figure(
        "lists of bytes over packed, n = 16384",
        LARGE,
        lambda: verify_many(*lists, threads=1),
        verify(large),
        1.10,
        better=False,
    )
    if cores() >= 2:
        yield Figure(
            "two threads over one, n = 16384",
            LARGE,
            verify(large, threads=2),
            verify(large),
            1.8,
            threads=2,
        )


def exceptional_figures(clock: Clock) -> Iterator[Figure]:
    """Costs in units of one libsecp256k1 verification, parsing excluded on its side."""
    data = signatures(1024)
    hostile = tuple(packed(column) for column in exceptional(1024))
    for device in ("cpu", "cpu:scalar"):
        yield Figure(
            f"every item exceptional, n = 1024, {device}",
            1024,
            lambda device=device: verify_many(*hostile, device=device, threads=1),
            peers.libsecp256k1_verify(data),
            2.5,
            better=False,
            note="in libsecp256k1 verifications per item",
        )
    honest = signatures(64)
    mixed = tuple(
        packed([*column[:63], special[0]])
        for column, special in zip(
            (honest.keys, honest.compact, honest.digests), exceptional(1024), strict=True
        )
    )
    yield Figure(
        "one exceptional item among 64, over none",
        64,
        lambda: verify_many(*mixed, threads=1),
        verify(honest),
        one_more_item(honest, clock),
        better=False,
        note="the target is what one item on the exact path may add",
    )


def one_more_item(honest: Signatures, clock: Clock) -> float:
    """1 + 2.5 libsecp256k1 verifications over the time of the 64 honest items."""
    figure = Figure("", 64, verify(honest), peers.libsecp256k1_verify(honest), None)
    ours, theirs = map(statistics.median, interleaved(figure, 15, clock))
    return 1 + 2.5 * theirs / 64 / ours


def merkle_figures() -> Iterator[Figure]:
    data = leaves(LEAVES)
    as_list = [leaf.tobytes() for leaf in data]
    yield Figure(
        "merkle root, rfc6962, 2^20 leaves",
        LEAVES,
        lambda: merkle.root(data, threads=1),
        lambda: peers.hashlib_root(as_list),
        14.0,
    )
    yield Figure(
        "merkle root, bitcoin, 2^20 leaves",
        LEAVES,
        lambda: merkle.root(data, tree="bitcoin", threads=1),
        lambda: peers.hashlib_bitcoin_root(as_list),
        15.0,
    )
    yield from (Figure(**figure) for figure in merkle_work.figures())
    yield from (Figure(**figure) for figure in chain_work.figures())


P256 = Other("P-256", p256_signatures, p256.ecdsa, peers.cryptography_p256, "cryptography", 7.0)
SM2 = Other("SM2", sm2_signatures, sm2, peers.tongsuo_sm2, "tongsuopy", 22.0)


# ---- The table ----


def judged(figure: Figure, ratio: float) -> str:
    if figure.target is None:
        return "-"
    return (
        "PASS" if (ratio >= figure.target if figure.better else ratio <= figure.target) else "MISS"
    )


def row(figure: Figure, rounds: int, clock: Clock) -> tuple[str, bool]:
    ours, theirs = interleaved(figure, rounds, clock if figure.threads == 1 else time.perf_counter)
    a, b = statistics.median(ours), statistics.median(theirs)
    ratio = b / a if figure.better else a / b
    sign = "≥" if figure.better else "≤"
    target = "-" if figure.target is None else f"{sign} {figure.target:.2f}"
    verdict = judged(figure, ratio)
    cells = [
        figure.name,
        f"{ratio:.2f}",
        target,
        verdict,
        f"{a / figure.n * 1e6:.3f} µs ({spread(ours):.0%})",
        f"{b / figure.n * 1e6:.3f} µs ({spread(theirs):.0%})",
        f"{figure.n / a:,.0f}/s",
        figure.note,
    ]
    return "| " + " | ".join(cells) + " |", verdict != "MISS"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11, help="rounds per figure (default 11)")
    parser.add_argument("--only", default="", help="only figures whose name holds this text")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="time that passed, or ran")
    options = parser.parse_args()
    clock = CLOCKS[options.clock]
    for name, value in describe().items():
        print(f"- {name}: {value}")
    print(f"- command: python {' '.join(sys.argv)}")
    print(f"- medians of {options.clock} time, {options.rounds} rounds or more, interleaved")
    print(f"- fastest device here: {fastest()}\n")
    print("| figure | ratio | target | | ours per item (spread) | theirs (spread) | ours | note |")
    print("|---|---|---|---|---|---|---|---|")
    passed = []
    for figure in figures(clock):
        if options.only in figure.name:
            text, good = row(figure, options.rounds, clock)
            print(text, flush=True)
            passed.append(good)
    print(f"\n{passed.count(False)} of {len(passed)} figures miss their target")
    return 0 if all(passed) else 1


def fastest() -> str:
    """The targets are for a machine with AVX-512 IFMA: say what this one has."""
    names = [device.name for device in verilane.devices() if device.missing is None]
    return "cpu:avx512" if "cpu:avx512" in names else f"no cpu:avx512, only {', '.join(names)}"


if __name__ == "__main__":
    sys.exit(main())
