"""What verifiers leave in memory, in a process of its own: where other tests ran, theirs comes and
goes at any time.

    python tests/verifier_memory.py calls | verifiers    # prints by how many bytes it grew
"""

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from itertools import pairwise
from pathlib import Path

from verifier_items import batch_of, valid
from verilane import DeadlineExceeded
from verilane.verifier import Verifier


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(work: Callable[[], None], *, rounds: int) -> int:
    """By how many bytes so many rounds of work make it grow. The least of several: what leaks is
    lost each time, what an allocator keeps for later is not.
    """
    sizes = []
    for _ in range(5):
        for _ in range(rounds):
            work()
        gc.collect()
        sizes.append(resident())
    return min(later - earlier for earlier, later in pairwise(sizes))


def of_calls() -> int:
    """Of some 150,000 items by all doors, cancelled and late ones too."""
    items = valid("ed25519", 60)
    with Verifier(threads=2, cache=1000, device="cpu") as verifier:

        async def in_loop() -> None:
            await asyncio.gather(*(verifier.averify(item) for item in items * 20))

        def work() -> None:
            verifier.submit_many(batch_of(items, 200), source=5).result(60)
            futures = [
                verifier.submit(item, timeout=30, source=i) for i, item in enumerate(items * 20)
            ]
            for future in futures[::3]:
                future.cancel()
            futures += [verifier.submit(item, timeout=1e-6) for item in items]
            for item in items * 5:
                verifier.verify(item)
            asyncio.run(in_loop())
            for future in futures:
                with contextlib.suppress(CancelledError, DeadlineExceeded):
                    future.result(60)

        grown = growth(work, rounds=10)
        assert verifier.stats()["tickets"] == verifier.stats()["bytes"] == 0
    return grown


def of_verifiers() -> int:
    """Of fifty verifiers, each used and closed."""
    item = valid("ed25519", 1)[0]

    def work() -> None:
        with Verifier(threads=2, device="cpu") as verifier:
            verifier.verify(item)
            verifier.submit(item).result(30)

    return growth(work, rounds=50)


if __name__ == "__main__":
    print({"calls": of_calls, "verifiers": of_verifiers}[sys.argv[1]]())
