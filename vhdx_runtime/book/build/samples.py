"""What the book shows of real files: dumps of structures, and what the runtime makes of headers, logs and blocks.

The same code that reads images reads the images of the book.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from vhdx_format import layout
from vhdx_format.layout import ENUMS, GUIDS, PLACES, STRUCTURES, Field
from vhdx_format.rules import RULES

from ...codec import decode, encode
from ...codec.decode import Placed
from ...codec.source import open_source
from ...conformance import Expanded
from ...conformance.recipes.recipe import DiskType
from ...disk.image import Image, load_image
from ...semantics import metadata
from ...semantics.bat import ENTRY_SIZE
from ...semantics.log import state
from ...semantics.log.entries import LogEntry
from ...semantics.log.state import grown_size
from .. import scenes
from ..scenes import SECTOR

PER_LINE = 8
_ALL_SHOWN = 64
_GUID_NAMES = {guid.raw: name for name, guid in GUIDS.items()}
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_BYTES_WIDTH = 3 * PER_LINE - 1
Row = tuple[int, bytes, str, str]


def dump(structure: str, raw: bytes) -> str:
    """The dump of a structure that stands alone."""
    placed = decode.structure(structure, raw)
    return "\n".join(_lines(list(_rows(structure, placed.fields, raw, 0, "")), len(raw))) + "\n"


def _lines(rows: list[Row], end: int) -> Iterator[str]:
    width = max(len(f"{end:x}"), 4)
    names = max(len(name) for _, _, name, _ in rows)
    for offset, raw, name, value in rows:
        said = f"  {name:<{names}}  {value}".rstrip()
        if not raw:
            yield " " * (width + 2 + _BYTES_WIDTH) + said
        for start in range(0, len(raw), PER_LINE):
            part = raw[start : start + PER_LINE]
            if start and _is_left_out(raw, start):
                if not _is_left_out(raw, start - PER_LINE) or start == PER_LINE:
                    yield " " * (width - 1) + "*"
                continue
            yield f"{offset + start:{width}x}  {part.hex(' '):<{_BYTES_WIDTH}}{'' if start else said}".rstrip()
    yield f"{end:{width}x}"


def _is_left_out(raw: bytes, start: int) -> bool:
    """True inside a row of zeros of a long field, except at the field's start."""
    return start > 0 and len(raw) > _ALL_SHOWN // 4 and not any(raw[start : start + PER_LINE])


def _rows(structure: str, parsed: Any, raw: bytes, base: int, prefix: str) -> Iterator[Row]:
    cursor = 0
    for _, group in groupby(STRUCTURES[structure].fields, lambda item: item.offset if item.type == "bits" else item.id):
        members = list(group)
        item = members[0]
        value = getattr(parsed, item.id, None)
        if value is None or (item.condition and not hasattr(parsed, item.id)):
            continue
        if item.type == "bits":
            word = raw[cursor : cursor + (item.size or 0)]
            for number, bit in enumerate(members):
                said = _value(bit, getattr(parsed, bit.id), b"")
                yield base + cursor, b"" if number else word, prefix + bit.id, said
            cursor += len(word)
            continue
        for number, element in enumerate(value if item.repeat else [value]):
            name = f"{prefix}{item.id}[{number}]" if item.repeat else prefix + item.id
            size = _size(item, element, raw, cursor)
            part = raw[cursor : cursor + size]
            if item.type in STRUCTURES:
                yield from _rows(item.type, element, part, base + cursor, name + ".")
            elif part:
                yield base + cursor, part, name, _value(item, element, part)
            cursor += size
    yield from _computed(structure, parsed, base, prefix)


def _size(item: Field, element: Any, raw: bytes, cursor: int) -> int:
    if item.type in STRUCTURES:
        fixed = STRUCTURES[item.type].size
        return len(raw) - cursor if fixed is None else fixed
    return len(element) if item.type == "bytes" else item.size or 0


def _computed(structure: str, parsed: Any, base: int, prefix: str) -> Iterator[Row]:
    """The values that the schema computes, where this structure alone can tell them."""
    for item in STRUCTURES[structure].instances:
        if item.rule or item.constant or item.id.endswith("_max") or (item.kind != "value" and not item.encoding):
            continue
        try:
            value = getattr(parsed, item.id)
        except (EOFError, ValueError, AttributeError):
            continue
        if value is not None and not isinstance(value, bool):
            field = Field(item.id, "bytes", enum=item.enum, encoding=item.encoding, unit=item.unit)
            yield base, b"", f"= {prefix}{item.id}", _value(field, value, value if isinstance(value, bytes) else b"")


def _value(item: Field, value: Any, raw: bytes) -> str:
    if isinstance(value, bool):
        return "1 (yes)" if value else "0 (no)"
    if isinstance(value, int):
        return _integer(item, value)
    if item.type == "guid":
        known = _GUID_NAMES.get(value.raw, "" if any(value.raw) else "nil")
        return decode.guid_text(value.raw) + (f" ({known})" if known else "")
    if item.encoding and any(raw):
        return f'"{raw.decode(item.encoding, "replace").partition(chr(0))[0]}"'
    if not any(raw):
        return f"{len(raw)} zero bytes"
    if raw.isascii() and raw.decode("ascii").isprintable():
        return f'"{raw.decode("ascii")}"'
    return raw.hex(" ") if len(raw) <= PER_LINE else f"{len(raw)} bytes"


def _integer(item: Field, value: int) -> str:
    known = ENUMS[item.enum].get(value) if item.enum else None
    if known:
        return f"{value} ({known.id})"
    said = [f"{value:#x}"] if value > 9 else []
    if item.unit == "bytes" and value and not value % 1024:
        power = min(((value & -value).bit_length() - 1) // 10, len(_UNITS) - 1)
        said.append(f"{value >> 10 * power} {_UNITS[power]}")
    unit = f" {item.unit}" if item.unit and item.unit != "bytes" else ""
    return f"{value}{unit.replace(' 4', ' × 4')}" + (f" ({', '.join(said)})" if said else "")


def ring(image: Image) -> dict[str, Any]:
    """The log and every entry that is found in it; offsets in bytes from the start of the log."""
    assert image.headers.current is not None
    active = [entry.log_offset for entry in image.log.active]
    entries = image.log.entries(image.headers.current.fields.log_guid.raw)
    return {
        "length": image.log.length,
        "sector": SECTOR,
        "entries": [_entry(entry, active) for entry in sorted(entries, key=lambda one: one.sequence_number)],
    }


def _entry(entry: LogEntry, active: list[int]) -> dict[str, Any]:
    role = "before the tail"
    if entry.log_offset in active:
        role = {active[-1]: "head", active[0]: "tail"}.get(entry.log_offset, "active")
    return {
        "log_offset": entry.log_offset,
        "length": entry.length,
        "tail": entry.tail,
        "sequence_number": entry.sequence_number,
        "role": role,
        "data_sectors": entry.length // SECTOR - 1,
    }


def steps(image: Image) -> dict[str, Any]:
    """The pages that the replay touches, and what each holds before and after every active entry.

    Of a page it is said "file" (as the file has it), "zero", or the sequence number of the entry that wrote it.
    """
    area, active = image.log.area, image.log.active
    assert area is not None
    updates = state.collect(area, active)
    pages = sorted({page for start, end in updates.targets() for page in range(start // SECTOR, -(-end // SECTOR))})
    states = [{"step": "before", "pages": ["file"] * len(pages), "size": image.source.size}]
    for count in range(1, len(active) + 1):
        held = [_held(image, active[:count], page) for page in pages]
        states.append({"step": f"entry {active[count - 1].sequence_number}", "pages": held, "size": image.source.size})
    head = active[-1]
    states.append({"step": "grown", "pages": states[-1]["pages"], "size": max(image.source.size, grown_size(head))})
    return {"pages": [page * SECTOR for page in pages], "places": _places(image), "steps": states}


def _held(image: Image, entries: tuple[LogEntry, ...], page: int) -> str:
    assert image.log.area is not None
    updates = state.collect(image.log.area, entries)
    written = updates.settle().get(page)
    if written is not None:
        return str(entries[written.origin[0]].sequence_number)
    covered = any(start <= page * SECTOR < end for start, end in updates.ranges)
    return "zero" if covered else "file"


def _places(image: Image) -> dict[str, list[int]]:
    """File offset and length of the regions, by name."""
    found = {}
    for name in ("bat", "metadata"):
        region = image.regions.get(name)
        assert region is not None
        found[name] = [region.file_offset, region.length]
    return found


_NAMES = {guid.raw: name for name, guid in GUIDS.items()}
_TYPES: tuple[DiskType, ...] = ("fixed", "dynamic", "differencing")


def samples() -> dict[str, Any]:
    """Everything that is taken from images."""
    base, child = scenes.chain()
    image, journal = _load(child), _load(scenes.journal())
    return {
        "dumps": _dumps(child, image),
        "file_map": _file_map(child, image),
        "states": {name: _states(name) for name in _TYPES},
        "log": ring(journal),
        "replay": steps(journal),
        "chain": {"base": base.recipe.path, "child": child.recipe.path, "linkage": base.recipe.data_write_guid},
    }


def _load(made: Expanded) -> Image:
    return load_image(open_source(made.to_bytes()))


def _dumps(made: Expanded, image: Image) -> dict[str, list[dict[str, str]]]:
    """For each structure what it looks like in child.vhdx: caption and dump."""
    found: dict[str, list[dict[str, str]]] = {}

    def _add(placed: Placed, what: str) -> None:
        name = placed.structure
        place = f"of {made.recipe.path}, at file offset {placed.file_offset:#x}"
        if any(one["caption"].endswith(place) for one in found.get(name, ())):
            return
        found.setdefault(name, []).append({"caption": f"{what} {place}", "text": dump(name, placed.raw)})
        for item in STRUCTURES[name].fields:
            inner = decode.elements(placed, item.id)[:1] if item.repeat else []
            part = decode.part(placed, item.id) if item.type in STRUCTURES and not item.repeat else None
            for one in [*inner, *([part] if part else [])]:
                if one.structure not in found and one.raw:
                    _add(one, f"{one.structure.replace('_', ' ').capitalize()}")

    _add(image.identifier, "File type identifier")
    _add(image.headers.copies[1].placed, "Header 2, the current one,")
    for place in PLACES:
        if place.structure == "region_table" and "region_table" not in found:
            raw = image.view.read_at(place.offset, STRUCTURES["region_table"].size or 0)
            _add(decode.structure("region_table", raw, place.offset), "The first region table")
    assert image.metadata.table is not None
    _add(image.metadata.table, "The metadata table")
    _add_items(image, _add)
    _add_bat(image, _add)
    _add_log(image, _add)
    guid = image.metadata.table.file_offset + (STRUCTURES["metadata_table_header"].size or 0)
    _add(
        decode.structure("ms_guid", image.view.read_at(guid, STRUCTURES["ms_guid"].size or 0), guid),
        "The first item ID",
    )
    found["vhd_footer"] = [{"caption": "Footer of an empty VHD of 3 MiB", "text": dump("vhd_footer", _vhd_footer())}]
    for name, raw in _packed().items():
        found[name] = [{"caption": "A packed image of 3 MiB that holds four bytes", "text": dump(name, raw)}]
    return found


def _packed() -> dict[str, bytes]:
    """The start of a packed image, and its one run."""
    size, place = 3 * layout.OBJECT_ALIGNMENT, layout.HEADER_1_OFFSET
    run = {"kind": layout.PACKED_LITERAL, "offset": place, "length": len(layout.HEADER_SIGNATURE)}
    return {
        "packed_image": encode.build("packed_image", {"magic": layout.PACKED_MAGIC, "file_length": size}),
        "packed_run": encode.build("packed_run", run),
    }


def _vhd_footer() -> bytes:
    """The footer of a fixed VHD, with a time and an identity that are always the same."""
    size = 3 * layout.VHD_SIZE_UNIT
    fields = {
        "cookie": layout.VHD_COOKIE,
        "features": layout.VHD_FEATURES,
        "format_version": layout.VHD_VERSION,
        "data_offset": layout.VHD_NO_DATA_OFFSET,
        "creator_application": layout.VHD_CREATOR_APPLICATION,
        "creator_version": layout.VHD_VERSION,
        "creator_host_os": layout.VHD_CREATOR_HOST_OS,
        "original_size": size,
        "current_size": size,
        "cylinders": size // layout.VHD_SECTOR_SIZE // layout.VHD_SECTORS_PER_TRACK_SMALL // layout.VHD_HEADS_MIN,
        "heads": layout.VHD_HEADS_MIN,
        "sectors_per_track": layout.VHD_SECTORS_PER_TRACK_SMALL,
        "disk_type": layout.VHD_TYPE_FIXED,
        "unique_id": layout.VHDX_LOCATOR_TYPE_GUID,
    }
    checksum = (1 << 32) - 1 - sum(encode.build("vhd_footer", fields))
    return encode.build("vhd_footer", fields | {"checksum": checksum})


def _add_items(image: Image, add: Any) -> None:
    for item in image.metadata.items:
        name = _NAMES.get(item.entry.fields.item_id.raw, "")
        if name in STRUCTURES:
            what = f"The item {name.replace('_', ' ')}"
            add(decode.structure(name, metadata.read(image.view, item), item.file_offset), what)


def _add_bat(image: Image, add: Any) -> None:
    assert image.bat is not None
    assert image.geometry is not None
    wanted = {"Entry 0, of payload block 0,": 0, "Entry 2, of payload block 2,": 2}
    index = image.geometry.bitmap_index(0)
    wanted[f"Entry {index}, of the sector bitmap of chunk 0,"] = index
    for what, number in wanted.items():
        offset = image.bat.file_offset + number * ENTRY_SIZE
        add(decode.structure("bat_entry", image.bat.words(number, 1), offset), what)


def _add_log(image: Image, add: Any) -> None:
    area, entry = image.log.area, image.log.active[0]
    assert area is not None
    raw, offset = area.read(entry.log_offset, entry.length), area.file_offset(entry.log_offset)
    whole = decode.structure("log_entry", raw, offset)
    add(whole, "The only log entry")
    for descriptor in decode.elements(whole, "descriptors"):
        for name in ("zero", "data"):
            if getattr(descriptor.fields, name, None) is not None:
                kind = f"{name}_descriptor"
                placed = decode.structure(kind, descriptor.raw, descriptor.file_offset)
                add(placed, f"A {name} descriptor")
    start = whole.fields.header.descriptor_area_size
    sector = raw[start : start + (STRUCTURES["data_sector"].size or 0)]
    add(decode.structure("data_sector", sector, offset + start), "The data sector of the log entry")


def _file_map(made: Expanded, image: Image) -> dict[str, Any]:
    """Who owns which bytes of child.vhdx: name, file offset and length in bytes."""
    assert image.geometry is not None
    assert image.bat is not None
    assert image.mapping is not None
    owners = [("log", image.log.offset, image.log.length)]
    owners += [(_region(entry.guid), entry.file_offset, entry.length) for entry in image.regions.entries]
    word = image.bat.word(image.geometry.bitmap_index(0))
    owners.append(("sector bitmap 0", word & ~(scenes.MIB - 1), scenes.MIB))
    for block in range(image.geometry.payload_blocks):
        _, offset = image.mapping.locate(block)
        if offset:
            owners.append((f"payload block {block}", offset, image.geometry.block_size))
    return {"file": made.recipe.path, "length": made.length, "owners": sorted(owners, key=lambda one: one[1])}


def _region(guid: bytes) -> str:
    return {"bat_region": "BAT", "metadata_region": "metadata region"}.get(_NAMES.get(guid, ""), "region")


def _states(disk_type: DiskType) -> list[dict[str, Any]]:
    """For each number that a payload block's state can have: what a read gives, and the rules that it breaks."""
    image = _load(scenes.states(disk_type))
    assert image.geometry is not None
    assert image.bat is not None
    assert image.mapping is not None
    found = []
    for number in range(image.geometry.payload_blocks):
        kind, _ = image.mapping.locate(number)
        broken = image.bat.findings(image.geometry.payload_index(number), ("payload", *image.geometry.tags))
        rules = [finding.rule for finding in broken]
        found.append({"state": number, "kind": kind, "rules": rules, "slugs": [RULES[rule].slug for rule in rules]})
    return found
