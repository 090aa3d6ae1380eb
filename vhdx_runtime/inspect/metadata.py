"""The metadata region as nodes: the table, every item, and the space between them.

Knows how a region divides: the table first, then the items in the table's order; who comes first gets a byte that
several claim. What an item is, and its value, is taken from the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vhdx_format.layout import METADATA_TABLE_SIZE, STRUCTURES

from ..codec import decode
from ..codec.source import Source
from ..image import Image
from ..semantics.metadata import Item
from ..semantics.regions import Region
from . import locator
from .area import SHOWN_BYTES, Area
from .extents import Claims, Range, gaps
from .node import Node
from .structure import guid_name, structure

PATH = "metadata"


def node(image: Image, area: Area, region: Region) -> Node:
    """The metadata region's node.

    Args:
        image: the file.
        area: of the region.
        region: the region.

    Spec: MS-VHDX 2.6
    """
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
        return locator.node(area, image.locator, name, path, item.file_offset, length, others)
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


def outside(image: Image) -> Iterator[tuple[Range, str]]:
    """The parts of items that lie behind the end of their region, and the items' addresses."""
    region = image.regions.get("metadata")
    for number, item in enumerate(image.metadata.items):
        if region is not None and not item.in_region:
            start = max(item.file_offset, region.end)
            yield (start, item.file_offset + item.length), f"{PATH}.items.{item.name or f'item[{number}]'}"
