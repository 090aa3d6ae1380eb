"""Writes values as Python source: one fixed form for each value, lines of at most 120 characters where that can be."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 120
INDENT = "    "
GUID_SIZE = 16
SUPPORT = Path(__file__).resolve().parent / "support"


@dataclass(frozen=True)
class Call:
    """A call with keyword arguments, in the order given."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """An expression that is source already."""

    code: str


@dataclass(frozen=True)
class Positional:
    """A call with positional arguments;"""

    name: str
    arguments: tuple[Any, ...]


def module(title: str, support: str, body: str) -> str:
    """A generated module: its docstring, the text of a file of `support/`, and what is specific.

    Args:
        title: first line of the docstring, perhaps with further paragraphs.
        support: name of the file in `support/`, whose docstring and `__all__` are left out.
        body: the rest.
    """
    text = (SUPPORT / support).read_text("utf-8").split('"""\n', 1)[1].split("\n\n\n__all__", 1)[0]
    return f'"""{title}\n\nMachine-written from formats/ by `make generate`; do not edit.\n"""\n{text}\n\n\n{body}'


def render(value: Any, depth: int = 0, lead: int = 0) -> str:
    """Writes a value.

    Args:
        value: None, bool, int, str, bytes, `Source`, `Call`, `Positional`, or a tuple or dict of such.
        depth: indentation of the line it stands in, in steps of four spaces.
        lead: characters that stand before it in that line, indentation not counted.
    """
    flat = _flat(value)
    if len(INDENT) * depth + lead + len(flat) + 1 <= WIDTH:
        return flat
    if isinstance(value, str):
        return _long_text(value, depth)
    if isinstance(value, Call):
        items = [f"{key}={render(item, depth + 1, len(key) + 1)}" for key, item in value.arguments.items()]
        return _block(f"{value.name}(", items, ")", depth)
    if isinstance(value, Positional):
        return _block(f"{value.name}(", [render(item, depth + 1) for item in value.arguments], ")", depth)
    if isinstance(value, tuple):
        return _block("(", [render(item, depth + 1) for item in value], ")", depth)
    if isinstance(value, dict):
        items = [f"{_flat(key)}: {render(item, depth + 1, len(_flat(key)) + 2)}" for key, item in value.items()]
        return _block("{", items, "}", depth)
    return flat


def _block(opening: str, items: list[str], closing: str, depth: int) -> str:
    inner = INDENT * (depth + 1)
    return opening + "\n" + "".join(f"{inner}{item},\n" for item in items) + INDENT * depth + closing


def _flat(value: Any) -> str:
    if isinstance(value, Source):
        return value.code
    if isinstance(value, Call):
        return f"{value.name}({', '.join(f'{key}={_flat(item)}' for key, item in value.arguments.items())})"
    if isinstance(value, Positional):
        return f"{value.name}({', '.join(map(_flat, value.arguments))})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    return quoted(value) if isinstance(value, str | bytes) else repr(value)


def quoted(value: str | bytes) -> str:
    """A string or bytes literal in double quotes; the sixteen bytes of a GUID all in hexadecimal."""
    if isinstance(value, bytes) and len(value) == GUID_SIZE and not value.isascii():
        return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
    plain = repr(value)
    prefix, body = ("b", plain[1:]) if isinstance(value, bytes) else ("", plain)
    if body[0] == "'":
        body = '"' + body[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    return prefix + body


def number(value: int) -> str:
    """An integer: in hexadecimal where it is a power of two or a mask above 4096, else in decimal."""
    lowest = value & -value
    is_mask = value > 4096 and ((value // lowest + 1) & (value // lowest)) == 0
    return f"0x{value:X}" if is_mask else str(value)


def _long_text(value: str, depth: int) -> str:
    inner = INDENT * (depth + 1)
    room = WIDTH - len(inner) - 2
    pieces = textwrap.wrap(value, room, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    while any(len(quoted(piece)) > WIDTH - len(inner) for piece in pieces) and room > WIDTH // 2:
        room -= 1
        pieces = textwrap.wrap(value, room, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    if "".join(pieces) != value:
        pieces = [value]
    return "(\n" + "".join(f"{inner}{quoted(piece)}\n" for piece in pieces) + INDENT * depth + ")"
