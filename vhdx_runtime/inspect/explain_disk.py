"""What a byte of the disk is: block, BAT entry, who wrote it, sector bitmap, and the file that has the byte.

Goes down the chain as the disk does. The end of the way is what `VirtualDisk.ranges` says; the steps are read from
the tables.
"""

from __future__ import annotations

from typing import Any

from vhdx_format.layout import (
    OBJECT_ALIGNMENT,
    PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT,
    SECTOR_BITMAP_BLOCK_STATE_PRESENT,
    SECTORS_PER_CHUNK,
)

from ..disk.image import Image
from ..disk.virtual import VirtualDisk
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from ..semantics.presence import DATA, UNREADABLE
from .bat import state_name
from .explain_file import origin
from .words import BITMAP, PAYLOAD


def explain(disk: VirtualDisk, virtual_offset: int) -> dict[str, Any]:
    """Explain one byte of the disk.

    Args:
        disk: the disk, with its chain.
        virtual_offset: in bytes, below the disk's size.

    Returns:
        Plain values; the keys are those of `vhdx explain --disk --json`.

    Raises:
        ValueError: the disk has no such byte.
    """
    if not 0 <= virtual_offset < disk.size:
        raise ValueError(f"the disk has {disk.size} bytes; there is none at {virtual_offset}")
    found = next(iter(disk.ranges(virtual_offset, 1)))
    is_known = found.kind != UNREADABLE
    return {
        "file": disk.image.name,
        "virtual_offset": virtual_offset,
        "kind": found.kind,
        "depth": found.depth,
        "found_in": found.file,
        "file_offset": found.file_offset,
        "byte": disk.read_at(virtual_offset, 1)[0] if is_known else None,
        "steps": [_step(image, depth, virtual_offset) for depth, image in enumerate(disk.images[: found.depth + 1])],
    }


def _step(image: Image, depth: int, virtual_offset: int) -> dict[str, Any]:
    """What one container says of the byte."""
    step: dict[str, Any] = {"depth": depth, "file": image.name, "block": None, "entry": None, "bitmap": None}
    step["data_from_log"] = None
    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None or image.mapping is None or virtual_offset >= geometry.virtual_disk_size:
        return step | {"answer": "past the end of this disk", "reason": ""}
    block, inside = divmod(virtual_offset, geometry.block_size)
    entry = _entry(image, bat, geometry.payload_index(block), PAYLOAD)
    step |= {"block": block, "offset_in_block": inside, "entry": entry}
    if entry["state"] == PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT and geometry.has_parent:
        step["bitmap"] = _bitmap(image, bat, geometry, virtual_offset)
    piece = next(iter(image.mapping.pieces(virtual_offset, 1)))
    if piece.kind == DATA:
        step["data_from_log"] = origin(image, piece.file_offset)
    reason = str(image.mapping.why_unreadable(virtual_offset)) if piece.kind == UNREADABLE else ""
    return step | {"answer": piece.kind, "reason": reason}


def _entry(image: Image, bat: Bat, index: int, kind: str) -> dict[str, Any]:
    """An entry of the BAT: its place, its word, and which update of the log supplied it."""
    word = bat.word(index)
    state, file_offset = split(word)
    place = bat.file_offset + index * ENTRY_SIZE
    return {
        "index": index,
        "file_offset": place,
        "word": word,
        "state": state,
        "state_name": state_name(kind, state),
        "file_offset_mb": file_offset // OBJECT_ALIGNMENT,
        "block_file_offset": file_offset,
        "is_held": index < bat.entry_count,
        "from_log": origin(image, place),
    }


def _bitmap(image: Image, bat: Bat, geometry: Geometry, virtual_offset: int) -> dict[str, Any]:
    """The bit that says whether the sector is in this file. Spec: MS-VHDX 2.4."""
    chunk, sector = divmod(virtual_offset // geometry.logical_sector_size, SECTORS_PER_CHUNK)
    entry = _entry(image, bat, geometry.bitmap_index(chunk), BITMAP)
    place, bit = divmod(sector, 8)
    found: dict[str, Any] = {"chunk": chunk, "sector": sector, "entry": entry, "file_offset": None, "bit": bit}
    byte = b""
    if entry["state"] == SECTOR_BITMAP_BLOCK_STATE_PRESENT and entry["block_file_offset"]:
        found["file_offset"] = entry["block_file_offset"] + place
        byte = image.view.read_at(found["file_offset"], 1)
    value = byte[0] >> bit & 1 if byte else None
    return found | {"value": value, "from_log": origin(image, found["file_offset"]) if byte else None}
