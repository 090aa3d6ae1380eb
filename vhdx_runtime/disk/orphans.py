"""Space that belongs to nothing but holds data, and when it is a sign that entries of the table are lost.

Such space alone is usual: a writer released a block and left its bytes. It is a sign of loss where entries are missing
because the table is cut off, or where whole sectors of the table are blank, exactly from one that is in use to the
next, and the space could fill them. Looks at samples of free space, and only at so many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from vhdx_format import layout

from ..codec.holes import data_ranges, is_zero
from ..codec.overlay import merge_ranges
from ..codec.source import Source
from ..errors import VhdxError
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..wording import counted, size_text

CUT_TABLE: Final = "cut table"
BLANK_SECTORS: Final = "blank sectors"

# Not in the specification: bounds of our own. Of each MiB of free space 32 samples are read at most, 64 MiB in all.
_SAMPLE: Final = 1 << 12
_STRIDE: Final = 1 << 15
_BUDGET: Final = 64 << 20

_UNIT: Final = layout.OBJECT_ALIGNMENT
_SECTOR: Final = layout.SECTOR_SIZE_512
_CHUNK: Final = 1 << 13  # entries


class Orphans(NamedTuple):
    """Free space that holds data.

    Attributes:
        file_offset: of the first MiB that does, -1 where none does.
        bytes: of the MiB that do, as far as samples tell.
        blocks: as many payload blocks fit into them.
        unseen: bytes of free space that nobody looked at.
    """

    file_offset: int = -1
    bytes: int = 0
    blocks: int = 0
    unseen: int = 0

    @property
    def text(self) -> str:
        """What to say of them behind the size of all free space."""
        held = f", {size_text(self.bytes)} of it with orphaned data from {self.file_offset:#x} on" if self.bytes else ""
        return f"{held}, {size_text(self.unseen)} of it not looked at" if self.unseen else held


class PossibleLoss(NamedTuple):
    """Entries of the table that seem to be lost.

    Attributes:
        reason: `CUT_TABLE` or `BLANK_SECTORS`.
        first_entry: index of the first entry that is missing or blank.
        entries: how many are.
        orphans: the space that belongs to nothing but holds data.
    """

    reason: str
    first_entry: int
    entries: int
    orphans: Orphans

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        what = "missing" if self.reason == CUT_TABLE else "blank, in whole sectors between used ones"
        entries = f"{counted(self.entries, 'entry', 'entries')} of the table from bat[{self.first_entry}] on are {what}"
        found = self.orphans
        held = f"{size_text(found.bytes)} of data from {found.file_offset:#x} on belong to nothing"
        return f"{entries}, and {held}, room for {counted(found.blocks, 'block')}"


def find(source: Source, free: Iterable[tuple[int, int]], block_size: int) -> Orphans:
    """Look which free space holds data. Holes of a sparse file are not read.

    Args:
        source: the file itself.
        free: half-open ranges of file offsets that belong to nothing, in ascending order.
        block_size: of a payload block, in bytes.
    """
    first, held, unseen, blocks, budget = -1, 0, 0, 0, _BUDGET
    bare = 0  # up to here there is nothing but a hole: millions of gaps may lie in one, and asking for each takes long
    for start, end in free:
        if end > bare and budget > 0:
            bare = next((low for low, _ in data_ranges(source, start, source.size - start)), source.size)
        if end <= bare:
            continue
        slots, counted_to = set(), start
        for place, stop in _units(source, start, end) if budget > 0 else ():
            if budget <= 0:
                break
            read, has_data = _sampled(source, place, stop - place)
            budget -= read
            unseen += stop - place if has_data is None else 0
            if has_data:  # all of the MiB counts: which parts of it the host stores, says nothing of the file
                whole = max(counted_to, place // _UNIT * _UNIT), min(end, (place // _UNIT + 1) * _UNIT)
                first = whole[0] if first < 0 else first
                held, counted_to = held + whole[1] - whole[0], whole[1]
                slots.add((place - start) // block_size)
        unseen += (end - start) * (budget <= 0)
        blocks += sum(start + (slot + 1) * block_size <= end for slot in slots)
    return Orphans(first, held, blocks, unseen)


def _units(source: Source, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What the host stores of a range of the file, half-open, none across a whole MiB."""
    for low, high in data_ranges(source, start, end - start):
        for base in range(low // _UNIT * _UNIT, high, _UNIT):
            yield max(low, base), min(high, base + _UNIT)


def _sampled(source: Source, start: int, size: int) -> tuple[int, bool | None]:
    """How many bytes were read, and whether any of them differs from zero; None where the system cannot read them."""
    read = 0
    for place in range(start, start + size, _STRIDE):
        read += _SAMPLE
        try:
            if not is_zero(source.read_at(place, min(_SAMPLE, start + size - place))):
                return read, True
        except VhdxError:
            return read, None
    return read, False


def judge(bat: Bat, geometry: Geometry, orphans: Orphans) -> PossibleLoss | None:
    """Whether orphaned data is a sign that entries of the table are lost.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        orphans: what `find` found.

    Spec: MS-VHDX 2.5
    """
    if bat.entry_count < geometry.entry_count and orphans.bytes:
        return PossibleLoss(CUT_TABLE, bat.entry_count, geometry.entry_count - bat.entry_count, orphans)
    if not orphans.blocks:
        return None
    for first, stop in blank_sectors(bat, geometry):
        if geometry.block_of(stop) - geometry.block_of(first) <= orphans.blocks:
            return PossibleLoss(BLANK_SECTORS, first, stop - first, orphans)
    return None


def possible_loss(
    source: Source, fixed: Iterable[tuple[int, int]], bat: Bat, geometry: Geometry
) -> PossibleLoss | None:
    """Look at all of a small table, and at free space where that is worth it; see `free_space`, `judge`."""
    try:
        if not is_suspect(bat, geometry):
            return None
        return judge(bat, geometry, find(source, free_space(source, fixed, bat, geometry), geometry.block_size))
    except VhdxError:  # the system cannot read the table
        return None


def is_suspect(bat: Bat, geometry: Geometry) -> bool:
    """True where it is worth to look for orphans: entries are missing, or whole sectors of the table are blank."""
    return bat.entry_count < geometry.entry_count or any(True for _ in blank_sectors(bat, geometry))


def blank_sectors(bat: Bat, geometry: Geometry) -> Iterator[tuple[int, int]]:
    """Rows of blank sectors of the table that begin right behind an entry in use and end right before one.

    A blank row may begin the table, too. Entries of sector bitmaps that a file without a parent leaves blank say
    nothing.

    Yields:
        Half-open ranges of indices.

    Spec: MS-VHDX 2.5
    """
    begin: int | None = None
    blank = bytes(_SECTOR)
    for start in range(0, bat.entry_count, _CHUNK):
        raw = bat.words(start, _CHUNK + 1)
        for at in range(0, min(len(raw), _CHUNK * ENTRY_SIZE), _SECTOR):
            index = start + at // ENTRY_SIZE
            if raw[at : at + _SECTOR] == blank:
                begin = index if begin is None else begin
            elif begin is not None:
                if _is_used(bat, geometry, index, 1) and (not begin or _is_used(bat, geometry, begin - 1, -1)):
                    yield begin, index
                begin = None


def _is_used(bat: Bat, geometry: Geometry, index: int, step: int) -> bool:
    """True where an entry places a block in the file; of a bitmap's the next one in a direction is asked."""
    if (index + 1) % geometry.cycle == 0:
        index += step
    state, place = split(bat.word(index))
    return state >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT and place != 0


def free_space(source: Source, fixed: Iterable[tuple[int, int]], bat: Bat, geometry: Geometry) -> list[tuple[int, int]]:
    """What belongs to nothing, in a file whose table is small enough to be gone through entry by entry.

    Args:
        source: the file itself.
        fixed: its log and its regions, as half-open ranges of file offsets.
        bat: its table.
        geometry: the shape of the disk.

    Spec: MS-VHDX 2.1
    """
    used = [(0, layout.HEADER_SECTION_SIZE), *fixed]
    for start in range(0, bat.entry_count, _CHUNK):
        places = {split(word)[1] for word in bat.integers(start, _CHUNK)} - {0}
        used += [(place, place + geometry.block_size) for place in places]
    edges = [0, *(edge for pair in merge_ranges(used) for edge in pair), source.size]
    gaps = ((low, min(high, source.size)) for low, high in zip(edges[::2], edges[1::2], strict=True))
    return [(low, high) for low, high in gaps if low < high]
