"""Ethereum's RLP (Yellow Paper, appendix B)."""

from typing import Any


def rlp_decode(data: bytes) -> tuple[Any, bytes]:
    """(first item, rest): an item is bytes or a list of items."""
    first = data[0]
    if first < 0x80:
        return data[:1], data[1:]
    base = 0x80 if first < 0xC0 else 0xC0
    size, start = first - base, 1
    if size > 55:
        start = 1 + size - 55
        size = int.from_bytes(data[1:start], "big")
    body, rest = data[start : start + size], data[start + size :]
    if base == 0x80:
        return body, rest
    items = []
    while body:
        item, body = rlp_decode(body)
        items.append(item)
    return items, rest


def rlp_encode(item: Any) -> bytes:
    """The encoding of bytes, or of a list of items."""
    if isinstance(item, list):
        return _prefix(0xC0, b"".join(map(rlp_encode, item)))
    return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, item)


def _prefix(base: int, body: bytes) -> bytes:
    if len(body) <= 55:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


def rlp_decode_strict(data: bytes) -> Any:
    """The item that has this encoding; ValueError if none has."""
    try:
        item, rest = rlp_decode(data)
    except (IndexError, RecursionError):
        raise ValueError("ends too early") from None
    if rest or rlp_encode(item) != data:
        raise ValueError("not the item's encoding")
    return item
