"""The file's space: what is free, of which kind, and when what was given up may be used again.

Fresh space is what the file grew by since it was opened: zeros. All other free space holds what somebody wrote there
once, behind the last block too: nobody knows what, so whoever takes it fills it. Space that an entry gave up is free
once the medium has an entry that says so.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from vhdx_format import layout

from ..disk.image import Image
from ..disk.sorted_extents import Array
from ..disk.space import survey
from .target import Target

MIB: Final = layout.OBJECT_ALIGNMENT
_GROWTH: Final = 64 * MIB
_GROWTH_BLOCKS: Final = 16
_GAPS_KEPT: Final = 100_000  # in the file; further ones stay unused until it is opened again


class Taken(NamedTuple):
    """Space for a block.

    Attributes:
        offset: file offset in bytes.
        is_fresh: it is all zeros, and always was.
    """

    offset: int
    is_fresh: bool


class FileSpace:
    """The space of one file, as far as nothing uses it.

    Args:
        target: the file.
        block_size: of the disk, in bytes.

    Attributes:
        size: length of the file in bytes.
        flushed_size: length that is on the medium.
        growth: what the file grows by at least, in bytes: each growth costs a flush.
        keeps_places: kept places of unmapped blocks overlap nothing, so that those blocks can have them again.
    """

    def __init__(self, target: Target, block_size: int) -> None:
        self._target = target
        self._block_size = block_size
        self.size = self.flushed_size = target.size
        self.keeps_places = True
        self.growth = max(_GROWTH, _GROWTH_BLOCKS * block_size)
        self._fresh = self._floor = 0
        self._large: list[tuple[int, int]] = []  # with room for a block
        self._small: list[tuple[int, int]] = []
        self._released: list[tuple[int, int]] = []
        self._behind: list[tuple[int, int]] = []  # regions of others that lie behind it, too
        self._avoided: Array = np.zeros(0, dtype=np.uint64)  # places in MiB that entries name, behind all that is used

    def survey(self, image: Image) -> None:
        """Find out what is free, from a table that nobody has changed yet since it was opened, and round the length up.

        Raises:
            OSError: the file cannot grow by what is missing to a whole MiB, or of its last block.
        """
        self._large, self._small = [], []
        found = replace(survey(image), limit=self.size)
        self.keeps_places = not any(marks.any() for _, _, marks in found.misplaced())
        sizes = ((found.payload, self._block_size), (found.bitmaps, layout.SECTOR_BITMAP_BLOCK_SIZE))
        ends = [int(one.starts[-1]) * MIB + size for one, size in sizes if len(one.starts)]
        self._fresh = -(-max([self.size, *ends]) // MIB) * MIB
        for rows in found.free():  # not what is unused: if another block went there, both entries would name it
            for start, end in rows.tolist():
                self._put(-(-start // MIB) * MIB, end // MIB * MIB)
            if end == self.size:
                self._floor = end
            if len(self._large) + len(self._small) > _GAPS_KEPT:
                break
        named = (found.anchors.starts, found.unused)
        behind = [starts[starts > (self._fresh - self._block_size) // MIB] for starts in named]
        self._behind = [(item.start, item.end) for item in found.fixed if item.end > self._fresh]
        self._avoided = np.sort(np.concatenate(behind))
        if self._fresh > self.size:
            self.resize(self._fresh)

    def take(self, length: int) -> Taken:
        """Take space for a block of `length` bytes: free space of the file first, else the file grows.

        Raises:
            OSError: the file cannot grow; nothing has changed.
        """
        gaps = self._small if length < self._block_size and self._small else self._large
        if gaps:
            start, end = gaps.pop()
            self._put(start + length, end)
            return Taken(start, False)
        offset = self._unnamed(self._fresh, length)
        if offset + length > self.size:
            self._grow(offset + length)
        self._fresh = offset + length
        return Taken(offset, True)

    def give_back(self, offset: int, length: int) -> None:
        """Take space back that was taken and that nothing came to use."""
        self._put(offset, offset + length)

    def release(self, offset: int, length: int) -> None:
        """Note that an entry gave up space; it stays taken until `settle`."""
        self._released.append((offset, offset + length))

    def settle(self) -> None:
        """The medium has the entries that gave up space: it is free."""
        for start, end in self._released:
            self._put(start, end)
        self._released.clear()

    def end(self) -> int:
        """Where what is used ends, in bytes; what was unused when the file was opened counts as used.

        Meant for the end of a session, when nothing is to be taken any more.
        """
        end = self._fresh or self.size
        for start, stop in sorted([*self._large, *self._small], reverse=True):
            if stop != end:
                break
            end = start
        return max(end, self._floor)

    def resize(self, size: int) -> None:
        """Give the file another length.

        Raises:
            OSError: it could not be done.
        """
        if size > layout.LOG_TARGET_END_MAX:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._target.resize(size)
        self.size = size

    def _unnamed(self, offset: int, length: int) -> int:
        """The first place from an offset on where nothing lies, nor any entry or region says that something did."""
        while self._behind or len(self._avoided):
            ends = [end for start, end in self._behind if start < offset + length and offset < end]
            at = int(np.searchsorted(self._avoided, max(0, offset - self._block_size) // MIB, side="right"))
            if at < len(self._avoided) and int(self._avoided[at]) * MIB < offset + length:
                ends.append(int(self._avoided[at]) * MIB + self._block_size)
            if not ends:
                break
            offset = -(-max(ends) // MIB) * MIB
        return offset

    def _put(self, start: int, end: int) -> None:
        if start < end:
            (self._large if end - start >= self._block_size else self._small).append((start, end))

    def _grow(self, end: int) -> None:
        try:
            self.resize(end + self.growth)
        except OSError:  # not that much, but perhaps what is needed
            self.resize(end)
