"""What replaying the active sequence changes, as an overlay over the untouched file.

Knows the order in which updates apply: entries in sequence, descriptors in an entry, the last write to a sector wins
whatever its kind. "What would replay change" and "serve reads as if replayed" are both this.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from vhdx_format.layout import DATA_DESCRIPTOR_SIGNATURE, LOG_SECTOR_SIZE, OBJECT_ALIGNMENT, STRUCTURES

from ...codec.overlay import Overlay, Page, merge_ranges
from ...codec.source import Source
from .entries import LogArea, LogEntry, data_offset, descriptor_rows, zero_length

_MIDDLE = next(field.offset or 0 for field in STRUCTURES["data_sector"].fields if field.id == "data")


class Updates:
    """The updates of a sequence of entries, in order, without their data.

    Attributes:
        ranges: `(start, end)` of every zero descriptor, in file offsets.
        writes: number of data descriptors.
        end: largest file offset that any update reaches.
    """

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.writes = 0
        self.end = 0
        self._order = array("q")  # index into ranges, or ~index into pages
        self._pages: list[tuple[int, Page]] = []

    def zero(self, start: int, length: int) -> None:
        """Add a range set to zero; offsets and lengths in bytes."""
        self._order.append(len(self.ranges))
        self.ranges.append((start, start + length))
        self.end = max(self.end, start + length)

    def write(self, start: int, page: Page) -> None:
        """Add an update of one sector at file offset `start`."""
        self._order.append(~len(self._pages))
        self._pages.append((start // LOG_SECTOR_SIZE, page))
        self.writes += 1
        self.end = max(self.end, start + LOG_SECTOR_SIZE)

    def settle(self) -> dict[int, Page]:
        """Return the pages that survive: of each sector the last update, if that is a write.

        Going backwards decides each page once.
        """
        numbers = sorted({number for number, _ in self._pages})
        undecided = list(range(len(numbers) + 1))  # next undecided index at or after each, with path halving
        surviving: dict[int, Page] = {}
        for item in reversed(self._order):
            if item >= 0:
                start, end = self.ranges[item]
                last = -(-end // LOG_SECTOR_SIZE)
                at = _find(undecided, bisect_left(numbers, start // LOG_SECTOR_SIZE))
                while at < len(numbers) and numbers[at] < last:
                    undecided[at] = at + 1
                    at = _find(undecided, at)
            else:
                number, page = self._pages[~item]
                at = bisect_left(numbers, number)
                if undecided[at] == at:
                    undecided[at] = at + 1
                    surviving[number] = page
        return surviving


def _find(undecided: list[int], at: int) -> int:
    while undecided[at] != at:
        undecided[at] = undecided[undecided[at]]
        at = undecided[at]
    return at


def collect(area: LogArea, entries: Sequence[LogEntry]) -> Updates:
    """The updates of the given entries, in order.

    Args:
        area: the log.
        entries: valid entries in the order in which they apply.

    Spec: MS-VHDX 2.3.3
    """
    updates = Updates()
    for index, entry in enumerate(entries):
        data = entry.log_offset + data_offset(entry.descriptor_count)
        for place, row in enumerate(descriptor_rows(area, entry.log_offset, entry.descriptor_count)):
            signature, trailing, leading, target, _ = row
            if signature == DATA_DESCRIPTOR_SIGNATURE:
                middle = area.file_offset(data) + _MIDDLE
                updates.write(target, Page(leading, middle, trailing, (index, place)))
                data += LOG_SECTOR_SIZE
            else:
                updates.zero(target, zero_length(row))
    return updates


def overlay(source: Source, area: LogArea, entries: Sequence[LogEntry]) -> Overlay:
    """The file as it reads once the entries are replayed.

    The result is as long as the longest of the file, the updates, and the head's LastFileOffset rounded up to a
    whole MiB.

    Args:
        source: the file, which is not touched.
        area: its log.
        entries: the active sequence.

    Returns:
        A source.

    Spec: MS-VHDX 2.3.3
    """
    updates = collect(area, entries)
    grown = -(-entries[-1].last_file_offset // OBJECT_ALIGNMENT) * OBJECT_ALIGNMENT
    size = max(source.size, updates.end, grown)
    return Overlay(source, updates.settle(), merge_ranges(updates.ranges), size)
