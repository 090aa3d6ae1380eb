"""From file offsets back to the entries that name them, in one pass over the table.

Knows nothing of why somebody asks.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from .ranges import Ranges
from .table import Part, parts

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

    Returns:
        Kind and offset to the index of the entry.
    """
    kinds = {kind: np.array(sorted({at for name, at in wanted if name == kind}), np.uint64) for kind, _ in wanted}
    found: dict[tuple[str, int], int] = {}
    if not wanted:
        return found
    for part in parts(bat, geometry):
        for kind, offsets in kinds.items():
            hits = np.flatnonzero(is_among(part.offset, offsets) & _is_of(part, kind))
            values, firsts = np.unique(part.offset[hits], return_index=True)
            for value, at in zip(values.tolist(), hits[firsts].tolist(), strict=True):
                found.setdefault((kind, value), part.start + at)
        if len(found) == len(set(wanted)):
            break
    return found


def guest_ranges(bat: Bat, geometry: Geometry, offsets: Array) -> Ranges:
    """The ranges of the disk whose payload blocks lie at any of some offsets.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        offsets: in MiB, ascending, without repetition.
    """
    ranges = Ranges()
    if not len(offsets):
        return ranges
    for part in parts(bat, geometry):
        hits = np.flatnonzero(part.is_payload & part.is_present & is_among(part.offset, offsets)) + part.start
        starts = (hits - hits // (geometry.chunk_ratio + 1)) * geometry.block_size
        ends = np.minimum(starts + geometry.block_size, geometry.virtual_disk_size)
        ranges.add(starts, ends - starts)
    return ranges


def _is_of(part: Part, kind: str) -> Array:
    used = part.is_payload | part.is_bitmap
    if kind == ANY:
        return used
    return used & part.is_present if kind == PRESENT else used & ~part.is_present


def is_among(values: Array, chosen: Array) -> Array:
    """Which values are in an ascending array that is not empty.

    >>> is_among(np.array([5, 1, 7], np.uint64), np.array([1, 5], np.uint64)).tolist()
    [True, True, False]
    """
    if not len(values):
        return np.zeros(0, dtype=bool)
    limit = int(np.iinfo(chosen.dtype).max)
    bounds = np.array([min(int(values.min()), limit), min(int(values.max()), limit)], dtype=chosen.dtype)
    first, last = np.searchsorted(chosen, bounds)
    chosen = chosen[first : last + 1]  # entries are mostly in order, and then this is a small part
    if not len(chosen):
        return np.zeros(len(values), dtype=bool)
    kind = np.uint32 if max(int(chosen[-1]), int(values.max())) <= np.iinfo(np.uint32).max else np.uint64
    values, chosen = values.astype(kind, copy=False), chosen.astype(kind, copy=False)
    at = np.searchsorted(chosen, values)
    at[at == len(chosen)] = 0
    found: Array = chosen[at] == values
    return found
