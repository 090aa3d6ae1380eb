"""Repairs of the metadata table and of the items whose value may be set without knowing more than the file says.

The parent locator is for `locator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import permutations
from typing import Any, Final
from uuid import UUID, uuid4

from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...change.preview import patched
from ...check import Report, mending
from ...codec import decode
from ...codec.decode import Placed
from ...codec.overlay import merge_ranges
from ...disk.image import Image, load_image
from ...semantics import items as known
from ...semantics import locator as locator_module
from ...semantics.geometry import Geometry
from ...semantics.metadata import NEEDED, Item
from ...write.patch import Patch, diff
from .. import given
from ..given import NOTHING
from ..plan import Repair
from . import regions_search
from .fields import changed

_ALIGNMENT: Final = 8  # ours: no alignment is asked of items


def added(image: Image, name: str, content: bytes) -> tuple[Patch, ...] | None:
    """The patches that add a known item, or give an empty one its content; None where there is no room.

    Args:
        image: with a metadata table.
        name: of the item, as in the layout.
        content: its bytes.

    Spec: MS-VHDX 2.6.1
    """
    table = image.metadata.table
    header = decode.part(table, "header") if table is not None else None
    offset = free_offset(image, len(content))
    if table is None or header is None or offset is None:
        return None
    patches = [*_written(image, table.file_offset + offset, content)]
    present = image.metadata.get(name)
    if present is not None:
        return (*patches, *changed(present.entry, offset=offset, length=len(content)))
    count = header.fields.entry_count
    if count >= layout.METADATA_ENTRIES_MAX:
        return None
    entry = known.entry(name, offset, len(content))
    place = table.file_offset + len(header.raw) + count * layout.METADATA_ENTRY_SIZE
    return (*patches, *_written(image, place, entry), *changed(header, entry_count=count + 1))


def replaced(image: Image, item: Item, content: bytes) -> tuple[Patch, ...] | None:
    """The patches that give an item other content: in its place where it fits, else where there is room, or None.

    What the item no longer uses of its old place becomes zero.

    Spec: MS-VHDX 2.6.1
    """
    table = image.metadata.table
    if table is None:
        return None
    if len(content) <= item.length:
        patches = _written(image, item.file_offset, content.ljust(item.length, b"\0"))
        return (*patches, *changed(item.entry, length=len(content)))
    offset = free_offset(image, len(content))
    if offset is None:
        return None
    patches = _written(image, table.file_offset + offset, content)
    return (*patches, *changed(item.entry, offset=offset, length=len(content)))


def removed(image: Image, item: Item) -> tuple[Patch, ...]:
    """The patches that take an item out of the table; its bytes become free space as they are.

    Nothing where the table counts more entries than it can hold.

    Spec: MS-VHDX 2.6.1
    """
    table = image.metadata.table
    header = decode.part(table, "header") if table is not None else None
    if table is None or header is None or header.fields.entry_count != len(image.metadata.items):
        return ()
    entries = [other.entry.raw for other in image.metadata.items]
    left = [other.entry.raw for other in image.metadata.items if other is not item]
    start = table.file_offset + len(header.raw)
    moved = diff(start, b"".join(entries), b"".join((*left, bytes(len(item.entry.raw)))))
    return (*changed(header, entry_count=header.fields.entry_count - 1), *moved)


def free_offset(image: Image, length: int) -> int | None:
    """Where in the metadata region so many bytes are free, from its start on; None where nowhere.

    Args:
        image: with a metadata region.
        length: in bytes.
    """
    region = image.regions.get("metadata")
    if region is None or length > layout.METADATA_ITEM_LENGTH_MAX:
        return None
    items = [(item.offset, item.offset + item.length) for item in image.metadata.items if item.length]
    limit = min(region.length, image.view.size - region.file_offset)
    position = layout.METADATA_TABLE_SIZE
    for start, end in merge_ranges([*items, (limit, limit + 1)]):
        if position + length <= start and position + length <= limit:
            return position
        position = max(position, -(-end // _ALIGNMENT) * _ALIGNMENT)
    return None


def _written(image: Image, file_offset: int, content: bytes) -> tuple[Patch, ...]:
    return tuple(diff(file_offset, image.view.read_at(file_offset, len(content)), content))


_RULES: Final = ("MDT-001", "MDT-017", *NEEDED.values())
_NEEDED: Final = ("block_size", "virtual_disk_size", "logical_sector_size")
_ORDERS: Final = tuple(permutations(NEEDED))
_USUAL: Final = tuple(order for order in _ORDERS if order[:2] == _ORDERS[0][:2])
_OTHER: Final = tuple(order for order in _ORDERS if order not in _USUAL)
_LOOKED_AT: Final = layout.LOG_SECTOR_SIZE  # bytes of items; ours: those of all known writers lie in the first ones

_Items = dict[str, tuple[int, int]]
"""Name of an item to its offset in the region and its length."""


def anew(image: Image, report: Report, values: Mapping[str, Any]) -> Iterator[Repair]:
    """A repair that makes a metadata table, where its items are found or known.

    Args:
        image: with a metadata region, and with no shape of a disk.
        report: on it.
        values: what a person says, by field.

    Yields:
        One repair, or none.

    Spec: MS-VHDX 2.6.1, 2.6.2
    """
    rules = tuple(rule for rule in _RULES if rule in report.totals)
    if not rules or not mending.is_table_lost(image):
        return
    found = list(_fitting(image, values, _USUAL)) or list(_fitting(image, values, _OTHER))
    bat = image.regions.get("bat")
    if len({geometry for geometry, _ in found}) > 1 and bat is not None:
        found = [one for one in found if regions_search.verdict(image, one[0], bat.file_offset, bat.length)]
    geometries = {geometry for geometry, _ in found}
    if len(geometries) == 1:
        summary = f"make a metadata table for the items found: {_shown(found[0][0])}"
        yield Repair(rules, summary, OFFERED, patches=found[0][1])
        return
    lacks = [name for name in _NEEDED if name not in values]
    if lacks:
        yield Repair(rules, "make a metadata table", OFFERED, lacks=given.missing(lacks))
        return
    patches = _made(image, values)
    geometry = _geometry(image, patches)
    if geometry is not None:
        yield Repair(rules, f"make a metadata table as said: {_shown(geometry)}", OFFERED, patches=patches)


def _shown(geometry: Geometry) -> str:
    sizes = f"{geometry.virtual_disk_size} bytes in blocks of {geometry.block_size}"
    return f"{geometry.disk_type}, {sizes}, sectors of {geometry.logical_sector_size}"


def _fitting(
    image: Image, values: Mapping[str, Any], orders: Iterable[tuple[str, ...]]
) -> Iterator[tuple[Geometry, tuple[Patch, ...]]]:
    """Shapes of a disk that the items may have, each with the patches."""
    region = image.regions.get("metadata")
    if region is None:
        return
    start = region.file_offset + layout.METADATA_TABLE_SIZE
    raw = image.view.read_at(start, min(region.length - layout.METADATA_TABLE_SIZE, _LOOKED_AT))
    for order in orders:
        items = _parsed(raw, order, values)
        if items is None:
            continue
        patches = _table(image, {name: (layout.METADATA_TABLE_SIZE + at, size) for name, (at, size) in items.items()})
        geometry = _geometry(image, patches)
        if geometry is not None and geometry.physical_sector_size >= geometry.logical_sector_size:
            yield geometry, patches


def _parsed(raw: bytes, order: tuple[str, ...], values: Mapping[str, Any]) -> _Items | None:
    """Where the items lie in their bytes, if they stand there in an order; None where they do not."""
    at, items = 0, {}
    has_parent = False
    for name in order:
        size = layout.STRUCTURES[name].size or 0
        placed = decode.structure(name, raw[at : at + size], at)
        if not placed.complete or decode.findings(placed) or not _agrees(placed, values):
            return None
        has_parent |= bool(getattr(placed.fields, "has_parent", 0))
        items[name] = (at, size)
        at += size
    if has_parent:
        found = raw.find(layout.VHDX_LOCATOR_TYPE_GUID, at)
        if found < 0:
            return None
        items["parent_locator"] = (found, _locator_length(raw[found:]))
        return None if any(raw[at:found]) else items
    return None if any(raw[at:]) else items


def _agrees(placed: Placed, values: Mapping[str, Any]) -> bool:
    own = (field.id for field in layout.STRUCTURES[placed.structure].fields if field.id in values)
    return all(values[name] in (found := getattr(placed.fields, name), getattr(found, "raw", None)) for name in own)


def _locator_length(raw: bytes) -> int:
    """Length in bytes of a parent locator, as far as its pairs reach."""
    locator = locator_module.parse(raw, 0)
    ends = [len(locator.header.raw)]
    for pair in locator.pairs:
        fields = pair.entry.fields
        ends += [fields.key_offset + fields.key_length, fields.value_offset + fields.value_length]
    return max(ends)


def _made(image: Image, values: Mapping[str, Any]) -> tuple[Patch, ...]:
    """The patches that put items with some values behind all that lies in the region, and a table that names them."""
    region = image.regions.get("metadata")
    if region is None:
        return ()
    values = {**known.defaults(), **values}
    whole = image.view.read_at(region.file_offset, region.length)
    used = max(len(whole.rstrip(b"\0")), layout.METADATA_TABLE_SIZE)
    at = -(-used // _ALIGNMENT) * _ALIGNMENT
    items: _Items = {}
    patches: list[Patch] = []
    for name in NEEDED:
        raw = known.content(name, values)
        if at + len(raw) > region.length:
            return ()
        items[name] = (at, len(raw))
        patches += diff(region.file_offset + at, whole[at : at + len(raw)], raw)
        at += len(raw)
    return (*patches, *_table(image, items))


def _table(image: Image, items: _Items) -> tuple[Patch, ...]:
    """The patches that write a table of some known items."""
    region = image.regions.get("metadata")
    if region is None:
        return ()
    old = image.view.read_at(region.file_offset, layout.METADATA_TABLE_SIZE)
    return tuple(diff(region.file_offset, old, known.written(items)))


def _geometry(image: Image, patches: tuple[Patch, ...]) -> Geometry | None:
    """The shape of the disk with patches done, where nothing refuses it."""
    after = load_image(patched(image.view, patches))
    refused = any(finding.verdict == "refuse" for finding in after.metadata.findings)
    return None if refused else after.geometry


_ENTRY_REPAIRS: dict[str, tuple[str, str, Callable[[Item], dict[str, Any]]]] = {
    "MDT-010": (AUTO, "set the offset of empty items to 0", lambda _: {"offset": 0}),
    "MDT-013": (AUTO, "clear the reserved bits of the flag words", lambda _: {"reserved": 0}),
    "MDT-014": (AUTO, "clear the reserved words", lambda _: {"reserved2": 0}),
    "MDT-016": (OFFERED, "take the mark 'required' from user items", lambda _: {"is_required": 0}),
    "ITM-017": (AUTO, "give known items the flags of their kind", lambda item: _usual_flags(item)),
}


def repairs(image: Image, report: Report, values: Mapping[str, Any] = NOTHING) -> Iterator[Repair]:
    """Repairs of the metadata.

    Yields:
        One repair for each broken rule, each right by itself.

    Spec: MS-VHDX 2.6.1, 2.6.2
    """
    yield from anew(image, report, values)
    table = image.metadata.table
    header = decode.part(table, "header") if table is not None else None
    if table is None or header is None:
        return
    if "MDT-002" in report.totals:
        size = len(header.fields.reserved2)
        patches = changed(header, reserved=0, reserved2=bytes(size))
        yield Repair(("MDT-002",), "clear the reserved bytes of the metadata table's header", AUTO, patches=patches)
    for rule, (consent, summary, change) in _ENTRY_REPAIRS.items():
        if rule in report.totals:
            broken = [item for item in image.metadata.items if _breaks(item, rule)]
            yield _joined(rule, consent, summary, (changed(item.entry, **change(item)) for item in broken))
    yield from _as_said(image, report, values)
    yield from _values(image, report)
    if image.geometry is not None:
        yield from _missing(image, report)


def _breaks(item: Item, rule: str) -> bool:
    return any(finding.rule == rule for finding in decode.findings(item.entry))


def _joined(rule: str, consent: str, summary: str, parts: Iterator[tuple[Patch, ...]]) -> Repair:
    return Repair((rule,), summary, consent, patches=tuple(patch for part in parts for patch in part))


def _usual_flags(item: Item) -> dict[str, Any]:
    return {"is_required": 1, "is_virtual_disk": int(item.entry.fields.is_disk_property)}


def _as_said(image: Image, report: Report, values: Mapping[str, Any]) -> Iterator[Repair]:
    """What a person says of items that are there and break a rule."""
    rules = tuple(rule for rule in report.totals if values.keys() & given.of_rule(rule))
    said = {name: values[name] for rule in rules for name in given.of_rule(rule) if name in values}
    patches: list[Patch] = []
    for structure in NEEDED:
        item = image.metadata.get(structure)
        own = {name: value for name, value in said.items() if given.FIELDS[name][0] == structure}
        if own and item is not None and item.placed is not None:
            patches += changed(item.placed, **own)
    if patches:
        after = load_image(patched(image.view, patches)).findings
        still = [rule for rule in rules if any(finding.rule == rule for finding in after)]
        lacks = f"what you say does not keep {', '.join(still)} either" if still else ""
        words = ", ".join(f"{name} {UUID(bytes_le=v) if isinstance(v, bytes) else v}" for name, v in said.items())
        yield Repair(rules, f"put in what you say: {words}", OFFERED, patches=tuple(patches), lacks=lacks)


def _values(image: Image, report: Report) -> Iterator[Repair]:
    """Values of items that are there."""
    values: dict[str, tuple[str, str, str, dict[str, Any]]] = {
        "ITM-004": ("file_parameters", OFFERED, "clear the reserved bits of the file parameters", {"reserved": 0}),
        "ITM-011": (
            "virtual_disk_id",
            OFFERED,
            "give the disk a random identifier; to a guest that goes by it, it is then another disk",
            {"virtual_disk_id": uuid4().bytes_le},
        ),
        "ITM-015": (
            "physical_sector_size",
            AUTO,
            f"set the physical sector size to {layout.PHYSICAL_SECTOR_SIZE_DEFAULT}",
            {"physical_sector_size": layout.PHYSICAL_SECTOR_SIZE_DEFAULT},
        ),
    }
    for rule, (name, consent, summary, change) in values.items():
        item = image.metadata.get(name)
        if rule in report.totals and item is not None and item.placed is not None:
            yield Repair((rule,), summary, consent, patches=changed(item.placed, **change))


def _missing(image: Image, report: Report) -> Iterator[Repair]:
    """Items that a file can be given anew."""
    values = known.defaults()
    for name, rule in NEEDED.items():
        field = layout.STRUCTURES[name].fields[0]
        if rule not in report.totals or field.id not in values:
            continue
        patches = added(image, name, known.content(name, values))
        shown = "a random identifier" if field.type == "guid" else f"{values[field.id]!r} {field.unit}"
        if patches is not None:
            yield Repair((rule,), f"add the item {name}: {shown}", AUTO, patches=patches)
