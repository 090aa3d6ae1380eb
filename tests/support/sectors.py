"""A file as its non-zero sectors: what a fuzzer that keeps thousands of inputs in memory can work with.

The form is the length, then for each sector its number and its bytes; the last sector may be cut by the file's end.
"""

from __future__ import annotations

import struct

import numpy as np

SECTOR = 4096
_LENGTH, _NUMBER = struct.Struct("<Q"), struct.Struct("<I")


def to_sectors(raw: bytes | bytearray) -> bytes:
    """The sectors of a file that are not zero."""
    rows = np.frombuffer(bytes(raw) + bytes(-len(raw) % SECTOR), dtype=np.uint64).reshape(-1, SECTOR // 8)
    numbers = np.flatnonzero(rows.any(axis=1)).tolist()
    parts = [_LENGTH.pack(len(raw))]
    for number in numbers:
        parts += [_NUMBER.pack(number), rows[number].tobytes()]
    return b"".join(parts)


def from_sectors(data: bytes, largest: int) -> bytes:
    """The file again; anything at all gives some file, of at most `largest` bytes."""
    if len(data) < _LENGTH.size:
        return b""
    length = min(_LENGTH.unpack_from(data)[0], largest)
    raw = bytearray(length)
    for place in range(_LENGTH.size, len(data) - _NUMBER.size, _NUMBER.size + SECTOR):
        start = _NUMBER.unpack_from(data, place)[0] * SECTOR
        part = data[place + _NUMBER.size : place + _NUMBER.size + SECTOR][: max(0, length - start)]
        raw[start : start + len(part)] = part
    return bytes(raw)
