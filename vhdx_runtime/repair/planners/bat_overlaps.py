"""Which of the blocks that claim the same bytes of the file have to go, to another place or for good.

Works on sorted offsets in MiB, as the check does; which entries they came from is looked up in a second pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from vhdx_format import layout

from ...check.needed import chunks_in_need
from ...check.places import PRESENT, entries
from ...disk.image import Image
from ...disk.sorted_extents import Sorted, distinct, is_among
from ...disk.space import Fixed, Survey
from ...semantics.bat import Bat, split
from ...semantics.geometry import Geometry
from ...semantics.table import Part

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What has to go from where it is; arrays are ascending.

    Attributes:
        offsets: in MiB; every payload block there.
        twice: in MiB; every payload block there but the one whose entry comes first.
        chunks: numbers of the chunks whose sector bitmap block has to.
        shown: the first of them, in words, each with what it lies on.
    """

    offsets: Array
    twice: Array
    chunks: Array
    shown: tuple[str, ...]


def claimed(image: Image, geometry: Geometry, bat: Bat, survey: Survey) -> tuple[GivenUp, GivenUp]:
    """Choose among all blocks that overlap something with a place of its own, or each other.

    Returns:
        Those on something with a place of its own, and those that have to go so that no others overlap.

    Spec: MS-VHDX 2.1, 2.5.1
    """
    payload = survey.payload
    starts = payload.starts
    again = np.zeros(len(starts), dtype=bool)
    again[1:] = starts[1:] == starts[:-1]
    on_fixed = np.zeros(len(starts), dtype=bool)
    for item in survey.fixed:
        on_fixed[payload.positions(item.start, item.end)] = True
    kept, dropped = _thinned(starts[~again & ~on_fixed], payload.length)
    needed = set(chunks_in_need(image, geometry).tolist())
    outcast, cleared, displaced = _bitmaps(bat, geometry, survey, Sorted(kept, payload.length), needed)
    on_fixed_at = distinct(starts[on_fixed])
    offsets = distinct(np.sort(np.concatenate([dropped, displaced])))
    twice = _without(_without(distinct(starts[again]), offsets), on_fixed_at)
    kept = _without(kept, distinct(np.sort(displaced)))

    def _made(offsets: Array, twice: Array, chunks: list[int]) -> GivenUp:
        first = [*offsets[:_SHOWN].tolist(), *twice[:_SHOWN].tolist()]
        shown = [f"the sector bitmap of bat[{geometry.bitmap_index(chunk)}]" for chunk in chunks[:_SHOWN]]
        shown += _shown(bat, geometry, first, kept, survey.fixed)
        return GivenUp(offsets, twice, np.array(chunks, dtype=np.int64), tuple(shown[:_SHOWN]))

    return _made(on_fixed_at, twice[:0], outcast), _made(offsets, twice, cleared)


def joined(one: GivenUp, other: GivenUp) -> GivenUp:
    """Both together."""
    offsets, twice, chunks = (
        distinct(np.sort(np.concatenate([getattr(one, name), getattr(other, name)])))
        for name in ("offsets", "twice", "chunks")
    )
    return GivenUp(offsets, twice, chunks, (*one.shown, *other.shown)[:_SHOWN])


def _without(values: Array, others: Array) -> Array:
    """The values that are not among others; both ascending."""
    return values[~is_among(values, others)] if len(others) else values


def is_given_up(part: Part, given_up: GivenUp, seen: Array) -> Array:
    """Which payload blocks of a part of the table are given up.

    Args:
        part: entries; called with one part after the other, in the order of the table.
        given_up: what is.
        seen: as long as `twice`, False at first; which of those offsets came before.
    """
    present = part.is_payload & part.is_present & (part.offset != 0)
    chosen = np.zeros(len(present), dtype=bool)
    if len(given_up.offsets):
        chosen |= present & is_among(part.offset, given_up.offsets)
    if len(given_up.twice):
        chosen |= repeated(present, part.offset, given_up.twice, seen)
    return chosen


def repeated(eligible: Array, offsets: Array, twice: Array, seen: Array) -> Array:
    """Which entries name an offset that an entry before them names too.

    Args:
        eligible: which entries count.
        offsets: of all entries.
        twice: ascending; the offsets that count.
        seen: which of `twice` came in earlier calls; updated.

    >>> offsets = np.array([7, 5, 7, 7], np.uint64)
    >>> repeated(np.array([True, True, False, True]), offsets, np.array([7], np.uint64), np.array([False])).tolist()
    [False, False, False, True]
    """
    at = np.flatnonzero(eligible & is_among(offsets, twice))
    which = np.searchsorted(twice, offsets[at].astype(twice.dtype))  # of another type, all of `twice` would be copied
    _, firsts = np.unique(which, return_index=True)
    is_first = np.zeros(len(at), dtype=bool)
    is_first[firsts] = True
    is_first &= ~seen[which]
    seen[which] = True
    chosen = np.zeros(len(eligible), dtype=bool)
    chosen[at[~is_first]] = True
    return chosen


def _thinned(starts: Array, length: int) -> tuple[Array, Array]:
    """Of extents of one length at different places, those that are kept so that none overlap, and the others.

    Of a row in which each overlaps the next one, every second is dropped, until nothing overlaps.

    >>> [part.tolist() for part in _thinned(np.array([1, 2, 3, 8], np.uint32), 2)]
    [[1, 3, 8], [2]]
    """
    dropped = [starts[:0]]
    while len(again := np.flatnonzero(Sorted(starts, length).overlapping_their_predecessors())):
        breaks = np.concatenate([[True], np.diff(again) > 1])
        first = np.maximum.accumulate(np.where(breaks, np.arange(len(again)), 0))
        every_second = again[(np.arange(len(again)) - first) % 2 == 0]
        dropped.append(starts[every_second])
        starts = np.delete(starts, every_second)
    return starts, np.concatenate(dropped)


def _bitmaps(
    bat: Bat, geometry: Geometry, survey: Survey, payload: Sorted, needed: set[int]
) -> tuple[list[int], list[int], Array]:
    """Chunks whose sector bitmap block has to go, and offsets of payload blocks that have to for another one's sake.

    Returns:
        Chunks whose bitmap is on something with a place of its own, those whose is on blocks, and offsets in MiB.
    """
    outcast: list[int] = []
    cleared: list[int] = []
    displaced = [payload.starts[:0]]
    taken: set[int] = set()
    for chunk in range(geometry.bitmap_blocks if geometry.has_parent else 0):
        state, offset = split(bat.word(geometry.bitmap_index(chunk)))
        if state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT or not offset:
            continue
        end = offset + layout.SECTOR_BITMAP_BLOCK_SIZE
        below = payload.starts[payload.positions(offset, end)]
        if survey.is_on_fixed(offset, end):
            outcast.append(chunk)
        elif offset in taken or (len(below) and chunk not in needed):
            cleared.append(chunk)
        else:
            taken.add(offset)
            displaced.append(below)
    return outcast, cleared, np.concatenate(displaced)


def _shown(
    bat: Bat, geometry: Geometry, offsets: Iterable[int], kept: Array, fixed: tuple[Fixed, ...]
) -> Iterator[str]:
    """Blocks at some offsets in words, each with what is kept in its place."""
    length = geometry.block_size // _MIB
    other = {offset: _other(offset, kept, length) for offset in offsets}
    wanted = {(PRESENT, offset) for offset in (*other, *other.values()) if offset is not None}
    found = entries(bat, geometry, wanted)
    for offset, keeper in other.items():
        name = f"the block of bat[{found.get((PRESENT, offset), 0)}] at {offset * _MIB:#x}"
        start, end = offset * _MIB, (offset + length) * _MIB
        label = next((item.label for item in fixed if item.start < end and start < item.end), "a sector bitmap block")
        if keeper == offset:
            yield f"all blocks at {offset * _MIB:#x} but that of bat[{found.get((PRESENT, offset), 0)}]"
        elif keeper is not None:
            yield f"{name}, on that of bat[{found.get((PRESENT, keeper), 0)}] at {keeper * _MIB:#x}, which is kept"
        else:
            yield f"{name}, on {label}"


def _other(offset: int, kept: Array, length: int) -> int | None:
    """Where a block lies that is kept and shares bytes with the one at an offset."""
    at = int(np.searchsorted(kept, offset, side="right"))
    for neighbour in kept[max(0, at - 1) : at + 1].tolist():
        if abs(neighbour - offset) < length:
            return int(neighbour)
    return None
