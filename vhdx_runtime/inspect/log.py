"""The log as nodes: its entries, what is left of broken ones, and of each the header, descriptors and data sectors.

Where each stands in the ring is computed, so that one of many is made without those before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from typing import Any

from vhdx_format.layout import (
    DATA_DESCRIPTOR_SIGNATURE,
    DATA_SECTOR_SIGNATURE,
    LOG_DESCRIPTOR_SIZE,
    LOG_ENTRY_HEADER_SIZE,
    LOG_SECTOR_SIZE,
    ZERO_DESCRIPTOR_SIGNATURE,
)

from ..codec import decode
from ..codec.decode import Placed
from ..codec.holes import is_zero
from ..disk.image import Image
from ..errors import changed_meanwhile
from ..semantics.log import entries
from ..semantics.log.entries import CHUNK, LogArea, LogEntry, data_offset
from .area import SHOWN_BYTES, Area
from .claims import FileExtent
from .node import Detail, Node
from .structure import structure

PATH = "log"
KINDS = {ZERO_DESCRIPTOR_SIGNATURE: "zero_descriptor", DATA_DESCRIPTOR_SIGNATURE: "data_descriptor"}
_SIGNATURE_SIZE = len(DATA_DESCRIPTOR_SIGNATURE)
_INDEXED = re.compile(r"(descriptors|data_sectors)\[(\d{1,12})\]")
_PER_READ = LOG_SECTOR_SIZE // LOG_DESCRIPTOR_SIZE


@dataclass(frozen=True, slots=True)
class Stretch:
    """An entry and the sectors up to the next one.

    Attributes:
        entry: the candidate.
        number: its place in the order of the log.
        length: of the entry as far as it is there, in bytes.
        room: bytes up to the next candidate.
        count: how many descriptors are there.
        active: its place in the active sequence, or None.
    """

    entry: LogEntry
    number: int
    length: int
    room: int
    count: int
    active: int | None


def descriptor_rows(ring: LogArea, position: int, count: int) -> Iterator[tuple[bytes, int, int, int, int]]:
    """An entry's descriptors as rows; see `entries.rows`.

    Args:
        ring: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors; they fit the log.
    """
    for part in entries.parts(ring, position, count):
        yield from entries.rows(part)


@dataclass(frozen=True, slots=True)
class EntryMaker:
    """Makes the nodes of one entry.

    Attributes:
        image: the file.
        area: of the log.
        ring: the log.
        stretch: the entry.
    """

    image: Image
    area: Area
    ring: LogArea
    stretch: Stretch

    @property
    def _path(self) -> str:
        return f"{PATH}.entries[{self.stretch.number}]"

    @property
    def _used(self) -> int:
        """Bytes of header and descriptors."""
        return LOG_ENTRY_HEADER_SIZE + self.stretch.count * LOG_DESCRIPTOR_SIZE

    @property
    def _sectors(self) -> int:
        return (self.stretch.length - data_offset(self.stretch.count)) // LOG_SECTOR_SIZE

    def node(self) -> Node:
        """The entry's node. Spec: MS-VHDX 2.3.1."""
        entry, active = self.stretch.entry, self.stretch.active
        status = "live" if active is not None else "broken" if entry.broken else "stale"
        details: dict[str, Detail] = {
            "status": status,
            "log_offset": entry.log_offset,
            "sequence_number": entry.sequence_number,
            "descriptors": entry.descriptor_count,
            "is_judged": active is not None,
        }
        plural = "" if entry.descriptor_count == 1 else "s"
        note = f"{status}, sequence number {entry.sequence_number}, {entry.descriptor_count} descriptor{plural}"
        if active is not None:
            details["replayed_as"] = active
        if entry.broken:
            details |= {"rule": entry.broken, "reason": entry.reason}
            note = f"broken: {entry.reason} ({entry.broken})"
        offset = self.ring.file_offset(entry.log_offset)
        return self.area.pieces(
            f"entries[{self.stretch.number}]",
            self._path,
            "structure",
            self._parts(0, self.stretch.length),
            structure="log_entry",
            findings=tuple(found for found in self.area.at(offset, "") if found.place.structure != PATH),
            note=note,
            details=details,
            children=self._children,
            lookup=self._lookup,
            seek=self._seek,
        )

    def _children(self) -> Iterator[Node]:
        yield self._header()
        yield from self._descriptors(0, self.stretch.count)
        yield from self._padding()
        yield from self._data_sectors(0, self._sectors)

    def _lookup(self, name: str) -> Node | None:
        match = _INDEXED.fullmatch(name)
        if match is None:
            return None
        number = int(match[2])
        made, count = (self._descriptors, self.stretch.count)
        if match[1] == "data_sectors":
            made, count = (self._data_sectors, self._sectors)
        return next(made(number, number + 1)) if number < count else None

    def _seek(self, file_offset: int) -> Iterable[Node]:
        inside = (file_offset - self.ring.offset - self.stretch.entry.log_offset) % self.ring.length
        first = data_offset(self.stretch.count)
        if inside < LOG_ENTRY_HEADER_SIZE:
            return (self._header(),)
        if inside < self._used:
            number = (inside - LOG_ENTRY_HEADER_SIZE) // LOG_DESCRIPTOR_SIZE
            return self._descriptors(number, number + 1)
        if inside < first:
            return self._padding()
        number = (inside - first) // LOG_SECTOR_SIZE
        return self._data_sectors(number, number + 1)

    def _parts(self, start: int, length: int) -> tuple[FileExtent, ...]:
        """Bytes of the entry as pieces of the file: two where they go round the log's end."""
        position = (self.stretch.entry.log_offset + start) % self.ring.length
        first = min(length, self.ring.length - position)
        head = (self.ring.offset + position, first)
        return (head,) if first == length else (head, (self.ring.offset, length - first))

    def _read(self, start: int, length: int) -> bytes:
        return self.ring.read((self.stretch.entry.log_offset + start) % self.ring.length, length)

    def _placed(self, name: str, start: int, raw: bytes) -> tuple[Area, Placed]:
        """A structure of the entry, and the area that knows what is wrong with it if the entry counts."""
        placed = decode.structure(name, raw, self.ring.file_offset(self.stretch.entry.log_offset + start))
        local = decode.findings(placed) if self.stretch.active is not None else []
        return self.area.with_findings(local), placed

    def _header(self) -> Node:
        area, header = self._placed("log_entry_header", 0, self._read(0, LOG_ENTRY_HEADER_SIZE))
        return structure(area, header, "header", f"{self._path}.header", is_part=True)

    def _descriptors(self, start: int, stop: int) -> Iterator[Node]:
        for first in range(start, stop, _PER_READ):
            place = LOG_ENTRY_HEADER_SIZE + first * LOG_DESCRIPTOR_SIZE
            count = min(_PER_READ, stop - first)
            raw = self._read(place, count * LOG_DESCRIPTOR_SIZE)
            for number in range(count):
                inside = number * LOG_DESCRIPTOR_SIZE
                piece = raw[inside : inside + LOG_DESCRIPTOR_SIZE]
                kind = KINDS.get(piece[:_SIGNATURE_SIZE])
                if kind is None:
                    raise changed_meanwhile(self.ring.source.name)
                area, placed = self._placed(kind, place + inside, piece)
                name = f"descriptors[{first + number}]"
                yield structure(area, placed, name, f"{self._path}.{name}", **self._update(placed, first + number))

    def _update(self, placed: Placed, number: int) -> dict[str, Any]:
        """What a descriptor does, and whether its data is what a read finds there after replay."""
        target = placed.fields.file_offset
        if placed.structure == "zero_descriptor":
            return {"note": f"zeros {placed.fields.zero_length:#x} bytes at {target:#x}"}
        details: dict[str, Detail] = {"target": target}
        note = f"updates {target:#x}"
        overlay, active = self.image.log.overlay, self.stretch.active
        if active is not None and overlay is not None:
            page = overlay.pages.get(target // LOG_SECTOR_SIZE)
            details["counts"] = counts = page is not None and page.origin == (active, number)
            note += "" if counts else ", overwritten later"
        return {"note": note, "details": details}

    def _padding(self) -> Iterator[Node]:
        used, first = self._used, data_offset(self.stretch.count)
        if used < first:
            raw = self._read(used, first - used)
            zero = is_zero(raw)
            parts = self._parts(used, first - used)
            path = f"{self._path}.padding"
            yield self.area.pieces("padding", path, "free", parts, raw=raw[:SHOWN_BYTES], zero=zero)

    def _data_sectors(self, start: int, stop: int) -> Iterator[Node]:
        targets = islice(self._targets(), start, None)
        for number in range(start, stop):
            place = data_offset(self.stretch.count) + number * LOG_SECTOR_SIZE
            area, placed = self._placed("data_sector", place, self._read(place, LOG_SECTOR_SIZE))
            name = f"data_sectors[{number}]"
            target = next(targets, None)
            details: dict[str, Detail] = {} if target is None else {"target": target}
            note = "" if target is None else f"for {target:#x}"
            yield structure(area, placed, name, f"{self._path}.{name}", details=details, note=note)

    def _targets(self) -> Iterator[int]:
        """File offsets that the data descriptors update, in order."""
        for row in descriptor_rows(self.ring, self.stretch.entry.log_offset, self.stretch.count):
            if row[0] == DATA_DESCRIPTOR_SIGNATURE:
                yield row[3]


def node(image: Image, area: Area) -> Node:
    """The log's node. Spec: MS-VHDX 2.3."""
    log = image.log
    details: dict[str, Detail] = {"state": log.state, "active_entries": len(log.active)}
    if log.area is None:
        note = "reaches past the file's end, or is no whole number of sectors: not looked into"
        return area.node(PATH, PATH, "opaque", log.offset, log.length, note=note, details=details)
    ring = log.area
    stretches = cache(lambda: _stretches(image, ring))
    return area.node(
        PATH,
        PATH,
        "structure",
        log.offset,
        log.length,
        findings=tuple(found for found in area.at(log.offset, "") if found.place.structure == PATH),
        note=f"{log.state}: {_counted(len(log.active))}" if log.active else log.state,
        details=details,
        children=lambda: _children(image, area, ring, stretches()),
        seek=lambda offset: _seek(image, area, ring, stretches(), offset - ring.offset),
    )


def _seek(image: Image, area: Area, ring: LogArea, stretches: list[Stretch], position: int) -> Iterator[Node]:
    """The entry that a byte of the log is in, or the sectors round it that belong to none."""
    at = bisect_right(stretches, position, key=lambda stretch: stretch.entry.log_offset) - 1
    if not stretches:
        yield from _between(area, ring, 0, ring.length)
        return
    stretch = stretches[at]  # the last one where none is before: it may go round the end
    start = stretch.entry.log_offset
    if (position - start) % ring.length < stretch.length:
        yield EntryMaker(image, area, ring, stretch).node()
    elif at < 0:
        yield from _between(area, ring, max(0, start + stretch.length - ring.length), stretches[0].entry.log_offset)
    else:
        yield from _between(area, ring, start + stretch.length, min(start + stretch.room, ring.length))


def _children(image: Image, area: Area, ring: LogArea, stretches: list[Stretch]) -> Iterator[Node]:
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
        if ring.read(place, _SIGNATURE_SIZE) != DATA_SECTOR_SIGNATURE:
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
