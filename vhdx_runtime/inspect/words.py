"""The BAT as runs of entries that continue one another.

Knows when an entry continues the one before: it describes the same kind of block, and is equal to it, or has the same
state and reserved bits and lies one block further on in the file. Arrays are used where there are many entries; both
ways give the same runs.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from vhdx_format.layout import BAT_FILE_OFFSET_MASK, BAT_STATE_MASK, PAYLOAD_BLOCK_STATE_FULLY_PRESENT

from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry

PAYLOAD = "payload"
BITMAP = "sector_bitmap"
UNUSED = "unused"

_MANY = 1 << 17  # entries of a table from which on arrays are worth their import
_CHUNK = 1 << 18


class Run(NamedTuple):
    """Entries that continue one another.

    Attributes:
        first: index of the first entry.
        entries: number of entries.
        owner: "payload", "sector_bitmap", or "unused" for entries that no block of the disk uses. A run of zeros may go
            over sector bitmap entries.
        number: of the first entry's payload block or chunk.
        word: the first entry; the others are equal, or lie one block further on each.
    """

    first: int
    entries: int
    owner: str
    number: int
    word: int

    @property
    def state(self) -> int:
        """State of all entries of the run."""
        return split(self.word)[0]

    @property
    def file_offset(self) -> int:
        """Where the first entry's block is, in bytes; 0 for nowhere."""
        return split(self.word)[1]

    @property
    def is_present(self) -> bool:
        """The blocks hold data, by their state. Spec: MS-VHDX 2.5.1."""
        return self.state >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT


def owner(geometry: Geometry, index: int) -> tuple[str, int]:
    """What an entry describes: kind of block and its number; "unused" for payload blocks behind the disk's end."""
    kind, number = geometry.owner(index)
    return (UNUSED, number) if kind == PAYLOAD and number >= geometry.payload_blocks else (kind, number)


def runs(bat: Bat, geometry: Geometry, first: int = 0) -> Iterator[Run]:
    """All entries that the disk needs and the region holds, as runs in the order of the table.

    Args:
        bat: the table.
        geometry: its shape.
        first: index to start from.

    Yields:
        Runs without gaps. Entries of which no byte is there count as zero.

    Spec: MS-VHDX 2.5
    """
    pending: Run | None = None
    last_word = 0
    for found, end_word in _pieces(bat, geometry, first):
        if pending is not None and _continues(pending, last_word, found, geometry.block_size):
            pending = pending._replace(entries=pending.entries + found.entries)
        else:
            if pending is not None:
                yield pending
            pending = found
        last_word = end_word
    if pending is not None:
        yield pending


def _continues(before: Run, last_word: int, after: Run, block_size: int) -> bool:
    if after.owner != before.owner:
        return after.word == 0 == last_word and UNUSED not in (after.owner, before.owner)
    return _follows(last_word, after.word, block_size)


def _follows(before: int, after: int, block_size: int) -> bool:
    """True where the word of an entry continues the one before it."""
    step = block_size if before & BAT_STATE_MASK >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT else 0
    if step and not before & BAT_FILE_OFFSET_MASK:
        return False
    return after == before + step


def _pieces(bat: Bat, geometry: Geometry, first: int) -> Iterator[tuple[Run, int]]:
    """Runs that end at each change of owner and at each chunk that is read at once, with their last words."""
    stored = max(first, min(bat.entry_count, max(0, bat.view.size - bat.file_offset) // ENTRY_SIZE))
    breaks = _breaks_by_arrays if bat.entry_count > _MANY else _breaks
    for start in range(first, stored, _CHUNK):
        words = _words(bat, start, min(_CHUNK, stored - start))
        ends = [start + at for at in breaks(words, geometry.block_size)]
        for begin, end, kind, number in _owned(geometry, start, start + len(words), ends):
            yield Run(begin, end - begin, kind, number, words[begin - start]), words[end - start - 1]
    for begin, end, kind, number in _owned(geometry, stored, bat.entry_count, [bat.entry_count]):
        yield Run(begin, end - begin, kind, number, 0), 0


def _owned(geometry: Geometry, start: int, stop: int, ends: list[int]) -> Iterator[tuple[int, int, str, int]]:
    """Pieces of the table, first and last (exclusive) index, that end at each of `ends` and where the owner changes."""
    position = start
    kind, number, origin, limit = "", 0, start, start
    for end in ends:
        while position < min(end, stop):
            if position == limit:
                kind, number = owner(geometry, position)
                origin, limit = position, _next_owner(geometry, position, kind)
            piece = min(end, limit)
            yield position, piece, kind, number + position - origin
            position = piece


def _next_owner(geometry: Geometry, index: int, kind: str) -> int:
    """Index of the next entry that describes another kind of block."""
    if kind == BITMAP:
        return index + 1
    slot = geometry.bitmap_index(index // (geometry.chunk_ratio + 1))
    return slot if kind == UNUSED else min(slot, geometry.payload_index(geometry.payload_blocks - 1) + 1)


def _words(bat: Bat, start: int, count: int) -> array[int]:
    words = array("Q", bat.words(start, count).ljust(count * ENTRY_SIZE, b"\0"))
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _breaks(words: array[int], block_size: int) -> list[int]:
    """Where a word does not continue the one before it, and the end."""
    pairs = enumerate(pairwise(words), 1)  # of zeros, most of them
    found = [at for at, (before, after) in pairs if (before or after) and not _follows(before, after, block_size)]
    return [*found, len(words)]


def _breaks_by_arrays(words: array[int], block_size: int) -> list[int]:
    """As `_breaks`, for many entries."""
    import numpy as np

    whole = np.frombuffer(words, dtype=np.uint64)
    before, after = whole[:-1], whole[1:]
    present = before & np.uint64(BAT_STATE_MASK) >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    follows = after - before == np.where(present, np.uint64(block_size), np.uint64(0))
    follows &= ~present | ((before & np.uint64(BAT_FILE_OFFSET_MASK) != 0) & (after > before))
    return [*(np.flatnonzero(~follows) + 1).tolist(), len(words)]
