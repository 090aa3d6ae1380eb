"""Which repair a finding has in its file, where that depends on more than the place at which it was found.

What follows from which condition is declared with the rule (`repair-when`); here stands when a condition holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from vhdx_format import layout

from ..codec import decode
from ..codec.holes import holds_zeros
from ..disk.image import Image
from ..disk.sizes import fixed_size
from ..findings import Finding
from ..semantics import metadata
from ..semantics.bat import split
from ..semantics.regions import Region
from . import log_search, zeros

if TYPE_CHECKING:
    import numpy as np

    from ..disk.space import Survey
    from .cut import Covered

    Array = np.ndarray[Any, np.dtype[Any]]

_MIB: Final = layout.OBJECT_ALIGNMENT
_REGION_FIELDS: Final = layout.STRUCTURES["region_table_entry"].fields
_LENGTH_MAX: Final = (1 << 8 * next(one.size or 0 for one in _REGION_FIELDS if one.id == "length")) - 1
NO_BIT: Final = "no bit set"
_BLOCK: Final = re.compile(r"sector bitmap of block ([0-9]+)")
_ENTRY: Final = re.compile(r"bat\[([0-9]+)\]")
LOG_UNALIGNED: Final = ("HDR-008", "HDR-009")
SHARED: Final = ("BAT-007", "BAT-008", "BAT-009")


def decided(
    image: Image, findings: Iterable[Finding], totals: Collection[str], survey: Survey | None
) -> Iterator[Finding]:
    """The findings on a container, each with the repair that it has there.

    Args:
        image: the container.
        findings: as they were made.
        totals: the rules that are broken in it.
        survey: who owns which bytes of it, if that is known.
    """
    listed = list(findings)
    facts = Facts(image, totals, listed, survey)
    for finding in listed:
        found = (repair for name, repair in finding.declaration.repair_when.items() if facts.holds(name, finding))
        yield replace(finding, repair=next(found, finding.repair))


def lengthened(image: Image, rule: str) -> int:
    """Length in bytes that a file must have to keep a rule; 0 where no length would do.

    Args:
        image: with a current header and a table.
        rule: one that a longer file may keep.

    Spec: MS-VHDX 2.1, 2.2.2, 2.6.2.1
    """
    from . import cut  # needs numpy, which takes its time to load

    size, limit = -(-image.view.size // _MIB) * _MIB, cut.growth_limit(image)
    if rule == "HDR-011":
        offset, length = image.log.offset, image.log.length
        start = offset if offset < image.view.size else log_place(image)
        return -(-(start + length) // _MIB) * _MIB
    if rule == "LOG-025":
        return image.log.overlay.size if image.log.overlay else 0
    if rule == "BAT-017":
        return fixed_size(image.regions, image.geometry) if image.geometry else 0
    if rule in (cut.BLOCK, cut.BITMAP):
        return cut.ends_until(image, limit, is_bitmap=rule == cut.BITMAP)
    return size


def log_place(image: Image) -> int:
    """File offset for a log that lies outside the file: behind all that the file should hold. Spec: MS-VHDX 2.1."""
    from .cut import end_of_all

    return -(-end_of_all(image) // _MIB) * _MIB


def is_free_behind(image: Image, region: Region, end: int) -> bool:
    """True where a region may be rounded up: nothing with a place of its own lies behind it in its last MiB.

    Blocks begin at whole MiB, so one that lies there lies on the region already.

    Args:
        image: the container.
        region: one of its regions.
        end: file offset at which it would end, in bytes.

    Spec: MS-VHDX 2.2.3.2
    """
    log = (image.log.offset, image.log.offset + image.log.length)
    others = [log, *((other.file_offset, other.end) for other in image.regions.entries if other is not region)]
    is_in_file = region.length > 0 and region.file_offset % _MIB == 0 and end <= image.view.size
    is_in_file &= end - region.file_offset <= _LENGTH_MAX
    return is_in_file and not any(start < end and region.end < stop for start, stop in others)


def tables_agree(image: Image) -> bool:
    """False where both tables are valid and do not list the same regions: then nobody knows which one is right."""
    lists = []
    for copy in image.regions.copies:
        if copy.valid:
            entries = (entry.fields for entry in decode.elements(copy.placed, "entries"))
            lists.append(sorted((one.guid.raw, one.file_offset, one.length) for one in entries))
    return all(other == lists[0] for other in lists)


def is_table_lost(image: Image) -> bool:
    """Whether the metadata region is in the file, and its table names none of the items that every disk has.

    Spec: MS-VHDX 2.6
    """
    region = image.regions.get("metadata")
    is_inside = (
        region is not None and layout.METADATA_TABLE_SIZE < region.length <= image.view.size - region.file_offset
    )
    return is_inside and not any(image.metadata.get(name) for name in metadata.NEEDED)


def is_recognised(image: Image) -> bool:
    """Whether anything behind the signature proves that this is a VHDX: a header, a region table, or metadata."""
    is_any = any(copy.valid for copy in image.headers.copies) or image.regions.current is not None
    return is_any or any(True for _ in metadata.signed_places(image.view))


class Facts:
    """What the conditions ask of a container.

    Args:
        image: the container.
        totals: the rules that are broken in it.
        findings: all that are asked about.
        survey: who owns which bytes of it, if that is known.
    """

    def __init__(self, image: Image, totals: Collection[str], findings: list[Finding], survey: Survey | None) -> None:
        self._image = image
        self._survey = survey
        self._findings = findings
        self._lengths: dict[str, Covered] = {}
        self._conditions: dict[str, Callable[[Finding], bool]] = {
            "section_cut": lambda _: image.source.size < layout.HEADER_SECTION_SIZE,
            "no_header": lambda _: not any(copy.valid for copy in image.headers.copies),
            "log_left": lambda _: self._is_log_left,
            "log_unaligned": lambda _: any(rule in totals for rule in LOG_UNALIGNED),
            "no_table": lambda _: image.regions.current is None,
            "no_disk": lambda _: image.geometry is None,
            "table_lost": lambda _: is_table_lost(image),
            "unrecognised": lambda _: not is_recognised(image),
            "lists_differ": lambda _: not tables_agree(image),
            "shared": lambda _: any(rule in totals for rule in SHARED),
            "over_region": lambda finding: self._is_over(finding, "over_region"),
            "over_block": lambda finding: self._is_over(finding, "over_block"),
            "far": lambda finding: self._end(finding) > self._limit,
            "cut_off": lambda finding: self._end(finding) > image.view.size and self._is_cut,
            "nowhere": lambda finding: not self._place(finding),
            "outside": lambda finding: self._region(finding).file_offset >= image.view.size,
            "not_free": lambda finding: not self._can_be_rounded(finding),
            "block_unknown": self._is_unknown,
            "not_needed": lambda finding: self._chunk_in(finding, self._needed) is False and not self._place(finding),
            "needed": lambda finding: bool(self._chunk_in(finding, self._revivable)),
            "place_taken": lambda finding: self._is_lost(finding),
            "one_needed": self._is_one_needed,
            "names_place": lambda _: zeros.names_place(image),
            "holds_data": self._holds_data,
        }

    def holds(self, name: str, finding: Finding) -> bool:
        """Whether a condition holds for a finding; one that only its place decides never does."""
        condition = self._conditions.get(name)
        return condition is not None and condition(finding)

    def _is_over(self, finding: Finding, condition: str) -> bool:
        """Whether the length that a rule asks for covers something that is cut off, of a kind."""
        from .cut import covered

        rule = finding.rule
        if rule == "BAT-006" and self._end(finding) > self._limit:
            return False
        if rule not in self._lengths:
            size = lengthened(self._image, rule)
            before = self._image.source.size if rule == "LOG-025" else None
            self._lengths[rule] = covered(self._image, size, before)
        return condition in self._lengths[rule].conditions

    @cached_property
    def _is_log_left(self) -> bool:
        """Whether the log area holds a log that only the lost header may have named."""
        return bool(log_search.left(self._image))

    @cached_property
    def _limit(self) -> int:
        from .cut import growth_limit

        return growth_limit(self._image)

    @cached_property
    def _is_cut(self) -> bool:
        from .cut import is_cut

        return is_cut(self._image)

    def _index(self, finding: Finding) -> int | None:
        """Of the entry of the table that a finding is about."""
        match = _ENTRY.fullmatch(finding.place.structure)
        return int(match[1]) if match else None

    def _word(self, finding: Finding) -> int:
        index = self._index(finding)
        return self._image.bat.word(index) if self._image.bat is not None and index is not None else 0

    def _place(self, finding: Finding) -> int:
        """File offset in an entry, in bytes."""
        return split(self._word(finding))[1]

    def _is_unknown(self, finding: Finding) -> bool:
        """Whether reserved bits leave nothing to read of an entry."""
        bat, index = self._image.bat, self._index(finding)
        if bat is None or index is None:
            return False
        return bool(bat.presence.says_nothing(bat.word(index), self._chunk(finding) is not None))

    def _holds_data(self, finding: Finding) -> bool:
        """Whether a block of which no bit is set holds anything but zeros: then its bits may be lost."""
        match, bat, geometry = _BLOCK.fullmatch(finding.place.structure), self._image.bat, self._image.geometry
        if match is None or bat is None or geometry is None or finding.found != NO_BIT:
            return False
        offset = split(bat.word(geometry.payload_index(int(match[1]))))[1]
        return not holds_zeros(self._image.view, offset, geometry.block_size)

    def _chunk(self, finding: Finding) -> int | None:
        """Number of the chunk whose sector bitmap block an entry describes; None for any other entry."""
        index, geometry = self._index(finding), self._image.geometry
        if index is None or geometry is None or not geometry.has_parent:
            return None
        kind, number = geometry.owner(index)
        return number if kind == "sector_bitmap" else None

    def _chunk_in(self, finding: Finding, chunks: Array) -> bool | None:
        """Whether the chunk of a sector bitmap block is among some; None for any other entry."""
        chunk = self._chunk(finding)
        return None if chunk is None else bool((chunks == chunk).any())

    def _is_lost(self, finding: Finding) -> bool:
        """Whether a bitmap that may be needed has a state that there is not, and its place is not free."""
        state, place = split(self._word(finding))
        has_place = place != 0 and state < layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
        is_doubted = bool(self._chunk_in(finding, self._doubted))
        return has_place and is_doubted and not self._chunk_in(finding, self._revivable)

    def _end(self, finding: Finding) -> int:
        """Where the block of an entry would end, in bytes."""
        block = self._image.geometry.block_size if self._image.geometry else 0
        size = block if self._chunk(finding) is None else layout.SECTOR_BITMAP_BLOCK_SIZE
        return self._place(finding) + size

    def _region(self, finding: Finding) -> Region:
        return next(one for one in self._image.regions.entries if one.placed.label == finding.place.structure)

    def _can_be_rounded(self, finding: Finding) -> bool:
        region = self._region(finding)
        return is_free_behind(self._image, region, region.file_offset + -(-region.length // _MIB) * _MIB)

    @cached_property
    def _needed(self) -> Array:
        from . import needed

        geometry = self._image.geometry
        return needed.chunks_in_need(self._image, geometry) if geometry else needed.NONE

    @cached_property
    def _doubted(self) -> Array:
        from . import needed

        geometry = self._image.geometry
        return needed.chunks_in_doubt(self._image, geometry) if geometry else needed.NONE

    @cached_property
    def _revivable(self) -> Array:
        from . import needed

        geometry, survey = self._image.geometry, self._survey
        return needed.revivable(self._image, geometry, self._doubted, survey) if geometry and survey else needed.NONE

    def _is_one_needed(self, finding: Finding) -> bool:
        """Whether at most one block needs a place that several name; where blocks overlap, a bitmap besides."""
        needing, idle = self._claimants
        place = self._place(finding) // _MIB
        return needing[place] <= 1 and (finding.rule == "BAT-007" or idle[place] > 0)

    @cached_property
    def _claimants(self) -> tuple[Counter[int], Counter[int]]:
        from .needed import claimants

        geometry = self._image.geometry
        offsets = {self._place(one) // _MIB for one in self._findings if one.rule in SHARED}
        return claimants(self._image, geometry, offsets, self._doubted) if geometry else (Counter(), Counter())
