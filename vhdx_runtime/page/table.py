"""The block allocation table as columns of runs, for the page's script to unpack.

A table with more runs than a page can hold is cut, and the rest counted by cells.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from vhdx_format import layout

from ..disk.image import Image
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.presence import UNREADABLE
from ..semantics.table import OFFSET_SHIFT, Part, parts, run_starts

Array = np.ndarray[Any, np.dtype[Any]]

_LEVEL = 4


def planes(values: Array, width: int) -> bytes:
    r"""A column of numbers as `width` planes of bytes, the lowest first.

    Args:
        values: integers, none of them negative, each of at most `width` bytes.
        width: bytes of each number that are kept, 1 to 8.

    >>> planes(np.array([1, 258]), 2)
    b'\x01\x02\x00\x01'
    """
    return values.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()


def zigzag(values: Array) -> Array:
    """Signed numbers as numbers that are small where those are near zero.

    >>> zigzag(np.array([0, -1, 1, -2])).tolist()
    [0, 1, 2, 3]
    """
    signed = values.astype(np.int64)
    return (signed << np.int64(1)) ^ (signed >> np.int64(63))


def packed(data: bytes) -> str:
    """Bytes compressed (zlib) as base64: letters that mean nothing in HTML."""
    return b64encode(zlib.compress(data, _LEVEL)).decode("ascii")


# Not in the specification: more runs are not kept, as a browser needs some tens of bytes for each.
RUNS_MAX = 1 << 21
CELLS = 2048
_COLUMNS = layout.BAT_STATE_MASK + 2  # one for each state, and one for what is unreadable whatever its state
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
    firsts, words, count, stored = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0, 0
    for starts, some, end in run_starts(bat, geometry, progress):
        firsts.append(starts)
        words.append(some)
        count, stored = count + len(starts), end
        if count > RUNS_MAX:
            break
    return Runs(np.concatenate(firsts), np.concatenate(words), stored, geometry.block_size).head(RUNS_MAX)


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
    values = (lengths, marked, zigzag(places - ends))
    return b"".join(planes(column, width) for column, width in zip(values, WIDTHS, strict=True))


def fitting(found: Runs, budget: int) -> tuple[Runs, str]:
    """As many of the first runs as `budget` letters can hold, and those letters."""
    count = len(found.first)
    while True:
        kept = found.head(count)
        text = packed(columns(kept))
        if len(text) <= budget or not count:
            return kept, text
        count = min(count - 1, count * budget // len(text) * 97 // 100)


def overview(image: Image) -> dict[str, Any] | None:
    """The whole table by cells, for what the runs in the page leave out.

    Returns:
        Blocks in a cell of the disk and, by cell, the number of blocks in each state and of unreadable ones; bytes in
        a cell of the file and, by cell, MiB of payload and of sector bitmap blocks.
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return None
    blocks = -(-geometry.payload_blocks // CELLS)
    size_mb = max(1, -(-image.view.size // layout.OBJECT_ALIGNMENT))
    cell_mb = -(-size_mb // CELLS)
    states = np.zeros(CELLS * _COLUMNS, np.int64)
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
    number = geometry.block_of(index + part.start)
    columns_of = np.where(part.of_kind(UNREADABLE), _COLUMNS - 1, part.state)
    cells = number // blocks * _COLUMNS + columns_of[index]
    states += np.bincount(cells, minlength=CELLS * _COLUMNS)


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
