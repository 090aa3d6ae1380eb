"""Repairs of entries of the block allocation table that change nothing of what a guest reads.

Goes over the table as a check does, in arrays, and mends all entries at once. Which entry is wrong is decided by the
same functions as in a check. What cannot be mended without a loss is for `bat_lossy`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...check import Report
from ...check.zeros import names_place, unused_ranges
from ...disk.image import Image
from ...disk.sorted_extents import is_among
from ...findings import repair_of
from ...semantics import reserved
from ...semantics.bat import ENTRY_SIZE, Bat
from ...semantics.geometry import Geometry
from ...semantics.table import KEEPS_PLACE, Part, broken, parts
from ...wording import counted
from ...write.patch import Patch
from ..plan import Repair
from . import bat_lossy
from .bat_overlaps import repeated
from .bat_patches import changed_entries, cleared_entries
from .bat_survey import Known, look

Array = np.ndarray[Any, np.dtype[Any]]

_STATE = np.uint64(layout.BAT_STATE_MASK)
_PLACE = np.uint64(layout.BAT_FILE_OFFSET_MASK)
_PRESENT = np.uint64(layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT)
_UNMAPPED = np.uint64(layout.PAYLOAD_BLOCK_STATE_UNMAPPED)
_PARTIAL = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT  # as a number of a bitmap's state it can only mean present

_SHOWN = 5
_DONE = {
    "BAT-002": "clear the reserved bits of {entries}",
    "BAT-003": "make {blocks} unmapped that had the number of draft 0.95 for it",
    "BAT-004": "make {blocks} fully present, as there is no parent",
    "BAT-005": "clear {entries} of sector bitmap blocks that are nowhere and that no block needs",
    "BAT-010": "give {entries} of sector bitmap blocks a state that there is",
    "BAT-011": "clear {entries} of sector bitmap blocks, as there is no parent",
    "BAT-014": "clear the file offset of {entries} without use for one",
    "BAT-015": "clear the place kept by {blocks}, undefined or unmapped, as it is not free",
}

_FIXES: dict[str, Callable[[Array], Array]] = {
    "BAT-002": lambda words: words & (_STATE | _PLACE),
    "BAT-003": lambda words: words & ~_STATE | _UNMAPPED,
    "BAT-004": lambda words: words & ~_STATE | _PRESENT,
    "BAT-005": np.zeros_like,
    "BAT-010": lambda words: np.where(words & _STATE == _PARTIAL, words & ~_STATE | _PRESENT, np.uint64(0)),
    "BAT-011": np.zeros_like,
    "BAT-014": lambda words: words & ~_PLACE,
}


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs of the block allocation table.

    Yields:
        Repairs, each right by itself; lossy ones last, and mostly only when no entry can be mended otherwise.

    Spec: MS-VHDX 2.5
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None or report.refused:
        return
    is_done = False
    if any(rule in report.totals for rule in (*_DONE, "SBM-003")):
        known = look(image, geometry, report)
        repair = _entries(bat, geometry, known)
        if repair is not None:
            yield repair
            is_done = True
        if len(known.asked):
            yield _revived(bat, geometry, known)
        if len(known.whole) or len(known.none):
            yield _even(bat, geometry, known)
    if "BAT-018" in report.totals:
        yield _unused(image, bat)
    if not is_done or "BAT-009" in report.totals:  # a block on the table itself changes with it
        yield from bat_lossy.repairs(image, report)


def _entries(bat: Bat, geometry: Geometry, known: Known) -> Repair | None:
    """One repair for all entries that can be mended without asking; None where there is none."""
    counts: Counter[str] = Counter()
    patches: list[Patch] = []
    seen = np.zeros(len(known.twice), dtype=bool)
    for part in parts(bat, geometry, skips_zeros=True):
        words = part.words.copy()
        says_something = ~part.says_nothing
        for rule, wrong in broken(part, geometry):
            if rule in _FIXES and wrong.any():
                chosen = _chosen(rule, wrong & says_something, part, geometry, known)
                words[chosen] = _FIXES[rule](words[chosen])
                counts[rule] += int(np.count_nonzero(chosen))
        misplaced = _misplaced(part, known, seen)
        words[misplaced] &= ~_PLACE
        counts["BAT-015"] += len(misplaced)
        patches += changed_entries(bat.file_offset, part.start, part.words, words)
    rules = tuple(rule for rule in _DONE if counts[rule])
    if not patches:
        return None
    summary = "; ".join(_done(rule, counts[rule]) for rule in rules)
    return Repair(rules, summary, AUTO, patches=tuple(patches))


def _done(rule: str, count: int) -> str:
    return _DONE[rule].format(entries=counted(count, "entry", "entries"), blocks=counted(count, "block"))


def _chosen(rule: str, wrong: Array, part: Part, geometry: Geometry, known: Known) -> Array:
    """Which of the entries that break a rule can be mended without asking."""
    chosen = wrong
    if rule == "BAT-003":
        chosen = wrong & (part.state == layout.PAYLOAD_BLOCK_STATE_UNMAPPED_V095)
    elif rule == "BAT-005":
        chosen = wrong & part.is_bitmap & ~_is_of_chunk(known.needed, part, geometry)
    elif rule == "BAT-010":
        has_place = (part.offset != 0) & _is_of_chunk(known.doubted, part, geometry)
        chosen = wrong & ((part.state == _PARTIAL) | ~has_place)
    return chosen


def _is_of_chunk(chunks: Array, part: Part, geometry: Geometry) -> Array:
    """Which entries belong to any of some chunks."""
    return np.isin(geometry.chunk_of(part.indices), chunks)


def _misplaced(part: Part, known: Known, seen: Array) -> Array:
    """Positions of blocks that keep a place which is not free; the first one of several with one place may keep it."""
    keeps = part.is_payload & KEEPS_PLACE[part.state] & (part.offset != 0) & ~part.says_nothing
    wrong = keeps & is_among(part.offset, known.bad) if len(known.bad) else np.zeros(len(keeps), dtype=bool)
    if len(known.twice):
        wrong |= repeated(keeps & ~wrong, part.offset, known.twice, seen)
    return np.flatnonzero(wrong)


def _entries_of(numbers: Array, part: Part, geometry: Geometry) -> Array:
    """Positions of the entries of some payload blocks, given in ascending order."""
    indices = numbers + numbers // geometry.chunk_ratio
    first, last = np.searchsorted(indices, [part.start, part.start + len(part.words)])
    positions: Array = indices[first:last] - part.start
    return positions


def _revived(bat: Bat, geometry: Geometry, known: Known) -> Repair:
    """Sector bitmap blocks under a state that there is not, which blocks need and which may lie where they say."""
    patches: list[Patch] = []
    for chunk in known.asked.tolist():
        index = geometry.bitmap_index(chunk)
        old = np.frombuffer(bat.words(index, 1), dtype="<u8")
        patches += changed_entries(bat.file_offset, index, old, old & _PLACE | _PRESENT)
    asked = counted(len(known.asked), "sector bitmap block")
    summary = f"make {asked} present: blocks need them, and the places they name are free"
    return Repair(("BAT-010",), summary, OFFERED, patches=tuple(patches))


def _even(bat: Bat, geometry: Geometry, known: Known) -> Repair:
    """Partially present blocks whose bits are all equal: what these say, unless the bitmap was overwritten."""
    patches: list[Patch] = []
    for part in parts(bat, geometry, skips_zeros=True):
        words = part.words.copy()
        words[_entries_of(known.none, part, geometry)] = 0
        whole = _entries_of(known.whole, part, geometry)
        words[whole] = words[whole] & ~_STATE | _PRESENT
        patches += changed_entries(bat.file_offset, part.start, part.words, words)
    blocks = counted(len(known.whole), "block")
    summary = (
        f"make {blocks} fully present whose bits are all set, and {len(known.none)} not present of "
        "which no bit is and that hold nothing but zeros; the places of these in the file are let go"
    )
    return Repair(("SBM-003",), summary, OFFERED, patches=tuple(patches))


def _unused(image: Image, bat: Bat) -> Repair:
    patches: list[Patch] = []
    count = 0
    for start, stop in unused_ranges(image):
        for indices, _ in reserved.nonzero_entries(image.view, bat.file_offset, start, stop):
            patches += cleared_entries(bat.file_offset, indices)
            count += len(indices)
    summary = f"clear entries that no block uses: {count}, {count * ENTRY_SIZE} bytes"
    is_named = names_place(image)
    if is_named:
        summary += "; some name blocks in the file, and if the disk was larger once, nothing else tells of these"
    consent = repair_of("BAT-018", ["names_place"] * is_named)
    return Repair(("BAT-018",), summary, consent, patches=tuple(patches))
