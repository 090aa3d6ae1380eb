"""The block allocation table as columns of runs, for the page's script to unpack.

Knows when an entry continues the one before it (as `inspect.words` has it) and how to say so of millions in arrays. A
table with more runs than a page can hold is cut, and the rest counted by cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from vhdx_format import layout

from ..check.table import OFFSET_SHIFT, Part, parts
from ..image import Image
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from . import pack
from .pack import Array

# Not in the specification: more runs are not kept, as a browser needs some tens of bytes for each.
RUNS_MAX = 1 << 21
CELLS = 2048
_STATES = layout.BAT_STATE_MASK + 1
_LOW_BITS = layout.BAT_FILE_OFFSET_BIT
_LOW = (1 << _LOW_BITS) - 1
WIDTHS = (4, 3, 6)  # bytes of: number of entries, low bits and mark, distance of the file offset


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of entries that continue one another.

    Attributes:
        first: index of the first entry of each run.
        words: that entry.
        end: index behind the last entry of the last run.
        block_size: by which the entries of a run with blocks in the file go on, in bytes.
    """

    first: Array
    words: Array
    end: int
    block_size: int

    def head(self, count: int) -> Runs:
        """The first `count` runs."""
        if count >= len(self.first):
            return self
        return Runs(self.first[:count], self.words[:count], int(self.first[count]), self.block_size)


def runs(image: Image, progress: Callable[[int], None] | None = None) -> Runs | None:
    """All runs of the table, or the first `RUNS_MAX`; None where the disk's shape is not known.

    Args:
        image: the file.
        progress: called with the number of bytes of the table that were dealt with.

    Spec: MS-VHDX 2.5
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return None
    firsts: list[Array] = []
    words: list[Array] = []
    count = 0
    before: tuple[int, int] | None = None  # last word and kind of the part before
    stored = 0
    for part in parts(bat, geometry, progress):
        breaks = _breaks(part, geometry.block_size, before)
        firsts.append(breaks + part.start)
        words.append(part.words[breaks])
        stored = part.start + len(part.words)
        before = (int(part.words[-1]), int(_kinds(part)[-1])) if len(part.words) else before
        count += len(breaks)
        if count > RUNS_MAX:
            break
    else:
        if stored < bat.entry_count:  # the file ends inside the table: what is not there counts as zero
            starts = _zero_starts(geometry, stored, bat.entry_count)
            firsts.append(np.array(starts))
            words.append(np.zeros(len(starts), np.uint64))
            stored = bat.entry_count
    first = np.concatenate(firsts) if firsts else np.zeros(0, np.int64)
    whole = np.concatenate(words) if words else np.zeros(0, np.uint64)
    return Runs(first, whole, stored, geometry.block_size).head(RUNS_MAX)


def _kinds(part: Part) -> Array:
    """What the entries describe, as numbers: 0 no block, 1 a payload block, 2 a sector bitmap block."""
    kinds: Array = part.is_payload + np.uint8(2) * part.is_bitmap
    return kinds


def _breaks(part: Part, block_size: int, before: tuple[int, int] | None) -> Array:
    """Positions of the entries that do not continue the one before them."""
    kinds = _kinds(part)
    words = part.words
    if not len(words):
        return np.zeros(0, np.int64)
    first_word, first_kind = before if before is not None else (int(words[0]) ^ _LOW, 0)
    previous = np.concatenate([np.array([first_word], np.uint64), words[:-1]])
    kinds_before = np.concatenate([np.array([first_kind], np.uint8), kinds[:-1]])
    present = (previous & np.uint64(layout.BAT_STATE_MASK)) >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    nowhere = present & (previous & np.uint64(layout.BAT_FILE_OFFSET_MASK) == 0)
    step = np.where(present, np.uint64(block_size), np.uint64(0))
    apart = (words - previous != step) | nowhere | (kinds != kinds_before) | (words < previous)
    found: Array = np.flatnonzero(apart)
    return found


def _zero_starts(geometry: Geometry, start: int, end: int) -> list[int]:
    """Where runs of zero entries begin: the first one, and at each change of what the entries describe."""
    stride = geometry.chunk_ratio + 1
    behind = geometry.payload_index(geometry.payload_blocks - 1) + 1
    slots = range(start + (geometry.chunk_ratio - start) % stride, end, stride)
    starts = {start, *slots, *(slot + 1 for slot in slots), *((behind,) if start < behind else ())}
    return sorted(index for index in starts if index < end)


def columns(found: Runs) -> bytes:
    """Runs as three columns: numbers of entries; low bits of the word, marked where it names a place; distances.

    A distance is that of the named place from the end of what the last run with a place named, in MiB.
    """
    lengths = np.diff(np.append(found.first, found.end))
    words = found.words
    low = words & np.uint64(_LOW)
    offset = (words >> np.uint64(OFFSET_SHIFT)).astype(np.int64)
    somewhere = offset != 0
    present = (words & np.uint64(layout.BAT_STATE_MASK)) >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    size = np.where(present, lengths, 1) * (found.block_size >> OFFSET_SHIFT)
    places = offset[somewhere]
    ends = np.concatenate([np.zeros(1, np.int64), (places + size[somewhere])[:-1]]) if len(places) else places
    marked = low | (somewhere.astype(np.uint64) << np.uint64(_LOW_BITS))
    values = (lengths, marked, pack.zigzag(places - ends))
    return b"".join(pack.planes(column, width) for column, width in zip(values, WIDTHS, strict=True))


def fitting(found: Runs, budget: int) -> tuple[Runs, str]:
    """As many of the first runs as `budget` letters can hold, and those letters."""
    count = len(found.first)
    while True:
        kept = found.head(count)
        text = pack.packed(columns(kept))
        if len(text) <= budget or not count:
            return kept, text
        count = min(count - 1, count * budget // len(text) * 97 // 100)


def overview(image: Image) -> dict[str, Any] | None:
    """The whole table by cells, for what the runs in the page leave out.

    Returns:
        Blocks in a cell of the disk and, by cell, the number of blocks in each state; bytes in a cell of the file and,
        by cell, MiB of payload and of sector bitmap blocks.
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return None
    blocks = -(-geometry.payload_blocks // CELLS)
    size_mb = max(1, -(-image.view.size // layout.OBJECT_ALIGNMENT))
    cell_mb = -(-size_mb // CELLS)
    states = np.zeros(CELLS * _STATES, np.int64)
    owned = np.zeros((2, CELLS), np.int64)
    for part in parts(bat, geometry):
        _count(part, geometry, blocks, states)
        for kind, chosen, length in (
            (0, part.is_payload, geometry.block_size),
            (1, part.is_bitmap, layout.SECTOR_BITMAP_BLOCK_SIZE),
        ):
            offsets = part.offset[chosen & part.is_present & (part.offset != 0) & (part.offset < size_mb)]
            cells = (offsets // np.uint64(cell_mb)).astype(np.int64)
            owned[kind] += np.bincount(cells, minlength=CELLS) * (length >> OFFSET_SHIFT)
    return {
        "blocks": blocks,
        "states": states.tolist(),
        "cell_mb": cell_mb,
        "payload_mb": owned[0].tolist(),
        "bitmap_mb": owned[1].tolist(),
    }


def _count(part: Part, geometry: Geometry, blocks: int, states: Array) -> None:
    index = np.flatnonzero(part.is_payload)
    number = index + part.start
    number -= number // (geometry.chunk_ratio + 1)
    cells = number // blocks * _STATES + part.state[index]
    states += np.bincount(cells, minlength=CELLS * _STATES)


def shape(bat: Bat) -> dict[str, int]:
    """Where the table is, and how a word divides."""
    return {
        "file_offset": bat.file_offset,
        "entries": bat.entry_count,
        "entry_size": ENTRY_SIZE,
        "state_mask": layout.BAT_STATE_MASK,
        "offset_bit": _LOW_BITS,
        "present_from": layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT,
    }
