"""The block allocation table: its words, on demand.

Keeps a bounded number of pages of the table as plain integers and never the table as objects.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterator

from vhdx_format.layout import BAT_FILE_OFFSET_MASK, BAT_STATE_MASK, STRUCTURES

from ..codec import decode
from ..codec.holes import data_ranges
from ..codec.source import Source
from ..errors import became_shorter
from ..findings import Finding
from .presence import Presence

ENTRY_SIZE = STRUCTURES["bat_entry"].size or 0
BLOCK_UNKNOWN = "block_unknown"
"""Condition of a finding: reserved bits are set where they leave nothing to read."""

_PAGE_ENTRIES = 512
_PAGES_KEPT = 256


def split(word: int) -> tuple[int, int]:
    """State and file offset in bytes of an entry.

    >>> split(0x0000000000500006)
    (6, 5242880)

    Spec: MS-VHDX 2.5.1
    """
    return word & BAT_STATE_MASK, word & BAT_FILE_OFFSET_MASK


class Bat:
    """The table of one file.

    Args:
        view: the file after replay.
        file_offset: of the BAT region, in bytes.
        entry_count: entries in use that the region and the file hold; nobody knows what lies behind, and it is given
            as 0.
        presence: what the entries mean.
        is_cut: entries are missing because the file ends inside the region.
    """

    def __init__(
        self, view: Source, file_offset: int, entry_count: int, presence: Presence, *, is_cut: bool = False
    ) -> None:
        self.view = view
        self.file_offset = file_offset
        self.entry_count = entry_count
        self.presence = presence
        self.is_cut = is_cut
        self._pages: dict[int, array[int]] = {}

    def word(self, index: int) -> int:
        """Entry `index` as a 64-bit integer; 0 past the table's end. Spec: MS-VHDX 2.5.1."""
        page, inside = divmod(index, _PAGE_ENTRIES)
        words = self._pages.get(page)
        if words is None:
            words = self._load(page)
        return words[inside] if inside < len(words) else 0

    def put(self, index: int, word: int) -> None:
        """Take note that the view gives another word for entry `index` from now on: what writes it says so."""
        page, inside = divmod(index, _PAGE_ENTRIES)
        words = self._pages.get(page)
        if words is not None:
            words[inside] = word

    def words(self, start: int, count: int) -> bytes:
        """Entries `start` to `start + count` as stored, eight bytes each; cut at the table's end.

        Raises:
            IntegrityError: the file became shorter since it was opened.
        """
        size = max(0, min(count, self.entry_count - start)) * ENTRY_SIZE
        raw = self.view.read_at(self.file_offset + start * ENTRY_SIZE, size)
        if len(raw) < size:
            raise became_shorter(self.view.name)
        return raw

    def stored(self, least: int) -> Iterator[tuple[int, int]]:
        """Half-open ranges of entries outside of which all are zero, as holes of the file tell.

        Args:
            least: number of entries; a shorter hole does not part a range.
        """
        begin = end = 0
        for low, high in data_ranges(self.view, self.file_offset, self.entry_count * ENTRY_SIZE):
            first, stop = (low - self.file_offset) // ENTRY_SIZE, -(-(high - self.file_offset) // ENTRY_SIZE)
            if first - end >= least:
                if begin < end:
                    yield begin, end
                begin = first
            end = stop
        if begin < end:
            yield begin, min(end, self.entry_count)

    def integers(self, start: int, count: int) -> array[int]:
        """As `words`, as integers."""
        words = array("Q", self.words(start, count))
        if sys.byteorder == "big":
            words.byteswap()
        return words

    def _load(self, page: int) -> array[int]:
        words = self.integers(page * _PAGE_ENTRIES, _PAGE_ENTRIES)
        if len(self._pages) >= _PAGES_KEPT:
            self._pages.clear()
        self._pages[page] = words
        return words

    def findings(self, index: int, tags: Collection[str]) -> list[Finding]:
        """The rules of one entry that do not hold.

        Args:
            index: the entry.
            tags: "payload" or "sector_bitmap", and the geometry's tags.
        """
        offset = self.file_offset + index * ENTRY_SIZE
        placed = decode.structure("bat_entry", self.words(index, 1), offset, f"bat[{index}]")
        unknown = self.presence.says_nothing(self.word(index), "sector_bitmap" in tags)
        return decode.findings(placed, tags, [BLOCK_UNKNOWN] if unknown else [])
