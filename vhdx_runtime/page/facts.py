"""Everything that a page says apart from bytes and the table's runs, as plain values.

Collects what the summary, the check, the tree, the log and the schema say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from vhdx_format import layout
from vhdx_format.layout import SECTOR_BITMAP_BLOCK_SIZE
from vhdx_format.rules import RULES

from .. import __version__
from ..check import Report
from ..codec.overlay import Overlay
from ..disk.chain import Chain
from ..disk.image import Image
from ..disk.summary import summarise
from ..inspect import record
from ..inspect.log import KINDS, descriptor_rows
from ..semantics.bat import ENTRY_SIZE
from ..semantics.log.entries import LogArea, LogEntry
from .nodes import Findings, Nodes, number
from .table import shape

# Not in the specification: what a page may hold.
DESCRIPTORS_MAX = 20_000
CHANGES_MAX = 20_000
PAGES_MAX = 20_000
_STEP = 1 << 20
_ZERO_KIND = "zero_descriptor"


def log(image: Image, left_out: list[str]) -> dict[str, Any]:
    """Every entry of the log with what it asks for, and what replay holds over the file in the end.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Spec: MS-VHDX 2.3
    """
    state, ring = image.log, image.log.area
    entries: list[dict[str, Any]] = []
    room = DESCRIPTORS_MAX
    active = {entry.log_offset: index for index, entry in enumerate(state.active)}
    for position, entry in enumerate(state.entries()) if ring is not None else ():
        rows = []
        index = active.get(entry.log_offset)
        if ring is not None and (index is not None or not entry.broken):
            rows = [_update(image, index, at, row) for at, row in _first(ring, entry, room)]
            room -= len(rows)
        entries.append(
            {
                "path": f"log.entries[{position}]",
                "status": "live" if index is not None else "broken" if entry.broken else "stale",
                "order": index,
                "sequence_number": number(entry.sequence_number),
                "descriptors": entry.descriptor_count,
                "updates": rows,
                "reason": entry.reason,
                "rule": entry.broken,
            }
        )
    if room <= 0:
        left_out.append(f"descriptors of the log behind the first {DESCRIPTORS_MAX}")
    return {
        "state": state.state,
        "offset": number(state.offset),
        "length": number(state.length),
        "entries": entries,
    } | (_overlay(image, left_out))


def _first(ring: LogArea, entry: LogEntry, room: int) -> Iterable[tuple[int, tuple[bytes, int, int, int, int]]]:
    return enumerate(descriptor_rows(ring, entry.log_offset, min(entry.descriptor_count, max(0, room))))


def _update(image: Image, index: int | None, position: int, row: tuple[bytes, int, int, int, int]) -> list[Any]:
    """Kind, target, length, and whether its bytes are what is there in the end (None where it is not replayed)."""
    signature, _, length, target, _ = row
    if KINDS[signature] == _ZERO_KIND:
        return ["zero", number(target), number(length), None]
    page = image.log.overlay.pages.get(target // layout.LOG_SECTOR_SIZE) if image.log.overlay else None
    counts = None if index is None else page is not None and page.origin == (index, position)
    return ["data", number(target), layout.LOG_SECTOR_SIZE, counts]


def _overlay(image: Image, left_out: list[str]) -> dict[str, Any]:
    view = image.view
    if not isinstance(view, Overlay):
        return {"page_size": layout.LOG_SECTOR_SIZE, "pages": [], "zeros": [], "missing": []}
    pages = sorted(view.pages)
    if len(pages) > PAGES_MAX:
        left_out.append(f"sectors that the log supplies behind the first {PAGES_MAX}")
    return {
        "page_size": layout.LOG_SECTOR_SIZE,
        "pages": [[page, *view.pages[page].origin] for page in pages[:PAGES_MAX]],
        "zeros": [[number(start), number(end - start)] for start, end in view.zeros[:PAGES_MAX]],
        "missing": [[number(start), number(end - start)] for start, end in view.missing[:PAGES_MAX]],
    }


def changes(image: Image, left_out: list[str]) -> list[list[Any]]:
    """Entries of the table that replay changes: index, word in the file and word that counts, as hex.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Spec: MS-VHDX 2.5.1
    """
    bat, view = image.bat, image.view
    if bat is None or not isinstance(view, Overlay):
        return []
    found: list[list[Any]] = []
    for start, length, kind in view.pieces(bat.file_offset, bat.entry_count * ENTRY_SIZE):
        for offset in range(start, start + length, _STEP) if kind != "base" else ():
            size = min(_STEP, start + length - offset)
            found += _changed(image.source.read_at(offset, size), view.read_at(offset, size), offset, bat.file_offset)
            if len(found) > CHANGES_MAX:
                left_out.append(f"entries of the table that the log changes behind the first {CHANGES_MAX}")
                return found[:CHANGES_MAX]
    return found


def _changed(before: bytes, after: bytes, offset: int, table: int) -> list[list[Any]]:
    old = np.frombuffer(before.ljust(len(after), b"\0"), "<u8")
    new = np.frombuffer(after, "<u8")
    first = (offset - table) // ENTRY_SIZE
    return [[first + at, f"{int(old[at]):#x}", f"{int(new[at]):#x}"] for at in np.flatnonzero(old != new).tolist()]


# Not in the specification: what is read for a page, and what a page may hold.
BITMAPS_READ = 32
_BITS_MAX = 100_000


def bitmaps(image: Image, left_out: list[str]) -> dict[int, list[int]]:
    """Sector bitmaps by chunk, as lengths of runs of bits in turns, the first ones clear.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Spec: MS-VHDX 2.4
    """
    geometry, mapping = image.geometry, image.mapping
    if geometry is None or mapping is None or not geometry.has_parent:
        return {}
    found: dict[int, list[int]] = {}
    room = _BITS_MAX
    for chunk in range(geometry.bitmap_blocks):
        place = mapping.bitmap_offset(chunk)
        if place is None:
            continue
        if len(found) == BITMAPS_READ or room <= 0:
            left_out.append(f"sector bitmaps from chunk {chunk} on")
            break
        raw = np.frombuffer(image.view.read_at(place, SECTOR_BITMAP_BLOCK_SIZE), np.uint8)
        bits = np.unpackbits(raw, bitorder="little")
        count = int(np.count_nonzero(bits[1:] != bits[:-1])) + 1
        if count <= room:
            found[chunk] = _bit_runs(bits)
        else:
            left_out.append(f"the sector bitmap of chunk {chunk}")
        room -= count
    return found


def _bit_runs(bits: np.ndarray[Any, np.dtype[np.uint8]]) -> list[int]:
    ends = np.append(np.flatnonzero(bits[1:] != bits[:-1]) + 1, len(bits))
    lengths: list[int] = np.diff(np.concatenate([[0], ends])).tolist()
    return lengths if not bits[0] else [0, *lengths]


_ENUMS = {"payload": "payload_block_state", "sector_bitmap": "sector_bitmap_block_state"}
# Not in the specification: characters of the parent locator's pairs that a page may hold.
_NAMES_MAX = 100_000
_WORST = ("refuse", "degrade", "ignore-object", "warn", "note")


def facts(image: Image, chain: Chain | None, report: Report, nodes: Nodes, findings: Findings) -> dict[str, Any]:
    """What the page says.

    Args:
        image: the file.
        chain: its chain as far as it goes, or None where no parent was looked for.
        report: of a check of it.
        nodes: of its tree.
        findings: those of the report and of the nodes.
    """
    left_out: list[str] = []
    said: dict[str, Any] = {
        "version": __version__,
        "file": {"name": image.name, "size": number(image.source.size), "size_after_replay": number(image.view.size)},
        "summary": _summary(image, chain, left_out),
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


def _summary(image: Image, chain: Chain | None, left_out: list[str]) -> dict[str, Any]:
    """The summary without its findings, and with as many of the parent's names as there is room for."""
    said = summarise(image, chain)
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
        "cut": report.cut.sentence if report.cut else "",
        "possible_loss": report.possible_loss.sentence if report.possible_loss else "",
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
