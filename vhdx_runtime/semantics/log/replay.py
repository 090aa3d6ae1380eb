"""What replaying the active sequence changes, as an overlay over the untouched file.

Knows the order in which updates apply: entries in sequence, descriptors in an entry, the last write to a sector wins
whatever its kind. "What would replay change" and "serve reads as if replayed" are both this.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from vhdx_format.layout import DATA_DESCRIPTOR_SIGNATURE, LOG_SECTOR_SIZE, OBJECT_ALIGNMENT, STRUCTURES

from ...codec.overlay import Overlay, Page, merge_ranges
from ...codec.source import Source
from . import descriptors
from .area import LogArea
from .entries import LogEntry, data_offset

_SIZES = {field.id: field.size or 0 for field in STRUCTURES["data_descriptor"].fields}
_LEADING, _TRAILING = _SIZES["leading_bytes"], _SIZES["trailing_bytes"]
_MIDDLE = next(field.offset or 0 for field in STRUCTURES["data_sector"].fields if field.id == "data")


class Updates:
    """The updates of a sequence of entries, in order, without their data.

    Attributes:
        ranges: `(start, end)` of every zero descriptor, in file offsets.
    """

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self._end = 0
        self._order = array("q")  # index into ranges, or ~index into pages
        self._pages: list[tuple[int, Page]] = []

    def zero(self, start: int, length: int) -> None:
        """Add a range set to zero; offsets and lengths in bytes."""
        self._order.append(len(self.ranges))
        self.ranges.append((start, start + length))

    def write(self, start: int, page: Page) -> None:
        """Add an update of one sector at file offset `start`."""
        self._order.append(~len(self._pages))
        self._pages.append((start // LOG_SECTOR_SIZE, page))
        self._end = max(self._end, start + LOG_SECTOR_SIZE)

    @property
    def end(self) -> int:
        """Largest file offset that any update reaches, in bytes."""
        return max(self._end, max((end for _, end in self.ranges), default=0))

    def targets(self) -> Iterator[tuple[int, int]]:
        """Every range that an update changes, as half-open ranges of file offsets: writes first, then zeros."""
        for number, _ in self._pages:
            yield number * LOG_SECTOR_SIZE, (number + 1) * LOG_SECTOR_SIZE
        yield from self.ranges

    def settle(self) -> dict[int, Page]:
        """Return the pages that survive: of each sector the last update, if that is a write.

        Going backwards decides each page once.
        """
        numbers = sorted({number for number, _ in self._pages})
        undecided = list(range(len(numbers) + 1))  # next undecided index at or after each, with path halving
        surviving: dict[int, Page] = {}
        if not numbers:
            return surviving
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
        place = 0
        for part in descriptors.parts(area, entry.log_offset, entry.descriptor_count):
            for signature, trailing, length, target, _ in descriptors.rows(part):
                if signature == DATA_DESCRIPTOR_SIGNATURE:
                    leading = length.to_bytes(_LEADING, "little")
                    middle = area.file_offset(data) + _MIDDLE
                    updates.write(target, Page(leading, middle, trailing.to_bytes(_TRAILING, "little"), (index, place)))
                    data += LOG_SECTOR_SIZE
                else:
                    updates.zero(target, length)
                place += 1
    return updates


def grown_size(head: LogEntry) -> int:
    """Length in bytes that replay gives the file at least: the head's LastFileOffset, rounded up to a whole MiB."""
    return -(-head.last_file_offset // OBJECT_ALIGNMENT) * OBJECT_ALIGNMENT


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
    size = max(source.size, updates.end, grown_size(entries[-1]))
    return Overlay(source, updates.settle(), merge_ranges(updates.ranges), size)
