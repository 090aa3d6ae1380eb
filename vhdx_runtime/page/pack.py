"""Bytes and columns of numbers, small enough to stand in a page.

Knows how a column is laid out for compression: all lowest bytes first, then the next ones. The page's script undoes it.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_LEVEL = 4


def planes(values: Array, width: int) -> bytes:
    r"""A column of numbers as `width` planes of bytes, the lowest first.

    Args:
        values: integers, none of them negative, each of at most `width` bytes.
        width: bytes of each number that are kept, 1 to 8.

    >>> planes(np.array([1, 258]), 2)
    b'\x01\x02\x00\x01'
    """
    return values.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()


def zigzag(values: Array) -> Array:
    """Signed numbers as numbers that are small where those are near zero.

    >>> zigzag(np.array([0, -1, 1, -2])).tolist()
    [0, 1, 2, 3]
    """
    signed = values.astype(np.int64)
    return (signed << np.int64(1)) ^ (signed >> np.int64(63))


def packed(data: bytes) -> str:
    """Bytes compressed (zlib) as base64: letters that mean nothing in HTML."""
    return b64encode(zlib.compress(data, _LEVEL)).decode("ascii")
