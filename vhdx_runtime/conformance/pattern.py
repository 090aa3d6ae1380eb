"""Payload bytes that tell where they belong: which image, which block, which sector.

Knows nothing of the format. Any 512 bytes at a multiple of 512 differ from all others of the same and of other images,
and almost any short piece shows its place too, so that a read from the wrong block, sector or file cannot look right.
"""

from __future__ import annotations

from functools import cache, lru_cache
from hashlib import shake_256
from struct import pack
from zlib import crc32

UNIT = 512
_RUN = 16 * UNIT
_RUNS_KEPT = 2048
_WINDOW = 1 << 16
_SECTOR_STEP, _BLOCK_STEP = 37, 40503
_STALE = 1 << 31


def image_tag(name: str, *, stale: bool = False) -> int:
    """A 32-bit number for an image; `stale` gives another one, for bytes that no guest may see."""
    return crc32(name.encode()) & ~_STALE | (_STALE if stale else 0)


@cache
def _noise() -> bytes:
    return shake_256(b"vhdx-runtime payload").digest(_WINDOW + UNIT)


def _unit(tag: int, block_number: int, number: int) -> bytes:
    head = pack("<IIQ", tag, block_number & 0xFFFFFFFF, number)
    start = (number * _SECTOR_STEP + block_number * _BLOCK_STEP + tag) % _WINDOW
    return head + _noise()[start : start + UNIT - len(head)]


def pattern(tag: int, block_number: int, virtual_offset: int, length: int) -> bytes:
    """The pattern over a range of a virtual disk.

    Args:
        tag: of the image, see `image_tag`.
        block_number: payload block that the range lies in.
        virtual_offset: where the range starts on the disk, bytes.
        length: bytes.

    Returns:
        `length` bytes: for every 512 the tag, the block number, the number of the 512 bytes on the disk, and noise that
        depends on both.
    """
    first, skip = divmod(virtual_offset, _RUN)
    count = -(-(skip + length) // _RUN)
    return b"".join([_run(tag, block_number, first + index) for index in range(count)])[skip : skip + length]


@lru_cache(_RUNS_KEPT)
def _run(tag: int, block_number: int, run: int) -> bytes:
    """Sixteen units, kept for a while: what is written is mostly read again soon."""
    first = run * (_RUN // UNIT)
    return b"".join([_unit(tag, block_number, first + index) for index in range(_RUN // UNIT)])
