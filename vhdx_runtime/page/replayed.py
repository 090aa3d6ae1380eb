"""What the log asks for, entry by entry, and what of the table and of the file it changes in the end.

Knows how much of it a page can hold. Which entries count is taken from the image.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from vhdx_format import layout

from ..codec.overlay import Overlay
from ..image import Image
from ..inspect.log_entry import KINDS, descriptor_rows
from ..semantics.bat import ENTRY_SIZE
from ..semantics.log.area import LogArea
from ..semantics.log.entries import LogEntry
from .nodes import number

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
        return {"page_size": layout.LOG_SECTOR_SIZE, "pages": [], "zeros": []}
    pages = sorted(view.pages)
    if len(pages) > PAGES_MAX:
        left_out.append(f"sectors that the log supplies behind the first {PAGES_MAX}")
    return {
        "page_size": layout.LOG_SECTOR_SIZE,
        "pages": [[page, *view.pages[page].origin] for page in pages[:PAGES_MAX]],
        "zeros": [[number(start), number(end - start)] for start, end in view.zeros[:PAGES_MAX]],
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
