"""What the verifier is measured with: callers of all kinds, and the same of libsecp256k1."""

import asyncio
import ctypes
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import peers
from coincurve import PublicKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from workload import packed, signatures

from verilane import secp256k1
from verilane._cpu_verifier import Request
from verilane.benchmark.machine import cores
from verilane.verifier import Batch, Item, Priority, Rules, Verifier

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from library_parts import POINTER, members
from verifier_native import address, ask

RULES = Rules("secp256k1.ecdsa")
CALLERS = 64
Run = Callable[[], object]


class Peer(ctypes.Structure):
    """peer_functions of tests/native/callers.c."""

    _fields_ = members((POINTER, "context parse_key parse_signature verify"))


def libsecp256k1() -> Peer:
    """The library that coincurve brings, called without an interpreter."""
    names = (
        "secp256k1_ec_pubkey_parse",
        "secp256k1_ecdsa_signature_parse_compact",
        "secp256k1_ecdsa_verify",
    )
    functions = (address(ffi, ffi.addressof(lib, name)) for name in names)
    return Peer(address(ffi, GLOBAL_CONTEXT.ctx), *functions)


def request(priority: Priority) -> Request:
    return Request(RULES.code, RULES.option, RULES.flags, priority, 0, 0, None)


def quiet_verifier(**options: Any) -> Verifier:
    """Nothing is remembered: every item is verified."""
    return Verifier(cache=0, **options)


def rows(n: int) -> tuple[Any, Any, Any]:
    """n rows, of no more than 4096 that differ."""
    data = signatures(min(n, 4096))
    times = -(-n // len(data))
    columns = packed(data.keys), packed(data.compact), packed(data.digests)
    return tuple(np.tile(column, (times, 1))[:n] for column in columns)  # type: ignore[return-value]


def items(n: int) -> list[Item]:
    return [Item(RULES, *(bytes(part) for part in each)) for each in zip(*rows(n), strict=True)]


# ---- Native threads ----


def native(verifier: Verifier | None, n: int, threads: int = CALLERS) -> Run:
    """n items, one after the other in each thread; no verifier: libsecp256k1."""
    columns = rows(n)
    engine, peer = (verifier._engine, None) if verifier else (None, libsecp256k1())

    def run() -> bool:
        results, _, _ = ask(engine, request(Priority.MEMPOOL), columns, threads=threads, peer=peer)
        return bool((results == 1).all())

    return run


# ---- Python ----


@cache
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CALLERS)


def python_blocking(verifier: Verifier, n: int) -> Run:
    """Calls of verify from 64 Python threads."""
    parts = _parts(items(n))
    verify = verifier.verify

    def part_of(part: list[Item]) -> bool:
        return all(verify(item) == 1 for item in part)

    return lambda: all(pool().map(part_of, parts))


def python_coincurve(n: int) -> Run:
    """The same threads, asking coincurve."""
    data = signatures(min(n, 4096))
    times = -(-n // len(data))
    triples = list(zip(data.keys, data.der, data.digests, strict=True)) * times
    parts = _parts(triples[:n])

    def part_of(part: list[tuple[bytes, bytes, bytes]]) -> bool:
        return all(PublicKey(key).verify(der, digest, None) for key, der, digest in part)

    return lambda: all(pool().map(part_of, parts))


def python_coincurve_pool(n: int) -> Run:
    """As many threads as there are cores, each with its part in one loop: coincurve's fastest."""
    data = signatures(min(n, 4096))
    columns = [column * -(-n // len(data)) for column in (data.keys, data.der, data.digests)]
    run = peers.in_threads(peers.coincurve_verify, cores(), *(column[:n] for column in columns))
    return lambda: all(run())  # type: ignore[call-overload]


def _parts(whole: list[Any]) -> list[list[Any]]:
    return [whole[i::CALLERS] for i in range(CALLERS)]


def python_many(verifier: Verifier, n: int) -> Run:
    """Calls of submit_many, with 1024 items as columns each."""
    columns = rows(n)
    batches = [
        Batch(RULES, *(column[i : i + 1024] for column in columns)) for i in range(0, n, 1024)
    ]

    def run() -> bool:
        futures = [verifier.submit_many(batch) for batch in batches]
        return all(future.result().all_ok for future in futures)

    return run


def python_many_items(verifier: Verifier, n: int) -> Run:
    """Calls of submit_many, with 1024 Items each."""
    given = items(n)
    parts = [given[i : i + 1024] for i in range(0, n, 1024)]

    def run() -> bool:
        futures = [verifier.submit_many(part) for part in parts]
        return all(future.result().all_ok for future in futures)

    return run


def python_loop(verifier: Verifier, n: int) -> Run:
    """An event loop with 1024 tasks, each of which awaits one verdict after the other."""
    given, tasks = items(n), 1024

    async def task(first: int) -> bool:
        right = True
        for item in given[first::tasks]:
            right &= await verifier.averify(item) == 1
        return right

    async def main() -> bool:
        return all(await asyncio.gather(*(task(first) for first in range(min(tasks, n)))))

    return lambda: asyncio.run(main())


def one_call(verifier: Verifier, number: int = 200) -> Run:
    given = items(number)
    return lambda: all(verifier.verify(item) == 1 for item in given)


def one_call_without(number: int = 200) -> Run:
    given = [item[1:] for item in items(number)]
    verify = secp256k1.ecdsa.verify
    return lambda: [verify(*parts) for parts in given]
