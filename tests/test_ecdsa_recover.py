"""Public-key recovery, SEC 1 v2.0 section 4.1.6, against the reference and libsecp256k1."""

from dataclasses import dataclass

import numpy as np
import pytest
from coincurve import PrivateKey, PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verilane
from exceptional_items import exceptional_items, one_of_each_kind
from items import honest_items, negated_s
from reference import ecdsa
from reference.secp256k1 import N, P, decode_point, encode_point, lift_x, multiply_base
from strategies import recoveries
from verilane import secp256k1

SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 129, 511, 512, 513, 1025]
NOTHING = bytes(64)


@dataclass(frozen=True)
class Case:
    name: str
    signature: bytes
    digest: bytes
    verdict: int
    key: bytes = NOTHING


def assert_recovered(cases: list[Case], isa: str, *, low_s: bool = False) -> None:
    keys, verdicts = secp256k1.ecdsa.recover_many(
        [case.signature for case in cases],
        [case.digest for case in cases],
        low_s=low_s,
        device=isa,
        threads=1,
    )
    assert keys.shape == (len(cases), 64)
    assert keys.dtype == np.uint8
    wrong = [
        f"{index} of {len(cases)}: {case.name}: expected {case.verdict} {case.key.hex()}, "
        f"got {code} {key.tobytes().hex()}"
        for index, (case, code, key) in enumerate(zip(cases, verdicts.codes, keys, strict=True))
        if code != case.verdict or key.tobytes() != case.key
    ]
    assert not wrong, "\n".join(wrong[:20])


def by_reference(name: str, signature: bytes, digest: bytes, *, low_s: bool = False) -> Case:
    return Case(name, signature, digest, *ecdsa.recover(signature, digest, low_s=low_s))


def from_scalars(name: str, u1: int, u2: int, q: int) -> Case:
    """The case whose recovery computes u1 G + u2 R with R = q G: r = R.x, s = u2 r, e = -u1 r."""
    point = multiply_base(q)
    assert point is not None
    r = point[0] % N
    recovery_id = 2 * (point[0] >= N) + point[1] % 2
    digest = (-u1 * r % N).to_bytes(32, "big")
    signature = ecdsa.compact(r, u2 * r % N) + bytes([recovery_id])
    key = multiply_base(u1 + u2 * q)
    if key is None:
        return Case(name, signature, digest, ecdsa.BAD_SIGNATURE)
    return Case(name, signature, digest, ecdsa.OK, encode_point(key, "raw"))


def honest_cases(count: int) -> list[Case]:
    """Signed by libsecp256k1, every 7th with s high and its id flipped (the same key)."""
    cases = []
    for index in range(count):
        private = PrivateKey.from_int(index + 1)
        digest = index.to_bytes(32, "big")
        signature = private.sign_recoverable(digest, hasher=None)
        if index % 7 == 3:
            signature = negated_s(signature[:64]) + bytes([signature[64] ^ 1])
        key = private.public_key.format(compressed=False)[1:]
        cases.append(Case(f"honest {index}", signature, digest, ecdsa.OK, key))
    return cases


HONEST = honest_cases(1025)
CHOSEN = [(item.name, item.scalars) for item in exceptional_items() if item.scalars is not None]
EXCEPTIONAL = [from_scalars(name, *scalars) for name, scalars in CHOSEN]


def refused_cases() -> list[Case]:
    """Ids, ranges and points that give no key; r + n < p, where ids 2 and 3 do."""
    good = HONEST[0]
    lonely = next(x for x in range(1, 50) if lift_x(x, 0) is None)
    cases = [
        by_reference(f"id {i}", good.signature[:64] + bytes([i]), good.digest)
        for i in (*range(8), 127, 128, 255)
    ]
    for value in (0, N, N + 1, P, 2**256 - 1):
        word = value.to_bytes(32, "big")
        bad_r, bad_s = word + good.signature[32:], good.signature[:32] + word + b"\0"
        cases.append(Case(f"r = {value:x}", bad_r, good.digest, ecdsa.BAD_SIGNATURE))
        cases.append(Case(f"s = {value:x}", bad_s, good.digest, ecdsa.BAD_SIGNATURE))
    for r in (1, 2, lonely, P - N - 1, P - N, P - N + 1, N - 1):
        for recovery_id in range(4):
            signature = ecdsa.compact(r, 5) + bytes([recovery_id])
            cases.append(by_reference(f"r = {r:x}, id {recovery_id}", signature, good.digest))
    for cut in (0, 1, 64, 66):
        signature = (good.signature + b"\0")[:cut]
        cases.append(by_reference(f"{cut} bytes", signature, good.digest))
    for length in (0, 31, 33):
        cases.append(by_reference(f"digest of {length} bytes", good.signature, bytes(length)))
        signature = ecdsa.compact(lonely, 5) + b"\0"
        cases.append(by_reference("no R and a bad digest", signature, bytes(length)))
    return cases


REFUSED = refused_cases()


def test_the_cases_are_what_they_claim() -> None:
    verdicts = [case.verdict for case in EXCEPTIONAL + REFUSED]
    assert verdicts.count(ecdsa.OK) > 500
    assert verdicts.count(ecdsa.BAD_SIGNATURE) > 50
    assert any(case.signature[64:] in (b"\2", b"\3") for case in REFUSED if case.verdict == 1)
    by_name = {case.name: case.verdict for case in REFUSED}
    assert by_name["no R and a bad digest"] == ecdsa.BAD_SIGNATURE
    assert by_name["digest of 31 bytes"] == ecdsa.BAD_MESSAGE


def recovered_by_libsecp256k1(case: Case) -> bytes:
    try:
        key = PublicKey.from_signature_and_message(case.signature, case.digest, hasher=None)
    except ValueError:
        return NOTHING
    return key.format(compressed=False)[1:]


def test_reference_and_libsecp256k1_agree() -> None:
    for case in EXCEPTIONAL[::5] + REFUSED:
        assert ecdsa.recover(case.signature, case.digest) == (case.verdict, case.key), case.name
    for case in EXCEPTIONAL:
        assert recovered_by_libsecp256k1(case) == case.key, case.name


def test_all_at_once(isa: str) -> None:
    assert_recovered(EXCEPTIONAL + REFUSED, isa)
    assert_recovered(REFUSED + EXCEPTIONAL[::-1], isa)


def test_every_id_of_exceptional_signatures(isa: str) -> None:
    """The signatures of the verify tests, with all four ids; most have no point for ids 2, 3."""
    cases = [
        by_reference(f"{item.name}, id {i}", item.signature + bytes([i]), item.digest)
        for item in one_of_each_kind()
        for i in range(4)
    ]
    assert_recovered(cases, isa)


@pytest.mark.parametrize("position", range(18))
def test_every_position(isa: str, position: int) -> None:
    kinds = {case.name.split(":")[0]: case for case in EXCEPTIONAL + REFUSED}
    for index, case in enumerate(kinds.values()):
        batch = HONEST[index : index + 18]
        batch[position] = case
        assert_recovered(batch, isa)
        assert_recovered([*HONEST[index : index + position], case], isa)


@pytest.mark.parametrize("n", SIZES)
def test_sizes(isa: str, n: int) -> None:
    assert_recovered(HONEST[:n], isa)
    signatures = b"".join(case.signature for case in HONEST[:n])
    digests = b"".join(case.digest for case in HONEST[:n])
    keys, verdicts = secp256k1.ecdsa.recover_many(signatures, digests, device=isa)
    assert keys.tobytes() == b"".join(case.key for case in HONEST[:n])
    assert verdicts.all_ok
    assert len(verdicts) == n


def test_low_s(isa: str) -> None:
    cases = [
        by_reference(case.name, case.signature, case.digest, low_s=True) for case in HONEST[:100]
    ]
    assert {case.verdict for case in cases} == {ecdsa.OK, ecdsa.BAD_SIGNATURE}
    assert_recovered(cases, isa, low_s=True)


def test_digests_not_below_n(isa: str) -> None:
    digests = [value.to_bytes(32, "big") for value in (N - 1, N, N + 1, 2**256 - 1)]
    cases = [by_reference("digest", HONEST[5].signature, digest) for digest in digests]
    assert_recovered(cases, isa)


def test_hostile_bytes(isa: str) -> None:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(recoveries(), max_size=10), st.booleans())
    def run(batch: list[tuple[bytes, bytes]], low_s: bool) -> None:
        cases = [by_reference("hostile", *pair, low_s=low_s) for pair in batch]
        assert_recovered(cases, isa, low_s=low_s)

    run()


def test_recovered_keys_verify(isa: str) -> None:
    """Whatever key comes out verifies the signature, also where x overflows and e or u2 is odd."""
    cases = [case for case in EXCEPTIONAL + REFUSED if case.verdict == ecdsa.OK]
    keys, verdicts = secp256k1.ecdsa.recover_many(
        [case.signature for case in cases], [case.digest for case in cases], device=isa
    )
    assert verdicts.all_ok
    again = secp256k1.ecdsa.verify_many(
        keys,
        [case.signature[:64] for case in cases],
        [case.digest for case in cases],
        device=isa,
    )
    assert again.all_ok


def test_recover_one(isa: str) -> None:
    case = HONEST[3]
    assert secp256k1.ecdsa.recover(case.signature, case.digest, device=isa) == case.key
    for low_s, signature in ((True, case.signature), (False, case.signature[:64] + b"\4")):
        with pytest.raises(verilane.InvalidSignature) as caught:
            secp256k1.ecdsa.recover(signature, case.digest, low_s=low_s, device=isa)
        assert caught.value.verdict == ecdsa.BAD_SIGNATURE


def test_verify_items_recover_their_keys(isa: str) -> None:
    """Honest items of the verify tests: one of ids 0 and 1 gives the key that verifies."""
    items = [item for item in honest_items()[:60] if item.verdict == ecdsa.OK]
    found = [
        secp256k1.ecdsa.recover_many(
            [item.signature + bytes([i]) for item in items],
            [item.digest for item in items],
            device=isa,
        )[0]
        for i in (0, 1)
    ]
    for index, item in enumerate(items):
        key = encode_point(decode_point(item.key), "raw")
        assert key in (found[0][index].tobytes(), found[1][index].tobytes())


def test_parity_ids_refuse_overflow(isa: str) -> None:
    r = next(r for r in range(1, 1000) if lift_x(r + N, 0) is not None and lift_x(r, 0) is not None)
    signatures = [r.to_bytes(32, "big") + (5).to_bytes(32, "big") + bytes([i]) for i in range(4)]
    digests = [bytes(32)] * 4
    keys, verdicts = secp256k1.ecdsa.recover_many(signatures, digests, device=isa)
    assert verdicts.all_ok, "the standard takes r + n"
    few, strict = secp256k1.ecdsa.recover_many(signatures, digests, parity_ids=True, device=isa)
    assert strict.codes.tolist() == [1, 1, 3, 3]
    assert few[:2].tolist() == keys[:2].tolist()
    assert not few[2:].any()
    for signature in signatures[2:]:
        with pytest.raises(verilane.InvalidSignature):
            secp256k1.ecdsa.recover(signature, digests[0], parity_ids=True, device=isa)
