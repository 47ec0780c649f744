"""Schnorr signatures over secp256k1 by BIP-340, as Bitcoin's Taproot and Nostr use them.

Everything here is public data: nothing is constant time. The message is what the standard calls m:
it is hashed here, with the tag "BIP0340/challenge". Bitcoin signs a 32-byte digest as its message,
Nostr an event's id.

From 40 items on (8 without AVX-512), a random linear combination of many items' equations is
checked first ("Batch Verification" in the standard), with 128-bit coefficients that the operating
system draws anew for each part of a batch; if it fails, bad items are looked for and judged one by
one. Verdicts are the same either way.
"""

from functools import partial

import numpy as np

from .. import _choice, _cpu_keys, _cpu_signatures, _cpu_terms, _offload, _pool
from .._columns import BytesLike, ColumnLike, column
from .._devices import cpu_of, trusted_of
from .._items import KEYS_PER_CORE, LANES, decided, demand_ok
from .._prepared import KeysLike, PreparedKeys, key_column
from .._verdicts import Verdicts

__all__ = ["prepare", "verify", "verify_many"]

SCHEME = "secp256k1.schnorr"
# C judges so many by one equation (VL_BLOCK). Parts of 512 cost 1.06 times as much an item, parts
# of 256 1.15 times.
EQUATION_ITEMS = 1024

KEY_WIDTHS = (32,)
SIGNATURE_WIDTHS = (64,)
NAMES = "key", "signature", "message"


def verify_many(
    keys: KeysLike,
    signatures: ColumnLike,
    messages: ColumnLike,
    *,
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies n signatures and returns one verdict for each, in order.

    keys: 32 bytes each, x alone; the point's y is the even one. BAD_KEY where x is on no point of
    the curve. Or what `prepare` made of them.
    signatures: 64 bytes each (r, s). They fix n. BAD_SIGNATURE where r >= p or s >= n.
    messages: bytes of any length each, none included. As flat bytes their width would be unknown:
    packed messages are an array of shape (n, width) or Arrow fixed-size binary.
    Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items.
    device: "cpu" or a name from `devices()`; one beside the CPU computes points, and its wrong
    answers change no verdict (`use`). None: what is measured to be done first (`verilane devices
    --calibrate`), the CPU where nothing is. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for columns that do not fit each other
    or an unknown device; DeviceUnavailable for a named device that is missing. An item's own faults
    give its verdict.
    """
    isa, trusted = cpu_of(device), trusted_of(device)
    s = column("signatures", signatures, widths=SIGNATURE_WIDTHS)
    k = key_column(keys, SCHEME, widths=KEY_WIDTHS, n=s.n, fixed_by="signatures")
    m = column("messages", messages, widths=None, n=s.n, fixed_by="signatures")
    flags = _cpu_signatures.PREPARED_KEYS if isinstance(keys, PreparedKeys) else 0
    batch = _offload.Batch(
        SCHEME,
        s.n,
        (k, s, m),
        partial(_cpu_signatures.schnorr_verify, flags=flags, isa=isa),
        partial(_cpu_terms.schnorr_terms, flags=flags, isa=isa),
        threads,
        shortest=EQUATION_ITEMS,
        summable=True,
    )
    return decided(_choice.verify(batch, device, trusted))


def prepare(
    keys: ColumnLike, *, device: str | None = None, threads: int | None = None
) -> PreparedKeys:
    """Decodes keys once, for many calls of `verify_many`, which then takes no square roots.

    Takes keys in the forms that `verify_many` takes. 64 bytes of memory a key. A key that is none
    is kept as such, and its items are BAD_KEY. Exceptions are those of `verify_many`.
    """
    isa = cpu_of(device)
    k = column("keys", keys, widths=KEY_WIDTHS)
    points = np.zeros((k.n, 64), np.uint8)
    work = _cpu_keys.decode_keys(
        points, k, curve="secp256k1", flags=_cpu_signatures.XONLY_KEYS, isa=isa
    )
    _pool.run(k.n, work, threads=threads, least=KEYS_PER_CORE, grain=LANES)
    return PreparedKeys.of_points(SCHEME, points)


def verify(
    key: BytesLike, signature: BytesLike, message: BytesLike, *, device: str | None = None
) -> None:
    """Verifies one signature: returns None if it is valid, else raises InvalidSignature with the
    verdict.

    Takes one item of what `verify_many` takes; of any length, since a wrong length is a verdict
    too.
    """
    isa = cpu_of(device)
    demand_ok(_cpu_signatures.schnorr_verify_one, NAMES, (key, signature, message), isa)
