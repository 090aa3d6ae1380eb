"""Where the blocks of an image lie, for planners: the same gathering of extents as in a check.

Knows how much of the file belongs to nothing, and which guest bytes a longer file would turn from unreadable into
zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from vhdx_format import layout

from ..check.extents import fixed_objects, unclaimed
from ..check.listing import Listing
from ..check.ranges import Ranges
from ..check.sorted_extents import Sorted
from ..check.table import OFFSET_SHIFT, Extents, Sweep, parts
from ..image import Image
from ..semantics.bat import Bat
from ..semantics.geometry import Geometry

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT


def gathered(image: Image) -> Extents:
    """Where the blocks of an image with a table say that they lie; nothing for one without. Spec: MS-VHDX 2.5."""
    if image.geometry is None or image.bat is None:
        none = np.zeros(0, dtype=np.uint32)
        return Extents(none, none, none, none)
    return Sweep(image.bat, image.geometry, image.view.size, Listing()).run()


def sorted_blocks(image: Image, extents: Extents) -> tuple[Sorted, Sorted, Sorted]:
    """Payload blocks, sector bitmap blocks and kept places, each in the order of the file."""
    block = (image.geometry.block_size if image.geometry else _MIB) // _MIB
    return Sorted(extents.payload, block), Sorted(extents.bitmaps, 1), Sorted(extents.anchors, block)


def free_ranges(image: Image) -> list[tuple[int, int]]:
    """What of the file belongs to nothing, as half-open ranges of file offsets. Spec: MS-VHDX 2.1."""
    gaps = unclaimed(fixed_objects(image), sorted_blocks(image, gathered(image)), image.view.size)
    return [(start, end) for some in gaps for start, end in some.tolist()]


def blocks_of(geometry: Geometry, indices: Array) -> Array:
    """Numbers of the payload blocks that entries describe. Spec: MS-VHDX 2.5."""
    numbers: Array = indices - indices // (geometry.chunk_ratio + 1)
    return numbers


def uncovered(image: Image, before: int, after: int) -> Ranges:
    """Guest bytes that the file must hold between two lengths: those that a longer file shows as zeros.

    Partially present blocks count as a whole, and so do all those of a chunk whose sector bitmap lies there.

    Args:
        image: with whatever is wrong with it.
        before: length of the file in bytes.
        after: a greater one.

    Spec: MS-VHDX 2.5.1
    """
    ranges = Ranges()
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return ranges
    chunks = _chunks_between(bat, geometry, before, after) if geometry.has_parent else np.zeros(0, np.int64)
    for part in parts(bat, geometry):
        place = np.minimum(part.offset, np.uint64(after // _MIB + 1)).astype(np.int64) << OFFSET_SHIFT
        present = part.is_payload & part.is_present & (part.offset != 0)
        first = np.clip(before - place, 0, geometry.block_size)
        last = np.clip(after - place, 0, geometry.block_size)
        blocks = blocks_of(geometry, np.arange(part.start, part.start + len(part.words)))
        if len(chunks):
            partial = part.is_payload & (part.state == layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT)
            whole = partial & np.isin(blocks // geometry.chunk_ratio, chunks)
            first[whole], last[whole] = 0, geometry.block_size
            present |= whole
        chosen = np.flatnonzero(present & (first < last))
        starts = blocks[chosen] * geometry.block_size
        ends = np.minimum(starts + last[chosen], geometry.virtual_disk_size)
        ranges.add(starts + first[chosen], np.maximum(ends - starts - first[chosen], 0))
    return ranges


def ends_until(bat: Bat, geometry: Geometry, limit: int) -> int:
    """Where the last of those payload blocks ends that end at or before a length of the file, in bytes."""
    size = np.uint64(geometry.block_size // _MIB)
    last = 0
    for part in parts(bat, geometry):
        ends = part.offset[part.is_payload & part.is_present] + size
        last = max(last, int(ends[ends <= limit // _MIB].max(initial=0)))
    return last * _MIB


def _chunks_between(bat: Bat, geometry: Geometry, before: int, after: int) -> Array:
    """Numbers of the chunks whose sector bitmap block ends between two lengths of the file."""
    found = []
    for part in parts(bat, geometry):
        end = part.offset + np.uint64(1)
        between = (end > before // _MIB) & (end <= after // _MIB)
        hits = np.flatnonzero(part.is_bitmap & part.is_present & (part.offset != 0) & between)
        found.append((hits + part.start) // (geometry.chunk_ratio + 1))
    return np.concatenate(found) if found else np.zeros(0, np.int64)
