"""Who takes part in `verilane bench`: all do the same work, and each says what is bad."""

from typing import Any

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from nacl.exceptions import BadSignatureError

from verilane.benchmark import contenders as bench
from verilane.benchmark import items, peers
from verilane.benchmark.contenders import PEER, SCHEMES, VERILANE, Peer, Scheme

try:
    from tongsuopy.crypto.exceptions import InvalidSignature as TongsuoInvalidSignature
except ImportError:
    TongsuoInvalidSignature = InvalidSignature

N = 5
PEERS = [(scheme, peer) for scheme in SCHEMES for peer in scheme.peers]


def prepared(scheme: Scheme) -> Scheme:
    """The scheme; the test is skipped where nothing here signs its items."""
    if scheme.missing:
        pytest.skip(f"{scheme.missing} is not installed")
    return scheme


def accepts(answer: Any, n: int = N) -> bool:
    """What a peer said of n items: that all are good, or the recovered keys."""
    if isinstance(answer, bool):
        return answer
    return [key.format() for key in answer] == items.signatures(n).keys


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_contender_does_the_work(scheme: Scheme) -> None:
    prepared(scheme)
    runs = bench.contenders(scheme, N, with_peers=True)
    ours = {each.device for each in runs if each.kind == VERILANE}
    assert "cpu:scalar" in ours
    assert [each.name for each in runs if each.kind == PEER] == [p.name for p in scheme.peers]
    for contender, run in runs.items():
        answer: Any = run()
        if contender.kind == PEER:
            assert accepts(answer), contender
        elif isinstance(answer, tuple):  # recovered keys, verdicts
            recovered, verdicts = answer
            assert (np.asarray(verdicts) == 1).all(), contender
            assert list(map(bytes, recovered)) == items.signatures(N).keys_raw
        else:
            assert (np.asarray(answer) == 1).all(), contender


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_one_item(scheme: Scheme) -> None:
    runs = bench.singles(prepared(scheme), with_peers=True)
    assert list(runs) == ["Verilane", *(peer.name for peer in scheme.peers)]
    assert runs.pop("Verilane")() in (None, items.signatures(1).keys_raw[0]), "bad ones raise"
    for name, run in runs.items():
        assert accepts(run(), 1), name


@pytest.mark.parametrize(("scheme", "peer"), PEERS, ids=lambda each: each.name)
@pytest.mark.parametrize("at", range(N))
def test_a_peer_refuses_a_batch_with_one_bad_item(scheme: Scheme, peer: Peer, at: int) -> None:
    prepared(scheme)
    *others, messages = peer.rows(N)
    changed = bytearray(messages[at])
    changed[0] ^= 1
    batch = [*others, [*messages[:at], bytes(changed), *messages[at + 1 :]]]
    try:
        answer = peer.loop(*batch)
    except (InvalidSignature, BadSignatureError, TongsuoInvalidSignature):
        return
    assert not accepts(answer)


def test_a_peer_in_threads_sees_every_item() -> None:
    columns = bench.SCHEMES[0].peers[0].rows(N)
    seen: list[Any] = []
    peers.in_threads(lambda *part: seen.extend(zip(*part, strict=True)), 2, *columns)()
    assert sorted(seen) == sorted(zip(*columns, strict=True))
