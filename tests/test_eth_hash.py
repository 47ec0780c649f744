"""verilane.nodes.eth_hash beside pycryptodome's Keccak and the reference."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import verilane
from reference.keccak import keccak256

pytest.importorskip("eth_hash", reason="eth-hash is not installed (extra: eth)")

from eth_hash.auto import keccak
from eth_hash.backends import pycryptodome
from eth_hash.main import Keccak256

from verilane.nodes import eth_hash

# One block of Keccak-256 takes 136 bytes.
MESSAGES = st.binary(max_size=300) | st.integers(0, 1000).map(lambda n: b"\xa5" * n)


@given(MESSAGES)
def test_digest(message: bytes) -> None:
    expected = pycryptodome.keccak256(message)
    assert expected == keccak256(message)
    for value in (message, bytearray(message)):
        assert eth_hash.keccak256(value) == expected
        assert Keccak256(eth_hash.backend)(value) == expected


@pytest.mark.parametrize("length", [*range(130, 140), 271, 272, 273, 100_000])
def test_lengths_on_every_isa(isa: str, length: int) -> None:
    message = bytes(i % 251 for i in range(length))
    with verilane.use(isa):
        assert eth_hash.keccak256(message) == pycryptodome.keccak256(message)


@given(st.lists(st.tuples(st.sampled_from(("update", "digest", "copy")), MESSAGES), max_size=8))
def test_preimages(steps: list[tuple[str, bytes]]) -> None:
    """Whatever is done to one and its copies, they stay equal to pycryptodome's."""
    pairs = [(eth_hash.preimage(b"begin"), pycryptodome.preimage(b"begin"))]
    for what, value in steps:
        ours, theirs = pairs[-1]
        if what == "update":
            ours.update(value)
            theirs.update(value)
        elif what == "copy":
            pairs.append((ours.copy(), theirs.copy()))
        for ours, theirs in pairs:
            assert ours.digest() == theirs.digest()


def test_a_preimage_is_no_view() -> None:
    begin = bytearray(b"begin")
    hasher = Keccak256(eth_hash.backend).new(begin)
    begin[0] ^= 1
    assert hasher.digest() == keccak256(b"begin")


@pytest.mark.parametrize("value", ["text", None, 5, [1, 2]])
def test_what_is_no_bytes(value: Any) -> None:
    hasher = Keccak256(eth_hash.backend)
    for call in (hasher, hasher.new, eth_hash.keccak256, eth_hash.preimage):
        with pytest.raises(TypeError):
            call(value)


@pytest.fixture
def restored() -> Iterator[None]:
    """eth-hash's own state afterwards, whatever a test did to it."""
    hasher, preimage = keccak.hasher, keccak.preimage
    yield
    keccak.hasher, keccak.preimage = hasher, preimage


@pytest.mark.usefixtures("restored")
def test_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What imported eth-hash's function before has ours too, eth-utils among them."""
    from eth_utils import keccak as of_utils

    eth_hash.install()

    def refuse(*_: Any) -> None:
        raise AssertionError("pycryptodome was asked")

    monkeypatch.setattr(pycryptodome.CryptodomeBackend, "keccak256", refuse)
    monkeypatch.setattr(pycryptodome, "keccak256", refuse)
    assert keccak(b"text") == of_utils(b"text") == keccak256(b"text")
    assert isinstance(keccak.new(b"text"), eth_hash.PreImage)
    assert keccak.new(b"text").digest() == keccak256(b"text")
