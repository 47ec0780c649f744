"""Columns in the shapes that callers have them in."""

from typing import Any

import numpy as np


def ragged(items: list[bytes]) -> tuple[bytes, Any]:
    """Bytes and offsets."""
    offsets = np.zeros(len(items) + 1, np.int64)
    np.cumsum([len(item) for item in items], out=offsets[1:])
    return b"".join(items), offsets


def packed(items: list[bytes]) -> Any:
    """An array of shape (n, width)."""
    return np.frombuffer(b"".join(items), np.uint8).reshape(len(items), -1)
