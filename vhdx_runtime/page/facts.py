"""Everything that a page says apart from bytes and the table's runs, as plain values.

Collects what the summary, the check, the tree, the log and the schema say. Knows the names that the page's script
asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vhdx_format import layout
from vhdx_format.rules import RULES

from .. import __version__
from ..check import Report
from ..image import Image
from ..inspect import record
from ..summary import summarise
from .bitmaps import bitmaps
from .nodes import Findings, Nodes, number
from .replayed import changes, log
from .table import shape

_ENUMS = {"payload": "payload_block_state", "sector_bitmap": "sector_bitmap_block_state"}
# Not in the specification: characters of the parent locator's pairs that a page may hold.
_NAMES_MAX = 100_000
_WORST = ("refuse", "degrade", "ignore-object", "warn", "note")


def facts(image: Image, report: Report, nodes: Nodes, findings: Findings) -> dict[str, Any]:
    """What the page says.

    Args:
        image: the file.
        report: of a check of it.
        nodes: of its tree.
        findings: those of the report and of the nodes.
    """
    left_out: list[str] = []
    said: dict[str, Any] = {
        "version": __version__,
        "file": {"name": image.name, "size": number(image.source.size), "size_after_replay": number(image.view.size)},
        "summary": _summary(image, left_out),
        "conclusion": _conclusion(report),
        "findings": findings.records,
        "verdicts": _WORST,
        "region_table": image.regions.current.number if image.regions.current else None,
        "geometry": _geometry(image),
        "table": shape(image.bat) if image.bat else None,
        "states": {kind: _states(enum) for kind, enum in _ENUMS.items()},
        "log": log(image, left_out),
        "changes": changes(image, left_out),
        "bitmaps": bitmaps(image, left_out),
        "nodes": nodes.records,
        "nodes_left_out": nodes.left_out,
        "docs": _docs(nodes.names),
        "left_out": left_out,
    }
    said["rules"] = _rules(said)
    return said


def _summary(image: Image, left_out: list[str]) -> dict[str, Any]:
    """The summary without its findings, and with as many of the parent's names as there is room for."""
    said = summarise(image, None)
    del said["findings"]
    room = _NAMES_MAX
    for position, pair in enumerate(said["parent"]["names"] if said["parent"] else ()):
        room -= len(pair["key"] or "") + len(pair["value"] or "")
        if room < 0:
            left_out.append(f"pairs of the parent locator behind the first {position}")
            said["parent"]["names"] = said["parent"]["names"][:position]
            break
    return said


def _conclusion(report: Report) -> dict[str, Any]:
    return {
        "state": report.state,
        "text": report.conclusion,
        "totals": report.totals,
        "lost": report.lost.bytes,
        "doubtful": report.doubtful.bytes,
    }


def _geometry(image: Image) -> dict[str, Any] | None:
    geometry = image.geometry
    if geometry is None:
        return None
    return {
        "disk_type": geometry.disk_type,
        "has_parent": geometry.has_parent,
        "virtual_disk_size": geometry.virtual_disk_size,
        "block_size": geometry.block_size,
        "sector_size": geometry.logical_sector_size,
        "sectors_per_chunk": layout.SECTORS_PER_CHUNK,
        "chunk_ratio": geometry.chunk_ratio,
        "payload_blocks": geometry.payload_blocks,
        "bitmap_blocks": geometry.bitmap_blocks,
        "bitmap_size": layout.SECTOR_BITMAP_BLOCK_SIZE,
        "entry_count": geometry.entry_count,
        "unit": layout.OBJECT_ALIGNMENT,
    }


def _states(enum: str) -> dict[int, dict[str, str]]:
    return {value: {"name": known.orig_id or known.id, "doc": known.doc} for value, known in layout.ENUMS[enum].items()}


def _docs(names: Iterable[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """What the schema says of the structures and fields that are shown, and of an entry of the table."""
    wanted = {*names, ("bat_entry", ""), *(("bat_entry", item.id) for item in layout.STRUCTURES["bat_entry"].fields)}
    found = {}
    for structure, field in sorted(wanted):
        said = record.words(structure, field)
        if said:
            said["rules"] = [rule["id"] for rule in said.get("rules", ())]
            found[f"{structure}.{field}"] = said | {"section": record.section(structure, field)}
    found["bat_entry.fields"] = {
        "bits": [[item.id, item.bit_offset, item.bits, item.unit] for item in layout.STRUCTURES["bat_entry"].fields]
    }
    return found


def _rules(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rules that anything in the page names."""
    named = {rule for doc in said["docs"].values() for rule in doc.get("rules", ())}
    named |= {finding["rule"] for finding in said["findings"]} | said["conclusion"]["totals"].keys()
    return {
        rule: {
            "text": " ".join(RULES[rule].text.split()),
            "section": RULES[rule].section,
            "verdict": RULES[rule].verdict,
            "repair": RULES[rule].repair,
            "reader": RULES[rule].reader,
        }
        for rule in RULES
        if rule in named
    }
