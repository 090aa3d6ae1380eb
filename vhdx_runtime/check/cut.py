"""What a file that is cut off lacks, and what a longer file would cover with zeros.

Bytes behind the end of the file cannot be read. Where the file is lengthened, they read as zeros: entries of the table
say "not present" then, bits of a sector bitmap say "the parent's", and blocks hold zeros. So a file is lengthened over
something that is cut off only as the repair of that, whichever rule asks for the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from vhdx_format import layout

from ..disk.image import Image
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.table import OFFSET_SHIFT, Part, parts
from .ranges import Ranges

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT
REGION, BLOCK, BITMAP = "RGN-012", "BAT-006", "BAT-013"
CONDITIONS = {REGION: "over_region", BLOCK: "over_block", BITMAP: "over_block"}
"""Rules about what is cut off, and under which condition another rule's repair needs their consent."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What lies between two lengths of a file.

    Attributes:
        rules: those that are broken as something there is cut off.
        guest: the bytes of the disk that would read as zeros, or as the parent's.
    """

    rules: tuple[str, ...]
    guest: Ranges

    @property
    def conditions(self) -> list[str]:
        """Of a finding whose repair lengthens the file so far."""
        return [CONDITIONS[rule] for rule in self.rules]


def covered(image: Image, after: int, before: int | None = None) -> Covered:
    """What a file covers with zeros that becomes longer.

    Partially present blocks count as a whole, and so do all those of a chunk whose sector bitmap lies there.

    Args:
        image: with whatever is wrong with it.
        after: a length of the file in bytes.
        before: its length now; by default that after replay.

    Spec: MS-VHDX 2.1, 2.5.1
    """
    before = image.view.size if before is None else before
    ranges = Ranges()
    cut = [one for one in image.regions.entries if one.file_offset < after and one.end > before and one.length]
    rules = [REGION] if cut else []
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None or after <= before:
        return Covered(tuple(rules), ranges)
    chunks = _chunks_between(bat, geometry, before, after) if geometry.has_parent else np.zeros(0, np.int64)
    held = min(geometry.entry_count, max(0, before - bat.file_offset) // ENTRY_SIZE)
    stop = min(geometry.entry_count, max(0, after - bat.file_offset) // ENTRY_SIZE)
    missing = geometry.block_of(np.array([held, max(stop, held)])) * geometry.block_size
    for part in parts(bat, geometry, skips_zeros=True):
        starts, ends = _between(part, geometry, before, after, chunks)
        is_known = starts < missing[0]
        ranges.add(starts[is_known], np.maximum(ends - starts, 0)[is_known])
    rules += [BLOCK] if ranges.bytes else []
    rules += [BITMAP] if len(chunks) else []
    missing = np.minimum(missing, geometry.virtual_disk_size)
    ranges.add(missing[:1], missing[1:] - missing[:1])
    return Covered(tuple(rules), ranges)


def _between(part: Part, geometry: Geometry, before: int, after: int, chunks: Array) -> tuple[Array, Array]:
    """Of the blocks of some entries, the guest bytes between two lengths of the file: starts and ends."""
    place = np.minimum(part.offset, np.uint64(after // _MIB + 1)).astype(np.int64) << OFFSET_SHIFT
    present = part.is_payload & part.is_present & (part.offset != 0)
    first = np.clip(before - place, 0, geometry.block_size)
    last = np.clip(after - place, 0, geometry.block_size)
    blocks = geometry.block_of(part.indices)
    if len(chunks):
        partial = part.is_payload & (part.state == layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT)
        whole = partial & np.isin(blocks // geometry.chunk_ratio, chunks)
        first[whole], last[whole] = 0, geometry.block_size
        present |= whole
    chosen = np.flatnonzero(present & (first < last))
    starts = blocks[chosen] * geometry.block_size
    ends = np.minimum(starts + last[chosen], geometry.virtual_disk_size)
    return starts + first[chosen], ends


def _chunks_between(bat: Bat, geometry: Geometry, before: int, after: int) -> Array:
    """Numbers of the chunks whose sector bitmap block ends between two lengths of the file."""
    found = []
    for part in parts(bat, geometry, skips_zeros=True):
        end = part.offset + np.uint64(1)
        between = (end > before // _MIB) & (end <= after // _MIB)
        found.append(part.chunks(part.is_bitmap & part.is_present & (part.offset != 0) & between))
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def growth_limit(image: Image) -> int:
    """Length in bytes up to which a file may be lengthened for the sake of its blocks: as if it lacked all of them.

    A block farther away was never there.
    """
    geometry = image.geometry
    if geometry is None:
        return image.view.size
    blocks = geometry.payload_blocks * geometry.block_size
    return image.view.size + blocks + geometry.bitmap_blocks * layout.SECTOR_BITMAP_BLOCK_SIZE


def is_cut(image: Image) -> bool:
    """Whether something that the file should hold lies behind its end."""
    limit = growth_limit(image)
    regions = (one for one in image.regions.entries if one.name and one.file_offset < max(limit, image.view.size + 1))
    return any(one.end > image.view.size for one in regions) or bool(covered(image, limit).rules)


def end_of_all(image: Image) -> int:
    """Where the last ends of all that the file should hold, in bytes; the file's own length at least.

    Spec: MS-VHDX 2.1
    """
    limit = growth_limit(image)
    last = max([image.view.size, *(one.end for one in image.regions.entries if one.end <= limit)])
    if image.geometry is None or image.bat is None:
        return last
    return max(last, *(ends_until(image, limit, is_bitmap=kind) for kind in (False, True)))


def ends_until(image: Image, limit: int, *, is_bitmap: bool) -> int:
    """Where the last of those blocks ends that end at or before a length of the file, in bytes; 0 for none."""
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return 0
    size = np.uint64((layout.SECTOR_BITMAP_BLOCK_SIZE if is_bitmap else geometry.block_size) // _MIB)
    last = 0
    for part in parts(bat, geometry, skips_zeros=True):
        kind = part.is_bitmap if is_bitmap else part.is_payload
        ends = part.offset[kind & part.is_present & (part.offset != 0)] + size
        last = max(last, int(ends[ends <= limit // _MIB].max(initial=0)))
    return last * _MIB


def used_end(image: Image) -> int:
    """Where the disk's last block ends, if only what lies behind the disk's end is cut off; else 0.

    Spec: MS-VHDX 2.5.1
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return 0
    last = geometry.payload_blocks - 1
    used = geometry.virtual_disk_size - last * geometry.block_size
    word = bat.word(geometry.payload_index(last))
    place = word & layout.BAT_FILE_OFFSET_MASK
    is_present = word & layout.BAT_STATE_MASK >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    end = place + geometry.block_size
    return end if is_present and place and place + used <= image.view.size < end else 0
