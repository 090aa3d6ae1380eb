"""Repairs of the metadata table and of the items whose value may be set without knowing more than the file says.

Knows which fields have but one right value, and how an item is added. The parent locator is for `locator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from vhdx_format import layout

from ..check import Report
from ..codec import decode, encode
from ..image import Image
from ..semantics.metadata import Item
from ..write.patch import Patch
from . import metadata_room
from .fields import changed
from .plan import AUTO, OFFERED, Repair

_ENTRY_REPAIRS: dict[str, tuple[str, str, Callable[[Item], dict[str, Any]]]] = {
    "MDT-010": (AUTO, "set the offset of empty items to 0", lambda _: {"offset": 0}),
    "MDT-013": (AUTO, "clear the reserved bits of the flag words", lambda _: {"reserved": 0}),
    "MDT-014": (AUTO, "clear the reserved words", lambda _: {"reserved2": 0}),
    "MDT-016": (OFFERED, "take the mark 'required' from user items", lambda _: {"is_required": 0}),
    "ITM-017": (AUTO, "give known items the flags of their kind", lambda item: _usual_flags(item)),
}


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs of the metadata.

    Args:
        image: as it reads with all earlier repairs done.
        report: on it.

    Yields:
        One repair for each broken rule, each right by itself.

    Spec: MS-VHDX 2.6.1, 2.6.2
    """
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
    yield from _values(image, report)
    if image.geometry is not None:
        yield from _missing(image, report)


def _breaks(item: Item, rule: str) -> bool:
    return any(finding.rule == rule for finding in decode.findings(item.entry))


def _joined(rule: str, consent: str, summary: str, parts: Iterator[tuple[Patch, ...]]) -> Repair:
    return Repair((rule,), summary, consent, patches=tuple(patch for part in parts for patch in part))


def _usual_flags(item: Item) -> dict[str, Any]:
    return {"is_required": 1, "is_virtual_disk": int(item.entry.fields.is_disk_property)}


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
    values: dict[str, tuple[str, str, dict[str, Any]]] = {
        "ITM-010": ("virtual_disk_id", "a random identifier", {"virtual_disk_id": uuid4().bytes_le}),
        "ITM-014": (
            "physical_sector_size",
            f"{layout.PHYSICAL_SECTOR_SIZE_DEFAULT} bytes",
            {"physical_sector_size": layout.PHYSICAL_SECTOR_SIZE_DEFAULT},
        ),
    }
    for rule, (name, shown, value) in values.items():
        if rule not in report.totals:
            continue
        patches = metadata_room.added(image, name, encode.build(name, value), is_virtual_disk=True)
        if patches is not None:
            yield Repair((rule,), f"add the item {name}: {shown}", AUTO, patches=patches)
