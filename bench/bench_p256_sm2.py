"""P-256 ECDSA and SM2: verify, beside OpenSSL (cryptography) and Tongsuo (tongsuopy), whose keys
are parsed before. SM2's messages are hashed here.

`pytest bench -k "sm2 and n=1024"` picks rows by parts of their names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import peers
import pytest
from rows import BATCHES, MANY, SIGNATURE_ISAS, SLOW_PEER, sizes
from workload import OtherCurve, exceptional_sm2, p256_signatures, packed, sm2_signatures

from verilane import Verdict, p256, sm2
from verilane.benchmark.machine import cores


@dataclass(frozen=True)
class Scheme:
    name: str
    module: Any
    signed: Callable[[int], OtherCurve]
    peer: Callable[..., bool]


SCHEMES = [Scheme("p256", p256.ecdsa, p256_signatures, peers.cryptography_p256)]
if find_spec("tongsuopy"):
    SCHEMES.append(Scheme("sm2", sm2, sm2_signatures, peers.tongsuo_sm2))


def of_each(batches: list[int] = BATCHES) -> Any:
    """A row for each scheme and batch size, in the group of both."""
    rows = [
        pytest.param(
            scheme,
            n,
            marks=pytest.mark.benchmark(group=f"{scheme.name}, n = {n}"),
            id=f"{scheme.name}-n={n}",
        )
        for scheme in SCHEMES
        for n in batches
    ]
    return pytest.mark.parametrize(("scheme", "n"), rows)


@of_each(SLOW_PEER)
def test_peer_parsed(measure: Any, scheme: Scheme, n: int) -> None:
    data = scheme.signed(n)
    assert measure(lambda: scheme.peer(data.parsed, data.der, data.messages), n, base=True)


@of_each([1024])
def test_peer_parsed_all_cores(measure: Any, scheme: Scheme, n: int) -> None:
    data = scheme.signed(n)
    run = peers.in_threads(scheme.peer, cores(), data.parsed, data.der, data.messages)
    assert all(measure(run, n))


@of_each()
def test_packed(measure: Any, scheme: Scheme, n: int) -> None:
    columns = scheme.signed(n).columns
    assert measure(lambda: scheme.module.verify_many(*columns, threads=1), n).all_ok


@of_each()
def test_packed_compressed_keys(measure: Any, scheme: Scheme, n: int) -> None:
    data = scheme.signed(n)
    keys, columns = packed(data.keys), data.columns[1:]
    assert measure(lambda: scheme.module.verify_many(keys, *columns, threads=1), n).all_ok


@of_each()
def test_lists(measure: Any, scheme: Scheme, n: int) -> None:
    data = scheme.signed(n)
    columns = data.keys_raw, data.compact, data.messages
    assert measure(lambda: scheme.module.verify_many(*columns, threads=1), n).all_ok


@of_each(MANY)
def test_packed_all_cores(measure: Any, scheme: Scheme, n: int) -> None:
    columns = scheme.signed(n).columns
    assert measure(lambda: scheme.module.verify_many(*columns), n).all_ok


@of_each()
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_packed_on(measure: Any, scheme: Scheme, n: int, device: str) -> None:
    options = {"device": device, "threads": 1}
    columns = scheme.signed(n).columns
    assert measure(lambda: scheme.module.verify_many(*columns, **options), n).all_ok


@of_each([1])
def test_one(measure: Any, scheme: Scheme, n: int) -> None:
    data = scheme.signed(n)
    item = data.keys_raw[0], data.compact[0], data.messages[0]
    assert measure(lambda: scheme.module.verify(*item), n) is None


# ---- Exceptional items only: what an attacker would send ----

EXCEPTIONAL = "sm2, every item exceptional"


@sizes(EXCEPTIONAL, [64, 1024])
def test_sm2_exceptional_tongsuo(measure: Any, n: int) -> None:
    """Honest items: what the peer costs does not depend on the item."""
    pytest.importorskip("tongsuopy")
    data = sm2_signatures(n)
    columns = data.parsed, data.der, data.messages
    assert measure(lambda: peers.tongsuo_sm2(*columns), n, base=True)


@sizes(EXCEPTIONAL, [64, 1024])
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_sm2_exceptional_on(measure: Any, n: int, device: str) -> None:
    pytest.importorskip("tongsuopy")
    keys, signed, digests = (packed(column) for column in exceptional_sm2(n))
    options = {"digests": digests, "device": device, "threads": 1}
    verdicts = measure(lambda: sm2.verify_many(keys, signed, **options), n)
    assert set(verdicts) == {Verdict.MISMATCH}
