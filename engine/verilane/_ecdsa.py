"""What ECDSA verification shares between curves: arguments checked, work handed out, verdicts read.
secp256k1/ecdsa.py and p256/ecdsa.py say what it means.
"""

from functools import partial

import numpy as np

from . import _choice, _cpu_keys, _cpu_signatures, _cpu_terms, _offload, _pool
from ._columns import BytesLike, ColumnLike, column
from ._devices import cpu_of, trusted_of
from ._items import KEYS_PER_CORE, LANES, decided, demand_ok
from ._prepared import KeysLike, PreparedKeys, key_column
from ._verdicts import Verdicts

__all__ = [
    "COMPACT_WIDTHS",
    "DIGEST_WIDTHS",
    "KEY_WIDTHS",
    "flags_of",
    "prepare",
    "verify",
    "verify_many",
]

KEY_WIDTHS = (33, 65, 64)
COMPACT_WIDTHS = (64,)
DIGEST_WIDTHS = (32,)
NAMES = "key", "signature", "digest"


def verify_many(
    curve: str,
    keys: KeysLike,
    signatures: ColumnLike,
    digests: ColumnLike,
    *,
    encoding: str,
    low_s: bool,
    hybrid_keys: bool,
    key_form: str,
    device: str | None,
    threads: int | None,
) -> Verdicts:
    """Returns n verdicts; the public functions that call this say of what."""
    code = _encoding(encoding)
    flags = flags_of(low_s, hybrid_keys, key_form)
    isa, trusted = cpu_of(device), trusted_of(device)
    d = column("digests", digests, widths=DIGEST_WIDTHS)
    if isinstance(keys, PreparedKeys) and (hybrid_keys or key_form != "any"):
        name = "hybrid_keys" if hybrid_keys else "key_form"
        raise ValueError(f"{name}: prepare() has decided this for prepared keys")
    k = key_column(keys, f"{curve}.ecdsa", widths=KEY_WIDTHS, n=d.n, fixed_by="digests")
    s = column(
        "signatures", signatures, widths=COMPACT_WIDTHS if encoding == "compact" else None, n=d.n
    )
    batch = _offload.Batch(
        f"{curve}.ecdsa",
        d.n,
        (k, s, d),
        partial(_cpu_signatures.ecdsa_verify, curve=curve, encoding=code, flags=flags, isa=isa),
        partial(_cpu_terms.ecdsa_terms, curve=curve, encoding=code, flags=flags, isa=isa),
        threads,
        summable=curve == "secp256k1",
    )
    return decided(_choice.verify(batch, device, trusted))


def prepare(
    curve: str,
    keys: ColumnLike,
    *,
    hybrid_keys: bool,
    key_form: str,
    device: str | None,
    threads: int | None,
) -> PreparedKeys:
    """Returns the keys, decoded and decompressed."""
    isa = cpu_of(device)
    k = column("keys", keys, widths=KEY_WIDTHS)
    points = np.zeros((k.n, _cpu_keys.POINT_ROW), np.uint8)
    flags = flags_of(False, hybrid_keys, key_form)
    work = _cpu_keys.decode_keys(points, k, curve=curve, flags=flags, isa=isa)
    _pool.run(k.n, work, threads=threads, least=KEYS_PER_CORE, grain=LANES)
    return PreparedKeys.of_points(f"{curve}.ecdsa", points)


def verify(
    curve: str,
    key: BytesLike,
    signature: BytesLike,
    digest: BytesLike,
    *,
    encoding: str,
    low_s: bool,
    hybrid_keys: bool,
    key_form: str,
    device: str | None,
) -> None:
    """Returns None, or raises InvalidSignature with the verdict."""
    code = _encoding(encoding)
    flags = flags_of(low_s, hybrid_keys, key_form)
    isa = cpu_of(device)
    items = key, signature, digest
    demand_ok(partial(_cpu_signatures.ecdsa_verify_one, curve), NAMES, items, code, flags, isa)


def _encoding(name: str) -> int:
    return _named("encoding", name, _cpu_signatures.ENCODINGS)


def _named(what: str, name: str, known: dict[str, int]) -> int:
    try:
        return known[name]
    except (KeyError, TypeError):
        raise ValueError(f"no {what} is named {name!r}; there are: {', '.join(known)}") from None


def flags_of(low_s: bool, hybrid_keys: bool, key_form: str) -> int:
    """Returns the options as C takes them. ValueError for a key form that there is not."""
    flags = _cpu_signatures.LOW_S if low_s else 0
    flags |= _cpu_signatures.HYBRID_KEYS if hybrid_keys else 0
    return flags | _named("key form", key_form, _cpu_signatures.KEY_FORMS)
