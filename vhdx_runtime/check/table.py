"""The whole block allocation table, entry by entry, in arrays.

Knows how the rules of one entry apply to millions at once, gathers where every block says that it lies, and which
blocks cannot be read. The rules themselves come from the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from vhdx_format import layout
from vhdx_format.bulk import BULK
from vhdx_format.rules import RULES

from ..codec import decode
from ..errors import Place
from ..findings import make
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from .listing import Listing
from .ranges import Ranges

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 1 << 17  # entries at once: what is made of them stays in the processor's cache
OFFSET_SHIFT = (layout.BAT_FILE_OFFSET_MASK & -layout.BAT_FILE_OFFSET_MASK).bit_length() - 1
_NARROW = 1 << 31  # leaves room to add a block's length in 32 bits
_STATE_BITS = layout.BAT_STATE_MASK.bit_length()
_MIB = 1 << OFFSET_SHIFT
_STATES = range(layout.BAT_STATE_MASK + 1)
IS_UNKNOWN = np.array([state not in layout.ENUMS["payload_block_state"] for state in _STATES])
KEEPS_PLACE = np.isin(_STATES, (layout.PAYLOAD_BLOCK_STATE_UNDEFINED, layout.PAYLOAD_BLOCK_STATE_UNMAPPED))


@dataclass(slots=True)
class Extents:
    """Where blocks say that they lie, in MiB, by what they are; each array is in the order of the table.

    Attributes:
        payload: of payload blocks in the file.
        bitmaps: of sector bitmap blocks in the file.
        anchors: kept places of undefined and unmapped blocks.
        unused: offsets in entries whose state gives them no meaning.
    """

    payload: Array
    bitmaps: Array
    anchors: Array
    unused: Array


class Part(NamedTuple):
    """Entries in a row, taken apart.

    Attributes:
        start: index of the first.
        words: as stored.
        state: their lowest bits.
        offset: their file offsets in MiB.
        is_payload: they describe payload blocks of the disk.
        is_bitmap: they describe sector bitmap blocks; what is neither is not used.
    """

    start: int
    words: Array
    state: Array
    offset: Array
    is_payload: Array
    is_bitmap: Array

    @property
    def is_present(self) -> Array:
        """Their blocks are in the file; of both kinds the state says so in the same way."""
        return self.state >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT


def parts(bat: Bat, geometry: Geometry, progress: Callable[[int], None] | None = None) -> Iterator[Part]:
    """The entries in use, some at a time.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        progress: called with the number of bytes of the table that were dealt with.

    Spec: MS-VHDX 2.5
    """
    stride = geometry.chunk_ratio + 1
    behind = geometry.payload_index(geometry.payload_blocks - 1) + 1
    for start in range(0, bat.entry_count, CHUNK):
        raw = bat.words(start, CHUNK)  # shorter where the file ends inside the table
        words = np.frombuffer(raw, dtype="<u8", count=len(raw) // ENTRY_SIZE)
        is_bitmap = np.zeros(len(words), dtype=bool)
        is_bitmap[(geometry.chunk_ratio - start) % stride :: stride] = True
        is_payload = ~is_bitmap
        is_payload[max(0, behind - start) :] = False
        state = (words & np.uint64(layout.BAT_STATE_MASK)).astype(np.uint8)
        yield Part(start, words, state, words >> np.uint64(OFFSET_SHIFT), is_payload, is_bitmap)
        if progress:
            progress((start + len(words)) * ENTRY_SIZE)


def broken(part: Part, geometry: Geometry) -> Iterator[tuple[str, Array]]:
    """The rules of one entry, each with which of the entries break it; rules that all of them keep too.

    Args:
        part: entries.
        geometry: the shape of the disk.

    Spec: MS-VHDX 2.5.1
    """
    reserved = (part.words & np.uint64(_MIB - 1)) >> np.uint64(_STATE_BITS)
    has_parent = geometry.has_parent
    # Without a parent, an entry of a bitmap that is in the file breaks BAT-011, and that is all.
    bitmaps = part.is_bitmap if has_parent else part.is_bitmap & (part.state == 0)
    for rule, test in BULK["bat_entry"].items():
        tags = set(RULES[rule].applies)
        if not tags - {"payload", "sector_bitmap"} <= set(geometry.tags):
            continue
        wrong = ~test(state=part.state, reserved=reserved, file_offset_mb=part.offset)
        if "sector_bitmap" in tags:
            wrong &= part.is_bitmap
        else:
            wrong &= part.is_payload if "payload" in tags else part.is_payload | bitmaps
        yield rule, wrong
    if has_parent:
        yield "BAT-013", part.is_bitmap & part.is_present & (part.offset == 0)


def partially_present(bat: Bat, geometry: Geometry) -> Iterator[tuple[int, Array, Array]]:
    """The partially present blocks of a differencing file that have a place, chunk by chunk.

    Args:
        bat: the table.
        geometry: the shape of the disk.

    Yields:
        The number of a chunk with such blocks, their numbers, and their file offsets in MiB.

    Spec: MS-VHDX 2.5.1.1
    """
    blocks, places = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for part in parts(bat, geometry) if geometry.has_parent else ():
        is_partial = part.state == layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
        chosen = part.is_payload & is_partial & (part.offset != 0)
        blocks = np.concatenate([blocks, _blocks(part, chosen, geometry)])
        places = np.concatenate([places, part.offset[chosen]])
        whole = (part.start + len(part.words)) // (geometry.chunk_ratio + 1)  # chunks of which no entry is to come
        cut = int(np.searchsorted(blocks, whole * geometry.chunk_ratio))
        yield from _by_chunk(blocks[:cut], places[:cut], geometry)
        blocks, places = blocks[cut:], places[cut:]
    yield from _by_chunk(blocks, places, geometry)


def _by_chunk(blocks: Array, places: Array, geometry: Geometry) -> Iterator[tuple[int, Array, Array]]:
    numbers, firsts = np.unique(blocks // geometry.chunk_ratio, return_index=True)
    bounds = [*firsts.tolist(), len(blocks)]
    for chunk, (first, stop) in zip(numbers.tolist(), pairwise(bounds), strict=True):
        yield chunk, blocks[first:stop], places[first:stop]


def _blocks(part: Part, chosen: Array, geometry: Geometry) -> Array:
    """Numbers of payload blocks."""
    indices = np.flatnonzero(chosen) + part.start
    numbers: Array = indices - indices // (geometry.chunk_ratio + 1)
    return numbers


class _Column:
    """Numbers that come by the thousand, in one array that grows in place; of half the size where they allow it."""

    def __init__(self) -> None:
        self._values: Array = np.empty(0, dtype=np.uint32)
        self._count = 0

    def add(self, values: Array) -> None:
        """Take numbers to those that are there."""
        end = self._count + len(values)
        if int(values.max(initial=0)) >= _NARROW and self._values.dtype != np.uint64:
            self._values = self._values.astype(np.uint64)
        if end > len(self._values):
            self._values.resize(end + end // 8, refcheck=False)
        self._values[self._count : end] = values
        self._count = end

    def array(self) -> Array:
        """All numbers, in the order in which they came."""
        self._values.resize(self._count, refcheck=False)
        return self._values


class Sweep:
    """One pass over the table.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        file_size: length of the file after replay, in bytes.
        listing: takes the findings.

    Attributes:
        lost: guest ranges that cannot be read, but for those whose sector bitmap must be asked.
    """

    def __init__(self, bat: Bat, geometry: Geometry, file_size: int, listing: Listing) -> None:
        self._bat = bat
        self._geometry = geometry
        self._file_size = file_size
        self._listing = listing
        self._gathered = {name: _Column() for name in Extents.__slots__}
        self.lost = Ranges()

    def run(self, progress: Callable[[int], None] | None = None) -> Extents:
        """Judge every entry in use and return where the blocks lie."""
        for part in parts(self._bat, self._geometry, progress):
            self._judge(part)
            self._gather(part)
            self._lose(part)
        geometry = self._geometry
        chunks, rest = divmod(self._bat.entry_count, geometry.chunk_ratio + 1)
        held = (chunks * geometry.chunk_ratio + min(rest, geometry.chunk_ratio)) * geometry.block_size
        if held < geometry.virtual_disk_size:
            self.lost.add(np.array([held]), np.array([geometry.virtual_disk_size - held]))
        return Extents(**{name: column.array() for name, column in self._gathered.items()})

    def _judge(self, part: Part) -> None:
        for rule, wrong in broken(part, self._geometry):
            self._report(rule, wrong, part)

    def _report(self, rule: str, wrong: Array, part: Part) -> None:
        """Take down the entries that break a rule: the first ones with their values, the rest as a number."""
        if not wrong.any():
            return
        indices = np.flatnonzero(wrong)
        room = self._listing.room(rule)
        for at in indices[:room].tolist():
            index = part.start + at
            place = Place(f"bat[{index}]", RULES[rule].fields[0], self._bat.file_offset + index * ENTRY_SIZE)
            shown = f"entry {int(part.words[at]):#018x}"
            self._listing.add([make(rule, place, shown, decode.expectation(rule))])
        self._listing.count(rule, len(indices) - room)

    def _gather(self, part: Part) -> None:
        somewhere = part.offset != 0
        present = part.is_present & somewhere
        payload = part.is_payload & present
        self._gathered["payload"].add(part.offset[payload])
        anchors = part.is_payload & KEEPS_PLACE[part.state] & somewhere
        self._gathered["anchors"].add(part.offset[anchors])
        bitmaps = part.is_bitmap & present
        self._gathered["bitmaps"].add(part.offset[bitmaps])
        used = part.is_payload | part.is_bitmap
        self._gathered["unused"].add(part.offset[used & somewhere & ~(payload | bitmaps | anchors)])

    def _lose(self, part: Part) -> None:
        geometry, limit = self._geometry, self._file_size
        nowhere = IS_UNKNOWN[part.state] | part.is_present & (part.offset == 0)
        beyond = part.is_present & (part.offset + np.uint64(geometry.block_size >> OFFSET_SHIFT) > limit // _MIB)
        if geometry.has_parent:
            beyond &= part.state != layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
        chosen = (nowhere | beyond) & part.is_payload
        if not chosen.any():
            return
        starts = _blocks(part, chosen, geometry) * geometry.block_size
        places = np.minimum(part.offset[chosen], np.uint64(limit // _MIB + 1)).astype(np.int64) * _MIB
        readable = np.where(nowhere[chosen], 0, np.clip(limit - places, 0, geometry.block_size))
        ends = np.minimum(starts + geometry.block_size, geometry.virtual_disk_size)
        self.lost.add(starts + readable, np.maximum(ends - starts - readable, 0))
