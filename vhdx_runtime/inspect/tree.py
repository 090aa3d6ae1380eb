"""The whole file as one tree, every byte of it in exactly one leaf.

Knows the order in which structures claim bytes: the header section, the log, the regions in the order of their table,
sector bitmap and payload blocks in the order of the BAT, places that entries of blocks keep which are not present,
and last what copies that do not count point at. Whoever comes later shares what is claimed already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from ..image import Image
from ..semantics.regions import Region
from . import bat, blocks, header_section, log, metadata, structure, unclaimed
from .area import Area, Findings, index
from .extents import Claims, zone
from .node import Node, child, find
from .space import Space, measure

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
        self.header_section = header_section.nodes(image, self.fixed, self.findings)
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
        )

    def _children(self) -> Iterator[Node]:
        yield from self.header_section
        yield from self.objects
        yield from self._blocks()
        image = self.image
        yield unclaimed.node(image, self.fixed, self.space if image.bat else None)

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
        guid = structure.summary(region.placed)
        note = "a second region of this name" if region.name else "a region that the specification does not define"
        details = {"region": region.placed.label, "is_required": region.required}
        offset, length = region.file_offset, region.length
        return area.node(name, name, "opaque", offset, length, note=note, details=details, **guid)

    def _space(self) -> Space:
        image = self.image
        if image.bat is None or image.geometry is None:
            return Space({}, {}, (), self.fixed, image.source.size)
        return measure(image.bat, image.geometry, self.fixed, image.source.size)

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
