"""From a range of the virtual disk to places in one container.

Knows what each payload block state means for a read, and how a sector bitmap divides a block. There is one lookup,
`locate`; everything that reads, maps or explains goes through it. Knows nothing of parents: what the container leaves
to its parent is reported as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from vhdx_format import layout

from .codec.source import Source
from .errors import Place, VhdxError
from .findings import make
from .semantics import bitmap
from .semantics.bat import ENTRY_SIZE, Bat, split
from .semantics.geometry import Geometry

DATA = "data"
ZERO = "zero"
HOLE = "hole"
PARENT = "parent"
PARTIAL = "partial"
UNREADABLE = "unreadable"

_MEMO = 1 << 16
_BULK = 1 << 12  # blocks from which on arrays are faster than a loop
_BULK_CHUNK = 1 << 21

_PLAIN = {
    layout.PAYLOAD_BLOCK_STATE_UNDEFINED: ZERO,
    layout.PAYLOAD_BLOCK_STATE_ZERO: ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED: ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED_V095: ZERO,
    layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT: DATA,
    layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT: DATA,
}


class Piece(NamedTuple):
    """A piece of the virtual disk in one container.

    Attributes:
        virtual_offset: in bytes.
        length: in bytes.
        kind: data, zero, hole (nothing stored, no parent to ask), parent, or unreadable.
        file_offset: of the first byte, for data; else 0.
    """

    virtual_offset: int
    length: int
    kind: str
    file_offset: int


class Mapping:
    """The mapping of one container.

    Args:
        view: the file after replay.
        geometry: its shape.
        bat: its table.
    """

    def __init__(self, view: Source, geometry: Geometry, bat: Bat) -> None:
        self._view = view
        self._geometry = geometry
        self._bat = bat
        self._kinds = dict(_PLAIN)
        self._kinds[layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT] = PARENT if geometry.has_parent else HOLE
        if geometry.has_parent:
            self._kinds[layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT] = PARTIAL
        self._memo: dict[int, tuple[str, int]] = {}
        chunks, rest = divmod(bat.entry_count, geometry.chunk_ratio + 1)
        self._held_blocks = chunks * geometry.chunk_ratio + min(rest, geometry.chunk_ratio)

    def locate(self, block: int) -> tuple[str, int]:
        """What a payload block is, and where.

        Args:
            block: its number.

        Returns:
            Kind (data, partial, zero, hole, parent, unreadable) and the file offset of its first byte, 0 where it
            has none.

        Spec: MS-VHDX 2.5.1.1
        """
        found = self._memo.get(block)
        if found is None:
            held = block < self._held_blocks
            found = self._classify(self._bat.word(self._geometry.payload_index(block))) if held else (UNREADABLE, 0)
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[block] = found
        return found

    def _classify(self, word: int) -> tuple[str, int]:
        state, file_offset = split(word)
        kind = self._kinds.get(state, UNREADABLE)
        if kind not in (DATA, PARTIAL):
            return kind, 0
        return (kind, file_offset) if file_offset else (UNREADABLE, 0)

    def blocks(self, first: int, last: int) -> Iterator[tuple[int, int, str, int]]:
        """Payload blocks `first` to `last` (exclusive) as runs `(block, count, kind, file_offset)`.

        The blocks of a run of data lie one behind another in the file.
        """
        if last - first < _BULK:
            for block in range(first, last):
                yield block, 1, *self.locate(block)
            return
        held = max(first, min(last, self._held_blocks))
        if held < last:
            yield from self.blocks(first, held)
            yield held, last - held, UNREADABLE, 0
            return
        for block, count, word in self._word_runs(first, last):
            kind, file_offset = self._classify(word)
            if kind == PARTIAL:
                size = self._geometry.block_size
                yield from ((block + i, 1, kind, file_offset + i * size) for i in range(count))
            else:
                yield block, count, kind, file_offset

    def _word_runs(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Entries as runs `(block, count, first word)`: allocated ones one behind another, others that are equal."""
        import numpy as np

        geometry = self._geometry
        step = np.uint64(geometry.block_size)
        for start in range(first, last, _BULK_CHUNK):
            stop = min(last, start + _BULK_CHUNK)
            index = geometry.payload_index(start)
            entries = np.zeros(geometry.payload_index(stop - 1) + 1 - index, dtype="<u8")
            raw = self._bat.words(index, len(entries))  # shorter where the file ends inside the table
            entries[: len(raw) // ENTRY_SIZE] = np.frombuffer(raw, dtype="<u8", count=len(raw) // ENTRY_SIZE)
            slots = range(geometry.chunk_ratio - start % geometry.chunk_ratio, len(entries), geometry.chunk_ratio + 1)
            words = np.delete(entries, slots) if slots else entries
            allocated = (words & np.uint64(layout.BAT_STATE_MASK)) >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
            nowhere = allocated & ((words & np.uint64(layout.BAT_FILE_OFFSET_MASK)) == 0)
            apart = words[1:] - words[:-1] != np.where(allocated[:-1], step, np.uint64(0))
            breaks = np.flatnonzero(apart | nowhere[1:] | nowhere[:-1]) + 1
            bounds = [0, *breaks.tolist(), stop - start]
            for begin, end in pairwise(bounds):
                yield start + begin, end - begin, int(words[begin])

    def pieces(self, offset: int, length: int) -> Iterator[Piece]:
        """The range as pieces, in order, one or more a run of blocks.

        Args:
            offset: virtual offset in bytes.
            length: in bytes; the range lies inside the disk.

        Spec: MS-VHDX 2.5.1
        """
        size = self._geometry.block_size
        end = offset + length
        for block, count, kind, base in self.blocks(offset // size, -(-end // size)):
            start = max(offset, block * size)
            stop = min(end, (block + count) * size)
            file_offset = base + start - block * size
            if kind == DATA:
                yield from self._inside_file(start, stop - start, file_offset)
            elif kind == PARTIAL:
                yield from self._partial(block, start, stop, file_offset)
            else:
                yield Piece(start, stop - start, kind, 0)

    def _inside_file(self, start: int, length: int, file_offset: int) -> Iterator[Piece]:
        present = max(0, min(length, self._view.size - file_offset))
        if present:
            yield Piece(start, present, DATA, file_offset)
        if present < length:
            yield Piece(start + present, length - present, UNREADABLE, 0)

    def _partial(self, block: int, start: int, stop: int, file_offset: int) -> Iterator[Piece]:
        sector = self._geometry.logical_sector_size
        first, last = start // sector, -(-stop // sector)
        chunk, inside = divmod(first, layout.SECTORS_PER_CHUNK)
        place = self.bitmap_offset(chunk)
        if place is None:
            yield Piece(start, stop - start, UNREADABLE, 0)
            return
        begin = inside // 8
        raw = self._view.read_at(place + begin, -(-(inside + last - first) // 8) - begin)
        base = first - (inside - begin * 8)
        for bit, count, present in bitmap.runs(raw, inside - begin * 8, last - first):
            run_start = max(start, (base + bit) * sector)
            run_stop = min(stop, (base + bit + count) * sector)
            if present:
                yield from self._inside_file(run_start, run_stop - run_start, file_offset + run_start - start)
            else:
                yield Piece(run_start, run_stop - run_start, PARENT, 0)

    def bitmap_offset(self, chunk: int) -> int | None:
        """File offset of a chunk's sector bitmap block, or None where there is none that can be read.

        Spec: MS-VHDX 2.5.1.2
        """
        state, file_offset = split(self._bat.word(self._geometry.bitmap_index(chunk)))
        present = state >= layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT  # 7 is no state of a bitmap, but can only mean this
        inside = file_offset and file_offset + layout.SECTOR_BITMAP_BLOCK_SIZE <= self._view.size
        return file_offset if present and inside else None

    def why_unreadable(self, offset: int) -> VhdxError:
        """The error for the byte at a virtual offset that `pieces` calls unreadable."""
        geometry = self._geometry
        block = offset // geometry.block_size
        index = geometry.payload_index(block)
        if block >= self._held_blocks:
            place = Place("bat", "length", self._bat.file_offset)
            found = f"{self._bat.entry_count} entries, none for block {block}"
            return make("BAT-001", place, found, f"at least {index + 1}").error()
        for finding in self._bat.findings(index, ("payload", *geometry.tags)):
            if finding.declaration.verdict == "degrade":
                return finding.error()
        place = Place(f"bat[{index}]", "file_offset_mb", self._bat.file_offset + index * ENTRY_SIZE)
        _, file_offset = self.locate(block)
        end = file_offset + geometry.block_size
        if end > self._view.size:
            shown, limit = f"block {block} ends at {end:#x}", f"an end at or before {self._view.size:#x}"
            return make("BAT-006", place, shown, limit).error()
        chunk = block // geometry.chunk_ratio
        index = geometry.bitmap_index(chunk)
        state, bitmap_offset = split(self._bat.word(index))
        place = Place(f"bat[{index}]", "state", self._bat.file_offset + index * ENTRY_SIZE)
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT:
            shown = f"state {state} while block {block} is partially present"
            return make("BAT-012", place, shown, "a sector bitmap block that is present").error()
        return make("BAT-013", place, f"bitmap at {bitmap_offset:#x}", f"a place below {self._view.size:#x}").error()
