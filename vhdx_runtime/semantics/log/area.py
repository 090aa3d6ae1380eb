"""The log as a ring of bytes.

Knows how positions in the log become file offsets, round the wrap. Knows nothing of what the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...codec.source import Source

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LogArea:
    """The log as a ring of bytes.

    Attributes:
        source: the file, unreplayed.
        offset: file offset of the log in bytes.
        length: its length in bytes, a positive multiple of the sector size, inside the file.
    """

    source: Source
    offset: int
    length: int

    def read(self, position: int, length: int) -> bytes:
        """Bytes from `position` (in bytes from the start of the log, below its length) on, across the wrap."""
        first = self.source.read_at(self.offset + position, min(length, self.length - position))
        rest = length - (self.length - position)
        return first if rest <= 0 else first + self.source.read_at(self.offset, rest)

    def parts(self, position: int, length: int) -> Iterator[bytes]:
        """As `read`, in parts of bounded size."""
        done = 0
        while done < length:
            size = min(CHUNK, length - done)
            yield self.read((position + done) % self.length, size)
            done += size

    def file_offset(self, position: int) -> int:
        """File offset of a position in the ring."""
        return self.offset + position % self.length
