"""The whole file as one tree, every byte of it in exactly one leaf.

Knows the order in which structures claim bytes: the header section, the log, the regions in the order of their table,
sector bitmap and payload blocks in the order of the BAT, places that entries of blocks keep which are not present,
and last what copies that do not count point at. Whoever comes later shares what is claimed already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from vhdx_format import layout

from ..codec import decode
from ..codec.overlay import Overlay
from ..disk.image import Image
from ..findings import Finding
from ..semantics import reserved
from ..semantics.headers import HeaderCopy
from ..semantics.regions import Region, RegionCopy
from . import bat, blocks, log, metadata
from .area import Area, Findings, index
from .claims import Bounds, Claims, Zone, gaps, intersect, zone
from .node import Node, child, find
from .series import Series, block_vectors, entry_vectors
from .space import BlockSpace, measure
from .structure import structure, summary

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


PATH = "unclaimed"


def node(image: Image, fixed: Claims, space: Callable[[], BlockSpace] | None) -> Node:
    """The list of what no structure owns.

    Args:
        image: the file.
        fixed: what the header section, the log and the regions claimed.
        space: gives the places of all blocks; None where the BAT cannot be read.
    """
    others = cache(lambda: _others(image))

    def _children() -> Iterator[Node]:
        used = space().ranges() if space is not None else iter(())
        return _in_gaps(image, gaps(fixed, used, within=(0, image.source.size)), others(), is_known=space is not None)

    def _seek(file_offset: int) -> Iterator[Node]:
        within = space().around(file_offset) if space is not None else (0, image.source.size)
        found = [gap for gap in gaps(fixed, within=within) if gap[0] <= file_offset < gap[1]]
        return _in_gaps(image, found, others(), is_known=space is not None)

    return Node(PATH, PATH, "list", children=_children, seek=_seek)


def _others(image: Image) -> Claims:
    """What is pointed at by something that does not count."""
    others = Claims()
    for (start, end), path in _pointers(image):
        others.claim(start, min(end, image.source.size), path)
    return others


def _in_gaps(image: Image, found: Iterable[Bounds], others: Claims, *, is_known: bool) -> Iterator[Node]:
    for gap in found:
        claimed = list(others.holders(*gap))
        for start, end, path in claimed:
            yield _leaf(image, "referenced", start, end, f"{path} points here, which does not count")
        for free in gaps([(start, end) for start, end, _ in claimed], within=gap):
            yield from _free(image, free, is_known=is_known)


def _free(image: Image, gap: Bounds, is_known: bool) -> Iterator[Node]:
    targets = _updated(image, gap)
    for start, end in targets:
        yield _leaf(image, "log_target", start, end, "updated by the log, referenced by nothing else")
    for start, end in gaps(targets, within=gap):
        if is_known:
            yield _leaf(image, "unknown", start, end, "referenced by nothing")
        else:
            yield _leaf(image, "undetermined", start, end, "what blocks there are is not known")


def _updated(image: Image, gap: Bounds) -> list[Bounds]:
    """The parts of a gap that replay changes."""
    view = image.view
    if not isinstance(view, Overlay) or not view.touches(gap[0], gap[1] - gap[0]):
        return []
    pieces = view.pieces(gap[0], gap[1] - gap[0])
    changed = [(start, start + length) for start, length, kind in pieces if kind != "base"]
    return intersect([gap], _joined(changed))


def _joined(ranges: list[Bounds]) -> list[Bounds]:
    found: list[Bounds] = []
    for start, end in ranges:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _leaf(image: Image, kind: str, start: int, end: int, note: str) -> Node:
    name = f"{kind}[{start:#x}]"
    size = image.source.size

    def _rivals(_: int, __: int) -> list[tuple[int, int, str]]:
        return []

    area = Area(image.view, Zone(PATH, ((start, end),), size, _rivals), {})
    return area.filled(name, f"{PATH}.{name}", kind, start, end - start, note=note)


def _pointers(image: Image) -> Iterator[tuple[Bounds, str]]:
    """Ranges that something points at which does not count, with its address."""
    yield from metadata.outside(image)
    for header in image.headers.copies:
        if header is not image.headers.current and header.placed.complete:
            start = header.fields.log_offset
            yield (start, start + header.fields.log_length), f"header_{header.number}"
    for table in image.regions.copies:
        if table is image.regions.current:
            continue
        for number, entry in enumerate(decode.elements(table.placed, "entries")):
            if entry.complete:
                start = entry.fields.file_offset
                yield (start, start + entry.fields.length), f"region_table_{table.number}.entries[{number}]"


_LISTS = {"bat": bat.PATH, "block": "blocks"}
_RANGE = re.compile(r"\[\d+\.\.\d+\]")


def tree(image: Image) -> Node:
    """The root of a file's tree.

    Args:
        image: the file, loaded as far as it goes; it must stay open.

    Returns:
        The root; its children are made when they are asked for.

    Spec: MS-VHDX 2
    """
    return _Tree(image).root()


class _Tree:
    def __init__(self, image: Image) -> None:
        self.image = image
        self.findings: Findings = index(image.findings)
        self.fixed = Claims()
        self.bat_area: Area | None = None
        self.header_section = nodes(image, self.fixed, self.findings)
        self.objects = list(self._objects())
        self.space = cache(self._space)

    def root(self) -> Node:
        """The node of the file itself."""
        image = self.image
        size = image.source.size
        details: dict[str, Any] = {"log": image.log.state, "header": None, "region_table": None, "disk_type": None}
        note = ""
        if image.headers.current:
            details["header"] = image.headers.current.number
        if image.regions.current:
            details["region_table"] = image.regions.current.number
        if image.geometry:
            details |= {"disk_type": image.geometry.disk_type, "virtual_disk_size": image.size}
            note = f"{image.geometry.disk_type} disk of {image.size} bytes"
        return Node(
            "file",
            "",
            "file",
            ((0, size),),
            ((0, size),) if size else (),
            findings=image.findings,
            note=note,
            details=details,
            children=self._children,
            lookup=self._lookup,
            source=image.source,
            series=self._series(),
        )

    def _children(self) -> Iterator[Node]:
        yield from self.header_section
        yield from self.objects
        yield from self._blocks()
        image = self.image
        yield node(image, self.fixed, self.space if image.bat else None)

    def _series(self) -> dict[str, Series]:
        """The arrays whose members have addresses such as "bat[17]"."""
        image, area, table, geometry = self.image, self.bat_area, self.image.bat, self.image.geometry
        if area is None or table is None or geometry is None:
            return {}

        def _found(name: str) -> Callable[[int], Node | None]:
            return lambda number: blocks.find(image, table, geometry, self.space, f"{name}[{number}]")

        def _entry(index: int) -> Node | None:
            return bat.entry(image, area, index)

        return {
            "bat": Series(table.entry_count, _entry, table, geometry, entry_vectors, True, area),
            "block": Series(geometry.payload_blocks, _found("block"), table, geometry, block_vectors, False),
            "bitmap": Series(geometry.bitmap_blocks, _found("bitmap"), None, geometry, block_vectors, False),
        }

    def _blocks(self) -> Iterator[Node]:
        if self.image.bat and self.image.geometry:
            yield from blocks.nodes(self.image, self.image.bat, self.image.geometry, self.space)

    def _area(self, name: str, offset: int, length: int, *, replayed: bool = True) -> Area:
        owned = zone(self.fixed, offset, offset + length, name, self.image.source.size)
        return Area(self.image.view if replayed else self.image.source, owned, self.findings)

    def _objects(self) -> Iterator[Node]:
        """The log and the regions; making their nodes claims their bytes."""
        image = self.image
        if image.headers.current is not None:
            area = self._area("log", image.log.offset, image.log.length, replayed=False)
            yield log.node(image, area)
        for number, region in enumerate(image.regions.entries):
            is_first = region.name is not None and region is image.regions.get(region.name)
            name = region.name if is_first and region.name else f"regions[{number}]"
            yield self._region(name, region)

    def _region(self, name: str, region: Region) -> Node:
        area = self._area(name, region.file_offset, region.length)
        if name == metadata.PATH:
            return metadata.node(self.image, area, region)
        if name == bat.PATH:
            self.bat_area = area
            return bat.node(self.image, area, region)
        guid = summary(region.placed)
        note = "a second region of this name" if region.name else "a region that the specification does not define"
        details = {"region": region.placed.label, "is_required": region.required}
        offset, length = region.file_offset, region.length
        return area.node(name, name, "opaque", offset, length, note=note, details=details, **guid)

    def _space(self) -> BlockSpace:
        return measure(self.image.bat, self.image.geometry, self.fixed, self.image.source.size)

    def _lookup(self, name: str) -> Node | None:
        """What has an address of its own: "bat[17]", "block[5]", "bitmap[0]", "parent_locator"."""
        image = self.image
        if name == "parent_locator":
            return find(self.root(), f"{metadata.PATH}.items.{name}")
        if image.bat is None or image.geometry is None:
            return None
        found = bat.find(image, self.bat_area, name) if self.bat_area else None
        found = found or blocks.find(image, image.bat, image.geometry, self.space, name)
        lists = {node.name: node for node in (*self.objects, *self._blocks())}
        owner = lists.get(_LISTS.get(name.partition("[")[0], ""))
        return found or (child(owner, name) if owner and _RANGE.search(name) else None)
