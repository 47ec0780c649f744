"""Any bytes, any options, on either curve: Verilane's verdict is the reference's, and nothing ever
raises.
"""

import random
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from items import negated_s
from outcomes import verdict_of
from reference import der, ecdsa
from schemes import SCHEMES, Scheme
from strategies import Check, checks, random_checks
from verilane import Verdict

# The fixture `isa` is a name, the same for every example.
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KEY_FORMS = st.sampled_from(["any", "sec1", "compressed"])
SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1025]


@pytest.fixture(params=SCHEMES, ids=lambda scheme: scheme.name)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return request.param


def assert_like_the_reference(scheme: Scheme, batch: list[Check], isa: str, **options: Any) -> None:
    columns = [[getattr(x, part) for x in batch] for part in ("key", "signature", "digest")]
    got = scheme.module.verify_many(*columns, **options, device=isa)
    expected = [
        ecdsa.verify(x.key, x.signature, x.digest, **options, curve=scheme.curve) for x in batch
    ]
    assert got.codes.tolist() == expected
    assert list(got) == [Verdict(code) for code in expected]
    assert got.all_ok == all(code == ecdsa.OK for code in expected)
    assert got.failed.tolist() == [i for i, code in enumerate(expected) if code != ecdsa.OK]


@pytest.mark.parametrize("encoding", ["compact", "der", "der-lax"])
def test_hostile_bytes(scheme: Scheme, isa: str, encoding: str) -> None:
    @PROPERTY
    @given(
        batch=st.lists(checks(encoding, scheme.curve), max_size=10),
        low_s=st.booleans(),
        hybrid_keys=st.booleans(),
        key_form=KEY_FORMS,
    )
    def run(batch: list[Check], **options: Any) -> None:
        assert_like_the_reference(scheme, batch, isa, encoding=encoding, **options)

    run()


@pytest.mark.parametrize("encoding", ["compact", "der", "der-lax"])
def test_random_bytes(scheme: Scheme, isa: str, encoding: str) -> None:
    """Thousands at a time."""
    batch = random_checks(encoding, 3000)
    assert_like_the_reference(scheme, batch, isa, encoding=encoding, hybrid_keys=True)


def test_every_prefix_of_valid_encodings(scheme: Scheme, isa: str) -> None:
    """Cut anywhere, key, signature and digest are refused and nothing beyond them is read."""
    item = scheme.honest()[0]
    r, s = ecdsa.parse_signature(item.signature, curve=scheme.curve)
    encodings = {
        "compact": item.signature,
        "der": der.encode(r, s),
        "der-lax": der.encode(r, s) + bytes(3),
    }
    for encoding, signature in encodings.items():
        batch = [Check(item.key[:cut], signature, item.digest) for cut in range(len(item.key))]
        batch += [Check(item.key, signature[:cut], item.digest) for cut in range(len(signature))]
        batch += [Check(item.key, signature, item.digest[:cut]) for cut in range(33)]
        assert_like_the_reference(scheme, batch, isa, encoding=encoding)


@pytest.mark.parametrize("n", SIZES)
def test_sizes(scheme: Scheme, isa: str, n: int) -> None:
    """Valid and invalid ones mixed; as lists of keys of three widths, and packed."""
    items = scheme.honest()[:n]
    expected = [item.verdict for item in items]
    assert len(items) == n
    keys, signatures = [item.key for item in items], [item.signature for item in items]
    digests = [item.digest for item in items]
    got = scheme.module.verify_many(keys, signatures, digests, device=isa)
    assert got.codes.tolist() == expected
    assert len(got) == n
    points = [scheme.curve.decode_point(key) for key in keys]
    rows = [list(scheme.curve.encode_point(point, "raw")) for point in points]
    raw = np.array(rows, np.uint8).reshape(n, 64)
    packed = scheme.module.verify_many(raw, b"".join(signatures), b"".join(digests), device=isa)
    assert packed.codes.tolist() == expected


@pytest.mark.parametrize("n", [1, 8, 65, 512])
@pytest.mark.parametrize("code", [ecdsa.OK, ecdsa.MISMATCH])
def test_all_alike(scheme: Scheme, isa: str, n: int, code: int) -> None:
    items = [item for item in scheme.honest() if item.verdict == code] * 4
    columns = zip(*((item.key, item.signature, item.digest) for item in items[:n]), strict=True)
    got = scheme.module.verify_many(*map(list, columns), device=isa)
    assert got.codes.tolist() == [code] * n
    assert got.all_ok == (code == ecdsa.OK)


def test_low_s_is_an_option(scheme: Scheme, isa: str) -> None:
    valid = [item for item in scheme.honest() if item.verdict == ecdsa.OK][:70]
    pairs = [(item.signature, negated_s(item.signature, scheme.curve)) for item in valid]
    signatures = [signature for pair in pairs for signature in pair]
    columns = (
        [item.key for item in valid for _ in range(2)],
        signatures,
        [item.digest for item in valid for _ in range(2)],
    )
    low = [int.from_bytes(signature[32:], "big") <= scheme.curve.N // 2 for signature in signatures]
    assert scheme.module.verify_many(*columns, device=isa).all_ok
    got = scheme.module.verify_many(*columns, low_s=True, device=isa)
    assert got.codes.tolist() == [ecdsa.OK if each else ecdsa.BAD_SIGNATURE for each in low]
    assert sum(low) == 70


def test_with_peers(scheme: Scheme, isa: str) -> None:
    """400 signatures, a third of them with one bit of r, s or the digest changed."""
    rng = random.Random("peers")
    keys, signatures, digests, accepted = [], [], [], []
    valid = [item for item in scheme.honest() if item.verdict == ecdsa.OK][:400]
    for item in valid:
        blob = bytearray(item.signature + item.digest)
        if rng.randrange(3) == 0:
            blob[rng.randrange(96)] ^= 1 << rng.randrange(8)
        signature, digest = bytes(blob[:64]), bytes(blob[64:])
        parsed = ecdsa.parse_signature(signature, curve=scheme.curve)
        assert parsed is not None
        accepted.append(scheme.accepted(item.key, *parsed, digest))
        keys.append(item.key)
        signatures.append(signature)
        digests.append(digest)
    got = scheme.module.verify_many(keys, signatures, digests, device=isa)
    expected = [ecdsa.OK if each else ecdsa.MISMATCH for each in accepted]
    assert got.codes.tolist() == expected
    assert 200 < sum(accepted) < 350


def test_repeated_items_and_keys(scheme: Scheme, isa: str) -> None:
    """The same key, the same signature, and one signature under many keys, within one batch."""
    items = scheme.honest()[:24]
    batch = [
        Check(keyed.key, signed.signature, signed.digest) for keyed in items for signed in items
    ]
    assert_like_the_reference(scheme, batch, isa)


def test_verify_one(scheme: Scheme, isa: str) -> None:
    for item in scheme.honest()[:40]:
        call = partial(scheme.module.verify, item.key, item.signature, item.digest, device=isa)
        assert verdict_of(call) == item.verdict


def test_verify_one_takes_hostile_bytes(scheme: Scheme, isa: str) -> None:
    @PROPERTY
    @given(checks("der-lax", scheme.curve), st.booleans(), st.booleans())
    def run(check: Check, low_s: bool, hybrid_keys: bool) -> None:
        arguments = check.key, check.signature, check.digest
        options = {"encoding": "der-lax", "low_s": low_s, "hybrid_keys": hybrid_keys}
        call = partial(scheme.module.verify, *arguments, **options, device=isa)
        assert verdict_of(call) == ecdsa.verify(*arguments, **options, curve=scheme.curve)

    run()
