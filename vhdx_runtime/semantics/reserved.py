"""Bytes that nothing uses and that should be zero: reserved fields, paddings, unused entries of the BAT.

Readers ignore such bytes, so opening never asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vhdx_format import layout

from ..codec import holes
from ..codec.decode import Placed, is_read
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..wording import agreeing, counted

_ENTRY_SIZE = layout.STRUCTURES["bat_entry"].size or 0
_CHUNK = 1 << 20


def field(placed: Placed, name: str) -> Finding | None:
    """The finding of a reserved field that is not zero, or None; also where the field is not reserved."""
    declared = next(field for field in layout.STRUCTURES[placed.structure].fields if field.id == name)
    if declared.zero_rule is None or not is_read(placed, name):
        return None
    return _finding(declared.zero_rule, placed.place(name), getattr(placed.fields, name))


def fields(placed: Placed) -> Iterator[Finding]:
    """The findings of all reserved fields of a structure."""
    found = (field(placed, one.id) for one in layout.STRUCTURES[placed.structure].fields)
    return (finding for finding in found if finding is not None)


def header_padding(source: Source, number: int) -> Finding | None:
    """The finding of the rest of a header's slot, or None. Spec: MS-VHDX 2.2.2."""
    slot = (layout.HEADER_1_OFFSET, layout.HEADER_2_OFFSET)[number - 1]
    place = Place(f"header {number}", "padding", slot + layout.HEADER_SIZE)
    return _range(source, "HDR-016", place, layout.HEADER_SLOT_SIZE - layout.HEADER_SIZE)


def header_section_tail(source: Source) -> Finding | None:
    """The finding of what lies behind the second region table up to the first MiB, or None. Spec: MS-VHDX 2.2."""
    place = Place("header section", "tail", layout.HEADER_SECTION_USED)
    return _range(source, "FTI-007", place, layout.HEADER_SECTION_SIZE - layout.HEADER_SECTION_USED)


def unused_entries(view: Source, table: int, ranges: Iterable[tuple[int, int]]) -> Finding | None:
    """The finding of BAT entries that no block uses and that are not zero, or None.

    Args:
        view: the file after replay.
        table: file offset of the BAT in bytes.
        ranges: first and last (exclusive) index of unused entries, in order; holes of the file are not read.

    Spec: MS-VHDX 2.5
    """
    count, first = 0, None
    for start, stop in ranges:
        for used, _ in nonzero_entries(view, table, start, stop):
            first = int(used[0]) if first is None else first
            count += len(used)
    if first is None:
        return None
    place = Place(f"bat[{first}]", "entries", table + first * _ENTRY_SIZE)
    return make(
        "BAT-018",
        place,
        f"{agreeing(counted(count, 'unused entry', 'unused entries'), 'that is', 'that are')} not zero",
        "zeros",
    )


def nonzero_entries(view: Source, table: int, start: int, stop: int) -> Iterator[tuple[Any, Any]]:
    """The entries of a range that are not zero: indices and words, as arrays, for each part read that has any.

    Args:
        view: the file after replay.
        table: file offset of the BAT in bytes.
        start: index of the first entry.
        stop: index behind the last one; holes of the file are not read.

    Spec: MS-VHDX 2.5
    """
    import numpy as np

    for begin, end in holes.data_ranges(view, table + start * _ENTRY_SIZE, (stop - start) * _ENTRY_SIZE):
        first, last = (begin - table) // _ENTRY_SIZE, -(-(end - table) // _ENTRY_SIZE)
        for index in range(first, last, _CHUNK // _ENTRY_SIZE):
            raw = view.read_at(table + index * _ENTRY_SIZE, min(_CHUNK, (last - index) * _ENTRY_SIZE))
            if not holes.is_zero(raw):
                words = np.frombuffer(raw, dtype="<u8", count=len(raw) // _ENTRY_SIZE)
                used = np.flatnonzero(words)
                if len(used):
                    yield used + index, words[used]


def _range(source: Source, rule: str, place: Place, size: int) -> Finding | None:
    return _finding(rule, place, source.read_at(place.file_offset or 0, size))


def _finding(rule: str, place: Place, raw: bytes) -> Finding | None:
    if holes.is_zero(raw):
        return None
    first = len(raw) - len(raw.lstrip(b"\0"))
    where = Place(place.structure, place.field, (place.file_offset or 0) + first)
    return make(
        rule, where, f"{agreeing(counted(len(raw) - raw.count(0), 'byte'), 'that is', 'that are')} not zero", "zeros"
    )
