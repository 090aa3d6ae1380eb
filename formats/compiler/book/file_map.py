"""Draws the file map: the header section slot by slot, and a whole file MiB by MiB."""

from __future__ import annotations

from typing import Any

from formats.compiler.book.drawing import COLORS, RESERVED, box, document, fit, text, width_of

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
