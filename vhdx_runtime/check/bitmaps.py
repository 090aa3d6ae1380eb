"""Sector bitmaps: bits that say nothing, or say what a state says better, and data that they place outside the file.

Reads each bitmap once, and only those of partially present blocks and of the disk's end; bits are counted in arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from vhdx_format import layout

from ..codec.holes import data_ranges, is_zero
from ..codec.source import Source
from ..disk.mapping import Mapping
from ..errors import Place
from ..findings import make
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.presence import UNREADABLE
from ..semantics.table import CHUNK, OFFSET_SHIFT, partially_present
from ..wording import counted
from .listing import Listing
from .mending import NO_BIT
from .ranges import LISTED, Ranges

Array = np.ndarray[Any, np.dtype[Any]]

_KEPT = 16  # a hostile table may name the same bitmap for many chunks
_WORD = np.dtype("<u8")
_WORD_BITS = _WORD.itemsize * 8
_LOW_BITS = np.array([(1 << count) - 1 for count in range(_WORD_BITS)], dtype=_WORD)


class Bits:
    """The bits of one sector bitmap block, ready to be counted."""

    def __init__(self, raw: bytes) -> None:
        self._words = np.frombuffer(raw + bytes(_WORD.itemsize + -len(raw) % _WORD.itemsize), dtype=_WORD)
        self._before = np.zeros(len(self._words), dtype=np.uint32)
        np.cumsum(np.bitwise_count(self._words[:-1]), dtype=np.uint32, out=self._before[1:])

    def ones(self, bit: Array) -> Array:
        """How many bits are set before the bit of each number.

        >>> Bits(bytes([0b1000_0001, 0xFF])).ones(np.array([0, 1, 8, 9])).tolist()
        [0, 1, 2, 3]
        """
        whole = bit // _WORD_BITS
        part = np.bitwise_count(self._words[whole] & _LOW_BITS[bit % _WORD_BITS])
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

    def run(self) -> None:
        """Judge the bitmaps of all partially present blocks, and the end of the last bitmap. Spec: MS-VHDX 2.4."""
        for (offset, _), group in groupby(partially_present(self._bat, self._geometry), self._group):
            self._chunks(list(group), offset)
        end = self.behind_the_end()
        if end is not None:
            offset, raw = end
            number = int.from_bytes(raw, "little").bit_count()
            place = Place(f"sector bitmap {self._geometry.bitmap_blocks - 1}", "bits", offset)
            self._listing.add(
                [make("SBM-002", place, f"{counted(number, 'bit')} set behind the disk's end", "clear bits")]
            )

    def trivial(self) -> Iterator[tuple[Array, Array]]:
        """The partially present blocks whose bits are all equal.

        Yields:
            For a chunk, in ascending order: the numbers of such blocks, and which of them have all bits set.

        Spec: MS-VHDX 2.4
        """
        for chunk, blocks, _ in partially_present(self._bat, self._geometry):
            offset = self._mapping.bitmap_offset(chunk)
            if offset is not None:
                first, stop = self._bounds(blocks)
                at, is_set = self._trivial(first, stop, offset)
                yield blocks[at], is_set

    def _bounds(self, blocks: Array) -> tuple[Array, Array]:
        """First bit of each block, and the bit behind its last; sectors behind the disk's end do not count."""
        whole = self._geometry.virtual_disk_size // self._geometry.logical_sector_size
        first = blocks % self._geometry.chunk_ratio * self._sectors
        return first, first + np.minimum(self._sectors, whole - blocks * self._sectors)

    def _read(self, offset: int) -> Bits:
        size = layout.SECTOR_BITMAP_BLOCK_SIZE
        return Bits(self._view.read_at(offset, size)) if any(data_ranges(self._view, offset, size)) else self._no_bits

    @cached_property
    def _no_bits(self) -> Bits:
        """Those of all bitmaps that a sparse file leaves out."""
        return Bits(bytes(layout.SECTOR_BITMAP_BLOCK_SIZE))

    def _group(self, found: tuple[int, Array, Array]) -> tuple[int | None, int]:
        """By what chunks are dealt with together: the file offset of their bitmap or None, and a bounded number."""
        chunk, blocks, _ = found
        return self._mapping.bitmap_offset(chunk), int(blocks[0]) // CHUNK

    def _chunks(self, found: list[tuple[int, Array, Array]], offset: int | None) -> None:
        """Judge chunks in a row that name one bitmap: a hostile table may name it for all."""
        for chunk, blocks, _ in found:
            self._require_present(chunk, len(blocks))
        blocks, places = (np.concatenate([one[column] for one in found]) for column in (1, 2))
        if offset is not None:
            first, stop = self._bounds(blocks)
            self._judge(blocks, first, stop, offset)
            self._outside(blocks, first, stop, places, offset)
        else:
            starts = blocks * self._geometry.block_size
            ends = np.minimum(starts + self._geometry.block_size, self._geometry.virtual_disk_size)
            self.lost.add(starts, ends - starts)

    def _require_present(self, chunk: int, count: int) -> None:
        index = self._geometry.bitmap_index(chunk)
        state, _ = split(self._bat.word(index))
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT:
            place = Place(f"bat[{index}]", "state", self._bat.file_offset + index * ENTRY_SIZE)
            found = f"state {state}, with {counted(count, 'partially present block')}"
            self._listing.add([make("BAT-012", place, found, "a sector bitmap block that is present")])

    def _trivial(self, first: Array, stop: Array, offset: int) -> tuple[Array, Array]:
        """Positions of the blocks whose bits are all equal, and which of those have all bits set."""
        bits = self._bits(offset)
        ones = bits.ones(stop) - bits.ones(first)
        at = np.flatnonzero((ones == 0) | (ones == stop - first))
        return at, ones[at] > 0

    def _judge(self, blocks: Array, first: Array, stop: Array, offset: int) -> None:
        trivial, is_set = self._trivial(first, stop, offset)
        room = self._listing.room("SBM-003")
        for at, whole in zip(trivial[:room].tolist(), is_set.tolist(), strict=False):
            found = "all bits set" if whole else NO_BIT
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

    def behind_the_end(self) -> tuple[int, bytes] | None:
        """The bits of the last bitmap that belong to no sector of the disk, where any of them is set.

        Returns:
            File offset of the first byte with such bits, and the bytes from there to the end of the bitmap, bits of
            sectors cleared; or None.

        Spec: MS-VHDX 2.4
        """
        geometry = self._geometry
        chunk = geometry.bitmap_blocks - 1
        state, offset = split(self._bat.word(geometry.bitmap_index(chunk)))
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT or not offset:
            return None
        used = geometry.virtual_disk_size // geometry.logical_sector_size - chunk * layout.SECTORS_PER_CHUNK
        raw = self._view.read_at(offset + used // 8, layout.SECTOR_BITMAP_BLOCK_SIZE - used // 8)
        if not raw:
            return None
        raw = bytes([raw[0] >> used % 8 << used % 8]) + raw[1:]
        return None if is_zero(raw) else (offset + used // 8, raw)
