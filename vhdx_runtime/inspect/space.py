"""Which block of the BAT owns which bytes of the file.

Knows the places that entries name, whole MiB each, and who comes first where several name the same: sector bitmap and
payload blocks that are present in the order of the table, then places that other entries keep. What lies at fixed
places, the log or a region, comes before all of them. Keeps runs of blocks, and who owns what only where several claim
the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush, merge
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

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
from .words import BITMAP, PAYLOAD, Run, owner

Bounds: TypeAlias = "tuple[int, int]"
"""Start and end (exclusive), in bytes."""

FileExtent: TypeAlias = "tuple[int, int]"
"""File offset and length, in bytes."""

Rivals: TypeAlias = "Callable[[int, int], Iterable[tuple[int, int, str]]]"
"""From a range to the claims that meet it: start, end, name of the claimant."""

_NAMED = 8  # not in the specification: more claimants of one range are not listed


def intersect(first: Iterable[Bounds], second: Iterable[Bounds]) -> list[Bounds]:
    """What two sorted lists of disjoint ranges have in common.

    >>> intersect([(0, 4), (6, 9)], [(2, 7)])
    [(2, 4), (6, 7)]
    """
    found: list[Bounds] = []
    others = list(second)
    for start, end in first:
        found += [(max(start, low), min(end, high)) for low, high in others if low < end and high > start]
    return found


def gaps(*sorted_ranges: Iterable[Bounds], within: Bounds) -> Iterator[Bounds]:
    """The parts of `within` that no range covers.

    Args:
        sorted_ranges: each in ascending order; they may meet each other.
        within: where to look.

    Yields:
        Ranges in ascending order.

    >>> list(gaps([(0, 2), (5, 6)], [(1, 4)], within=(0, 9)))
    [(4, 5), (6, 9)]
    """
    position, stop = within
    for start, end in merge(*sorted_ranges):
        if start >= stop:
            break
        if start > position:
            yield position, start
        position = max(position, end)
    if position < stop:
        yield position, stop


class Claims:
    """Ranges with the names of their owners, disjoint: what is claimed once is not given away again."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._names: list[str] = []

    def __iter__(self) -> Iterator[Bounds]:
        return iter(zip(self._starts, self._ends, strict=True))

    def holders(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """What is claimed inside a range: start, end, owner, in ascending order."""
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._starts) and self._starts[at] < end:
            if self._ends[at] > start:
                yield max(start, self._starts[at]), min(end, self._ends[at]), self._names[at]
            at += 1

    def claim(self, start: int, end: int, name: str) -> list[Bounds]:
        """Claim a range; returns the parts of it that nobody had, in ascending order."""
        taken = [(low, high) for low, high, _ in self.holders(start, end)]
        gained = list(gaps(taken, within=(start, end))) if end > start else []
        for low, high in gained:
            at = bisect_left(self._starts, low)
            self._starts.insert(at, low)
            self._ends.insert(at, high)
            self._names.insert(at, name)
        return gained


@dataclass(frozen=True, slots=True)
class Zone:
    """The bytes that one object owns.

    Attributes:
        name: of the object.
        owned: sorted, disjoint, inside the file.
        file_size: length of the file in bytes.
        rivals: who claimed what it does not own.
    """

    name: str
    owned: tuple[Bounds, ...]
    file_size: int
    rivals: Rivals

    def share(self, parts: tuple[FileExtent, ...]) -> tuple[tuple[FileExtent, ...] | None, tuple[str, ...]]:
        """How much of a part of the object is its own.

        Returns:
            The extents that it owns (None where the file ends before all of it) and the names of those that own
            the rest.
        """
        if len(parts) == 1 == len(self.owned):
            offset, length = parts[0]
            if length and self.owned[0][0] <= offset and offset + length <= self.owned[0][1]:
                return parts, ()
        present = [
            (start, min(start + size, self.file_size)) for start, size in parts if size and start < self.file_size
        ]
        if not present:
            return (None if any(size for _, size in parts) else ()), ()
        own: list[Bounds] = []
        names: dict[str, None] = {}
        for part in present:
            mine = intersect([part], self.owned)
            own += mine
            for start, end in gaps(mine, within=part):
                names.update((name, None) for _, _, name in self.rivals(start, end) if name != self.name)
        return tuple((start, end - start) for start, end in own), tuple(names)[:_NAMED]

    def part(self, claims: Claims, start: int, end: int, name: str) -> Zone:
        """The zone of an object inside this one, which shares it with others of its kind.

        Args:
            claims: who claimed what inside this zone so far; the new object is added.
            start: file offset in bytes.
            end: file offset in bytes.
            name: of the object.
        """
        own = intersect(claims.claim(start, min(end, self.file_size), name), self.owned)

        def _rivals(low: int, high: int) -> Iterator[tuple[int, int, str]]:
            yield from (holder for holder in claims.holders(low, high) if holder[2] != name)
            yield from self.rivals(low, high)

        return Zone(name, tuple(own), self.file_size, _rivals)


def zone(claims: Claims, start: int, end: int, name: str, file_size: int) -> Zone:
    """Claim a range of the file for an object; what lies behind the file's end is nobody's."""
    return Zone(name, tuple(claims.claim(start, min(end, file_size), name)), file_size, claims.holders)


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
    cycle = geometry.chunk_ratio + 1
    first, count = first.astype(np.int64), (end - first).astype(np.int64)
    start, state = (word >> np.uint64(OFFSET_SHIFT)).astype(np.int64), word & np.uint64(BAT_STATE_MASK)
    is_bitmap = first % cycle == cycle - 1
    is_used = is_bitmap | (first - first // cycle < geometry.payload_blocks)
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
        used: what blocks name, as rows of half-open ranges, in ascending order; those that touch are one.
        owners: who owns the units that more than one block names, and what else those blocks name: rows of starts, of
            ends, both in bytes, and of entries; in ascending order.
        fixed: what was claimed before any block.
        file_size: length of the file in bytes.
        span: from an entry to where its block lies.
    """

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

    def ranges(self) -> Iterator[Bounds]:
        """The bytes that blocks name, in ascending order, as far as the file reaches."""
        for start, end in self.used.tolist():
            yield start * OBJECT_ALIGNMENT, min(end * OBJECT_ALIGNMENT, self.file_size)


def _same(owner: Span, span: Span) -> bool:
    return owner.kind == span.kind and owner.line == span.line


def measure(bat: Bat | None, geometry: Geometry | None, fixed: Claims, file_size: int) -> BlockSpace:
    """Go through the table, where there is one, and note which bytes its entries name."""
    if bat is None or geometry is None:
        none = np.zeros((3, 0), dtype=np.int64)
        return BlockSpace(np.zeros((0, 2), dtype=np.int64), none, fixed, file_size, _nowhere)
    found = _places(bat, geometry, -(-file_size // OBJECT_ALIGNMENT))
    starts, reach = found["start"], np.maximum.accumulate(found["end"])
    heads = np.flatnonzero(starts[1:] > reach[:-1]) + 1
    firsts, lasts = np.append(0, heads)[: len(found)], np.append(heads, len(found))[: len(found)] - 1
    used = np.stack([starts[firsts], reach[lasts]], axis=1)
    owners = _owned(found[_is_shared(found)])
    return BlockSpace(used, owners, fixed, file_size, partial(_span_of_entry, bat, geometry))


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
