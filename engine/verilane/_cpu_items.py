"""One digest, one recovered key, one decoded key, without arrays around them: for nodes that ask
item by item.
"""

from ._columns import BytesLike
from ._cpu import Hash, _check, _local
from ._native import ffi as _ffi
from ._native import lib as _lib

__all__ = ["digest_one", "ecdsa_recover_one", "secp256k1_decode_one"]


def digest_one(message: BytesLike, hash: Hash, isa: int) -> bytes:
    """Returns the digest of one message, hash.size bytes. Raises TypeError for what is not
    bytes-like, and BufferError or ValueError for what is not in one piece.
    """
    memory, column, digest = _from_buffer(_BYTES, message), _new(_COLUMN), _new(_DIGEST)
    column.data, column.width = memory, len(memory)
    scratch, size = _local.scratch
    result = _lib.vl_digest(digest, 1, column, hash.number, isa, scratch, size)
    if result != 0:
        _check(result, isa)
    return _buffer(digest, hash.size)[:]  # type: ignore[no-any-return]


def ecdsa_recover_one(signature: bytes, digest: bytes, flags: int, isa: int) -> tuple[bytes, int]:
    """Returns the key (64 bytes, zero unless the verdict is OK) and the verdict of one item, whose
    parts may have any length. What it needs is made anew, so that it may be re-entered (signal
    handlers).
    """
    memory = _from_buffer(_BYTES, signature), _from_buffer(_BYTES, digest)
    s, d = columns = _new(_TWO_COLUMNS)
    s.data, d.data = memory
    s.width, d.width = len(signature), len(digest)
    key, verdict = _new(_KEY), _new(_ONE_BYTE)
    scratch, size = _local.scratch
    result = _lib.vl_secp256k1_ecdsa_recover(
        key, verdict, 1, columns, columns + 1, flags, isa, scratch, size
    )
    if result != 0:
        _check(result, isa)
    return _buffer(key)[:], verdict[0]


def secp256k1_decode_one(key: bytes, flags: int, isa: int) -> bytes | None:
    """Returns x and y, 64 bytes, of a key in any of its forms; None where it is none."""
    memory, column, point = _from_buffer(_BYTES, key), _new(_COLUMN), _new(_KEY)
    column.data, column.width = memory, len(key)
    scratch, size = _local.scratch
    result = _lib.vl_secp256k1_decode_keys(point, 1, column, flags, isa, scratch, size)
    if result != 0:
        _check(result, isa)
    decoded = _buffer(point)[:]
    return decoded if any(decoded) else None


_from_buffer = _ffi.from_buffer
_buffer = _ffi.buffer
_new = _ffi.new
_BYTES = _ffi.typeof("uint8_t[]")
_ONE_BYTE = _ffi.typeof("uint8_t[1]")
_KEY = _ffi.typeof("uint8_t[64]")
_COLUMN = _ffi.typeof("vl_column *")
_TWO_COLUMNS = _ffi.typeof("vl_column[2]")
# The longest digest there is (SHA-512).
_DIGEST = _ffi.typeof("uint8_t[64]")
