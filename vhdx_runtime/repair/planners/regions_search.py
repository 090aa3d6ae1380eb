"""A region table for a file that has no valid one.

Knows when what is left of the two copies can be believed, and how the two regions that every file has are found without
them: the metadata by its signature, the block allocation table by entries that make sense. Regions of any other kind
cannot be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from vhdx_format import layout
from vhdx_format.rules import RULES as DECLARED

from ...change.change_set import OFFERED
from ...check import Report, log_search
from ...check.mending import is_recognised
from ...codec import decode, encode
from ...codec.holes import data_ranges
from ...disk.image import Image
from ...disk.sizes import load_geometry, table_at
from ...semantics import metadata as metadata_module
from ...semantics.bat import ENTRY_SIZE
from ...semantics.geometry import Geometry
from ...semantics.metadata import signed_places
from ...semantics.regions import RegionCopy
from ...write.patch import Patch, diff
from .. import given
from ..plan import Repair

_MIB = layout.OBJECT_ALIGNMENT
PLACES = ("metadata_region", "bat_region")
"""What can be said of a file whose regions are not found."""

RULES = ("RGN-001", "RGN-002", "RGN-003")
OFFSETS = tuple(place.offset for place in layout.PLACES if place.structure == "region_table")
"""File offsets of both copies."""

_SEARCHED = 60_000  # MiB of a file that are looked at
_READ_TIMES, _READ_AT_LEAST = 16, 256 * _MIB  # how much of supposed tables is read: of what the file holds, and bytes
_FIRST_LOOK = layout.LOG_SECTOR_SIZE // ENTRY_SIZE  # entries of a supposed table that are read before all others


def repairs(image: Image, report: Report, values: Mapping[str, Any]) -> Iterator[Repair]:
    """A repair that makes a region table, where the regions can be found.

    Yields:
        One repair, or none.

    Spec: MS-VHDX 2.2.3
    """
    if "RGN-003" not in report.totals or image.view.size <= layout.HEADER_SECTION_SIZE:
        return
    found = table(image, values)
    rules = tuple(rule for rule in RULES if rule in report.totals)
    if found is not None:
        yield Repair(rules, found[1], OFFERED, patches=written(image, found[0]))
    elif is_recognised(image):
        yield Repair(rules, "make a region table", OFFERED, lacks=given.missing(PLACES))


def table(image: Image, values: Mapping[str, Any]) -> tuple[bytes, str] | None:
    """A region table for a file, and in words how it comes about; None where the regions are in doubt.

    Spec: MS-VHDX 2.2.3
    """
    sealed = _resealed(image)
    if sealed is not None:
        return sealed, "seal the region table anew: it leads to the metadata"
    found = _found(image, values)
    if found is not None:
        metadata, bat, length, is_empty = found
        made = _table([(layout.BAT_REGION_GUID, bat, length), (layout.METADATA_REGION_GUID, metadata, _MIB)])
        why = "the only place for one, empty" if is_empty else "the only one with entries that make sense"
        summary = (
            f"make a region table: metadata at {metadata:#x}, BAT at {bat:#x} ({why}); other regions are not found"
        )
        return made, summary
    return None


def written(image: Image, table: bytes, offsets: Iterable[int] = OFFSETS) -> tuple[Patch, ...]:
    """The patches that make both copies, or one, equal to a table.

    Args:
        image: as it reads now.
        table: all its bytes, sealed.
        offsets: file offsets of the copies.

    Spec: MS-VHDX 2.2.3
    """
    pieces = (diff(offset, image.view.read_at(offset, len(table)), table) for offset in offsets)
    return tuple(patch for piece in pieces for patch in piece)


def _resealed(image: Image) -> bytes | None:
    """A copy whose checksum alone is wrong, as far as can be told: the other one is alike, and it leads to metadata."""
    first, second = image.regions.copies
    start = layout.STRUCTURES["region_table"].fields[0].size or 0
    if first.placed.raw[start:] != second.placed.raw[start:]:
        return None
    for copy in (first, second):
        is_whole = copy.header is not None and [finding.rule for finding in copy.findings] == ["RGN-002"]
        if is_whole and _leads_to_metadata(image, copy):
            return encode.seal("region_table", copy.placed.raw)
    return None


def _leads_to_metadata(image: Image, copy: RegionCopy) -> bool:
    for entry in decode.elements(copy.placed, "entries"):
        if entry.fields.guid.raw == layout.METADATA_REGION_GUID:
            return _geometry(image, entry.fields.file_offset) is not None
    return False


def _table(regions: Iterable[tuple[bytes, int, int]]) -> bytes:
    entries = [{"guid": guid, "file_offset": at, "length": length, "required": 1} for guid, at, length in regions]
    header = {"signature": layout.REGION_SIGNATURE, "entry_count": len(entries)}
    raw = encode.build("region_table_header", header)
    raw += b"".join(encode.build("region_table_entry", entry) for entry in entries)
    return encode.seal("region_table", raw.ljust(layout.REGION_TABLE_SIZE, b"\0"))


def _found(image: Image, values: Mapping[str, Any]) -> tuple[int, int, int, bool] | None:
    """Offset of the metadata, offset and length of the BAT, and whether that is empty; None where it is in doubt."""
    log = range(image.log.offset, image.log.offset + image.log.length)
    last = min(image.view.size, _SEARCHED * _MIB)
    places = [at for at in range(layout.HEADER_SECTION_SIZE, last, _MIB) if at not in log]
    tables = [at for at in signed_places(image.view) if at not in log and at == values.get("metadata_region", at)]
    shapes = list(islice(((at, shape) for at in tables if (shape := _geometry(image, at)) is not None), 2))
    if len(shapes) != 1:
        return None
    metadata, geometry = shapes[0]
    length = -(-geometry.entry_count * ENTRY_SIZE // _MIB) * _MIB
    taken = (*log[:1], metadata)
    said = values.get("bat_region")
    possible = [
        at for at in places if at == said or (said is None and not any(at <= other < at + length for other in taken))
    ]
    verdicts = _verdicts(image, geometry, (at for at in possible if at + length <= image.view.size), length)
    if verdicts is None:
        return None
    for wanted in ("filled", "empty"):
        chosen = [at for at, found in verdicts.items() if found == wanted]
        if chosen:
            is_clear = len(chosen) == 1 if wanted == "filled" else _holds_nothing(image, metadata, places)
            return (metadata, chosen[-1], length, wanted == "empty") if is_clear or said is not None else None
    return (metadata, said, length, False) if said in verdicts else None


def _verdicts(image: Image, geometry: Geometry, places: Iterable[int], length: int) -> dict[int, str] | None:
    """The verdict on each place; None where places that lie over one another would be read too often to find it."""
    held = sum(end - start for start, end in data_ranges(image.view, 0, image.view.size))
    verdicts, left = {}, _READ_AT_LEAST + _READ_TIMES * held
    for at in places:
        if not _holds_any(image, at, length):
            verdicts[at] = "empty"
        elif _filled(image, geometry, at, length, _FIRST_LOOK) is None:
            verdicts[at] = ""
        elif (left := left - length) < 0:
            return None
        else:
            verdicts[at] = verdict(image, geometry, at, length)
    return verdicts


def _holds_any(image: Image, file_offset: int, length: int) -> bool:
    return any(True for _ in data_ranges(image.view, file_offset, length))


def _holds_nothing(image: Image, metadata: int, places: Iterable[int]) -> bool:
    """Whether a file holds no data behind its header section, so that any empty place serves as its table."""
    held = (at for at in places if at != metadata and log_search.holds_data(image.view, at, at + _MIB))
    return all(log_search.is_any(image.view, at, at + _MIB) for at in held)


def _geometry(image: Image, file_offset: int) -> Geometry | None:
    """The shape of the disk that supposed metadata give, where they are complete and sound."""
    metadata = metadata_module.load(image.view, file_offset, _MIB)
    geometry, found = load_geometry(metadata)
    is_refused = any(finding.verdict == "refuse" for finding in (*metadata.findings, *found))
    return None if is_refused else geometry


def verdict(image: Image, geometry: Geometry, file_offset: int, length: int) -> str:
    """What stands at a place of a table: "filled" with entries that make sense, "empty", or "" for anything else.

    Args:
        image: the container.
        geometry: the shape of the disk.
        file_offset: of the place, in bytes.
        length: of the region, in bytes.

    Spec: MS-VHDX 2.5
    """
    import numpy as np

    if not _holds_any(image, file_offset, length):
        return "empty"
    is_filled = False
    for count in (_FIRST_LOOK, geometry.entry_count):
        found = _filled(image, geometry, file_offset, length, count)
        if found is None:
            return ""
        is_filled |= found
    slack = file_offset + geometry.entry_count * ENTRY_SIZE
    unused = np.frombuffer(image.view.read_at(slack, file_offset + length - slack), "<u8")
    if (unused > layout.BAT_STATE_MASK).any():  # old QEMU leaves states there, but no places
        return ""
    return "filled" if is_filled else "empty"


def _filled(image: Image, geometry: Geometry, file_offset: int, length: int, most: int) -> bool | None:
    """Whether any of the first entries of a supposed table names a place; None where one of them makes no sense."""
    import numpy as np

    from ...semantics.table import broken, parts

    block = geometry.block_size // _MIB
    is_filled = False
    for part in parts(table_at(image.view, geometry, file_offset, min(most, geometry.entry_count)), geometry):
        used = part.is_payload | part.is_bitmap
        wrong = (broken_ones for rule, broken_ones in broken(part, geometry) if DECLARED[rule].verdict != "note")
        if any(ones.any() for ones in wrong) or part.words[~used].any():
            return None
        present = part.offset[part.is_present & used]
        end = present + np.uint64(block)
        table = (file_offset // _MIB, (file_offset + length) // _MIB)
        last = geometry.payload_blocks - 1
        is_last = part.blocks(part.is_present & used) == last  # of which only the used part must be there
        behind = (end > -(-image.view.size // _MIB)) & ~is_last
        if behind.any() or ((present < table[1]) & (end > table[0])).any():
            return None
        is_filled |= bool(len(present))
    return is_filled
