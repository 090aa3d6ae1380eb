"""Sector bitmaps as lengths of runs of bits, as many as a page can hold."""

from __future__ import annotations

import numpy as np
from vhdx_format.layout import SECTOR_BITMAP_BLOCK_SIZE

from ..image import Image

# Not in the specification: what is read for a page, and what a page may hold.
BITMAPS_READ = 32
_BITS_MAX = 100_000


def bitmaps(image: Image, left_out: list[str]) -> dict[int, list[int]]:
    """Sector bitmaps by chunk, as lengths of runs of bits in turns, the first ones clear.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Spec: MS-VHDX 2.4
    """
    geometry, mapping = image.geometry, image.mapping
    if geometry is None or mapping is None or not geometry.has_parent:
        return {}
    found: dict[int, list[int]] = {}
    room = _BITS_MAX
    for chunk in range(geometry.bitmap_blocks):
        place = mapping.bitmap_offset(chunk)
        if place is None:
            continue
        if len(found) == BITMAPS_READ or room <= 0:
            left_out.append(f"sector bitmaps from chunk {chunk} on")
            break
        lengths = _bit_runs(image.view.read_at(place, SECTOR_BITMAP_BLOCK_SIZE))
        if len(lengths) <= room:
            found[chunk] = lengths
        else:
            left_out.append(f"the sector bitmap of chunk {chunk}")
        room -= len(lengths)
    return found


def _bit_runs(raw: bytes) -> list[int]:
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    ends = np.append(np.flatnonzero(bits[1:] != bits[:-1]) + 1, len(bits))
    lengths: list[int] = np.diff(np.concatenate([[0], ends])).tolist()
    return lengths if not bits[0] else [0, *lengths]
