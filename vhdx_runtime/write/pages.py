"""The file as a writer sees it: its bytes, and over them the sectors of table and bitmaps that are not at home yet.

A sector is changed here first, in memory. It goes to the log from here, and home from here; it is never built anew from
what the file holds meanwhile.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from ..errors import IntegrityError
from .entry import SECTOR
from .target import Target

_BYTE: Final = 8
_FULL: Final = 0xFF
_KEPT: Final = 1024  # sectors that are at home and held all the same, as they are likely to change again


class Pages:
    """A source over a target, in which sectors can be changed. Its size is that of the target.

    Args:
        target: the file.

    Attributes:
        dirty: the sectors that the log does not have yet, by file offset.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.name = target.name
        self.dirty: dict[int, bytearray] = {}
        self._clean: dict[int, bytearray] = {}

    @property
    def size(self) -> int:
        """Length in bytes, as it is now."""
        return self._target.size

    @property
    def fd(self) -> int | None:
        """None: not all bytes are those of the file."""
        return None

    @property
    def identity(self) -> Hashable:
        """That of the target."""
        return self._target.identity

    def page(self, file_offset: int) -> bytearray:
        """The sector at a file offset, to be changed; from now on it is dirty.

        Args:
            file_offset: in bytes, a multiple of the sector size.

        Raises:
            IntegrityError: the file ends before.
            FileError: it cannot be read.
        """
        page = self.dirty.get(file_offset)
        if page is None:
            page = self._clean.get(file_offset) or bytearray(self._target.read_at(file_offset, SECTOR))
            if len(page) < SECTOR:
                raise IntegrityError(f"{self.name}: the file became shorter while it was written")
            self._clean.pop(file_offset, None)
            self.dirty[file_offset] = page
        return page

    def settle(self) -> None:
        """The dirty sectors are in the log and written home."""
        self._clean.update(self.dirty)
        self.dirty.clear()
        while len(self._clean) > _KEPT:
            del self._clean[next(iter(self._clean))]

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        raw = self._target.read_at(offset, length)
        if not self.dirty:
            return raw
        buffer = bytearray(raw)
        self._lay_over(offset, memoryview(buffer))
        return bytes(buffer)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        count = self._target.readinto_at(offset, buffer)
        if self.dirty:
            self._lay_over(offset, buffer[:count])
        return count

    def _lay_over(self, offset: int, buffer: memoryview) -> None:
        end = offset + len(buffer)
        for start in self._dirty_between(offset, end):
            low, high = max(start, offset), min(start + SECTOR, end)
            buffer[low - offset : high - offset] = self.dirty[start][low - start : high - start]

    def _dirty_between(self, offset: int, end: int) -> Iterator[int]:
        first = offset // SECTOR * SECTOR
        if end - first > len(self.dirty) * SECTOR:
            return (start for start in self.dirty if first <= start < end)
        return (start for start in range(first, end, SECTOR) if start in self.dirty)

    def close(self) -> None:
        """Close the target."""
        self._target.close()

    def set_bits(self, bitmap_offset: int, start: int, end: int, *, value: bool) -> None:
        """Give bits of a sector bitmap a value.

        Args:
            bitmap_offset: file offset of the bitmap block, in bytes.
            start: first bit.
            end: behind the last one.
            value: of all of them.

        Spec: MS-VHDX 2.4
        """
        while start < end:
            number, inside = divmod(start, SECTOR * _BYTE)
            stop = min(end, (number + 1) * SECTOR * _BYTE)
            fill_bits(self.page(bitmap_offset + number * SECTOR), inside, inside + stop - start, value=value)
            start = stop


def fill_bits(page: bytearray, start: int, end: int, *, value: bool) -> None:
    """Give bits `start` to `end` (exclusive) of some bytes a value; bit 0 is the lowest of byte 0.

    >>> page = bytearray(3)
    >>> fill_bits(page, 3, 17, value=True)
    >>> page.hex()
    'f8ff01'
    """
    first, last = start // _BYTE, -(-end // _BYTE)
    if first >= last:
        return
    mask = bytearray([_FULL]) * (last - first)
    mask[0] &= _FULL << start % _BYTE & _FULL
    mask[-1] &= _FULL >> -end % _BYTE
    old = int.from_bytes(page[first:last], "little")
    bits = int.from_bytes(mask, "little")
    new = old | bits if value else old & ~bits
    page[first:last] = new.to_bytes(last - first, "little")


def all_set(raw: bytes, start: int, end: int) -> bool:
    """Whether bits `start` to `end` (exclusive) of some bytes are all set."""
    expected = bytearray(len(raw))
    fill_bits(expected, start, end, value=True)
    mask = int.from_bytes(expected, "little")
    return int.from_bytes(raw, "little") & mask == mask
