"""Sector bitmaps: bits that say nothing, or say what a state says better, and data that they place outside the file.

Knows where a block's bits lie. Reads each bitmap once, and only those of partially present blocks and of the disk's
end; bits are counted in arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from vhdx_format import layout

from ..codec.source import Source
from ..errors import Place
from ..findings import make
from ..mapping import UNREADABLE, Mapping
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from .listing import Listing
from .ranges import LISTED, Ranges
from .table import OFFSET_SHIFT, Extents

Array = np.ndarray[Any, np.dtype[Any]]

_KEPT = 16  # a hostile table may name the same bitmap for many chunks
_BITS_OF_BYTE = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)
_LOW_BITS = np.array([(1 << count) - 1 for count in range(8)], dtype=np.uint8)


class Bits:
    """The bits of one sector bitmap block, ready to be counted.

    Args:
        raw: the block.
    """

    def __init__(self, raw: bytes) -> None:
        self._bytes = np.frombuffer(raw + b"\0", dtype=np.uint8)
        self._before = np.zeros(len(raw) + 1, dtype=np.uint32)
        np.cumsum(_BITS_OF_BYTE[self._bytes[:-1]], dtype=np.uint32, out=self._before[1:])

    def ones(self, bit: Array) -> Array:
        """How many bits are set before the bit of each number.

        >>> Bits(bytes([0b1000_0001, 0xFF])).ones(np.array([0, 1, 8, 9])).tolist()
        [0, 1, 2, 3]
        """
        whole = bit >> 3
        part = _BITS_OF_BYTE[self._bytes[whole] & _LOW_BITS[bit & 7]]
        ones: Array = self._before[whole].astype(np.int64) + part
        return ones


class Bitmaps:
    """The sector bitmaps of a differencing file.

    Args:
        view: the file after replay.
        geometry: the shape of the disk.
        bat: its table.
        mapping: of the same file.
        listing: takes the findings.

    Attributes:
        lost: ranges of partially present blocks that cannot be read.
    """

    def __init__(self, view: Source, geometry: Geometry, bat: Bat, mapping: Mapping, listing: Listing) -> None:
        self._view = view
        self._geometry = geometry
        self._bat = bat
        self._mapping = mapping
        self._listing = listing
        self._bits = lru_cache(_KEPT)(self._read)
        self._sectors = geometry.block_size // geometry.logical_sector_size
        self.lost = Ranges()

    def run(self, extents: Extents) -> None:
        """Judge the bitmaps of all partially present blocks, and the end of the last bitmap.

        Spec: MS-VHDX 2.4
        """
        chunks = extents.partial // extents.partial.dtype.type(self._geometry.chunk_ratio)
        numbers, firsts = np.unique(chunks, return_index=True)
        bounds = [*firsts.tolist(), len(chunks)]
        for chunk, first, stop in zip(numbers.tolist(), bounds, bounds[1:], strict=False):
            blocks = extents.partial[first:stop].astype(np.int64)
            places = extents.partial_places[first:stop]
            self._chunk(chunk, blocks, places)
        self._behind_the_end()

    def _read(self, offset: int) -> Bits:
        return Bits(self._view.read_at(offset, layout.SECTOR_BITMAP_BLOCK_SIZE))

    def _chunk(self, chunk: int, blocks: Array, places: Array) -> None:
        index = self._geometry.bitmap_index(chunk)
        state, offset = split(self._bat.word(index))
        is_present = state >= layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
        if not is_present:
            place = Place(f"bat[{index}]", "state", self._bat.file_offset + index * ENTRY_SIZE)
            found = f"state {state}, with {len(blocks)} partially present blocks"
            self._listing.add([make("BAT-012", place, found, "a sector bitmap block that is present")])
        if is_present and offset and offset + layout.SECTOR_BITMAP_BLOCK_SIZE <= self._view.size:
            whole = self._geometry.virtual_disk_size // self._geometry.logical_sector_size
            first = blocks % self._geometry.chunk_ratio * self._sectors
            stop = first + np.minimum(self._sectors, whole - blocks * self._sectors)  # no sectors behind the disk
            self._judge(blocks, first, stop, offset)
            self._outside(blocks, first, stop, places, offset)
        else:
            starts = blocks * self._geometry.block_size
            ends = np.minimum(starts + self._geometry.block_size, self._geometry.virtual_disk_size)
            self.lost.add(starts, ends - starts)

    def _judge(self, blocks: Array, first: Array, stop: Array, offset: int) -> None:
        bits = self._bits(offset)
        ones = bits.ones(stop) - bits.ones(first)
        trivial = np.flatnonzero((ones == 0) | (ones == stop - first))
        room = self._listing.room("SBM-003")
        for at in trivial[:room].tolist():
            found = "all bits set" if ones[at] else "no bit set"
            place = Place(f"sector bitmap of block {int(blocks[at])}", "bits", offset + int(first[at]) // 8)
            self._listing.add([make("SBM-003", place, found, "bits of both kinds, or a state that says so")])
        self._listing.count("SBM-003", len(trivial) - room)

    def _outside(self, blocks: Array, first: Array, stop: Array, places: Array, offset: int) -> None:
        """Sectors whose bit is set, and which the file does not hold any more."""
        size, sector, limit = self._geometry.block_size, self._geometry.logical_sector_size, self._view.size
        starts = np.minimum(places, places.dtype.type((limit >> OFFSET_SHIFT) + 1)).astype(np.int64) << OFFSET_SHIFT
        chosen = starts > limit - size
        if not chosen.any():
            return
        blocks, first, stop = blocks[chosen], first[chosen], stop[chosen]
        held = np.maximum(limit - starts[chosen], 0)
        bits = self._bits(offset)
        cut = bits.ones(np.minimum(first + held // sector, stop))  # the sector in which the file ends
        behind = bits.ones(np.minimum(first + -(-held // sector), stop))
        lost = (bits.ones(stop) - behind) * sector + (behind - cut) * (sector - held % sector)
        self.lost.bytes += int(lost.sum())
        damaged = blocks[lost > 0]
        self.lost.show(self._ranges(damaged[:LISTED]))
        self.lost.is_complete &= len(damaged) <= LISTED

    def _ranges(self, blocks: Array) -> Iterator[tuple[int, int]]:
        size = self._geometry.block_size
        for block in blocks.tolist():
            start = block * size
            for piece in self._mapping.pieces(start, min(size, self._geometry.virtual_disk_size - start)):
                if piece.kind == UNREADABLE:
                    yield piece.virtual_offset, piece.virtual_offset + piece.length

    def _behind_the_end(self) -> None:
        geometry = self._geometry
        chunk = geometry.bitmap_blocks - 1
        state, offset = split(self._bat.word(geometry.bitmap_index(chunk)))
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT or not offset:
            return
        used = geometry.virtual_disk_size // geometry.logical_sector_size - chunk * layout.SECTORS_PER_CHUNK
        raw = self._view.read_at(offset + used // 8, layout.SECTOR_BITMAP_BLOCK_SIZE - used // 8)
        set_bits = int.from_bytes(raw, "little") >> (used % 8)
        if set_bits:
            place = Place(f"sector bitmap {chunk}", "bits", offset + used // 8)
            found = f"{set_bits.bit_count()} bits set behind the disk's end"
            self._listing.add([make("SBM-002", place, found, "clear bits")])
