"""Which block of the BAT owns which bytes of the file.

Knows the places that entries name, whole MiB each, and who comes first where several name the same: sector bitmap and
payload blocks that are present in the order of the table, then places that other entries keep. What lies at fixed
places, the log or a region, comes before all of them. Keeps runs of blocks, and who owns what only where several claim
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from vhdx_format.layout import (
    BAT_STATE_MASK,
    OBJECT_ALIGNMENT,
    PAYLOAD_BLOCK_STATE_FULLY_PRESENT,
    SECTOR_BITMAP_BLOCK_SIZE,
    SECTOR_BITMAP_BLOCK_STATE_PRESENT,
)

from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..semantics.table import OFFSET_SHIFT, run_starts
from .claims import Bounds, Claims, Zone, gaps
from .words import BITMAP, PAYLOAD, Run, owner

Array = np.ndarray[Any, np.dtype[Any]]

_PLACE = np.dtype([("start", "i8"), ("end", "i8"), ("is_kept", "?"), ("first", "i4")])  # of units
_LISTED = 4096  # rows of an array that are plain values at once
_LABELS = {PAYLOAD: "block", BITMAP: "bitmap"}


class Span(NamedTuple):
    """Where the blocks of a run lie in the file.

    Attributes:
        kind: "payload" or "sector_bitmap".
        number: of the first block or chunk.
        blocks: how many lie there one behind another.
        file_offset: in bytes.
        size: of each in bytes.
    """

    kind: str
    number: int
    blocks: int
    file_offset: int
    size: int

    @property
    def end(self) -> int:
        """File offset behind the last one."""
        return self.file_offset + self.blocks * self.size

    @property
    def line(self) -> int:
        """Equal for two blocks of a kind only if one follows the other at its proper distance."""
        return self.number * self.size - self.file_offset

    @property
    def path(self) -> str:
        """Address of the first block."""
        return f"{_LABELS[self.kind]}[{self.number}]"


def is_present(run: Run) -> bool:
    """True where the state of the run's entries says that their blocks are in the file. Spec: MS-VHDX 2.5.1."""
    return run.state == SECTOR_BITMAP_BLOCK_STATE_PRESENT if run.owner == BITMAP else run.is_present


def span_of(run: Run, block_size: int) -> Span:
    """Where the blocks of a run lie; entries that all name one place stand for one block."""
    size = SECTOR_BITMAP_BLOCK_SIZE if run.owner == BITMAP else block_size
    return Span(run.owner, run.number, run.entries if run.is_present else 1, run.file_offset, size)


def _places(bat: Bat, geometry: Geometry, units: int) -> Array:
    """The places that entries in use name, by first and last unit; of several that are one place the owner first."""
    found = [np.zeros(0, dtype=_PLACE)]
    pending = np.zeros((2, 0), dtype=np.uint64)  # indices and words of starts of runs whose end is not known
    for indices, words, _ in run_starts(bat, geometry):
        pending = np.concatenate([pending, [indices.astype(np.uint64), words]], axis=1)
        found.append(_named(geometry, pending[0][:-1], pending[1][:-1], pending[0][1:], units))
        pending = pending[:, -1:]
    if pending.size:
        found.append(_named(geometry, pending[0], pending[1], np.array([bat.entry_count], dtype=np.uint64), units))
    places = np.concatenate(found)
    found.clear()
    return places[np.lexsort((places["first"], places["is_kept"], places["end"], places["start"]))]


def _named(geometry: Geometry, first: Array, word: Array, end: Array, units: int) -> Array:
    """The places that runs name: first unit, unit behind the last, whether it is only kept, and the entry."""
    cycle = geometry.cycle
    first, count = first.astype(np.int64), (end - first).astype(np.int64)
    start, state = (word >> np.uint64(OFFSET_SHIFT)).astype(np.int64), word & np.uint64(BAT_STATE_MASK)
    is_bitmap = first % cycle == cycle - 1
    is_used = is_bitmap | (geometry.block_of(first) < geometry.payload_blocks)
    size = np.where(is_bitmap, SECTOR_BITMAP_BLOCK_SIZE, geometry.block_size) // OBJECT_ALIGNMENT
    is_held = state >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    is_kept = ~np.where(is_bitmap, state == SECTOR_BITMAP_BLOCK_STATE_PRESENT, is_held)
    found = np.zeros(len(first), dtype=_PLACE)
    found["start"], found["end"] = start, np.minimum(start + np.where(is_held, count, 1) * size, units)
    found["is_kept"], found["first"] = is_kept, first
    chosen = is_used & (start > 0) & (start < units)
    more = found[chosen & is_kept & (count > 1)]  # all of them name that place
    more["first"] += 1
    return np.concatenate([found[chosen], more])


@dataclass(frozen=True, slots=True)
class BlockSpace:
    """The places of all blocks.

    Attributes:
        places: what entries name, in ascending order of the first unit; see `_places`.
        reach: how far the places up to each of them reach, in units.
        used: what blocks name, as rows of half-open ranges, in ascending order; those that touch are one.
        owners: who owns the units that more than one block names, and what else those blocks name: rows of starts, of
            ends, both in bytes, and of entries; in ascending order.
        fixed: what was claimed before any block.
        file_size: length of the file in bytes.
        span: from an entry to where its block lies.
    """

    places: Array
    reach: Array
    used: Array
    owners: Array
    fixed: Claims
    file_size: int
    span: Callable[[int], Span]

    def zone(self, span: Span) -> Zone:
        """The bytes that the blocks of a span own."""
        start, end = span.file_offset, min(span.end, self.file_size)
        if start >= end:
            return Zone(span.path, (), self.file_size, self._rivals)
        lost = [(low, high) for low, high, _ in self.fixed.holders(start, end)]
        lost += [(low, high) for low, high, owner in self._owners(start, end) if not _same(owner, span)]
        owned = list(gaps(sorted(lost), within=(start, end))) if lost else [(start, end)]
        return Zone(span.path, tuple(owned), self.file_size, self._rivals)

    def _owners(self, start: int, end: int) -> Iterator[tuple[int, int, Span]]:
        starts, ends, entries = self.owners
        at = max(0, int(np.searchsorted(starts, start, "right")) - 1)
        while at < len(starts) and starts[at] < end:
            if ends[at] > start:
                yield max(start, int(starts[at])), min(end, int(ends[at])), self.span(int(entries[at]))
            at += 1

    def _rivals(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        yield from self.fixed.holders(start, end)
        for low, high, span in self._owners(start, end):
            number = span.number + (low - span.file_offset) // span.size
            yield low, high, span._replace(number=number).path

    def over(self, file_offset: int) -> list[tuple[int, int]]:
        """What lies over a byte of the file: the first entry of a run, and how far into its blocks that is, in bytes.

        In the order of the table.
        """
        unit, found = file_offset // OBJECT_ALIGNMENT, []
        at = int(np.searchsorted(self.places["start"], unit, side="right")) - 1
        while at >= 0 and self.reach[at] > unit:
            start, end, _, first = self.places[at].tolist()
            if end > unit:
                found.append((first, file_offset - start * OBJECT_ALIGNMENT))
            at -= 1
        return sorted(found)

    def around(self, file_offset: int) -> Bounds:
        """The range round a byte that no block names; empty where one does."""
        unit = file_offset // OBJECT_ALIGNMENT
        at = int(np.searchsorted(self.used[:, 0], unit, side="right"))
        low = int(self.used[at - 1, 1]) * OBJECT_ALIGNMENT if at else 0
        high = int(self.used[at, 0]) * OBJECT_ALIGNMENT if at < len(self.used) else self.file_size
        return low, max(low, min(high, self.file_size))

    def ranges(self) -> Iterator[Bounds]:
        """The bytes that blocks name, in ascending order, as far as the file reaches."""
        for start, end in self.used.tolist():
            yield start * OBJECT_ALIGNMENT, min(end * OBJECT_ALIGNMENT, self.file_size)


def _same(owner: Span, span: Span) -> bool:
    return owner.kind == span.kind and owner.line == span.line


def measure(bat: Bat | None, geometry: Geometry | None, fixed: Claims, file_size: int) -> BlockSpace:
    """Go through the table, where there is one, and note which bytes its entries name."""
    if bat is None or geometry is None:
        nothing = np.zeros(0, dtype=_PLACE)
        none = np.zeros((3, 0), dtype=np.int64)
        ranges = np.zeros((0, 2), dtype=np.int64)
        return BlockSpace(nothing, nothing["end"], ranges, none, fixed, file_size, _nowhere)
    found = _places(bat, geometry, -(-file_size // OBJECT_ALIGNMENT))
    starts, reach = found["start"], np.maximum.accumulate(found["end"])
    heads = np.flatnonzero(starts[1:] > reach[:-1]) + 1
    firsts, lasts = np.append(0, heads)[: len(found)], np.append(heads, len(found))[: len(found)] - 1
    used = np.stack([starts[firsts], reach[lasts]], axis=1)
    owners = _owned(found[_is_shared(found)])
    return BlockSpace(found, reach, used, owners, fixed, file_size, partial(_span_of_entry, bat, geometry))


def _nowhere(_: int) -> Span:
    raise LookupError


def _span_of_entry(bat: Bat, geometry: Geometry, index: int) -> Span:
    return span_of(Run(index, 1, *owner(geometry, index), bat.word(index)), geometry.block_size)


def _is_shared(places: Array) -> Array:
    """Which of some places, in ascending order, have units in common with others."""
    shared = np.zeros(len(places), dtype=bool)
    shared[1:] = places["start"][1:] < np.maximum.accumulate(places["end"])[:-1]
    shared[:-1] |= places["start"][1:] < places["end"][:-1]
    return shared


def _owned(places: Array) -> Array:
    """Who owns the units that some places cover, given as by `_places`; see `BlockSpace.owners`."""
    starts, ends = places["start"], places["end"]
    is_first = np.ones(len(places), dtype=bool)  # of several that are one place, the others own nothing
    is_first[1:] = (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])
    places = places[is_first]
    shared = _is_shared(places)
    alone, pieces = places[~shared], np.fromiter(_owned_pieces(places[shared]), dtype=(np.int64, 3))
    found = np.array([alone["start"], alone["end"], alone["first"]])
    found = np.concatenate([found, pieces.T], axis=1)
    found = found[:, np.argsort(found[0], kind="stable")]
    found[:2] *= OBJECT_ALIGNMENT
    return found


def _owned_pieces(places: Array) -> Iterator[tuple[int, int, int]]:
    """The same of places that have units in common in part: first unit, unit behind the last, and the entry."""
    for first, group in groupby(_pieces(places), itemgetter(2)):
        (low, high, _), *more = group
        if first >= 0:
            yield low, more[-1][1] if more else high, first


def _pieces(places: Array) -> Iterator[tuple[int, int, int]]:
    """What some places cover, cut where one begins or ends: units, and the entry that owns them; -1 for none."""
    edges = np.unique(np.concatenate([places["start"], places["end"]]))
    rows = _listed(places)
    row = next(rows, None)
    claiming: list[tuple[bool, int, int]] = []
    for low, high in pairwise(_listed(edges)):
        while row is not None and row[0] == low:
            _, end, is_kept, first = row
            if not claiming or claiming[0] > (is_kept, first) or claiming[0][2] < end:  # else it never owns anything
                heappush(claiming, (is_kept, first, end))
            row = next(rows, None)
        while claiming and claiming[0][2] <= low:
            heappop(claiming)
        yield low, high, claiming[0][1] if claiming else -1


def _listed(rows: Array) -> Iterator[Any]:
    """The same as an iterator of plain values, in little memory."""
    return (row for start in range(0, len(rows), _LISTED) for row in rows[start : start + _LISTED].tolist())
