"""Figures of Ed25519."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import peers
from figure import LARGE, Figure, Run
from workload import (
    Columns,
    ed25519_forged,
    ed25519_progression,
    ed25519_signatures,
    ed25519_some_forged,
    ed25519_torsion,
    packed,
)

from verilane import _cpu_signatures, ed25519
from verilane._columns import column
from verilane._devices import isa_of


def ed25519_figures() -> Iterator[Figure]:
    for n, target in ((64, 10.0), (1024, 17.0)):
        columns = ed25519_signatures(n)
        rows = [packed(column) for column in columns]
        yield Figure(
            f"Ed25519, n = {n}, packed",
            n,
            partial(ed25519.verify_many, *rows, threads=1),
            partial(peers.pynacl_verify, *columns),
            target,
            note="signature by signature, 32-byte messages",
        )
        yield Figure(
            f"Ed25519, n = {n}, scalar code alone",
            n,
            partial(ed25519.verify_many, *rows, threads=1, device="cpu:scalar"),
            partial(peers.pynacl_verify, *columns),
            1.0,
        )
    yield from hostile_figures()


def hostile_figures() -> Iterator[Figure]:
    """Under ZIP215: what fails a batch equation, over a clean batch or one lane per item."""

    def verify(columns: Columns, rule: str = ed25519.ZIP215) -> Run:
        return partial(ed25519.verify_many, *map(packed, columns), rule=rule, threads=1)

    def clean(n: int) -> Run:
        return verify(ed25519_signatures(n))

    n = 1024
    keys, signed, messages = ed25519_signatures(n)
    repeated = keys[:1] * n, signed[:1] * n, messages[:1] * n
    for name, columns in (
        ("one signature repeated", repeated),
        ("keys in progression", ed25519_progression(n)),
        ("torsion everywhere", ed25519_torsion(n)),
    ):
        name = f"Ed25519, {name}, over clean, n = {n}"
        yield Figure(name, n, verify(columns), clean(n), 1.3, better=False)
    for size, target in ((n, 2.5), (LARGE, 1.2)):
        name = f"Ed25519, one bad, over clean, n = {size}"
        one_bad = verify(ed25519_some_forged(size, 1))
        yield Figure(name, size, one_bad, clean(size), target, better=False)
    forged = ed25519_forged(n)
    for device in ("cpu", "cpu:scalar"):
        yield Figure(
            f"Ed25519, all bad, over one lane per item, n = {n}, {device}",
            n,
            partial(verify(forged), device=device),
            partial(one_per_lane, forged, device),
            1.6,
            better=False,
            note="theirs: ours without equations",
        )


def one_per_lane(columns: Columns, device: str) -> object:
    """Ed25519 under ZIP215 without batch equations."""
    keys, signed, messages = (column("items", packed(x), widths=None) for x in columns)
    verdicts = np.zeros(keys.n, np.uint8)
    rule, isa = _cpu_signatures.ED25519_RULES[ed25519.ZIP215], isa_of(device)
    _cpu_signatures.ed25519_verify(
        verdicts, keys, signed, messages, rule=rule, equations=False, isa=isa
    )(0, keys.n)
    return verdicts
