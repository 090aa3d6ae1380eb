"""A node and what is below it as one nested document, for programs in jq; and entries of the BAT as such, many at once.

Knows how addresses become members and arrays: "log.entries[1].header" is `.log.entries[1].header`, and the entries of
the BAT, which the tree shows as runs, are `.bat.entries[]`, one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any, Final

import numpy as np
from vhdx_format.layout import BAT_STATE_MASK, LOG_SECTOR_SIZE, STRUCTURES

from ..codec.overlay import Overlay
from ..semantics.bat import ENTRY_SIZE
from ..semantics.table import MIB, Array, Part, broken, parts
from . import log
from .area import Area
from .bat import state_name
from .facts import facts
from .node import Node
from .series import OWNERS, Series

LIMIT: Final = 64_000
"""Not in the specification: how many nodes one document may have."""
EXACT: Final = 1 << 53
"""Not in the specification: from here on numbers of jq are not exact, so larger ones are text."""
ENTRIES: Final = "entries"
_LISTS: Final = ("blocks", "bitmaps", "unclaimed")
_LEFT_OUT: Final = ("name", "extents", "structure", "field", "section", "hex", "hex_in_file", "note")
_MEMBER = re.compile(r"(.+)\[(\d+)\]")
_HALF = re.compile(r"(.+)_(?:low|high)")
_STATES: Final = BAT_STATE_MASK + 1


class TooLarge(ValueError):
    """A document would have more than `LIMIT` nodes."""


@dataclass(frozen=True, slots=True)
class Members:
    """An array.

    Attributes:
        all: goes through its members.
        series: the same where there may be very many of them, or None.
        make: makes one of them by its number, or None where one has to go through all.
    """

    all: Callable[[], Iterable[Node]]
    series: Series | None = None
    make: Callable[[int], Node | None] | None = None

    def some(self, wanted: range) -> Iterable[Node]:
        """Those with some numbers, in steps of 1."""
        if self.series is not None:
            return self.series.nodes(wanted, ())
        return islice(self.all(), wanted.start, wanted.stop)

    def at(self, number: int) -> Node | None:
        """One of them; negative numbers count from the end."""
        if number < 0:
            count = self.series.count if self.series else sum(1 for _ in self.all())
            number += count
        if number < 0:
            return None
        if self.series is not None:
            return self.series.make(number) if number < self.series.count else None
        if self.make is not None:
            return self.make(number)
        return next(iter(islice(self.all(), number, None)), None)


def brief(node: Node) -> dict[str, Any]:
    """What a program in jq sees of a node: its facts without those that only people or tools for bytes need."""
    known = facts(node)
    kept = {name: _exact(value) for name, value in known.items() if name not in _LEFT_OUT}
    return {name: value for name, value in kept.items() if not _is_half(name, known)}


def _is_half(name: str, known: dict[str, Any]) -> bool:
    match = _HALF.fullmatch(name)
    return match is not None and match[1] in known


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return str(value) if isinstance(value, int) and abs(value) >= EXACT else value


def member(root: Node, node: Node, name: str) -> Node | Members | None:
    """What stands under a name in the document of a node, or may be asked for there; None where nothing does.

    Args:
        root: of the file.
        node: the node, below the root or the root itself.
        name: without an index.
    """
    if node.path == "bat" and name == ENTRIES and "bat" in root.series:
        return _of_series(root.series["bat"])
    found: Node | None = None
    first = node.lookup(f"{name}[0]") if node.lookup is not None and node is not root else None
    first = first if first is not None and first.name == f"{name}[0]" else None
    if first is None:
        for one in node.children() if node.children is not None else ():
            if one.name in (name, f"{name}[0]"):
                found = one
                break
    if first is not None or (found is not None and found.name != name) or (found is None and name in _arrays(node)):
        make = None if first is None or node.lookup is None else partial(_numbered_one, node.lookup, name)
        return Members(lambda: _numbered(node, name), make=make)
    if found is not None and node is root and name in _LISTS:
        return Members(found.children or tuple)
    if found is not None:
        return found
    if node is root and name in root.series:
        return _of_series(root.series[name])
    return node.lookup(name) if node.lookup is not None and name not in brief(node) else None


def _arrays(node: Node) -> tuple[str, ...]:
    """Arrays that stand in the document of a node also where they are empty."""
    if node.children is None:
        return ()
    if node.path == log.PATH:
        return (ENTRIES,)
    declared = STRUCTURES.get(node.structure)
    return tuple(item.id for item in declared.fields if item.repeat) if declared else ()


def _of_series(series: Series) -> Members:
    return Members(lambda: series.nodes(range(series.count), ()), series)


def _numbered_one(lookup: Callable[[str], Node | None], name: str, number: int) -> Node | None:
    return lookup(f"{name}[{number}]")


def _numbered(node: Node, name: str) -> Iterator[Node]:
    """The children "name[0]", "name[1]" and so on."""
    count = 0
    for one in node.children() if node.children is not None else ():
        if one.name == f"{name}[{count}]":
            yield one
            count += 1


def document(root: Node, found: Node | Members) -> Any:
    """A node or an array with everything below it, as plain values.

    Raises:
        TooLarge: it has more than `LIMIT` nodes.
    """
    maker = _Maker(root)
    return maker.array(found) if isinstance(found, Members) else maker.node(found)


class _Maker:
    """Makes one document; counts its nodes."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.left = LIMIT

    def array(self, members: Members) -> list[Any]:
        """An array."""
        if members.series is not None and members.series.count > self.left:
            raise TooLarge
        return [self.node(one) for one in members.all()]

    def node(self, node: Node) -> Any:
        """A node and what is below it."""
        self.left -= 1
        if self.left < 0:
            raise TooLarge
        if self.root.children is not None and node.path in _LISTS:
            return self.array(Members(node.children or tuple))
        made = brief(node)
        if node.path == "bat" and "bat" in self.root.series:
            made[ENTRIES] = self.array(_of_series(self.root.series["bat"]))
        taken: dict[str, list[Any]] = {name: [] for name in _arrays(node)}
        made |= taken
        for one in node.children() if node.children is not None else ():
            if node.path == "bat" and one.path.startswith("bat["):
                continue
            match = _MEMBER.fullmatch(one.name)
            if match is not None and int(match[2]) == len(taken.get(match[1], ())):
                made[match[1]] = taken.setdefault(match[1], [])
                taken[match[1]].append(self.node(one))
            else:
                made[one.name] = self.node(one)
        return made


def text(value: Any) -> str:
    """A document as JSON that jq reads."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")


def entry_texts(series: Series) -> Iterator[list[str]]:
    """The entries of the BAT as documents, some thousand at a time.

    Args:
        series: the entries.
    """
    table, area = series.table, series.area
    if table is None or area is None:
        return
    for part in parts(table, series.geometry):
        made = _plain_texts(part, table.file_offset)
        for at in np.flatnonzero(_is_special(part, area, table.file_offset)).tolist():
            node = series.make(part.start + at)
            if node is not None:
                made[at] = text(brief(node))
        yield made


def _plain_texts(part: Part, start: int) -> list[str]:
    """Entries of which there is no more to say than what stands in their words."""
    index, geometry = part.indices, part.geometry
    number: Array = np.where(part.is_bitmap, geometry.chunk_of(index), geometry.block_of(index))
    form = part.state + np.uint8(_STATES) * (part.is_payload + np.uint8(2) * part.is_bitmap)
    reserved = (part.words & np.uint64(MIB - 1)) >> np.uint64(BAT_STATE_MASK.bit_length())
    columns = (index, form, number, reserved, part.offset, part.words)
    forms = _forms()
    return [
        forms[form] % (i, start + i * ENTRY_SIZE, i, n, unused, mib, _number(mib * MIB), _number(word))
        for i, form, n, unused, mib, word in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _number(value: int) -> str:
    return str(value) if value < EXACT else f'"{value}"'


@cache
def _forms() -> list[str]:
    """What all plain entries have in common, by what they describe and by state."""
    found = []
    for owner in OWNERS:
        for state in range(_STATES):
            meaning = state_name(owner, state)
            said = f',"meaning":"{meaning}"' if meaning else ""
            found.append(
                f'{{"path":"bat[%d]","kind":"word","offset":%d,"size":{ENTRY_SIZE},"index":%d,'
                f'"owner":"{owner}","number":%d,"state":{state},"reserved":%d,'
                f'"file_offset_mb":%d,"file_offset":%s,"value":%s{said}}}'
            )
    return found


def _is_special(part: Part, area: Area, start: int) -> Array:
    """Which entries break a rule, are changed by replay, or are not the table's own bytes alone."""
    found: Array = (part.words != 0) & ~part.is_payload
    if part.geometry.has_parent:
        found &= ~part.is_bitmap
    for _, wrong in broken(part, part.geometry):
        found |= wrong
    first, size = start + part.start * ENTRY_SIZE, len(part.words) * ENTRY_SIZE
    owned = area.zone.owned
    if len(owned) != 1 or not (owned[0][0] <= first and first + size <= owned[0][1]):
        found[:] = True
    source = area.source
    if isinstance(source, Overlay) and source.touches(first, size):
        for at in range(0, size, LOG_SECTOR_SIZE):
            if source.touches(first + at, min(LOG_SECTOR_SIZE, size - at)):
                found[at // ENTRY_SIZE : (at + LOG_SECTOR_SIZE) // ENTRY_SIZE] = True
    return found
