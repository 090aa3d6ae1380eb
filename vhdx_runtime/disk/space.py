"""Who owns which bytes of the file: what lies at a place of its own, and what entries of the table place in it.

Works on sorted arrays of offsets in MiB, as a table may have millions of entries in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from vhdx_format import layout

from ..codec.overlay import merge_ranges
from ..semantics.table import KEEPS_PLACE, Part, parts
from .image import Image
from .sorted_extents import Sorted, first_not_less, windows

Array = np.ndarray[Any, np.dtype[Any]]

_MIB: Final = layout.OBJECT_ALIGNMENT
_NARROW: Final = 1 << 31  # leaves room to add a block's length in 32 bits
ON_ANOTHER_PLACE: Final = "lies on another kept place"


class Fixed(NamedTuple):
    """An object with a place of its own: label, first byte and the byte behind the last, as file offsets."""

    label: str
    start: int
    end: int


def fixed_objects(image: Image) -> Iterator[Fixed]:
    """Header section, log and regions of a container."""
    yield Fixed("the header section", 0, layout.HEADER_SECTION_SIZE)
    if image.log.length:
        yield Fixed("the log", image.log.offset, image.log.offset + image.log.length)
    for region in image.regions.entries:
        if region.length:
            yield Fixed(region.placed.label, region.file_offset, region.end)


class _Column:
    """Numbers that come by the thousand, in one array that grows in place; of half the size where they allow it."""

    def __init__(self) -> None:
        self._values: Array = np.empty(0, dtype=np.uint32)
        self._count = 0

    def add(self, values: Array) -> None:
        """Take numbers to those that are there."""
        end = self._count + len(values)
        if int(values.max(initial=0)) >= _NARROW and self._values.dtype != np.uint64:
            self._values = self._values.astype(np.uint64)
        if end > len(self._values):
            self._values.resize(end + end // 8, refcheck=False)
        self._values[self._count : end] = values
        self._count = end

    def array(self) -> Array:
        """All numbers, in the order in which they came."""
        self._values.resize(self._count, refcheck=False)
        return self._values


class Gathering:
    """Where blocks say that they lie, taken from the table part by part."""

    def __init__(self) -> None:
        self._columns = {name: _Column() for name in ("payload", "bitmaps", "anchors", "unused")}

    def add(self, part: Part) -> None:
        """Take the places that some entries name."""
        somewhere = part.offset != 0
        present = part.is_present & somewhere
        payload, bitmaps = part.is_payload & present, part.is_bitmap & present
        anchors = part.is_payload & KEEPS_PLACE[part.state] & somewhere
        unused = (part.is_payload | part.is_bitmap) & somewhere & ~(payload | bitmaps | anchors)
        for column, chosen in zip(self._columns.values(), (payload, bitmaps, anchors, unused), strict=True):
            column.add(part.offset[chosen])

    def survey(self, image: Image) -> Survey:
        """What came together, beside the objects of the container with a place of their own."""
        payload, bitmaps, anchors, unused = (column.array() for column in self._columns.values())
        length = (image.geometry.block_size if image.geometry else _MIB) // _MIB
        unused.sort()
        sorted_ones = Sorted(payload, length), Sorted(bitmaps, 1), Sorted(anchors, length)
        return Survey(tuple(fixed_objects(image)), *sorted_ones, unused, image.view.size)


def survey(image: Image) -> Survey:
    """Go through the table of a container, where it has one. Spec: MS-VHDX 2.5."""
    gathering = Gathering()
    if image.bat and image.geometry:
        for part in parts(image.bat, image.geometry, skips_zeros=True):
            gathering.add(part)
    return gathering.survey(image)


@dataclass(frozen=True, slots=True)
class Survey:
    """Who owns which bytes.

    Attributes:
        fixed: the header section, the log and the regions.
        payload: payload blocks in the file.
        bitmaps: sector bitmap blocks in the file.
        anchors: kept places of undefined and unmapped blocks.
        unused: places in MiB in entries whose state gives them no meaning, ascending.
        limit: length of the file in bytes.
    """

    fixed: tuple[Fixed, ...]
    payload: Sorted
    bitmaps: Sorted
    anchors: Sorted
    unused: Array
    limit: int

    def is_on_fixed(self, start: int, end: int) -> bool:
        """Whether a half-open range of file offsets shares a byte with an object that has a place of its own."""
        return any(item.start < end and start < item.end for item in self.fixed)

    def free(self, *, with_unused: bool = False) -> Iterator[Array]:
        """What belongs to nothing.

        Args:
            with_unused: places in entries whose state gives them no meaning count as free.

        Yields:
            Some at a time, as rows of half-open ranges of file offsets, in ascending order.

        Spec: MS-VHDX 2.1
        """
        limit, parts = self.limit, [self.payload, self.bitmaps, self.anchors]
        parts += [] if with_unused else [Sorted(self.unused, self.payload.length)]
        used = [(item.start, min(item.end, limit)) for item in self.fixed if item.start < limit]
        objects = np.array(merge_ranges(used), dtype=np.int64).reshape(-1, 2)
        end = np.array([-(-limit // _MIB)], np.uint64)
        inside = [part.starts[: first_not_less(part.starts, end)[0]] for part in parts]
        reach = 0
        for mine, *theirs in windows((objects[:, 0] // _MIB).astype(np.uint64), *inside):
            runs = [part.runs(some, limit) for part, some in zip(parts, theirs, strict=True)]
            whole = np.concatenate([objects[mine], *runs])
            whole = whole[np.argsort(whole[:, 0], kind="stable")]
            ends = np.concatenate([[reach], np.maximum.accumulate(whole[:, 1])])
            ends = np.maximum(ends, reach)
            gaps = np.stack([ends[:-1], whole[:, 0]], axis=1)[whole[:, 0] > ends[:-1]]
            reach = int(ends[-1])
            if len(gaps):
                yield gaps
        if reach < limit:
            yield np.array([[reach, limit]])

    def misplaced(self) -> Iterator[tuple[str, int, Array]]:
        """The kept places that are no free place of a whole block, by the reason why; a reason may come several times.

        Yields:
            A reason, the position among all kept places of the first of some in a row, and for which of those it holds.

        Spec: MS-VHDX 2.5.1.1
        """
        for item in self.fixed:
            inside = self.anchors.positions(item.start, item.end)
            yield f"reaches into {item.label}", inside.start, np.ones(inside.stop - inside.start, dtype=bool)
        behind = self.anchors.first_ending_behind(self.limit // _MIB)
        yield "ends behind the file's end", behind, np.ones(len(self.anchors.starts) - behind, dtype=bool)
        for other in (self.payload, self.bitmaps):
            for first, marks in self.anchors.on_others(other):
                yield "lies on another block", first, marks
        yield ON_ANOTHER_PLACE, 0, self.anchors.overlapping_their_predecessors()
