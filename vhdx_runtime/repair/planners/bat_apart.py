"""Blocks that share their bytes, each given a place of its own: copies at the end of the file.

Every block reads what it read before; that one of them holds what belongs to another cannot be mended here.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...change.relocation import Move
from ...check.needed import chunks_in_doubt
from ...disk.image import Image
from ...semantics.bat import Bat
from ...semantics.geometry import Geometry
from ...semantics.table import KEEPS_PLACE, OFFSET_SHIFT, Part, parts
from ...wording import counted
from ...write.patch import Patch
from ..plan import Repair
from .bat_overlaps import GivenUp, is_given_up
from .bat_patches import changed_entries

Array = np.ndarray[Any, np.dtype[Any]]

_MIB: Final = layout.OBJECT_ALIGNMENT
_PLACE: Final = np.uint64(layout.BAT_FILE_OFFSET_MASK)

# Not in the specification: what is copied at most.
_BLOCKS: Final = 50_000
_BYTES: Final = 1 << 40


class _Mover:
    """Goes over the table, part by part, and hands out places behind the file's end."""

    def __init__(self, image: Image, geometry: Geometry, shared: GivenUp) -> None:
        self.geometry = geometry
        self.shared = shared
        self.seen = np.zeros(len(shared.twice), dtype=bool)
        self.needed = chunks_in_doubt(image, geometry)
        self.end = -(-image.view.size // _MIB)
        self.moves: list[Move] = []
        self.patches: list[Patch] = []

    def take(self, bat: Bat, part: Part) -> None:
        """Move the blocks of some entries; sector bitmaps that no block needs have been let go."""
        words = part.words.copy()
        blocks = is_given_up(part, self.shared, self.seen)
        self._place(words, part, np.flatnonzero(blocks), self.geometry.block_size)
        if len(self.shared.chunks):
            numbers = self.geometry.chunk_of(part.indices)
            chosen = part.is_bitmap & np.isin(numbers, self.shared.chunks)
            self._place(words, part, np.flatnonzero(chosen), layout.SECTOR_BITMAP_BLOCK_SIZE)
        self.patches += changed_entries(bat.file_offset, part.start, part.words, words)

    def _place(self, words: Array, part: Part, at: Array, length: int) -> None:
        units = length // _MIB
        places = self.end + np.arange(len(at)) * units
        words[at] = words[at] & ~_PLACE | places.astype(np.uint64) << np.uint64(OFFSET_SHIFT)
        sources = part.offset[at].tolist()
        self.moves += (Move(old * _MIB, new * _MIB, length) for old, new in zip(sources, places.tolist(), strict=True))
        self.end += len(at) * units


def is_any_outside(image: Image, geometry: Geometry, bat: Bat) -> bool:
    """Whether an entry names a place that the file does not hold in full: a copy might be put there."""
    inside = np.uint64(image.view.size // _MIB)
    for part in parts(bat, geometry, skips_zeros=True):
        size = np.where(part.is_bitmap, layout.SECTOR_BITMAP_BLOCK_SIZE, geometry.block_size).astype(np.uint64)
        ends = part.offset + size // np.uint64(_MIB)
        names = (part.is_payload & KEEPS_PLACE[part.state]) | ((part.is_payload | part.is_bitmap) & part.is_present)
        if (names & (part.offset != 0) & (ends > inside)).any():
            return True
    return False


def repair(image: Image, geometry: Geometry, bat: Bat, shared: GivenUp, rules: tuple[str, ...]) -> Repair | None:
    """One repair for all blocks that lie on others; first for the sector bitmap blocks among them that no block needs.

    Args:
        image: as it reads with all earlier repairs done.
        geometry: its shape.
        bat: its table.
        shared: the blocks to be moved, all of them in the file; see `is_any_outside`.
        rules: what they break.

    Returns:
        The repair; None where there is nothing to move, or too much.

    Spec: MS-VHDX 2.5.1
    """
    mover = _Mover(image, geometry, shared)
    unneeded = shared.chunks[~np.isin(shared.chunks, mover.needed)]
    if len(unneeded):
        return _let_go(bat, geometry, unneeded, rules)
    most = min(_BLOCKS, _BYTES // geometry.block_size)
    for part in parts(bat, geometry, skips_zeros=True):
        mover.take(bat, part)
        if len(mover.moves) > most:
            return None
    if not mover.patches:
        return None
    moves, patches = tuple(mover.moves), tuple(mover.patches)
    return Repair(rules, _summary(mover, shared), OFFERED, patches=patches, moves=moves, new_size=mover.end * _MIB)


def _let_go(bat: Bat, geometry: Geometry, chunks: Array, rules: tuple[str, ...]) -> Repair:
    patches: list[Patch] = []
    for chunk in chunks.tolist():
        index = geometry.bitmap_index(chunk)
        old = np.frombuffer(bat.words(index, 1), dtype="<u8")
        patches += changed_entries(bat.file_offset, index, old, np.zeros_like(old))
    entries = counted(len(chunks), "entry", "entries")
    summary = f"clear {entries} of sector bitmap blocks that lie on others and that no block needs"
    return Repair(rules, summary, AUTO, patches=tuple(patches))


def _summary(mover: _Mover, shared: GivenUp) -> str:
    blocks = counted(len(mover.moves), "block")
    text = f"copy {blocks} to the end of the file, whose place another claims too: {', '.join(shared.shown)}"
    return f"{text}; each reads what it reads now, whosever that is"
