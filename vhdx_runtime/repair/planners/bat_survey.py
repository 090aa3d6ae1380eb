"""What must be known of the whole block allocation table before an entry of it can be mended.

Asks the functions of the check: which kept places are not free, which bitmaps say nothing, which of them blocks need.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from vhdx_format import layout

from ...check import Report
from ...check.bitmaps import Bitmaps
from ...check.cut import is_cut
from ...check.listing import Listing
from ...check.needed import chunks_in_doubt, chunks_in_need, revivable
from ...codec.holes import holds_zeros
from ...disk.image import Image
from ...disk.sorted_extents import distinct, is_among
from ...disk.space import ON_ANOTHER_PLACE, Survey
from ...semantics.bat import Bat, split
from ...semantics.geometry import Geometry

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
_NONE = np.zeros(0, dtype=np.int64)
_RULES = ("BAT-005", "BAT-010", "BAT-015", "SBM-003")  # those that need any of this


@dataclass(frozen=True, slots=True)
class Known:
    """What is known; every array is ascending.

    Attributes:
        needed: numbers of the chunks that have partially present blocks.
        doubted: those, and the chunks with blocks of which nobody knows what they were.
        asked: those whose bitmap has a state that there is not, and a place that it may well lie in.
        bad: offsets in MiB that no undefined or unmapped block can keep.
        twice: offsets in MiB that several of those keep.
        whole: numbers of partially present blocks with all bits set.
        none: the same with no bit set, and with nothing but zeros in their place.
    """

    needed: Array
    doubted: Array
    asked: Array
    bad: Array
    twice: Array
    whole: Array
    none: Array


def look(image: Image, geometry: Geometry, report: Report) -> Known:
    """Find out what the repairs of the findings need to know. Spec: MS-VHDX 2.5.1."""
    if not any(rule in report.totals for rule in _RULES):
        return Known(*[_NONE] * len(fields(Known)))
    needed, doubted = chunks_in_need(image, geometry), chunks_in_doubt(image, geometry)
    whole, none = _of_equal_bits(image, geometry) if "SBM-003" in report.totals else (_NONE, _NONE)
    survey = report.owners(image)
    asked = revivable(image, geometry, doubted, survey) if "BAT-010" in report.totals else _NONE
    bad, twice = _misplaced(image, survey) if "BAT-015" in report.totals else (_NONE, _NONE)
    return Known(needed, doubted, asked, bad, twice, whole, none)


def _misplaced(image: Image, survey: Survey) -> tuple[Array, Array]:
    """Offsets of kept places that are not free, and of those that are only kept more than once."""
    anchors = survey.anchors
    wrong = np.zeros(len(anchors.starts), dtype=bool)
    again = np.zeros(len(anchors.starts), dtype=bool)
    again[1:] = anchors.starts[1:] == anchors.starts[:-1]
    for reason, first, marks in survey.misplaced():
        chosen = slice(first, first + len(marks))
        wrong[chosen] |= marks & ~again[chosen] if reason == ON_ANOTHER_PLACE else marks
    inside = np.ones(len(anchors.starts), dtype=bool)
    if is_cut(image):  # what only the cut makes wrong is left: the rest of the file may be found
        inside[anchors.first_ending_behind(image.view.size // _MIB) :] = False
    bad, twice = distinct(anchors.starts[wrong & inside]), distinct(anchors.starts[again & inside])
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
    return np.concatenate(whole), _without_data(image, geometry, image.bat, np.concatenate(none))


def _without_data(image: Image, geometry: Geometry, bat: Bat, blocks: Array) -> Array:
    """Those of some blocks whose places hold nothing but zeros: of the others the bits may be lost."""
    offsets = [split(bat.word(geometry.payload_index(block)))[1] for block in blocks.tolist()]
    is_blank = {offset: holds_zeros(image.view, offset, geometry.block_size) for offset in sorted(set(offsets))}
    chosen: Array = blocks[np.array([is_blank[offset] for offset in offsets], dtype=bool)]
    return chosen
