"""Any bytes, any options: Verilane's verdict is the reference's, and nothing ever raises."""

import random

import numpy as np
import pytest
from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature as OpenSSLInvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verilane
from items import honest_items, negated_s
from reference import der, ecdsa
from reference.secp256k1 import decode_point, encode_point
from strategies import Check, checks, random_checks
from verilane import Verdict, secp256k1

# The fixture `isa` is a name, the same for every example.
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KEY_FORMS = st.sampled_from(["any", "sec1", "compressed"])
SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1025]


def assert_like_the_reference(
    batch: list[Check],
    isa: str,
    *,
    encoding: str,
    low_s: bool,
    hybrid_keys: bool,
    key_form: str = "any",
) -> None:
    got = secp256k1.ecdsa.verify_many(
        [check.key for check in batch],
        [check.signature for check in batch],
        [check.digest for check in batch],
        encoding=encoding,
        low_s=low_s,
        hybrid_keys=hybrid_keys,
        key_form=key_form,
        device=isa,
    )
    expected = [
        ecdsa.verify(
            check.key,
            check.signature,
            check.digest,
            encoding=encoding,
            low_s=low_s,
            hybrid_keys=hybrid_keys,
            key_form=key_form,
        )
        for check in batch
    ]
    assert got.codes.tolist() == expected
    assert list(got) == [Verdict(code) for code in expected]
    assert got.all_ok == all(code == ecdsa.OK for code in expected)
    assert got.failed.tolist() == [i for i, code in enumerate(expected) if code != ecdsa.OK]


@pytest.mark.parametrize("encoding", ["compact", "der", "der-lax"])
def test_hostile_bytes(isa: str, encoding: str) -> None:
    @PROPERTY
    @given(st.lists(checks(encoding), max_size=10), st.booleans(), st.booleans(), KEY_FORMS)
    def run(batch: list[Check], low_s: bool, hybrid_keys: bool, key_form: str) -> None:
        assert_like_the_reference(
            batch,
            isa,
            encoding=encoding,
            low_s=low_s,
            hybrid_keys=hybrid_keys,
            key_form=key_form,
        )

    run()


@pytest.mark.parametrize("encoding", ["compact", "der", "der-lax"])
def test_random_bytes(isa: str, encoding: str) -> None:
    """Thousands at a time."""
    batch = random_checks(encoding, 3000)
    assert_like_the_reference(batch, isa, encoding=encoding, low_s=False, hybrid_keys=True)


def test_every_prefix_of_valid_encodings(isa: str) -> None:
    """Cut anywhere, key, signature and digest are refused and nothing beyond them is read."""
    item = honest_items()[0]
    r, s, _ = ecdsa.low_form(*ecdsa.parse_signature(item.signature))
    encodings = {
        "compact": item.signature,
        "der": der.encode(r, s),
        "der-lax": der.encode(r, s) + bytes(3),
    }
    for encoding, signature in encodings.items():
        batch = [Check(item.key[:cut], signature, item.digest) for cut in range(len(item.key))]
        batch += [Check(item.key, signature[:cut], item.digest) for cut in range(len(signature))]
        batch += [Check(item.key, signature, item.digest[:cut]) for cut in range(33)]
        assert_like_the_reference(batch, isa, encoding=encoding, low_s=False, hybrid_keys=False)


@pytest.mark.parametrize("n", SIZES)
def test_sizes(isa: str, n: int) -> None:
    """Valid and invalid ones mixed; as lists of keys of three widths, and packed."""
    items = honest_items()[:n]
    expected = [item.verdict for item in items]
    assert len(items) == n
    keys, signatures = [item.key for item in items], [item.signature for item in items]
    digests = [item.digest for item in items]
    got = secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa)
    assert got.codes.tolist() == expected
    assert len(got) == n
    raw = np.array(
        [list(encode_point(decode_point(key), "raw")) for key in keys], np.uint8
    ).reshape(n, 64)
    packed = secp256k1.ecdsa.verify_many(raw, b"".join(signatures), b"".join(digests), device=isa)
    assert packed.codes.tolist() == expected


@pytest.mark.parametrize("n", [1, 8, 65, 512])
@pytest.mark.parametrize("code", [ecdsa.OK, ecdsa.MISMATCH])
def test_all_alike(isa: str, n: int, code: int) -> None:
    items = [item for item in honest_items() if item.verdict == code] * 4
    columns = zip(*((item.key, item.signature, item.digest) for item in items[:n]), strict=True)
    got = secp256k1.ecdsa.verify_many(*map(list, columns), device=isa)
    assert got.codes.tolist() == [code] * n
    assert got.all_ok == (code == ecdsa.OK)


def test_low_s_is_an_option(isa: str) -> None:
    valid = [item for item in honest_items() if item.verdict == ecdsa.OK][:70]
    signatures = [
        signature for item in valid for signature in (item.signature, negated_s(item.signature))
    ]
    columns = (
        [item.key for item in valid for _ in range(2)],
        signatures,
        [item.digest for item in valid for _ in range(2)],
    )
    low = [int.from_bytes(signature[32:], "big") <= ecdsa.N // 2 for signature in signatures]
    assert secp256k1.ecdsa.verify_many(*columns, device=isa).all_ok
    got = secp256k1.ecdsa.verify_many(*columns, low_s=True, device=isa)
    assert got.codes.tolist() == [ecdsa.OK if each else ecdsa.BAD_SIGNATURE for each in low]
    assert sum(low) == 70


def libsecp256k1_accepts(key: bytes, r: int, s: int, digest: bytes) -> bool:
    r, s, _ = ecdsa.low_form(r, s)
    return PublicKey(key).verify(der.encode(r, s), digest, hasher=None)


def openssl_accepts(key: bytes, r: int, s: int, digest: bytes) -> bool:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), key)
    try:
        public.verify(der.encode(r, s), digest, ec.ECDSA(Prehashed(SHA256())))
    except OpenSSLInvalidSignature:
        return False
    return True


def test_with_peers(isa: str) -> None:
    """400 signatures, a third of them with one bit of r, s or the digest changed."""
    rng = random.Random("peers")
    keys, signatures, digests, accepted = [], [], [], []
    valid = [item for item in honest_items() if item.verdict == ecdsa.OK][:400]
    for item in valid:
        blob = bytearray(item.signature + item.digest)
        if rng.randrange(3) == 0:
            blob[rng.randrange(96)] ^= 1 << rng.randrange(8)
        signature, digest = bytes(blob[:64]), bytes(blob[64:])
        parsed = ecdsa.parse_signature(signature)
        assert parsed is not None
        key = b"\x04" * (len(item.key) == 64) + item.key
        accepted.append(libsecp256k1_accepts(key, *parsed, digest))
        assert openssl_accepts(key, *parsed, digest) == accepted[-1]
        keys.append(item.key)
        signatures.append(signature)
        digests.append(digest)
    got = secp256k1.ecdsa.verify_many(keys, signatures, digests, device=isa)
    expected = [ecdsa.OK if each else ecdsa.MISMATCH for each in accepted]
    assert got.codes.tolist() == expected
    assert 200 < sum(accepted) < 350


def test_repeated_items_and_keys(isa: str) -> None:
    """The same key, the same signature, and one signature under many keys, within one batch."""
    items = honest_items()[:24]
    batch = [
        Check(keyed.key, signed.signature, signed.digest) for keyed in items for signed in items
    ]
    assert_like_the_reference(batch, isa, encoding="compact", low_s=False, hybrid_keys=False)


def test_verify_one(isa: str) -> None:
    for item in honest_items()[:40]:
        arguments = item.key, item.signature, item.digest
        if item.verdict == ecdsa.OK:
            assert secp256k1.ecdsa.verify(*arguments, device=isa) is None
        else:
            with pytest.raises(verilane.InvalidSignature) as caught:
                secp256k1.ecdsa.verify(*arguments, device=isa)
            assert caught.value.verdict == item.verdict


def test_verify_one_takes_hostile_bytes(isa: str) -> None:
    @PROPERTY
    @given(checks("der-lax"), st.booleans(), st.booleans())
    def run(check: Check, low_s: bool, hybrid_keys: bool) -> None:
        arguments = check.key, check.signature, check.digest
        options = {"encoding": "der-lax", "low_s": low_s, "hybrid_keys": hybrid_keys}
        try:
            secp256k1.ecdsa.verify(*arguments, **options, device=isa)
            got = ecdsa.OK
        except verilane.InvalidSignature as error:
            got = int(error.verdict)
        assert got == ecdsa.verify(*arguments, **options)

    run()
