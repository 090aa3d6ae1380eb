"""The metadata region as nodes: the table, every item, and the space between them.

Knows how a region divides: the table first, then the items in the table's order; who comes first gets a byte that
several claim. What an item is, and its value, is taken from the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vhdx_format.layout import METADATA_TABLE_SIZE, STRUCTURES

from ..codec import decode
from ..codec.source import Source
from ..disk.image import Image
from ..semantics.locator import (
    ABSOLUTE_WIN32_PATH,
    PARENT_LINKAGE,
    PARENT_LINKAGE2,
    RELATIVE_PATH,
    VOLUME_PATH,
    Locator,
    Pair,
)
from ..semantics.metadata import Item
from ..semantics.regions import Region
from .area import SHOWN_BYTES, Area
from .claims import Bounds, Claims, FileExtent, gaps
from .node import Node
from .structure import fields, guid_name, structure

_KEYS = (PARENT_LINKAGE, PARENT_LINKAGE2, RELATIVE_PATH, VOLUME_PATH, ABSOLUTE_WIN32_PATH)
_ENTRY = "parent_locator_entry"
_ENTRIES = next(field for field in STRUCTURES["parent_locator"].fields if field.id == "entries")


def locator_node(
    area: Area, locator: Locator, name: str, path: str, offset: int, length: int, others: Mapping[str, Any]
) -> Node:
    """The locator's node. Spec: MS-VHDX 2.6.2.6."""
    return area.node(
        name,
        path,
        "structure",
        offset,
        length,
        structure="parent_locator",
        findings=tuple(found for key in ("", *_KEYS) for found in area.at(offset, key)),
        children=lambda: _pairs_of(area, locator, path, offset, length),
        lookup=lambda wanted: _value(area, locator, path, offset, length, wanted),
        **others,
    )


def _pairs_of(area: Area, locator: Locator, path: str, offset: int, length: int) -> Iterator[Node]:
    claims = Claims()
    size = min(len(locator.header.raw), STRUCTURES["parent_locator_header"].size or 0, length)
    inside = area.part(claims, offset, size, f"{path}.header")
    yield structure(inside, locator.header, "header", f"{path}.header", size=size, is_part=True)
    first = offset + (_ENTRIES.offset or 0)
    table = len(locator.pairs) * (STRUCTURES[_ENTRY].size or 0)
    entries = area.part(claims, first, max(0, min(table, offset + length - first)), f"{path}.entries")
    for number, pair in enumerate(locator.pairs):
        yield _pair(area, entries, claims, pair, number, path, offset, length)
    for low, high in gaps(sorted(claims), within=(offset, offset + length)):
        name = f"free[{low - offset:#x}]"
        yield area.filled(name, f"{path}.{name}", "free", low, high - low)


def _pair(
    area: Area, entries: Area, claims: Claims, pair: Pair, number: int, path: str, offset: int, length: int
) -> Node:
    """An entry, with its strings below it although they lie elsewhere in the item."""
    name = f"entries[{number}]"
    size = STRUCTURES[_ENTRY].size or 0
    strings = list(_strings(area, claims, pair, f"{path}.{name}", offset, length))
    parts: tuple[FileExtent, ...] = ((pair.entry.file_offset, size), *(part for text in strings for part in text.parts))

    def _pairs_of() -> Iterable[Node]:
        yield from fields(entries, pair.entry, f"{path}.{name}", size)
        yield from strings

    own = entries.node(name, f"{path}.{name}", "structure", pair.entry.file_offset, size)
    extents = (
        own.extents if own.extents is None else (*own.extents, *(e for text in strings for e in text.extents or ()))
    )
    return Node(
        name,
        f"{path}.{name}",
        "structure",
        parts,
        extents,
        structure=_ENTRY,
        value=pair.value,
        meaning=pair.key or "",
        findings=(*entries.at(pair.entry.file_offset, ""),),
        missing=own.missing + sum(text.missing for text in strings),
        from_log=own.from_log or any(text.from_log for text in strings),
        note=f"left out ({pair.skipped})" if pair.skipped else "",
        children=_pairs_of,
        source=area.source,
    )


def _strings(area: Area, claims: Claims, pair: Pair, path: str, offset: int, length: int) -> Iterator[Node]:
    if not pair.entry.complete:
        return
    values = pair.entry.fields
    for name, start, size, text in (
        ("key", values.key_offset, values.key_length, pair.key),
        ("value", values.value_offset, values.value_length, pair.value),
    ):
        place = offset + start
        inside = max(0, min(size, offset + length - place))
        if not start or not inside:
            continue
        part = area.part(claims, place, inside, f"{path}.{name}")
        found = (*area.at(place, name), *(area.at(place, pair.key or "") if name == "value" else ()))
        raw = area.source.read_at(place, min(inside, SHOWN_BYTES))
        yield part.node(
            name, f"{path}.{name}", "text", place, inside, value=text, raw=raw, findings=found, structure=_ENTRY
        )


def _value(area: Area, locator: Locator, path: str, offset: int, length: int, key: str) -> Node | None:
    """The value of the first pair with this key."""
    for number, pair in enumerate(locator.pairs):
        if pair.key == key:
            for made in _pairs_of(area, locator, path, offset, length):
                if made.name == f"entries[{number}]" and made.children is not None:
                    return next((inner for inner in made.children() if inner.name == "value"), None)
    return None


PATH = "metadata"


def node(image: Image, area: Area, region: Region) -> Node:
    """The metadata region's node. Spec: MS-VHDX 2.6."""
    return area.node(
        PATH,
        PATH,
        "structure",
        region.file_offset,
        region.length,
        findings=area.at(region.file_offset, "length"),
        details={"region": region.placed.label},
        children=lambda: _children(image, area, region),
    )


def _children(image: Image, area: Area, region: Region) -> Iterator[Node]:
    claims = Claims()
    table = image.metadata.table
    start, end = region.file_offset, region.end
    if table is not None:
        size = min(METADATA_TABLE_SIZE, region.length)
        inside = area.part(claims, start, size, f"{PATH}.table")
        yield structure(inside, table, "table", f"{PATH}.table", size=size)
    items = _items(image, area, claims, region)
    yield Node("items", f"{PATH}.items", "list", children=lambda: items)
    for low, high in gaps(sorted(claims), within=(start, end)):
        name = f"free[{low - start:#x}]"
        yield area.filled(name, f"{PATH}.{name}", "free", low, high - low)


def _items(image: Image, area: Area, claims: Claims, region: Region) -> list[Node]:
    taken: set[str] = set()
    found = []
    for number, item in enumerate(image.metadata.items):
        name = item.name if item.name and item.name not in taken else f"item[{number}]"
        taken.add(name)
        length = max(0, min(item.length, region.end - item.file_offset))
        path = f"{PATH}.items.{name}"
        part = area.part(claims, item.file_offset, length, path)
        found.append(_item(image, part, item, name, path, length))
    return found


def _item(image: Image, area: Area, item: Item, name: str, path: str, length: int) -> Node:
    others: dict[str, Any] = {
        "value": decode.guid_text(item.item_id),
        "meaning": _meaning(item),
        "note": "" if item.in_region else "reaches past the end of the region",
        "details": {"is_user": item.is_user, "is_required": item.is_required, "offset": item.offset},
    }
    is_locator = item is image.metadata.get("parent_locator")
    if is_locator and image.locator is not None and image.locator.header.raw:
        return locator_node(area, image.locator, name, path, item.file_offset, length, others)
    if item.placed is None or not length:
        raw = _head(area.source, item.file_offset, length)
        found = area.at(item.file_offset, "") if is_locator else ()
        return area.node(name, path, "opaque", item.file_offset, length, raw=raw, findings=found, **others)
    size = STRUCTURES[item.placed.structure].size or 0

    def _excess() -> Iterable[Node]:
        if size < length:
            yield area.filled("rest", f"{path}.rest", "free", item.file_offset + size, length - size)

    made = structure(area, item.placed, name, path, size=size, more=_excess, **others)
    if size >= length:
        return made
    return area.node(
        name,
        path,
        "structure",
        item.file_offset,
        length,
        structure=made.structure,
        findings=made.findings,
        children=made.children,
        lookup=made.lookup,
        **others,
    )


def _meaning(item: Item) -> str:
    return "user item" if item.is_user else guid_name(item.item_id) or "unknown item"


def _head(source: Source, offset: int, length: int) -> bytes:
    return source.read_at(offset, min(length, SHOWN_BYTES)) if length else b""


def outside(image: Image) -> Iterator[tuple[Bounds, str]]:
    """The parts of items that lie behind the end of their region, and the items' addresses."""
    region = image.regions.get("metadata")
    for number, item in enumerate(image.metadata.items):
        if region is not None and not item.in_region:
            start = max(item.file_offset, region.end)
            yield (start, item.file_offset + item.length), f"{PATH}.items.{item.name or f'item[{number}]'}"
