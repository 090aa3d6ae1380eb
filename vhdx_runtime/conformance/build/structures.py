"""Recipe parts to bytes: file type identifier, headers, region tables, metadata, parent locator.

Where a structure goes is the plan's business.
"""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from vhdx_format import layout

from ...codec import encode
from ..recipes.recipe import (
    NIL_GUID,
    Damage,
    Item,
    ParentLocator,
    Recipe,
    RecipeError,
    guid_bytes,
    make_guid,
    standard_items,
)
from .objects import Object, make
from .pattern import image_tag, pattern
from .plan import FilePlan

_TORN_AT = layout.SECTOR_SIZE_512
_UTF16 = "utf-16-le"
_KNOWN_REGIONS = {"bat": layout.BAT_REGION_GUID, "metadata": layout.METADATA_REGION_GUID}


def file_identifier(recipe: Recipe) -> Object:
    """The file type identifier. Spec: MS-VHDX 2.2.1."""
    creator = recipe.creator.encode(_UTF16)
    room = next(f.size or 0 for f in layout.STRUCTURES["file_identifier"].fields if f.id == "creator")
    if len(creator) > room:
        raise RecipeError(f"creator: {len(creator)} bytes for a field of {room}")
    fields = {"signature": layout.FILE_SIGNATURE, "creator": creator.ljust(room, b"\0")}
    return make("file_identifier", "file_identifier", encode.build("file_identifier", fields), recipe.overrides)


def header(recipe: Recipe, plan: FilePlan, number: int) -> Object:
    """Header copy 1 or 2. Spec: MS-VHDX 2.2.2."""
    copy = recipe.headers[number - 1]
    log_offset, log_length = plan.extents["log"]
    fields = {
        "signature": layout.HEADER_SIGNATURE,
        "sequence_number": copy.sequence_number,
        "file_write_guid": guid_bytes(copy.file_write_guid or make_guid(f"{recipe.name}/file")),
        "data_write_guid": guid_bytes(copy.data_write_guid or make_guid(f"{recipe.name}/data")),
        "log_guid": guid_bytes(copy.log_guid or current_log_guid(recipe)),
        "log_version": copy.log_version,
        "version": copy.version,
        "log_length": log_length if copy.log_length is None else copy.log_length,
        "log_offset": log_offset if copy.log_offset is None else copy.log_offset,
    }
    return _damaged(recipe, f"header_{number}", "header", encode.build("header", fields), copy.damage)


def log_guid(recipe: Recipe) -> str:
    """LogGuid of the log's entries."""
    return recipe.log.guid or make_guid(f"{recipe.name}/log")


def current_log_guid(recipe: Recipe) -> str:
    """LogGuid that the headers carry where they do not say otherwise: nil for a clean log."""
    is_dirty = bool(recipe.log.entries) if recipe.log.is_dirty is None else recipe.log.is_dirty
    return log_guid(recipe) if is_dirty else NIL_GUID


def region_table(recipe: Recipe, plan: FilePlan, number: int) -> Object:
    """Region table copy 1 or 2. Spec: MS-VHDX 2.2.3."""
    tables = recipe.regions
    extra = {region.guid: region for region in tables.extra}
    entries = []
    for name in (*tables.order, *(guid for guid in extra if guid not in tables.order)):
        if name not in plan.extents or name == "log":
            raise RecipeError(f"regions.order: no region is called {name}")
        file_offset, length = plan.extents[name]
        entries.append(
            {
                "guid": _KNOWN_REGIONS.get(name) or guid_bytes(name),
                "file_offset": file_offset,
                "length": length,
                "required": extra[name].required if name in extra else tables.known_required,
            }
        )
    head = {"signature": layout.REGION_SIGNATURE, "entry_count": len(entries)}
    raw = _table("region_table_header", head, "region_table_entry", entries, layout.REGION_TABLE_SIZE)
    return _damaged(recipe, f"region_table_{number}", "region_table", raw, tables.damage[number - 1])


def metadata(recipe: Recipe, locator: ParentLocator | None) -> list[tuple[int, Object]]:
    """The metadata table and every item.

    Args:
        recipe: the recipe.
        locator: the parent locator, for an item that has no content of its own.

    Returns:
        (offset from the start of the metadata region, object), an item that has no bytes left out.

    Spec: MS-VHDX 2.6
    """
    items = table_items(recipe)
    contents = [_content(recipe, item, locator) for item in items]
    offsets = _item_offsets(recipe, items, contents)
    entries = [
        {
            "item_id": _item_guid(item),
            "offset": offset,
            "length": len(content.data),
            "is_user": item.is_user,
            "is_virtual_disk": item.is_virtual_disk,
            "is_required": item.is_required,
        }
        for item, content, offset in zip(items, contents, offsets, strict=True)
    ]
    head = {"signature": layout.METADATA_SIGNATURE, "entry_count": len(entries)}
    raw = _table("metadata_table_header", head, "metadata_table_entry", entries, layout.METADATA_TABLE_SIZE)
    table = make("metadata_table", "metadata_table", raw, recipe.overrides)
    return [(0, table), *((o, content) for o, content in zip(offsets, contents, strict=True) if content.data)]


def table_items(recipe: Recipe) -> tuple[Item, ...]:
    """The items of the metadata table, in its order."""
    given = recipe.metadata.items
    return (*(standard_items(recipe.geometry) if given is None else given), *recipe.metadata.extra)


def _item_guid(item: Item) -> bytes:
    known = layout.GUIDS.get(item.item_id)
    return known.raw if known is not None else guid_bytes(item.item_id)


def _item_offsets(recipe: Recipe, items: tuple[Item, ...], contents: list[Object]) -> list[int]:
    order = recipe.metadata.data_order
    position = layout.METADATA_TABLE_SIZE
    offsets = [0] * len(items)
    for index in (*order, *(i for i in range(len(items)) if i not in order)):
        given = items[index].offset
        if given is not None or not contents[index].data:
            offsets[index] = given or 0
            continue
        offsets[index] = position
        position += len(contents[index].data) + recipe.metadata.gap
    return offsets


def _content(recipe: Recipe, item: Item, locator: ParentLocator | None) -> Object:
    if item.content is not None:
        return make("", "", item.content)
    if item.item_id == "parent_locator":
        if locator is None:
            raise RecipeError("metadata: a parent locator needs `parent`, or a parent to be expanded over")
        return make("parent_locator", "parent_locator", parent_locator(locator), recipe.overrides)
    if item.item_id not in layout.ITEMS:
        raise RecipeError(f"metadata: item {item.item_id} needs its content")
    values = _values(recipe)
    fields = {one.id: values[one.id] for one in layout.STRUCTURES[item.item_id].fields if one.id in values}
    return make(item.item_id, item.item_id, encode.build(item.item_id, fields), recipe.overrides)


def _values(recipe: Recipe) -> dict[str, Any]:
    """What the items hold, by field: the geometry, and what is declared where it does not say."""
    geometry = recipe.geometry
    values: dict[str, Any] = {}
    for name, item in layout.ITEMS.items():
        value = guid_bytes(make_guid(f"{recipe.name}/{name}")) if isinstance(item.default, str) else item.default
        values[layout.STRUCTURES[name].fields[0].id] = value or 0
    values |= {field.name: getattr(geometry, field.name) for field in dataclass_fields(geometry)}
    disk_id = guid_bytes(geometry.virtual_disk_id or make_guid(f"{recipe.name}/disk"))
    flags = {"leave_block_allocated": geometry.disk_type == "fixed", "has_parent": geometry.disk_type == "differencing"}
    return values | flags | {"virtual_disk_id": disk_id}


def parent_locator(locator: ParentLocator) -> bytes:
    """The parent locator: header, entries, then the strings as key, value, key, value. Spec: MS-VHDX 2.6.2.6."""
    pairs = [(_encoded(key), _encoded(value)) for key, value in locator.pairs]
    sizes = [layout.STRUCTURES[name].size or 0 for name in ("parent_locator_header", "parent_locator_entry")]
    position = sizes[0] + sizes[1] * len(pairs)
    entries = []
    for key, value in pairs:
        places = {"key_offset": position, "value_offset": position + len(key)}
        entries.append(places | {"key_length": len(key), "value_length": len(value)})
        position += len(key) + len(value)
    head = {"locator_type": guid_bytes(locator.locator_type), "key_value_count": len(pairs)}
    raw = _table("parent_locator_header", head, "parent_locator_entry", entries, 0)
    return raw + b"".join(key + value for key, value in pairs)


def locator_for(parent: Recipe, *, is_full: bool = False) -> ParentLocator:
    """A locator for a parent in the child's own folder.

    Args:
        parent: the parent's recipe.
        is_full: all five pairs as Hyper-V writes them: a plain Windows path, a volume path, a nil second linkage.

    Returns:
        The locator; without `is_full` parent_linkage and relative_path only.
    """
    linkage = (layout.KEY_PARENT_LINKAGE.decode(), f"{{{parent.data_write_guid}}}")
    relative = (layout.KEY_RELATIVE_PATH.decode(), f".\\{parent.path}")
    if not is_full:
        return ParentLocator((linkage, relative))
    volume = f"\\\\?\\Volume{{{make_guid('volume')}}}\\images\\{parent.path}"
    return ParentLocator(
        (
            linkage,
            (layout.KEY_ABSOLUTE_WIN32_PATH.decode(), f"C:\\images\\{parent.path}"),
            relative,
            (layout.KEY_VOLUME_PATH.decode(), volume),
            (layout.KEY_PARENT_LINKAGE2.decode(), f"{{{NIL_GUID}}}"),
        )
    )


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(_UTF16, "surrogatepass")


def _table(head_name: str, head: dict[str, Any], entry_name: str, entries: list[dict[str, Any]], size: int) -> bytes:
    parts = [encode.build(head_name, head), *(encode.build(entry_name, entry) for entry in entries)]
    raw = b"".join(parts)
    if size and len(raw) > size:
        raise RecipeError(f"{entry_name}: {len(entries)} entries do not fit")
    return raw.ljust(size, b"\0")


def _damaged(recipe: Recipe, target: str, structure: str, raw: bytes, damage: Damage) -> Object:
    if damage == "torn":
        noise = pattern(image_tag(recipe.name, stale=True), 0, 0, len(raw) - _TORN_AT)
        raw = raw[:_TORN_AT] + noise
    return make(target, structure, raw, recipe.overrides, damage)
