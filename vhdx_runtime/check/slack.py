"""The part of the block allocation table that no block uses.

Knows where it is and whether it is zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..codec.holes import data_ranges
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..image import Image
from ..semantics.bat import ENTRY_SIZE

_CHUNK = 1 << 20


def findings(image: Image) -> Iterator[Finding]:
    """Entries that no block uses and that are not zero, as one finding.

    Spec: MS-VHDX 2.5
    """
    region, geometry, bat = image.regions.get("bat"), image.geometry, image.bat
    if region is None or bat is None or geometry is None:
        return
    held = min(region.length, max(0, image.view.size - region.file_offset)) // ENTRY_SIZE
    unused = [(bat.entry_count, held)]
    if geometry.has_parent:
        behind = geometry.payload_index(geometry.payload_blocks - 1) + 1
        unused.insert(0, (behind, min(geometry.bitmap_index(geometry.bitmap_blocks - 1), held)))
    count, first = 0, None
    for start, stop in unused:
        for index, number in _nonzero(image.view, region.file_offset, start, stop):
            first = index if first is None else first
            count += number
    if first is not None:
        place = Place(f"bat[{first}]", "entries", region.file_offset + first * ENTRY_SIZE)
        yield make("BAT-018", place, f"{count} unused entries that are not zero", "zeros")


def _nonzero(view: Source, table: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Index of the first entry that is not zero, and their number, of each part read; holes are not."""
    if stop <= start:
        return
    for begin, end in data_ranges(view, table + start * ENTRY_SIZE, (stop - start) * ENTRY_SIZE):
        first, last = (begin - table) // ENTRY_SIZE, -(-(end - table) // ENTRY_SIZE)
        for index in range(first, last, _CHUNK // ENTRY_SIZE):
            raw = view.read_at(table + index * ENTRY_SIZE, min(_CHUNK, (last - index) * ENTRY_SIZE))
            used = np.flatnonzero(np.frombuffer(raw, dtype="<u8", count=len(raw) // ENTRY_SIZE))
            if len(used):
                yield index + int(used[0]), len(used)
