"""Draws a log that wraps, and its replay step by step."""

from __future__ import annotations

from typing import Any

from formats.compiler.book.drawing import BAD, RESERVED, arrow, box, document, labelled, text

WIDTH = 900
LEFT = 20
_KIB = 1 << 10
_MIB = 1 << 20
_FILLS = {"before the tail": BAD, "tail": "c1", "active": "c1", "head": "c2"}
CELL, ROW = 92, 44


def ring_figure(log: dict[str, Any]) -> str:
    """The log as a strip of sectors, its end and its start; entries over them, and what the head's tail names.

    Args:
        log: the entries of a real log; see `samples`.
    """
    sectors = log["length"] // log["sector"]
    entries = log["entries"]
    last = min(one["log_offset"] for one in entries if one["log_offset"] > log["length"] // 2) // log["sector"]
    first = max(one["log_offset"] + one["length"] for one in entries if one["log_offset"] < log["length"] // 2)
    shown = [*range(last, sectors), *range(first // log["sector"] + 1)]
    places = {sector: LEFT + 6 + index * CELL + (24 if sector < last else 0) for index, sector in enumerate(shown)}
    seam = places[0] - 12
    parts = [
        text(LEFT, 24, f"A log of {sectors} sectors of {log['sector']} bytes: its end, then its start", "start", "", 13)
    ]
    y = 96
    owners = {sector: (one, k) for one in entries for k, sector in enumerate(_sectors(one, log))}
    for sector, x in places.items():
        parts += _sector(sector, x, y, owners.get(sector), log["sector"])
    parts.append(f'<path d="M{seam},{y - 6} V{y + ROW + 40}" stroke-dasharray="4 4"/>')
    parts.append(text(seam, y + ROW + 54, "the log's end: go on at its start", "middle", "dim", 11))
    for one in entries:
        xs = [places[sector] for sector in _sectors(one, log)]
        label = f"{one['sequence_number']}: {one['role']}"
        parts.append(text((xs[0] + xs[-1] + CELL) // 2, y - 12, label, "middle", "", 11))
    head = next(one for one in entries if one["role"] == "head")
    start, end = (
        places[head["log_offset"] // log["sector"]] + CELL // 2,
        places[head["tail"] // log["sector"]] + CELL // 2,
    )
    parts.append(arrow((start, y - 26), (start, 50), (end, 50), (end, y - 26)))
    parts.append(text((start + end) // 2, 44, f"Tail of the head: {head['tail']:#x}", "middle", "dim", 11))
    return document(parts, max(WIDTH, max(places.values()) + CELL + LEFT), y + ROW + 70, "A wrapped log")


def _sectors(entry: dict[str, Any], log: dict[str, Any]) -> list[int]:
    sectors = log["length"] // log["sector"]
    first = entry["log_offset"] // log["sector"]
    return [(first + index) % sectors for index in range(entry["length"] // log["sector"])]


def _sector(sector: int, x: int, y: int, owner: tuple[dict[str, Any], int] | None, size: int) -> list[str]:
    offset = text(x + CELL // 2, y + ROW + 16, f"{sector * size:#x}", "middle", "dim", 10)
    if owner is None:
        return [box(x, y, CELL, ROW, RESERVED, "free or old", dashed=True), offset]
    entry, index = owner
    kind = "data" if index >= entry["length"] // size - entry["data_sectors"] else "loge"
    return [labelled(x, y, CELL, ROW, _FILLS[entry["role"]], kind, f"entry {entry['sequence_number']}, {kind}"), offset]


def replay_figure(replay: dict[str, Any]) -> str:
    """A row a step: what the sectors that the log writes to hold, and how long the file is.

    Args:
        replay: the steps of a real replay; see `samples`.
    """
    label, width = 150, 124
    parts = [text(LEFT, 24, "What the file reads as, step by step", "start", "", 13)]
    y = 78
    for index, page in enumerate(replay["pages"]):
        x = LEFT + label + index * width
        parts.append(text(x + width // 2, 50, _place(page, replay["places"]), "middle", "", 10))
        parts.append(text(x + width // 2, 66, f"{page:#x}", "middle", "dim", 10))
    right = LEFT + label + len(replay["pages"]) * width
    parts.append(text(right + 60, 58, "file length", "middle", "", 11))
    before: dict[str, Any] | None = None
    for step in replay["steps"]:
        parts.append(text(LEFT, y + 26, _step(step), "start"))
        for index, held in enumerate(step["pages"]):
            changed = before is not None and before["pages"][index] != held
            x = LEFT + label + index * width
            parts.append(box(x, y, width - 6, ROW, _fill(held, changed=changed), f"{page_words(held)}"))
            parts.append(text(x + width // 2 - 3, y + 26, page_words(held), "middle", "" if changed else "dim", 11))
        grown = before is not None and before["size"] != step["size"]
        parts.append(text(right + 60, y + 26, f"{step['size'] // _MIB} MiB", "middle", "" if grown else "dim"))
        before = step
        y += ROW + 14
    return document(parts, max(WIDTH, right + 130), y + 4, "A replay, step by step")


def _step(step: dict[str, Any]) -> str:
    return {"before": "before", "grown": "LastFileOffset"}.get(step["step"], f"after {step['step']}")


def page_words(held: str) -> str:
    """What a sector holds, in words."""
    return {"file": "as in the file", "zero": "zeros"}.get(held, f"from entry {held}")


def _fill(held: str, *, changed: bool) -> str:
    if held == "file":
        return RESERVED
    return "c1" if changed else "c0"


def _place(page: int, places: dict[str, list[int]]) -> str:
    for name, (start, length) in places.items():
        if start <= page < start + length:
            return f"{name.upper() if name == 'bat' else name} + {(page - start) // _KIB} KiB"
    return f"{page:#x}"
