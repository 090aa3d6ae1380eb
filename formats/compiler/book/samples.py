"""What the book shows of real files: dumps of structures, and what the runtime makes of headers, logs and blocks.

    python -m formats.compiler.book.samples

Runs apart from the generator, with the package that was just generated on the path, and prints JSON: the same code
that reads images reads the images of the book.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from vhdx_format.layout import GUIDS, PLACES, STRUCTURES
from vhdx_format.rules import RULES

from formats.compiler.book import log_samples
from formats.compiler.book.dump import dump
from vhdx_runtime.book import scenes
from vhdx_runtime.codec import decode
from vhdx_runtime.codec.decode import Placed
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance import Expanded
from vhdx_runtime.conformance.recipe import DiskType
from vhdx_runtime.image import Image, load_image
from vhdx_runtime.semantics import metadata
from vhdx_runtime.semantics.bat import ENTRY_SIZE

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
        "log": log_samples.ring(journal),
        "replay": log_samples.steps(journal),
        "chain": {"base": base.recipe.path, "child": child.recipe.path, "linkage": base.recipe.data_write_guid},
    }


def _load(made: Expanded) -> Image:
    return load_image(open_source(made.to_bytes()))


def _dumps(made: Expanded, image: Image) -> dict[str, list[dict[str, str]]]:
    """For each structure what it looks like in child.vhdx: caption and dump."""
    found: dict[str, list[dict[str, str]]] = {}

    def add(placed: Placed, what: str) -> None:
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
                    add(one, f"{one.structure.replace('_', ' ').capitalize()}")

    add(image.identifier, "File type identifier")
    add(image.headers.copies[1].placed, "Header 2, the current one,")
    for place in PLACES:
        if place.structure == "region_table" and "region_table" not in found:
            raw = image.view.read_at(place.offset, STRUCTURES["region_table"].size or 0)
            add(decode.structure("region_table", raw, place.offset), "The first region table")
    assert image.metadata.table is not None
    add(image.metadata.table, "The metadata table")
    _add_items(image, add)
    _add_bat(image, add)
    _add_log(image, add)
    guid = image.metadata.table.file_offset + (STRUCTURES["metadata_table_header"].size or 0)
    add(
        decode.structure("ms_guid", image.view.read_at(guid, STRUCTURES["ms_guid"].size or 0), guid),
        "The first item ID",
    )
    return found


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


if __name__ == "__main__":
    json.dump(samples(), sys.stdout)
