"""What must be known of the whole block allocation table before an entry of it can be mended.

Asks the functions of the check: which kept places are not free, which bitmaps say nothing, which of them blocks need.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from vhdx_format import layout

from ..check import Report
from ..check.bitmaps import Bitmaps
from ..check.extents import ON_ANOTHER_PLACE, fixed_objects, misplaced
from ..check.listing import Listing
from ..check.sorted_extents import Sorted, distinct, is_among
from ..check.table import partially_present
from ..image import Image
from ..semantics.bat import split
from ..semantics.geometry import Geometry
from .space import gathered, sorted_blocks

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
_NONE = np.zeros(0, dtype=np.int64)
_RULES = ("BAT-005", "BAT-010", "BAT-015", "SBM-003")  # those that need any of this


@dataclass(frozen=True, slots=True)
class Known:
    """What is known; every array is ascending.

    Attributes:
        needed: numbers of the chunks that have partially present blocks.
        asked: those of them whose bitmap has a state that there is not, and a place that it may well lie in.
        bad: offsets in MiB that no undefined or unmapped block can keep.
        twice: offsets in MiB that several of those keep.
        whole: numbers of partially present blocks with all bits set.
        none: the same with no bit set.
    """

    needed: Array
    asked: Array
    bad: Array
    twice: Array
    whole: Array
    none: Array


def look(image: Image, geometry: Geometry, report: Report) -> Known:
    """Find out what the repairs of the findings need to know.

    Spec: MS-VHDX 2.5.1
    """
    if not any(rule in report.totals for rule in _RULES):
        return Known(*[_NONE] * len(fields(Known)))
    extents = gathered(image)
    needed = chunks_in_need(image, geometry)
    whole, none = _of_equal_bits(image, geometry) if "SBM-003" in report.totals else (_NONE, _NONE)
    payload, bitmaps, anchors = sorted_blocks(image, extents)
    asked = _asked(image, geometry, needed, payload, bitmaps) if "BAT-010" in report.totals else _NONE
    bad, twice = _misplaced(image, payload, bitmaps, anchors) if "BAT-015" in report.totals else (_NONE, _NONE)
    return Known(needed, asked, bad, twice, whole, none)


def chunks_in_need(image: Image, geometry: Geometry) -> Array:
    """Numbers of the chunks that have partially present blocks, ascending. Spec: MS-VHDX 2.5.1.1."""
    found = (chunk for chunk, _, _ in partially_present(image.bat, geometry)) if image.bat else ()
    return np.fromiter(found, dtype=np.int64)


def _misplaced(image: Image, payload: Sorted, bitmaps: Sorted, anchors: Sorted) -> tuple[Array, Array]:
    """Offsets of kept places that are not free, and of those that are only kept more than once."""
    wrong = np.zeros(len(anchors.starts), dtype=bool)
    again = np.zeros(len(anchors.starts), dtype=bool)
    again[1:] = anchors.starts[1:] == anchors.starts[:-1]
    fixed = list(fixed_objects(image))
    for reason, first, marks in misplaced(anchors, payload, bitmaps, fixed, image.view.size):
        chosen = slice(first, first + len(marks))
        wrong[chosen] |= marks & ~again[chosen] if reason == ON_ANOTHER_PLACE else marks
    bad, twice = distinct(anchors.starts[wrong]), distinct(anchors.starts[again])
    return bad, twice[~is_among(twice, bad)] if len(bad) else twice


def _of_equal_bits(image: Image, geometry: Geometry) -> tuple[Array, Array]:
    """Numbers of the partially present blocks with all bits set, and of those with none."""
    if image.bat is None or image.mapping is None or not geometry.has_parent:
        return _NONE, _NONE
    bitmaps = Bitmaps(image.view, geometry, image.bat, image.mapping, Listing())
    whole, none = [_NONE], [_NONE]
    for blocks, is_set in bitmaps.trivial():
        whole.append(blocks[is_set])
        none.append(blocks[~is_set])
    return np.concatenate(whole), np.concatenate(none)


def _asked(image: Image, geometry: Geometry, needed: Array, payload: Sorted, bitmaps: Sorted) -> Array:
    """Chunks whose bitmap is needed, under a state that there is not, and names a free place in the file."""
    found = []
    for chunk in needed.tolist():
        state, offset = split(image.bat.word(geometry.bitmap_index(chunk))) if image.bat else (0, 0)
        is_wrong = layout.SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT < state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
        end = offset + layout.SECTOR_BITMAP_BLOCK_SIZE
        if is_wrong and offset and end <= image.view.size:
            on_fixed = any(item.start < end and offset < item.end for item in fixed_objects(image))
            if not on_fixed and not any(_is_any_at(other, offset, end) for other in (payload, bitmaps)):
                found.append(chunk)
    return np.array(found, dtype=np.int64)


def _is_any_at(extents: Sorted, start: int, end: int) -> bool:
    """Whether an extent shares a byte with a half-open range of file offsets."""
    return len(extents.starts[extents.positions(start, end)]) > 0
