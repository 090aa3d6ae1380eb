"""What makes one doubt what a disk reads as, though every byte of it can be read: a bounded look at the whole table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from vhdx_format import layout

from ..codec.overlay import merge_ranges
from ..codec.source import Source
from ..errors import VhdxError
from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..wording import agreeing, counted, size_text
from . import orphans
from .cut import places
from .orphans import PossibleLoss

_HEADER_SECTION: Final = (0, layout.HEADER_SECTION_SIZE)


def look(
    source: Source, fixed: Sequence[tuple[int, int]], bat: Bat, geometry: Geometry, loss: PossibleLoss | None
) -> tuple[list[str], str]:
    """Go through a table that is small.

    Args:
        source: the file itself.
        fixed: its log and its regions, as half-open ranges of file offsets.
        bat: its table.
        geometry: the shape of the disk.
        loss: entries of the table that seem to be lost.

    Returns:
        What is to be doubted, a sentence each, and a remark on a disk of which no block is stored, or "".

    Spec: MS-VHDX 2.1, 2.5
    """
    found = [f"possible loss: {loss.sentence}"] if loss else []
    try:
        blocks = sorted((place, place + size) for place, size, _ in places(geometry, bat, bat.entry_count))
        if not blocks:
            free = orphans.free_space(source, fixed, bat, geometry)
            return found, _emptied(orphans.find(source, free, geometry.block_size))
    except VhdxError:  # the system cannot read the table
        return found, ""
    if shared := _sharing(blocks, merge_ranges([_HEADER_SECTION, *fixed])):
        held = agreeing(counted(shared, "block"), "lies", "lie")
        found.append(f"{held} where something else of the file lies, too: what the guest wrote there, nobody can tell")
    return found, ""


def _sharing(blocks: Sequence[tuple[int, int]], objects: Sequence[tuple[int, int]]) -> int:
    """How many of some blocks, in order, share a byte with another one, or with an object."""
    ends, shared, last, reach = [end for _, end in objects], set[int](), -1, 0
    for number, (start, end) in enumerate(blocks):
        at = bisect_right(ends, start)
        if at < len(objects) and objects[at][0] < end:
            shared.add(number)
        if start < reach:
            shared |= {last, number}
        if end > reach:
            last, reach = number, end
    return len(shared)


def _emptied(found: orphans.Orphans) -> str:
    if not found.blocks:
        return ""
    held = f"no block of the disk is stored, and {size_text(found.bytes)} of data from {found.file_offset:#x} on"
    return f"{held} belong to nothing: a disk that was emptied looks like that, and one of which the table was wiped"
