"""From metadata and regions to the shape of the disk and its BAT.

Joins what the metadata says of sizes with what the regions hold; decides the rules that need both.
"""

from __future__ import annotations

from vhdx_format import layout

from ..codec import decode
from ..codec.decode import Placed
from ..codec.overlay import known_end
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.metadata import Metadata
from ..semantics.presence import Presence
from ..semantics.regions import Region, Regions
from ..wording import size_text


def load_geometry(metadata: Metadata) -> tuple[Geometry | None, list[Finding]]:
    """The shape of the disk, where the items that give it are there and sane, and what is wrong between them.

    Spec: MS-VHDX 2.4, 2.6.2
    """
    parameters, size = _value(metadata, "file_parameters"), _value(metadata, "virtual_disk_size")
    logical, physical = _value(metadata, "logical_sector_size"), _value(metadata, "physical_sector_size")
    if parameters is None or size is None or logical is None:
        return None, []
    sector = logical.fields.logical_sector_size
    presented = physical.fields.physical_sector_size if physical else layout.PHYSICAL_SECTOR_SIZE_DEFAULT
    whole = size.fields.virtual_disk_size
    found = _between(parameters, size, sector)
    if physical and presented < sector:
        place = physical.place("physical_sector_size")
        found.append(make("ITM-016", place, f"{presented} bytes", f"at least {sector}, the logical sector size"))
    sane = decode.holds(parameters, "ITM-002") and decode.holds(parameters, "ITM-003")
    sane = sane and decode.holds(size, "ITM-008") and decode.holds(logical, "ITM-013")
    if not sane or whole < sector:
        return None, found
    flags = parameters.fields
    has_parent, fixed = bool(flags.has_parent), bool(flags.leave_block_allocated)
    return Geometry(has_parent, fixed, whole - whole % sector, flags.block_size, sector, presented), found


def _value(metadata: Metadata, name: str) -> Placed | None:
    item = metadata.get(name)
    return item.placed if item else None


def _between(parameters: Placed, size: Placed, sector: int) -> list[Finding]:
    block, whole = parameters.fields.block_size, size.fields.virtual_disk_size
    found = []
    if sector and whole % sector:
        place = size.place("virtual_disk_size")
        conditions = ["nothing_left"] if whole < sector else []
        expected = f"a multiple of {sector}, the logical sector size"
        found.append(make("ITM-007", place, f"{whole} bytes", expected, conditions))
    chunk = layout.SECTORS_PER_CHUNK * sector
    if not block or not chunk or chunk % block:
        shown = f"chunk of {chunk} bytes, block of {block}"
        found.append(make("ITM-019", parameters.place("block_size"), shown, "a whole number of blocks in a chunk"))
    return found


def load_bat(view: Source, regions: Regions, geometry: Geometry | None) -> tuple[Bat | None, list[Finding]]:
    """The BAT, where there is a region and a geometry, and whether the region and the file are long enough.

    Spec: MS-VHDX 2.5
    """
    region = regions.get("bat")
    if region is None or geometry is None:
        return None, []
    needed = geometry.entry_count
    held = region.length // ENTRY_SIZE
    found = _fixed_size(view, regions, geometry)
    if held < needed:
        found.append(make("BAT-001", _length(region), f"room for {held} entries", f"{needed} entries"))
    if needed > layout.BAT_ENTRIES_MAX:
        expected = f"at most {layout.BAT_ENTRIES_MAX} entries"
        found.append(make("BAT-019", _length(region), f"{needed} entries", expected))
    return table_at(view, geometry, region.file_offset, min(needed, held)), found


def table_at(view: Source, geometry: Geometry, file_offset: int, count: int) -> Bat:
    """The table with some entries at a place of the file, as far as the file holds them.

    Args:
        view: the file after replay.
        geometry: the shape of the disk.
        file_offset: of the table, in bytes.
        count: of entries, at most as many as the disk needs.

    Spec: MS-VHDX 2.5
    """
    held = min(count, max(0, known_end(view, file_offset) - file_offset) // ENTRY_SIZE)
    presence = Presence(geometry.has_parent, geometry.block_size, view.size)
    return Bat(view, file_offset, held, presence, is_cut=held < count)


def _length(region: Region) -> Place:
    return region.placed.place("length")


def fixed_size(regions: Regions, geometry: Geometry) -> int:
    """Length in bytes that a fixed file has at least: header section, regions and all blocks. Spec: MS-VHDX 2.6.2.1."""
    blocks = geometry.payload_blocks * geometry.block_size
    return layout.HEADER_SECTION_SIZE + sum(region.length for region in regions.entries) + blocks


def _fixed_size(view: Source, regions: Regions, geometry: Geometry) -> list[Finding]:
    if geometry.disk_type != "fixed":
        return []
    needed = fixed_size(regions, geometry)
    if view.size >= needed:
        return []
    return [make("BAT-017", Place("file", "length", view.size), size_text(view.size), f"at least {size_text(needed)}")]
