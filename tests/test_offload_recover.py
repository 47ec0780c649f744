"""Keys recovered on a device: those of the CPU, whatever the device is."""

import random
from typing import Any

import numpy as np
import pytest

from faulty_device import (
    FAILURES,
    WRONG,
    Fault,
    Faulty,
    all_base,
    bit_flips,
    garbage,
    negated,
    not_reduced,
    ones,
    zeros,
)
from faulty_place import NAME, installed
from reference.secp256k1 import CURVE
from verilane import _devices, _samples, devices, secp256k1, use
from verilane._points import shares_cores

pytestmark = pytest.mark.usefixtures("faulty_kind")

N = CURVE.N

recover = secp256k1.ecdsa.recover_many


def items(n: int, *, faults: float = 0.05) -> tuple[list[bytes], list[bytes]]:
    """Signatures with their recovery ids, which are half of them another one's, and digests."""
    _, signatures, digests = _samples.made("secp256k1.ecdsa", range(n))
    rng = random.Random(n)
    rows = []
    for i in range(n):
        signature = signatures[i].tobytes() + bytes([rng.choice([0, 1])])
        digest = digests[i].tobytes()
        if rng.random() < faults:
            signature, digest = rng.choice(BAD)(signature, digest, rng)
        rows.append((signature, digest))
    return [row[0] for row in rows], [row[1] for row in rows]


def infinite(signature: bytes, digest: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    """R = (e / s) G: the key would be infinite."""
    k, s = rng.randrange(1, N), rng.randrange(1, N)
    point = CURVE.multiply_base(k)
    assert point is not None
    r = point[0] % N
    made = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([point[1] & 1])
    return made, (s * k % N).to_bytes(32, "big")


BAD: list[Any] = [
    infinite,
    lambda s, d, rng: (s[:64] + bytes([rng.choice([2, 3, 4, 255])]), d),
    lambda s, d, rng: (s[:40], d),
    lambda s, d, rng: (bytes(32) + s[32:], d),
    lambda s, d, rng: (s[:32] + bytes(32) + s[64:], d),
    lambda s, d, rng: ((5).to_bytes(32, "big") + s[32:], d),  # no point has this x
    lambda s, d, rng: (s, d + b"\0"),
    lambda s, d, rng: (s, bytes(32)),
    lambda s, d, rng: ((N + 1).to_bytes(32, "big") + s[32:], d),
]


def same(columns: tuple[list[bytes], list[bytes]], device: str, **options: Any) -> int:
    """Compares with the CPU; returns how many keys there are."""
    keys, verdicts = recover(*columns, device="cpu", **options)
    found, codes = recover(*columns, device=device, **options)
    assert (codes.numpy() == verdicts.numpy()).all()
    assert (found == keys).all()
    return int((verdicts.numpy() == 1).sum())


@pytest.mark.parametrize("most", [1, 64, 1 << 20])
def test_keys_are_those_of_the_cpu(most: int) -> None:
    n = 30 if most == 1 else 600
    device = Faulty(most=most)
    trusted = installed(device)
    columns = items(n, faults=0.1)
    good = same(columns, NAME)
    assert good >= 0.8 * n
    assert device.asked >= good
    for options in ({"low_s": True}, {"parity_ids": True}, {"threads": 1}):
        same(columns, NAME, **options)
    for n in (1, 2):
        same(items(n, faults=0), NAME)
    same(([], []), NAME)
    assert trusted.missing is None


def test_packed_columns_and_names() -> None:
    device = Faulty()
    installed(device)
    signatures, digests = items(300, faults=0)
    packed = (
        np.frombuffer(b"".join(each), np.uint8).reshape(300, -1) for each in (signatures, digests)
    )
    expected, _ = recover(signatures, digests, device="cpu")
    with use(NAME):
        found, verdicts = recover(*packed)
    assert verdicts.all_ok
    assert (found == expected).all()
    before = device.calls
    assert before > 1
    assert (recover(signatures, digests)[0] == expected).all()
    assert device.calls == before, "a call that names no device is the CPU's"


@pytest.mark.parametrize("fault", [*WRONG, *FAILURES, negated], ids=lambda fault: fault.__name__)
def test_no_fault_changes_a_key(fault: Fault) -> None:
    """Not even the other key that the signature is valid for, which is what -R gives."""
    columns = items(150)
    for seed in range(3):
        device = Faulty(NAME, fault, after=2 + seed, most=50)
        device.rng = random.Random(seed)
        trusted = installed(device)
        for _ in range(3):
            same(columns, NAME)
        assert device.injected > 0 or fault is not_reduced, "x + p has a place for few x"
        if fault in (all_base, bit_flips, garbage, negated, ones, zeros):
            assert trusted.missing is not None


def test_a_recovered_key_is_no_answer_to_anybody_s_question() -> None:
    """It lies in the device's memory: who signs so that R is that point may not ask the device."""
    device = Faulty()
    installed(device)
    signatures, digests = items(100, faults=0)
    keys, _ = recover(signatures, digests, device=NAME)
    x = int.from_bytes(keys[0, :32].tobytes(), "big")
    _, s, d = _samples.made("secp256k1.ecdsa", range(200, 260))
    asked = device.asked
    forged = [row.tobytes() for row in s]
    forged[7] = (x % N).to_bytes(32, "big") + forged[7][32:]
    k = [row.tobytes() for row in _samples.made("secp256k1.ecdsa", range(200, 260)).keys]
    verdicts = secp256k1.ecdsa.verify_many(k, forged, [row.tobytes() for row in d], device=NAME)
    assert verdicts.numpy().tolist() == [1] * 7 + [5] + [1] * 52
    assert device.asked - asked in (59, 59 + 59), "it is left to the CPU"


@pytest.mark.parametrize("device", [each.name for each in devices() if each.kind != "cpu"])
def test_on_a_device(device: str) -> None:
    missing = next(each.missing for each in devices() if each.name == device)
    if missing is not None:
        pytest.skip(f"{device}: {missing}")
    trusted = _devices.trusted_of(device)
    assert trusted is not None
    n = 2000 if shares_cores(trusted.points) else 100_000
    assert same(items(n, faults=0.04), device) > 0.9 * n
    assert trusted.missing is None
