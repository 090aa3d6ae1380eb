"""The traversal of the BAT: its entries in use as arrays, some at a time, with what they describe and mean.

Whoever goes through the whole table goes through `parts`. How the rules of one entry apply to many at once stands here
too; the rules themselves come from the schema, what an entry means from `presence`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from vhdx_format import layout
from vhdx_format.bulk import BULK
from vhdx_format.rules import RULES

from .bat import ENTRY_SIZE, Bat
from .geometry import Geometry
from .presence import KINDS, PARTIAL, Presence

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 1 << 15  # entries at once: what is made of them stays in the processor's cache
OFFSET_SHIFT = (layout.BAT_FILE_OFFSET_MASK & -layout.BAT_FILE_OFFSET_MASK).bit_length() - 1
MIB = 1 << OFFSET_SHIFT
_HOLE = CHUNK >> 3  # entries; to go on from behind a shorter hole costs more than to go through it
_STATE_BITS = layout.BAT_STATE_MASK.bit_length()
_STATES = range(layout.BAT_STATE_MASK + 1)
KEEPS_PLACE = np.isin(_STATES, (layout.PAYLOAD_BLOCK_STATE_UNDEFINED, layout.PAYLOAD_BLOCK_STATE_UNMAPPED))


@dataclass(frozen=True)
class Part:
    """Entries in a row, taken apart.

    Attributes:
        start: index of the first.
        words: as stored.
        is_payload: they describe payload blocks of the disk.
        is_bitmap: they describe sector bitmap blocks; what is neither is not used.
        presence: what entries mean.
        geometry: the shape of the disk.
    """

    start: int
    words: Array
    is_payload: Array
    is_bitmap: Array
    presence: Presence
    geometry: Geometry

    @cached_property
    def state(self) -> Array:
        """Their lowest bits."""
        states: Array = (self.words & np.uint64(layout.BAT_STATE_MASK)).astype(np.uint8)
        return states

    @cached_property
    def offset(self) -> Array:
        """Their file offsets in MiB."""
        offsets: Array = self.words >> np.uint64(OFFSET_SHIFT)
        return offsets

    @property
    def is_present(self) -> Array:
        """Their blocks are in the file; of both kinds the state says so in the same way."""
        return self.state >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT

    @cached_property
    def kind(self) -> Array:
        """What the payload blocks are, as positions in `presence.KINDS`."""
        codes: Array = self.presence.codes(self.words)
        return codes

    def of_kind(self, kind: str) -> Array:
        """Which entries are those of payload blocks of a kind, one of `presence.KINDS`."""
        chosen: Array = self.is_payload & (self.kind == KINDS.index(kind))
        return chosen

    @property
    def says_nothing(self) -> Array:
        """Which entries have reserved bits set that leave nothing to read; see `Presence.says_nothing`."""
        silent: Array = self.presence.says_nothing(self.words, self.is_bitmap)
        return silent

    def blocks(self, chosen: Array) -> Array:
        """Numbers of the payload blocks of chosen entries, in ascending order."""
        numbers: Array = self.geometry.block_of(np.flatnonzero(chosen) + self.start)
        return numbers

    def chunks(self, chosen: Array) -> Array:
        """Numbers of the chunks of chosen entries, in ascending order."""
        numbers: Array = self.geometry.chunk_of(np.flatnonzero(chosen) + self.start)
        return numbers

    @property
    def indices(self) -> Array:
        """Indices of all of them in the table."""
        return np.arange(self.start, self.start + len(self.words))


def parts(
    bat: Bat, geometry: Geometry, progress: Callable[[int], None] | None = None, *, skips_zeros: bool = False
) -> Iterator[Part]:
    """The entries in use, some at a time.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        progress: called with the number of bytes of the table that were dealt with.
        skips_zeros: leave out many zero entries in a row: most of a large table may be a hole.

    Spec: MS-VHDX 2.5
    """
    stride = geometry.cycle
    behind = geometry.payload_index(geometry.payload_blocks - 1) + 1
    ranges = bat.stored(_HOLE) if skips_zeros else [(0, bat.entry_count)]
    for start, count in ((at, min(CHUNK, stop - at)) for first, stop in ranges for at in range(first, stop, CHUNK)):
        words = np.frombuffer(bat.words(start, count), dtype="<u8")
        if skips_zeros and not words.any():
            continue
        is_bitmap = np.zeros(len(words), dtype=bool)
        is_bitmap[(geometry.chunk_ratio - start) % stride :: stride] = True
        is_payload = ~is_bitmap
        is_payload[max(0, behind - start) :] = False
        yield Part(start, words, is_payload, is_bitmap, bat.presence, geometry)
        if progress:
            progress((start + len(words)) * ENTRY_SIZE)


def run_starts(
    bat: Bat, geometry: Geometry, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[Array, Array, int]]:
    """The entries in use that do not continue the one before: that describe another kind of block, or are not equal.

    Entries of blocks in the file are to lie one block further on each; of two at no place none continues the other.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        progress: as for `parts`.

    Yields:
        Of some entries in a row: the indices of such entries, these as stored, and the index behind the last of all.

    Spec: MS-VHDX 2.5
    """
    word, kind = np.zeros(1, np.uint64), np.zeros(1, np.uint8)
    for part in parts(bat, geometry, progress):
        kinds = part.is_payload + np.uint8(2) * part.is_bitmap
        before, kinds_before = np.concatenate([word, part.words[:-1]]), np.concatenate([kind, kinds[:-1]])
        is_present = before & np.uint64(layout.BAT_STATE_MASK) >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
        step = np.where(is_present, np.uint64(geometry.block_size), np.uint64(0))
        apart = (part.words - before != step) | (kinds != kinds_before) | (part.words < before)
        apart |= is_present & (before & np.uint64(layout.BAT_FILE_OFFSET_MASK) == 0)
        apart[0] |= part.start == 0
        starts = np.flatnonzero(apart)
        yield starts + part.start, part.words[starts], part.start + len(apart)
        word, kind = part.words[-1:], kinds[-1:]


def broken(part: Part, geometry: Geometry) -> Iterator[tuple[str, Array]]:
    """The rules of one entry, each with which of the entries break it; rules that all of them keep too.

    Spec: MS-VHDX 2.5.1
    """
    reserved = (part.words & np.uint64(MIB - 1)) >> np.uint64(_STATE_BITS)
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

    Yields:
        The number of a chunk with such blocks, their numbers, and their file offsets in MiB.

    Spec: MS-VHDX 2.5.1.1
    """
    blocks, places = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for part in parts(bat, geometry, skips_zeros=True) if geometry.has_parent else ():
        chosen = part.of_kind(PARTIAL)
        blocks = np.concatenate([blocks, part.blocks(chosen)])
        places = np.concatenate([places, part.offset[chosen]])
        whole = geometry.chunk_of(part.start + len(part.words))  # chunks of which no entry is to come
        cut = int(np.searchsorted(blocks, whole * geometry.chunk_ratio))
        yield from _by_chunk(blocks[:cut], places[:cut], geometry)
        blocks, places = blocks[cut:], places[cut:]
    yield from _by_chunk(blocks, places, geometry)


def _by_chunk(blocks: Array, places: Array, geometry: Geometry) -> Iterator[tuple[int, Array, Array]]:
    numbers, firsts = np.unique(blocks // geometry.chunk_ratio, return_index=True)
    bounds = [*firsts.tolist(), len(blocks)]
    for chunk, (first, stop) in zip(numbers.tolist(), pairwise(bounds), strict=True):
        yield chunk, blocks[first:stop], places[first:stop]
