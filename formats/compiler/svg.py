"""Draws the byte map of a structure: sixteen bytes a row, one box a field, and the bits of its packed words below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

COLUMNS = 16
CELL = 44
ROW = 34
LEFT = 92
TOP = 30
MARGIN = 12
LONG = 64
FONT = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"'
COLORS = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#cffafe", "#fee2e2", "#ecfccb")
RESERVED = "#e5e7eb"
BIT_ROW = 40
LETTER = 7


@dataclass(frozen=True)
class Piece:
    """Part of a field that lies in one row; `row` is the row's first offset, `gap` stands for rows left out."""

    name: str
    fill: str
    row: int
    start: int
    end: int
    gap: bool = False


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
    parts = [_label(row, y) for (row, gap), y in rows.items() if not gap]
    parts += [_piece(piece, rows[piece.row, piece.gap]) for piece in pieces]
    for name, offset, size, _ in items:
        own = [piece for piece in pieces if piece.name == name and offset <= piece.start < offset + size]
        shown = max(own, key=lambda piece: (piece.gap, piece.end - piece.start))
        content = f"{name}: {size} bytes, {offset:#x} to {offset + size - 1:#x}" if shown.gap else name
        parts.append(_caption(shown, rows[shown.row, shown.gap], content))
    y = _words(parts, structure, TOP + ROW * len(rows) + MARGIN)
    return _document(parts, y, f"Byte map of {structure['name']}")


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


def _label(row: int, y: int) -> str:
    return _text(LEFT - 8, y + 21, f"{row:#x}", "end", "#6b7280")


def _piece(piece: Piece, y: int) -> str:
    x, width = LEFT + (piece.start - piece.row) * CELL, (piece.end - piece.start) * CELL
    return _rectangle(x, y, width, piece.fill, piece.name, dashed=piece.gap)


def _caption(piece: Piece, y: int, content: str) -> str:
    x, width = LEFT + (piece.start - piece.row) * CELL, (piece.end - piece.start) * CELL
    return _text(x + width // 2, y + 21, _fit(content, width))


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
        total = COLUMNS * CELL
        narrow = 3 * CELL // 2
        shares = {field["id"]: max(narrow, len(field["id"]) * LETTER + 12) for field in word}
        widest = max(word, key=lambda field: int(field["bits"]))["id"]
        shares[widest] = max(narrow, total - sum(size for name, size in shares.items() if name != widest))
        x = LEFT
        parts.append(_text(LEFT - 8, y + 30, f"bits at {offset:#x}", "end", "#6b7280", 10))
        for index, field in enumerate(reversed(word)):
            width = shares[field["id"]]
            low, high = field["bit_offset"], field["bit_offset"] + field["bits"] - 1
            parts.append(
                _text(x + width // 2, y + 6, f"{high}..{low}" if high > low else f"{low}", "middle", "#6b7280", 10)
            )
            parts.append(_rectangle(x, y + 10, width, _color(field["id"], index), field["id"]))
            parts.append(_text(x + width // 2, y + 31, _fit(field["id"], width)))
            x += width
        y += BIT_ROW + MARGIN
    return y


def _fit(name: str, width: int) -> str:
    """A label, cut where its box is too narrow."""
    room = width // LETTER
    return name if len(name) <= room else name[: max(1, room - 1)] + "…"


def _rectangle(x: int, y: int, width: int, fill: str, title: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{ROW}" fill="{fill}" stroke="#374151"{dash}>'
        f"<title>{escape(title)}</title></rect>"
    )


def _text(x: int, y: int, content: str, anchor: str = "middle", fill: str = "#111827", size: int = 12) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" {FONT}>{escape(content)}</text>'
    )


def _document(parts: list[str], height: int, title: str) -> str:
    width = LEFT + COLUMNS * CELL + MARGIN
    header = [
        _text(LEFT + index * CELL + CELL // 2, TOP - 8, f"{index:x}", "middle", "#6b7280", 10)
        for index in range(COLUMNS)
    ]
    body = "\n".join([*header, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )
