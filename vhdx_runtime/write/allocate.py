"""Writing into payload blocks: where a block has a place, where it gets one, and what its entry and bits then say.

Works on one block at a time. Everything that must become visible together is changed between two commits, after room
for it was reserved; data is written before the entry that shows it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vhdx_format import layout
from vhdx_format.packers import pack_bat_entry_into

from ..codec.holes import data_ranges
from ..disk.image import Image
from ..disk.mapping import Mapping
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.presence import DATA, PARENT, PARTIAL, UNREADABLE
from .entry import SECTOR
from .pages import all_set
from .session import Session
from .space import MIB, Taken

ZEROS: Final = bytes(MIB)
_BYTE: Final = 8
_BITMAP: Final = layout.SECTOR_BITMAP_BLOCK_SIZE


class Blocks:
    """The payload blocks of a container, to be written.

    Args:
        image: the container; its view is that of the session's pages.
        geometry: its shape.
        bat: its table.
        mapping: its mapping.
        session: of writing.
        read: the guest's bytes at a virtual offset, of a length.
        forget: called with the number of a block of which nothing that was known holds any more.
    """

    def __init__(
        self,
        image: Image,
        geometry: Geometry,
        bat: Bat,
        mapping: Mapping,
        session: Session,
        read: Callable[[int, int], bytes],
        forget: Callable[[int], None],
    ) -> None:
        self._image = image
        self.geometry = geometry
        self.bat = bat
        self.mapping = mapping
        self.session = session
        self._read = read
        self._forget = forget

    def write(self, offset: int, data: memoryview) -> bool:
        """Write guest bytes that lie in one block.

        Args:
            offset: virtual offset in bytes.
            data: not empty.

        Returns:
            True where the block had its place already and only its bytes changed.

        Raises:
            FileError: the system could not write; if the block had no place, nothing has changed.
            VhdxError: the block's entry gives it no place and no meaning.
        """
        block, inside = divmod(offset, self.geometry.block_size)
        kind, place = self.mapping.locate(block)
        if kind == DATA:
            self.session.write(place + inside, data)
            return True
        if kind == PARTIAL:
            self._write_partial(block, offset, data, place)
        elif kind == UNREADABLE:
            raise self._image.why_unreadable(offset)
        elif kind == PARENT and not self._covers(offset, len(data)):
            self._write_first_part(block, offset, data)
        else:
            self._write_new(block, offset, data, is_parents=kind == PARENT)
        return False

    def fill(self, start: int, end: int) -> None:
        """Make a range of the file zero; holes of a sparse file are zero already."""
        for low, high in data_ranges(self.session.target, start, end - start):
            for offset in range(low, high, len(ZEROS)):
                self.session.write(offset, memoryview(ZEROS)[: high - offset])

    def put(self, block: int, state: int, place: int) -> None:
        """Change the entry of a payload block; room for its sector is reserved. `place`: file offset in bytes."""
        self._put_entry(self.geometry.payload_index(block), state, place)
        self.mapping.changed(block)
        self._forget(block)

    def entry_sector(self, index: int) -> int:
        """File offset of the sector of the table that holds an entry."""
        return self.bat.file_offset + index * ENTRY_SIZE // SECTOR * SECTOR

    def reserve(self, index: int) -> None:
        """Make room for a change of one entry."""
        self.session.reserve(self.entry_sector(index) not in self.session.pages.dirty)

    def kept_place(self, block: int) -> int:
        """The place that an unmapped block keeps in the file, if it can have it again; else 0."""
        state, place = split(self.bat.word(self.geometry.payload_index(block)))
        keeps = state in (layout.PAYLOAD_BLOCK_STATE_UNDEFINED, layout.PAYLOAD_BLOCK_STATE_UNMAPPED)
        return place if keeps and self.session.space.keeps_places else 0

    def _covers(self, offset: int, length: int) -> bool:
        """Whether a range that lies in one block is all of it, as far as the disk goes."""
        size = self.geometry.block_size
        end = min(self.geometry.virtual_disk_size, (offset // size + 1) * size)
        return offset % size == 0 and offset + length >= end

    def _write_new(self, block: int, offset: int, data: memoryview, *, is_parents: bool) -> None:
        """Give a block a place of its own, all of it: what is not written reads as zeros.

        By whole sectors: after a crash the table may still say that the block as it was is in a place that it kept, and
        each sector is the old one or the new one then.
        """
        size = self.geometry.block_size
        offset, data = self._whole_sectors(offset, data)
        inside = offset % size
        self.reserve(self.geometry.payload_index(block))
        kept = self.kept_place(block)
        taken = Taken(kept, False) if kept else self._take(size)
        try:
            self.session.write(taken.offset + inside, data)
            if not taken.is_fresh:
                self.fill(taken.offset, taken.offset + inside)
                self.fill(taken.offset + inside + len(data), taken.offset + size)
        except BaseException:
            if not kept:
                self.session.space.give_back(taken.offset, size)
            raise
        if is_parents or not taken.is_fresh:  # else the place reads as the block did: as zeros
            self.session.needs_flush = True
        self.put(block, layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT, taken.offset)

    def _write_first_part(self, block: int, offset: int, data: memoryview) -> None:
        """Give a block of the parent's a place, and the written sectors their bits."""
        offset, data = self._whole_sectors(offset, data)
        size = self.geometry.block_size
        first, stop = self._bits(block * size, size)
        self._reserve_bits(block, first, stop)
        bitmap = self._bitmap(block // self.geometry.chunk_ratio)
        taken = self._take(size)
        try:
            self.session.write(taken.offset + offset % size, data)
        except BaseException:
            self.session.space.give_back(taken.offset, size)
            raise
        self.session.needs_flush = True
        self.session.pages.set_bits(bitmap, first, stop, value=False)  # of whatever the block was before
        self.session.pages.set_bits(bitmap, *self._bits(offset, len(data)), value=True)
        self.put(block, layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT, taken.offset)

    def _write_partial(self, block: int, offset: int, data: memoryview, place: int) -> None:
        """Write sectors of a partially present block, and set those bits that are clear."""
        offset, data = self._whole_sectors(offset, data)
        size = self.geometry.block_size
        first, stop = self._bits(offset, len(data))
        whole = self._bits(block * size, size)
        bitmap = self.mapping.bitmap_offset(block // self.geometry.chunk_ratio)
        if bitmap is None:
            raise self._image.why_unreadable(offset)
        if self._are_set(bitmap, first, stop):
            self.session.write(place + offset % size, data)
            return
        self._reserve_bits(block, first, stop)
        self.session.write(place + offset % size, data)
        self.session.needs_flush = True
        self.session.pages.set_bits(bitmap, first, stop, value=True)
        if (block + 1) * size <= self.geometry.virtual_disk_size and self._are_set(bitmap, *whole):
            self.put(block, layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT, place)
        self._forget(block)

    def _bits(self, offset: int, length: int) -> tuple[int, int]:
        """First bit and the one behind the last, in the chunk's bitmap, of a range that lies in one block."""
        sector = self.geometry.logical_sector_size
        first = offset // sector % layout.SECTORS_PER_CHUNK
        return first, first + -(-length // sector)

    def _are_set(self, bitmap: int, first: int, stop: int) -> bool:
        start = first // _BYTE
        raw = self.session.pages.read_at(bitmap + start, -(-stop // _BYTE) - start)
        return all_set(raw, first - start * _BYTE, stop - start * _BYTE)

    def _whole_sectors(self, offset: int, data: memoryview) -> tuple[int, memoryview]:
        """A range grown to whole sectors, with what the guest reads there now around the data."""
        sector = self.geometry.logical_sector_size
        start, end = offset // sector * sector, -(-(offset + len(data)) // sector) * sector
        if (start, end) == (offset, offset + len(data)):
            return offset, data
        before, after = self._read(start, offset - start), self._read(offset + len(data), end - offset - len(data))
        return start, memoryview(b"".join((before, data, after)))

    def _reserve_bits(self, block: int, first: int, stop: int) -> None:
        """Make room for changes of some bits of a block, its entry, and that of its bitmap."""
        ratio = self.geometry.chunk_ratio
        indices = self.geometry.payload_index(block), self.geometry.bitmap_index(block // ratio)
        sectors = stop // (SECTOR * _BYTE) - first // (SECTOR * _BYTE) + 1
        self.session.reserve(sectors + len({self.entry_sector(index) for index in indices}))

    def _bitmap(self, chunk: int) -> int:
        """File offset of the sector bitmap block of a chunk, which gets one of zeros where it has none."""
        found = self.mapping.bitmap_offset(chunk)
        if found is not None:
            return found
        taken = self._take(_BITMAP)
        try:
            if not taken.is_fresh:
                self.fill(taken.offset, taken.offset + _BITMAP)
                self.session.needs_flush = True
        except BaseException:
            self.session.space.give_back(taken.offset, _BITMAP)
            raise
        self._put_entry(self.geometry.bitmap_index(chunk), layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT, taken.offset)
        return taken.offset

    def _put_entry(self, index: int, state: int, place: int) -> None:
        sector = self.entry_sector(index)
        at = self.bat.file_offset + index * ENTRY_SIZE - sector
        pack_bat_entry_into(self.session.pages.page(sector), at, state=state, file_offset_mb=place // MIB)
        self.bat.put(index, place | state)

    def _take(self, length: int) -> Taken:
        before = self.session.space.size
        taken = self.session.take(length)
        if self.session.space.size != before:
            self.mapping.resized()
        return taken
