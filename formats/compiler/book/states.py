"""Draws the states of payload blocks: for each type of disk, what a read of a block in each state gives."""

from __future__ import annotations

from typing import Any

from formats.compiler.book.drawing import BAD, RESERVED, arrow, box, document, labelled, text

WIDTH = 860
LEFT, RIGHT = 20, 560
BOX, ROW, GAP = 300, 36, 10
TARGET = 280
TYPES = ("fixed", "dynamic", "differencing")
READS = {
    "data": ("the block in this file", "c1"),
    "partial": ("bit by bit: this file or the parent", "c5"),
    "parent": ("the parent's disk, same place", "c3"),
    "hole": ("zeros: nothing stored", RESERVED),
    "zero": ("zeros", RESERVED),
    "unreadable": ("an error, for this block only", BAD),
}


def state_figure(disk_type: str, states: list[dict[str, Any]], enum: dict[int, dict[str, Any]]) -> str:
    """The figure of one type of disk.

    Args:
        disk_type: fixed, dynamic or differencing.
        states: for each state what a real image of that type gave; see `samples`.
        enum: names of the states.
    """
    kinds = [kind for kind in READS if any(one["kind"] == kind for one in states)]
    height = 70 + len(states) * (ROW + GAP)
    step = (height - 70) // len(kinds)
    targets = {kind: 56 + index * step + (step - ROW) // 2 for index, kind in enumerate(kinds)}
    parts = [
        text(LEFT, 24, f"{disk_type.capitalize()} disk: the state of a block", "start", "", 13),
        text(RIGHT, 24, "what a read of it gives", "start", "", 13),
    ]
    parts += [labelled(RIGHT, y, TARGET, ROW, READS[kind][1], READS[kind][0]) for kind, y in targets.items()]
    for index, one in enumerate(states):
        parts += _state(one, enum, 50 + index * (ROW + GAP), targets[one["kind"]], kinds.index(one["kind"]))
    return document(parts, WIDTH, height, f"Block states of a {disk_type} disk")


def _state(one: dict[str, Any], enum: dict[int, dict[str, Any]], y: int, target: int, lane: int) -> list[str]:
    known = enum.get(one["state"])
    name = known["id"] if known else "reserved"
    broken = [rule for rule in one["rules"] if not one["informs"].get(rule)]
    fill = BAD if broken else "c0"
    parts = [box(LEFT, y, BOX, ROW, fill, name), text(LEFT + 16, y + 23, str(one["state"]), "middle")]
    parts.append(text(LEFT + 38, y + 23, name, "start"))
    noted = ", ".join(one["rules"])
    parts.append(text(LEFT + BOX - 8, y + 23, noted if len(noted) < 16 else one["rules"][0] + " …", "end", "dim", 10))
    middle, end = y + ROW // 2, target + ROW // 2
    turn = LEFT + BOX + 40 + lane * 34
    points = [(LEFT + BOX, middle), (turn, middle), (turn, end), (RIGHT, end)] if middle != end else []
    parts.append(arrow(*(points or [(LEFT + BOX, middle), (RIGHT, end)])))
    return parts
