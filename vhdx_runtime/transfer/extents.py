"""Which parts of a disk may hold anything but zeros, and from which file they can be taken as they are.

Joins the ranges of the disk with the holes of the files that hold it, so that neither is read. Depends on the disk;
knows nothing of what is done with the parts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..codec.source import Source
from ..disk.ranges import LOG, MISSING, Range, take
from ..disk.virtual import VirtualDisk
from ..errors import became_shorter
from ..portable import next_data
from ..semantics.presence import DATA, PARTIAL, UNREADABLE

# Not in the specification: a list of lost ranges is kept up to this length; what follows is counted only.
LOST_KEPT: Final = 100_000


class Extent(NamedTuple):
    """A part of a disk that may hold something.

    Attributes:
        virtual_offset: in bytes.
        length: in bytes, positive.
        source: file that holds these bytes in a row, or None where only the disk itself can say what they are.
        file_offset: of the first byte in `source`.
    """

    virtual_offset: int
    length: int
    source: Source | None
    file_offset: int

    @property
    def end(self) -> int:
        """Virtual offset behind the last byte."""
        return self.virtual_offset + self.length

    def origin(self, virtual_offset: int) -> tuple[Hashable, int] | None:
        """File and offset there of one of its bytes, or None; equal origins are the same bytes."""
        return (self.source.identity, self.file_offset + virtual_offset - self.virtual_offset) if self.source else None


@dataclass(slots=True)
class Lost:
    """What could not be had: ranges that are unreadable, or that were left to a parent that is not there.

    Attributes:
        ranges: the first `LOST_KEPT` of them, neighbours joined, in ascending order.
        count: of all of them; those that are not in `ranges` may end with their block.
        bytes: in all of them; at least, where the disk itself lists not all.
        is_complete: `ranges` are all of them.
    """

    ranges: list[Range] = field(default_factory=list)
    count: int = 0
    bytes: int = 0
    is_complete: bool = True

    def add(self, lost: Range) -> None:
        """Note one more."""
        self.bytes += lost.length
        known = len(self.ranges)
        self.is_complete = self.is_complete and take(self.ranges, lost, LOST_KEPT)
        self.count += len(self.ranges) - known if self.is_complete else 1

    def add_missing(self, disk: VirtualDisk, found: Range) -> None:
        """Note what is missing of a range of the kind partial: one by one as long as they are listed."""
        image = disk.images[found.depth]
        step = image.geometry.block_size if image.geometry else found.length
        position, end = found.virtual_offset, found.virtual_offset + found.length
        while position < end:
            length = min(end, (position // step + 1) * step) - position
            if self.is_complete:
                for part in disk.ranges(position, length):
                    if part.kind == MISSING:
                        self.add(part)
            elif image.mapping is not None:
                count, size = image.mapping.absent(position, length)
                self.count += count
                self.bytes += size
            position += length

    def add_failures(self, disk: VirtualDisk) -> None:
        """Note the places that a salvaging disk could not read although its structures are sound."""
        for failed in disk.lost:
            if failed.file_offset is not None:
                self.add(failed)
        self.ranges.sort()
        self.count += disk.unlisted
        self.is_complete &= not disk.unlisted


class StoredParts:
    """The parts of one file that are not holes.

    They are asked for once and all together: to ask range by range means to search for the same end again and again.

    Args:
        source: the file.

    Raises:
        IntegrityError: the file is shorter than when it was opened.
    """

    def __init__(self, source: Source) -> None:
        self._starts = array("q")
        self._ends = array("q")
        position = 0
        while source.fd is not None and (found := next_data(source.fd, position, source.size)):
            position = found[1]
            self._starts.append(found[0])
            self._ends.append(position)
        self._known = source.fd is not None
        if source.size and not source.read_at(source.size - 1, 1):  # what is gone would look like a hole
            raise became_shorter(source.name)

    def within(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of [start, end), file offsets in bytes, that are not holes, as (start, end) in order."""
        if not self._known:
            yield start, end
            return
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self._starts) and self._starts[index] < end:
            low, high = max(start, self._starts[index]), min(end, self._ends[index])
            if low < high:
                yield low, high
            index += 1


def of_disk(disk: VirtualDisk, lost: Lost, offset: int = 0, length: int | None = None) -> Iterator[Extent]:
    """The parts of a disk that may hold something, in ascending order; all else is zeros.

    Args:
        disk: the disk.
        lost: takes down what cannot be had; these ranges are left out, as they read as zeros.
        offset: virtual offset in bytes to start from.
        length: in bytes, None for the rest of the disk.

    Yields:
        Extents that do not overlap.

    Raises:
        VhdxError: a range is unreadable, and the disk was not opened for salvage.
    """
    stored: dict[int, StoredParts] = {}
    for found in disk.ranges(offset, length, coarse=True):
        if found.kind == DATA and found.file_offset is not None:
            source = disk.images[found.depth].source
            if found.depth not in stored:
                stored[found.depth] = StoredParts(source)
            shift = found.virtual_offset - found.file_offset
            for start, end in stored[found.depth].within(found.file_offset, found.file_offset + found.length):
                yield Extent(start + shift, end - start, source, start)
        elif found.kind in (LOG, PARTIAL):
            if found.kind == PARTIAL and found.depth + 1 == len(disk.images):
                lost.add_missing(disk, found)
            yield Extent(found.virtual_offset, found.length, None, 0)
        elif found.kind in (UNREADABLE, MISSING):
            if found.kind == UNREADABLE and not disk.salvaging:
                disk.read_at(found.virtual_offset, 1)  # raises what is wrong with it
            lost.add(found)


def of_file(source: Source) -> Iterator[Extent]:
    """The parts of a raw image that are not holes, in ascending order."""
    for start, end in StoredParts(source).within(0, source.size):
        yield Extent(start, end - start, source, start)
