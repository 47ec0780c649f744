"""verilane.nodes.eth_keys.Backend beside the back ends that it replaces: the same is accepted, and
the same is raised.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eth_items import KEYS, EthItem, beyond_order, eth_items, is_on_curve, point_bytes, to_bytes
from reference import ecdsa
from reference.keccak import keccak256
from reference.secp256k1 import N
from verilane import secp256k1

pytest.importorskip("eth_keys", reason="eth-keys is not installed (extra: eth)")

from eth_keys import KeyAPI
from eth_keys.backends import CoinCurveECCBackend, NativeECCBackend, get_backend
from eth_keys.datatypes import NonRecoverableSignature, PrivateKey, PublicKey, Signature
from eth_keys.exceptions import BadSignature, ValidationError

from verilane.nodes import _recovered, eth_keys

OURS = eth_keys.Backend()
COINCURVE, NATIVE = CoinCurveECCBackend(), NativeECCBackend()
NAME = "verilane.nodes.eth_keys.Backend"
MESSAGE = keccak256(b"a message")
SECRET = to_bytes(0x1CEB00DA)


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    eth_keys.forget()


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns, as bytes or bool, or the type of what it raises."""
    try:
        result = call(*arguments)
    except Exception as error:
        return type(error)
    return result if isinstance(result, (bool, bytes)) else result.to_bytes()


def outcomes(method: str, *arguments: Any) -> tuple[Any, Any, Any]:
    """Ours, coincurve's and the native back end's."""
    backends = OURS, COINCURVE, NATIVE
    return tuple(outcome(getattr(each, method), *arguments) for each in backends)  # type: ignore[return-value]


def signature_of(item: EthItem) -> Any:
    return Signature(vrs=item.vrs, backend=OURS)


# ---- The same as theirs, on anything ----

VALID = EthItem(MESSAGE, *(lambda r, s, v: (v, r, s))(*ecdsa.sign(77, MESSAGE, 5)), point_bytes(77))


@given(eth_items())
@example(VALID)
def test_recovery_is_theirs(item: EthItem) -> None:
    ours, coincurve, native = outcomes("ecdsa_recover", item.digest, signature_of(item))
    assert ours == coincurve == native
    assert outcome(OURS.ecdsa_recover, item.digest, signature_of(item)) == ours  # from the store
    verdict, key = ecdsa.recover(ecdsa.compact(item.r, item.s) + bytes([item.v]), item.digest)
    assert ours == (key if verdict == ecdsa.OK else BadSignature)


@given(eth_items(), st.booleans(), st.booleans())
@example(VALID, True, True)
def test_verification_is_theirs(item: EthItem, recoverable: bool, recovered: bool) -> None:
    """Whether its key has been recovered before makes no difference."""
    signature = signature_of(item)
    if recovered:
        outcome(OURS.ecdsa_recover, item.digest, signature)
    if not recoverable:
        signature = NonRecoverableSignature(rs=(item.r, item.s), backend=OURS)
    key = PublicKey(item.key, backend=OURS)
    ours, coincurve, native = outcomes("ecdsa_verify", item.digest, signature, key)
    assert ours == coincurve
    if is_on_curve(item.key):
        assert ours == native
        expected = ecdsa.verify(item.key, ecdsa.compact(item.r, item.s), item.digest)
        assert ours is (expected == ecdsa.OK)
    else:
        assert ours is ValueError  # the native one doesn't look


COMPRESSED = st.builds(
    lambda first, x: bytes([first]) + x,
    st.sampled_from((2, 3)) | st.integers(0, 255),
    KEYS.map(lambda key: key[:32]) | st.binary(max_size=70),
)
UNCOMPRESSED = st.builds(lambda first, key: bytes([first]) + key, st.integers(0, 8), KEYS)


@given(COMPRESSED | UNCOMPRESSED | KEYS | st.binary(max_size=70))
@example(point_bytes(5))
def test_decompression_is_theirs(key: bytes) -> None:
    ours, coincurve, native = outcomes("decompress_public_key_bytes", key)
    assert ours == coincurve
    assert ours is ValueError or is_on_curve(ours)
    if ours is not ValueError and len(key) == 33:
        assert ours == native  # which takes neither 65 bytes nor a look at the curve


@given(KEYS | st.binary(max_size=70))
def test_compression_is_theirs(key: bytes) -> None:
    ours, coincurve, native = outcomes("compress_public_key_bytes", key)
    assert ours == coincurve
    if len(key) != 64:
        assert ours is ValidationError
    elif is_on_curve(key):
        assert ours == native
    else:
        assert ours is ValueError


@given(st.integers(1, N - 1), st.binary(min_size=32, max_size=32))
@example(1, to_bytes(N))
def test_signing_is_theirs(secret: int, digest: bytes) -> None:
    private = PrivateKey(to_bytes(secret), backend=COINCURVE)
    assert len(set(outcomes("ecdsa_sign", digest, private))) == 1
    assert len(set(outcomes("ecdsa_sign_non_recoverable", digest, private))) == 1
    assert len(set(outcomes("private_key_to_public_key", private))) == 1


# What eth-keys' own objects never hold, or its API never passes on; each is called as it is.
ODD_DIGESTS = [
    b"",
    MESSAGE[:31],
    MESSAGE + b"\0",
    bytearray(MESSAGE),
    memoryview(MESSAGE),
    list(MESSAGE),
    tuple(MESSAGE),
    MESSAGE.decode("latin-1"),
    None,
    5,
]


@pytest.mark.parametrize("digest", ODD_DIGESTS, ids=lambda value: f"{type(value).__name__}")
def test_odd_digests(digest: Any) -> None:
    signature = signature_of(VALID)
    key = PublicKey(VALID.key, backend=OURS)
    ours, coincurve, _ = outcomes("ecdsa_recover", digest, signature)
    assert ours == coincurve
    ours, coincurve, _ = outcomes("ecdsa_verify", digest, signature, key)
    assert ours == coincurve


def odd_signatures() -> list[Any]:
    class Child(Signature):  # type: ignore[misc]
        pass

    non_recoverable = NonRecoverableSignature(rs=(VALID.r, VALID.s), backend=OURS)
    return [Child(vrs=VALID.vrs, backend=OURS), non_recoverable, None, 5, bytes(65)]


@pytest.mark.parametrize("index", range(5))
def test_odd_signatures(index: int) -> None:
    signature, key = odd_signatures()[index], PublicKey(VALID.key, backend=OURS)
    ours, coincurve, _ = outcomes("ecdsa_recover", MESSAGE, signature)
    assert ours == coincurve
    ours, coincurve, _ = outcomes("ecdsa_verify", MESSAGE, signature, key)
    assert ours == coincurve


def test_odd_keys() -> None:
    odd = [
        PublicKey(bytearray(VALID.key), backend=OURS),
        PrivateKey(SECRET, backend=COINCURVE),
        VALID.key,
        None,
    ]
    for key in odd:
        ours, coincurve, _ = outcomes("ecdsa_verify", MESSAGE, signature_of(VALID), key)
        assert ours == coincurve
    for encoded in (bytearray(b"\2" + VALID.key[:32]), memoryview(bytes(33)), None, 5, "a" * 33):
        ours, coincurve, _ = outcomes("decompress_public_key_bytes", encoded)
        assert ours == coincurve
    for encoded in (bytearray(VALID.key), memoryview(VALID.key), None, "a" * 64, list(VALID.key)):
        ours, coincurve, _ = outcomes("compress_public_key_bytes", encoded)
        assert ours == coincurve


def test_ids_that_signatures_refuse() -> None:
    """Ethereum knows no v but 0 and 1; a signature that was made to hold another is none."""
    r = beyond_order()
    for v in (2, 3, 4, 255):
        signature = Signature(vrs=(0, r, 5), backend=OURS)
        signature._v = v
        with pytest.raises(BadSignature):
            OURS.ecdsa_recover(MESSAGE, signature)
    for forced in (-1, 2**256):
        signature = signature_of(VALID)
        signature._s = forced
        with pytest.raises(BadSignature):
            OURS.ecdsa_recover(MESSAGE, signature)
        assert OURS.ecdsa_verify(MESSAGE, signature, PublicKey(VALID.key, backend=OURS)) is False


# ---- What eth-keys' own tests ask of a back end ----


@pytest.fixture
def api() -> Any:
    return KeyAPI(backend=OURS)


def test_signed_then_verified_and_recovered(api: Any) -> None:
    private = api.PrivateKey(SECRET, backend=OURS)
    for signature in (private.sign_msg(b"text"), private.sign_msg_non_recoverable(b"text")):
        assert signature.backend is OURS
        assert signature.verify_msg(b"text", private.public_key)
        assert not signature.verify_msg(b"other", private.public_key)
        assert private.public_key.verify_msg(b"text", signature)
    recovered = private.sign_msg(b"text").recover_public_key_from_msg(b"text")
    assert recovered == private.public_key
    assert recovered.backend is OURS is private.public_key.backend


def test_compressed_there_and_back(api: Any) -> None:
    public = api.PrivateKey(SECRET, backend=OURS).public_key
    packed = public.to_compressed_bytes()
    assert len(packed) == 33
    assert api.PublicKey.from_compressed_bytes(packed, backend=OURS) == public


def test_known_vectors(shared: Callable[[str], Any], api: Any) -> None:
    """Senders of real transactions, by every call that finds them."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(shared("chain/ethereum_transactions.parquet")).slice(0, 200)
    for row in table.to_pylist():
        signature = api.Signature(row["signature"], backend=OURS)
        key = api.ecdsa_recover(row["digest"], signature)
        assert key.to_bytes() == row["public_key"]
        assert key.to_canonical_address() == row["sender"]
        assert api.ecdsa_verify(row["digest"], signature, key)


@pytest.mark.parametrize("sign", [1, -1])
def test_high_s(api: Any, sign: int) -> None:
    """Both forms are taken by both calls; the key that is found follows v."""
    r, s, v = ecdsa.low_form(*ecdsa.sign(77, MESSAGE, 5))
    item = EthItem(MESSAGE, v if sign == 1 else 1 - v, r, sign * s % N, VALID.key)
    assert api.ecdsa_recover(MESSAGE, signature_of(item)).to_bytes() == VALID.key
    assert api.ecdsa_verify(MESSAGE, signature_of(item), api.PublicKey(VALID.key))


def test_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECC_BACKEND_CLASS", NAME)
    assert isinstance(get_backend(), eth_keys.Backend)
    assert isinstance(KeyAPI().backend, eth_keys.Backend)
    assert isinstance(KeyAPI(backend=NAME).backend, eth_keys.Backend)
    script = "from eth_keys import keys; print(type(keys.backend).__module__)"
    environment = {**os.environ, "ECC_BACKEND_CLASS": NAME}
    shown = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    assert shown.stdout.strip() == "verilane.nodes.eth_keys"


def test_without_coincurve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native back end then signs; nothing else changes."""
    monkeypatch.setattr(eth_keys, "is_coincurve_available", lambda: False)
    monkeypatch.setattr(eth_keys, "CoinCurveECCBackend", None)
    private = PrivateKey(SECRET, backend=OURS)
    signature = private.sign_msg_hash(MESSAGE)
    assert signature == NATIVE.ecdsa_sign(MESSAGE, private)
    assert OURS.ecdsa_verify(MESSAGE, signature, private.public_key)
    assert OURS.ecdsa_recover(bytearray(MESSAGE), signature) == private.public_key
    with pytest.raises(ValueError, match="32 bytes"):
        OURS.ecdsa_verify(b"short", signature, private.public_key)


# ---- Keys that are known ----


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called: from then on nothing is computed."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("this has been computed again")

    def stop() -> None:
        monkeypatch.setattr(secp256k1.ecdsa, "recover", refuse)
        monkeypatch.setattr(secp256k1.ecdsa, "verify", refuse)

    return stop


def test_a_key_is_recovered_once(no_work: Callable[[], None]) -> None:
    signature = signature_of(VALID)
    key = OURS.ecdsa_recover(MESSAGE, signature)
    no_work()
    assert eth_keys.Backend().ecdsa_recover(MESSAGE, signature) == key
    assert OURS.ecdsa_verify(MESSAGE, signature, key) is True
    with pytest.raises(AssertionError):
        OURS.ecdsa_recover(keccak256(b"another"), signature)


def changes(item: EthItem) -> Iterator[EthItem]:
    """Every bit of what was signed and of the signature, changed alone."""
    for bit in range(256):
        flipped = to_bytes(int.from_bytes(item.digest, "big") ^ 1 << bit)
        yield EthItem(flipped, *item.vrs, item.key)
        yield EthItem(item.digest, item.v, item.r ^ 1 << bit, item.s, item.key)
        yield EthItem(item.digest, item.v, item.r, item.s ^ 1 << bit, item.key)
    yield EthItem(item.digest, 1 - item.v, item.r, item.s, item.key)


def test_a_key_is_known_for_its_own_signature_alone() -> None:
    key = OURS.ecdsa_recover(MESSAGE, signature_of(VALID))
    valid = 0
    for item in changes(VALID):
        if max(item.r, item.s) >= N:
            continue
        ours = outcome(OURS.ecdsa_recover, item.digest, signature_of(item))
        assert ours == outcome(COINCURVE.ecdsa_recover, item.digest, signature_of(item))
        assert ours != key.to_bytes()
        verified = OURS.ecdsa_verify(item.digest, signature_of(item), key)
        assert verified == COINCURVE.ecdsa_verify(item.digest, signature_of(item), key)
        valid += verified
    assert valid == 1  # the other v, which verification doesn't look at


def test_another_key_is_verified_and_not_looked_up() -> None:
    """Two keys verify one (r, s): v says which of them is recovered."""
    other = EthItem(MESSAGE, 1 - VALID.v, VALID.r, VALID.s, VALID.key)
    key, second = (OURS.ecdsa_recover(MESSAGE, signature_of(each)) for each in (VALID, other))
    assert key != second
    eth_keys.forget()
    OURS.ecdsa_recover(MESSAGE, signature_of(VALID))
    assert OURS.ecdsa_verify(MESSAGE, signature_of(VALID), second) is True
    third = PublicKey(point_bytes(78), backend=OURS)
    assert OURS.ecdsa_verify(MESSAGE, signature_of(VALID), third) is False


def test_failures_are_not_kept() -> None:
    with pytest.raises(BadSignature):
        OURS.ecdsa_recover(MESSAGE, Signature(vrs=(0, 5, 5), backend=OURS))
    assert len(_recovered.known_keys) == 0


def test_the_store_is_bounded() -> None:
    store = _recovered.RecoveredKeys(100)
    for i in range(1000):
        store.put(to_bytes(i), bytes(65), to_bytes(i) * 2)
        assert len(store) <= 200
        for j in range(max(0, i - 99), i + 1, 33):  # the last 100 are there
            assert store.get(to_bytes(j), bytes(65)) == to_bytes(j) * 2
    assert store.get(to_bytes(0), bytes(65)) is None
    store.clear()
    assert len(store) == 0


def test_threads_share_the_store() -> None:
    """None of them ever gets another's key, and the store stays bounded."""
    store = _recovered.RecoveredKeys(50)
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for i in range(5000):
            name = to_bytes(thread << 32 | i % 60)
            assert store.get(name, bytes(65)) in (None, name * 2)
            store.put(name, bytes(65), name * 2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(store) <= 2 * (50 + 8)


def test_many_threads_recover() -> None:
    items = [
        EthItem(MESSAGE, v % 2, r, s, b"")
        for r, s, v in (ecdsa.sign(100 + i, MESSAGE, 7 + i) for i in range(8))
    ]

    def work(index: int) -> bool:
        item = items[index % 8]
        key = OURS.ecdsa_recover(MESSAGE, signature_of(item))
        return key.to_bytes() == point_bytes(100 + index % 8) and OURS.ecdsa_verify(
            MESSAGE, signature_of(item), key
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))
