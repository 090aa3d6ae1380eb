"""Sound files with many metadata items, and with large ones; see `bases`."""

from __future__ import annotations

from vhdx_format import layout

from ..conformance.recipe import Geometry, Item, Metadata, Recipe, RegionTables, make_guid, standard_items

_MIB = layout.OBJECT_ALIGNMENT


def item_recipes(disk: Geometry) -> tuple[Recipe, Recipe, Recipe]:
    """A few items, as many as the table holds, and a region with room for items of 1 MiB.

    Args:
        disk: what the files hold.

    Spec: MS-VHDX 2.6.1
    """
    many = tuple(
        Item(make_guid(f"user {number}"), b"", is_user=True) for number in range(layout.METADATA_USER_ENTRIES_MAX)
    )
    system = range(layout.METADATA_ENTRIES_MAX - len(many) - len(standard_items(disk)))
    rest = tuple(Item(make_guid(f"system {number}"), b"") for number in system)
    items = Recipe(name="items", geometry=disk, metadata=Metadata(extra=(*many[:3], rest[0])))
    crowded = Recipe(name="items-2047", geometry=disk, metadata=Metadata(extra=(*many, *rest)))
    roomy = Recipe(
        name="items-large",
        geometry=disk,
        regions=RegionTables(metadata_length=3 * _MIB),
        metadata=Metadata(extra=(large_item(),)),
    )
    return items, crowded, roomy


def large_item() -> Item:
    """An item of some size, apart from the others."""
    return Item(make_guid("a large item"), bytes(range(256)), offset=3 * layout.METADATA_TABLE_SIZE)
