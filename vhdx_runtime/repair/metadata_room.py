"""Room in the metadata region: where an item can be put, and what puts it there.

Knows the items that are there and takes the space between and behind them as free. Knows nothing of what an item holds.
"""

from __future__ import annotations

from vhdx_format import layout

from ..codec import decode, encode
from ..codec.overlay import merge_ranges
from ..image import Image
from ..semantics.metadata import Item
from ..write.patch import Patch, diff
from .fields import changed

_ALIGNMENT = 8  # ours: no alignment is asked of items


def added(image: Image, name: str, content: bytes, *, is_virtual_disk: bool) -> tuple[Patch, ...] | None:
    """The patches that add a known item, or give an empty one its content; None where there is no room.

    Args:
        image: with a metadata table.
        name: of the item, as in the layout.
        content: its bytes.
        is_virtual_disk: it describes the disk, not the file.

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
    fields = {"item_id": layout.GUIDS[name].raw, "offset": offset, "length": len(content), "is_required": 1}
    entry = encode.build("metadata_table_entry", {**fields, "is_virtual_disk": int(is_virtual_disk)})
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
