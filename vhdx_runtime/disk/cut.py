"""A file that was cut off: where it ends, how long it has to be, how much of it is whole.

Looks at the places that the structures claim and at as many entries of the table as it is told to. A place that no
file of such a disk can have is none that a cut took, but a wild entry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple, TypeAlias

from vhdx_format import layout

from ..codec.overlay import known_end
from ..codec.source import Source
from ..errors import VhdxError
from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..semantics.presence import STORED
from ..wording import agreeing, counted, size_text

# Not in the specification: so many entries of a table are looked at where a glance must do.
GLANCE: Final = 100_000

_CHUNK: Final = 1 << 13
_ROOM: Final = 2  # a file with free space between its blocks may be so many times as long as one without


class Cut(NamedTuple):
    """What is known of a file that was cut off; offsets and sizes in bytes.

    Attributes:
        file_size: where the file ends.
        needed_size: length that its structures and blocks need at least.
        whole_blocks: payload blocks that the file holds whole.
        blocks: payload blocks that the file held, as far as its table tells.
        entries: of the table, looked at.
        entries_needed: of the table, that the disk has.
    """

    file_size: int
    needed_size: int
    whole_blocks: int
    blocks: int
    entries: int
    entries_needed: int

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        text = (
            f"the file ends at {size_text(self.file_size)}; its structures need at least {size_text(self.needed_size)}"
        )
        whole = f"{self.whole_blocks} of {counted(self.blocks, 'block')}"
        text += f"; {agreeing(whole, 'is', 'are')} whole" if self.blocks else ""
        if self.entries < self.entries_needed:
            text += f", as far as {self.entries} of {self.entries_needed} entries of the table tell"
        return text


class Glance(NamedTuple):
    """What a look at a file for a cut found.

    Attributes:
        cut: None where nothing is missing, as far as was looked.
        entries: of the table, looked at.
        silent: of these, those that say nothing, as reserved bits are set in them.
    """

    cut: Cut | None
    entries: int
    silent: int = 0


Count: TypeAlias = "Callable[[int, int, bool], Counts]"
"""Goes through a table; the arguments are the last ones of `glance_at`."""


class Counts(NamedTuple):
    """What the entries of a table say of the end of the file.

    Attributes:
        entries: looked at.
        whole: payload blocks that end before the known bytes do.
        blocks: payload blocks that have a place.
        needed: where the last block ends that does not, 0 where all do; in bytes.
        silent: entries that say nothing, as reserved bits are set in them.
    """

    entries: int
    whole: int
    blocks: int
    needed: int
    silent: int = 0


def look(
    file_size: int,
    view: Source,
    fixed: Collection[tuple[int, int]],
    geometry: Geometry | None,
    count: Count,
    *,
    was: int = 0,
) -> Glance:
    """Look whether a file was cut off.

    Args:
        file_size: of the file itself, in bytes.
        view: the file after replay.
        fixed: its log and its regions, as half-open ranges of file offsets.
        geometry: the shape of the disk; None where its metadata cannot be read.
        count: goes through its table.
        was: length in bytes that the log says the file had.

    Spec: MS-VHDX 2.1
    """
    packed = layout.HEADER_SECTION_SIZE + sum(end - start for start, end in fixed)
    if geometry:
        packed += geometry.payload_blocks * geometry.block_size
        packed += geometry.bitmap_blocks * layout.SECTOR_BITMAP_BLOCK_SIZE if geometry.has_parent else 0
    longest = _ROOM * max(file_size, packed)
    ends = [*(end for start, end in fixed if end > known_end(view, start)), was * (was > file_size)]
    known = max((end for end in ends if end <= longest), default=0)
    found = count(known_end(view, 0), longest, known > 0)
    needed = max(known, found.needed)
    entries = geometry.entry_count if geometry else 0
    cut = Cut(file_size, needed, found.whole, found.blocks, found.entries, entries) if needed else None
    return Glance(cut, found.entries, found.silent)


def nothing_counted(_limit: int, _longest: int, _is_cut: bool) -> Counts:
    """What is counted where there is no table: nothing."""
    return Counts(0, 0, 0, 0)


def glance_at(bat: Bat, geometry: Geometry, limit: int, longest: int, is_cut: bool) -> Counts:
    """Go through the first `GLANCE` entries of a table.

    Args:
        bat: the table.
        geometry: the shape of the disk.
        limit: where the known bytes of the file end.
        longest: that a file of this disk can be; both in bytes.
        is_cut: something is known to lie behind the end. Else blocks are only counted where one of them may.
    """
    wanted, is_suspect, silent = _first_look(bat, geometry, min(GLANCE, bat.entry_count), limit - geometry.block_size)
    whole = blocks = needed = 0
    if not (is_suspect or is_cut):
        return Counts(wanted, 0, 0, 0, silent)
    for place, size, kind in places(geometry, bat, wanted):
        is_whole = place + size <= limit
        blocks += kind != ""
        whole += kind != "" and is_whole
        if not is_whole and place + size <= longest:
            needed = max(needed, place + size)
    return Counts(wanted, whole, blocks, needed, silent)


def _first_look(bat: Bat, geometry: Geometry, wanted: int, last: int) -> tuple[int, bool, int]:
    """How many entries can be read, whether any may name a place behind `last`, and how many say nothing."""
    is_suspect, silent, stride = False, 0, geometry.cycle
    for start in range(0, wanted, _CHUNK):
        try:
            words = bat.integers(start, min(_CHUNK, wanted - start))
        except VhdxError:  # the system cannot read the table
            return start, is_suspect, silent
        is_suspect |= max(words) > last  # the place is the upper part
        if bat.presence.has_reserved(words):
            numbered = enumerate(words, start + 1)
            silent += sum(bool(bat.presence.says_nothing(word, number % stride == 0)) for number, word in numbered)
    return wanted, is_suspect, silent


def places(geometry: Geometry, bat: Bat, wanted: int) -> Iterator[tuple[int, int, str]]:
    """The blocks that the first entries of a table place in the file.

    Args:
        geometry: the shape of the disk.
        bat: the table.
        wanted: how many entries are looked at.

    Yields:
        File offset and size in bytes, and the kind of a payload block, "" for a sector bitmap block. Of the last
        payload block only what belongs to the disk counts.

    Spec: MS-VHDX 2.5
    """
    stride = geometry.cycle
    last = geometry.payload_blocks - 1
    sizes = {geometry.payload_index(last): geometry.virtual_disk_size - last * geometry.block_size}
    for start in range(0, wanted, _CHUNK):
        for index, word in enumerate(bat.integers(start, min(_CHUNK, wanted - start)), start):
            if not word:
                continue
            if (index + 1) % stride:
                kind, place = bat.presence.payload(word)
                if kind in STORED:
                    yield place, sizes.get(index, geometry.block_size), kind
            elif geometry.has_parent and word & layout.BAT_STATE_MASK >= layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT:
                yield word & layout.BAT_FILE_OFFSET_MASK, layout.SECTOR_BITMAP_BLOCK_SIZE, ""
