"""The block allocation table: its words, on demand.

Knows where the table lies and how a word splits into state and file offset. Keeps a bounded number of pages of the
table as plain integers and never the table as objects. Knows nothing of what a state means for a read.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection
from threading import Lock

from vhdx_format.layout import BAT_FILE_OFFSET_MASK, BAT_STATE_MASK, STRUCTURES

from ..codec import decode
from ..codec.source import Source
from ..findings import Finding

ENTRY_SIZE = STRUCTURES["bat_entry"].size or 0
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
        entry_count: entries in use that the region holds; what lies behind reads as 0.
    """

    def __init__(self, view: Source, file_offset: int, entry_count: int) -> None:
        self.view = view
        self.file_offset = file_offset
        self.entry_count = entry_count
        self._pages: dict[int, array[int]] = {}
        self._lock = Lock()

    def word(self, index: int) -> int:
        """Entry `index` as a 64-bit integer; 0 past the table's end. Spec: MS-VHDX 2.5.1."""
        page, inside = divmod(index, _PAGE_ENTRIES)
        words = self._pages.get(page)
        if words is None:
            words = self._load(page)
        return words[inside] if inside < len(words) else 0

    def words(self, start: int, count: int) -> bytes:
        """Entries `start` to `start + count` as stored, eight bytes each; cut at the table's end."""
        count = max(0, min(count, self.entry_count - start))
        return self.view.read_at(self.file_offset + start * ENTRY_SIZE, count * ENTRY_SIZE)

    def _load(self, page: int) -> array[int]:
        raw = self.words(page * _PAGE_ENTRIES, _PAGE_ENTRIES)
        words = array("Q", raw[: len(raw) // ENTRY_SIZE * ENTRY_SIZE])
        if sys.byteorder == "big":
            words.byteswap()
        with self._lock:
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
        return decode.findings(placed, tags)
