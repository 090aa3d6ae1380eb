"""Which sector bitmap blocks are needed, and who names which place.

Works on the table as a whole. Both the check and the repair of an entry go by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from vhdx_format import layout

from ..disk.image import Image
from ..disk.sorted_extents import Sorted, is_among
from ..disk.space import Survey
from ..semantics.bat import split
from ..semantics.geometry import Geometry
from ..semantics.presence import UNREADABLE
from ..semantics.table import partially_present, parts

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
NONE = np.zeros(0, dtype=np.int64)
"""No chunks."""


def chunks_in_need(image: Image, geometry: Geometry) -> Array:
    """Numbers of the chunks that have partially present blocks, ascending. Spec: MS-VHDX 2.5.1.1."""
    found = (chunk for chunk, _, _ in partially_present(image.bat, geometry)) if image.bat else ()
    return np.fromiter(found, dtype=np.int64)


def chunks_in_doubt(image: Image, geometry: Geometry) -> Array:
    """Those and the chunks with blocks of which nobody knows what they were, ascending. Spec: MS-VHDX 2.5.1.1."""
    bat = image.bat
    found = [chunks_in_need(image, geometry)]
    for part in parts(bat, geometry, skips_zeros=True) if bat else ():
        found.append(part.blocks(part.of_kind(UNREADABLE)) // geometry.chunk_ratio)
    if bat is not None and bat.entry_count < geometry.entry_count:
        found.append(np.arange(geometry.chunk_of(bat.entry_count), geometry.bitmap_blocks))
    return np.unique(np.concatenate(found))


def revivable(image: Image, geometry: Geometry, chunks: Array, survey: Survey) -> Array:
    """Those of some chunks whose bitmap has a state that there is not, and names a free place in the file.

    Spec: MS-VHDX 2.5.1.2
    """
    found = []
    for chunk in chunks.tolist():
        state, offset = split(image.bat.word(geometry.bitmap_index(chunk))) if image.bat else (0, 0)
        is_wrong = layout.SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT < state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
        end = offset + layout.SECTOR_BITMAP_BLOCK_SIZE
        if is_wrong and offset and end <= image.view.size:
            others = (survey.payload, survey.bitmaps)
            if not survey.is_on_fixed(offset, end) and not any(_is_any_at(one, offset, end) for one in others):
                found.append(chunk)
    return np.array(found, dtype=np.int64)


def _is_any_at(extents: Sorted, start: int, end: int) -> bool:
    """Whether an extent shares a byte with a half-open range of file offsets."""
    return len(extents.starts[extents.positions(start, end)]) > 0


def claimants(
    image: Image, geometry: Geometry, offsets: Collection[int], doubted: Array
) -> tuple[Counter[int], Counter[int]]:
    """How many blocks need each of some places, given and told in MiB, and how many sector bitmaps do not.

    Args:
        image: the container.
        geometry: its shape.
        offsets: the places.
        doubted: numbers of the chunks whose sector bitmap may be needed, ascending.
    """
    wanted = np.array(sorted(offsets), dtype=np.uint64)
    needing: Counter[int] = Counter()
    idle: Counter[int] = Counter()
    for part in parts(image.bat, geometry, skips_zeros=True) if image.bat else ():
        hits = np.flatnonzero(is_among(part.offset, wanted) & (part.is_payload | part.is_bitmap) & part.is_present)
        chunks = geometry.chunk_of(hits + part.start)
        is_needed = part.is_payload[hits] | np.isin(chunks, doubted)
        needing.update(part.offset[hits[is_needed]].tolist())
        idle.update(part.offset[hits[~is_needed]].tolist())
    return needing, idle
