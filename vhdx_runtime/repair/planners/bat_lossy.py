"""What can be given up to make the block allocation table sound.

That is blocks that are nowhere, blocks on something that has a place of its own, and one of each two that claim the
same bytes where it cannot be copied elsewhere. A payload block that is given up reads as zeros afterwards; its bytes in
the file stay where they are. Of two blocks that overlap the one that begins first is kept, of two at one place the one
whose entry comes first, and a sector bitmap that blocks need before a payload block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from vhdx_format import layout

from ...change.change_set import LOSSY
from ...check import Report
from ...check.cut import growth_limit
from ...check.ranges import Ranges
from ...disk.image import Image
from ...semantics.bat import Bat
from ...semantics.geometry import Geometry
from ...semantics.presence import UNREADABLE
from ...semantics.table import Part, parts
from ...write.patch import Patch
from ..plan import Repair
from . import bat_apart
from .bat_overlaps import GivenUp, claimed, is_given_up, joined
from .bat_patches import changed_entries
from .fields import ranges_text

Array = np.ndarray[Any, np.dtype[Any]]
_Choice = Callable[[Part], Array]

_MIB = layout.OBJECT_ALIGNMENT
_NOWHERE = ("BAT-002", "BAT-003", "BAT-005", "BAT-006")
_ON_FIXED = "BAT-009"
_SHARED = ("BAT-007", "BAT-008", _ON_FIXED)
_ZERO = np.uint64(layout.PAYLOAD_BLOCK_STATE_ZERO)
_NO_CHUNKS = np.zeros(0, dtype=np.int64)


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs that give blocks up, or give them another place.

    Args:
        image: as it reads with all earlier repairs done, with no entry left that can be mended otherwise.
        report: on it.

    Yields:
        One repair for blocks that are nowhere, and those for blocks on something else.

    Spec: MS-VHDX 2.5.1
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return
    if any(rule in report.totals for rule in _NOWHERE):
        limit = growth_limit(image)
        broken = {rule: _is_nowhere(rule, geometry, limit) for rule in _NOWHERE if rule in report.totals}
        rules = tuple(rule for rule, choice in broken.items() if _is_any(bat, geometry, choice))
        chunks = _chunks_without_place(bat, geometry) if "BAT-005" in rules else _NO_CHUNKS
        patches, lost = _without(bat, geometry, _any_of([broken[rule] for rule in rules]), chunks)
        if rules and patches:
            yield _repair(rules, "make blocks zero that have no place in the file", patches, lost)
    if any(rule in report.totals for rule in _SHARED):
        yield from _apart(image, bat, geometry, report)


def _apart(image: Image, bat: Bat, geometry: Geometry, report: Report) -> Iterator[Repair]:
    """Repairs after which no block shares a byte with anything."""
    rules = tuple(rule for rule in _SHARED if rule in report.totals)
    given_up, shared = claimed(image, geometry, bat, report.owners(image))
    if bat_apart.is_any_outside(image, geometry, bat):  # that is mended first
        rules = (_ON_FIXED,)
    elif moving := bat_apart.repair(image, geometry, bat, shared, tuple(rule for rule in rules if rule != _ON_FIXED)):
        yield moving
        rules = (_ON_FIXED,)
    else:
        given_up = joined(given_up, shared)
    seen = np.zeros(len(given_up.twice), dtype=bool)
    patches, lost = _without(bat, geometry, lambda part: is_given_up(part, given_up, seen), given_up.chunks)
    if patches:
        yield _repair(rules, _shown(given_up), patches, lost)


def _repair(rules: tuple[str, ...], summary: str, patches: list[Patch], lost: Ranges) -> Repair:
    if not lost.bytes:
        return Repair(rules, summary, LOSSY, loses="nothing that a guest reads", patches=tuple(patches))
    what = f"{ranges_text(lost.listed, is_complete=lost.is_complete)}, {lost.bytes} bytes in all, read as zeros then"
    return Repair(rules, summary, LOSSY, loses=what, patches=tuple(patches))


def _shown(given_up: GivenUp) -> str:
    text = "make blocks zero whose place something else claims"
    return f"{text}: {', '.join(given_up.shown)}" if given_up.shown else text


def _is_nowhere(rule: str, geometry: Geometry, limit: int) -> _Choice:
    """Which payload blocks break a rule in a way that only giving them up can mend."""
    size = np.uint64(geometry.block_size // _MIB)

    def _choose(part: Part) -> Array:
        wrong: Array = part.is_payload & part.is_present & (part.offset + size > limit // _MIB)
        if rule == "BAT-002":
            wrong = (part.is_payload | part.is_bitmap) & part.says_nothing
        elif rule == "BAT-003":
            wrong = part.of_kind(UNREADABLE) & ~part.is_present
        elif rule == "BAT-005":
            wrong = (part.is_payload | part.is_bitmap) & part.is_present & (part.offset == 0)
        return wrong

    return _choose


def _any_of(choices: list[_Choice]) -> _Choice:
    return lambda part: np.logical_or.reduce([np.zeros(len(part.words), bool), *(choose(part) for choose in choices)])


def _is_any(bat: Bat, geometry: Geometry, choose: _Choice) -> bool:
    return any(choose(part).any() for part in parts(bat, geometry, skips_zeros=True))


def _chunks_without_place(bat: Bat, geometry: Geometry) -> Array:
    """Numbers of the chunks whose sector bitmap block is present at no place."""
    found = [_NO_CHUNKS]
    for part in parts(bat, geometry, skips_zeros=True):
        found.append(part.chunks(part.is_bitmap & part.is_present & (part.offset == 0)))
    return np.concatenate(found)


def _without(bat: Bat, geometry: Geometry, choose: _Choice, chunks: Array) -> tuple[list[Patch], Ranges]:
    """Give up blocks, and the sector bitmaps of chunks with the partially present blocks in them.

    Returns:
        The patches, and the guest bytes that read as zeros then.
    """
    patches: list[Patch] = []
    lost = Ranges()
    for part in parts(bat, geometry, skips_zeros=True):
        chosen = choose(part)
        if len(chunks):
            numbers = geometry.chunk_of(part.indices)
            partial = part.is_bitmap | (part.state == layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT)
            chosen = chosen | np.isin(numbers, chunks) & partial
        if not chosen.any():
            continue
        words = part.words.copy()
        words[chosen & part.is_payload] = _ZERO
        words[chosen & part.is_bitmap] = 0
        patches += changed_entries(bat.file_offset, part.start, part.words, words)
        blocks = part.blocks(chosen & part.is_payload)
        starts = blocks * geometry.block_size
        ends = np.minimum(starts + geometry.block_size, geometry.virtual_disk_size)
        lost.add(starts, ends - starts)
    return patches, lost
