"""From file offsets back to the entries that name them, in one pass over the table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..disk.sorted_extents import Marked, Sorted, is_among
from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..semantics.table import Part, parts
from .ranges import Ranges

Array = np.ndarray[Any, np.dtype[Any]]

PRESENT = "present"
KEPT = "kept"
ANY = "any"


def entries(bat: Bat, geometry: Geometry, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The first entry that names an offset.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        wanted: kind of entry (`PRESENT`, `KEPT` for entries of blocks that are not in the file, `ANY`) and offset in
            MiB.
    """
    kinds = {kind: np.array(sorted({at for name, at in wanted if name == kind}), np.uint64) for kind, _ in wanted}
    found: dict[tuple[str, int], int] = {}
    if not wanted:
        return found
    for part in parts(bat, geometry, skips_zeros=True):
        for kind, offsets in kinds.items():
            hits = np.flatnonzero(is_among(part.offset, offsets) & _is_of(part, kind))
            values, firsts = np.unique(part.offset[hits], return_index=True)
            for value, at in zip(values.tolist(), hits[firsts].tolist(), strict=True):
                found.setdefault((kind, value), part.start + at)
        if len(found) == len(set(wanted)):
            break
    return found


def guest_ranges(bat: Bat, geometry: Geometry, payload: Sorted, marks: Array) -> Ranges:
    """The ranges of the disk whose payload blocks are marked.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        payload: its payload blocks.
        marks: which of them are marked; of those at one place, all or none.
    """
    ranges = Ranges()
    if not marks.any():
        return ranges
    marked = Marked(payload, marks)
    for part in parts(bat, geometry, skips_zeros=True):
        present = np.flatnonzero(part.is_payload & part.is_present & (part.offset != 0))
        hits = present[marked.among(part.offset[present])] + part.start
        starts = geometry.block_of(hits) * geometry.block_size
        ends = np.minimum(starts + geometry.block_size, geometry.virtual_disk_size)
        ranges.add(starts, ends - starts)
    return ranges


def _is_of(part: Part, kind: str) -> Array:
    used = part.is_payload | part.is_bitmap
    if kind == ANY:
        return used
    return used & part.is_present if kind == PRESENT else used & ~part.is_present
