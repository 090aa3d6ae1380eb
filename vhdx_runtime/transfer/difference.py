"""Where two disks differ.

Walks along both at once; what both know to be zero, or both take from the same place of the same file, is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .extents import Extent

SECTOR: Final = 512  # what a difference is rounded to: the smallest sector there is
_STEP: Final = 1 << 20
_ZEROS: Final = bytes(_STEP)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two disks.

    Attributes:
        size: in bytes.
        extents: its parts that may hold something, in ascending order.
        readinto_at: fills a buffer from a virtual offset on.
    """

    size: int
    extents: Iterable[Extent]
    readinto_at: Callable[[int, memoryview], object]


def differences(first: Side, second: Side, advance: Callable[[int], object]) -> Iterator[tuple[int, int]]:
    """The ranges in which two disks differ; the shorter one counts as zeros behind its end.

    Args:
        first: one disk.
        second: the other one.
        advance: called with the virtual offset up to which all is compared.

    Yields:
        (virtual offset, length) in bytes, ascending, not touching; in whole sectors of 512 bytes, but for the end of a
        disk that has no whole number of them.

    Raises:
        VhdxError: a range cannot be read.
    """
    begun = end = 0
    for start, length in _unequal_parts(first, second, advance):
        if start != end:
            if end > begun:
                yield begun, end - begun
            begun = start
        end = start + length
    if end > begun:
        yield begun, end - begun


def _unequal_parts(first: Side, second: Side, advance: Callable[[int], object]) -> Iterator[tuple[int, int]]:
    left, right = bytearray(_STEP), bytearray(_STEP)
    for start, end in _sectors(_spans(first.extents, second.extents), max(first.size, second.size)):
        for position in range(start, end, _STEP):
            count = min(_STEP, end - position)
            one, other = _read(first, position, left, count), _read(second, position, right, count)
            if one != other:
                yield from _unequal_sectors(position, one, other)
            advance(position + count)


def _read(side: Side, position: int, buffer: bytearray, count: int) -> bytes | bytearray:
    """Bytes of one side; zeros behind its end."""
    inside = max(0, min(count, side.size - position))
    side.readinto_at(position, memoryview(buffer)[:inside])
    buffer[inside:count] = _ZEROS[: count - inside]
    return buffer if count == len(buffer) else bytes(buffer[:count])


def _unequal_sectors(position: int, one: bytes | bytearray, other: bytes | bytearray) -> Iterator[tuple[int, int]]:
    for start in range(0, len(one), SECTOR):
        if one[start : start + SECTOR] != other[start : start + SECTOR]:
            yield position + start, min(SECTOR, len(one) - start)


def _sectors(spans: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Spans widened to whole sectors, and joined where they then touch."""
    first = last = 0
    for start, end in spans:
        start = start // SECTOR * SECTOR
        if start > last:
            if last > first:
                yield first, last
            first = start
        last = max(last, min(size, -(-end // SECTOR) * SECTOR))
    if last > first:
        yield first, last


def _spans(first: Iterable[Extent], second: Iterable[Extent]) -> Iterator[tuple[int, int]]:
    """Parts (start, end) that have to be read: something may be there, and not the very same bytes on both sides."""
    lefts, rights = iter(first), iter(second)
    left, right = next(lefts, None), next(rights, None)
    position = 0
    while left or right:
        position = max(position, min(side.virtual_offset for side in (left, right) if side))
        edges = [edge for side in (left, right) if side for edge in (side.virtual_offset, side.end)]
        stop = min(edge for edge in edges if edge > position)
        if not _is_same(left, right, position):
            yield position, stop
        position = stop
        left = next(lefts, None) if left and left.end <= position else left
        right = next(rights, None) if right and right.end <= position else right


def _is_same(left: Extent | None, right: Extent | None, position: int) -> bool:
    if left is None or right is None or max(left.virtual_offset, right.virtual_offset) > position:
        return False
    origin = left.origin(position)
    return origin is not None and origin == right.origin(position)
