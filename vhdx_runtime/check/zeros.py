"""Reserved bytes of a whole file: what no structure uses in its fixed places and in its table."""

from __future__ import annotations

from collections.abc import Iterator

from vhdx_format.layout import (
    BAT_FILE_OFFSET_MASK,
    BAT_STATE_MASK,
    HEADER_SECTION_SIZE,
    PAYLOAD_BLOCK_STATE_FULLY_PRESENT,
)

from ..disk.image import Image
from ..findings import Finding
from ..semantics import reserved
from ..semantics.bat import ENTRY_SIZE


def findings(image: Image) -> Iterator[Finding]:
    """The reserved bytes of identifier, headers, region tables and header section that are not zero.

    Spec: MS-VHDX 2.2
    """
    yield from reserved.fields(image.identifier)
    for copy in image.headers.copies:
        if copy.valid:
            yield from reserved.fields(copy.placed)
        yield from _found(reserved.header_padding(image.source, copy.number))
    for table in image.regions.copies:
        if table.valid:
            yield from reserved.fields(table.placed)
    yield from _found(reserved.header_section_tail(image.source))


def unused_entries(image: Image) -> Iterator[Finding]:
    """Entries of the block allocation table that no block uses and that are not zero, as one finding.

    Spec: MS-VHDX 2.5
    """
    region = image.regions.get("bat")
    if region is not None:
        yield from _found(reserved.unused_entries(image.view, region.file_offset, unused_ranges(image)))


def unused_ranges(image: Image) -> list[tuple[int, int]]:
    """Half-open ranges of indices of the entries that no block uses, as far as the file holds them, in order.

    Spec: MS-VHDX 2.5
    """
    region, geometry, bat = image.regions.get("bat"), image.geometry, image.bat
    if region is None or bat is None or geometry is None:
        return []
    held = min(region.length, max(0, image.view.size - region.file_offset)) // ENTRY_SIZE
    unused = [(bat.entry_count, held)]
    if geometry.has_parent:
        behind = geometry.payload_index(geometry.payload_blocks - 1) + 1
        unused.insert(0, (behind, min(geometry.bitmap_index(geometry.bitmap_blocks - 1), held)))
    return unused


def names_place(image: Image) -> bool:
    """Whether an entry that no block uses names a block in the file. Spec: MS-VHDX 2.5."""
    bat = image.bat
    for start, stop in unused_ranges(image) if bat else ():
        for _, words in reserved.nonzero_entries(image.view, bat.file_offset, start, stop) if bat else ():
            places = words & BAT_FILE_OFFSET_MASK
            inside = (places >= HEADER_SECTION_SIZE) & (places < image.view.size)
            if (inside & (words & BAT_STATE_MASK >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT)).any():
                return True
    return False


def _found(finding: Finding | None) -> Iterator[Finding]:
    if finding is not None:
        yield finding
