"""The metadata as bytes: known items, the entries that name them, and a table of these.

Which items there are, of what form and with which flags, is declared with their GUIDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from vhdx_format.layout import GUIDS, ITEMS, METADATA_SIGNATURE, METADATA_TABLE_SIZE, STRUCTURES

from ..codec import encode


def defaults() -> dict[str, int | bytes]:
    """What may be stored where nobody says a value: by field, integers, or a new GUID as it is stored."""
    declared = {STRUCTURES[name].fields[0].id: item.default for name, item in ITEMS.items()}
    return {
        field: value if isinstance(value, int) else uuid4().bytes_le
        for field, value in declared.items()
        if value is not None
    }


def content(name: str, values: Mapping[str, Any]) -> bytes:
    """An item with those of some values, by field, that are its fields."""
    own = {field.id for field in STRUCTURES[name].fields}
    return encode.build(name, {field: value for field, value in values.items() if field in own})


def written(items: Mapping[str, tuple[int, int]]) -> bytes:
    """A table of known items, given by name with offset in the region and length, in bytes. Spec: MS-VHDX 2.6.1."""
    raw = encode.build("metadata_table_header", {"signature": METADATA_SIGNATURE, "entry_count": len(items)})
    raw += b"".join(entry(name, *place) for name, place in items.items())
    return raw.ljust(METADATA_TABLE_SIZE, b"\0")


def entry(name: str, offset: int, length: int) -> bytes:
    """The entry of a known item, with the flags of its kind; offset and length in bytes. Spec: MS-VHDX 2.6.1.2."""
    known = GUIDS[name]
    fields = {"item_id": known.raw, "offset": offset, "length": length, "is_required": int(bool(known.required))}
    return encode.build("metadata_table_entry", fields | {"is_virtual_disk": int(ITEMS[name].owner == "disk")})
