"""Many Python threads, several workers, and a fork: the same verdicts."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from exceptional_items import exceptional_items
from forks import needs_fork, succeeds_in_a_child
from items import honest_items
from verilane import merkle, secp256k1

ITEMS = [*honest_items()[:900], *exceptional_items()[::9]]
COLUMNS = (
    [item.key for item in ITEMS],
    [item.signature for item in ITEMS],
    [item.digest for item in ITEMS],
)
EXPECTED = [item.verdict for item in ITEMS]


def verify(isa: str | None, threads: int | None) -> list[int]:
    return secp256k1.ecdsa.verify_many(*COLUMNS, device=isa, threads=threads).codes.tolist()


@pytest.mark.parametrize("threads", [1, 2, 3, 7, None])
def test_workers_do_not_change_verdicts(isa: str, threads: int | None) -> None:
    assert verify(isa, threads) == EXPECTED


@pytest.mark.parametrize("threads", [2, 5, None])
def test_workers_do_not_change_recovered_keys(isa: str, threads: int | None) -> None:
    signatures = [item.signature[:64] + bytes([index % 4]) for index, item in enumerate(ITEMS)]
    columns = signatures, COLUMNS[2]
    keys, verdicts = secp256k1.ecdsa.recover_many(*columns, device=isa, threads=1)
    more_keys, more = secp256k1.ecdsa.recover_many(*columns, device=isa, threads=threads)
    assert more == verdicts
    assert np.array_equal(more_keys, keys)


def test_many_python_threads(isa: str) -> None:
    """12 threads at once, some of which start workers of their own."""
    with ThreadPoolExecutor(12) as pool:
        jobs = [pool.submit(verify, isa, 1 + index % 3) for index in range(24)]
        assert all(job.result() == EXPECTED for job in jobs)


def test_many_python_threads_one_item_each(isa: str) -> None:
    valid = [item for item in honest_items() if item.verdict == 1][:100]

    def check(index: int) -> None:
        item = valid[index % len(valid)]
        secp256k1.ecdsa.verify(item.key, item.signature, item.digest, device=isa)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check, range(400)))


def test_first_use_from_many_threads() -> None:
    """Tables are made once: a fresh process whose first calls come all at once."""
    code = f"""
import threading
from concurrent.futures import ThreadPoolExecutor
from verilane import secp256k1
item = {(ITEMS[0].key, ITEMS[0].signature, ITEMS[0].digest)!r}
barrier = threading.Barrier(16)
def work(_):
    barrier.wait()
    return secp256k1.ecdsa.verify_many(*([part] * 9 for part in item), threads=1).codes.tolist()
with ThreadPoolExecutor(16) as pool:
    assert all(codes == [{EXPECTED[0]}] * 9 for codes in pool.map(work, range(16)))
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@needs_fork
def test_fork_after_use(isa: str) -> None:
    """A child of a process that has used its workers verifies and hashes with workers again."""
    assert verify(isa, 2) == EXPECTED
    root = merkle.root([bytes(32)] * 5000)
    assert succeeds_in_a_child(
        lambda: verify(isa, 2) == EXPECTED and merkle.root([bytes(32)] * 5000) == root
    )
    assert verify(isa, 2) == EXPECTED
