"""The log as nodes: every entry, live, stale or broken, and the sectors between them.

Knows how the ring divides: each sector that starts with the entry signature begins a stretch that ends before the
next one, and the entry has as much of its stretch as it can show to be its own. Validity and replay are taken from
`semantics.log`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from vhdx_format.layout import DATA_SECTOR_SIGNATURE, LOG_DESCRIPTOR_SIZE, LOG_ENTRY_HEADER_SIZE, LOG_SECTOR_SIZE

from ..codec.holes import is_zero
from ..image import Image
from ..semantics.log.area import CHUNK, LogArea
from ..semantics.log.entries import LogEntry, data_offset
from .area import SHOWN_BYTES, Area
from .log_entry import KINDS, PATH, EntryMaker, Stretch, descriptor_rows
from .node import Detail, Node

_SIGNATURE = len(DATA_SECTOR_SIGNATURE)


def node(image: Image, area: Area) -> Node:
    """The log's node.

    Args:
        image: the file.
        area: of the log.

    Spec: MS-VHDX 2.3
    """
    log = image.log
    details: dict[str, Detail] = {"state": log.state, "active_entries": len(log.active)}
    if log.area is None:
        note = "reaches past the file's end, or is no whole number of sectors: not looked into"
        return area.node(PATH, PATH, "opaque", log.offset, log.length, note=note, details=details)
    ring = log.area
    return area.node(
        PATH,
        PATH,
        "structure",
        log.offset,
        log.length,
        findings=tuple(found for found in area.at(log.offset, "") if found.place.structure == PATH),
        note=f"{log.state}: {_counted(len(log.active))}" if log.active else log.state,
        details=details,
        children=lambda: _children(image, area, ring),
    )


def _children(image: Image, area: Area, ring: LogArea) -> Iterator[Node]:
    stretches = _stretches(image, ring)
    first = stretches[0].entry.log_offset if stretches else ring.length
    wrapped = stretches[-1].entry.log_offset + stretches[-1].length - ring.length if stretches else 0
    yield from _between(area, ring, max(0, wrapped), first)
    for stretch in stretches:
        yield EntryMaker(image, area, ring, stretch).node()
        start = stretch.entry.log_offset
        yield from _between(area, ring, start + stretch.length, min(start + stretch.room, ring.length))


def _stretches(image: Image, ring: LogArea) -> list[Stretch]:
    entries = image.log.entries()
    active = {entry.log_offset: index for index, entry in enumerate(image.log.active)}
    found = []
    for number, entry in enumerate(entries):
        following = entries[number + 1].log_offset if number + 1 < len(entries) else entries[0].log_offset + ring.length
        room = following - entry.log_offset
        length, count = _remains(ring, entry, room) if entry.broken else (entry.length, entry.descriptor_count)
        found.append(Stretch(entry, number, length, room, count, active.get(entry.log_offset)))
    return found


def _remains(ring: LogArea, entry: LogEntry, room: int) -> tuple[int, int]:
    """How much of an entry that is not valid is still there: bytes, and descriptors."""
    fitting = (room - LOG_ENTRY_HEADER_SIZE) // LOG_DESCRIPTOR_SIZE
    count = 0
    for row in descriptor_rows(ring, entry.log_offset, min(entry.descriptor_count, fitting)):
        if row[0] not in KINDS:
            break
        count += 1
    length = data_offset(count)
    if count < entry.descriptor_count:
        return length, count
    end = min(room, entry.length)
    while length + LOG_SECTOR_SIZE <= end:
        place = (entry.log_offset + length) % ring.length
        if ring.read(place, _SIGNATURE) != DATA_SECTOR_SIGNATURE:
            break
        length += LOG_SECTOR_SIZE
    return length, count


def _between(area: Area, ring: LogArea, start: int, end: int) -> Iterator[Node]:
    """The sectors that belong to no entry, as runs of empty ones and of ones with old content."""
    number = start // LOG_SECTOR_SIZE
    for is_empty, group in groupby(_sectors(ring, start, end)):
        count = sum(1 for _ in group)
        name = f"sectors[{number}..{number + count - 1}]" if count > 1 else f"sectors[{number}]"
        kind, note = ("free", "empty") if is_empty else ("stale", "old content, part of no entry")
        size = count * LOG_SECTOR_SIZE
        offset = ring.offset + number * LOG_SECTOR_SIZE
        raw = ring.source.read_at(offset, SHOWN_BYTES)
        yield area.node(name, f"{PATH}.{name}", kind, offset, size, zero=is_empty, note=note, raw=raw)
        number += count


def _sectors(ring: LogArea, start: int, end: int) -> Iterator[bool]:
    for position in range(start, end, CHUNK):
        chunk = ring.source.read_at(ring.offset + position, min(CHUNK, end - position))
        for inside in range(0, len(chunk), LOG_SECTOR_SIZE):
            yield is_zero(chunk[inside : inside + LOG_SECTOR_SIZE])


def _counted(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"
