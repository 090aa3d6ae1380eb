"""Extents against each other and against the end of the file.

Works on sorted arrays of offsets in MiB; which entry an offset came from is looked up only for the few that are
reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from vhdx_format import layout

from ..disk.image import Image
from ..disk.orphans import Orphans, find
from ..disk.sorted_extents import Sorted, distinct, first_marked, first_not_less, windows
from ..disk.space import Survey
from ..errors import Place
from ..findings import make
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.log.state import collect
from ..wording import counted, size_text
from . import places
from .listing import LISTED, Listing
from .ranges import Ranges

Array = np.ndarray[Any, np.dtype[Any]]

_TOGETHER = 4096
_MIB = layout.OBJECT_ALIGNMENT


class _Open(NamedTuple):
    """A finding whose entry is not known yet."""

    rule: str
    kind: str
    offset: int
    found: str
    expected: str
    conditions: list[str]


class ExtentCheck:
    """All extents of one container.

    Args:
        image: the container.
        geometry: its shape.
        bat: its table.
        survey: who owns which bytes of it.
        listing: takes the findings.

    Attributes:
        doubtful: guest ranges whose bytes in the file something else claims too.
        orphans: space that belongs to nothing but holds data.
    """

    def __init__(self, image: Image, geometry: Geometry, bat: Bat, survey: Survey, listing: Listing) -> None:
        self._image = image
        self._geometry = geometry
        self._bat = bat
        self._survey = survey
        self._listing = listing
        self._limit = survey.limit
        self._payload = survey.payload
        self._bitmaps = survey.bitmaps
        self._open: list[_Open] = []
        self._counts: Counter[str] = Counter()
        self._shared = np.zeros(len(self._payload.starts), dtype=bool)  # payload blocks, in the order of the file
        self.doubtful = Ranges()
        self.orphans = Orphans()

    def run(self) -> None:
        """Report what overlaps, what ends outside the file and what is pointed at twice."""
        self._past_end("BAT-006", self._payload, "payload block")
        if self._geometry.has_parent:
            self._past_end("BAT-013", self._bitmaps, "sector bitmap block")
        self._duplicates()
        self._overlaps()
        self._on_fixed()
        self._check_anchors()
        self._close()
        self._log_targets()
        self._free_space()

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
        survey = self._survey
        arrays = (survey.payload.starts, survey.bitmaps.starts, survey.anchors.starts, survey.unused)
        for parts in windows(*arrays):
            some = [array[part] for array, part in zip(arrays, parts, strict=True)]
            every = np.sort(np.concatenate([distinct(values, 2) for values in some]), kind="stable")
            again = distinct(every[1:][every[1:] == every[:-1]])
            room = max(0, LISTED - self._counts["BAT-007"])
            for offset in again[:room].tolist():
                bounds = np.array([offset, offset + 1], dtype=np.uint64)
                count = sum(int(np.diff(first_not_less(values, bounds))[0]) for values in some)
                found = f"offset {offset * _MIB:#x} in {counted(count, 'entry', 'entries')}"
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

    def _on_fixed(self) -> None:
        for item in self._survey.fixed:
            for extents in (self._payload, self._bitmaps):
                inside = extents.positions(item.start, item.end)
                starts = extents.starts[inside]
                for start in starts[:LISTED].tolist():
                    found = f"the block at {start * _MIB:#x} reaches into {item.label}"
                    self._take("BAT-009", places.PRESENT, start, found, "a place of its own")
                self._counts["BAT-009"] += max(0, len(starts) - LISTED)
                if extents is self._payload:
                    self._shared[inside] = True

    def _check_anchors(self) -> None:
        """Kept places of undefined and unmapped blocks: in the file, and on nothing else."""
        anchors = self._survey.anchors
        if not len(anchors.starts):
            return
        reasons: dict[int, str] = {}
        wrong = np.zeros(len(anchors.starts), dtype=bool)
        for reason, first, marks in self._survey.misplaced():
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
        targets = np.fromiter(chain.from_iterable(collect(log.area, log.active).targets()), dtype=np.uint64).reshape(
            -1, 2
        )
        targets = targets[targets[:, 1] > targets[:, 0]]
        firsts, lasts = self._payload.touching(targets[:, 0] // _MIB, (targets[:, 1] - np.uint64(1)) // _MIB)
        wrong = targets[firsts < lasts]
        place = Place("log", "file_offset", log.offset)
        for start, end in wrong[:LISTED].tolist():
            found = f"an update of {start:#x} to {end:#x}, in a payload block"
            self._listing.add([make("LOG-029", place, found, "updates of metadata only")])
        self._listing.count("LOG-029", len(wrong) - LISTED)

    def _free_space(self) -> None:
        """Note how much of the file belongs to nothing, and how much of that holds data."""
        free, first = 0, -1

        def _free() -> Iterator[tuple[int, int]]:
            nonlocal free, first
            for gaps in self._survey.free(with_unused=True):
                free += int((gaps[:, 1] - gaps[:, 0]).sum())
                first = int(gaps[0, 0]) if first < 0 else first
                for at in range(0, len(gaps), _TOGETHER):  # as Python's numbers they take ten times the memory
                    yield from gaps[at : at + _TOGETHER].tolist()

        self.orphans = find(self._image.source, _free(), self._geometry.block_size)
        if free:
            found = f"{size_text(free)} of free space{self.orphans.text}"
            self._listing.add([make("LAY-004", Place("file", "", first), found, "")])
