"""What the runtime makes of a log: its entries round the ring, and the file after each step of the replay."""

from __future__ import annotations

from typing import Any

from vhdx_runtime.book.scenes import SECTOR
from vhdx_runtime.image import Image
from vhdx_runtime.semantics.log import replay
from vhdx_runtime.semantics.log.entries import LogEntry
from vhdx_runtime.semantics.log.replay import grown_size


def ring(image: Image) -> dict[str, Any]:
    """The log and every entry that is found in it; offsets in bytes from the start of the log."""
    assert image.headers.current is not None
    active = [entry.log_offset for entry in image.log.active]
    entries = image.log.entries(image.headers.current.fields.log_guid.raw)
    return {
        "length": image.log.length,
        "sector": SECTOR,
        "entries": [_entry(entry, active) for entry in sorted(entries, key=lambda one: one.sequence_number)],
    }


def _entry(entry: LogEntry, active: list[int]) -> dict[str, Any]:
    role = "before the tail"
    if entry.log_offset in active:
        role = {active[-1]: "head", active[0]: "tail"}.get(entry.log_offset, "active")
    return {
        "log_offset": entry.log_offset,
        "length": entry.length,
        "tail": entry.tail,
        "sequence_number": entry.sequence_number,
        "role": role,
        "data_sectors": entry.length // SECTOR - 1,
    }


def steps(image: Image) -> dict[str, Any]:
    """The pages that the replay touches, and what each holds before and after every active entry.

    Of a page it is said "file" (as the file has it), "zero", or the sequence number of the entry that wrote it.
    """
    area, active = image.log.area, image.log.active
    assert area is not None
    updates = replay.collect(area, active)
    pages = sorted({page for start, end in updates.targets() for page in range(start // SECTOR, -(-end // SECTOR))})
    states = [{"step": "before", "pages": ["file"] * len(pages), "size": image.source.size}]
    for count in range(1, len(active) + 1):
        held = [_held(image, active[:count], page) for page in pages]
        states.append({"step": f"entry {active[count - 1].sequence_number}", "pages": held, "size": image.source.size})
    head = active[-1]
    states.append({"step": "grown", "pages": states[-1]["pages"], "size": max(image.source.size, grown_size(head))})
    return {"pages": [page * SECTOR for page in pages], "places": _places(image), "steps": states}


def _held(image: Image, entries: tuple[LogEntry, ...], page: int) -> str:
    assert image.log.area is not None
    updates = replay.collect(image.log.area, entries)
    written = updates.settle().get(page)
    if written is not None:
        return str(entries[written.origin[0]].sequence_number)
    covered = any(start <= page * SECTOR < end for start, end in updates.ranges)
    return "zero" if covered else "file"


def _places(image: Image) -> dict[str, list[int]]:
    """File offset and length of the regions, by name."""
    found = {}
    for name in ("bat", "metadata"):
        region = image.regions.get(name)
        assert region is not None
        found[name] = [region.file_offset, region.length]
    return found
