"""Sector bitmaps: which sectors of a chunk are in this file.

Works on bytes that somebody else read.
"""

from __future__ import annotations

from collections.abc import Iterator

_WINDOW = 1024  # bits handled as one integer; shifting wider ones costs more than it saves


def runs(bitmap: bytes | memoryview, start: int, count: int) -> Iterator[tuple[int, int, bool]]:
    """Maximal runs of equal bits.

    Args:
        bitmap: at least ceil((start + count) / 8) bytes; bit 0 of byte 0 is the first sector of the chunk.
        start: first bit.
        count: number of bits.

    Yields:
        `(first bit, number of bits, value)`, in order; value True where the sector is in this file.

    >>> list(runs(bytes([0b00111000]), 1, 6))
    [(1, 2, False), (3, 3, True), (6, 1, False)]

    Spec: MS-VHDX 2.4
    """
    begun, value = start, None
    for position, bit in _changes(bitmap, start, start + count):
        if bit is not value:
            if value is not None:
                yield begun, position - begun, value
            begun, value = position, bit
    if value is not None:
        yield begun, start + count - begun, value


def shape(bitmap: bytes | memoryview, start: int, count: int) -> tuple[int, int, int]:
    """How many runs there are, without a look at each.

    Args:
        bitmap: as for `runs`.
        start: first bit.
        count: number of bits, positive.

    Returns:
        Number of runs, of those with value False, and of the bits in them.

    >>> shape(bytes([0b00111000]), 1, 6)
    (3, 2, 3)

    Spec: MS-VHDX 2.4
    """
    mask = (1 << count) - 1
    bits = int.from_bytes(bitmap[start // 8 : -(-(start + count) // 8)], "little") >> start % 8 & mask
    absent = bits ^ mask
    changes = (bits ^ bits >> 1) & mask >> 1
    return changes.bit_count() + 1, (absent & ~(absent << 1)).bit_count(), absent.bit_count()


def _changes(bitmap: bytes | memoryview, start: int, end: int) -> Iterator[tuple[int, bool]]:
    """Every position where the bits may change, with the bit there: window starts and changes inside windows."""
    position = start
    while position < end:
        stop = min(end, (position // _WINDOW + 1) * _WINDOW)
        first = position // 8
        bits = int.from_bytes(bitmap[first : -(-stop // 8)], "little") >> (position - first * 8)
        width = stop - position
        bits &= (1 << width) - 1
        while width:
            value = bool(bits & 1)
            yield stop - width, value
            rest = bits ^ ((1 << width) - 1) if value else bits
            length = (rest & -rest).bit_length() - 1 if rest else width
            bits >>= length
            width -= length
        position = stop
