"""From a range of the virtual disk to places in one container.

There is one lookup, `locate`; everything that reads, maps or explains goes through it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from vhdx_format import layout

from ..codec.overlay import known_end, missing
from ..codec.source import Source
from ..errors import Place, VhdxError, became_shorter
from ..findings import Finding, make
from ..semantics import bitmap
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.presence import DATA, PARENT, PARTIAL, STORED, UNREADABLE

_MEMO = 1 << 16
_NOWHERE = 1 << 65  # behind every file offset
_BULK = 1 << 12  # blocks from which on arrays are faster than a loop
_FEW = 32  # runs of sectors of a partially present block that are dealt with one by one,
_SHORT = 1 << 14  # and bytes of a run from which on they are, too, however many
_BULK_CHUNK = 100_000  # entries at once: few enough that a table of holes takes no memory either


class Piece(NamedTuple):
    """A piece of the virtual disk in one container.

    Attributes:
        virtual_offset: in bytes.
        length: in bytes.
        kind: data, zero, hole (nothing stored, no parent to ask), parent, unreadable, or partial (whole sectors, many
            of them data and many the parent's).
        file_offset: of the first byte, for data and partial; else 0.
    """

    virtual_offset: int
    length: int
    kind: str
    file_offset: int


class Mapping:
    """The mapping of one container."""

    def __init__(self, view: Source, geometry: Geometry, bat: Bat) -> None:
        self._view = view
        self._geometry = geometry
        self._bat = bat
        self._classify = bat.presence.payload
        self._memo: dict[int, tuple[str, int]] = {}
        self._gaps = [*missing(view), (view.size, _NOWHERE)]
        self._held_blocks = geometry.block_of(bat.entry_count)

    def locate(self, block: int) -> tuple[str, int]:
        """What a payload block is, and where.

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

    def changed(self, block: int) -> None:
        """Forget what a payload block was: its entry has another word now."""
        self._memo.pop(block, None)

    def resized(self) -> None:
        """Take note that the view has another length."""
        self._bat.presence.resized(self._view.size)
        self._gaps[-1] = (self._view.size, _NOWHERE)

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
        """Entries as runs `(block, count, first word)`: stored blocks one behind another, others of one kind."""
        import numpy as np

        geometry = self._geometry
        step = np.uint64(geometry.block_size)
        for start in range(first, last, _BULK_CHUNK):
            stop = min(last, start + _BULK_CHUNK)
            index = geometry.payload_index(start)
            raw = self._bat.words(index, geometry.payload_index(stop - 1) + 1 - index)
            entries = np.frombuffer(raw, dtype="<u8")
            slots = range(geometry.chunk_ratio - start % geometry.chunk_ratio, len(entries), geometry.cycle)
            words = np.delete(entries, slots) if slots else entries
            codes = self._bat.presence.codes(words)
            stored = codes < len(STORED)
            apart = stored[1:] & (words[1:] - words[:-1] != step)
            breaks = np.flatnonzero(apart | (codes[1:] != codes[:-1])) + 1
            bounds = [0, *breaks.tolist(), stop - start]
            for begin, end in pairwise(bounds):
                yield start + begin, end - begin, int(words[begin])

    def pieces(self, offset: int, length: int, *, coarse: bool = False) -> Iterator[Piece]:
        """The range as pieces, in order, one or more a run of blocks.

        Args:
            offset: virtual offset in bytes.
            length: in bytes; the range lies inside the disk.
            coarse: where sectors of a block in the file and of the parent take turns too often, and the file holds all
                of the block, they come as one piece of the kind partial.

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
                yield from self._partial(start, stop, file_offset, coarse)
            else:
                yield Piece(start, stop - start, kind, 0)

    def _inside_file(self, start: int, length: int, file_offset: int) -> Iterator[Piece]:
        end, shift = file_offset + length, start - file_offset
        at = bisect_right(self._gaps, file_offset, key=itemgetter(1))
        while file_offset < end:
            low, high = self._gaps[at]
            at += 1
            if file_offset < min(low, end):
                yield Piece(file_offset + shift, min(low, end) - file_offset, DATA, file_offset)
                file_offset = min(low, end)
            if file_offset < min(high, end):
                yield Piece(file_offset + shift, min(high, end) - file_offset, UNREADABLE, 0)
                file_offset = min(high, end)

    def _partial(self, start: int, stop: int, file_offset: int, coarse: bool) -> Iterator[Piece]:
        found = self._bits(start, stop)
        if found is None:
            yield Piece(start, stop - start, UNREADABLE, 0)
            return
        raw, begin, count = found
        sector = self._geometry.logical_sector_size
        is_whole = self._gaps[bisect_right(self._gaps, file_offset, key=itemgetter(1))][0] >= file_offset + stop - start
        if coarse and is_whole and bitmap.shape(raw, begin, count)[0] > max(_FEW, (stop - start) // _SHORT):
            low, high = -(-start // sector) * sector, stop // sector * sector
            if start < low:
                yield from self._partial(start, low, file_offset, False)
            yield Piece(low, high - low, PARTIAL, file_offset + low - start)
            if high < stop:
                yield from self._partial(high, stop, file_offset + high - start, False)
            return
        base = start // sector - begin
        for bit, length, present in bitmap.runs(raw, begin, count):
            run_start = max(start, (base + bit) * sector)
            run_stop = min(stop, (base + bit + length) * sector)
            if present and is_whole:
                yield Piece(run_start, run_stop - run_start, DATA, file_offset + run_start - start)
            elif present:
                yield from self._inside_file(run_start, run_stop - run_start, file_offset + run_start - start)
            else:
                yield Piece(run_start, run_stop - run_start, PARENT, 0)

    def _bits(self, start: int, stop: int) -> tuple[bytes, int, int] | None:
        """The bits of the sectors of a range inside a block: bytes, the first bit there, and how many bits.

        None where no bitmap can be read.

        Raises:
            IntegrityError: the file became shorter.
        """
        sector = self._geometry.logical_sector_size
        first, last = start // sector, -(-stop // sector)
        chunk, inside = divmod(first, layout.SECTORS_PER_CHUNK)
        place = self.bitmap_offset(chunk)
        if place is None:
            return None
        begin = inside // 8
        size = -(-(inside + last - first) // 8) - begin
        raw = self._view.read_at(place + begin, size)
        if len(raw) < size:
            raise became_shorter(self._view.name)
        return raw, inside - begin * 8, last - first

    def bits(self, offset: int, length: int) -> Iterator[tuple[bytes, int, int]]:
        """What the sector bitmaps say of a piece of the kind partial, or several in a row, block by block.

        Yields:
            Bytes, the first bit there that counts, and how many bits do; see `bitmap.runs`.

        Raises:
            VhdxError: a bitmap cannot be read.

        Spec: MS-VHDX 2.4
        """
        size = self._geometry.block_size
        while length > 0:
            stop = min(offset + length, (offset // size + 1) * size)
            if (found := self._bits(offset, stop)) is None:
                raise self.why_unreadable(offset)
            yield found
            offset, length = stop, length - (stop - offset)

    def absent(self, offset: int, length: int) -> tuple[int, int]:
        """How much is the parent's of what `bits` gives.

        Returns:
            Number of runs, each inside a block, and of bytes.
        """
        shapes = [bitmap.shape(*bits) for bits in self.bits(offset, length)]
        sectors = sum(one[2] for one in shapes)
        return sum(one[1] for one in shapes), sectors * self._geometry.logical_sector_size

    def lay_over(self, piece: Piece, own: bytearray, below: memoryview) -> None:
        """Put the sectors that are in the file where they belong.

        Args:
            piece: of the kind partial, inside a block.
            own: the file's bytes of all of it.
            below: the parent's bytes, as long; the others are written over them.

        Spec: MS-VHDX 2.4
        """
        import numpy as np

        for raw, begin, count in self.bits(piece.virtual_offset, piece.length):
            bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[begin : begin + count].view(bool)
            sector = np.dtype((np.void, self._geometry.logical_sector_size))
            np.frombuffer(below, sector)[bits] = np.frombuffer(own, sector)[bits]

    def bitmap_offset(self, chunk: int) -> int | None:
        """File offset of a chunk's sector bitmap block, or None where there is none that can be read.

        Spec: MS-VHDX 2.5.1.2
        """
        word = self._bat.word(self._geometry.bitmap_index(chunk))
        place = split(word)[1]
        whole = known_end(self._view, place) >= place + layout.SECTOR_BITMAP_BLOCK_SIZE
        return place if whole and self._bat.presence.has_bitmap(word) else None

    def why_unreadable(self, offset: int) -> VhdxError:
        """The error for the byte at a virtual offset that `pieces` calls unreadable."""
        geometry = self._geometry
        block = offset // geometry.block_size
        index = geometry.payload_index(block)
        if block >= self._held_blocks:
            return self._no_entry(index, f"of block {block}").error()
        for finding in self._bat.findings(index, ("payload", *geometry.tags)):
            if finding.verdict == "degrade":
                return finding.error()
        place = Place(f"bat[{index}]", "file_offset_mb", self._bat.file_offset + index * ENTRY_SIZE)
        _, file_offset = self.locate(block)
        end, limit = file_offset + geometry.block_size, f"an end at or before {known_end(self._view, 0):#x}"
        if end > known_end(self._view, file_offset):
            return make("BAT-006", place, f"block {block} ends at {end:#x}", limit).error()
        chunk = block // geometry.chunk_ratio
        index = geometry.bitmap_index(chunk)
        if index >= self._bat.entry_count:
            return self._no_entry(index, f"of the sector bitmap of chunk {chunk}").error()
        state, bitmap_offset = split(self._bat.word(index))
        place = Place(f"bat[{index}]", "state", self._bat.file_offset + index * ENTRY_SIZE)
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT:
            shown = f"state {state} while block {block} is partially present"
            return make("BAT-012", place, shown, "a sector bitmap block that is present").error()
        return make("BAT-013", place, f"bitmap at {bitmap_offset:#x}", limit).error()

    def _no_entry(self, index: int, whose: str) -> Finding:
        """The finding of an entry that is not there: the file is cut off before it, or the region too short."""
        place = Place("bat", "length", self._bat.file_offset)
        found = f"{self._bat.entry_count} entries, so the one {whose} is missing"
        if self._bat.is_cut:
            found += f": the file ends at {self._view.size:#x}"
        rule = "RGN-012" if self._bat.is_cut else "BAT-001"
        return make(rule, place, found, f"at least {index + 1}", ["bat"])
