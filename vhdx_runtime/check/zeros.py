"""Reserved bytes: what should be zero in the fixed places of a file.

Knows which parts of the header section no structure uses; which fields are to be zero, the schema says.
"""

from __future__ import annotations

from collections.abc import Iterator

from vhdx_format import layout

from ..codec.decode import Placed, is_read
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..image import Image


def findings(image: Image) -> Iterator[Finding]:
    """The reserved bytes of identifier, headers, region tables and header section that are not zero."""
    yield from _declared(image.identifier)
    for copy in image.headers.copies:
        if copy.valid:
            yield from _declared(copy.placed)
        padding = copy.placed.file_offset + layout.HEADER_SIZE
        size = layout.HEADER_SLOT_SIZE - layout.HEADER_SIZE
        yield from _nonzero(image.source, "HDR-016", Place(f"header {copy.number}", "padding", padding), size)
    for table in image.regions.copies:
        if table.valid:
            yield from _declared(table.placed)
    used = layout.HEADER_SECTION_USED
    place = Place("header section", "tail", used)
    yield from _nonzero(image.source, "FTI-007", place, layout.HEADER_SECTION_SIZE - used)


def _declared(placed: Placed) -> Iterator[Finding]:
    for field in layout.STRUCTURES[placed.structure].fields:
        if field.zero_rule and is_read(placed, field.id):
            value = getattr(placed.fields, field.id)
            if value != bytes(len(value)):
                yield _finding(field.zero_rule, placed.place(field.id), value)


def _nonzero(source: Source, rule: str, place: Place, size: int) -> Iterator[Finding]:
    raw = source.read_at(place.file_offset or 0, size)
    if raw != bytes(len(raw)):
        yield _finding(rule, place, raw)


def _finding(rule: str, place: Place, raw: bytes) -> Finding:
    first = len(raw) - len(raw.lstrip(b"\0"))
    where = Place(place.structure, place.field, (place.file_offset or 0) + first)
    return make(rule, where, f"{len(raw) - raw.count(0)} bytes that are not zero", "zeros")
