"""The metadata: the table, its items, and the values of those that are known.

Reads the view after replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vhdx_format.layout import (
    GUIDS,
    HEADER_SECTION_SIZE,
    ITEMS,
    METADATA_ITEM_LENGTH_MAX,
    METADATA_SIGNATURE,
    METADATA_SYSTEM_ENTRIES_USUAL_MAX,
    METADATA_TABLE_SIZE,
    METADATA_USER_ENTRIES_MAX,
    OBJECT_ALIGNMENT,
    STRUCTURES,
)

from ..codec import decode
from ..codec.decode import Placed
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..wording import brief

_PLACES_SEARCHED = 60_000  # MiB of a file
_NAMES = {declared.raw: name for name, declared in GUIDS.items()}
NEEDED = {name: item.missing for name, item in ITEMS.items() if item.missing}
"""The items that every disk has, each with the rule that wants it there."""


@dataclass(frozen=True, slots=True)
class Item:
    """One metadata item.

    Attributes:
        name: the known item's name, as its structure in the layout, or None.
        item_id: sixteen bytes.
        is_user: a user item.
        is_required: who does not know it must refuse.
        offset: from the start of the region, in bytes.
        length: in bytes.
        file_offset: where the item's bytes start in the file.
        in_region: the item lies inside the region.
        entry: its entry in the table.
        placed: its value, parsed, for known items of fixed form that are long enough.
    """

    __repr__ = brief

    name: str | None
    item_id: bytes
    is_user: bool
    is_required: bool
    offset: int
    length: int
    file_offset: int
    in_region: bool
    entry: Placed
    placed: Placed | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata table and its items.

    Attributes:
        table: the table, or None without a metadata region.
        items: in the table's order.
        findings: what is wrong.
    """

    __repr__ = brief

    table: Placed | None
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]

    def get(self, name: str) -> Item | None:
        """The first item of that name."""
        return next((item for item in self.items if item.name == name), None)


def load(view: Source, region_offset: int, region_length: int) -> Metadata:
    """Read the metadata table and the known items of fixed form.

    Returns:
        The table, the items and the findings. Never raises for what the bytes say.

    Spec: MS-VHDX 2.6
    """
    raw = view.read_at(region_offset, min(METADATA_TABLE_SIZE, region_length))
    table = decode.structure("metadata_table", raw, region_offset)
    findings: list[Finding] = []
    if region_length < METADATA_TABLE_SIZE:
        found, expected = f"length {region_length:#x}", f"at least {METADATA_TABLE_SIZE:#x}"
        findings.append(make("MDT-004", Place("metadata region", "length", region_offset), found, expected))
    header = decode.part(table, "header")
    if header is None or not header.complete:
        findings.append(make("MDT-001", table.place("header"), "nothing, the file ends", "a metadata table"))
        return Metadata(table, (), tuple(findings))
    findings += decode.findings(header)
    if not decode.holds(header, "MDT-001"):
        return Metadata(table, (), tuple(findings))
    entries = decode.elements(table, "entries")
    items = tuple(_item(view, entry, region_offset, region_length) for entry in entries if entry.complete)
    for item in items:
        findings += _item_findings(item, region_length)
    findings += _table_findings(items, table)
    return Metadata(table, items, tuple(findings))


def _item(view: Source, entry: Placed, region_offset: int, region_length: int) -> Item:
    fields = entry.fields
    name = None if fields.is_user else _NAMES.get(fields.item_id.raw)
    in_region = fields.offset + fields.length <= region_length
    placed = None
    size = STRUCTURES[name].size if name in STRUCTURES else None
    if name and size and in_region and fields.length >= size and fields.offset >= METADATA_TABLE_SIZE:
        start = region_offset + fields.offset
        placed = decode.structure(name, view.read_at(start, size), start)
        placed = placed if placed.complete else None
    return Item(
        name,
        fields.item_id.raw,
        bool(fields.is_user),
        bool(fields.is_required),
        fields.offset,
        fields.length,
        region_offset + fields.offset,
        in_region,
        entry,
        placed,
    )


def _item_findings(item: Item, region_length: int) -> list[Finding]:
    conditions = ["known" if item.entry.fields.is_known else "unknown"]
    if item.is_required:
        conditions.append("required")
    size = STRUCTURES[item.name].size if item.name in STRUCTURES else None
    if size:
        conditions.append("longer" if item.length > size else "shorter")
    found = decode.findings(item.entry, conditions=conditions)
    if not item.in_region:
        end = item.offset + item.length
        place = item.entry.place("offset")
        found.append(
            make("MDT-007", place, f"{item.offset:#x} to {end:#x}", f"an end by {region_length:#x}", conditions)
        )
    if item.placed is not None:
        found += decode.findings(item.placed)
    return found


def _table_findings(items: Sequence[Item], table: Placed) -> list[Finding]:
    found: list[Finding] = []
    seen: set[tuple[bytes, bool]] = set()
    for item in items:
        key = (item.item_id, item.is_user)
        if key in seen:
            conditions = ["known" if item.entry.fields.is_known else "unknown"]
            shown = f"{decode.guid_text(item.item_id)} again"
            found.append(make("MDT-005", item.entry.place("item_id"), shown, "each item once", conditions))
        seen.add(key)
    users = sum(item.is_user for item in items)
    for rule, kind, count, limit in (
        ("MDT-011", "user", users, METADATA_USER_ENTRIES_MAX),
        ("MDT-012", "system", len(items) - users, METADATA_SYSTEM_ENTRIES_USUAL_MAX),
    ):
        if count > limit:
            found.append(make(rule, table.place("entries"), f"{count} {kind} entries", f"at most {limit}"))
    for name, rule in NEEDED.items():
        if not any(item.name == name and item.length for item in items):
            found.append(make(rule, Place("metadata table", "", table.file_offset), f"no {name} item", "one"))
    return found + _overlaps(items)


def _overlaps(items: Sequence[Item]) -> list[Finding]:
    found = []
    end, owner = 0, ""
    for item in sorted((item for item in items if item.length), key=lambda item: item.offset):
        if item.offset < end:
            shown = f"starts at {item.offset:#x} inside {owner}, which ends at {end:#x}"
            found.append(make("MDT-008", item.entry.place("offset"), shown, "no overlap"))
        if item.offset + item.length > end:
            end, owner = item.offset + item.length, item.entry.label
    return found


def signed_places(view: Source) -> Iterator[int]:
    """File offsets at which the signature of a metadata table stands, in a file of which nothing else may be known.

    At most the first places of a huge file are looked at; that is no limit of the format.

    Spec: MS-VHDX 2.1, 2.6.1.1
    """
    last = min(view.size, _PLACES_SEARCHED * OBJECT_ALIGNMENT)
    for offset in range(HEADER_SECTION_SIZE, last, OBJECT_ALIGNMENT):
        if view.read_at(offset, len(METADATA_SIGNATURE)) == METADATA_SIGNATURE:
            yield offset


def read(view: Source, item: Item) -> bytes:
    """The bytes of an item, at most the format's largest; empty where it does not lie inside the region."""
    return view.read_at(item.file_offset, min(item.length, METADATA_ITEM_LENGTH_MAX)) if item.in_region else b""
