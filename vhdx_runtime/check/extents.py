"""Extents against each other and against the end of the file.

Knows what may not share bytes: header section, log, regions, blocks, kept places of unmapped blocks. Works on sorted
arrays of offsets in MiB; which entry an offset came from is looked up only for the few that are reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from vhdx_format import layout

from ..codec.overlay import merge_ranges
from ..errors import Place
from ..findings import make
from ..image import Image
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.log.replay import collect
from . import places
from .listing import LISTED, Listing
from .ranges import Ranges
from .sorted_extents import Sorted, distinct, first_marked, first_not_less, windows
from .table import Extents

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
ON_ANOTHER_PLACE = "lies on another kept place"


class Fixed(NamedTuple):
    """An object with a place of its own: label, first byte and the byte behind the last, as file offsets."""

    label: str
    start: int
    end: int


class _Open(NamedTuple):
    """A finding whose entry is not known yet."""

    rule: str
    kind: str
    offset: int
    found: str
    expected: str
    conditions: list[str]


class Space:
    """All extents of one container.

    Args:
        image: the container.
        geometry: its shape.
        bat: its table.
        extents: where its blocks say that they lie; its arrays are sorted in place.
        listing: takes the findings.

    Attributes:
        doubtful: guest ranges whose bytes in the file something else claims too.
    """

    def __init__(self, image: Image, geometry: Geometry, bat: Bat, extents: Extents, listing: Listing) -> None:
        self._image = image
        self._geometry = geometry
        self._bat = bat
        self._extents = extents
        self._listing = listing
        self._limit = image.view.size
        self._block = geometry.block_size // _MIB
        self._payload = Sorted(extents.payload, self._block)
        self._bitmaps = Sorted(extents.bitmaps, 1)
        self._anchors = Sorted(extents.anchors, self._block)
        self._open: list[_Open] = []
        self._counts: Counter[str] = Counter()
        self._shared = np.zeros(len(extents.payload), dtype=bool)  # of the payload blocks, in the order of the file
        self.doubtful = Ranges()

    def run(self) -> None:
        """Report what overlaps, what ends outside the file and what is pointed at twice."""
        self._past_end("BAT-006", self._payload, "payload block")
        if self._geometry.has_parent:
            self._past_end("BAT-013", self._bitmaps, "sector bitmap block")
        self._duplicates()
        self._overlaps()
        fixed = list(fixed_objects(self._image))
        self._on_fixed(fixed)
        self._check_anchors(fixed)
        self._close()
        self._log_targets()
        self._free_space(fixed)

    def _take(self, rule: str, kind: str, offset: int, found: str, expected: str, *conditions: str) -> None:
        """Take down a finding; only the first ones of a rule are kept, all are counted."""
        self._counts[rule] += 1
        if self._counts[rule] <= LISTED:
            self._open.append(_Open(rule, kind, offset, found, expected, list(conditions)))

    def _close(self) -> None:
        """Look up the entries of all findings, and the blocks that share their bytes."""
        found = places.entries(self._bat, self._geometry, {(item.kind, item.offset) for item in self._open})
        for item in self._open:
            index = found.get((item.kind, item.offset))
            place = Place("bat", "file_offset_mb", self._bat.file_offset)
            if index is not None:
                place = Place(f"bat[{index}]", "file_offset_mb", self._bat.file_offset + index * ENTRY_SIZE)
            self._listing.add([make(item.rule, place, item.found, item.expected, item.conditions)])
        for rule, count in self._counts.items():
            self._listing.count(rule, count - LISTED)
        self.doubtful = places.guest_ranges(self._bat, self._geometry, self._payload, self._shared)

    def _past_end(self, rule: str, extents: Sorted, what: str) -> None:
        outside = extents.starts[extents.first_ending_behind(self._limit // _MIB) :]
        expected = f"an end at or before {self._limit:#x}, where the file ends"
        for start in outside[:LISTED].tolist():
            end = (start + extents.length) * _MIB
            conditions = ["used_part_inside"] if rule == "BAT-006" and self._used_part_inside(start) else []
            self._take(rule, places.PRESENT, start, f"{what} ends at {end:#x}", expected, *conditions)
        self._counts[rule] += max(0, len(outside) - LISTED)

    def _used_part_inside(self, start: int) -> bool:
        """True for the disk's last block where only what lies behind the disk's end is cut off."""
        geometry = self._geometry
        last = geometry.payload_blocks - 1
        used = geometry.virtual_disk_size - last * geometry.block_size
        word = self._bat.word(geometry.payload_index(last))
        return split(word)[1] == start * _MIB and start * _MIB + used <= self._limit

    def _duplicates(self) -> None:
        extents = self._extents
        extents.unused.sort()
        arrays = (extents.payload, extents.bitmaps, extents.anchors, extents.unused)
        for parts in windows(*arrays):
            some = [array[part] for array, part in zip(arrays, parts, strict=True)]
            every = np.sort(np.concatenate([distinct(values, 2) for values in some]), kind="stable")
            again = distinct(every[1:][every[1:] == every[:-1]])
            room = max(0, LISTED - self._counts["BAT-007"])
            for offset in again[:room].tolist():
                bounds = np.array([offset, offset + 1], dtype=np.uint64)
                count = sum(int(np.diff(first_not_less(values, bounds))[0]) for values in some)
                found = f"offset {offset * _MIB:#x} in {count} entries"
                self._take("BAT-007", places.ANY, offset, found, "each offset in one entry")
            self._counts["BAT-007"] += max(0, len(again) - room)

    def _overlaps(self) -> None:
        """Blocks that begin before another one ends; a bitmap behind a payload block that begins with it."""
        payload, bitmaps = self._payload, self._bitmaps
        behind = payload.overlapping_their_predecessors()
        self._clash(payload.starts, behind)
        self._shared |= behind
        self._shared[:-1] |= behind[1:]
        firsts, lasts = payload.touching(bitmaps.starts, bitmaps.starts)  # both 1 MiB, less a byte
        self._clash(bitmaps.starts, (firsts < lasts) | bitmaps.overlapping_their_predecessors())
        self._shared |= payload.covered(firsts, lasts)

    def _clash(self, starts: Array, marks: Array) -> None:
        for start in starts[first_marked(marks, LISTED)].tolist():
            found = f"the block at {start * _MIB:#x} begins before another one ends"
            self._take("BAT-008", places.PRESENT, start, found, "no block inside another")
        self._counts["BAT-008"] += max(0, int(np.count_nonzero(marks)) - LISTED)

    def _on_fixed(self, fixed: list[Fixed]) -> None:
        for item in fixed:
            for extents in (self._payload, self._bitmaps):
                inside = extents.positions(item.start, item.end)
                starts = extents.starts[inside]
                for start in starts[:LISTED].tolist():
                    found = f"the block at {start * _MIB:#x} reaches into {item.label}"
                    self._take("BAT-009", places.PRESENT, start, found, "a place of its own")
                self._counts["BAT-009"] += max(0, len(starts) - LISTED)
                if extents is self._payload:
                    self._shared[inside] = True

    def _check_anchors(self, fixed: list[Fixed]) -> None:
        """Kept places of undefined and unmapped blocks: in the file, and on nothing else."""
        anchors = self._anchors
        if not len(anchors.starts):
            return
        reasons: dict[int, str] = {}
        wrong = np.zeros(len(anchors.starts), dtype=bool)
        for reason, first, marks in misplaced(anchors, self._payload, self._bitmaps, fixed, self._limit):
            wrong[first : first + len(marks)] |= marks
            for at in first_marked(marks, LISTED):
                reasons.setdefault(first + at, reason)
        for at in first_marked(wrong, LISTED):
            start = int(anchors.starts[at])
            found = f"the kept place at {start * _MIB:#x} {reasons.get(at, 'is not free')}"
            self._take("BAT-015", places.KEPT, start, found, "a free place of a whole block")
        self._counts["BAT-015"] += max(0, int(np.count_nonzero(wrong)) - LISTED)

    def _log_targets(self) -> None:
        log = self._image.log
        if not log.active or log.area is None or not len(self._payload.starts):
            return
        targets = np.array(list(collect(log.area, log.active).targets()), dtype=np.uint64).reshape(-1, 2)
        targets = targets[targets[:, 1] > targets[:, 0]]
        firsts, lasts = self._payload.touching(targets[:, 0] // _MIB, (targets[:, 1] - np.uint64(1)) // _MIB)
        wrong = targets[firsts < lasts]
        place = Place("log", "file_offset", log.offset)
        for start, end in wrong[:LISTED].tolist():
            found = f"an update of {start:#x} to {end:#x}, in a payload block"
            self._listing.add([make("LOG-029", place, found, "updates of metadata only")])
        self._listing.count("LOG-029", len(wrong) - LISTED)

    def _free_space(self, fixed: list[Fixed]) -> None:
        """Note how much of the file belongs to nothing."""
        free, first = 0, -1
        for gaps in unclaimed(fixed, (self._payload, self._bitmaps, self._anchors), self._limit):
            free += int((gaps[:, 1] - gaps[:, 0]).sum())
            first = int(gaps[0, 0]) if first < 0 else first
        if free:
            place = Place("file", "free_space", first)
            self._listing.add([make("LAY-004", place, f"{free} bytes that belong to nothing", "none")])


def unclaimed(fixed: Iterable[Fixed], parts: Sequence[Sorted], limit: int) -> Iterator[Array]:
    """What belongs to nothing.

    Args:
        fixed: objects with a place of their own.
        parts: blocks, and kept places of blocks.
        limit: length of the file in bytes.

    Yields:
        Some at a time, as rows of half-open ranges of file offsets, in ascending order.

    Spec: MS-VHDX 2.1
    """
    used = [(item.start, min(item.end, limit)) for item in fixed if item.start < limit]
    objects = np.array(merge_ranges(used), dtype=np.int64).reshape(-1, 2)
    inside = [part.starts[: first_not_less(part.starts, np.array([-(-limit // _MIB)], np.uint64))[0]] for part in parts]
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


def misplaced(
    anchors: Sorted, payload: Sorted, bitmaps: Sorted, fixed: list[Fixed], limit: int
) -> Iterator[tuple[str, int, Array]]:
    """The kept places that are no free place of a whole block, by the reason why; a reason may come several times.

    Args:
        anchors: kept places of undefined and unmapped blocks.
        payload: payload blocks in the file.
        bitmaps: sector bitmap blocks in the file.
        fixed: objects with a place of their own.
        limit: length of the file in bytes.

    Yields:
        A reason, the position among all kept places of the first of some in a row, and for which of those it holds.

    Spec: MS-VHDX 2.5.1.1
    """
    for item in fixed:
        inside = anchors.positions(item.start, item.end)
        yield f"reaches into {item.label}", inside.start, np.ones(inside.stop - inside.start, dtype=bool)
    behind = anchors.first_ending_behind(limit // _MIB)
    yield "ends behind the file's end", behind, np.ones(len(anchors.starts) - behind, dtype=bool)
    for other in (payload, bitmaps):
        for first, marks in anchors.on_others(other):
            yield "lies on another block", first, marks
    yield ON_ANOTHER_PLACE, 0, anchors.overlapping_their_predecessors()


def fixed_objects(image: Image) -> Iterator[Fixed]:
    """Header section, log and regions of a container."""
    yield Fixed("the header section", 0, layout.HEADER_SECTION_SIZE)
    if image.log.length:
        yield Fixed("the log", image.log.offset, image.log.offset + image.log.length)
    for region in image.regions.entries:
        if region.length:
            yield Fixed(region.placed.label, region.file_offset, region.end)
