"""secp256k1 ECDSA: verify and recover, beside libsecp256k1 (coincurve) and OpenSSL (cryptography).

`pytest bench -k "verify and 1024items"` picks rows by parts of their names.
"""

from typing import Any

import peers
import pytest
from rows import MANY, SIGNATURE_ISAS, SLOW_PEER, sizes
from workload import exceptional, packed, parsed_keys, signatures

from verilane import Verdict, secp256k1
from verilane.benchmark.machine import cores

verify_many = secp256k1.ecdsa.verify_many
recover_many = secp256k1.ecdsa.recover_many


# ---- Verify ----


@sizes("verify")
def test_verify_coincurve(measure: Any, n: int) -> None:
    data = signatures(n)
    arguments = data.keys, data.der, data.digests
    assert measure(lambda: peers.coincurve_verify(*arguments), n, base=True)


@sizes("verify")
def test_verify_coincurve_parsed(measure: Any, n: int) -> None:
    data = signatures(n)
    arguments = parsed_keys(n), data.der, data.digests
    assert measure(lambda: peers.coincurve_verify_parsed(*arguments), n)


@sizes("verify", MANY)
def test_verify_coincurve_all_cores(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = data.keys, data.der, data.digests
    assert all(measure(peers.in_threads(peers.coincurve_verify, cores(), *columns), n))


@sizes("verify", SLOW_PEER)
def test_verify_cryptography(measure: Any, n: int) -> None:
    data = signatures(n)
    arguments = data.keys_uncompressed, data.der, data.digests
    assert measure(lambda: peers.cryptography_verify(*arguments), n)


@sizes("verify")
def test_verify_packed(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = packed(data.keys), packed(data.compact), packed(data.digests)
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("verify")
def test_verify_packed_raw_keys(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = packed(data.keys_raw), packed(data.compact), packed(data.digests)
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("verify")
def test_verify_prepared(measure: Any, n: int) -> None:
    data = signatures(n)
    keys = secp256k1.ecdsa.prepare(packed(data.keys))
    columns = packed(data.compact), packed(data.digests)
    assert measure(lambda: verify_many(keys, *columns, threads=1), n).all_ok


@sizes("verify")
def test_verify_lists(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = data.keys, data.compact, data.digests
    assert measure(lambda: verify_many(*columns, threads=1), n).all_ok


@sizes("verify")
def test_verify_lists_der(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = data.keys, data.der, data.digests
    assert measure(lambda: verify_many(*columns, encoding="der", threads=1), n).all_ok


@sizes("verify", MANY)
def test_verify_packed_all_cores(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = packed(data.keys), packed(data.compact), packed(data.digests)
    assert measure(lambda: verify_many(*columns), n).all_ok


@sizes("verify")
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_verify_packed_on(measure: Any, n: int, device: str) -> None:
    data = signatures(n)
    columns = packed(data.keys), packed(data.compact), packed(data.digests)
    assert measure(lambda: verify_many(*columns, device=device, threads=1), n).all_ok


@sizes("verify", [1])
def test_verify_one(measure: Any, n: int) -> None:
    data = signatures(n)
    item = data.keys[0], data.compact[0], data.digests[0]
    assert measure(lambda: secp256k1.ecdsa.verify(*item), n) is None


# ---- Exceptional items only: what an attacker would send ----


@sizes("verify, every item exceptional", [64, 1024])
def test_exceptional_coincurve(measure: Any, n: int) -> None:
    """Honest items: libsecp256k1's formulas are complete, its cost does not depend on the item."""
    data = signatures(n)
    arguments = parsed_keys(n), data.der, data.digests
    assert measure(lambda: peers.coincurve_verify_parsed(*arguments), n, base=True)


@sizes("verify, every item exceptional", [64, 1024])
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_exceptional_on(measure: Any, n: int, device: str) -> None:
    columns = tuple(packed(column) for column in exceptional(n))
    verdicts = measure(lambda: verify_many(*columns, device=device, threads=1), n)
    assert set(verdicts) == {Verdict.MISMATCH}


# ---- Recover ----


@sizes("recover")
def test_recover_coincurve(measure: Any, n: int) -> None:
    data = signatures(n)
    arguments = data.recoverable, data.digests
    assert len(measure(lambda: peers.coincurve_recover(*arguments), n, base=True)) == n


@sizes("recover", MANY)
def test_recover_coincurve_all_cores(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = data.recoverable, data.digests
    measure(peers.in_threads(peers.coincurve_recover, cores(), *columns), n)


@sizes("recover")
def test_recover_packed(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = packed(data.recoverable), packed(data.digests)
    keys, _ = measure(lambda: recover_many(*columns, threads=1), n)
    assert keys.tobytes() == b"".join(data.keys_raw)


@sizes("recover")
def test_recover_lists(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = data.recoverable, data.digests
    assert measure(lambda: recover_many(*columns, threads=1), n)[1].all_ok


@sizes("recover", MANY)
def test_recover_packed_all_cores(measure: Any, n: int) -> None:
    data = signatures(n)
    columns = packed(data.recoverable), packed(data.digests)
    assert measure(lambda: recover_many(*columns), n)[1].all_ok


@sizes("recover")
@pytest.mark.parametrize("device", SIGNATURE_ISAS)
def test_recover_packed_on(measure: Any, n: int, device: str) -> None:
    data = signatures(n)
    columns = packed(data.recoverable), packed(data.digests)
    assert measure(lambda: recover_many(*columns, device=device, threads=1), n)[1].all_ok
