"""What the blocks of one container take up in the file, and what the file takes up on its host.

Looks at as many entries of the table as the glance for a cut does, and reads blocks only where it is asked to.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Final

from vhdx_format import layout

from ..codec.holes import data_ranges, is_zero
from ..codec.source import Source
from ..errors import VhdxError
from ..semantics.presence import DATA
from .cut import places
from .image import Image

_STEP: Final = 1 << 20
_HOST_UNIT: Final = 512  # of st_blocks, whatever the file system's own blocks are


def allocation_record(image: Image, *, count_zeros: bool = False) -> dict[str, int | None] | None:
    """What the payload blocks take up in the file, as far as the table was looked at.

    Args:
        image: the container.
        count_zeros: read the blocks, and count those that hold only zeros.

    Returns:
        Counts and sizes in bytes, keys as in `vhdx info --json`; None where there is no table.

    Spec: MS-VHDX 2.5
    """
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None:
        return None
    blocks = runs = zeros = droppable = bitmaps = behind = 0
    for place, size, kind in places(geometry, bat, image.glance.entries):
        if not kind:
            bitmaps += 1
            continue
        blocks += 1
        runs += place != behind
        behind = place + geometry.block_size
        if count_zeros and _holds_zeros(image.view, place, size):
            zeros += 1
            droppable += kind == DATA
    is_whole = image.glance.entries == geometry.entry_count
    kept = blocks if geometry.disk_type == "fixed" else blocks - droppable
    return {
        "looked_at": image.glance.entries,
        "blocks": blocks,
        "bytes": blocks * geometry.block_size,
        "zero_blocks": zeros if count_zeros else None,
        "runs": runs,
        "fragmentation_percent": (200 * (runs - 1) // (blocks - 1) + 1) // 2 if blocks > 1 else 0,
        "smallest_file_size": _smallest(image, kept, bitmaps) if is_whole else None,
    }


def _holds_zeros(view: Source, place: int, size: int) -> bool:
    """Whether all bytes of a block are there and zero; of what a sparse file leaves out nothing is read."""
    try:
        for start, end in data_ranges(view, place, size):
            for position in range(start, end, _STEP):
                length = min(_STEP, end - position)
                raw = view.read_at(position, length)
                if len(raw) < length or not is_zero(raw):
                    return False
    except VhdxError:  # the system cannot read it
        return False
    return place + size <= view.size


def _smallest(image: Image, blocks: int, bitmaps: int) -> int | None:
    """Length in bytes of a file with the same log and regions and no space between its blocks."""
    if image.geometry is None or image.headers.current is None:
        return None
    fixed = image.log.length + sum(region.length for region in image.regions.entries)
    stored = blocks * image.geometry.block_size + bitmaps * layout.SECTOR_BITMAP_BLOCK_SIZE
    return layout.HEADER_SECTION_SIZE + fixed + stored


def host_record(source: Source) -> dict[str, Any]:
    """What the file takes up on its host, and attributes for which Windows refuses to attach it.

    Args:
        source: the file as it is.

    Returns:
        `stored` in bytes; `sparse` and `compressed`; each None where the system does not say it.
    """
    unknown = {"stored": None, "sparse": None, "compressed": None}
    if source.fd is None:
        return unknown
    status = os.fstat(source.fd)
    if not stat.S_ISREG(status.st_mode):
        return unknown
    attributes = getattr(status, "st_file_attributes", None)
    if attributes is not None:
        return unknown | {
            "sparse": bool(attributes & stat.FILE_ATTRIBUTE_SPARSE_FILE),
            "compressed": bool(attributes & stat.FILE_ATTRIBUTE_COMPRESSED),
        }
    if not hasattr(status, "st_blocks"):
        return unknown
    stored = status.st_blocks * _HOST_UNIT
    return unknown | {"stored": stored, "sparse": stored < status.st_size}
