"""What is asked of every scheme but secp256k1's ECDSA (bench_ecdsa.py): verify, each beside a peer,
whose keys are parsed before for P-256 and SM2. SM2's messages are hashed here.

`pytest bench -k "sm2 and 1024items"` picks rows by parts of their names.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import peers
import pytest
from rows import BATCHES, MANY, SIGNATURE_ISAS, SLOW_PEER, sizes
from workload import (
    OtherCurve,
    ed25519_signatures,
    exceptional_sm2,
    p256_signatures,
    packed,
    schnorr_signatures,
    sm2_signatures,
)

from verilane import Verdict, ed25519, p256, secp256k1, sm2
from verilane.benchmark.machine import cores

Lists = Sequence[list[Any]]


class Scheme(NamedTuple):
    """lists: keys, signatures and messages; theirs: what the peer takes. peer_sizes: what it is
    measured with.
    """

    module: Any
    lists: Callable[[int], Lists]
    peer: Callable[..., bool]
    theirs: Callable[[int], Lists]
    peer_sizes: list[int] = BATCHES


def of_curve(made: OtherCurve) -> Lists:
    return made.keys_raw, made.compact, made.messages


def parsed(made: OtherCurve) -> Lists:
    return made.parsed, made.der, made.messages


SCHEMES = {
    "ed25519": Scheme(ed25519, ed25519_signatures, peers.pynacl_verify, ed25519_signatures),
    "schnorr": Scheme(
        secp256k1.schnorr, schnorr_signatures, peers.coincurve_schnorr, schnorr_signatures
    ),
    "p256": Scheme(
        p256.ecdsa,
        lambda n: of_curve(p256_signatures(n)),
        peers.cryptography_p256,
        lambda n: parsed(p256_signatures(n)),
        SLOW_PEER,
    ),
    "sm2": Scheme(
        sm2,
        lambda n: of_curve(sm2_signatures(n)),
        peers.tongsuo_sm2,
        lambda n: parsed(sm2_signatures(n)),
        SLOW_PEER,
    ),
}
CURVES = {"p256": p256_signatures, "sm2": sm2_signatures}
SIGNS_SM2 = pytest.mark.skipif(not find_spec("tongsuopy"), reason="tongsuopy is not installed")


def of_each(batches: Callable[[Scheme], list[int]], names: Sequence[str] = tuple(SCHEMES)) -> Any:
    """A row for each scheme and batch size, in the group of both."""
    rows = [
        pytest.param(
            name,
            n,
            marks=[
                pytest.mark.benchmark(group=f"{name}, n = {n}"),
                *([SIGNS_SM2] if name == "sm2" else []),
            ],
            id=f"{name}-{n}items",
        )
        for name in names
        for n in batches(SCHEMES[name])
    ]
    return pytest.mark.parametrize(("name", "n"), rows)


ALL = of_each(lambda _: BATCHES)


@of_each(lambda scheme: scheme.peer_sizes)
def test_peer(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    columns = scheme.theirs(n)
    assert measure(lambda: scheme.peer(*columns), n, base=True)


@sizes("ed25519", SLOW_PEER)
def test_ed25519_cryptography(measure: Any, n: int) -> None:
    columns = ed25519_signatures(n)
    assert measure(lambda: peers.cryptography_ed25519(*columns), n)


@of_each(lambda scheme: [n for n in scheme.peer_sizes if n in MANY])
def test_peer_all_cores(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    assert all(measure(peers.in_threads(scheme.peer, cores(), *scheme.theirs(n)), n))


@ALL
def test_packed(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    columns = [packed(column) for column in scheme.lists(n)]
    assert measure(lambda: scheme.module.verify_many(*columns, threads=1), n).all_ok


@sizes("schnorr")
def test_schnorr_prepared(measure: Any, n: int) -> None:
    keys, *columns = (packed(column) for column in schnorr_signatures(n))
    prepared = secp256k1.schnorr.prepare(keys)
    assert measure(lambda: secp256k1.schnorr.verify_many(prepared, *columns, threads=1), n).all_ok


@of_each(lambda _: BATCHES, tuple(CURVES))
def test_packed_compressed_keys(measure: Any, name: str, n: int) -> None:
    data, module = CURVES[name](n), SCHEMES[name].module
    keys, columns = packed(data.keys), data.columns[1:]
    assert measure(lambda: module.verify_many(keys, *columns, threads=1), n).all_ok


@ALL
def test_lists(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    columns = scheme.lists(n)
    assert measure(lambda: scheme.module.verify_many(*columns, threads=1), n).all_ok


@of_each(lambda _: MANY)
def test_packed_all_cores(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    columns = [packed(column) for column in scheme.lists(n)]
    assert measure(lambda: scheme.module.verify_many(*columns), n).all_ok


@ALL
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_packed_on(measure: Any, name: str, n: int, device: str) -> None:
    scheme, options = SCHEMES[name], {"device": device, "threads": 1}
    columns = [packed(column) for column in scheme.lists(n)]
    assert measure(lambda: scheme.module.verify_many(*columns, **options), n).all_ok


@of_each(lambda _: [1])
def test_one(measure: Any, name: str, n: int) -> None:
    scheme = SCHEMES[name]
    item = [column[0] for column in scheme.lists(n)]
    assert measure(lambda: scheme.module.verify(*item), n) is None


# ---- Exceptional items only: what an attacker would send ----

EXCEPTIONAL = "sm2, every item exceptional"


@SIGNS_SM2
@sizes(EXCEPTIONAL, [64, 1024])
def test_sm2_exceptional_tongsuo(measure: Any, n: int) -> None:
    """Honest items: what the peer costs does not depend on the item."""
    data = sm2_signatures(n)
    columns = data.parsed, data.der, data.messages
    assert measure(lambda: peers.tongsuo_sm2(*columns), n, base=True)


@SIGNS_SM2
@sizes(EXCEPTIONAL, [64, 1024])
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_sm2_exceptional_on(measure: Any, n: int, device: str) -> None:
    keys, signed, digests = (packed(column) for column in exceptional_sm2(n))
    options = {"digests": digests, "device": device, "threads": 1}
    verdicts = measure(lambda: sm2.verify_many(keys, signed, **options), n)
    assert set(verdicts) == {Verdict.MISMATCH}
