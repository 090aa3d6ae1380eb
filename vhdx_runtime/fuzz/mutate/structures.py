"""The structures of a file as they lie there: what each is, where, and which checksum covers it.

Follows the generated layout from the fixed places to regions, items, entries of tables and log entries, in whatever
bytes it is given; what leads nowhere is left out. Judges nothing, and looks at a bounded number of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import CONSTANTS, GUIDS, PLACES, STRUCTURES, Field

from ...codec import checksum

Raw = bytes | bytearray

SEAL_WIDTH: Final = 4
COUNT_PATH: Final = re.compile(r"[a-z_]\w*\.[a-z_]\w*")  # the first in the expression of a repeated field is its count
_KEPT: Final = 64  # of the entries of one table, of the entries of a log, of the descriptors of an entry
_SEALS: Final = 1024  # entries of a log whose checksums are looked after
_LAPS: Final = 4  # how often each byte of a log may be covered
_BAT_SEEN: Final = 8000  # entries of the table among which those in use are looked for
_NOT_ZERO: Final = re.compile(rb"[^\0]")
_NAMES: Final = {guid.raw: guid.id for guid in GUIDS.values()}
_LOG: Final = "log_entry"
_BAT: Final = "bat_entry"
_DESCRIPTORS: Final = tuple(field.type for field in STRUCTURES["log_descriptor"].fields)


class Seal(NamedTuple):
    """An object that a CRC-32C covers.

    Attributes:
        structure: its name in the layout.
        parts: file offset and length of what is covered, in bytes and in order; two where it goes round the log's end.
    """

    structure: str
    parts: tuple[tuple[int, int], ...]

    @property
    def offset(self) -> int:
        """File offset of its first byte."""
        return self.parts[0][0]

    @property
    def place(self) -> int:
        """File offset of the checksum."""
        return self.offset + checksum.position(self.structure)

    def read(self, raw: Raw) -> bytes:
        """All its bytes, in order."""
        return b"".join(bytes(raw[start : start + size]) for start, size in self.parts)

    def computed(self, raw: Raw) -> bytes:
        """The checksum that it should carry, as stored."""
        view = memoryview(raw)
        parts = [view[start : start + size] for start, size in self.parts]
        return checksum.compute_parts(self.structure, parts).to_bytes(SEAL_WIDTH, "little")

    def is_right(self, raw: Raw) -> bool:
        """It carries that checksum."""
        return bytes(raw[self.place : self.place + SEAL_WIDTH]) == self.computed(raw)

    def meets(self, start: int, size: int) -> bool:
        """A range of the file, in bytes, shares a byte with it."""
        return any(start < at + length and at < start + size for at, length in self.parts)


class StructureTarget(NamedTuple):
    """A structure in the file.

    Attributes:
        structure: its name in the layout.
        offset: file offset in bytes.
        size: in bytes, all of them inside the file.
        seal: what covers it, or None.
    """

    structure: str
    offset: int
    size: int
    seal: Seal | None = None


@cache
def fields(structure: str) -> dict[str, Field]:
    """The fields of a structure that stand at a fixed place in it and are no structures themselves, by id."""
    return {
        field.id: field
        for field in STRUCTURES[structure].fields
        if field.offset is not None and field.size is not None and field.type not in STRUCTURES
    }


def value(raw: Raw, structure: str, offset: int, name: str) -> int:
    """A field as an integer.

    Args:
        raw: the file.
        structure: name in the layout.
        offset: file offset of the structure in bytes.
        name: a field, or the path of one in a structure inside this one ("header.entry_count").

    Returns:
        Its value; bytes and GUIDs as little-endian integers. Where the file ends before, what is missing counts as 0.
    """
    while "." in name:
        first, _, name = name.partition(".")
        inner = next(field for field in STRUCTURES[structure].fields if field.id == first)
        structure, offset = inner.type, offset + (inner.offset or 0)
    field = fields(structure)[name]
    start = offset + (field.offset or 0)
    word = int.from_bytes(raw[start : start + (field.size or 0)], "little")
    return word >> field.bit_offset & (1 << field.bits) - 1 if field.bits else word


def find(raw: Raw) -> list[StructureTarget]:
    """Every structure of a file that can be found from the fixed places.

    Args:
        raw: the file, or as much of it as there is.

    Returns:
        Fixed places, then regions with their items, BAT entries and locator entries, then the log's entries. Of what
        repeats only the first are there, and of the BAT those in use. Never raises for what the bytes say.

    Spec: MS-VHDX 2.2 to 2.6
    """
    found: list[StructureTarget] = []
    for place in PLACES:
        found += _whole(raw, place.structure, place.offset)
    regions = {
        (_guid(raw, target), value(raw, target.structure, target.offset, "file_offset"))
        for target in found
        if target.structure == "region_table_entry"
    }
    for name, offset in sorted(regions):
        if name == "metadata_region":
            found += _metadata(raw, offset)
        elif name == "bat_region":
            found += _bat(raw, offset)
    for start, length in _logs(raw, found):
        for seal in islice(_log_seals(raw, start, length), _KEPT):
            found += _log_entry(raw, start, length, seal)
    return found


def seals(raw: Raw) -> list[Seal]:
    """Every object of a file that a checksum covers, as far as it can be found. Spec: MS-VHDX 2.2.2, 2.2.3, 2.3.1."""
    found = []
    for place in PLACES:
        size = STRUCTURES[place.structure].size or 0
        if STRUCTURES[place.structure].checksum and place.offset + size <= len(raw):
            found.append(Seal(place.structure, ((place.offset, size),)))
    headers = [StructureTarget(seal.structure, seal.offset, 0) for seal in found if seal.structure == "header"]
    for start, length in _logs(raw, headers):
        found += islice(_log_seals(raw, start, length), _SEALS)
    return found


def _whole(raw: Raw, structure: str, offset: int) -> Iterator[StructureTarget]:
    """A structure and those inside it."""
    declared = STRUCTURES[structure]
    size = declared.size or 0
    if offset + size > len(raw):
        return
    seal = Seal(structure, ((offset, size),)) if declared.checksum else None
    if fields(structure):
        yield StructureTarget(structure, offset, size, seal)
    yield from _inside(raw, structure, offset, offset + size if size else len(raw), seal)


def _inside(raw: Raw, structure: str, offset: int, end: int, seal: Seal | None) -> Iterator[StructureTarget]:
    """The structures inside a structure, as many as its count says and `end` leaves room for."""
    for field in STRUCTURES[structure].fields:
        size = STRUCTURES[field.type].size if field.type in STRUCTURES else None
        if not size or field.offset is None:
            continue
        start = offset + field.offset
        path = COUNT_PATH.match(field.repeat or "")
        count = value(raw, structure, offset, path[0]) if path else 1
        for number in range(min(count, _KEPT, max(0, (min(end, len(raw)) - start) // size))):
            yield StructureTarget(field.type, start + number * size, size, seal)


def _guid(raw: Raw, target: StructureTarget) -> str:
    """Name of the known GUID with which an entry of a table starts, or ""."""
    name = next(field for field in fields(target.structure).values() if field.type == "guid")
    start = target.offset + (name.offset or 0)
    return _NAMES.get(bytes(raw[start : start + (name.size or 0)]), "")


def _metadata(raw: Raw, offset: int) -> Iterator[StructureTarget]:
    if offset >= len(raw):
        return
    table = list(_inside(raw, "metadata_table", offset, offset + layout.METADATA_TABLE_SIZE, None))
    yield from table
    for entry in table:
        name = _guid(raw, entry) if entry.structure == "metadata_table_entry" else ""
        start = offset + value(raw, entry.structure, entry.offset, "offset") if name else 0
        if name in STRUCTURES and start < len(raw):
            yield from _whole(raw, name, start)


def _bat(raw: Raw, offset: int) -> Iterator[StructureTarget]:
    """The first two entries, and those that are not zero."""
    size = STRUCTURES[_BAT].size or 1
    start, end = offset, min(len(raw), offset + _BAT_SEEN * size) - size
    for number in range(_KEPT):
        if number > 1:
            match = _NOT_ZERO.search(raw, start, end + size)
            start += (match.start() - start) // size * size if match else len(raw)
        if start > end:
            return
        yield StructureTarget(_BAT, start, size)
        start += size


def _logs(raw: Raw, found: list[StructureTarget]) -> list[tuple[int, int]]:
    """Offset and length of each log that a header speaks of, as far as it lies in the file."""
    logs = set()
    for target in found:
        if target.structure == "header":
            start, length = (value(raw, "header", target.offset, name) for name in ("log_offset", "log_length"))
            if length and start + length <= len(raw):
                logs.add((start, length))
    return sorted(logs)


def _log_seals(raw: Raw, start: int, length: int) -> Iterator[Seal]:
    """The entries of a log that could be whole: those that start a sector, by their signature."""
    signature, step = layout.LOG_ENTRY_SIGNATURE, layout.LOG_SECTOR_SIZE
    end, left = start + length, _LAPS * length  # entries may claim one another's bytes
    for at in range(start, end, step):
        if not raw.startswith(signature, at):
            continue
        size = value(raw, "log_entry_header", at, "entry_length")
        if layout.LOG_ENTRY_HEADER_SIZE <= size <= min(length, left):
            first = min(size, end - at)
            rest = ((start, size - first),) if size > first else ()
            yield Seal(_LOG, ((at, first), *rest))
            left -= size


def _log_entry(raw: Raw, start: int, length: int, seal: Seal) -> Iterator[StructureTarget]:
    """The header of a log entry, its descriptors and its data sectors. Spec: MS-VHDX 2.3.1."""
    header, size = "log_entry_header", layout.LOG_DESCRIPTOR_SIZE
    yield StructureTarget(header, seal.offset, layout.LOG_ENTRY_HEADER_SIZE, seal)
    count = value(raw, header, seal.offset, "descriptor_count")
    total = sum(part for _, part in seal.parts)
    area = layout.LOG_ENTRY_HEADER_SIZE + size * count
    for number in range(min(count, _KEPT, (total - layout.LOG_ENTRY_HEADER_SIZE) // size)):
        inside = seal.offset - start + layout.LOG_ENTRY_HEADER_SIZE + size * number
        place = start + inside % length
        signature = bytes(raw[place : place + SEAL_WIDTH])
        kind = next((k for k in _DESCRIPTORS if CONSTANTS[f"{k}_signature"].value == signature), _DESCRIPTORS[0])
        if place + size <= len(raw):
            yield StructureTarget(kind, place, size, seal)
    step = layout.LOG_SECTOR_SIZE
    for number in range(-(-area // step), min(total // step, -(-area // step) + _KEPT)):
        place = start + (seal.offset - start + number * step) % length
        if place + step <= start + length:
            yield StructureTarget("data_sector", place, step, seal)
