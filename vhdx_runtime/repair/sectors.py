"""Sectors that were written, known again by their digests.

Knows how an undo file keeps the digests of what a repair writes. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Final

from vhdx_format.layout import SECTOR_SIZE_512 as SECTOR

from ..codec.source import Source

DIGEST: Final = 8
"""Bytes that are kept of the digest of a sector."""

_UNIT: Final = 4096


def digest(sector: bytes) -> bytes:
    """Of a sector; one that the file's end cuts off counts as filled up with zeros."""
    return blake2b(sector.ljust(SECTOR, b"\0"), digest_size=DIGEST).digest()


class Written:
    """The sectors of some writes.

    Args:
        file: holds their digests, in the order of the writes, one behind another.
        place: of the first digest in it.
        writes: half-open ranges of file offsets that begin with a sector, in order, perhaps with repetitions.
    """

    def __init__(self, file: Source, place: int, writes: list[tuple[int, int]]) -> None:
        self._file = file
        self._place = place
        self._writes = writes

    @cached_property
    def _index(self) -> dict[int, list[tuple[int, int, int]]]:
        """By number of unit, the writes that reach into it: start, end, and place of their digests."""
        at = self._place
        found: dict[int, list[tuple[int, int, int]]] = {}
        for start, end in self._writes:
            for number in range(start // _UNIT, -(-end // _UNIT)):
                found.setdefault(number, []).append((start, end, at))
            at += -(-(end - start) // SECTOR) * DIGEST
        return found

    def has(self, offset: int, sector: bytes) -> bool:
        """Whether a sector, at its file offset in bytes, holds what one of the writes put there."""
        mine = digest(sector)
        for start, end, at in self._index.get(offset // _UNIT, ()):
            place = at + (offset - start) // SECTOR * DIGEST
            if start <= offset < end and self._file.read_at(place, DIGEST) == mine:
                return True
        return False
