"""A node and what is below it as lines for people.

Text that comes from the file is escaped; colours are left to whoever prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from ..wording import shown as safe
from .node import Bit, Node
from .record import Seen, is_text, section, words

Paint: TypeAlias = "Callable[[str, str], str]"
"""From a text and what it is ("finding", "name", "dim", "mark") to the text in colour."""

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_HEX_BYTES = 16
TEXT_SHOWN = 120  # characters of a text that a line shows
_HEX_FROM = 256
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Style:
    """What is shown.

    Attributes:
        depth: levels below the node, None for all.
        limit: children of a node that are shown, 0 for all.
        offsets: whether file offset and size come first.
        doc: whether the schema's words are shown.
        paint: gives colours.
        seen: is told of each finding that is shown.
    """

    depth: int | None = None
    limit: int = 0
    offsets: bool = True
    doc: bool = False
    paint: Paint = lambda text, _: text
    seen: Seen = lambda _: None


def size_text(size: int) -> str:
    """A number of bytes, short.

    >>> size_text(64), size_text(65536), size_text(65016)
    ('64', '64 KiB', '65016')
    """
    name = ""
    for unit in _UNITS:
        if size % 1024 or not size:
            break
        size, name = size // 1024, unit
    return f"{size} {name}".rstrip()


def heading(style: Style) -> str:
    """The line above all others."""
    columns = "name (+: more below)  value  [bytes]"
    return f"{'offset':>14} {'size':>11}  {columns}" if style.offsets else columns


def lines(node: Node, style: Style, level: int = 0) -> Iterator[str]:
    """The node, its findings and the nodes below it."""
    indent = _INDENT * level
    is_open = style.depth is None or level < style.depth
    closed = "" if is_open or (node.children is None and not node.bits) else " +"
    title = style.paint(safe(node.name) if level else safe(node.path or node.name), "name") + closed
    yield _margin(node, style) + indent + f"{title}  {_said(node, style)}".rstrip()
    blank = _margin(None, style) + indent + _INDENT
    if style.doc:
        yield from _doc(node, style, blank)
    for finding in node.findings if node.kind != "file" else ():
        style.seen(finding)
        yield blank + style.paint(f"! {finding.verdict}: {safe(finding.message)}", "finding")
    if is_open and node.kind != "bits":
        yield from (blank + _bit(bit, style) for bit in node.bits)
    if node.children is None or not is_open:
        return
    children = iter(node.children())
    for child in islice(children, style.limit or None):
        yield from lines(child, style, level + 1)
    if style.limit and next(children, None) is not None:
        said = "is" if style.limit == 1 else f"{style.limit} are"
        yield blank + style.paint(f"… and more; the first {said} shown", "dim")


def _margin(node: Node | None, style: Style) -> str:
    if not style.offsets:
        return ""
    if node is None or node.offset is None:
        return " " * 28
    return f"{node.offset:#14x} {size_text(node.size):>11}  "


def _doc(node: Node, style: Style, blank: str) -> Iterator[str]:
    said = words(node.structure, node.field)
    text = " ".join(said.get("doc", "").split())
    number = section(node.structure, node.field)
    sources = [f"MS-VHDX {number}"] if number[:1].isdigit() else []
    sources += said.get("orig_ids", ())
    if text or sources:
        yield blank + style.paint(f"# {text} ({', '.join(sources)})", "dim")


def _bit(bit: Bit, style: Style) -> str:
    last = bit.bit_offset + bit.bits - 1
    place = f"bit {bit.bit_offset}" if bit.bits == 1 else f"bits {bit.bit_offset}..{last}"
    unit = f" × {bit.unit}" if bit.unit else ""
    value = "?" if bit.value is None else f"{_integer(bit.value, None)}{unit}"
    meaning = f" ({bit.meaning})" if bit.meaning else ""
    return f"{style.paint(bit.name, 'name')}  {value}{meaning}  {style.paint(place, 'dim')}"


def _said(node: Node, style: Style) -> str:
    """The value, its meaning, the bytes, and what is remarkable."""
    parts = [value_text(node), _bytes(node, style)]
    marks = []
    if node.from_log:
        differs = node.stored is not None and node.stored != node.raw
        marks.append(f"from the log; the file holds {_hex(node.stored or b'')}" if differs else "from the log")
    if node.missing:
        whole = node.missing == node.size
        marks.append("beyond end of file" if whole else f"{size_text(node.missing)} beyond end of file")
    if node.shared_with:
        marks.append(f"shared with {', '.join(map(safe, node.shared_with))}")
    parts += [style.paint(f"<{mark}>", "mark") for mark in marks]
    if node.note:
        parts.append(style.paint(safe(node.note), "dim"))
    return "  ".join(part for part in parts if part)


def value_text(node: Node) -> str:
    """The value of a node and what it means, for people; text from the file is escaped and cut."""
    meaning = safe(node.meaning)
    if isinstance(node.value, int):
        return f"{_integer(node.value, node.unit)}{f' {meaning}' if meaning else ''}"
    if isinstance(node.value, str) and (node.kind == "text" or is_text(node.structure, node.field)):
        return f'"{_cut(safe(node.value))}"'
    if isinstance(node.value, str):
        return f"{meaning} {_cut(safe(node.value))}".strip()
    return meaning


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}… ({len(text)} characters)"


def _integer(value: int, unit: str | None) -> str:
    if unit == "bytes":
        short = size_text(value)
        return f"{value:#x} ({short if short != str(value) else f'{value} bytes'})"
    text = f"{value} ({value:#x})" if value >= _HEX_FROM else str(value)
    return f"{text} {unit}" if unit else text


def _bytes(node: Node, style: Style) -> str:
    if node.zero:
        return style.paint("all zero", "dim")
    if not node.raw or (node.children is not None):
        return ""
    return style.paint(f"[{_hex(node.raw, node.size)}]", "dim")


def _hex(raw: bytes, size: int | None = None) -> str:
    shown = raw[:_HEX_BYTES].hex(" ")
    return f"{shown} …" if (len(raw) if size is None else size) > _HEX_BYTES else shown
