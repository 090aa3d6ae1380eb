"""Draws what a writer does over time: the operations of a session in lanes, and a log that is written round its end."""

from __future__ import annotations

from typing import Any

from ..scenes import SECTOR
from .drawing import BAD, RESERVED, box, document, labelled, text
from .recordings import RecordedStep

WIDTH = 900
LEFT = 20
LANES = ("headers", "log", "tables", "blocks")
_FILLS = dict(zip(LANES, ("c0", "c1", "c2", "c3"), strict=True))
_LANE, _BOX, _ROW, _FLUSH = 216, 206, 32, 22
CELL = 72


def lanes_figure(steps: list[RecordedStep], title: str) -> str:
    """The operations from top to bottom, each in the lane of what it writes; a flush is a line through all of them.

    Args:
        steps: of a recording; see `recordings`.
        title: of the figure.
    """
    parts = [text(LEFT + index * _LANE + _BOX // 2, 24, name, "middle", "dim") for index, name in enumerate(LANES)]
    y = 40
    for step in steps:
        if step.kind == "flush":
            parts.append(f'<path d="M{LEFT},{y + 8} H{WIDTH - LEFT - 50}" stroke-width="2"/>')
            parts.append(text(WIDTH - LEFT, y + 12, "flush", "end", "dim", 11))
            y += _FLUSH
        elif step.kind == "resize":
            parts.append(labelled(LEFT, y, LANES.index("blocks") * _LANE + _BOX, 22, RESERVED, step.what))
            y += _ROW
        else:
            parts.append(_written(step, y))
            y += _ROW
    return document(parts, WIDTH, y + 12, title)


def _written(step: RecordedStep, y: int) -> str:
    x = LEFT + LANES.index(step.lane) * _LANE
    label = text(x + _BOX // 2, y + 15, step.what, "middle", "", 10)
    return box(x, y, _BOX, 22, _FILLS[step.lane], step.what) + label


def rings_figure(steps: list[RecordedStep], length: int) -> str:
    """A row for each entry: the sectors of the log round its end, which entries are needed, and the Tail.

    Args:
        steps: of a recording; see `recordings`.
        length: of the log in bytes.
    """
    entries: list[Any] = [step.entry for step in steps if step.entry]
    sectors = sorted({_position(offset, length) for entry in entries for offset in _sectors(entry, length)})
    parts = [text(LEFT, 24, "The log's end and its start, after each entry", "start", "", 13)]
    y = 70
    for column, sector in enumerate(sectors):
        offset = sector * SECTOR % length
        parts.append(text(LEFT + 80 + column * CELL + CELL // 2, 54, f"{offset:#x}", "middle", "dim", 9))
    for number, entry in enumerate(entries):
        parts.append(text(LEFT, y + 22, f"entry {entry[3]}", "start"))
        tail = next(other for other in entries if other[0] == entry[2])
        for column, sector in enumerate(sectors):
            owner = next((e for e in entries[: number + 1] if sector * SECTOR % length in _sectors(e, length)), None)
            x = LEFT + 80 + column * CELL
            if owner is None:
                parts.append(box(x, y, CELL - 4, 32, RESERVED, "free", dashed=True))
            else:
                fill = "c2" if owner is entry else "c1" if owner[3] >= tail[3] else BAD
                label = {"c2": f"{owner[3]} new", BAD: f"({owner[3]})"}.get(fill, str(owner[3]))
                parts.append(labelled(x, y, CELL - 4, 32, fill, label, f"entry {owner[3]}"))
        parts.append(text(LEFT + 90 + len(sectors) * CELL, y + 22, f"Tail: entry {tail[3]}", "start", "", 11))
        y += 44
    return document(parts, max(WIDTH, LEFT + 200 + len(sectors) * CELL), y + 10, "Ring and Tail over time")


def _sectors(entry: tuple[int, int, int, int], length: int) -> list[int]:
    """Offsets in the log of the sectors of an entry."""
    return [(entry[0] + at) % length for at in range(0, entry[1], SECTOR)]


def _position(offset: int, length: int) -> int:
    """Number of a sector, where those at the log's start come behind those at its end."""
    return (offset + length * (offset < length // 2)) // SECTOR
