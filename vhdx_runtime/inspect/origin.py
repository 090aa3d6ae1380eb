"""Which update of the log a byte of the file comes from after replay.

Knows the pages that the overlay keeps and how to find the zero descriptor behind a range of zeros. Knows no structure
outside the log.
"""

from __future__ import annotations

from vhdx_format.layout import LOG_SECTOR_SIZE, ZERO_DESCRIPTOR_SIGNATURE

from ..image import Image
from ..semantics.log.area import LogArea
from ..semantics.log.entries import candidates
from .log_entry import descriptor_rows
from .node import Detail


def origin(image: Image, file_offset: int) -> dict[str, Detail] | None:
    """Which update of the active sequence a byte comes from after replay, or None where it comes from the file.

    Args:
        image: the file.
        file_offset: in bytes.

    Returns:
        Address of the entry, its sequence number and place, number and kind of the descriptor.

    Spec: MS-VHDX 2.3.3
    """
    overlay, ring = image.log.overlay, image.log.area
    if overlay is None or ring is None or file_offset >= overlay.size:
        return None
    _, _, kind = next(iter(overlay.pieces(file_offset, 1)))
    if kind == "page":
        index, number = overlay.pages[file_offset // LOG_SECTOR_SIZE].origin
        return _origin(image, ring, index, number, "data")
    if kind == "zero":
        for index in reversed(range(len(image.log.active))):
            entry = image.log.active[index]
            rows = enumerate(descriptor_rows(ring, entry.log_offset, entry.descriptor_count))
            covering = [n for n, row in rows if _zeroes(row, file_offset)]
            if covering:
                return _origin(image, ring, index, covering[-1], "zero")
        return {"kind": "growth"}
    return None


def _zeroes(row: tuple[bytes, int, int, int, int], file_offset: int) -> bool:
    signature, _, length, target, _ = row
    return signature == ZERO_DESCRIPTOR_SIGNATURE and 0 <= file_offset - target < length


def _origin(image: Image, ring: LogArea, index: int, number: int, kind: str) -> dict[str, Detail]:
    entry = image.log.active[index]
    position = next(i for i, (start, _) in enumerate(candidates(ring)) if start == entry.log_offset)
    path = f"log.entries[{position}]"
    return {
        "kind": kind,
        "path": f"{path}.descriptors[{number}]",
        "entry": path,
        "sequence_number": entry.sequence_number,
        "log_offset": entry.log_offset,
        "file_offset": ring.file_offset(entry.log_offset),
        "descriptor": number,
    }
