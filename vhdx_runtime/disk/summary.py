"""What a person or a script needs first of a container, as plain values: names, integers, text, lists and dictionaries.

Collects what the other modules found out and judges nothing. It goes as far as the bytes allow: what is not known of a
damaged file is None. Keys are those of `vhdx info --json`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from vhdx_format.layout import ITEMS, STRUCTURES

from ..codec import decode
from ..codec.overlay import Overlay, missing
from ..errors import VhdxError
from ..findings import WRONG, Finding
from ..semantics.headers import HeaderCopy
from .attempts import ACCEPTED, CHANGED, UNUSABLE, UNVERIFIED, Link
from .chain import Chain
from .cut import Cut
from .image import Image

if TYPE_CHECKING:
    from .foreign import Named
    from .orphans import PossibleLoss


ITEM_KEYS = {item.info: name for name, item in ITEMS.items() if item.info}
"""Keys of the values that stand in metadata items, each with its item."""


def is_recognised(image: Image) -> bool:
    """True where anything says that this is a VHDX: its signature in a file that is not a stub, or what is behind it.

    Spec: MS-VHDX 2.2
    """
    return image.foreign is None


def summarise(image: Image, chain: Chain | None) -> dict[str, Any]:
    """Describe one container.

    Args:
        image: the container.
        chain: its chain as far as it goes, or None where no parent was looked for.

    Returns:
        Sizes and offsets in bytes, GUIDs as text; None for what is not known.
    """
    geometry = image.geometry
    findings = [describe(finding) for finding in image.findings]
    if chain is not None:
        findings += [describe(finding) for finding in chain.findings]
        findings += [_describe_error(chain.error)] if chain.error else []
    return {
        "file": image.name,
        "file_size": image.source.size,
        "disk_type": geometry.disk_type if geometry else None,
        "virtual_size": geometry.virtual_disk_size if geometry else None,
        "block_size": geometry.block_size if geometry else None,
        "logical_sector_size": geometry.logical_sector_size if geometry else None,
        "physical_sector_size": geometry.physical_sector_size if geometry else None,
        "creator": image.creator,
        **{key: _stored(image, name) for key, name in ITEM_KEYS.items()},
        "data_write_guid": _header_guid(image, "data_write_guid"),
        "file_write_guid": _header_guid(image, "file_write_guid"),
        "headers": _headers(image),
        "log": _log(image),
        "parent": _parent(image, chain),
        "table": _table(image),
        "cut": cut_record(image.glance.cut),
        "possible_loss": loss_record(image.possible_loss),
        "foreign": foreign_record(image.foreign),
        "hint": image.foreign.hint if image.foreign else chain.error.next_step if chain and chain.error else "",
        "findings": findings,
    }


def left_out(image: Image) -> int:
    """Bytes at the end of the stored size that make up no whole sector, so that no guest reads them.

    Spec: MS-VHDX 2.6.2.2
    """
    stored: int | None = _stored(image, "virtual_disk_size")
    return (stored or image.size) - image.size if image.geometry else 0


def _table(image: Image) -> dict[str, int] | None:
    """How many entries the table has, how many were looked at, and how many of these say nothing."""
    glance = image.glance
    if image.geometry is None:
        return None
    return {"entries": image.geometry.entry_count, "looked_at": glance.entries, "unreadable": glance.silent}


def foreign_record(named: Named | None) -> dict[str, str] | None:
    """What the file is instead of a VHDX, as plain values."""
    return {"id": named.id, "text": named.text, "hint": named.hint} if named else None


def cut_record(cut: Cut | None) -> dict[str, Any] | None:
    """What was cut off, as plain values; sizes in bytes."""
    return cut._asdict() | {"text": cut.sentence} if cut else None


def loss_record(loss: PossibleLoss | None) -> dict[str, Any] | None:
    """Entries that seem to be lost, as plain values; sizes and offsets in bytes."""
    return loss._asdict() | {"orphans": loss.orphans._asdict(), "text": loss.sentence} if loss else None


def describe(finding: Finding) -> dict[str, Any]:
    """One finding as plain values; `file_offset` in bytes."""
    return {
        "rule": finding.rule,
        "verdict": finding.verdict,
        "structure": finding.place.structure,
        "field": finding.place.field,
        "file_offset": finding.place.file_offset,
        "message": finding.message,
        "section": finding.section,
    }


def is_wrong(findings: Collection[dict[str, Any]], *, strict: bool = False) -> bool:
    """True where any finding means that something is wrong with the file; with `strict`, where there is any finding."""
    return bool(findings) if strict else any(finding["verdict"] in WRONG for finding in findings)


def _describe_error(error: VhdxError) -> dict[str, Any]:
    place = error.place
    return {
        "rule": error.rule,
        "verdict": "refuse",
        "structure": place.structure if place else "",
        "field": place.field if place else "",
        "file_offset": place.file_offset if place else None,
        "message": str(error),
        "section": error.spec or "",
    }


def _stored(image: Image, name: str) -> Any:
    """The value of an item's first field, a GUID as text; None where it cannot be read."""
    item = image.metadata.get(name)
    if item is None or item.placed is None:
        return None
    value = getattr(item.placed.fields, STRUCTURES[name].fields[0].id)
    return value if isinstance(value, int) else decode.guid_text(value.raw)


def _header_guid(image: Image, name: str) -> str | None:
    current = image.headers.current
    return _guid(current, name) if current else None


def _guid(copy: HeaderCopy, name: str) -> str | None:
    return decode.guid_text(getattr(copy.fields, name).raw) if decode.is_read(copy.placed, name) else None


def _headers(image: Image) -> dict[str, Any]:
    current = image.headers.current
    copies = [
        {
            "number": copy.number,
            "file_offset": copy.placed.file_offset,
            "valid": copy.valid,
            "sequence_number": _number(copy, "sequence_number"),
            "problems": [finding.message for finding in copy.findings],
        }
        for copy in image.headers.copies
    ]
    return {"current": current.number if current else None, "reason": image.headers.reason, "copies": copies}


def _number(copy: HeaderCopy, name: str) -> int | None:
    return int(getattr(copy.fields, name)) if decode.is_read(copy.placed, name) else None


def _log(image: Image) -> dict[str, Any]:
    log = image.log
    return {
        "state": log.state,
        "file_offset": log.offset,
        "length": log.length,
        "log_guid": _header_guid(image, "log_guid"),
        "replay": _replay(image) if log.state == "replayed" else None,
    }


def _replay(image: Image) -> dict[str, int]:
    """What replaying the log changes. Spec: MS-VHDX 2.3.3."""
    entries, view = image.log.active, image.view
    pages = len(view.pages) if isinstance(view, Overlay) else 0
    zeros = view.zeros if isinstance(view, Overlay) else ()
    return {
        "entries": len(entries),
        "first_sequence_number": entries[0].sequence_number,
        "last_sequence_number": entries[-1].sequence_number,
        "descriptors": sum(entry.descriptor_count for entry in entries),
        "sectors_written": pages,
        "bytes_zeroed": sum(end - start for start, end in zeros),
        "file_growth": view.size - image.source.size,
        "bytes_missing": sum(end - start for start, end in missing(view)),
    }


def _parent(image: Image, chain: Chain | None) -> dict[str, Any] | None:
    if not (image.geometry and image.geometry.has_parent) and image.locator is None:
        return None
    locator = image.locator
    pairs = locator.pairs if locator else ()
    links = _links(chain)
    return {
        "linkage": [decode.guid_text(raw) for raw in locator.linkage] if locator else [],
        "names": [{"key": pair.key, "value": pair.value} for pair in pairs if not pair.skipped],
        "found": None if chain is None else bool(links) and not (chain.error and not chain.rejected),
        "state": _parent_state(chain),
        "chain": [
            {
                "file": link.parent,
                "path": link.path,
                "found_by": link.found_by,
                "data_write_guid": link.data_write_guid or None,
                "state": link.state,
            }
            for link in links
        ],
    }


def _links(chain: Chain | None) -> tuple[Link, ...]:
    """The links of a chain, and the one that was not taken."""
    if chain is None:
        return ()
    return (*chain.links, chain.rejected) if chain.rejected else chain.links


def _parent_state(chain: Chain | None) -> str:
    """What became of the parents; of several things that can be said, the one that matters most.

    Spec: MS-VHDX 2.6.2.6.3
    """
    if chain is None:
        return "not looked for"
    if chain.error and not chain.rejected:
        return "not found"
    states = {link.state for link in _links(chain)}
    return next((state for state in (CHANGED, UNUSABLE, ACCEPTED, UNVERIFIED) if state in states), "found")
