"""The bytes that a page holds: those of the structures, as they are in the file and as they are after replay.

Knows which parts of a file are worth their place in a page, in which order they get it, and what is left out. The
guest's data is never among them: payload blocks are named by the page, and not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vhdx_format import layout

from ..codec.holes import data_ranges
from ..codec.overlay import Overlay, merge_ranges
from ..codec.source import Source
from ..image import Image
from ..semantics.log.entries import data_offset

# Not in the specification: what a page may hold, and how much is read to find it.
BYTES_MAX = 1 << 20
_READ_MAX = 1 << 26
_OPAQUE_MAX = 1 << 12
_STEP = 1 << 20
_PAGE = layout.LOG_SECTOR_SIZE


@dataclass(slots=True)
class Layer:
    """Pages of bytes by their number.

    Attributes:
        pages: number of a page to its bytes, fewer than a page at the file's end.
        zeros: numbers of pages that were seen to be zero, as ranges.
    """

    pages: dict[int, bytes] = field(default_factory=dict)
    zeros: list[tuple[int, int]] = field(default_factory=list)

    def segments(self) -> list[tuple[int, bytes]]:
        """Pages that follow one another as one: file offset and bytes, in ascending order."""
        found: list[tuple[int, list[bytes]]] = []
        following = -1
        for number in sorted(self.pages):
            if number == following:
                found[-1][1].append(self.pages[number])
            else:
                found.append((number * _PAGE, [self.pages[number]]))
            following = number + 1
        return [(offset, b"".join(pieces)) for offset, pieces in found]


class _Budget:
    def __init__(self) -> None:
        self.bytes = BYTES_MAX
        self.read = _READ_MAX
        self.is_enough = True


def gather(image: Image, left_out: list[str]) -> tuple[dict[str, Any], bytes]:
    """The bytes for a page.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Returns:
        Where they are: for "file" and "replayed" the file offset and length of each segment, and in "zeros" ranges of
        the file that are zero; all segments one behind another.

    Spec: MS-VHDX 2.1
    """
    file, replayed, budget = Layer(), Layer(), _Budget()
    for start, end in _wanted(image):
        _add(file, image.source, start, min(end, image.source.size), budget)
    if isinstance(image.view, Overlay):
        _add_replayed(image, image.view, file, replayed, budget)
    if not budget.is_enough:
        left_out.append("some bytes of structures, which the folds among the bytes name")
    segments = {"file": file.segments(), "replayed": replayed.segments()}
    places = {name: [[offset, len(data)] for offset, data in found] for name, found in segments.items()}
    places["zeros"] = [[start, end - start] for start, end in merge_ranges(file.zeros)]
    return places, b"".join(data for found in segments.values() for _, data in found)


def _wanted(image: Image) -> Iterator[tuple[int, int]]:
    """Ranges of the file that hold structures, the most telling ones first."""
    yield 0, layout.HEADER_SECTION_SIZE
    regions = image.regions
    for region in regions.entries:
        if region is regions.get("metadata"):
            yield region.file_offset, min(region.end, region.file_offset + layout.METADATA_TABLE_SIZE)
    for item in image.metadata.items:
        yield item.file_offset, item.file_offset + min(item.length, layout.METADATA_ITEM_LENGTH_MAX)
    ring = image.log.area
    if ring is not None:
        for entry in image.log.entries():
            sectors = 1 if entry.broken else data_offset(entry.descriptor_count) // _PAGE
            for number in range(sectors):
                place = ring.file_offset(entry.log_offset + number * _PAGE)
                yield place, place + _PAGE
    for region in regions.entries:
        if region.name is None:
            yield region.file_offset, min(region.end, region.file_offset + _OPAQUE_MAX)
        elif region is regions.get("metadata"):
            yield region.file_offset, region.end
    if ring is not None:
        yield ring.offset, ring.offset + ring.length


def _add(layer: Layer, source: Source, start: int, end: int, budget: _Budget) -> None:
    """Take the pages of a range that are not zero, and note those that are."""
    position = start - start % _PAGE
    for first, last in data_ranges(source, position, end - position):
        first -= first % _PAGE
        if position < first:
            layer.zeros.append((position, first))
        position = max(position, first)
        while position < last and budget.read > 0:
            chunk = source.read_at(position, min(_STEP, -(-last // _PAGE) * _PAGE - position, budget.read))
            if not chunk:
                return
            budget.read -= len(chunk)
            _take(layer, position, chunk, budget)
            position += len(chunk)
        if position < last:
            budget.is_enough = False
            return
    if position < end:
        layer.zeros.append((position, end))


def _take(layer: Layer, position: int, chunk: bytes, budget: _Budget) -> None:
    for inside in range(0, len(chunk), _PAGE):
        piece = chunk[inside : inside + _PAGE]
        number = (position + inside) // _PAGE
        if number in layer.pages:
            continue
        if piece.count(0) == len(piece):
            layer.zeros.append((position + inside, position + inside + len(piece)))
        elif budget.bytes >= len(piece):
            layer.pages[number] = piece
            budget.bytes -= len(piece)
        else:
            budget.is_enough = False


def _add_replayed(image: Image, view: Overlay, file: Layer, replayed: Layer, budget: _Budget) -> None:
    """The pages that replay changes inside structures, and what the file holds there; not those of blocks."""
    for number in sorted(view.pages):
        start = number * _PAGE
        if not _is_structure(image, start):
            continue
        before = file.pages.get(number) or image.source.read_at(start, _PAGE)
        if budget.bytes < 2 * _PAGE:
            budget.is_enough = False
            return
        replayed.pages[number] = view.page_bytes(number)
        budget.bytes -= _PAGE
        if number not in file.pages and before.count(0) != len(before):
            file.pages[number] = before
            budget.bytes -= len(before)
        elif before and before.count(0) == len(before):
            file.zeros.append((start, start + len(before)))


def _is_structure(image: Image, offset: int) -> bool:
    if offset < layout.HEADER_SECTION_SIZE:
        return True
    if any(region.file_offset <= offset < region.end for region in image.regions.entries):
        return True
    return image.log.offset <= offset < image.log.offset + image.log.length
