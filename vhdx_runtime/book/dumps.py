"""A dump of the book, line by line: what belongs to which field, for whoever gives the fields colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

COLOURS = 8
_COMPUTED = "= "
_RESERVED = "reserved"
_SPACE = 2
_BYTES = 23


@dataclass(frozen=True, slots=True)
class DumpLine:
    """One line of a dump.

    Attributes:
        offset: from the structure's start in bytes, None where it has no bytes of its own.
        raw: its bytes.
        name: of the field that begins here, or of the value that is computed ("= …"); "" elsewhere.
        value: as printed.
        field: number of the field that the bytes belong to.
        owner: name of that field.
        is_gap: it stands for zeros up to the next offset.
    """

    offset: int | None
    raw: bytes
    name: str
    value: str
    field: int
    owner: str
    is_gap: bool = False


def lines(dump: str) -> Iterator[DumpLine]:
    r"""The lines of a dump.

    Args:
        dump: its text; the last line has the end's offset and nothing else.

    >>> text = "   0  06 00                    version  6\n   2"
    >>> [(line.offset, line.raw, line.name, line.value) for line in lines(text)]
    [(0, b'\x06\x00', 'version', '6'), (2, b'', '', '')]
    """
    texts = dump.rstrip("\n").split("\n")
    width = len(texts[-1])
    field, owner = -1, ""
    for text in texts:
        if text.strip() == "*":
            yield DumpLine(None, b"", "", "", field, owner, is_gap=True)
            continue
        offset, raw, said = _columns(text, width)
        mark = _COMPUTED if said.startswith(_COMPUTED) else ""
        name, _, value = said.removeprefix(mark).partition(" ")
        if name and raw:
            field, owner = field + 1, name
        place = int(offset, 16) if offset else None
        yield DumpLine(place, bytes.fromhex(raw), mark + name, value.strip(), field, owner)


def _columns(text: str, width: int) -> tuple[str, str, str]:
    start = width + _SPACE
    return text[:width].strip(), text[start : start + _BYTES].strip(), text[start + _BYTES :].strip()


def colour(line: DumpLine) -> str:
    """Name of the colour of a line's bytes: "c0" to "c7", "reserved", or "" where it has none."""
    if line.owner.rpartition(".")[2].startswith(_RESERVED):
        return _RESERVED if line.raw else ""
    return f"c{line.field % COLOURS}" if line.raw else ""


def as_html(source: str) -> str:
    """A dump as HTML, each field's bytes in its colour."""
    texts = source.rstrip("\n").split("\n")
    width = len(texts[-1])
    rows = []
    for text, line in zip(texts, lines(source), strict=True):
        if not line.raw:
            rows.append(escape(text) if line.name and not line.name.startswith(_COMPUTED) else f"<i>{escape(text)}</i>")
            continue
        _, raw, _ = _columns(text, width)
        start = width + _SPACE
        rest = escape(text[start + len(raw) :])
        named = rest.replace(escape(line.name), f"<b>{escape(line.name)}</b>", 1) if line.name else rest
        shown = f'<span class="{colour(line)}" title="{escape(line.name)}">{raw}</span>'
        rows.append(f"<i>{text[:width]}</i>  {shown}{named}")
    return f'<pre class="dump"><code>{chr(10).join(rows)}</code></pre>'
