"""Draws a file MiB by MiB, its header section slot by slot, a wrapped log, and what replay changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .drawing import BAD, COLORS, RESERVED, arrow, box, document, fit, labelled, text, width_of

WIDTH = 900
LEFT = 20
ROW = 54
_KIB = 1 << 10
_MIB = 1 << 20
_FILLS = {"log": "c2", "metadata region": "c3", "BAT": "c4", "sector": "c5", "payload": "c1", "region": "c6"}


def file_map(data: dict[str, Any], sample: dict[str, Any]) -> str:
    """The figure of the fixed places and of one file.

    Args:
        data: the layout.
        sample: who owns what in a real file; see `samples`.
    """
    section = data["constants"]["header_section_size"]["value"]
    slots = [(one["id"], one["offset"], _size(data, one)) for one in data["places"]]
    used = max(offset + size for _, offset, size in slots)
    parts = [text(LEFT, 24, f"The first {section // _MIB} MiB of every file: the header section", "start", "", 13)]
    parts += _slots(slots, used, section)
    top = 190
    title = f"{sample['file']}, {sample['length'] // _MIB} MiB long; its header section is the one drawn above"
    parts.append(text(LEFT, top - 14, title, "start", "", 13))
    parts += _file(sample, section, top)
    rest = "In any order behind the header section; every object starts at a multiple of 1 MiB."
    parts.append(text(LEFT, top + ROW + 44, rest, "start", "dim"))
    return document(parts, WIDTH, top + ROW + 60, "File map")


def _size(data: dict[str, Any], place: dict[str, Any]) -> int:
    slot: int = data["constants"]["header_slot_size"]["value"]
    return max(int(data["structures"][place["structure"]]["size"]), slot)


def _slots(slots: list[tuple[str, int, int]], used: int, section: int) -> list[str]:
    """The fixed places to scale, and what is reserved behind them cut short."""
    rest = 190
    scale = (WIDTH - 2 * LEFT - rest) / used
    parts = []
    for index, (name, offset, size) in enumerate(slots):
        x, width = LEFT + round(offset * scale), round(size * scale)
        parts.append(box(x, 44, width, ROW, COLORS[index % 2], name))
        for line, word in enumerate(_two_lines(name)):
            parts.append(text(x + width // 2, 66 + 18 * line, fit(word, width)))
        parts.append(text(x, 44 + ROW + 16, f"{offset // _KIB} KiB", "start", "dim", 11))
        parts.append(text(x, 44 + ROW + 31, f"{offset:#x}", "start", "dim", 11))
    x = LEFT + round(used * scale)
    parts.append(box(x, 44, rest, ROW, RESERVED, "reserved", dashed=True))
    parts.append(text(x + rest // 2, 75, f"reserved, to {section // _MIB} MiB"))
    parts.append(text(x, 44 + ROW + 16, f"{used // _KIB} KiB", "start", "dim", 11))
    parts.append(text(x, 44 + ROW + 31, f"{used:#x}", "start", "dim", 11))
    return parts


def _two_lines(name: str) -> list[str]:
    words = name.split("_")
    return [" ".join(words[:-1]), words[-1]] if len(words) > 1 else words


def _file(sample: dict[str, Any], section: int, top: int) -> list[str]:
    scale = (WIDTH - 2 * LEFT) / sample["length"]
    owners = [["header section", 0, section], *sample["owners"]]
    parts = []
    for name, offset, length in owners:
        x, width = LEFT + round(offset * scale), round(length * scale)
        fill = next((fill for start, fill in _FILLS.items() if name.startswith(start)), "c0")
        parts.append(box(x, top, width, ROW, fill, f"{name}: {offset:#x} to {offset + length:#x}"))
        for line, word in enumerate(_wrapped(name, width)):
            parts.append(text(x + width // 2, top + 23 + 18 * line, fit(word, width)))
        parts.append(text(x, top + ROW + 16, f"{offset // _MIB} MiB", "start", "dim", 11))
    return parts


def _wrapped(name: str, width: int) -> list[str]:
    if width_of(name) <= width - 6 or " " not in name:
        return [name]
    first, _, rest = name.partition(" ")
    return [first, rest]


_ROLES = {"before the tail": BAD, "tail": "c1", "active": "c1", "head": "c2"}
CELL, CELL_HEIGHT = 92, 44


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
    parts.append(f'<path d="M{seam},{y - 6} V{y + CELL_HEIGHT + 40}" stroke-dasharray="4 4"/>')
    parts.append(text(seam, y + CELL_HEIGHT + 54, "the log's end: go on at its start", "middle", "dim", 11))
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
    return document(parts, max(WIDTH, max(places.values()) + CELL + LEFT), y + CELL_HEIGHT + 70, "A wrapped log")


def _sectors(entry: dict[str, Any], log: dict[str, Any]) -> list[int]:
    sectors = log["length"] // log["sector"]
    first = entry["log_offset"] // log["sector"]
    return [(first + index) % sectors for index in range(entry["length"] // log["sector"])]


def _sector(sector: int, x: int, y: int, owner: tuple[dict[str, Any], int] | None, size: int) -> list[str]:
    offset = text(x + CELL // 2, y + CELL_HEIGHT + 16, f"{sector * size:#x}", "middle", "dim", 10)
    if owner is None:
        return [box(x, y, CELL, CELL_HEIGHT, RESERVED, "free or old", dashed=True), offset]
    entry, index = owner
    kind = "data" if index >= entry["length"] // size - entry["data_sectors"] else "loge"
    return [
        labelled(x, y, CELL, CELL_HEIGHT, _ROLES[entry["role"]], kind, f"entry {entry['sequence_number']}, {kind}"),
        offset,
    ]


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
            parts.append(box(x, y, width - 6, CELL_HEIGHT, _fill(held, changed=changed), f"{page_words(held)}"))
            parts.append(text(x + width // 2 - 3, y + 26, page_words(held), "middle", "" if changed else "dim", 11))
        grown = before is not None and before["size"] != step["size"]
        parts.append(text(right + 60, y + 26, f"{step['size'] // _MIB} MiB", "middle", "" if grown else "dim"))
        before = step
        y += CELL_HEIGHT + 14
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


STATES_WIDTH = 860
STATES_LEFT, STATES_RIGHT = 20, 560
BOX, STATES_ROW, GAP = 300, 36, 10
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
    height = 70 + len(states) * (STATES_ROW + GAP)
    step = (height - 70) // len(kinds)
    targets = {kind: 56 + index * step + (step - STATES_ROW) // 2 for index, kind in enumerate(kinds)}
    parts = [
        text(STATES_LEFT, 24, f"{disk_type.capitalize()} disk: the state of a block", "start", "", 13),
        text(STATES_RIGHT, 24, "what a read of it gives", "start", "", 13),
    ]
    parts += [
        labelled(STATES_RIGHT, y, TARGET, STATES_ROW, READS[kind][1], READS[kind][0]) for kind, y in targets.items()
    ]
    for index, one in enumerate(states):
        parts += _state(one, enum, 50 + index * (STATES_ROW + GAP), targets[one["kind"]], kinds.index(one["kind"]))
    return document(parts, STATES_WIDTH, height, f"Block states of a {disk_type} disk")


def _state(one: dict[str, Any], enum: dict[int, dict[str, Any]], y: int, target: int, lane: int) -> list[str]:
    known = enum.get(one["state"])
    name = known["id"] if known else "reserved"
    broken = [rule for rule in one["rules"] if not one["informs"].get(rule)]
    fill = BAD if broken else "c0"
    parts = [
        box(STATES_LEFT, y, BOX, STATES_ROW, fill, name),
        text(STATES_LEFT + 16, y + 23, str(one["state"]), "middle"),
    ]
    parts.append(text(STATES_LEFT + 38, y + 23, name, "start"))
    noted = ", ".join(one["rules"])
    parts.append(
        text(STATES_LEFT + BOX - 8, y + 23, noted if len(noted) < 16 else one["rules"][0] + " …", "end", "dim", 10)
    )
    middle, end = y + STATES_ROW // 2, target + STATES_ROW // 2
    turn = STATES_LEFT + BOX + 40 + lane * 34
    points = [(STATES_LEFT + BOX, middle), (turn, middle), (turn, end), (STATES_RIGHT, end)] if middle != end else []
    parts.append(arrow(*(points or [(STATES_LEFT + BOX, middle), (STATES_RIGHT, end)])))
    return parts


COLUMNS = 16
MAP_CELL = 44
MAP_ROW = 34
MAP_LEFT = 92
TOP = 30
MARGIN = 12
LONG = 64
BIT_ROW = 40
LETTER = 8


@dataclass(frozen=True)
class Box:
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

    Returns:
        An SVG document. Of a field of more than 64 bytes the rows between its first and its last are drawn as one.
    """
    items = _byte_items(structure)
    pieces = [piece for item in items for piece in _pieces(*item)]
    rows: dict[tuple[int, bool], int] = {}
    for piece in pieces:
        rows.setdefault((piece.row, piece.gap), TOP + MAP_ROW * len(rows))
    parts = [
        text(MAP_LEFT + i * MAP_CELL + MAP_CELL // 2, TOP - 8, f"{i:x}", "middle", "dim", 10) for i in range(COLUMNS)
    ]
    parts += [text(MAP_LEFT - 8, y + 21, f"{row:#x}", "end", "dim") for (row, gap), y in rows.items() if not gap]
    parts += [_piece(piece, rows[piece.row, piece.gap]) for piece in pieces]
    for name, offset, size, _ in items:
        own = [piece for piece in pieces if piece.name == name and offset <= piece.start < offset + size]
        shown = max(own, key=lambda piece: (piece.gap, piece.end - piece.start))
        content = f"{name}: {size} bytes, {offset:#x} to {offset + size - 1:#x}" if shown.gap else name
        parts.append(_caption(shown, rows[shown.row, shown.gap], content))
    y = _words(parts, structure, TOP + MAP_ROW * len(rows) + MARGIN)
    return document(parts, MAP_LEFT + COLUMNS * MAP_CELL + MARGIN, y, f"Byte map of {structure['name']}")


def _pieces(name: str, offset: int, size: int, fill: str) -> list[Box]:
    end = offset + size
    found = []
    for row in range(offset // COLUMNS * COLUMNS, end, COLUMNS):
        edge = row < offset or row + COLUMNS > end or row == offset
        if size <= LONG or edge:
            found.append(Box(name, fill, row, max(row, offset), min(row + COLUMNS, end)))
        elif not found[-1].gap:
            found.append(Box(name, fill, row, row, row + COLUMNS, gap=True))
    return found


def _piece(piece: Box, y: int) -> str:
    x, width = MAP_LEFT + (piece.start - piece.row) * MAP_CELL, (piece.end - piece.start) * MAP_CELL
    return box(x, y, width, MAP_ROW, piece.fill, piece.name, dashed=piece.gap)


def _caption(piece: Box, y: int, content: str) -> str:
    x, width = MAP_LEFT + (piece.start - piece.row) * MAP_CELL, (piece.end - piece.start) * MAP_CELL
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
        x = MAP_LEFT
        parts.append(text(MAP_LEFT - 8, y + 30, f"bits at {offset:#x}", "end", "dim", 10))
        for index, (field, width) in enumerate(reversed(list(zip(word, _shares(word), strict=True)))):
            low, high = field["bit_offset"], field["bit_offset"] + field["bits"] - 1
            bits = f"{high}..{low}" if high > low else f"{low}"
            parts.append(text(x + width // 2, y + 6, bits, "middle", "dim", 10))
            parts.append(box(x, y + 10, width, MAP_ROW, _color(field["id"], index), field["id"]))
            parts.append(text(x + width // 2, y + 31, fit(field["id"], width)))
            x += width
        y += BIT_ROW + MARGIN
    return y


def _shares(word: list[dict[str, Any]]) -> list[int]:
    """Width of the box of each bit field: enough for its name; the widest field has the rest of the row."""
    narrow = 3 * MAP_CELL // 2
    shares = [max(narrow, len(field["id"]) * LETTER + 12) for field in word]
    widest = max(range(len(word)), key=lambda index: int(word[index]["bits"]))
    shares[widest] = max(
        narrow, COLUMNS * MAP_CELL - sum(share for index, share in enumerate(shares) if index != widest)
    )
    return shares
