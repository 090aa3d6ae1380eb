"""Draws the byte map of a structure: sixteen bytes a row, one box a field, and the bits of its packed words below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from formats.compiler.book.drawing import COLORS, RESERVED, box, document, fit, text

COLUMNS = 16
CELL = 44
ROW = 34
LEFT = 92
TOP = 30
MARGIN = 12
LONG = 64
BIT_ROW = 40
LETTER = 8


@dataclass(frozen=True)
class Piece:
    """Part of a field that lies in one row; `row` is the row's first offset, `gap` stands for rows left out."""

    name: str
    fill: str
    row: int
    start: int
    end: int
    gap: bool = False


def has_map(structure: dict[str, Any]) -> bool:
    """True for a structure whose fields all have a place and a size of their own."""
    return structure["size"] is not None and not any(
        item["offset"] is None or item["size"] is None or item["repeat"] or item["condition"]
        for item in structure["fields"]
    )


def byte_map(structure: dict[str, Any]) -> str:
    """The figure of a structure whose fields all have a place and a size.

    Args:
        structure: one entry of the layout's structures.

    Returns:
        An SVG document. Of a field of more than 64 bytes the rows between its first and its last are drawn as one.
    """
    items = _byte_items(structure)
    pieces = [piece for item in items for piece in _pieces(*item)]
    rows: dict[tuple[int, bool], int] = {}
    for piece in pieces:
        rows.setdefault((piece.row, piece.gap), TOP + ROW * len(rows))
    parts = [text(LEFT + i * CELL + CELL // 2, TOP - 8, f"{i:x}", "middle", "dim", 10) for i in range(COLUMNS)]
    parts += [text(LEFT - 8, y + 21, f"{row:#x}", "end", "dim") for (row, gap), y in rows.items() if not gap]
    parts += [_piece(piece, rows[piece.row, piece.gap]) for piece in pieces]
    for name, offset, size, _ in items:
        own = [piece for piece in pieces if piece.name == name and offset <= piece.start < offset + size]
        shown = max(own, key=lambda piece: (piece.gap, piece.end - piece.start))
        content = f"{name}: {size} bytes, {offset:#x} to {offset + size - 1:#x}" if shown.gap else name
        parts.append(_caption(shown, rows[shown.row, shown.gap], content))
    y = _words(parts, structure, TOP + ROW * len(rows) + MARGIN)
    return document(parts, LEFT + COLUMNS * CELL + MARGIN, y, f"Byte map of {structure['name']}")


def _pieces(name: str, offset: int, size: int, fill: str) -> list[Piece]:
    end = offset + size
    found = []
    for row in range(offset // COLUMNS * COLUMNS, end, COLUMNS):
        edge = row < offset or row + COLUMNS > end or row == offset
        if size <= LONG or edge:
            found.append(Piece(name, fill, row, max(row, offset), min(row + COLUMNS, end)))
        elif not found[-1].gap:
            found.append(Piece(name, fill, row, row, row + COLUMNS, gap=True))
    return found


def _piece(piece: Piece, y: int) -> str:
    x, width = LEFT + (piece.start - piece.row) * CELL, (piece.end - piece.start) * CELL
    return box(x, y, width, ROW, piece.fill, piece.name, dashed=piece.gap)


def _caption(piece: Piece, y: int, content: str) -> str:
    x, width = LEFT + (piece.start - piece.row) * CELL, (piece.end - piece.start) * CELL
    return text(x + width // 2, y + 21, fit(content, width))


def _byte_items(structure: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    """Name, offset, size and colour of everything that fills bytes; a word of bit fields counts once."""
    items: list[tuple[str, int, int, str]] = []
    for field in structure["fields"]:
        if field["type"] == "bits" and field["bit_offset"]:
            continue
        name = "bits" if field["type"] == "bits" else field["id"]
        items.append((name, field["offset"], field["size"], _color(name, len(items))))
    return items


def _color(name: str, index: int) -> str:
    return RESERVED if name.startswith("reserved") else COLORS[index % len(COLORS)]


def _words(parts: list[str], structure: dict[str, Any], y: int) -> int:
    """Draws each packed word as a row of its bit fields, highest bit on the left."""
    fields = [field for field in structure["fields"] if field["type"] == "bits"]
    for offset in sorted({field["offset"] for field in fields}):
        word = [field for field in fields if field["offset"] == offset]
        x = LEFT
        parts.append(text(LEFT - 8, y + 30, f"bits at {offset:#x}", "end", "dim", 10))
        for index, (field, width) in enumerate(reversed(list(zip(word, _shares(word), strict=True)))):
            low, high = field["bit_offset"], field["bit_offset"] + field["bits"] - 1
            bits = f"{high}..{low}" if high > low else f"{low}"
            parts.append(text(x + width // 2, y + 6, bits, "middle", "dim", 10))
            parts.append(box(x, y + 10, width, ROW, _color(field["id"], index), field["id"]))
            parts.append(text(x + width // 2, y + 31, fit(field["id"], width)))
            x += width
        y += BIT_ROW + MARGIN
    return y


def _shares(word: list[dict[str, Any]]) -> list[int]:
    """Width of the box of each bit field: enough for its name; the widest field has the rest of the row."""
    narrow = 3 * CELL // 2
    shares = [max(narrow, len(field["id"]) * LETTER + 12) for field in word]
    widest = max(range(len(word)), key=lambda index: int(word[index]["bits"]))
    shares[widest] = max(narrow, COLUMNS * CELL - sum(share for index, share in enumerate(shares) if index != widest))
    return shares
