"""Draws all structures on one page: fixed places, every field with offset and size or bits, the values of states."""

from __future__ import annotations

from typing import Any

from .drawing import COLORS, box, document, fit, text

_COLUMNS, _COLUMN, _GAP = 4, 300, 16
_TITLE, _ROW = 22, 14
_SIZE = 10


def cheat_sheet(data: dict[str, Any]) -> str:
    """The figure.

    Args:
        data: the layout, as `emit.plain` gives it.
    """
    cards: list[tuple[str, list[tuple[str, str, str]]]] = [
        ("Fixed places", [(f"{one['offset']:#x}", "", one["id"]) for one in data["places"]])
    ]
    for name, structure in data["structures"].items():
        size = f", {structure['size']} bytes" if structure["size"] else ""
        rows = [_row(item) for item in structure["fields"]]
        cards += [(f"{name}{size}", rows)] if rows else []
    for name, values in data["enums"].items():
        cards.append((name, [(str(value), "", item["id"]) for value, item in values.items()]))
    heights = [_GAP + 34] * _COLUMNS
    parts = [
        text(
            _GAP,
            28,
            "VHDX on one page: offset and size in bytes, or bits (b0 is the lowest); little-endian",
            "start",
            "",
            14,
        )
    ]
    for number, (title, rows) in enumerate(cards):
        column = heights.index(min(heights))
        x, y = _GAP + column * (_COLUMN + _GAP), heights[column]
        parts += _drawn(x, y, title, rows, COLORS[number % len(COLORS)])
        heights[column] = y + _TITLE + len(rows) * _ROW + 8 + _GAP
    return document(parts, _GAP + _COLUMNS * (_COLUMN + _GAP), max(heights), "Cheat sheet of the layout")


def _row(item: dict[str, Any]) -> tuple[str, str, str]:
    offset = "…" if item["offset"] is None else f"{item['offset']:#x}"
    if item["bits"]:
        first, last = item["bit_offset"], item["bit_offset"] + item["bits"] - 1
        return offset, f"b{first}" if first == last else f"b{first}-{last}", item["id"]
    return offset, "…" if item["size"] is None else str(item["size"]), item["id"]


def _drawn(x: int, y: int, title: str, rows: list[tuple[str, str, str]], fill: str) -> list[str]:
    parts = [box(x, y, _COLUMN, _TITLE, fill, title), text(x + 6, y + 15, fit(title, _COLUMN - 8), "start", "", 11)]
    for number, (offset, size, name) in enumerate(rows):
        base = y + _TITLE + 13 + number * _ROW
        parts.append(text(x + 56, base, offset, "end", "dim", _SIZE))
        parts.append(text(x + 100, base, size, "end", "dim", _SIZE))
        parts.append(text(x + 110, base, fit(name, _COLUMN - 110, _SIZE), "start", "", _SIZE))
    return parts
