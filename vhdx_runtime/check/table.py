"""One sweep over the block allocation table: every entry judged, and where the blocks lie, gathered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from vhdx_format import layout
from vhdx_format.rules import RULES

from ..codec import decode
from ..disk.cut import Counts
from ..disk.space import Gathering
from ..errors import Place
from ..findings import make
from ..semantics.bat import BLOCK_UNKNOWN, ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.presence import DATA, STORED, UNREADABLE, ZERO
from ..semantics.table import MIB, OFFSET_SHIFT, Part, broken, parts
from .listing import Listing
from .ranges import Ranges

Array = np.ndarray[Any, np.dtype[Any]]


class Sweep:
    """One pass over the table.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        file_size: length of the file after replay, in bytes.
        listing: takes the findings.

    Attributes:
        lost: guest ranges that cannot be read, but for those whose sector bitmap must be asked.
        places: where the blocks lie.
    """

    def __init__(self, bat: Bat, geometry: Geometry, file_size: int, listing: Listing) -> None:
        self._bat = bat
        self._geometry = geometry
        self._file_size = file_size
        self._listing = listing
        self.places = Gathering()
        self.lost = Ranges()

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Judge every entry in use, and gather where the blocks lie."""
        # An entry of zeros breaks no rule, but that in a fixed file every block is there.
        skips_zeros = self._geometry.disk_type != "fixed"
        for part in parts(self._bat, self._geometry, progress, skips_zeros=skips_zeros):
            self._judge(part)
            self.places.add(part)
            self._lose(part)
        geometry = self._geometry
        held = geometry.block_of(self._bat.entry_count) * geometry.block_size
        if held < geometry.virtual_disk_size:
            self.lost.add(np.array([held]), np.array([geometry.virtual_disk_size - held]))

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
            index, word = part.start + at, int(part.words[at])
            place = Place(f"bat[{index}]", RULES[rule].fields[0], self._bat.file_offset + index * ENTRY_SIZE)
            conditions = [BLOCK_UNKNOWN] if part.presence.says_nothing(word, bool(part.is_bitmap[at])) else []
            conditions += ["unmapped_v095"] if part.presence.payload(word)[0] == ZERO else []
            self._listing.add([make(rule, place, f"entry {word:#018x}", decode.expectation(rule), conditions)])
        self._listing.count(rule, len(indices) - room)

    def _lose(self, part: Part) -> None:
        geometry, limit = self._geometry, self._file_size
        nowhere = part.of_kind(UNREADABLE)
        beyond = part.of_kind(DATA) & (part.offset + np.uint64(geometry.block_size >> OFFSET_SHIFT) > limit // MIB)
        chosen = nowhere | beyond
        if not chosen.any():
            return
        starts = part.blocks(chosen) * geometry.block_size
        places = np.minimum(part.offset[chosen], np.uint64(limit // MIB + 1)).astype(np.int64) * MIB
        readable = np.where(nowhere[chosen], 0, np.clip(limit - places, 0, geometry.block_size))
        ends = np.minimum(starts + geometry.block_size, geometry.virtual_disk_size)
        self.lost.add(starts + readable, np.maximum(ends - starts - readable, 0))


def at_the_end(bat: Bat, geometry: Geometry, limit: int, longest: int, is_cut: bool) -> Counts:
    """As `cut.glance_at`, of the whole table.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        limit: where the known bytes of the file end.
        longest: that a file of this disk can be; both in bytes.
        is_cut: something is known to lie behind the end.

    Spec: MS-VHDX 2.1
    """
    whole = blocks = needed = 0
    last = geometry.payload_blocks - 1
    short = geometry.payload_blocks * geometry.block_size - geometry.virtual_disk_size
    for part in parts(bat, geometry, skips_zeros=True):
        stored = part.is_payload & (part.kind < len(STORED))
        size = np.where(part.is_bitmap, layout.SECTOR_BITMAP_BLOCK_SIZE, geometry.block_size)
        at = geometry.payload_index(last) - part.start
        if 0 <= at < len(size):
            size[at] -= short
        ends = np.minimum(part.offset, np.uint64(longest // MIB + 1)).astype(np.int64) * MIB + size
        blocks += int(np.count_nonzero(stored))
        whole += int(np.count_nonzero(stored & (ends <= limit)))
        bitmaps = part.is_bitmap & part.is_present & geometry.has_parent
        needed = max(needed, int(ends[(stored | bitmaps) & (ends > limit) & (ends <= longest)].max(initial=0)))
    return Counts(bat.entry_count, whole, blocks, needed)
