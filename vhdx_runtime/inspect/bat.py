"""The BAT as nodes: runs of entries, single entries, and the space behind the last one that is needed.

The runs come from `words`, the meaning of a block from the mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vhdx_format.layout import ENUMS, OBJECT_ALIGNMENT, STRUCTURES

from ..codec import decode
from ..codec.source import Source
from ..disk.image import Image
from ..findings import Finding
from ..semantics import reserved
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.presence import UNREADABLE
from ..semantics.regions import Region
from .area import Area, base_bytes
from .node import Detail, Node
from .structure import bits, word
from .words import BITMAP, PAYLOAD, UNUSED, Run, owner, runs

PATH = "bat"
_FIELDS = STRUCTURES["bat_entry"].fields
_ENUMS = {PAYLOAD: "payload_block_state", BITMAP: "sector_bitmap_block_state", UNUSED: "payload_block_state"}

# Not in the specification: how many bytes behind the last entry are searched for what is not zero.
_SLACK_BUDGET = 1 << 25

_INDEX = re.compile(r"bat\[(\d{1,12})\]")


def node(image: Image, area: Area, region: Region) -> Node:
    """The BAT region's node; its entries stay closed where the disk's sizes are not known. Spec: MS-VHDX 2.5."""
    bat, geometry = image.bat, image.geometry
    details: dict[str, Detail] = {"region": region.placed.label}
    if bat is None or geometry is None:
        note = "the sizes of the disk are not known: entries have no meaning"
        return area.node(PATH, PATH, "opaque", region.file_offset, region.length, note=note, details=details)
    held = bat.entry_count if bat.is_cut else region.length // ENTRY_SIZE
    room = "the file ends behind" if bat.is_cut else "room for"
    details |= {"entries_needed": geometry.entry_count, "entries_held": held}
    return area.node(
        PATH,
        PATH,
        "structure",
        region.file_offset,
        region.length,
        note=f"{geometry.entry_count} entries needed, {room} {held}",
        details=details,
        children=lambda: _children(area, bat, geometry, region),
        seek=lambda offset: _seek(image, area, bat, region, offset),
    )


def _children(area: Area, bat: Bat, geometry: Geometry, region: Region) -> Iterator[Node]:
    for run in runs(bat, geometry):
        yield _run(area, bat, geometry, run)
    end = region.file_offset + bat.entry_count * ENTRY_SIZE
    if end < region.end:
        yield _rest(area, bat, end, region.end - end)


def _rest(area: Area, bat: Bat, offset: int, length: int) -> Node:
    """What of the region is behind the entries that are in use and in the file."""
    if bat.is_cut:
        note = "entries that the file cuts off: their blocks cannot be read"
        return area.filled("missing", f"{PATH}.missing", "opaque", offset, length, note=note)
    return _slack(area, bat, offset, length)


def _slack(area: Area, bat: Bat, offset: int, length: int) -> Node:
    note = "behind the last entry in use"
    made = area.filled("slack", f"{PATH}.slack", "slack", offset, length, note=note)
    if made.zero is not False:
        return made
    first, held = bat.entry_count, min(length, _SLACK_BUDGET) // ENTRY_SIZE
    return replace(made, findings=_unused(area.source, bat, first, first + held))


def _seek(image: Image, area: Area, bat: Bat, region: Region, file_offset: int) -> Iterator[Node]:
    index = (file_offset - region.file_offset) // ENTRY_SIZE
    if index < bat.entry_count:
        found = entry(image, area, index)
        if found is not None:
            yield found
    else:
        end = region.file_offset + bat.entry_count * ENTRY_SIZE
        yield _rest(area, bat, end, region.end - end)


def state_name(kind: str, state: int) -> str:
    """Name of a state as the specification spells it, or "" for one that it does not define.

    Args:
        kind: "payload", "sector_bitmap" or "unused".
        state: as stored.
    """
    known = ENUMS[_ENUMS[kind]].get(state)
    return (known.orig_id or known.id) if known else ""


def _run(area: Area, bat: Bat, geometry: Geometry, run: Run) -> Node:
    if run.entries == 1:
        return _entry(area, bat, geometry, run.first, run.owner, run.number)
    name = f"bat[{run.first}..{run.first + run.entries - 1}]"
    offset = bat.file_offset + run.first * ENTRY_SIZE
    raw = bat.words(run.first, 1)
    placed = decode.structure("bat_entry", raw, offset, f"bat[{run.first}]")
    return area.node(
        name,
        name,
        "run",
        offset,
        run.entries * ENTRY_SIZE,
        structure="bat_entry",
        value=run.word,
        meaning=state_name(run.owner, run.state),
        raw=raw,
        stored=base_bytes(area.source, offset, ENTRY_SIZE),
        findings=_findings(bat, geometry, placed, run.first, run.owner),
        zero=run.word == 0,
        note=_covered(geometry, run),
        details=_details(geometry, run),
    )


def _covered(geometry: Geometry, run: Run) -> str:
    if run.owner == UNUSED:
        return f"{run.entries} entries that no block uses"
    if run.is_present and run.file_offset:
        return f"{run.entries} blocks from {run.file_offset:#x} on, one behind another"
    return f"{run.entries} entries, all alike"


def _details(geometry: Geometry, run: Run) -> dict[str, Detail]:
    """What a run covers: numbers of entries and of payload blocks, and where the blocks lie."""
    first = geometry.block_of(run.first)
    found: dict[str, Detail] = {
        "index": run.first,
        "count": run.entries,
        "owner": run.owner,
        "state": run.state,
        "first_block": first,
        "blocks": geometry.block_of(run.first + run.entries) - first,
    }
    if run.file_offset:
        found |= {"file_offset": run.file_offset, "step": geometry.block_size if run.is_present else 0}
    return found


def _findings(bat: Bat, geometry: Geometry, placed: decode.Placed, index: int, kind: str) -> tuple[Finding, ...]:
    if kind != UNUSED:
        return tuple(decode.findings(placed, (kind, *geometry.tags)))
    return _unused(bat.view, bat, index, index + 1) if placed.complete and any(placed.raw) else ()


def _unused(view: Source, bat: Bat, start: int, stop: int) -> tuple[Finding, ...]:
    found = reserved.unused_entries(view, bat.file_offset, [(start, stop)])
    return () if found is None else (found,)


def entry(image: Image, area: Area, index: int) -> Node | None:
    """One entry by its index, or None where the region does not hold it. Spec: MS-VHDX 2.5.1."""
    bat, geometry = image.bat, image.geometry
    if bat is None or geometry is None or index >= bat.entry_count:
        return None
    kind, number = owner(geometry, index)
    made = _entry(area, bat, geometry, index, kind, number)
    trouble = unreadable(image, number) if kind == PAYLOAD else ""
    return replace(made, note=f"{made.note}: {trouble}") if trouble else made


def _entry(area: Area, bat: Bat, geometry: Geometry, index: int, kind: str, number: int) -> Node:
    name = f"bat[{index}]"
    offset = bat.file_offset + index * ENTRY_SIZE
    placed = decode.structure("bat_entry", bat.words(index, 1), offset, name)
    value = bat.word(index)
    state, file_offset = split(value)
    meaning = state_name(kind, state)
    details: dict[str, Detail] = {
        "index": index,
        "owner": kind,
        "number": number,
        "state": state,
        "file_offset_mb": file_offset // OBJECT_ALIGNMENT,
        "file_offset": file_offset,
    }
    label = {PAYLOAD: f"block {number}", BITMAP: f"sector bitmap of chunk {number}"}.get(kind, "used by no block")
    others: dict[str, Any] = {"meaning": meaning, "details": details}
    others["note"] = f"{label} at {file_offset:#x}" if file_offset else label
    return area.node(
        name,
        name,
        "word",
        offset,
        ENTRY_SIZE,
        structure=placed.structure,
        value=value if placed.complete else None,
        raw=placed.raw,
        stored=base_bytes(area.source, offset, ENTRY_SIZE),
        bits=bits(placed, _FIELDS, {"state": meaning}),
        findings=_findings(bat, geometry, placed, index, kind),
        lookup=lambda wanted: _bit(word(area, placed, _FIELDS, name, name, **others), wanted),
        **others,
    )


def _bit(made: Node, name: str) -> Node | None:
    bit = next((bit for bit in made.bits if bit.name == name), None)
    if bit is None:
        return None
    path = f"{made.path}.{name}"
    return replace(made, name=name, path=path, kind="bits", field=name, value=bit.value, unit=bit.unit, bits=(bit,))


def unreadable(image: Image, block: int) -> str:
    """Why a payload block cannot be read as a whole, or "" where it can."""
    mapping, geometry = image.mapping, image.geometry
    if mapping is None or geometry is None or not 0 <= block < geometry.payload_blocks:
        return ""
    start = block * geometry.block_size
    for piece in mapping.pieces(start, min(geometry.block_size, geometry.virtual_disk_size - start), coarse=True):
        if piece.kind == UNREADABLE:
            return str(mapping.why_unreadable(piece.virtual_offset))
    return ""


def find(image: Image, area: Area, name: str) -> Node | None:
    """The entry called "bat[17]", or None."""
    match = _INDEX.fullmatch(name)
    return entry(image, area, int(match[1])) if match else None
