"""Figures of the schemes with batch equations: Ed25519 and BIP-340."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import peers
from figure import LARGE, Figure, Run
from workload import (
    ED25519_RELATED,
    SCHNORR_RELATED,
    Columns,
    ed25519_signatures,
    forged,
    packed,
    repeated,
    schnorr_signatures,
    some_forged,
)

import verilane
from verilane import _cpu_keys, _cpu_signatures, ed25519, secp256k1
from verilane._columns import column
from verilane._devices import isa_of
from verilane._prepared import key_column

SIZE = 1024


@dataclass(frozen=True)
class Scheme:
    """module: with verify, verify_many, prepare. targets: by size, one lane per item, of prepared
    keys (one lane per item and by the equation); None where nothing is promised.
    """

    name: str
    module: Any
    signed: Callable[[int], Columns]
    related: dict[str, Callable[[int], Columns]]
    peer: Run
    work: Callable[..., Any]
    options: dict[str, Any]
    prepared_as: tuple[str, int]  # its name, bytes of a row
    targets: dict[int, float | None]
    lanes: float | None
    prepared: tuple[float | None, float | None]


def batch_figures() -> Iterator[Figure]:
    for scheme in (ED25519, BIP340):
        yield from peer_figures(scheme)
        yield from prepared_figures(scheme)
        yield from hostile_figures(scheme)


def verify(scheme: Scheme, columns: Columns, **options: Any) -> Run:
    return partial(scheme.module.verify_many, *map(packed, columns), threads=1, **options)


def one_per_lane(
    scheme: Scheme, columns: Columns, device: str = "cpu", *, prepare: bool = False
) -> Run:
    """The scheme without batch equations."""
    keys, signed, messages = map(packed, columns)
    name, row = scheme.prepared_as
    given = key_column(
        scheme.module.prepare(keys) if prepare else keys, name, widths=(32,), row=row
    )
    rest = [column("items", part, widths=None) for part in (signed, messages)]
    flags = _cpu_signatures.PREPARED_KEYS if prepare else 0
    verdicts, isa = np.zeros(given.n, np.uint8), isa_of(device)
    work = scheme.work(
        verdicts, given, *rest, flags=flags, equations=False, isa=isa, **scheme.options
    )
    return partial(work, 0, given.n)


def peer_figures(scheme: Scheme) -> Iterator[Figure]:
    one = scheme.signed(1)
    item = [part[0] for part in one]
    peer = partial(scheme.peer, *one)
    run = partial(scheme.module.verify, *item)
    yield Figure(f"{scheme.name}, one", 1, run, peer, 1.5, better=False, note="one: verify()")
    for n, target in scheme.targets.items():
        columns = scheme.signed(n)
        peer = partial(scheme.peer, *columns)
        name, note = f"{scheme.name}, n = {n}", "32-byte messages"
        yield Figure(f"{name}, packed", n, verify(scheme, columns), peer, target, note=note)
        scalar = verify(scheme, columns, device="cpu:scalar")
        yield Figure(f"{name}, scalar code alone", n, scalar, peer, 1.0)
        if any(each.name == "cpu:avx2" and each.available for each in verilane.devices()):
            four = verify(scheme, columns, device="cpu:avx2")
            yield Figure(f"{name}, AVX2 alone", n, four, peer, None)
            yield Figure(f"{name}, AVX2 over scalar code", n, four, scalar, 1.3)
    columns = scheme.signed(SIZE)
    yield Figure(
        f"{scheme.name}, n = {SIZE}, one lane per item",
        SIZE,
        one_per_lane(scheme, columns),
        partial(scheme.peer, *columns),
        scheme.lanes,
        note="without equations",
    )


def prepared_figures(scheme: Scheme) -> Iterator[Figure]:
    """Prepared keys over keys as bytes."""
    columns = scheme.signed(SIZE)
    prepared = scheme.module.prepare(packed(columns[0]))
    rest = [packed(part) for part in columns[1:]]
    lanes, equation = scheme.prepared
    name = f"{scheme.name}, prepared keys over bytes, n = {SIZE}"
    yield Figure(
        f"{name}, one lane per item",
        SIZE,
        one_per_lane(scheme, columns, prepare=True),
        one_per_lane(scheme, columns),
        lanes,
    )
    run = partial(scheme.module.verify_many, prepared, *rest, threads=1)
    yield Figure(name, SIZE, run, verify(scheme, columns), equation)


def hostile_figures(scheme: Scheme) -> Iterator[Figure]:
    """What fails a batch equation, over a clean batch or one lane per item."""
    clean = verify(scheme, scheme.signed(SIZE))
    related = {name: make(SIZE) for name, make in scheme.related.items()}
    one = repeated(scheme.signed, SIZE)
    for name, columns in {"one signature repeated": one, **related}.items():
        name = f"{scheme.name}, {name}, over clean, n = {SIZE}"
        yield Figure(name, SIZE, verify(scheme, columns), clean, 1.3, better=False)
    for size, target in ((SIZE, 2.5), (LARGE, 1.2)):
        name = f"{scheme.name}, one bad, over clean, n = {size}"
        one_bad = verify(scheme, some_forged(scheme.signed, 1, size))
        all_good = verify(scheme, scheme.signed(size))
        yield Figure(name, size, one_bad, all_good, target, better=False)
    all_bad = forged(scheme.signed, SIZE)
    for device in ("cpu", "cpu:scalar"):
        yield Figure(
            f"{scheme.name}, all bad, over one lane per item, n = {SIZE}, {device}",
            SIZE,
            verify(scheme, all_bad, device=device),
            one_per_lane(scheme, all_bad, device),
            1.6,
            better=False,
            note="theirs: ours without equations",
        )


ED25519 = Scheme(
    "Ed25519",
    ed25519,
    ed25519_signatures,
    ED25519_RELATED,
    peers.pynacl_verify,
    _cpu_signatures.ed25519_verify,
    {"rule": _cpu_signatures.ED25519_RULES[ed25519.ZIP215]},
    ("ed25519", _cpu_keys.ED25519_ROW),
    {64: 10.0, 1024: 17.0},
    8.0,
    (1.4, 1.2),
)
BIP340 = Scheme(
    "BIP-340",
    secp256k1.schnorr,
    schnorr_signatures,
    SCHNORR_RELATED,
    peers.coincurve_schnorr,
    _cpu_signatures.schnorr_verify,
    {},
    ("secp256k1.schnorr", _cpu_keys.POINT_ROW),
    {64: 8.0, 1024: 17.0},
    8.0,
    (None, None),
)
