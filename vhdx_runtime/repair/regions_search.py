"""A region table for a file that has no valid one.

Knows when what is left of the two copies can be believed, and how the two regions that every file has are found without
them: the metadata by its signature, the block allocation table by entries that make sense. Regions of any other kind
cannot be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vhdx_format import layout
from vhdx_format.rules import RULES

from ..check import Report
from ..codec import decode, encode
from ..codec.holes import data_ranges
from ..image import Image
from ..semantics import metadata as metadata_module
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.regions import RegionCopy
from ..sizes import load_geometry
from ..write.patch import Patch, diff
from .plan import OFFERED, Repair

_MIB = layout.OBJECT_ALIGNMENT
_OFFSETS = tuple(place.offset for place in layout.PLACES if place.structure == "region_table")
_SEARCHED = 60_000  # MiB of a file that are looked at
_FIRST_LOOK = layout.LOG_SECTOR_SIZE // ENTRY_SIZE  # entries of a supposed table that are read before all others


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """A repair that makes a region table, where the regions can be found.

    Args:
        image: without a valid region table.
        report: on it.

    Yields:
        One repair, or none.

    Spec: MS-VHDX 2.2.3
    """
    if "RGN-003" not in report.totals or image.view.size <= layout.HEADER_SECTION_SIZE:
        return
    rules = tuple(rule for rule in ("RGN-001", "RGN-002", "RGN-003") if rule in report.totals)
    table = _resealed(image)
    if table is not None:
        yield Repair(
            rules, "seal the region table anew: it leads to the metadata", OFFERED, patches=written(image, table)
        )
        return
    found = _found(image)
    if found is not None:
        metadata, bat, length, is_empty = found
        table = _table([(layout.BAT_REGION_GUID, bat, length), (layout.METADATA_REGION_GUID, metadata, _MIB)])
        why = "the only place for one, empty" if is_empty else "the only one with entries that make sense"
        summary = (
            f"make a region table: metadata at {metadata:#x}, BAT at {bat:#x} ({why}); other regions are not found"
        )
        yield Repair(rules, summary, OFFERED, patches=written(image, table))


def written(image: Image, table: bytes) -> tuple[Patch, ...]:
    """The patches that make both copies equal to a table.

    Args:
        image: as it reads now.
        table: all its bytes, sealed.

    Spec: MS-VHDX 2.2.3
    """
    pieces = (diff(offset, image.view.read_at(offset, len(table)), table) for offset in _OFFSETS)
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


def _found(image: Image) -> tuple[int, int, int, bool] | None:
    """Offset of the metadata, offset and length of the BAT, and whether that is empty; None where it is in doubt."""
    log = range(image.log.offset, image.log.offset + image.log.length)
    last = min(image.view.size, _SEARCHED * _MIB)
    places = [at for at in range(layout.HEADER_SECTION_SIZE, last, _MIB) if at not in log]
    tables = [
        at for at in places if image.view.read_at(at, len(layout.METADATA_SIGNATURE)) == layout.METADATA_SIGNATURE
    ]
    shapes = [(at, shape) for at in tables if (shape := _geometry(image, at)) is not None]
    if len(shapes) != 1:
        return None
    metadata, geometry = shapes[0]
    length = -(-geometry.entry_count * ENTRY_SIZE // _MIB) * _MIB
    taken = (*log[:1], metadata)
    possible = [at for at in places if not any(at <= other < at + length for other in taken)]
    verdicts = {at: _verdict(image, geometry, at, length) for at in possible if at + length <= image.view.size}
    for wanted in ("filled", "empty"):
        chosen = [at for at, verdict in verdicts.items() if verdict == wanted]
        if chosen:
            return (metadata, chosen[0], length, wanted == "empty") if len(chosen) == 1 else None
    return None


def _geometry(image: Image, file_offset: int) -> Geometry | None:
    """The shape of the disk that supposed metadata give, where they are complete and sound."""
    metadata = metadata_module.load(image.view, file_offset, _MIB)
    geometry, found = load_geometry(metadata)
    is_refused = any(finding.verdict == "refuse" for finding in (*metadata.findings, *found))
    return None if is_refused else geometry


def _verdict(image: Image, geometry: Geometry, file_offset: int, length: int) -> str:
    """What stands at a place of a table: "filled" with entries that make sense, "empty", or "" for anything else."""
    import numpy as np

    from ..check.table import broken, parts

    if not any(True for _ in data_ranges(image.view, file_offset, length)):
        return "empty"
    block = geometry.block_size // _MIB
    is_filled = False
    for count in (min(_FIRST_LOOK, geometry.entry_count), geometry.entry_count):
        for part in parts(Bat(image.view, file_offset, count), geometry):
            used = part.is_payload | part.is_bitmap
            wrong = (broken_ones for rule, broken_ones in broken(part, geometry) if RULES[rule].verdict != "note")
            if any(ones.any() for ones in wrong) or part.words[~used].any():
                return ""
            present = part.offset[part.is_present & used]
            end = present + np.uint64(block)
            table = (file_offset // _MIB, (file_offset + length) // _MIB)
            if (end > -(-image.view.size // _MIB)).any() or ((present < table[1]) & (end > table[0])).any():
                return ""
            is_filled |= bool(len(present))
    slack = file_offset + geometry.entry_count * ENTRY_SIZE
    if image.view.read_at(slack, file_offset + length - slack).strip(b"\0"):
        return ""
    return "filled" if is_filled else "empty"
