"""The first MiB of the file as nodes: identifier, both headers, both region tables, and what is left between them.

Knows the fixed places. Which copy counts, and why, is taken from the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vhdx_format import layout

from ..codec import decode
from ..findings import Finding
from ..image import Image
from ..semantics import reserved
from ..semantics.headers import HeaderCopy
from ..semantics.regions import RegionCopy
from .area import Area, Findings
from .extents import Claims, zone
from .node import Node
from .structure import structure

_PLACES = {place.id: place.offset for place in layout.PLACES}
TAIL = "header_section_tail"


@dataclass(frozen=True, slots=True)
class _Maker:
    image: Image
    claims: Claims
    findings: Findings

    def area(self, name: str, offset: int, length: int) -> Area:
        """The area of an object at a fixed place; headers and identifier are never changed by the log."""
        source = self.image.source if offset < layout.REGION_TABLE_1_OFFSET else self.image.view
        owned = zone(self.claims, offset, offset + length, name, self.image.source.size)
        return Area(source, owned, self.findings)


def nodes(image: Image, claims: Claims, findings: Findings) -> list[Node]:
    """The nodes of the header section, in the order of the file.

    Args:
        image: the file.
        claims: of the whole file; what stands here is claimed first.
        findings: what is wrong with the file, by place.

    Spec: MS-VHDX 2.2
    """
    maker = _Maker(image, claims, findings)
    area = maker.area("file_identifier", layout.FILE_IDENTIFIER_OFFSET, layout.HEADER_SLOT_SIZE)
    found = [structure(area, image.identifier, "file_identifier", "file_identifier")]
    for header in image.headers.copies:
        found += _header(maker, header)
    found += [_region_table(maker, table) for table in image.regions.copies]
    length = layout.HEADER_SECTION_SIZE - layout.HEADER_SECTION_USED
    area = maker.area(TAIL, layout.HEADER_SECTION_USED, length)
    broken = reserved.header_section_tail(image.source)
    found.append(area.filled(TAIL, TAIL, "reserved", layout.HEADER_SECTION_USED, length, findings=_found(broken)))
    return found


def _header(maker: _Maker, copy: HeaderCopy) -> Iterator[Node]:
    name = f"header_{copy.number}"
    headers = maker.image.headers
    is_current = copy is headers.current
    local: list[Finding] = []
    is_judged = is_current or headers.current is None
    if copy.placed.complete and headers.current is None:
        condition = "log_guid_nil" if copy.fields.log_guid.is_nil else "log_guid_set"
        local = decode.findings(copy.placed, conditions=[condition])
    area = maker.area(name, _PLACES[name], layout.HEADER_SIZE).with_findings(local)
    note = f"current: {headers.reason}" if is_current else "not current" if copy.valid else "not valid"
    details = {"is_current": is_current, "is_valid": copy.valid, "is_judged": is_judged}
    yield structure(area, copy.placed, name, name, note=note, details=details)
    start, length = _PLACES[name] + layout.HEADER_SIZE, layout.HEADER_SLOT_SIZE - layout.HEADER_SIZE
    padding = f"{name}_padding"
    area, broken = maker.area(padding, start, length), reserved.header_padding(maker.image.source, copy.number)
    yield area.filled(padding, padding, "reserved", start, length, findings=_found(broken))


def _found(finding: Finding | None) -> tuple[Finding, ...]:
    return () if finding is None else (finding,)


def _region_table(maker: _Maker, copy: RegionCopy) -> Node:
    name = f"region_table_{copy.number}"
    current = maker.image.regions.current
    local: list[Finding] = []
    is_judged = copy.valid or current is None
    if is_judged:
        local += decode.findings(copy.header) if copy.header else []
        for entry in decode.elements(copy.placed, "entries"):
            known = entry.complete and entry.fields.is_known
            local += decode.findings(entry, conditions=["known" if known else "unknown"])
    area = maker.area(name, _PLACES[name], layout.REGION_TABLE_SIZE).with_findings(local)
    details = {"is_current": copy is current, "is_valid": copy.valid, "is_judged": is_judged}
    if copy is current:
        note = "current: the first valid one"
    elif current is not None and copy.placed.raw == current.placed.raw:
        note = f"same as region_table_{current.number}"
    else:
        note = "not current" if copy.valid else "not valid"
    return structure(area, copy.placed, name, name, note=note, details=details)
