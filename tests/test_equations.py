"""What batch equations are made of, of every scheme that has one: sums of many multiples on each
instruction set, coefficients, and the search for bad items. What is of one scheme is in
test_ed25519_msm.py and test_schnorr_msm.py.
"""

import hashlib
import random
from typing import Any

import pytest

import ed25519_sums
import schnorr_sums
from library_parts import BLOCK, need

RNG = random.Random("equations")
MACHINES = [(sums, isa) for sums in (ed25519_sums, schnorr_sums) for isa in sums.ISAS]


def name_of(machine: tuple[Any, str]) -> str:
    return f"{machine[0].__name__}-{machine[1]}"


class Scheme:
    """One of the modules of sums, on one machine."""

    def __init__(self, sums: Any, isa: str) -> None:
        self.sums, self.machine = sums, sums.Machine(need(isa))

    def items(self, errors: list[int], *seed: bytes) -> Any:
        return self.sums.Items(self.machine, errors, *seed)


@pytest.fixture(params=MACHINES, ids=name_of)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return Scheme(*request.param)


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        pytest.param(machine, width, id=f"{name_of(machine)}-{width}")
        for machine in MACHINES
        for width in machine[0].WIDTHS
    ],
    indirect=["scheme"],
)
def test_random_and_special_terms(scheme: Scheme, width: int) -> None:
    rng, some_kind = random.Random(width), scheme.sums.some_kind
    for n in (*range(1, 19), 63, 64, 65, 300):
        kinds = [some_kind(n, rng), some_kind(rng.choice([1, n]), rng), some_kind(n, rng, True)]
        for chosen in (kinds, kinds[:1], kinds[2:]):
            assert scheme.machine.msm(chosen, width) == scheme.sums.expected(chosen)


def test_coefficients_are_the_seeds(scheme: Scheme) -> None:
    """Digest after digest of the seed and a counter, which begins with 7 (Items)."""
    seed = RNG.randbytes(32)
    stream = b"".join(
        hashlib.new(scheme.sums.HASH, seed + counter.to_bytes(8, "little")).digest()
        for counter in range(7, 600)
    )
    for n in (1, 2, 3, 4, 5, 127, 128, 129, 255, 256, 257, 1024):
        e = scheme.items([0] * n, seed).e
        assert bytes(e.z)[: 16 * n] == stream[: 16 * n]
        assert bytes(e.z)[16 * n :] == bytes(16 * (BLOCK - n))


@pytest.mark.parametrize("n", [1, 2, 32, 33, 64, 100, 1000])
def test_halving_finds_the_one_bad_item(scheme: Scheme, n: int) -> None:
    for bad in {0, n // 3, n // 2, n - 1}:
        good = scheme.items([int(i == bad) for i in range(n)]).good()
        assert good[bad] == 0
        assert good.count(0) <= 32


def test_halving_with_many_bad_items(scheme: Scheme) -> None:
    rng = random.Random("many")
    for n, count in ((64, 2), (200, 2), (300, 300), (500, 40), (1000, 2)):
        bad = set(rng.sample(range(n), count))
        good = scheme.items([int(i in bad) for i in range(n)]).good()
        assert not any(good[i] for i in bad)
        if count == 2:
            assert good.count(0) <= n // 2 + 64
