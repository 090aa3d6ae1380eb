"""What is left of the file when every structure that counts has its bytes.

Knows who may still point there: a header or region table that is not current, items that reach out of their region,
the log's updates. What nobody points at is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..codec import decode
from ..codec.overlay import Overlay
from ..image import Image
from . import metadata
from .area import Area
from .extents import Claims, Range, Zone, gaps, intersect
from .node import Node
from .space import Space

PATH = "unclaimed"


def node(image: Image, fixed: Claims, space: Callable[[], Space] | None) -> Node:
    """The list of what no structure owns.

    Args:
        image: the file.
        fixed: what the header section, the log and the regions claimed.
        space: gives the places of all blocks; None where the BAT cannot be read.
    """
    return Node(PATH, PATH, "list", children=lambda: _children(image, fixed, space))


def _children(image: Image, fixed: Claims, space: Callable[[], Space] | None) -> Iterator[Node]:
    size = image.source.size
    others = Claims()
    for (start, end), path in _pointers(image):
        others.claim(start, min(end, size), path)
    used = space().ranges() if space is not None else iter(())
    for gap in gaps(fixed, used, within=(0, size)):
        claimed = list(others.holders(*gap))
        for start, end, path in claimed:
            yield _leaf(image, "referenced", start, end, f"{path} points here, which does not count")
        for free in gaps([(start, end) for start, end, _ in claimed], within=gap):
            yield from _free(image, free, is_known=space is not None)


def _free(image: Image, gap: Range, is_known: bool) -> Iterator[Node]:
    targets = _updated(image, gap)
    for start, end in targets:
        yield _leaf(image, "log_target", start, end, "updated by the log, referenced by nothing else")
    for start, end in gaps(targets, within=gap):
        if is_known:
            yield _leaf(image, "unknown", start, end, "referenced by nothing")
        else:
            yield _leaf(image, "undetermined", start, end, "what blocks there are is not known")


def _updated(image: Image, gap: Range) -> list[Range]:
    """The parts of a gap that replay changes."""
    view = image.view
    if not isinstance(view, Overlay) or not view.touches(gap[0], gap[1] - gap[0]):
        return []
    pieces = view.pieces(gap[0], gap[1] - gap[0])
    changed = [(start, start + length) for start, length, kind in pieces if kind != "base"]
    return intersect([gap], _joined(changed))


def _joined(ranges: list[Range]) -> list[Range]:
    found: list[Range] = []
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


def _pointers(image: Image) -> Iterator[tuple[Range, str]]:
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
