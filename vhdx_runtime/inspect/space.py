"""Which block of the BAT owns which bytes of the file.

Knows the places that entries name, whole MiB each, and who comes first where several name the same: sector bitmap and
payload blocks that are present in the order of the table, then places that other entries keep. What lies at fixed
places, the log or a region, comes before all of them. Keeps one bit a MiB in use, so that a full table of the largest
disk costs some tens of MiB.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vhdx_format.layout import OBJECT_ALIGNMENT, SECTOR_BITMAP_BLOCK_SIZE, SECTOR_BITMAP_BLOCK_STATE_PRESENT

from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from .extents import Claims, Range, Zone, gaps
from .words import BITMAP, PAYLOAD, UNUSED, Run, runs

_PAGE = 1 << 10  # units whose bits are kept in one integer
_FULL = (1 << _PAGE) - 1
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


class _Owner(NamedTuple):
    start: int
    end: int
    span: Span


def is_present(run: Run) -> bool:
    """True where the state of the run's entries says that their blocks are in the file. Spec: MS-VHDX 2.5.1."""
    return run.state == SECTOR_BITMAP_BLOCK_STATE_PRESENT if run.owner == BITMAP else run.is_present


def span_of(run: Run, block_size: int) -> Span:
    """Where the blocks of a run lie; entries that all name one place stand for one block."""
    size = SECTOR_BITMAP_BLOCK_SIZE if run.owner == BITMAP else block_size
    return Span(run.owner, run.number, run.entries if run.is_present else 1, run.file_offset, size)


def spans(bat: Bat, geometry: Geometry) -> Iterator[Span]:
    """All places that entries in use name, in the order in which they own bytes."""
    kept = False
    for run in runs(bat, geometry):
        if run.file_offset and run.owner != UNUSED:
            if is_present(run):
                yield span_of(run, geometry.block_size)
            else:
                kept = True
    for run in runs(bat, geometry) if kept else ():
        if run.file_offset and run.owner != UNUSED and not is_present(run):
            first = span_of(run, geometry.block_size)
            yield first
            if run.entries > first.blocks:
                yield first._replace(number=run.number + 1)


@dataclass(frozen=True, slots=True)
class Space:
    """The places of all blocks.

    Attributes:
        used: bits of the units in use, by page.
        contested: bits of the units that more than one block names.
        owners: who owns the contested units, in ascending order.
        fixed: what was claimed before any block.
        file_size: length of the file in bytes.
    """

    used: dict[int, int]
    contested: dict[int, int]
    owners: tuple[_Owner, ...]
    fixed: Claims
    file_size: int

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
        at = max(0, bisect_right(self.owners, start, key=lambda owner: owner.start) - 1)
        while at < len(self.owners) and self.owners[at].start < end:
            found = self.owners[at]
            if found.end > start:
                yield max(start, found.start), min(end, found.end), found.span
            at += 1

    def _rivals(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        yield from self.fixed.holders(start, end)
        for low, high, span in self._owners(start, end):
            number = span.number + (low - span.file_offset) // span.size
            yield low, high, span._replace(number=number).path

    def ranges(self) -> Iterator[Range]:
        """The bytes that blocks name, in ascending order, as far as the file reaches."""
        for start, end in _joined(self.used):
            yield start, min(end, self.file_size)


def _same(owner: Span, span: Span) -> bool:
    return owner.kind == span.kind and owner.line == span.line


def measure(bat: Bat, geometry: Geometry, fixed: Claims, file_size: int) -> Space:
    """Go through the table and note which bytes its entries name.

    Args:
        bat: the table.
        geometry: its shape.
        fixed: what was claimed before any block.
        file_size: length of the file in bytes.

    Returns:
        The places of all blocks.
    """
    used: dict[int, int] = {}
    contested: dict[int, int] = {}
    for span in spans(bat, geometry):
        for page, mask in _masks(span, file_size):
            before = used.get(page, 0)
            if before & mask:
                contested[page] = contested.get(page, 0) | before & mask
            after = before | mask
            used[page] = _FULL if after == _FULL else after
    owners: list[_Owner] = []
    assigned: dict[int, int] = {}
    for span in spans(bat, geometry) if contested else ():
        for page, mask in _masks(span, file_size):
            fresh = mask & contested.get(page, 0) & ~assigned.get(page, 0)
            if fresh:
                assigned[page] = assigned.get(page, 0) | fresh
                owners += (_Owner(start, end, span) for start, end in _joined({page: fresh}))
    return Space(used, contested, tuple(sorted(owners)), fixed, file_size)


def _masks(span: Span, file_size: int) -> Iterator[tuple[int, int]]:
    """The units of a span as bits, page by page; those behind the file's end are left out."""
    position = span.file_offset // OBJECT_ALIGNMENT
    end = min(-(-span.end // OBJECT_ALIGNMENT), -(-file_size // OBJECT_ALIGNMENT))
    while position < end:
        page, bit = divmod(position, _PAGE)
        count = min(_PAGE - bit, end - position)
        yield page, _FULL if count == _PAGE else ((1 << count) - 1) << bit
        position += count


def _joined(pages: dict[int, int]) -> Iterator[Range]:
    """The bits that are set as ranges of bytes, in ascending order, those that touch as one."""
    begun = reached = -1
    for page in sorted(pages):
        for first, last in _set_bits(pages[page]):
            start, end = page * _PAGE + first, page * _PAGE + last
            if start != reached:
                if begun >= 0:
                    yield begun * OBJECT_ALIGNMENT, reached * OBJECT_ALIGNMENT
                begun = start
            reached = end
    if begun >= 0:
        yield begun * OBJECT_ALIGNMENT, reached * OBJECT_ALIGNMENT


def _set_bits(bits: int) -> Iterator[Range]:
    """Runs of set bits.

    >>> list(_set_bits(0b1100111))
    [(0, 3), (5, 7)]
    """
    position = 0
    while bits:
        skipped = (bits & -bits).bit_length() - 1
        bits >>= skipped
        length = (~bits & bits + 1).bit_length() - 1
        yield position + skipped, position + skipped + length
        bits >>= length
        position += skipped + length
