"""Payload bytes that tell where they belong: which image, which block, which sector.

Any 512 bytes at a multiple of 512 differ from all others of the same and of other images, and almost any short piece
shows its place too, so that a read from the wrong block, sector or file cannot look right.
"""

from __future__ import annotations

from functools import cache, lru_cache
from hashlib import shake_256
from typing import Any
from zlib import crc32

UNIT = 512
HEAD = 16
WINDOW = 1 << 16
SECTOR_STEP, BLOCK_STEP = 37, 40503
_RUN = 1 << 16
_RUNS_KEPT = 256
_STALE = 1 << 31
_LOW = (1 << 32) - 1


def image_tag(name: str, *, stale: bool = False) -> int:
    """A 32-bit number for an image; `stale` gives another one, for bytes that no guest may see."""
    return crc32(name.encode()) & ~_STALE | (_STALE if stale else 0)


@cache
def noise() -> bytes:
    """The bytes that every unit has a piece of."""
    return shake_256(b"vhdx-runtime payload").digest(WINDOW + UNIT)


@cache
def _windows() -> Any:
    import numpy as np  # slow to import, and only who looks for the pattern needs it

    return np.lib.stride_tricks.sliding_window_view(np.frombuffer(noise(), np.uint8), UNIT - HEAD)


def pattern(tag: int, block_number: int, virtual_offset: int, length: int) -> bytes:
    """The pattern over a range of a virtual disk.

    Args:
        tag: of the image, see `image_tag`.
        block_number: payload block that the range lies in.
        virtual_offset: where the range starts on the disk, bytes.
        length: bytes.

    Returns:
        `length` bytes: for every 512 the tag and the block number (32 bits each, little-endian), the number of the 512
        bytes on the disk (64 bits), and 496 bytes of noise from a place that depends on all three.
    """
    first, skip = divmod(virtual_offset, _RUN)
    count = -(-(skip + length) // _RUN)
    if count == 1:
        return _run(tag, block_number, first)[skip : skip + length]
    return b"".join([_run(tag, block_number, first + index) for index in range(count)])[skip : skip + length]


@lru_cache(_RUNS_KEPT)
def _run(tag: int, block_number: int, run: int) -> bytes:
    """64 KiB, kept for a while: what is written is mostly read again soon."""
    head = (tag | (block_number & _LOW) << 32).to_bytes(8, "little")
    offset, source = (block_number * BLOCK_STEP + tag) % WINDOW, noise()
    parts = []
    for number in range(run * (_RUN // UNIT), (run + 1) * (_RUN // UNIT)):
        start = (number * SECTOR_STEP + offset) % WINDOW
        parts += [head, number.to_bytes(8, "little"), source[start : start + UNIT - HEAD]]
    return b"".join(parts)


def is_unit(units: Any, tags: Any, block_numbers: Any, numbers: Any) -> Any:
    """Which rows of 512 bytes are units of the pattern.

    Args:
        units: array of rows.
        tags: what each says of its tag, as integers.
        block_numbers: and of its block.
        numbers: and of its number, 64 bits.
    """
    import numpy as np

    step = np.uint64(SECTOR_STEP)
    starts = numbers * step + block_numbers.astype(np.uint64) * np.uint64(BLOCK_STEP) + tags.astype(np.uint64)
    return (units[:, HEAD:] == _windows()[starts % np.uint64(WINDOW)]).all(axis=1)
