"""The parent locator as nodes: header, entries, and the strings that they point at.

Knows how the item divides: header, entries, then keys and values in the order of the entries. The text is taken from
the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vhdx_format.layout import STRUCTURES

from ..semantics.locator import (
    ABSOLUTE_WIN32_PATH,
    PARENT_LINKAGE,
    PARENT_LINKAGE2,
    RELATIVE_PATH,
    VOLUME_PATH,
    Locator,
    Pair,
)
from .area import SHOWN_BYTES, Area
from .extents import Claims, Extent, gaps
from .node import Node
from .structure import fields, structure

_KEYS = (PARENT_LINKAGE, PARENT_LINKAGE2, RELATIVE_PATH, VOLUME_PATH, ABSOLUTE_WIN32_PATH)
_ENTRY = "parent_locator_entry"
_ENTRIES = next(field for field in STRUCTURES["parent_locator"].fields if field.id == "entries")


def node(
    area: Area, locator: Locator, name: str, path: str, offset: int, length: int, others: Mapping[str, Any]
) -> Node:
    """The locator's node.

    Args:
        area: of the item.
        locator: as parsed.
        name: id of the node.
        path: its address.
        offset: file offset of the item in bytes.
        length: of the item in bytes.
        others: further attributes of the node.

    Spec: MS-VHDX 2.6.2.6
    """
    return area.node(
        name,
        path,
        "structure",
        offset,
        length,
        structure="parent_locator",
        findings=tuple(found for key in ("", *_KEYS) for found in area.at(offset, key)),
        children=lambda: _children(area, locator, path, offset, length),
        lookup=lambda wanted: _value(area, locator, path, offset, length, wanted),
        **others,
    )


def _children(area: Area, locator: Locator, path: str, offset: int, length: int) -> Iterator[Node]:
    claims = Claims()
    size = min(len(locator.header.raw), STRUCTURES["parent_locator_header"].size or 0, length)
    inside = area.part(claims, offset, size, f"{path}.header")
    yield structure(inside, locator.header, "header", f"{path}.header", size=size, is_part=True)
    first = offset + (_ENTRIES.offset or 0)
    table = len(locator.pairs) * (STRUCTURES[_ENTRY].size or 0)
    entries = area.part(claims, first, max(0, min(table, offset + length - first)), f"{path}.entries")
    for number, pair in enumerate(locator.pairs):
        yield _pair(area, entries, claims, pair, number, path, offset, length)
    for low, high in gaps(sorted(claims), within=(offset, offset + length)):
        name = f"free[{low - offset:#x}]"
        yield area.filled(name, f"{path}.{name}", "free", low, high - low)


def _pair(
    area: Area, entries: Area, claims: Claims, pair: Pair, number: int, path: str, offset: int, length: int
) -> Node:
    """An entry, with its strings below it although they lie elsewhere in the item."""
    name = f"entries[{number}]"
    size = STRUCTURES[_ENTRY].size or 0
    strings = list(_strings(area, claims, pair, f"{path}.{name}", offset, length))
    parts: tuple[Extent, ...] = ((pair.entry.file_offset, size), *(part for text in strings for part in text.parts))

    def _children() -> Iterable[Node]:
        yield from fields(entries, pair.entry, f"{path}.{name}", size)
        yield from strings

    own = entries.node(name, f"{path}.{name}", "structure", pair.entry.file_offset, size)
    extents = (
        own.extents if own.extents is None else (*own.extents, *(e for text in strings for e in text.extents or ()))
    )
    return Node(
        name,
        f"{path}.{name}",
        "structure",
        parts,
        extents,
        structure=_ENTRY,
        value=pair.value,
        meaning=pair.key or "",
        findings=(*entries.at(pair.entry.file_offset, ""),),
        missing=own.missing + sum(text.missing for text in strings),
        from_log=own.from_log or any(text.from_log for text in strings),
        note=f"left out ({pair.skipped})" if pair.skipped else "",
        children=_children,
        source=area.source,
    )


def _strings(area: Area, claims: Claims, pair: Pair, path: str, offset: int, length: int) -> Iterator[Node]:
    if not pair.entry.complete:
        return
    values = pair.entry.fields
    for name, start, size, text in (
        ("key", values.key_offset, values.key_length, pair.key),
        ("value", values.value_offset, values.value_length, pair.value),
    ):
        place = offset + start
        inside = max(0, min(size, offset + length - place))
        if not start or not inside:
            continue
        part = area.part(claims, place, inside, f"{path}.{name}")
        found = (*area.at(place, name), *(area.at(place, pair.key or "") if name == "value" else ()))
        raw = area.source.read_at(place, min(inside, SHOWN_BYTES))
        yield part.node(
            name, f"{path}.{name}", "text", place, inside, value=text, raw=raw, findings=found, structure=_ENTRY
        )


def _value(area: Area, locator: Locator, path: str, offset: int, length: int, key: str) -> Node | None:
    """The value of the first pair with this key."""
    for number, pair in enumerate(locator.pairs):
        if pair.key == key:
            for made in _children(area, locator, path, offset, length):
                if made.name == f"entries[{number}]" and made.children is not None:
                    return next((inner for inner in made.children() if inner.name == "value"), None)
    return None
