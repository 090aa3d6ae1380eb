"""Repairs of the region tables: both copies are always written, and are equal.

Knows what may change in the table that is in use without a doubt about what it means. A file without any valid table
is for `regions_search`; a region cut off by the file's end for `layout`.
"""

from __future__ import annotations

from collections.abc import Iterator

from vhdx_format import layout

from ..check import Report
from ..codec import decode, encode
from ..image import Image
from ..semantics.regions import Region
from . import regions_search
from .fields import rebuilt
from .plan import AUTO, OFFERED, Repair

_COPIED = ("RGN-001", "RGN-002", "RGN-004")  # what a copy of the table in use mends by itself
_MIB = layout.OBJECT_ALIGNMENT


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs of the region tables.

    Args:
        image: as it reads with all earlier repairs done.
        report: on it.

    Yields:
        One repair for all that is wrong in the tables, or none.

    Spec: MS-VHDX 2.2.3
    """
    current = image.regions.current
    if current is None or current.header is None:
        yield from regions_search.repairs(image, report)
        return
    done = {rule: f"write table {current.number} over both copies" for rule in _COPIED if rule in report.totals}
    table = bytearray(current.placed.raw)
    start = layout.STRUCTURES["region_table"].fields[0].size or 0
    if "RGN-006" in report.totals:
        table[:start] = rebuilt(current.header, reserved=0)
        done["RGN-006"] = "clear the reserved word"
    for region in image.regions.entries:
        at = region.placed.file_offset - current.placed.file_offset
        changes = _changes(image, region, report, done)
        if changes:
            table[at : at + len(region.placed.raw)] = rebuilt(region.placed, **changes)
    patches = regions_search.written(image, encode.seal("region_table", bytes(table)))
    if patches:
        summary = "; ".join(dict.fromkeys(done.values()))
        consent = AUTO
        if not _copies_agree(image):
            consent, summary = OFFERED, f"{summary}; the other copy is valid too and lists other regions"
        yield Repair(tuple(sorted(done)), summary, consent, patches=patches)


def _copies_agree(image: Image) -> bool:
    """False where both tables are valid and do not list the same regions: then nobody knows which one is right."""
    lists = []
    for copy in image.regions.copies:
        if copy.valid:
            lists.append(sorted(entry.raw for entry in decode.elements(copy.placed, "entries")))
    return all(other == lists[0] for other in lists)


def _changes(image: Image, region: Region, report: Report, done: dict[str, str]) -> dict[str, int]:
    """Fields of an entry to change; adds to `done` what that is for."""
    changes: dict[str, int] = {}
    if "RGN-017" in report.totals and region.name and not region.required:
        changes["required"] = 1
        done["RGN-017"] = "mark the BAT and the metadata region as required"
    if "RGN-018" in report.totals and region.placed.fields.reserved:
        changes["reserved"] = 0
        done["RGN-018"] = "clear the reserved bits beside Required"
    if "RGN-010" in report.totals and region.length % _MIB:
        length = -(-region.length // _MIB) * _MIB
        if _is_free(image, region, region.file_offset + length):
            changes["length"] = length
            done["RGN-010"] = f"round the length of {region.placed.label} up to {length:#x} bytes"
    return changes


def _is_free(image: Image, region: Region, end: int) -> bool:
    """True where a region may be rounded up: nothing with a place of its own lies behind it in its last MiB.

    Blocks begin at whole MiB, so one that lies there lies on the region already.
    """
    log = (image.log.offset, image.log.offset + image.log.length)
    others = [log, *((other.file_offset, other.end) for other in image.regions.entries if other is not region)]
    is_in_file = region.length > 0 and region.file_offset % _MIB == 0 and end <= image.view.size
    return is_in_file and not any(start < end and region.end < stop for start, stop in others)
