"""Ed25519 (RFC 8032 section 5.1): verification under a named rule.

Everything here is public data: nothing is constant time. All rules demand S < L and hash the bytes
as received; they differ in what else they let pass, and agree on every signature of an honest
signer. Chains split over that difference, so take the rule that yours has:

ZIP215 (Zcash, CometBFT): any A and R that decode, the cofactored equation 8 S B = 8 R + 8 k A.
RFC8032: canonical A and R, S B = R + k A.
OPENSSL (also Go): any A that decodes; R must be the very bytes that S B - k A encodes to.
STRICT (ed25519-dalek's verify_strict; Solana): as OPENSSL, and A and R not of small order.

Under ZIP215, from 40 items on (12 without AVX-512), a random linear combination of many items'
equations is checked first, with 128-bit coefficients that the operating system draws anew for each
part of a batch; if it fails, bad items are looked for and judged one by one. Verdicts are the same
either way. The other rules have no factor 8, and no such equation.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from . import _choice, _cpu_keys, _cpu_signatures, _cpu_terms, _offload, _pool
from ._columns import BytesLike, ColumnLike, column
from ._devices import cpu_of, trusted_of
from ._items import LANES, decided, demand_ok
from ._prepared import KeysLike, PreparedKeys, key_column
from ._verdicts import Verdicts

__all__ = ["OPENSSL", "RFC8032", "STRICT", "ZIP215", "prepare", "verify", "verify_many"]

ZIP215 = "zip215"
"""Any A and R that decode; 8 S B = 8 R + 8 k A."""
RFC8032 = "rfc8032"
"""Canonical A and R; S B = R + k A."""
OPENSSL = "openssl"
"""Any A that decodes; R is the very bytes of S B - k A."""
STRICT = "strict"
"""As OPENSSL; neither A nor R of small order."""

# C judges so many by one equation (VL_EDWARDS_BLOCK). Under ZIP215 parts of 512 cost 1.2 times as
# much an item, parts of 256 1.4 times.
EQUATION_ITEMS = 1024

# Preparing a key takes as long as verifying an item that is alone in its lane.
PREPARED_PER_CORE = 32
CACHE_LINE = 64

SCHEME = "ed25519"
KEY_WIDTHS = (32,)
SIGNATURE_WIDTHS = (64,)
NAMES = "key", "signature", "message"


def verify_many(
    keys: KeysLike,
    signatures: ColumnLike,
    messages: ColumnLike,
    *,
    rule: str = ZIP215,
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies n signatures and returns one verdict for each, in order.

    keys: 32 bytes each, or what `prepare` made of them. They fix n. signatures: 64 bytes each, R
    and S. messages: any length each.
    Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items (flat bytes
    have no meaning as messages, whose width nothing tells).
    rule: one of the names above. BAD_KEY: A does not decode, or the rule refuses it. BAD_SIGNATURE:
    a wrong length, S >= L, or R's encoding or order is refused by the rule. Everything else that is
    wrong is a MISMATCH, an R that does not decode included.
    device: "cpu" or a name from `devices()`; one beside the CPU computes points, and its wrong
    answers change no verdict (`use`). None: what is measured to be done first (`verilane devices
    --calibrate`), the CPU where nothing is. threads: cores to use at most; None takes all.

    Raises TypeError for what is not bytes-like; ValueError for columns that do not fit each other,
    an unknown rule or device; DeviceUnavailable for a named device that is missing. An item's own
    faults give its verdict.
    """
    code = _rule(rule)
    isa, trusted = cpu_of(device), trusted_of(device)
    k = key_column(keys, SCHEME, widths=KEY_WIDTHS, row=_cpu_keys.ED25519_ROW)
    s = column("signatures", signatures, widths=SIGNATURE_WIDTHS, n=k.n, fixed_by="keys")
    m = column("messages", messages, widths=None, n=k.n, fixed_by="keys")
    flags = _cpu_signatures.PREPARED_KEYS if isinstance(keys, PreparedKeys) else 0
    batch = _offload.Batch(
        SCHEME,
        k.n,
        (k, s, m),
        partial(_cpu_signatures.ed25519_verify, rule=code, flags=flags, isa=isa),
        partial(_cpu_terms.ed25519_terms, rule=code, flags=flags, isa=isa),
        threads,
        shortest=EQUATION_ITEMS if rule == ZIP215 else 1,
        summable=rule == ZIP215,
    )
    return decided(_choice.verify(batch, device, trusted))


def prepare(
    keys: ColumnLike, *, device: str | None = None, threads: int | None = None
) -> PreparedKeys:
    """Decodes keys once and makes tables of their multiples, for many calls of `verify_many`, under
    any rule and on any device.

    Takes keys in the forms that `verify_many` takes. 6400 bytes of memory a key; what `take` makes
    of the result shares them. Preparing takes about as long as verifying once; then a lane takes
    0.4 times as long, an item of a large batch under ZIP215 0.8 times. A key that does not decode
    is kept as such, and its items are BAD_KEY; what a rule refuses it refuses when it is used.
    Exceptions are those of `verify_many`.
    """
    isa = cpu_of(device)
    k = column("keys", keys, widths=KEY_WIDTHS)
    rows = _rows(k.n)
    codes = np.zeros(k.n, np.uint8)
    work = _cpu_keys.prepare_ed25519_keys(rows, codes, k, isa=isa)
    _pool.run(k.n, work, threads=threads, least=PREPARED_PER_CORE, grain=LANES)
    return PreparedKeys(SCHEME, rows, codes)


def _rows(n: int) -> NDArray[np.uint8]:
    """Returns memory for n rows that starts on a cache line."""
    memory = np.empty(n * _cpu_keys.ED25519_ROW + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : memory.size - CACHE_LINE + start].reshape(n, _cpu_keys.ED25519_ROW)


def verify(
    key: BytesLike,
    signature: BytesLike,
    message: BytesLike,
    *,
    rule: str = ZIP215,
    device: str | None = None,
) -> None:
    """Verifies one signature: returns None if it is valid, else raises InvalidSignature with the
    verdict.

    Takes one item of what `verify_many` takes; of any length, since a wrong length is a verdict
    too.
    """
    code = _rule(rule)
    isa = cpu_of(device)
    demand_ok(_cpu_signatures.ed25519_verify_one, NAMES, (key, signature, message), code, isa)


def _rule(name: str) -> int:
    try:
        return _cpu_signatures.ED25519_RULES[name]
    except (KeyError, TypeError):
        raise ValueError(
            f"no rule is named {name!r}; there are: {', '.join(_cpu_signatures.ED25519_RULES)}"
        ) from None
