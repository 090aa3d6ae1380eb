"""What a person or a script needs first of a container, as plain values: names, integers, text, lists and dictionaries.

Collects what the other modules found out and judges nothing. It goes as far as the bytes allow: what is not known of a
damaged file is None. Keys are those of `vhdx info --json`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from .chain import Chain
from .codec import decode
from .codec.overlay import Overlay
from .errors import VhdxError
from .findings import Finding
from .image import Image
from .semantics.headers import HeaderCopy

IDENTIFIED_BY: Final = "FTI-001"

# A finding with one of these means that something is wrong with the file; the others are worth knowing.
WRONG: Final = ("refuse", "degrade", "ignore-object")


def is_recognised(image: Image) -> bool:
    """True where anything says that this is a VHDX: its signature, a header or a region table.

    Spec: MS-VHDX 2.2
    """
    signed = all(finding.rule != IDENTIFIED_BY for finding in image.findings)
    return signed or any(copy.valid for copy in image.headers.copies) or image.regions.current is not None


def summarise(image: Image, chain: Chain | VhdxError | None) -> dict[str, Any]:
    """Describe one container.

    Args:
        image: the container.
        chain: its chain, the error for which there is none, or None where no parent was looked for.

    Returns:
        Sizes and offsets in bytes, GUIDs as text; None for what is not known.
    """
    geometry = image.geometry
    findings = [describe(finding) for finding in image.findings]
    if isinstance(chain, VhdxError):
        findings.append(_describe_error(chain))
    elif chain is not None:
        findings += [describe(finding) for finding in chain.findings]
    return {
        "file": image.name,
        "file_size": image.source.size,
        "disk_type": geometry.disk_type if geometry else None,
        "virtual_size": geometry.virtual_disk_size if geometry else None,
        "block_size": geometry.block_size if geometry else None,
        "logical_sector_size": geometry.logical_sector_size if geometry else None,
        "physical_sector_size": geometry.physical_sector_size if geometry else None,
        "creator": image.creator,
        "virtual_disk_id": _disk_id(image),
        "data_write_guid": _header_guid(image, "data_write_guid"),
        "file_write_guid": _header_guid(image, "file_write_guid"),
        "headers": _headers(image),
        "log": _log(image),
        "parent": _parent(image, chain),
        "findings": findings,
    }


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


def _disk_id(image: Image) -> str | None:
    item = image.metadata.get("virtual_disk_id")
    if item is None or item.placed is None:
        return None
    return decode.guid_text(item.placed.fields.virtual_disk_id.raw)


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
    """What replaying the log changes.

    Spec: MS-VHDX 2.3.3
    """
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
    }


def _parent(image: Image, chain: Chain | VhdxError | None) -> dict[str, Any] | None:
    if not (image.geometry and image.geometry.has_parent) and image.locator is None:
        return None
    locator = image.locator
    pairs = locator.pairs if locator else ()
    links = chain.links if isinstance(chain, Chain) else ()
    return {
        "linkage": [decode.guid_text(raw) for raw in locator.linkage] if locator else [],
        "names": [{"key": pair.key, "value": pair.value} for pair in pairs if not pair.skipped],
        "found": None if chain is None else bool(links),
        "chain": [{"file": link.parent, "path": link.path, "found_by": link.found_by} for link in links],
    }
