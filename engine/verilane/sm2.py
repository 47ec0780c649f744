"""SM2 signatures on the curve sm2p256v1: verification by GB/T 32918.2-2016 section 7 (GM/T 0003.2,
ISO/IEC 14888-3): FISCO BCOS, ChainMaker, Hygon, TLCP.

Everything here is public data: nothing is constant time. What is signed is e = SM3(ZA || message),
where ZA = SM3(length of the user ID in bits, user ID, the curve, the key). Either messages are
given, and hashed here, or digests e. Who signs and who verifies must mean the same by "message":
FISCO BCOS signs the 32-byte SM3 hash of a transaction as a message, with the default user ID.

There is no low-S rule: (r, n - s) is no second signature.
"""

from functools import partial
from typing import Any, TypeAlias

import numpy as np

from . import _choice, _cpu_keys, _cpu_signatures, _cpu_terms, _offload, _pool
from ._columns import BytesLike, Column, ColumnLike, Widths, column
from ._devices import cpu_of, trusted_of
from ._items import KEYS_PER_CORE, LANES, decided, demand_ok, item
from ._prepared import KeysLike, PreparedKeys, key_column
from ._verdicts import Verdicts

__all__ = ["DEFAULT_USER_ID", "USER_ID_MOST", "prepare", "verify", "verify_many"]

DEFAULT_USER_ID = b"1234567812345678"
"""The user ID of GM/T 0009-2012 section 10, for whoever has agreed on no other."""
USER_ID_MOST = 8191
"""The longest user ID, in bytes: its length in bits is hashed as 16 bits."""

SCHEME = "sm2"
KEY_WIDTHS = (33, 65, 64)
DIGEST_WIDTHS = (32,)
SIGNATURE_WIDTHS: dict[str, Widths] = {
    "compact": (64,),
    "der": None,
    "fisco": (128,),
}

UserIdLike: TypeAlias = "ColumnLike"
"""One user ID for all (bytes, bytearray, memoryview), or a column of them."""


def verify_many(
    keys: "KeysLike | None",
    signatures: ColumnLike,
    messages: "ColumnLike | None" = None,
    *,
    digests: "ColumnLike | None" = None,
    user_id: UserIdLike = DEFAULT_USER_ID,
    encoding: str = "compact",
    device: str | None = None,
    threads: int | None = None,
) -> Verdicts:
    """Verifies n signatures and returns one verdict for each, in order.

    keys: 33 bytes (02/03, x), 65 bytes (04, x, y) or 64 bytes (x, y), mixed at will unless packed;
    or what `prepare` made of them; None, with "fisco" only, for the keys that the signatures hold.
    signatures: they fix n. By `encoding`: "compact" is r, s, 64 bytes; "der" is strict DER
    (ChainMaker, X.509); "fisco" is r, s, x, y, 128 bytes, the key appended (FISCO BCOS).
    messages: bytes of any length each, none included (flat bytes have no meaning, as nothing tells
    their width). Or else digests: e, 32 bytes each, with the user ID already hashed into them.
    Each of these is packed, ragged, an Arrow array or a sequence of bytes-like items.
    user_id: bytes of up to 8191, one for all messages, or a column of n. Digests need none.
    device: "cpu" or a name from `devices()`; one beside the CPU computes points, and its wrong
    answers change no verdict (`use`). None: what is measured to be done first (`verilane devices
    --calibrate`), the CPU where nothing is. threads: cores to use at most; None takes all.

    BAD_KEY: no point of the curve, or an appended key that differs from the one in `keys`.
    BAD_SIGNATURE: a wrong encoding, r or s not in [1, n - 1], or r + s = n. BAD_MESSAGE: a digest
    that is not 32 bytes long, or an ID of the column that is longer than 8191. MISMATCH: the rest.

    Raises TypeError for what is not bytes-like; ValueError for columns that do not fit each other,
    for both or neither of messages and digests, a user ID for all that is too long, an unknown
    encoding or device; DeviceUnavailable for a named device that is missing. An item's own faults
    give its verdict.
    """
    code = _encoding(encoding, keyless=keys is None)
    isa, trusted = cpu_of(device), trusted_of(device)
    given = _the_one(("messages", messages), ("digests", digests))
    s = column("signatures", signatures, widths=SIGNATURE_WIDTHS[encoding])
    k = None
    if keys is not None:
        k = key_column(keys, SCHEME, widths=KEY_WIDTHS, n=s.n, fixed_by="signatures")
    if digests is None:
        m, ids = _column("messages", given, None, s.n), _user_ids(user_id, s.n)
    else:
        m, ids = _column("digests", given, DIGEST_WIDTHS, s.n), None
    is_one = _is_one(user_id)
    batch = _offload.Batch(
        SCHEME,
        s.n,
        (k, s, m, ids),
        partial(_cpu_signatures.sm2_verify, one_user_id=is_one, encoding=code, isa=isa),
        partial(_cpu_terms.sm2_terms, one_user_id=is_one, encoding=code, isa=isa),
        threads,
        fixed=(3,) if is_one else (),
    )
    return decided(_choice.verify(batch, device, trusted))


def prepare(
    keys: ColumnLike, *, device: str | None = None, threads: int | None = None
) -> PreparedKeys:
    """Decodes keys once, for many calls of `verify_many`, which then takes no square roots.

    Takes keys in the forms that `verify_many` takes; packed ones must be an array of shape (n,
    width) or Arrow fixed-size binary, since flat bytes do not tell their number. 64 bytes of memory
    a key. A key that is none is kept as such, and its items are BAD_KEY. Exceptions are those of
    `verify_many`.
    """
    isa = cpu_of(device)
    k = column("keys", keys, widths=KEY_WIDTHS)
    points = np.zeros((k.n, _cpu_keys.POINT_ROW), np.uint8)
    work = _cpu_keys.decode_keys(points, k, curve="sm2", flags=0, isa=isa)
    _pool.run(k.n, work, threads=threads, least=KEYS_PER_CORE, grain=LANES)
    return PreparedKeys.of_points(SCHEME, points)


def verify(
    key: BytesLike | None,
    signature: BytesLike,
    message: BytesLike | None = None,
    *,
    digest: BytesLike | None = None,
    user_id: BytesLike = DEFAULT_USER_ID,
    encoding: str = "compact",
    device: str | None = None,
) -> None:
    """Verifies one signature: returns None if it is valid, else raises InvalidSignature with the
    verdict.

    Takes one item of what `verify_many` takes; of any length, since a wrong length is a verdict
    too. A user ID of more than 8191 bytes is a ValueError.
    """
    signed = _the_one(("message", message), ("digest", digest))
    code = _encoding(encoding, keyless=key is None)
    isa = cpu_of(device)
    ids = None if digest is not None else _one_user_id(user_id)
    names, items = ("signature", "message" if digest is None else "digest"), (signature, signed)
    if key is None:
        demand_ok(partial(_cpu_signatures.sm2_verify_one, None), names, items, ids, code, isa)
    else:
        demand_ok(_cpu_signatures.sm2_verify_one, ("key", *names), (key, *items), ids, code, isa)


def _encoding(name: str, *, keyless: bool) -> int:
    """Returns the encoding as C takes it. keyless: no keys are given."""
    try:
        code = _cpu_signatures.SM2_ENCODINGS[name]
    except (KeyError, TypeError):
        raise ValueError(
            f"no encoding is named {name!r}; there are: {', '.join(_cpu_signatures.SM2_ENCODINGS)}"
        ) from None
    if keyless and name != "fisco":
        raise ValueError(f"no keys: signatures hold them with encoding='fisco', not {name!r}")
    return code


def _the_one(left: tuple[str, Any], right: tuple[str, Any]) -> Any:
    """Returns the value of the one of two arguments that is given."""
    given = [value for _, value in (left, right) if value is not None]
    if len(given) != 1:
        number = "both" if given else "neither"
        raise ValueError(f"expected {left[0]} or {right[0]}, got {number}")
    return given[0]


def _column(name: str, value: ColumnLike, widths: Widths, n: int) -> Column:
    return column(name, value, widths=widths, n=n, fixed_by="signatures")


def _is_one(user_id: UserIdLike) -> bool:
    if isinstance(user_id, memoryview):
        return user_id.ndim == 1
    return isinstance(user_id, (bytes, bytearray))


def _user_ids(user_id: UserIdLike, n: int) -> Column:
    """Returns n user IDs, or the one for all."""
    if not _is_one(user_id):
        return _column("user_id", user_id, None, n)
    octets = _one_user_id(user_id)
    return Column(np.frombuffer(octets, np.uint8), None, len(octets), 1)


def _one_user_id(user_id: Any) -> bytes:
    octets = item("user_id", user_id)
    if len(octets) > USER_ID_MOST:
        raise ValueError(f"user_id: {len(octets)} bytes, expected {USER_ID_MOST} at most")
    return octets
