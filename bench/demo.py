"""The demo: signatures by OpenSSL, forgeries of every kind, all verified on every device of this
machine.

Run it by `make demo`. It ends with status 1 if a single verdict, or the Merkle root, is wrong.
"""

import hashlib
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from coincurve import PublicKey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from demo_schemes import demo_schemes
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import verilane
from verilane import Verdict, merkle
from verilane.secp256k1 import ecdsa

SIGNATURES = 50_000
FORGED = SIGNATURES // 100
KEYS = 2_000
LEAVES = 1_000_000
SIGN_PART = 1_000
VERIFY_PART = 4_096

# SEC 2 v2.0 section 2.4.1.
N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

console = Console()


@dataclass
class Item:
    """One signature check. how: "" if it is honest, else the way it was forged."""

    key: bytes
    signature: bytes
    digest: bytes
    how: str = ""
    expected: Verdict = Verdict.OK


# ---- Signing, with OpenSSL ----


def sign_part(part: int) -> list[Item]:
    """Signs SIGN_PART messages with keys of their own; s is made low, as chains want it."""
    keys = [ec.generate_private_key(ec.SECP256K1()) for _ in range(SIGN_PART * KEYS // SIGNATURES)]
    public = [compressed(key) for key in keys]
    items = []
    for index in range(SIGN_PART):
        message = f"message {part * SIGN_PART + index}".encode()
        signed = keys[index % len(keys)].sign(message, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signed)
        signature = word(r) + word(min(s, N - s))
        items.append(Item(public[index % len(keys)], signature, hashlib.sha256(message).digest()))
    return items


def compressed(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def sign_all() -> list[Item]:
    items: list[Item] = []
    with bar("signing with OpenSSL", SIGNATURES) as advance, ProcessPoolExecutor() as processes:
        for part in processes.map(sign_part, range(SIGNATURES // SIGN_PART)):
            items += part
            advance(len(part))
    return items


# ---- Forging ----


def flipped(data: bytes) -> bytes:
    """One bit, at random, is the other way round."""
    bit = secrets.randbelow(8 * len(data))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def off_curve(key: bytes) -> bytes:
    """Another x, one that belongs to no point (half of all x do)."""
    while True:
        try:
            PublicKey(key)
        except ValueError:
            return key
        key = key[:1] + secrets.token_bytes(32)


def set_key(item: Item, key: bytes) -> Item:
    return Item(key, item.signature, item.digest)


def set_signature(item: Item, signature: bytes) -> Item:
    return Item(item.key, signature, item.digest)


def set_digest(item: Item, digest: bytes) -> Item:
    return Item(item.key, item.signature, digest)


# (item, another honest item by another signer) -> forgery
Forge = Callable[[Item, Item], Item]
WAYS: list[tuple[str, Verdict, Forge]] = [
    ("a bit of r flipped", Verdict.MISMATCH, lambda i, _: set_signature(i, flipped_r(i))),
    (
        "a bit of the digest flipped",
        Verdict.MISMATCH,
        lambda i, _: set_digest(i, flipped(i.digest)),
    ),
    ("another signer's key", Verdict.MISMATCH, lambda i, other: set_key(i, other.key)),
    ("another message's signature", Verdict.MISMATCH, lambda i, o: set_signature(i, o.signature)),
    ("-Q for the key Q", Verdict.MISMATCH, lambda i, _: set_key(i, negated(i.key))),
    ("s = 0", Verdict.BAD_SIGNATURE, lambda i, _: set_signature(i, i.signature[:32] + word(0))),
    ("r = n", Verdict.BAD_SIGNATURE, lambda i, _: set_signature(i, word(N) + i.signature[32:])),
    ("high s (n - s)", Verdict.BAD_SIGNATURE, lambda i, _: set_signature(i, high_s(i.signature))),
    (
        "signature cut to 63 bytes",
        Verdict.BAD_SIGNATURE,
        lambda i, _: set_signature(i, i.signature[:63]),
    ),
    ("key not on the curve", Verdict.BAD_KEY, lambda i, _: set_key(i, off_curve(i.key))),
    ("key cut to 32 bytes", Verdict.BAD_KEY, lambda i, _: set_key(i, i.key[:32])),
    ("digest of 31 bytes", Verdict.BAD_MESSAGE, lambda i, _: set_digest(i, i.digest[:31])),
]


def negated(key: bytes) -> bytes:
    """The compressed key with the other y."""
    return bytes([key[0] ^ 1]) + key[1:]


def flipped_r(item: Item) -> bytes:
    return flipped(item.signature[:32]) + item.signature[32:]


def high_s(signature: bytes) -> bytes:
    return signature[:32] + word(N - int.from_bytes(signature[32:], "big"))


def forge_some(items: list[Item]) -> None:
    """Replaces FORGED items, at random places, by forgeries of each kind in turn."""
    honest = items.copy()
    places = secrets.SystemRandom().sample(range(len(items)), FORGED)
    for turn, place in enumerate(places):
        how, expected, forge = WAYS[turn % len(WAYS)]
        # Signers change from one part of SIGN_PART items to the next.
        forged = forge(honest[place], honest[place - SIGN_PART])
        forged.how, forged.expected = how, expected
        items[place] = forged


# ---- Verifying ----


@dataclass
class Run:
    """One pass over all signatures."""

    name: str
    seconds: float
    codes: "np.ndarray[tuple[int], np.dtype[np.uint8]]"


def verify_all(items: list[Item], device: str, threads: int | None, label: str) -> Run:
    """All signatures on one device, in parts (for the bar); only the calls themselves are timed."""
    codes, seconds = [], 0.0
    with bar(label, len(items)) as advance:
        for first in range(0, len(items), VERIFY_PART * (threads or os.cpu_count() or 1)):
            part = items[first : first + VERIFY_PART * (threads or os.cpu_count() or 1)]
            columns = [i.key for i in part], [i.signature for i in part], [i.digest for i in part]
            began = time.perf_counter()
            verdicts = ecdsa.verify_many(*columns, low_s=True, device=device, threads=threads)
            seconds += time.perf_counter() - began
            codes.append(verdicts.codes)
            advance(len(part))
    return Run(label, seconds, np.concatenate(codes))


def coincurve_all(items: list[Item]) -> Run:
    """The same work in a loop over libsecp256k1, from the same bytes (DER is made beforehand)."""
    signatures = [der(item.signature) for item in items]
    codes, seconds = np.zeros(len(items), np.uint8), 0.0
    label = "coincurve (libsecp256k1) loop"
    with bar(label, len(items)) as advance:
        for first in range(0, len(items), VERIFY_PART):
            part = range(first, min(first + VERIFY_PART, len(items)))
            began = time.perf_counter()
            for index in part:
                codes[index] = accepts(items[index], signatures[index])
            seconds += time.perf_counter() - began
            advance(len(part))
    return Run(label, seconds, codes)


def accepts(item: Item, signature: bytes) -> bool:
    try:
        return PublicKey(item.key).verify(signature, item.digest, hasher=None)
    except ValueError:
        return False


def der(signature: bytes) -> bytes:
    if len(signature) != 64:
        return signature
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    return utils.encode_dss_signature(r, s)


# ---- Merkle ----


def hashlib_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as anybody would write it: level by level; an odd last node moves
    up.
    """
    sha256 = hashlib.sha256
    level = [sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        odd = level[len(level) & ~1 :]
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return level[0]


# ---- What is shown ----


@contextmanager
def bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = [
        TextColumn(f"{label:<32}"),
        BarColumn(),
        TextColumn("{task.completed:>7,.0f}"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.advance(task, done)


def show_forgeries(items: list[Item], run: Run) -> None:
    table = Table("forged how", "caught as", "how many", title="Forgeries", title_justify="left")
    table.columns[2].justify = "right"
    rows: Counter[tuple[str, str]] = Counter()
    for item, code in zip(items, run.codes.tolist(), strict=True):
        if item.how:
            rows[item.how, Verdict(code).name] += 1
    for (how, verdict), number in sorted(rows.items()):
        table.add_row(how, verdict, f"{number}")
    console.print(table)


def show_speeds(runs: list[Run], peer: Run) -> None:
    table = Table(title=f"{SIGNATURES:,} signatures, lists of bytes", title_justify="left")
    for heading in ("", "signatures/s", "us each", "times coincurve"):
        table.add_column(heading, justify="right" if heading else "left")
    for run in [*runs, peer]:
        each = run.seconds / SIGNATURES
        table.add_row(
            run.name, f"{1 / each:,.0f}", f"{each * 1e6:.2f}", f"{peer.seconds / run.seconds:.2f}"
        )
    console.print(table)


def demo_signatures() -> bool:
    items = sign_all()
    forge_some(items)
    expected = np.array([int(item.expected) for item in items], np.uint8)
    runs = []
    for device in verilane.devices():
        if device.available and device.signature_lanes:
            runs.append(verify_all(items, device.name, 1, f"{device.name}, one thread"))
            runs.append(verify_all(items, device.name, None, f"{device.name}, all cores"))
        else:
            why = device.missing or "no signature code of its own"
            console.print(f"{device.name}: left out: {why}")
    peer = coincurve_all(items)
    show_forgeries(items, runs[-1])
    show_speeds(runs, peer)
    wrong = {run.name: int((run.codes != expected).sum()) for run in runs}
    wrong[peer.name] = int((peer.codes != (expected == int(Verdict.OK))).sum())
    for name, number in wrong.items():
        if number:
            console.print(f"[red]{name}: {number} of {SIGNATURES:,} verdicts are wrong[/red]")
    if not any(wrong.values()):
        console.print(
            f"All {SIGNATURES:,} verdicts are right in all {len(runs)} runs: "
            f"{SIGNATURES - FORGED:,} valid, {FORGED} forgeries caught; libsecp256k1 agrees."
        )
    return not any(wrong.values())


def demo_merkle() -> bool:
    packed = np.random.default_rng(1).integers(0, 256, (LEAVES, 32), np.uint8)
    leaves = [leaf.tobytes() for leaf in packed]
    merkle.root(packed[:1024])
    began = time.perf_counter()
    root = merkle.root(packed)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    wanted = hashlib_root(leaves)
    loop = time.perf_counter() - began
    console.print(
        f"\nMerkle root (RFC 6962) of {LEAVES:,} leaves: {root.hex()[:16]}... in "
        f"{ours * 1e3:.0f} ms; hashlib loop {loop * 1e3:.0f} ms: {loop / ours:.1f} times"
    )
    if root != wanted:
        console.print("[red]The root is wrong.[/red]")
    return root == wanted


def main() -> int:
    results = [demo_signatures(), demo_schemes(console), demo_merkle()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
