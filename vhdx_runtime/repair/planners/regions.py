"""Repairs of the region tables: both copies are always written, and are equal.

A file without any valid table is for `regions_search`; a region cut off by the file's end for `layout`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...check import Report, mending
from ...codec import encode
from ...disk.image import Image
from ...semantics.regions import Region
from ..given import NOTHING
from ..plan import Repair
from . import regions_search
from .fields import rebuilt

_COPIED = ("RGN-001", "RGN-002", "RGN-004")  # what a copy of the table in use mends by itself
_MIB = layout.OBJECT_ALIGNMENT


def repairs(image: Image, report: Report, values: Mapping[str, Any] = NOTHING) -> Iterator[Repair]:
    """Repairs of the region tables.

    Yields:
        One repair for all that is wrong in the tables, or none.

    Spec: MS-VHDX 2.2.3
    """
    current = image.regions.current
    if current is None or current.header is None:
        yield from regions_search.repairs(image, report, values)
        return
    over = f"write table {current.number} over both copies"
    offsets: tuple[int, ...] = regions_search.OFFSETS
    copied: tuple[str, ...] = _COPIED
    if not mending.tables_agree(image):
        summary = f"{over}; the other copy is valid too and lists other regions"
        yield Repair(("RGN-004",), summary, OFFERED, patches=regions_search.written(image, current.placed.raw))
        offsets, copied = (current.placed.file_offset,), ()  # what the other one says is kept
    done = {rule: over for rule in copied if rule in report.totals}
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
    patches = regions_search.written(image, encode.seal("region_table", bytes(table)), offsets)
    if patches:
        yield Repair(tuple(sorted(done)), "; ".join(dict.fromkeys(done.values())), AUTO, patches=patches)


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
        if mending.is_free_behind(image, region, region.file_offset + length):
            changes["length"] = length
            done["RGN-010"] = f"round the length of {region.placed.label} up to {length:#x} bytes"
    return changes
